"""A place wants something else than before: the follow, what that causes and what waits for nobody commit together.

Called by the commands about follows, within their write. What a follow causes when something happens is in `ingest`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from bot.domain import fanout
from bot.domain.follows import Follow, Follower, OneRun, Wants, followers
from bot.domain.places import Person, Place
from bot.domain.runs import Run
from bot.store import follows, ingest, outbox, runs, unwanted

T = TypeVar("T")


def begin(connection: sqlite3.Connection, follow: Follow, now: datetime) -> int:
    """A new follow from the next run on; of one run from now on. Gives its number."""
    new = replace(follow, after=runs.newest_number(connection))
    return _settled(connection, new, now, lambda: follows.add(connection, new))


def change(connection: sqlite3.Connection, follow: Follow, wants: Wants, by: Person, now: datetime) -> None:
    """A follow asks for something else. Who asks to be told alone becomes its person."""
    set_by = by if wants.success == "direct" != follow.wants.success else follow.set_by
    _settled(connection, follow, now, lambda: follows.change(connection, follow.number, wants, set_by))


def end(connection: sqlite3.Connection, follow: Follow, now: datetime) -> None:
    """A follow is over; what it was told stays."""
    _settled(connection, follow, now, lambda: follows.end(connection, follow.number, now))


def _settled(connection: sqlite3.Connection, follow: Follow, now: datetime, write: Callable[[], T]) -> T:
    """Writes, and does for every run that this is about what follows from it."""
    place = follow.place
    about = _concerned(connection, follow)
    before = follows.of_runs(about, place).on(connection)
    done = write()
    changed = [one for one in follows.of_runs(about, place).on(connection) if one not in before]
    for run in about:
        had, has = before.get(run.number), after.get(run.number)
        ended = unwanted.withdraw_end(connection, run.number, place)
        unwanted.drop(connection, run.number, place, has.wants if has else None)
        outbox.add(connection, fanout.rewished(run, place, had, has), now)
        if ended and has is not None:
            outbox.add(connection, fanout.concluded(run, [has]), now)
    return done


def _concerned(connection: sqlite3.Connection, follow: Follow) -> list[Run]:
    """The runs that fit the follow and may still say something here: those that go on, and those of which something
    waits. The cards of all others stay as they are, however many there are."""
    if isinstance(follow.subject, OneRun):
        run = runs.get(follow.subject.number).on(connection)
        return [run] if run else []
    rows = connection.execute(
        "SELECT DISTINCT run FROM outbox WHERE place = ? AND state = 'waiting'", (str(follow.place),)
    ).fetchall()
    found = {run.number: run for run in runs.live().on(connection)}
    for row in rows:
        run = None if row["run"] in found else runs.get(row["run"]).on(connection)
        if run is not None:
            found[run.number] = run
    return [run for number, run in sorted(found.items()) if follow.fits(run)]


def _followers(
    connection: sqlite3.Connection, about: Sequence[Run], place: Place, now: datetime
) -> dict[int, Follower]:
    """The place as a follower of each of the runs that it follows, by number."""
    here = follows.of_runs(about, place).on(connection)
    found: dict[int, Follower] = {}
    for run in about:
        for one in ingest.heard(connection, run, followers(one for one in here if one.fits(run)), now):
            found[run.number] = one
    return found
