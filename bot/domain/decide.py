"""How a run changes by an event, and what is new about that. What follows from it for whom is in `fanout`.

    requested -> queued -> running -> completed | failed | cancelled | stopped
    requested -> refused | cancelled

Novelty is decided by content, before anybody is told: a lifecycle event by its type, a checkpoint by its step, a
log line by a rise of the run's highest step. So a service that replays everything causes nothing, whatever ids
it uses. Numbers are no news: a later number that is not null always wins. A final run accepts no event.

`apply` has no clock and no I/O: the time is the event's own, the order is the caller's.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from bot.domain import schedule
from bot.domain.events import (
    CancelAsked,
    CancelRefused,
    CheckpointSaved,
    ContactLost,
    ContactRegained,
    Event,
    FellSilent,
    JobCreated,
    JobRefused,
    Logged,
    QueueMoved,
    TrainingCancelled,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from bot.domain.runs import BASE_STEP, Condition, Origin, Run, State
from bot.domain.text import clean, cut

ERROR_LIMIT = 20_000  # characters of a failure text that are kept


@dataclass(frozen=True, slots=True)
class CardChanged:
    """The card would look different now. `soon`: people wait for it."""

    soon: bool = False


@dataclass(frozen=True, slots=True)
class SamplesWanted:
    """The checkpoint at this step is to be asked the run's prompts."""

    step: int


@dataclass(frozen=True, slots=True)
class Progressed:
    """The highest step rose from `before` to `step`."""

    before: int
    step: int


@dataclass(frozen=True, slots=True)
class PromptsMissing:
    """There is a checkpoint, and nothing to ask it."""


@dataclass(frozen=True, slots=True)
class StopWanted:
    """The job is to be cancelled on the service."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over."""


Notice = CardChanged | SamplesWanted | PromptsMissing | Progressed | StopWanted | Ended
Decision = tuple[Run, tuple[Notice, ...]]
SOON = CardChanged(soon=True)


def apply(run: Run, event: Event) -> Decision:
    """The run after the event, and what is new about that. An event that changes nothing gives no notice."""
    if run.state.final:
        return _too_late(run, event)
    match event:
        case JobCreated():
            return _created(run, event)
        case JobRefused():
            return _refused(run, event)
        case QueueMoved():
            return _queue_moved(run, event)
        case TrainingStarted():
            return _started(run, event)
        case Logged():
            return _logged(run, event)
        case CheckpointSaved():
            return _checkpoint(run, event)
        case TrainingCompleted():
            return _completed(run, event)
        case TrainingFailed():
            step = max(run.step, event.step or 0)
            return _end(replace(run, step=step, log_tail=event.log_tail), State.FAILED, event.at, error=event.error)
        case TrainingCancelled():
            return _end(run, State.CANCELLED, event.at)
        case CancelAsked():
            return _cancel_asked(run, event)
        case CancelRefused():
            return (replace(run, cancel_by=None), (SOON,)) if run.cancel_by else (run, ())
        case FellSilent():
            return _odd(run, Condition.SILENT)
        case ContactLost():
            return _odd(run, Condition.LOST_CONTACT)
        case ContactRegained():
            return _regained(run)
        case _:
            assert_never(event)


def _too_late(run: Run, event: Event) -> Decision:
    """A final run accepts nothing, but a job that was created for it all the same must not train unseen."""
    if isinstance(event, JobCreated) and run.job_id is None:
        return replace(run, job_id=event.job_id), (StopWanted(),)
    return run, ()


def _created(run: Run, event: JobCreated) -> Decision:
    if run.job_id is not None:
        return run, ()
    state = State.QUEUED if run.state is State.REQUESTED else run.state
    stop: tuple[Notice, ...] = (StopWanted(),) if run.cancel_by else ()
    return replace(_heard(run, event.at), job_id=event.job_id, state=state), (SOON, *stop)


def _refused(run: Run, event: JobRefused) -> Decision:
    if run.job_id is not None:  # the job exists: an earlier attempt had arrived
        return run, ()
    return _end(run, State.REFUSED, event.at, error=event.reason)


