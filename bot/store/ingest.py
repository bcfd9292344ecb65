"""Takes one event of a run in: the run, its numbers, its cursor and what follows commit together, before anything
is sent. Everything that happens to a run comes through here, from the stream as from the commands.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import decide, fanout
from bot.domain.effects import Effect
from bot.domain.events import ContactLost, ContactRegained, Event, JobCreated, Logged
from bot.domain.follows import Follow, Follower, Wants, followers
from bot.domain.places import Place
from bot.domain.runs import Run, State
from bot.store import failures, follows, outages, outbox, runs

GRACE = timedelta(seconds=65)  # that a start may take until the service counts as away


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
    effects = fanout.fan_out(after, notices, following(connection, after, now)) if notices else []
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
    return heard(connection, run, followers(follows.of_run(run).on(connection)), now)


def heard(
    connection: sqlite3.Connection, run: Run, everyone: Sequence[Follower], now: datetime
) -> tuple[Follower, ...]:
    """The followers of the run with what each has heard of lately."""
    muted = follows.silent(connection, run.number, [one.place for one in everyone], now)
    failed = run.state is State.FAILED
    return tuple(
        replace(
            one,
            muted=one.place in muted,
            burst=failures.burst(connection, one.place, now) if failed else one.burst,
        )
        for one in everyone
    )


def _of_the_service(
    connection: sqlite3.Connection, before: Run, after: Run, event: Event | None, now: datetime
) -> list[Effect]:
    """A run that is lost, or heard again, may say that about the service as a whole."""
    if isinstance(event, JobCreated | ContactRegained):
        return outages.end(connection, now)
    if not isinstance(event, ContactLost) or event.answered or after.state.final:
        return []
    # A start that cannot be made at once may be asked to wait a moment; a stream has been tried for long.
    asked_for = now - after.requested_at
    lasting = after.condition is not before.condition if after.job_id else asked_for > GRACE
    if not lasting or not outages.all_lost(connection):
        return []
    return outages.begin(connection, after.number, _places(connection, now), now)


def _places(connection: sqlite3.Connection, now: datetime) -> list[Place]:
    """Every place that has the card of a live run and may be told something. Each is looked at until one is found."""
    live = runs.live().on(connection)
    wishes: dict[Place, list[Follow]] = {}
    for follow in follows.of_runs(live).on(connection):
        wishes.setdefault(follow.place, []).append(follow)
    muted = {run.number: follows.silent(connection, run.number, wishes, now) for run in live}

    def told(place: Place, run: Run) -> bool:
        fitting = followers(one for one in wishes[place] if one.fits(run))
        return any(one.wants.card for one in fitting) and place not in muted[run.number]

    return [place for place in wishes if any(told(place, run) for run in live)]
