"""Runs that were over before anybody here looked: what their streams tell is taken in once, and told to nobody.

Such a run is final from the start, by what the list of jobs said of it. As long as nobody has listened to its stream
to the end, `heard_at` is None. To take the same events in once more is harmless, so no cursor is kept.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from bot.domain import decide
from bot.domain.events import Logged, StreamEvent
from bot.domain.recipes import Recipe
from bot.domain.runs import Origin, Run, State
from bot.store import runs
from bot.store.database import Query


def unheard() -> Query[list[int]]:
    """The numbers of the runs that nobody has listened to, the newest first."""
    return Query(
        "SELECT number FROM runs WHERE origin = ? AND heard_at IS NULL ORDER BY number DESC",
        (Origin.HISTORY.value,),
        lambda rows: [row["number"] for row in rows],
    )


def replay(connection: sqlite3.Connection, number: int, events: Sequence[StreamEvent]) -> None:
    """Takes in what the stream tells: numbers, checkpoints, how it ended. Nothing follows from it."""
    run = _waiting(connection, number)
    if run is None:
        return
    told = replace(run, state=State.QUEUED, started_at=None, ended_at=None)
    for event in events:
        if told.state.final:
            break
        if isinstance(event, Logged):
            runs.record(connection, number, event.step, event.numbers)
        told, _ = decide.apply(told, event)
    runs.save(connection, _as_it_was(run, told))


def _as_it_was(run: Run, told: Run) -> Run:
    """What the stream told, and where it did not tell the end, the end that the list told. Nothing was sampled."""
    started = told.started_at or run.started_at
    if told.state.final:
        return replace(told, started_at=started, heard_at=None, sampled=())
    ends = [at for at in (run.ended_at, told.heard_at) if at is not None]
    return replace(
        told, state=run.state, error=run.error, started_at=started, ended_at=max(ends), heard_at=None, sampled=()
    )


def close(connection: sqlite3.Connection, number: int, recipe: Recipe | None) -> None:
    """Everything that can be known of the run is known; `recipe` where only the job itself told it."""
    run = _waiting(connection, number)
    if run is not None:
        runs.save(connection, replace(run, heard_at=run.ended_at, recipe=recipe or run.recipe))


def _waiting(connection: sqlite3.Connection, number: int) -> Run | None:
    run = runs.get(number).on(connection)
    return run if run is not None and run.origin is Origin.HISTORY and run.heard_at is None else None