def _queue_moved(run: Run, event: QueueMoved) -> Decision:
    if run.state is not State.QUEUED or run.queue_position == event.position:
        return run, ()
    return replace(_heard(run, event.at), queue_position=event.position), (CardChanged(),)


def _started(run: Run, event: TrainingStarted) -> Decision:
    if run.started_at is not None:
        return run, ()
    planned = run.recipe.settings.get("max_steps")
    total = event.total_steps or (int(planned) if planned else None)
    run = _heard(_running(run, event.at), event.at)
    base: tuple[Notice, ...] = ()
    if run.recipe.samples.checkpoints > 0 and run.recipe.model:  # nobody said which model others began with
        base = (SamplesWanted(BASE_STEP),)
    return replace(run, started_at=event.at, total_steps=total), (SOON, *base)


def _running(run: Run, at: datetime) -> Run:
    """The run as running, also when the service forgot to say that it began."""
    return replace(run, state=State.RUNNING, queue_position=None, heard_at=at)


def _heard(run: Run, at: datetime) -> Run:
    return replace(run, heard_at=at, condition=None)


def _logged(run: Run, event: Logged) -> Decision:
    numbers = run.numbers.updated(event.numbers) if event.step >= run.step else run.numbers
    news = event.step > run.step or numbers != run.numbers or run.state is not State.RUNNING
    if not news:
        return run, ()
    after = _heard(_running(run, event.at), event.at)
    after = replace(after, step=max(run.step, event.step), numbers=numbers)
    return after, (_card(run), *_rise(run, event.step))


def _card(run: Run) -> CardChanged:
    """The card of a run that was heard; people wait for the word that it began."""
    return CardChanged(soon=run.state is not State.RUNNING)


def _rise(run: Run, step: int) -> tuple[Notice, ...]:
    """A checkpoint may come before the log line of its step, so both tell of a rise."""
    return (Progressed(run.step, step),) if step > run.step else ()


def _checkpoint(run: Run, event: CheckpointSaved) -> Decision:
    if event.step in run.checkpoints or event.step <= BASE_STEP:
        return run, ()
    after = _heard(_running(run, event.at), event.at)
    after = replace(after, step=max(run.step, event.step), checkpoints=tuple(sorted((*run.checkpoints, event.step))))
    notices: tuple[Notice, ...] = (_card(run), *_rise(run, event.step))
    if run.origin is not Origin.CHAT and not run.recipe.prompts and not run.checkpoints:
        notices = (*notices, PromptsMissing())
    if not schedule.wanted(event.step, run.sampled, run.recipe, run.total_steps):
        return after, notices
    return replace(after, sampled=tuple(sorted((*run.sampled, event.step)))), (*notices, SamplesWanted(event.step))


def _completed(run: Run, event: TrainingCompleted) -> Decision:
    last = run.checkpoints[-1] if run.checkpoints else None
    missing: tuple[Notice, ...] = ()
    if last is not None and last not in run.sampled and run.recipe.samples.checkpoints > 0:
        run = replace(run, sampled=tuple(sorted((*run.sampled, last))))
        missing = (SamplesWanted(last),)
    after, notices = _end(replace(run, artifacts=event.artifacts), State.COMPLETED, event.at)
    return after, (*missing, *notices)


def _cancel_asked(run: Run, event: CancelAsked) -> Decision:
    if run.cancel_by is not None:
        return run, ()
    stop: tuple[Notice, ...] = (StopWanted(),) if run.job_id else ()
    return replace(run, cancel_by=event.by), (SOON, *stop)


def _odd(run: Run, condition: Condition) -> Decision:
    if run.condition is condition:
        return run, ()
    return replace(run, condition=condition), (CardChanged(),)


def _regained(run: Run) -> Decision:
    if run.condition is not Condition.LOST_CONTACT:
        return run, ()
    return replace(run, condition=None), (CardChanged(),)


def _end(run: Run, state: State, at: datetime, *, error: str | None = None) -> Decision:
    text = cut(clean(error), ERROR_LIMIT) if error is not None else None
    after = replace(run, state=state, ended_at=at, heard_at=at, error=text, condition=None, queue_position=None)
    return after, (SOON, Ended())
