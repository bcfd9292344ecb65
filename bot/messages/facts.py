"""What is known of one run, as words, meters and label-value pairs.

Used by `runs` and `replies`, so that a card, an outcome and a status reply never disagree. Each function gives an
empty answer for what is not known; the messages themselves, with their order and buttons, are made elsewhere.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never
from urllib.parse import urlsplit

from bot.domain.ratings import Tally, best_step, clear
from bot.domain.recipes import Recipe
from bot.domain.runs import Condition, Numbers, Origin, Point, Run, State
from bot.domain.text import count, one_line
from bot.messages import words
from bot.messages.model import Aside, Bold, Code, Line, Link, Meter, Name, Ping, Span, Text, Tone, When, line

Pair = tuple[str, Line]
_TONES = {
    State.REQUESTED: Tone.WAITING,
    State.QUEUED: Tone.WAITING,
    State.RUNNING: Tone.RUNNING,
    State.COMPLETED: Tone.GOOD,
    State.FAILED: Tone.BAD,
    State.REFUSED: Tone.BAD,
    State.CANCELLED: Tone.PLAIN,
    State.STOPPED: Tone.PLAIN,
}
_STEADY_STEPS = 3  # before that a guess at the end is noise
_STEADY_SHARE = 50  # a fiftieth of the run


def title(run: Run) -> str:
    """The run's title on one line, whatever the service calls the job."""
    return f"{one_line(run.name, 80)} #{run.number}"


def tone(run: Run) -> Tone:
    return Tone.ODD if run.condition and not run.state.final else _TONES[run.state]


def state(run: Run, now: datetime) -> Line:
    """The state as a word, and what is odd about it."""
    if run.state.final:
        by = run.cancel_by if run.state is State.CANCELLED else None
        return line(run.state.value, " by ", Name(by)) if by else line(run.state.value)
    return (*_going(run), *_odd(run, now))


def _going(run: Run) -> Line:
    if run.cancel_by:
        return line("cancelling, asked by ", Name(run.cancel_by))
    if run.state is State.REQUESTED:
        return line("requested, not yet taken by the training service")
    if run.state is State.QUEUED:
        position = f", position {run.queue_position}" if run.queue_position is not None else ""
        return line(f"waiting in the queue{position}")
    return line(run.state.value)


def _odd(run: Run, now: datetime) -> Line:
    if run.condition is Condition.LOST_CONTACT:
        return line(" · lost contact with the training service")
    if run.condition is Condition.SILENT:
        heard = run.heard_at or run.started_at or run.requested_at
        return line(f" · silent for {words.duration(now - heard)}")
    return ()


def plain(spans: Line) -> str:
    """A line of ours as text, for a summary. Moments and pings have no place in one."""
    return "".join(_plain(span) for span in spans)


def _plain(span: Span) -> str:
    match span:
        case Text(text) | Bold(text) | Code(text) | Link(text):
            return text
        case Name(person):
            return one_line(person.label, 60)
        case When() | Ping():
            return ""
        case _:
            assert_never(span)


def trained(run: Run) -> bool:
    """Whether training has begun, as far as we heard."""
    return run.state is State.RUNNING or run.started_at is not None or run.step > 0


def step(run: Run) -> str:
    """`step 120 of 300`, or `step 120`."""
    return f"step {run.step} of {run.total_steps}" if run.total_steps else f"step {run.step}"


def meter(run: Run) -> Meter | None:
    """How far it is; None before it trains and where nobody said how far it goes."""
    if not run.total_steps or not trained(run):
        return None
    done = words.percent(run.step, run.total_steps)
    return Meter(min(max(run.step / run.total_steps, 0.0), 1.0), f"{step(run)} · {done} %")


def losses(numbers: Numbers) -> str:
    """`loss 1.2345, eval loss 1.3456`, or empty."""
    named = (("loss", numbers.loss), ("eval loss", numbers.eval_loss))
    return ", ".join(f"{name} {words.loss(value)}" for name, value in named if value is not None)


def numbers(run: Run, now: datetime, points: Sequence[Point]) -> list[Pair]:
    """Loss with its curve, eval loss, rate and learning rate."""
    rows = [("Loss", _loss(run.numbers, points))]
    if run.numbers.eval_loss is not None:
        rows.append(("Eval loss", words.loss(run.numbers.eval_loss)))
    rows.append(("Rate", _rate(run, now)))
    if run.numbers.learning_rate is not None:
        rows.append(("Learning rate", words.rate(run.numbers.learning_rate)))
    return [(label, line(text)) for label, text in rows if text]


def _loss(last: Numbers, points: Sequence[Point]) -> str:
    curve = [point.numbers.loss for point in points if point.numbers.loss is not None]
    end = last.loss if last.loss is not None else (curve[-1] if curve else None)
    if end is None:
        return ""
    bars = words.sparkline(curve)
    return f"{words.loss(curve[0])} → {words.loss(end)} {bars}" if bars else words.loss(end)


def _rate(run: Run, now: datetime) -> str:
    parts = []
    if run.numbers.rate is not None:
        parts.append(f"{words.speed(run.numbers.rate)} samples/s")
    minutes = run.duration(now).total_seconds() / 60
    if run.started_at and run.step > 0 and minutes > 0:
        parts.append(f"{words.speed(run.step / minutes)} steps/min")
    return " · ".join(parts)


