"""Takes one event of a run in: the run, its numbers, its cursor and what follows commit together, before anything
is sent. Everything that happens to a run comes through here, from the stream as from the commands.
"""

import sqlite3
from dataclasses import replace
from datetime import datetime

from bot.domain import decide
from bot.domain.events import Event, Logged
from bot.domain.follows import Follower, followers
from bot.domain.runs import Run
from bot.store import follows, outbox, runs


def take(
    connection: sqlite3.Connection, number: int, event: Event | None, now: datetime, *, cursor: str | None = None
) -> Run | None:
    """The run after the event; None where there is no such run. Without an event only the cursor moves."""
    run = runs.get(number).on(connection)
    if run is None:
        return None
    after, notices = decide.apply(run, event) if event is not None else (run, ())
    if isinstance(event, Logged) and not run.state.final:
        runs.record(connection, number, event.step, event.numbers)
    if cursor is not None:
        after = replace(after, cursor=cursor)
    if after != run:
        runs.save(connection, after)
    if notices:
        outbox.add(connection, decide.fan_out(after, notices, following(connection, number)), now)
    return after


def following(connection: sqlite3.Connection, number: int) -> tuple[Follower, ...]:
    """Who follows the run now, one a place."""
    return followers(follows.of_run(number).on(connection))
