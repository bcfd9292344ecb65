"""One form for everything people ask: slash text, app command, button and modal all become a Call.

A button carries a call as text, so that it still works after a restart and after an upgrade.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

VERSION = "1"
BUTTON_LIMIT = 100  # bytes; Discord's custom_id holds 100 characters (developer docs, Component Reference)
_TOKEN = re.compile(r"[A-Za-z0-9_.#:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Call:
    """A command's name and its arguments, as text."""

    name: str
    args: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> str:
        """Text for a button: `1|cancel|run=42`. ValueError when it could not be read back or is too long."""
        parts = [VERSION, self.name, *(f"{key}={value}" for key, value in sorted(self.args.items()))]
        for word in (self.name, *self.args.keys(), *self.args.values()):
            if not _TOKEN.fullmatch(word):
                raise ValueError(f"a button cannot carry {word!r}")
        text = "|".join(parts)
        if len(text.encode()) > BUTTON_LIMIT:
            raise ValueError(f"a button holds {BUTTON_LIMIT} bytes: {text!r}")
        return text

    @classmethod
    def decode(cls, text: str) -> Self:
        """The call that a button carries; ValueError for anything else, also for another version."""
        version, _, rest = text.partition("|")
        name, *pairs = rest.split("|")
        if version != VERSION or not _TOKEN.fullmatch(name) or len(text.encode()) > BUTTON_LIMIT:
            raise ValueError(f"not a button of this version: {text[:120]!r}")
        args: dict[str, str] = {}
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not equals or key in args or not _TOKEN.fullmatch(key) or not _TOKEN.fullmatch(value):
                raise ValueError(f"not a button's argument: {pair[:120]!r}")
            args[key] = value
        return cls(name, args)
