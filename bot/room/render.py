"""A message as the data that the room's page draws: names of meanings and texts, no markup and no look.

Runs when a message is posted, edited or answered; the result is stored, so the page needs no newer code to show an
old message. The page puts every text in through textContent. Pictures and files travel by their digest.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from bot.domain.places import Person
from bot.domain.text import clean, cut
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Code,
    Facts,
    File,
    Grid,
    Heading,
    Line,
    Link,
    Message,
    Meter,
    Name,
    Picture,
    Ping,
    Prose,
    Quote,
    Span,
    Text,
    Verbatim,
    When,
)
from bot.room.naming import file_name
from bot.store.room_contents import Contents, StoredFile
from bot.store.room_roster import EVERYONE

PLATFORM = "room"
TEXT_LIMIT = 20_000  # characters of one text; our own, so that one log cannot make a page slow
LABEL_LIMIT = 300
FILE_LIMIT = 10_000_000  # characters of one download; our own, so that no text fills the database


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is stored: the body, whom it calls (a user, everyone, or nobody), and its PNGs and files by SHA-256."""

    body: Mapping[str, Any]
    ping: str | None
    contents: Contents


def render(message: Message) -> Rendered:
    """The message for the page."""
    body = {
        "summary": cut(message.summary, TEXT_LIMIT),
        "tone": message.tone.value,
        "blocks": [_block(block) for block in message.blocks],
    }
    pictures = {digest(block.png): block.png for block in message.blocks if isinstance(block, Picture)}
    stored = [_stored(block) for block in message.blocks if isinstance(block, File)]
    files = {_file_digest(one): one for one in stored}
    return Rendered(body, _called(message), Contents(pictures, files))


def digest(png: bytes) -> str:
    """The name of a picture."""
    return hashlib.sha256(png).hexdigest()


def _file_digest(stored: StoredFile) -> str:
    """The name is part of it: one message may give the same text under two names."""
    return hashlib.sha256(stored.name.encode() + b"/" + stored.content).hexdigest()


def _stored(block: File) -> StoredFile:
    return StoredFile(file_name(block.name), cut(block.text, FILE_LIMIT).encode(errors="replace"))


def _called(message: Message) -> str | None:
    """Whom the message calls for; everyone wins over one. Somebody of another platform is not here to be called, and
    the room has no groups: what calls for one calls nobody."""
    pings = [
        span for block in message.blocks if isinstance(block, Heading | Prose) for span in block.line
        if isinstance(span, Ping) and not span.group
    ]  # fmt: skip
    if any(ping.person is None for ping in pings):
        return EVERYONE
    return next((ping.person.user for ping in pings if ping.person and ping.person.platform == PLATFORM), None)


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"is": "heading", "line": _line(block.line)}
        case Prose():
            return {"is": "prose", "line": _line(block.line)}
        case Facts():
            return {"is": "facts", "pairs": [[_label(name), _line(value)] for name, value in block.pairs]}
        case Verbatim():
            return {"is": "verbatim", "text": cut(block.text, TEXT_LIMIT), "title": _label(block.title)}
        case Quote():
            return {"is": "quote", "text": cut(block.text, TEXT_LIMIT), "title": _label(block.title)}
        case Grid():
            rows = [[_line(cell) for cell in row] for row in block.rows]
            return {"is": "grid", "header": [_label(one) for one in block.header], "rows": rows}
        case Picture():
            return _picture(block)
        case File():
            return _file(block)
        case Meter():
            return {"is": "meter", "done": min(max(block.done, 0.0), 1.0), "label": _label(block.label)}
        case Buttons():
            return {"is": "buttons", "buttons": [_button(one) for one in block.buttons]}
        case Aside():
            return {"is": "aside", "line": _line(block.line)}
        case _:
            assert_never(block)


def _picture(block: Picture) -> dict[str, Any]:
    width, height = _size(block.png)
    return {
        "is": "picture",
        "sha256": digest(block.png),
        "alt": cut(clean(block.alt), TEXT_LIMIT),
        "name": _label(block.name),
        "width": width,
        "height": height,
    }


def _file(block: File) -> dict[str, Any]:
    stored = _stored(block)
    return {
        "is": "file",
        "sha256": _file_digest(stored),
        "name": stored.name,
        "label": _label(block.label),
        "size": len(stored.content),
    }


def _size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels, which keep a page from jumping (PNG specification, 11.2.1 IHDR); 0, 0 if unknown."""
    if len(png) < 24 or png[12:16] != b"IHDR":
        return 0, 0
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def _button(button: Button) -> dict[str, str]:
    style = button.style if button.style in {"primary", "danger"} else "plain"
    return {"label": _label(button.label), "call": button.call.encode(), "style": style}


def _line(line: Line) -> list[dict[str, str]]:
    return [_span(span) for span in line]


def _span(span: Span) -> dict[str, str]:
    match span:
        case Text():
            return {"is": "text", "text": cut(span.text, TEXT_LIMIT)}
        case Bold():
            return {"is": "bold", "text": cut(span.text, TEXT_LIMIT)}
        case Code():
            return {"is": "code", "text": cut(span.text, TEXT_LIMIT)}
        case Link():
            return _link(span)
        case Name():
            return {"is": "name", "text": _who(span.person)}
        case When():
            return {"is": "when", "at": span.at.isoformat()}
        case Ping():
            return _ping(span)
        case _:
            assert_never(span)


def _ping(span: Ping) -> dict[str, str]:
    if span.group:
        return {"is": "text", "text": "@" + _label(span.group)}
    return {"is": "ping", "text": "@" + (_who(span.person) if span.person else "here")}


def _link(span: Link) -> dict[str, str]:
    """A web address or a place in this room; anything else is only text."""
    text = cut(span.text, TEXT_LIMIT)
    if span.url.startswith(("https://", "http://", "/#")):
        return {"is": "link", "text": text, "url": span.url}
    return {"is": "text", "text": text}


def _who(person: Person) -> str:
    return _label(person.label)


def _label(text: str) -> str:
    return cut(clean(text), LABEL_LIMIT)
