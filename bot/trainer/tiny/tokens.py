"""Turns text into token ids and back, without loss: word pieces first, single bytes for all the rest.

Runs wherever text enters or leaves the model. The longest known piece wins, from left to right, inside one
word at a time. Every byte is a token as well, so emoji, control characters and any script survive.
Left out: learning pieces from data (`vocabulary.py` is fixed) and the form of a chat (`chats.py`).
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from bot.trainer.tiny.vocabulary import PIECES

SYSTEM: Final = 0
USER: Final = 1
ASSISTANT: Final = 2
END: Final = 3
BLANK: Final = 4
MARKS: Final = 5
FIRST_PIECE: Final = MARKS + 256

_WORD = re.compile(r" ?[^\W\d_]+|\d| ?[^\w\s]+|\s|_")
_LONGEST_WORD_KEPT: Final = 40
_WORDS_KEPT: Final = 50_000


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Pieces by text and by id; ids below `MARKS` are marks, then 256 bytes, then pieces."""

    ids: dict[bytes, int]
    texts: tuple[bytes, ...]
    longest: int
    fingerprint: str
    known: dict[str, tuple[int, ...]]

    @property
    def size(self) -> int:
        """How many token ids there are."""
        return len(self.texts)

    def encode(self, text: str) -> list[int]:
        """Ids of a text. Half surrogates, which UTF-8 cannot carry, become question marks."""
        out: list[int] = []
        for word in _WORD.findall(text):
            out.extend(self._word(word))
        return out

    def decode(self, ids: list[int]) -> str:
        """Text of ids; marks say nothing, and bytes that are no UTF-8 become U+FFFD."""
        return b"".join(self.texts[i] for i in ids).decode("utf-8", errors="replace")

    def split(self, token: int) -> tuple[int, ...]:
        """The same text in smaller tokens (a piece without its last letter, then the letter)."""
        text = self.texts[token]
        if token < FIRST_PIECE or not text.isascii():
            return (token,)
        return (*self._pieces(text[:-1]), MARKS + text[-1])

    def _word(self, word: str) -> tuple[int, ...]:
        found = self.known.get(word)
        if found is None:
            found = self._pieces(word.encode("utf-8", errors="replace"))
            if len(word) <= _LONGEST_WORD_KEPT and len(self.known) < _WORDS_KEPT:
                self.known[word] = found
        return found

    def _pieces(self, data: bytes) -> tuple[int, ...]:
        out: list[int] = []
        at = 0
        while at < len(data):
            for length in range(min(self.longest, len(data) - at), 0, -1):
                token = self.ids.get(data[at : at + length])
                if token is not None:
                    out.append(token)
                    at += length
                    break
        return tuple(out)


@cache
def tokenizer() -> Tokenizer:
    """The one tokenizer of this engine."""
    texts = [b""] * MARKS + [bytes([b]) for b in range(256)] + [piece.encode() for piece in PIECES]
    ids = {text: number for number, text in enumerate(texts) if text}
    digest = hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]
    return Tokenizer(ids, tuple(texts), max(map(len, texts)), digest, {})
