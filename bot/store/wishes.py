"""A place wants something else than before: the follow, what that causes and what waits for nobody commit together.

Called by the commands about follows, within their write. What a follow causes when something happens is in `ingest`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from bot.domain import fanout
from bot.domain.follows import Follow, Follower, OneRun, Wants, follower
from bot.domain.places import Person
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
    before = {one.number: one for one in follows.of_runs(about, place).on(connection)}
    done = write()
    after = {one.number: one for one in follows.of_runs(about, place).on(connection)}
    same = [one for one in before.values() if after.get(one.number) == one]
    old = [one for one in before.values() if after.get(one.number) != one]
    new = [one for one in after.values() if before.get(one.number) != one]
    for run in about:
        rest = [one for one in same if one.fits(run)]
        had = _follower(connection, run, [*rest, *(one for one in old if one.fits(run))], now)
        has = _follower(connection, run, [*rest, *(one for one in new if one.fits(run))], now)
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


def _follower(connection: sqlite3.Connection, run: Run, here: Sequence[Follow], now: datetime) -> Follower | None:
    """The place of these follows as a follower of the run."""
    return ingest.heard(connection, run, [follower(here[0].place, here)], now)[0] if here else None
