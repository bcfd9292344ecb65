"""The one message model. A block names a meaning, never a look; a span carries structure, never markup.

Every text is cleaned when it is put in (see `domain.text`), so a renderer only has to escape. `Ping` exists for
the failure message alone. Unions are closed: a renderer that forgets a block does not pass the type checker.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.calls import Call
from bot.domain.places import Person
from bot.domain.text import clean, one_line


class Tone(StrEnum):
    """What a message feels like. Always said in words as well."""

    PLAIN = "plain"
    WAITING = "waiting"
    RUNNING = "running"
    GOOD = "good"
    BAD = "bad"
    ODD = "odd"


@dataclass(frozen=True, slots=True)
class _Words:
    """A span that holds text."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True, slots=True)
class Text(_Words):
    """Plain words."""


@dataclass(frozen=True, slots=True)
class Bold(_Words):
    """Words that stand out."""


@dataclass(frozen=True, slots=True)
class Code(_Words):
    """Something to copy: an id, a command, a setting."""


@dataclass(frozen=True, slots=True)
class Link(_Words):
    """`url` is made by us, never by a model or a log."""

    url: str


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name. It pings nobody."""

    person: Person

    def __post_init__(self) -> None:
        object.__setattr__(self, "person", replace(self.person, name=one_line(self.person.name, 80)))


@dataclass(frozen=True, slots=True)
class When:
    """A moment, shown in the reader's zone where the platform can."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Ping:
    """Calls for attention: everyone who is here, `person` alone, or a group by its platform's id. Only in the failure
    message."""

    person: Person | None = None
    group: str = ""


Span = Text | Bold | Code | Link | Name | When | Ping
Line = tuple[Span, ...]


def line(*parts: Span | str) -> Line:
    """A line of spans; a plain string becomes Text."""
    return tuple(Text(part) if isinstance(part, str) else part for part in parts)


@dataclass(frozen=True, slots=True)
class Heading:
    line: Line


@dataclass(frozen=True, slots=True)
class Prose:
    line: Line


@dataclass(frozen=True, slots=True)
class Facts:
    """Label and value pairs, read at a glance."""

    pairs: tuple[tuple[str, Line], ...]


@dataclass(frozen=True, slots=True)
class _Passage:
    """A text that is not ours, with a title that is."""

    text: str
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))
        object.__setattr__(self, "title", one_line(self.title))


@dataclass(frozen=True, slots=True)
class Verbatim(_Passage):
    """Text of a machine, letter for letter: an error, a log."""


@dataclass(frozen=True, slots=True)
class Quote(_Passage):
    """What somebody or some model said."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. Every row is as long as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG; `alt` says its numbers to those who cannot see it."""

    png: bytes
    alt: str
    name: str = "plot.png"

    def __post_init__(self) -> None:
        object.__setattr__(self, "alt", one_line(self.alt, 2000))


@dataclass(frozen=True, slots=True)
class File:
    """A text to download. `name` is a file name of ours; `label` says what is in it."""

    name: str
    text: str
    label: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", one_line(self.label))


@dataclass(frozen=True, slots=True)
class Meter:
    """How far something is, 0 to 1, with its words."""

    done: float
    label: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", one_line(self.label))


@dataclass(frozen=True, slots=True)
class Button:
    """A call to make on a click."""

    label: str
    call: Call
    style: str = "plain"  # plain, primary or danger

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", one_line(self.label, 75))


@dataclass(frozen=True, slots=True)
class Buttons:
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Aside:
    """Small print."""

    line: Line


Block = Heading | Prose | Facts | Verbatim | Quote | Grid | Picture | File | Meter | Buttons | Aside


@dataclass(frozen=True, slots=True)
class Message:
    """`summary` alone says it all in one line: for notifications, screen readers and the plainest fallback."""

    summary: str
    blocks: tuple[Block, ...] = ()
    tone: Tone = Tone.PLAIN

    def __post_init__(self) -> None:
        object.__setattr__(self, "summary", clean(self.summary))


def sentence(text: str) -> Line:
    """A line of Text, in which what stands between backticks is Code; a lone backtick stays what it is."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return (Text(text),)
    return tuple(Code(part) if index % 2 else Text(part) for index, part in enumerate(parts) if part)


def say(text: str, *more: Block, tone: Tone = Tone.PLAIN) -> Message:
    """A message of a sentence or several, one paragraph a line, and what may follow. Backticks make Code."""
    paragraphs = tuple(Prose(sentence(one)) for one in text.splitlines() if one.strip())
    return Message(text, (*paragraphs, *more), tone)


def bare(message: Message) -> Message:
    """The message as its summary alone, with its pings: what is sent when the content was refused."""
    pings = tuple(
        span
        for block in message.blocks
        if isinstance(block, Prose | Heading)
        for span in block.line
        if isinstance(span, Ping)
    )
    spaced = tuple(part for ping in pings for part in (ping, Text(" ")))
    return Message(message.summary, (Prose((*spaced, Text(message.summary))),), message.tone)
