"""Runs in a list, a page at a time, and what to say where none fits.

Built when somebody asks for a list; the database has filtered it. What was asked for comes along as typed, so that the
way to the next page is the same question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.calls import Call
from bot.domain.runs import Origin, Run
from bot.domain.text import count, cut
from bot.messages import facts
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Code,
    Grid,
    Line,
    Link,
    Message,
    Name,
    Prose,
    Text,
    When,
    line,
    say,
)

PAGE = 10  # runs


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the runs that fit. `first` counts from 1, `all` is how many fit; `asked` is the call's arguments without
    the page, `typed` the same as somebody would type them."""

    runs: Sequence[Run]
    number: int
    all: int
    asked: Mapping[str, str]
    typed: str

    @property
    def last(self) -> int:
        return max(-(-self.all // PAGE), 1)


def page(page: Page, links: Mapping[int, str], *, now: datetime) -> Message:
    """A row a run; `links` are addresses of their cards by number."""
    head = count(page.all, "run") + (f", page {page.number} of {page.last}" if page.last > 1 else "")
    rows = tuple(_row(run, links.get(run.number), now) for run in page.runs)
    blocks: list[Block] = [
        Prose(line(Bold(head), *([f" with {cut(page.typed, 200)}"] if page.typed else []))),
        Grid(("Run", "State", "How far", "Who", "When"), rows),
        *_ways(page),
        Aside(line("All about one of them: ", Code(f"/train status {page.runs[0].number}"))),
    ]
    titles = ", ".join(f"{facts.title(run)} ({run.state.value})" for run in page.runs)
    return Message(f"{head}: {titles}", tuple(blocks))


def _row(run: Run, link: str | None, now: datetime) -> tuple[Line, ...]:
    title = facts.title(run)
    said = [facts.step(run) if facts.trained(run) else "", facts.losses(run.numbers)]
    return (
        line(Link(title, link) if link else Bold(title)),
        facts.state(run, now),
        line(", ".join(part for part in said if part) or "–"),
        line("outside chat") if run.origin is not Origin.CHAT else line(Name(run.starter)),
        line(When(run.requested_at)),
    )


def _ways(page: Page) -> list[Block]:
    """To the pages before and after: as buttons where a button can carry the question, else as what to type."""
    pages = [("Previous page", page.number - 1), ("Next page", page.number + 1)]
    ways = [(label, number) for label, number in pages if 1 <= number <= page.last]
    if not ways:
        return []
    calls = [Call("list", {**page.asked, "page": str(number)}) for _, number in ways]
    if all(_fits(call) for call in calls):
        return [Buttons(tuple(Button(label, call) for (label, _), call in zip(ways, calls, strict=True)))]
    spans: list[Text | Code] = []
    for label, number in ways:
        typed = " ".join(part for part in ("/train list", page.typed, f"page={number}") if part)
        spans += [Text(f"{' · ' if spans else ''}{label}: "), Code(typed)]
    return [Prose(tuple(spans))]


def _fits(call: Call) -> bool:
    try:
        call.encode()
    except ValueError:
        return False
    return True


def nothing(without: Sequence[tuple[str, int]], typed: str, *, any_runs: bool) -> Message:
    """No run fits. `without`: the filters, each with how many runs fit when it is dropped."""
    if not any_runs:
        return say("There is no run that you may see here yet. `/train start` begins one.")
    helps = [(name, number) for name, number in without if number]
    if not helps:
        return say(
            f"No run fits {_code(typed)}, nor with any one of these left out. `/train list` shows all there are."
        )
    said = "; ".join(f"without {_code(name)} there {_there(number)}" for name, number in helps)
    return say(f"No run fits {_code(typed)}. {said[0].upper()}{said[1:]}.")


def _there(number: int) -> str:
    return f"is {number}" if number == 1 else f"are {number}"


def _code(text: str) -> str:
    """Typed text between backticks; one with a backtick in it is left as it is."""
    text = cut(text, 120)
    return f"`{text}`" if "`" not in text else f'"{text}"'
