"""What is said about a run as it goes: its card, its end, its log and its progress.

The card is built again on every change and edits the same post; the rest is posted once. All are pure: the same
facts give the same message. Samples are in `samples`, answers to commands in `replies`, drawing in `plots`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.calls import Call
from bot.domain.follows import Follower
from bot.domain.ratings import Tally
from bot.domain.runs import Numbers, Point, Run, State
from bot.domain.text import count, one_line
from bot.messages import because, facts, words
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Code,
    Facts,
    Heading,
    Line,
    Message,
    Picture,
    Ping,
    Prose,
    Text,
    Verbatim,
    line,
)

_TAIL_POINTS = 10
_LOSS, _VOTES = "Last numbers", "Ahead by votes"
_NO_VOTES = "no votes yet: the thumbs under the samples still count"


def card(
    run: Run,
    *,
    now: datetime,
    points: Sequence[Point],
    votes: Mapping[int, Tally],
    follower: Follower | None,
) -> Message:
    """The run's root message: its state at a glance, its numbers, what can be done with it, and why it is here.
    `follower` is the place it stands in; None where that follows the run no longer."""
    blocks: list[Block] = [heading(run, now)]
    meter = facts.meter(run)
    if meter:
        blocks.append(meter)
    why = facts.cause(run.error or "")
    if why:
        blocks.append(Prose(line(Bold("Error: " if run.state is State.FAILED else "Reason: "), why)))
    pairs = [facts.starter(run), *facts.doing(run)]
    if facts.trained(run) and not meter:
        pairs.append(("Step", line(str(run.step))))
    if facts.trained(run):
        pairs += facts.numbers(run, now, points)
    pairs += [*facts.time(run, now), *facts.changes(run), *facts.votes(votes), *facts.artifacts(run), *facts.job(run)]
    blocks.append(Facts(tuple(pairs)))
    blocks += [*buttons(run, points, votes, because.button(run)), *facts.small_print(run, now)]
    return Message(summary(run, now), (*blocks, *because.on_card(run, follower)), facts.tone(run))


def heading(run: Run, now: datetime) -> Heading:
    """`support-bot #42 · running`."""
    return Heading((Text(f"{facts.title(run)} · "), *facts.state(run, now)))


def buttons(run: Run, points: Sequence[Point], votes: Mapping[int, Tally], *more: Button) -> list[Block]:
    """What can be done with the run now; the one that ends it comes last."""
    one = {"run": str(run.number)}
    offered = []
    if points:
        offered.append(Button("Plot", Call("plot", one)))
    if run.checkpoints or run.sampled or votes:
        offered.append(Button("Samples", Call("samples", one)))
    offered += more
    if run.state.final:
        offered.append(Button("Again", Call("again", {**one, "sure": "no"})))
    if not run.state.final and run.cancel_by is None:
        offered.append(Button("Cancel", Call("cancel", one), "danger"))
    return [Buttons(tuple(offered))] if offered else []


def summary(run: Run, now: datetime) -> str:
    """The state and the last numbers in one line."""
    parts = [facts.plain(facts.state(run, now))]
    if facts.trained(run):
        parts += [facts.step(run), facts.losses(run.numbers)]
    if run.error:
        parts.append(facts.cause(run.error, 120))
    return f"{facts.title(run)}: " + ", ".join(part for part in parts if part)


def failure(
    run: Run,
    *,
    now: datetime,
    points: Sequence[Point],
    votes: Mapping[int, Tally],
    picture: Picture | None,
    ping: Ping | None,
    follower: Follower | None,
) -> Message:
    """The one loud message: that it failed, why in the service's own words, and how far it had come."""
    called: Line = (ping, Text(" ")) if ping else ()
    after = f" failed after {words.duration(run.duration(now))}" + (f", at {facts.step(run)}." if run.step else ".")
    blocks: list[Block] = [Prose((*called, Bold(facts.title(run)), Text(after)))]
    if run.error and run.error.strip():
        blocks.append(Verbatim(run.error, "Error"))
    else:
        blocks.append(Prose(line("The training service gave no reason.")))
    best = facts.best(votes)
    pairs = [facts.starter(run), *_numbers(run, points), *_kept(run)]
    pairs += [(_VOTES, line(best))] if best else []
    blocks.append(Facts((*pairs, *facts.doing(run), *facts.changes(run), *facts.job(run))))
    blocks += _shown(picture)
    one = {"run": str(run.number)}
    again = Button("Again", Call("again", {**one, "sure": "no"}))
    seen = (Button("Show samples", Call("samples", one)),) if run.checkpoints else ()
    blocks.append(Buttons((again, *seen, because.button(run))))
    if follower is None or follower.wants.card:
        blocks.append(Aside(line("The end of its log is in the thread of its card.")))
    blocks += because.aside(run, follower)
    reason = facts.cause(run.error or "") or "no reason given"
    job = f" (job {one_line(run.job_id, 100)})" if run.job_id else ""
    return Message(f"{facts.title(run)} failed: {reason}{job}", tuple(blocks), facts.tone(run))