def remaining(run: Run, now: datetime) -> timedelta | None:
    """How long it will still take; None unless it runs steadily towards a known end."""
    if run.state is not State.RUNNING or run.condition or run.cancel_by or not run.started_at or not run.total_steps:
        return None
    if run.step < max(_STEADY_STEPS, run.total_steps / _STEADY_SHARE):
        return None
    heard = max(run.heard_at or now, run.started_at)
    took = heard - run.started_at
    span = took * ((run.total_steps - run.step) / run.step) - (now - heard)
    return span if took and span > timedelta(0) else None


def time(run: Run, now: datetime) -> list[Pair]:
    """How long it waited, trains or trained, and how long it still will."""
    took = words.duration(run.duration(now))
    if not trained(run):  # a card is edited when something happens: a number would stand still
        return [("Waited", line(took))] if run.state.final else [("Waiting since", line(When(run.requested_at)))]
    span = remaining(run, now)
    tail = f" · {words.left(span)}" if span else ""
    return [("Duration", line(took + ("" if run.state.final else " so far") + tail))]


def changes(run: Run) -> list[Pair]:
    """The settings given with the command."""
    if not run.changes:
        return []
    spaced = [span for change in run.changes for span in (Text(" "), Code(change))]
    return [("Changed", tuple(spaced[1:]))]


def votes(tallies: Mapping[int, Tally]) -> list[Pair]:
    """The votes on its samples, and the step that leads."""
    total = sum(tallies.values(), Tally())
    if not total.votes:
        return []
    best = best_step(tallies.items())
    ahead = "" if best is None else f" · best {at(best[0])}" if clear(tallies.items()) else f" · {at(best[0])} ahead"
    return [("Votes", line(words.tally(total) + ahead))]


def best(tallies: Mapping[int, Tally]) -> str:
    """`step 120 (👍 3 👎 1)`; empty without a vote, a word on it where no step has more for than against it."""
    found = best_step(tallies.items())
    if found:
        close = "" if clear(tallies.items()) else ", too close to call"
        return f"{at(found[0])} ({words.tally(found[1])}){close}"
    total = sum(tallies.values(), Tally())
    return f"no step is ahead ({words.tally(total)})" if total.votes else ""


def at(at_step: int) -> str:
    """A step by name: the base model answers before the first."""
    return f"step {at_step}" if at_step > 0 else "before training"


def starter(run: Run) -> Pair:
    """Who started it and when; the service does not say who, where that was elsewhere."""
    if run.origin is not Origin.CHAT:
        return ("Started", line("outside chat, ", When(run.requested_at)))
    return ("Started by", line(Name(run.starter), ", ", When(run.requested_at)))


def doing(run: Run) -> list[Pair]:
    """What its starter said of it, and which run it does again."""
    note = [("Note", line(one_line(run.note)))] if run.note else []
    return [*note, *([("Again from", line(f"#{run.parent}"))] if run.parent is not None else [])]


def job(run: Run) -> list[Pair]:
    return [("Job", line(Code(run.job_id)))] if run.job_id else []


def artifacts(run: Run) -> list[Pair]:
    return [("Result", line(count(run.artifacts, "artifact")))] if run.artifacts is not None else []


def cause(error: str, limit: int = 200) -> str:
    """What went wrong, on one line. A Python traceback says it at its end."""
    rows = [row for row in error.splitlines() if row.strip()]
    if rows and rows[0].startswith("Traceback (most recent call last)"):
        return one_line(rows[-1], limit)
    return one_line(error, limit)


def data(recipe: Recipe) -> str:
    """The data set's name. Of an address only the end of its path: what follows may be a signature."""
    if "url" in recipe.dataset:
        return one_line(_file(recipe.dataset["url"]), 80)
    named = (recipe.dataset.get(key, "") for key in ("name", "subset", "split"))
    return one_line(" ".join(part for part in named if part), 120)


def _file(url: str) -> str:
    try:
        parts = urlsplit(url)
        return parts.path.rstrip("/").rpartition("/")[2] or parts.hostname or "an address"
    except ValueError:
        return "an address"


def settings(recipe: Recipe) -> list[str]:
    """All settings as `key=value`, in the recipe's order."""
    return [f"{key}={words.setting(value)}" for key, value in {**recipe.settings, **recipe.extra}.items()]


def cost(run: Run, now: datetime) -> str:
    """The price estimate in the recipe's own currency, or empty."""
    hourly = run.recipe.price_per_hour
    if hourly is None:
        return ""
    if not trained(run):
        return f"{hourly:.2f} an hour"
    spent = run.duration(now).total_seconds() / 3600 * hourly
    return f"cost about {spent:.2f}{'' if run.state.final else ' so far'}, at {hourly:.2f} an hour"


def small_print(run: Run, now: datetime) -> tuple[Aside, ...]:
    """Description, model, data and price, between dots."""
    recipe = run.recipe
    parts = (
        recipe.description,
        f"model {recipe.model}" if recipe.model else "",
        f"data {data(recipe)}" if data(recipe) else "",
        cost(run, now),
    )
    said = " · ".join(part for part in parts if part)
    return (Aside(line(said)),) if said else ()
