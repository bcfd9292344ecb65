"""Takes one event of a run in: the run, its numbers, its cursor and what follows commit together, before anything
is sent. Everything that happens to a run comes through here, from the stream as from the commands.
"""

import sqlite3
from dataclasses import replace
from datetime import datetime

from bot.domain import decide, fanout
from bot.domain.effects import Effect
from bot.domain.events import ContactLost, ContactRegained, Event, JobCreated, Logged
from bot.domain.follows import Follow, Follower, Wants, followers
from bot.domain.places import Place
from bot.domain.runs import Run, State
from bot.store import failures, follows, outages, outbox, runs


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
        everyone = following(connection, after, now)
        effects = fanout.fan_out(after, notices, everyone)
        if after.state is State.FAILED:
            failures.tell(connection, number, effects, now)
        outbox.add(connection, [*effects, *_of_the_service(connection, run, after, event, now)], now)
    return after


def begin(connection: sqlite3.Connection, run: Run, wants: Wants | None, now: datetime, *, alone: bool) -> None:
    """A new run, stored just now: its home follows it, where it wants anything, and whoever follows it gets its card.
    `alone`: its home is a conversation of its starter with the bot."""
    if wants is not None:
        follows.add(connection, Follow.of_home(run, wants, alone=alone))
    outbox.add(connection, fanout.opening(run, following(connection, run, now)), now)


def following(connection: sqlite3.Connection, run: Run, now: datetime) -> tuple[Follower, ...]:
    """Who follows the run now, one a place, with what each has heard of lately."""
    found = followers(follows.of_run(run).on(connection))
    muted = follows.silent(connection, run.number, [one.place for one in found], now)
    failed = run.state is State.FAILED
    return tuple(
        replace(
            one,
            muted=one.place in muted,
            burst=failures.burst(connection, one.place, now) if failed else one.burst,
        )
        for one in found
    )


def _of_the_service(
    connection: sqlite3.Connection, before: Run, after: Run, event: Event | None, now: datetime
) -> list[Effect]:
    """A run that is lost, or heard again, may say that about the service as a whole."""
    if isinstance(event, JobCreated | ContactRegained):
        return outages.end(connection, now)
    if isinstance(event, ContactLost) and after.condition is not before.condition:
        return outages.begin(connection, after.number, _places(connection, now), now)
    return []


def _places(connection: sqlite3.Connection, now: datetime) -> list[Place]:
    """Every place that has the card of a live run and may be told something."""
    everyone = [one for run in runs.live().on(connection) for one in following(connection, run, now)]
    return list(dict.fromkeys(one.place for one in everyone if one.wants.card and not one.muted))