def _numbers(run: Run, points: Sequence[Point]) -> list[facts.Pair]:
    """The last row of numbers, with its step."""
    if not facts.trained(run):
        return []
    said = facts.losses(run.numbers) or facts.losses(points[-1].numbers if points else Numbers())
    return [(_LOSS, line(facts.step(run) + (f", {said}" if said else "")))]


def _kept(run: Run) -> list[facts.Pair]:
    if not run.checkpoints:
        return []
    last = f"step {run.checkpoints[-1]}"
    many = len(run.checkpoints) > 1
    return [("Checkpoints", line(f"{len(run.checkpoints)}, the last at {last}" if many else f"1, at {last}"))]


def _shown(picture: Picture | None) -> list[Block]:
    return [picture] if picture else []


def outcome(
    run: Run, *, now: datetime, points: Sequence[Point], votes: Mapping[int, Tally], picture: Picture | None
) -> Message:
    """The quiet end, in the thread. A failed run has `failure` for this."""
    if run.state is State.REFUSED:
        return _refused(run)
    said = _end(run, now)
    blocks: list[Block] = [Prose((Bold(facts.title(run)), *said, Text(".")))]
    if run.error and run.error.strip():
        blocks.append(Verbatim(run.error, "Reason"))
    pairs = [*_numbers(run, points), *_kept(run), *_best(run, votes), *facts.job(run)]
    blocks += [Facts(tuple(pairs))] if pairs else []
    summary = f"{facts.title(run)}{facts.plain(said)}"
    numbers = facts.losses(run.numbers)
    return Message(summary + (f"; {numbers}" if numbers else ""), (*blocks, *_shown(picture)), facts.tone(run))


def _end(run: Run, now: datetime) -> Line:
    """How it ended, to follow its name."""
    took = words.duration(run.duration(now))
    if run.state is State.COMPLETED:
        results = f" with {count(run.artifacts, 'artifact')}" if run.artifacts is not None else ""
        return line(f" completed in {took}{results}")
    if run.state is State.FAILED:
        return line(f" failed after {took}")
    where = f" at {facts.step(run)}, after {took}" if facts.trained(run) else f" before it started, after {took}"
    return (Text(" was "), *facts.state(run, now), Text(where))


def _best(run: Run, votes: Mapping[int, Tally]) -> list[facts.Pair]:
    best = facts.best(votes)
    if not best and not (run.sampled and run.recipe.asked):
        return []
    return [(_VOTES, line(best or _NO_VOTES))]


def _refused(run: Run) -> Message:
    reason = run.error if run.error and run.error.strip() else "no reason given"
    again = line(
        "Nothing was trained. Change the recipe or the settings, then start again: ", Code(f"/train start {run.name}")
    )
    return Message(
        f"{facts.title(run)} was refused by the training service: {facts.cause(reason)}",
        (
            Prose(line(Bold(facts.title(run)), " was refused: the training service would not start it.")),
            Verbatim(reason, "Reason"),
            Prose(again),
            *([Facts(tuple(facts.job(run)))] if run.job_id else []),
        ),
        facts.tone(run),
    )


def log_tail(run: Run, *, points: Sequence[Point]) -> Message:
    """The end of the run's log; where the service sent none, its last numbers."""
    if run.log_tail:
        return _tail(run, "The end of the log", run.log_tail)
    if points:
        return _tail(run, "The last numbers", [_row(point.step, point.numbers) for point in points[-_TAIL_POINTS:]])
    text = f"{facts.title(run)} left no log and no numbers."
    return Message(text, (Prose(line(text)),))


def _tail(run: Run, title: str, rows: Sequence[str]) -> Message:
    title_line = line(f"{title} of ", Bold(facts.title(run)), ":")
    return Message(f"{title} of {facts.title(run)}", (Prose(title_line), Verbatim("\n".join(rows), title)))


def progress(run: Run, *, step: int, numbers: Numbers) -> Message:
    """One line for the thread: `step=100 loss=1.2345`."""
    text = _row(step, numbers)
    return Message(f"{facts.title(run)}: {text}", (Prose(line(text)),))


def _row(step: int, numbers: Numbers) -> str:
    named = (("loss", numbers.loss), ("evalLoss", numbers.eval_loss))
    return " ".join([f"step={step}", *(f"{name}={words.loss(value)}" for name, value in named if value is not None)])
