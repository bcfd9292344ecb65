"""The worker that answers: one JSON request per line in, one JSON reply per line out, until the input ends.

Runs beside the training service for as long as that likes. Whatever comes in, a line gets a line back: a
reply or an error that is a sentence. A few checkpoints stay loaded. Left out: several requests at once,
streaming of single tokens.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bot.trainer.tiny.chats import ChatError, messages_of, prompt
from bot.trainer.tiny.checkpoint import CheckpointError, base, load
from bot.trainer.tiny.generate import reply
from bot.trainer.tiny.model import Weights
from bot.trainer.tiny.tokens import tokenizer

_KEPT: Final = 4
_DEFAULT_TOKENS: Final = 48
_LONGEST_LINE: Final = 8 * 1024 * 1024


class RequestError(ValueError):
    """A request that cannot be answered; its text is a sentence."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question: which checkpoint (None is the base), the chat, and how to answer."""

    checkpoint: Path | None
    messages: list[tuple[int, str]]
    max_tokens: int
    temperature: float
    seed: int | None


def request_of(value: dict[str, Any]) -> Request:
    """Checks one request; raises RequestError or ChatError."""
    checkpoint = value.get("checkpoint")
    if checkpoint is not None and (not isinstance(checkpoint, str) or "\0" in checkpoint):
        raise RequestError("checkpoint must be a path or null")
    seed = value.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise RequestError("seed must be a whole number")
    return Request(
        Path(checkpoint) if checkpoint is not None else None,
        messages_of(value.get("messages")),
        int(_number(value, "max_tokens", _DEFAULT_TOKENS, 1, 1_000_000)),
        _number(value, "temperature", 0.0, 0.0, 10.0),
        abs(seed) if seed is not None else None,
    )


def _number(value: dict[str, Any], name: str, default: float, least: float, most: float) -> float:
    number = value.get(name)
    if number is None:
        return default
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise RequestError(f"{name} must be a number")
    if not least <= number <= most:
        raise RequestError(f"{name} must be from {least:g} to {most:g}")
    return number


class Shelf:
    """The few checkpoints used last, loaded; the base counts as one of them."""

    def __init__(self, room: int = _KEPT) -> None:
        self.room = room
        self.loaded: OrderedDict[Path | None, Weights] = OrderedDict()

    def take(self, folder: Path | None) -> Weights:
        """The weights of a checkpoint folder, or of the base for None; raises CheckpointError."""
        found = self.loaded.pop(folder, None)
        if found is None:
            found = base() if folder is None else load(folder)
        self.loaded[folder] = found
        while len(self.loaded) > self.room:
            self.loaded.popitem(last=False)
        return found


def answer(shelf: Shelf, request: Request) -> dict[str, Any]:
    """The reply to one request, without its id; raises CheckpointError."""
    tok = tokenizer()
    weights = shelf.take(request.checkpoint)
    most = min(request.max_tokens, weights.shape.context // 2)
    ids = prompt(tok, request.messages, weights.shape.context - most)
    with np.errstate(all="ignore"):
        said = reply(weights, ids, most, request.temperature, request.seed)
    return {
        "text": tok.decode(said.ids),
        "finish_reason": "stop" if said.ended else "length",
        "prompt_tokens": len(ids),
        "completion_tokens": len(said.ids),
    }


def handle(shelf: Shelf, line: bytes) -> dict[str, Any]:
    """The line to send back for a line that came in; never raises for what the line says."""
    if len(line) > _LONGEST_LINE:
        return {"id": None, "error": "the request is too long"}
    try:
        value = json.loads(line)
        json.dumps(value, allow_nan=False)  # what cannot be written, such as 1e999, cannot be an id either
    except (ValueError, RecursionError):
        return {"id": None, "error": "the request is not valid JSON"}
    if not isinstance(value, dict):
        return {"id": None, "error": "the request must be a JSON object"}
    try:
        return {"id": value.get("id"), **answer(shelf, request_of(value))}
    except (RequestError, ChatError, CheckpointError) as error:
        return {"id": value.get("id"), "error": str(error)}
    except (OSError, ArithmeticError, ValueError) as error:
        return {"id": value.get("id"), "error": f"no answer: {error}"}


def answers(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """A reply for each line that is not blank."""
    shelf = Shelf()
    for line in lines:
        if line.strip():
            yield handle(shelf, line)
