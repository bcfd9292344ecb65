"""Runs side by side: what was different, what came of it, and what they say to the same prompts.

Built when somebody asks. What is the same in all of them is left out, so that the table says why one is better. The
curves are drawn elsewhere; answers are cut here, and the way to the whole of them is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import recipes
from bot.domain.calls import Call
from bot.domain.hyper import Value
from bot.domain.ratings import Tally
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Run
from bot.domain.text import one_line
from bot.messages import facts, words
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Code,
    Grid,
    Line,
    Message,
    Picture,
    Prose,
    line,
)

_CELL = 160  # characters of an answer
_PROMPT = 120
_VALUE = 80
_ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the runs. `lowest` losses with their steps; `step` is the one whose answers are shown, None where nothing
    was drawn; `answers` by index of the prompt."""

    run: Run
    loss: tuple[int, float] | None = None
    eval_loss: tuple[int, float] | None = None
    votes: Tally = Tally()  # noqa: RUF009 (frozen)
    step: int | None = None
    answers: Mapping[int, str] | None = None


def compare(sides: Sequence[Side], picture: Picture | None, *, now: datetime) -> Message:
    """Two runs or more side by side."""
    titles = [facts.title(side.run) for side in sides]
    listed = words.listed(titles)
    header = ("", *titles)
    changed, asked = _differences([side.run.recipe for side in sides]), _prompts(sides)
    blocks: list[Block] = [Prose(line("Comparing ", Bold(listed), "."))]
    if changed:
        blocks += [Prose(line("What is different:")), Grid(header, changed)]
    else:
        blocks.append(Prose(line("Model, data and settings are the same in all of them.")))
    blocks += [Prose(line("What came of it:")), Grid(header, _results(sides, now))]
    blocks += [picture] if picture else []
    if asked:
        blocks += [Prose(line("What they say to the same prompts:")), Grid(_asked(sides), asked), _more(sides)]
    else:
        blocks.append(Prose(line("None of them has an answer to a prompt yet.")))
    blocks.append(Buttons(tuple(_button(side) for side in sides)))
    ends = ", ".join(
        f"{title} {side.run.state.value}{_end(side.run)}" for title, side in zip(titles, sides, strict=True)
    )
    return Message(f"{listed} side by side: {ends}", tuple(blocks))


def _end(run: Run) -> str:
    said = facts.losses(run.numbers)
    return f" ({said})" if said else ""


def _differences(all_: Sequence[Recipe]) -> tuple[tuple[Line, ...], ...]:
    """A row for whatever is not the same in all of them."""
    first, *others = all_
    columns = [{change.name: change for change in recipes.differences(first, other)} for other in others]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = []
    for name in names:
        own = next(column[name].before for column in columns if name in column)
        values = [own, *(column[name].after if name in column else own for column in columns)]
        rows.append((line(Bold(one_line(name, _VALUE))), *(line(_value(value)) for value in values)))
    return tuple(rows)


def _value(value: Value | None) -> str:
    return _ABSENT if value is None else one_line(words.setting(value), _VALUE) or _ABSENT


def _results(sides: Sequence[Side], now: datetime) -> tuple[tuple[Line, ...], ...]:
    """State, length and numbers; a row that is empty for all of them is left out."""
    runs = [side.run for side in sides]
    rows: list[tuple[str, list[Line]]] = [
        ("State", [facts.state(run, now) for run in runs]),
        ("Steps", [line(facts.step(run).removeprefix("step ") if facts.trained(run) else "") for run in runs]),
        ("Duration", [facts.time(run, now)[0][1] for run in runs]),
        ("Last loss", [line(_loss(run.numbers.loss)) for run in runs]),
        ("Lowest loss", [line(_lowest(side.loss)) for side in sides]),
        ("Last eval loss", [line(_loss(run.numbers.eval_loss)) for run in runs]),
        ("Lowest eval loss", [line(_lowest(side.eval_loss)) for side in sides]),
        ("Votes", [line(words.tally(side.votes) if side.votes.votes else "") for side in sides]),
    ]
    return tuple(
        (line(Bold(name)), *(cell if facts.plain(cell) else line(_ABSENT) for cell in cells))
        for name, cells in rows
        if any(facts.plain(cell) for cell in cells)
    )


def _loss(value: float | None) -> str:
    return "" if value is None else words.loss(value)


def _lowest(found: tuple[int, float] | None) -> str:
    return f"{words.loss(found[1])} at step {found[0]}" if found else ""


def _asked(sides: Sequence[Side]) -> tuple[str, ...]:
    """The header: every answer comes from a step."""
    steps = [f", {facts.at(side.step)}" if side.step is not None else "" for side in sides]
    return ("Prompt", *(f"{facts.title(side.run)}{step}" for side, step in zip(sides, steps, strict=True)))


def _prompts(sides: Sequence[Side]) -> tuple[tuple[Line, ...], ...]:
    """A row for each prompt that one of them answered; the same text is the same row."""
    told = [_by_prompt(side) for side in sides]
    asked = list(dict.fromkeys(prompt for one in told for prompt in one))
    return tuple(
        (
            line(one_line(user, _PROMPT) + (f" (system: {one_line(system, _VALUE)})" if system else "")),
            *(line(one_line(one[user, system], _CELL) if (user, system) in one else _ABSENT) for one in told),
        )
        for user, system in asked
    )


def _by_prompt(side: Side) -> dict[tuple[str, str | None], str]:
    """Answers by the prompt's own words."""
    prompts: Sequence[Prompt] = side.run.recipe.prompts
    found = ((prompts[index], text) for index, text in (side.answers or {}).items() if index < len(prompts))
    return {(prompt.user, prompt.system): text if text.strip() else "(empty)" for prompt, text in found}


def _more(sides: Sequence[Side]) -> Aside:
    """How to read the answers whole."""
    typed = [f"/train samples {side.run.number} step={_word(side.step)}" for side in sides if side.step is not None]
    spans = [span for text in typed for span in (" · ", Code(text))]
    cut = any(len(one_line(text, len(text))) > _CELL for side in sides for text in (side.answers or {}).values())
    return Aside(line("Answers are cut here. In full: " if cut else "All answers of these steps: ", *spans[1:]))


def _word(step: int) -> str:
    return str(step) if step > 0 else "base"


def _button(side: Side) -> Button:
    one = {"run": str(side.run.number)}
    name = f"Samples of #{side.run.number}"
    if side.step is None:
        return Button(f"Status of #{side.run.number}", Call("status", one))
    return Button(name, Call("samples", {**one, "step": _word(side.step)}))
