"""Reads a data set of chats and deals it out in batches.

Runs in the training program: once to read, then once per step. Each row is a JSON object with OpenAI-style
`messages`. A share of the rows is held back for evaluation. While training, tokens of the prompt are
dropped or split into smaller ones at random, so that the model cannot lean on any single word.
Left out: other row shapes, streaming of data that does not fit in memory.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.trainer.tiny.chats import ChatError, Example, example, messages_of
from bot.trainer.tiny.model import Batch
from bot.trainer.tiny.tokens import BLANK, MARKS, Tokenizer

HELD_BACK: Final = 0.06
MOST_HELD_BACK: Final = 120
_POOL: Final = 8


class DataError(ValueError):
    """A data set that cannot be read; its text is a sentence that names the line."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Shares of prompt tokens that are dropped, and that are split, each time a row is dealt."""

    drop: float = 0.15
    split: float = 0.1


def read(path: Path, tok: Tokenizer, length: int, limit: int | None = None) -> list[Example]:
    """Rows of a JSONL file as examples of at most `length` tokens; raises DataError."""
    rows: list[Example] = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    rows.append(_row(line, number, tok, length))
                if limit is not None and len(rows) >= limit:
                    break
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the data set cannot be read: {error}") from error
    if len(rows) < 2:
        raise DataError("the data set needs at least two rows, one to learn from and one to hold back")
    return rows


def _row(line: str, number: int, tok: Tokenizer, length: int) -> Example:
    try:
        row = json.loads(line)
        return example(tok, messages_of(row.get("messages") if isinstance(row, dict) else None), length)
    except (ValueError, RecursionError) as error:
        problem = str(error) if isinstance(error, ChatError) else "not valid JSON"
        raise DataError(f"line {number} of the data set: {problem}") from error


def hold_back(rows: list[Example]) -> tuple[list[Example], list[Example]]:
    """Splits rows into those to learn from and those held back, the same way every time."""
    count = min(MOST_HELD_BACK, max(1, round(len(rows) * HELD_BACK)))
    order = np.random.default_rng(0).permutation(len(rows))
    held = set(order[:count].tolist())
    return [r for i, r in enumerate(rows) if i not in held], [rows[i] for i in sorted(held)]


def batch(rows: list[Example]) -> Batch:
    """Rows padded on the right to the longest; each token said is predicted from the one before it."""
    longest = max(len(row.ids) for row in rows) - 1
    ids = np.full((len(rows), longest), BLANK, np.int32)
    where: list[NDArray[np.intp]] = []
    targets: list[NDArray[np.int32]] = []
    for i, row in enumerate(rows):
        ids[i, : len(row.ids) - 1] = row.ids[:-1]
        at = np.flatnonzero(row.said[1:])
        where.append(at + i * longest)
        targets.append(row.ids[at + 1])
    return Batch(ids, np.concatenate(where), np.concatenate(targets))


class Dealer:
    """Deals batches without end: shuffled each epoch, rows of similar length together."""

    def __init__(self, rows: list[Example], size: int, noise: Noise, tok: Tokenizer, seed: int) -> None:
        self.rows = rows
        self.size = min(size, len(rows))
        self.noise = noise
        self.rng = np.random.default_rng(seed)
        self.smaller = [np.array(tok.split(i), np.int32) for i in range(tok.size)]

    def __iter__(self) -> Iterator[Batch]:
        while True:
            order = self.rng.permutation(len(self.rows))
            pool = self.size * _POOL
            for start in range(0, len(order), pool):
                yield from self._pool(order[start : start + pool])

    def _pool(self, chosen: NDArray[np.intp]) -> Iterator[Batch]:
        rows = sorted((self._noisy(self.rows[i]) for i in chosen), key=lambda row: len(row.ids))
        starts = np.arange(0, len(rows) - self.size + 1, self.size)
        for start in self.rng.permutation(starts):
            yield batch(rows[start : start + self.size])

    def _noisy(self, row: Example) -> Example:
        luck = self.rng.random(len(row.ids))
        prompt = (~row.said) & (row.ids >= MARKS)
        dropped = prompt & (luck < self.noise.drop)
        divided = prompt & (luck > 1.0 - self.noise.split)
        if not dropped.any() and not divided.any():
            return row
        parts = [self.smaller[t] if divided[i] else row.ids[i : i + 1] for i, t in enumerate(row.ids)]
        counts = np.array([len(part) for part in parts])
        kept = np.repeat(~dropped, counts)
        return Example(np.concatenate(parts)[kept], np.repeat(row.said, counts)[kept])


def evaluation(rows: list[Example], size: int) -> list[Batch]:
    """Batches of held-back rows, shortest first."""
    ordered = sorted(rows, key=lambda row: len(row.ids))
    return [batch(ordered[i : i + size]) for i in range(0, len(ordered), size)]
