"""Answers from a model, one token at a time, keeping the keys and values of what was read.

Runs in the answering worker for every reply. The arithmetic is that of `model.py` without gradients: a
change there belongs here too (a test compares the two). Marks and control characters are never said,
except line breaks, tabs and the end. Left out: several replies at once, nucleus sampling.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.trainer.tiny.model import Array, Weights, attend, norm, slopes
from bot.trainer.tiny.tokens import END, FIRST_PIECE, MARKS, tokenizer


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said: token ids without the end mark, and whether it ended by itself."""

    ids: list[int]
    ended: bool


class Reader:
    """Reads tokens into one model and gives the scores of what may come next."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        shape = weights.shape
        size = (shape.layers, 2, shape.heads, shape.context, shape.width // shape.heads)
        self.kept = np.zeros(size, np.float32)
        self.length = 0

    def read(self, ids: list[int]) -> Array:
        """Takes tokens (n,), which must fit into the context; gives scores (V,) after the last."""
        p, shape = self.weights.of, self.weights.shape
        n, start = len(ids), self.length
        self.length = end = start + n
        distance = (np.arange(start, end)[:, None] - np.arange(end)[None, :]).astype(np.float32)
        bias = np.where(distance < 0, np.float32(-1e9), -slopes(shape.heads)[:, None, None] * distance)
        x = p["embed"][np.array(ids)]
        for i in range(shape.layers):
            x = x + self._attend(i, norm(x)[0], bias, start, end) @ p[f"{i}.out"]
            relu = np.maximum(norm(x)[0] @ p[f"{i}.up"], 0)
            x = x + (relu * relu) @ p[f"{i}.down"]
        scores: Array = norm(x[-1:])[0][0] @ p["head"] + p["prior"]
        return scores

    def _attend(self, i: int, x: Array, bias: Array, start: int, end: int) -> Array:
        """Mixes values into (n, D) for normed rows x (n, D); keeps keys and values of these rows."""
        h, d = self.weights.shape.heads, self.weights.shape.width
        qkv = (x @ self.weights.of[f"{i}.qkv"]).reshape(len(x), 3, h, d // h).transpose(1, 2, 0, 3)
        self.kept[i, :, :, start:end] = qkv[1:]
        keys, values = self.kept[i, :, :, :end]
        mixed: Array = (attend(qkv[0], keys, bias) @ values).transpose(1, 0, 2).reshape(len(x), d)
        return mixed


def _unsayable() -> NDArray[np.bool_]:
    """Which tokens (V,) are never said: marks but the end, control characters but line break and tab."""
    never = np.zeros(tokenizer().size, np.bool_)
    never[:MARKS] = True
    never[MARKS : MARKS + 0x20] = True
    never[MARKS + 0x7F] = True
    never[[END, MARKS + 0x09, MARKS + 0x0A]] = False
    never[FIRST_PIECE:] = [any(byte < 0x20 for byte in text) for text in tokenizer().texts[FIRST_PIECE:]]
    return never


def reply(weights: Weights, prompt: list[int], most: int, temperature: float, seed: int | None) -> Reply:
    """Up to `most` tokens after the prompt; both together must fit into the context."""
    reader, never = Reader(weights), _unsayable()
    rng = np.random.default_rng(seed)
    scores = reader.read(prompt)
    said: list[int] = []
    while len(said) < most:
        scores[never] = -np.inf
        token = _choose(scores, temperature, rng)
        if token == END:
            return Reply(said, ended=True)
        said.append(token)
        if len(said) < most:
            scores = reader.read([token])
    return Reply(said, ended=False)


def _choose(scores: Array, temperature: float, rng: np.random.Generator) -> int:
    """The best token at temperature zero, otherwise one drawn by its chance."""
    if temperature <= 0.0:
        return int(np.argmax(scores))
    raised = np.exp((scores - scores.max()).astype(np.float64) / temperature)
    return int(rng.choice(len(raised), p=raised / raised.sum()))
