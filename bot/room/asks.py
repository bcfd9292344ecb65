"""What a page may ask of the room: the body of each POST, checked while it is read.

Lengths and names are checked where they are used, so that the person reads a sentence and not a schema.
"""

from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{8,64}$")]  # made by the page, one per click or enter
Number = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """Text of a person, below `thread` where given; with a slash in front it is a command."""

    id: Id
    person: str
    channel: str
    text: str
    thread: Number | None = None


class Pressed(msgspec.Struct, forbid_unknown_fields=True):
    """A click on a message's button. `thread`: the panel it was clicked in."""

    id: Id
    person: str
    message: Number
    call: str
    thread: Number | None = None


class Reacted(msgspec.Struct, forbid_unknown_fields=True):
    """A reaction that should be there, or not."""

    person: str
    message: Number
    emoji: str
    on: bool


class Pointed(msgspec.Struct, forbid_unknown_fields=True):
    """A message, and who means it."""

    person: str
    message: Number


class Named(msgspec.Struct, forbid_unknown_fields=True):
    """The name of a person to add."""

    name: str


class Opened(msgspec.Struct, forbid_unknown_fields=True):
    """The name of a channel to add, and who adds it; a private one has that person alone inside."""

    id: Id
    person: str
    name: str
    private: bool = False


class Changed(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody who should be inside a private channel, or not; `person` wants it."""

    person: str
    channel: str
    member: str
    on: bool


class Typed(msgspec.Struct, forbid_unknown_fields=True):
    """A half-typed line, to be completed."""

    person: str
    channel: str
    text: str
    thread: Number | None = None
