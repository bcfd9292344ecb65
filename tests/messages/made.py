"""Runs, points and samples to build messages from, and a message as the plain text somebody would read."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from bot.domain.calls import Call
from bot.domain.places import Person, Place
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Numbers, Point, Run, Sample, State
from bot.messages.model import (
    Aside,
    Block,
    Bold,
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

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
NOW = START + timedelta(minutes=2)
ADA = Person("slack", "T1", "U1", "Ada")
HOME = Place("slack", "T1", "C1")
JOB = "0b5f3c1e-7a52-4a0e-9d5e-2f6f1c8f2a11"
RECIPE = Recipe(
    name="support-bot",
    model="tiny",
    dataset={"type": "file", "name": "support-tickets.jsonl"},
    description="Sorts support tickets",
    settings={"max_steps": 300, "save_steps": 30, "learning_rate": 2e-4},
    prompts=(Prompt("My parcel is late."), Prompt("I want my money back."), Prompt("Hello?")),
    price_per_hour=2.5,
)
ASKED = Run(number=42, recipe=RECIPE, home=HOME, starter=ADA, requested_at=START)
RUNNING = replace(
    ASKED,
    state=State.RUNNING,
    job_id=JOB,
    started_at=START,
    heard_at=NOW,
    step=120,
    total_steps=300,
    numbers=Numbers(loss=1.23456, eval_loss=1.5, learning_rate=2e-4, rate=11.4),
    checkpoints=(30, 60, 90, 120),
    sampled=(30, 60, 90, 120),
)
PICTURE = Picture(b"\x89PNG", "loss from 2.0 to 1.0")


def ended(state: State = State.COMPLETED, **changes: Any) -> Run:
    """The running run, ended after 58 s."""
    return replace(RUNNING, **{"state": state, "ended_at": START + timedelta(seconds=58), **changes})


def curve(many: int = 12) -> list[Point]:
    return [Point(step * 10, Numbers(loss=1 + math.exp(-step / 5))) for step in range(1, many + 1)]


def answer(step: int, prompt: int = 0, text: str | None = "We are sorry.", error: str | None = None) -> Sample:
    return Sample(42, step, prompt, text, error)


def plain(message: Message) -> str:
    """What somebody would read, a line a block."""
    return "\n".join(text for block in message.blocks for text in _texts(block))


def everything(message: Message) -> str:
    return f"{message.summary}\n{plain(message)}"


def lines(message: Message) -> Iterator[Line]:
    """Every line of spans in the message."""
    for block in message.blocks:
        match block:
            case Heading(one) | Prose(one) | Aside(one):
                yield one
            case Facts(pairs):
                yield from (value for _, value in pairs)
            case Grid(_, rows):
                yield from (cell for row in rows for cell in row)
            case _:
                pass


def spans(message: Message) -> list[Span]:
    return [span for one in lines(message) for span in one]


def pings(message: Message) -> list[Ping]:
    return [span for span in spans(message) if isinstance(span, Ping)]


def calls(message: Message) -> list[Call]:
    return [button.call for block in message.blocks if isinstance(block, Buttons) for button in block.buttons]


def labels(message: Message) -> list[str]:
    return [button.label for block in message.blocks if isinstance(block, Buttons) for button in block.buttons]


def _texts(block: Block) -> list[str]:
    match block:
        case Heading(one) | Prose(one) | Aside(one):
            return [_line(one)]
        case Facts(pairs):
            return [f"{label}: {_line(value)}" for label, value in pairs]
        case Verbatim(text, title) | Quote(text, title):
            return [title, text] if title else [text]
        case Grid(header, rows):
            return [" | ".join(header), *(" | ".join(map(_line, row)) for row in rows)]
        case Picture():
            return [f"[{block.alt}]"]
        case File(name, text, label):
            return [f"[{name}: {label}]", text]
        case Meter():
            return [block.label]
        case Buttons(buttons):
            return [f"[{button.label}]" for button in buttons]
        case _:
            assert_never(block)


def _line(one: Line) -> str:
    return "".join(map(_span, one))


def _span(span: Span) -> str:
    match span:
        case Text(text) | Bold(text) | Code(text) | Link(text):
            return text
        case Name(person):
            return person.label
        case When(at):
            return at.isoformat()
        case Ping(person, group):
            return f"@{person.label}" if person else f"@{group or 'here'}"
        case _:
            assert_never(span)
