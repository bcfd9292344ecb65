"""Answers about what one run is doing: everything that is known of it, and its curve.

Built when somebody asks, from the facts that the card shows too, so that the two never disagree. A run whose card or
thread is gone is answered in full all the same. Several runs side by side are in `compare`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.calls import Call
from bot.domain.ratings import Tally
from bot.domain.runs import Point, Run
from bot.messages import facts, runs, words
from bot.messages.model import (
    Block,
    Bold,
    Button,
    Buttons,
    Facts,
    Link,
    Message,
    Picture,
    Prose,
    Verbatim,
    When,
    line,
    say,
)

_CHECKPOINTS = 12  # that are named; more are counted


def status(
    run: Run,
    *,
    now: datetime,
    points: Sequence[Point],
    votes: Mapping[int, Tally],
    links: Sequence[tuple[str, str]] = (),
) -> Message:
    """Everything that is known of one run. `links` are labels and addresses of its cards."""
    meter = facts.meter(run)
    pairs = [facts.starter(run), *facts.doing(run), *_times(run)]
    if facts.trained(run):
        pairs += [*([] if meter else [("Step", line(str(run.step)))]), *facts.numbers(run, now, points)]
    pairs += [*facts.time(run, now), *_checkpoints(run), *facts.votes(votes), *facts.artifacts(run)]
    pairs += [*facts.changes(run), *facts.job(run)]
    blocks: list[Block] = [runs.heading(run, now), *([meter] if meter else []), Facts(tuple(pairs))]
    if run.error and run.error.strip():
        blocks.append(Verbatim(run.error, "Reason"))
    settings = facts.settings(run.recipe)
    blocks += [Verbatim("\n".join(settings), "Settings")] if settings else []
    blocks += [Prose(line(Link(label, link))) for label, link in links]
    blocks += [*_buttons(run, points, votes), *facts.small_print(run, now)]
    return Message(runs.summary(run, now), tuple(blocks), facts.tone(run))


def _times(run: Run) -> list[facts.Pair]:
    named = (("Training since", run.started_at), ("Last heard of", run.heard_at), ("Ended", run.ended_at))
    return [(label, line(When(at))) for label, at in named if at and not (label == "Last heard of" and run.ended_at)]


def _checkpoints(run: Run) -> list[facts.Pair]:
    if not run.checkpoints:
        return []
    steps = ", ".join(map(str, run.checkpoints[-_CHECKPOINTS:]))
    cut = "… " if len(run.checkpoints) > _CHECKPOINTS else ""
    return [("Checkpoints", line(f"{len(run.checkpoints)}, at step {cut}{steps}"))]


def _buttons(run: Run, points: Sequence[Point], votes: Mapping[int, Tally]) -> list[Block]:
    """Those of the card; before the last, which may end the run, what its checkpoints are worth."""
    offered = [button for block in runs.buttons(run, points, votes) for button in _of(block)]
    if run.checkpoints:
        at = next((place for place, one in enumerate(offered) if one.style == "danger"), len(offered))
        offered.insert(at, Button("Best checkpoint", Call("best", {"run": str(run.number)})))
    return [Buttons(tuple(offered))] if offered else []


def _of(block: Block) -> tuple[Button, ...]:
    """The buttons of a block, if it has any."""
    return block.buttons if isinstance(block, Buttons) else ()


def plot(run: Run, picture: Picture | None) -> Message:
    """The loss curve, or when it will come."""
    if picture:
        return Message(picture.alt, (Prose(line("Loss of ", Bold(facts.title(run)))), picture))
    if run.state.final:
        return say(f"There is no plot of {facts.title(run)}: it ended without a number.")
    return say(f"There is no plot of {facts.title(run)} yet: it comes with the first numbers.")


def plots(runs: Sequence[Run], picture: Picture | None, without: Sequence[Run]) -> Message:
    """The curves of several runs in one picture; `without` have no numbers so far."""
    missing = f"No numbers of {words.listed([facts.title(run) for run in without])} so far." if without else ""
    if picture is None:
        return say(missing or "The picture could not be drawn. Try again in a minute, or one run at a time.")
    drawn = [run for run in runs if run not in without]
    said = _and([Bold(facts.title(run)) for run in drawn])
    more = (Prose(line(missing)),) if missing else ()
    return Message(picture.alt, (Prose(line("Loss of ", *said)), picture, *more))


def _and(names: Sequence[Bold]) -> list[Bold | str]:
    """As `words.listed`, of spans."""
    spaced: list[Bold | str] = []
    for index, name in enumerate(names):
        between = "" if not index else " and " if index == len(names) - 1 else ", "
        spaced += [between, name] if between else [name]
    return spaced
