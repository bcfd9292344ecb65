"""The form of a chat as tokens: a mark for who speaks, the text, and an end mark after each answer.

Runs before training and before every answer. What people and systems say is lower-cased: the model is
too small to learn each word twice. What the assistant says is kept as it is. Left out: tools, pictures
and names of speakers.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot.trainer.tiny.tokens import ASSISTANT, END, SYSTEM, USER, Tokenizer

ROLES: Final = {"system": SYSTEM, "developer": SYSTEM, "user": USER, "assistant": ASSISTANT}
# Text beyond this many characters cannot reach the context window even with the longest pieces.
_FARTHEST_TEXT: Final = 8192


class ChatError(ValueError):
    """A chat that has no messages or messages of the wrong shape; its text is a sentence."""


@dataclass(frozen=True, slots=True)
class Example:
    """One chat: token ids (n,) and, for each, whether the model is to learn to say it (n,)."""

    ids: NDArray[np.int32]
    said: NDArray[np.bool_]


def messages_of(value: Any) -> list[tuple[int, str]]:
    """Checks `[{"role", "content"}, ...]` and gives (mark, text) pairs; raises ChatError."""
    if not isinstance(value, list) or not value:
        raise ChatError("messages must be a list with at least one message")
    return [_message(message) for message in value]


def _message(message: Any) -> tuple[int, str]:
    if not isinstance(message, dict):
        raise ChatError("each message must be an object with role and content")
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role not in ROLES:
        raise ChatError("the role of a message must be system, user or assistant")
    if not isinstance(content, str):
        raise ChatError("the content of a message must be text")
    return ROLES[role], content if role == "assistant" else content.lower()


def example(tok: Tokenizer, messages: list[tuple[int, str]], length: int) -> Example:
    """A chat to learn from, cut from the left to `length` tokens; raises ChatError without an answer."""
    ids: list[int] = []
    said: list[bool] = []
    for mark, text in messages:
        body = tok.encode(text)
        answer = mark == ASSISTANT
        ids += [mark, *body, END] if answer else [mark, *body]
        said += [False] + [answer] * (len(body) + answer)
    if not any(said[-length:]):
        raise ChatError("a chat to learn from must end with a message of the assistant")
    return Example(np.array(ids[-length:], np.int32), np.array(said[-length:], np.bool_))


def prompt(tok: Tokenizer, messages: list[tuple[int, str]], length: int) -> list[int]:
    """Ids of a chat that waits for an answer, cut from the left to `length` tokens."""
    ids: list[int] = []
    for mark, text in messages:
        body = tok.encode(text[-_FARTHEST_TEXT:])
        ids += [mark, *body, END] if mark == ASSISTANT else [mark, *body]
    return [*ids, ASSISTANT][-length:]
