"""Who follows what, and which places want to hear nothing for a while."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from bot.domain.follows import Everything, Follow, Mute, Named, OneRun, StartedBy, Subject, Wants
from bot.domain.places import Person, Place
from bot.domain.runs import Origin, Run
from bot.store.database import Query

_SELECT = (
    "SELECT f.*, p.name AS set_by_name, w.name AS person_name FROM follows f "
    "JOIN people p ON p.id = f.set_by LEFT JOIN people w ON w.id = f.person "
)

# The same as `Follow.fits`, for follows of more than one run; of several runs it may give one that fits none of them.
_FITTING = (
    "f.after < :newest "
    "AND (f.person IS NULL OR f.person IN (SELECT value FROM json_each(:starters))) "
    "AND (NOT :hidden OR f.place IN (SELECT value FROM json_each(:homes)) "
    "OR (f.alone AND f.set_by IN (SELECT value FROM json_each(:starters))))"
)
_GLOB = "replace(f.pattern, '[', '[[]')"
_ONE_NAME = f"(f.pattern IS NULL OR :name GLOB {_GLOB})"
_NAMES = "(f.pattern IS NULL OR f.pattern IN (SELECT pattern FROM patterns))"
_PATTERNS = (
    "WITH names AS MATERIALIZED (SELECT value FROM json_each(:names)), globs AS MATERIALIZED ("
    f"SELECT DISTINCT f.pattern, {_GLOB} AS glob FROM follows f WHERE f.ended_at IS NULL AND f.run IS NULL), "
    "patterns AS MATERIALIZED ("
    "SELECT pattern FROM globs g WHERE EXISTS (SELECT 1 FROM names n WHERE n.value GLOB g.glob)) "
)


def add(connection: sqlite3.Connection, follow: Follow) -> int:
    """Begins a follow and gives its number. Its persons must have been seen."""
    run, pattern, person = _columns(follow.subject)
    done = connection.execute(
        "INSERT INTO follows (place, run, pattern, person, after, home, alone, private, wants, set_by, set_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            str(follow.place),
            run,
            pattern,
            person,
            follow.after,
            int(follow.home),
            int(follow.alone),
            int(follow.private),
            json.dumps(follow.wants.as_dict()),
            follow.set_by.key,
            follow.set_at.timestamp(),
        ),
    )
    return int(done.lastrowid or 0)


def change(connection: sqlite3.Connection, number: int, wants: Wants, set_by: Person) -> None:
    """What a follow asks for from now on, and whose it is."""
    connection.execute(
        "UPDATE follows SET wants = ?, set_by = ? WHERE id = ?", (json.dumps(wants.as_dict()), set_by.key, number)
    )


def end(connection: sqlite3.Connection, number: int, at: datetime) -> bool:
    """Ends a follow; False where it had ended before."""
    done = connection.execute(
        "UPDATE follows SET ended_at = ? WHERE id = ? AND ended_at IS NULL", (at.timestamp(), number)
    )
    return done.rowcount > 0


def of_run(run: Run) -> Query[list[Follow]]:
    """The follows that fit a run and have not ended, the oldest first."""
    return of_runs([run])


def of_runs(runs: Sequence[Run], place: Place | None = None) -> Query[list[Follow]]:
    """The follows that fit one of the runs and have not ended, the oldest first; `place`: only those of this place.

    There may be thousands that fit none: only rows that fit are decoded."""
    later = [run for run in runs if run.origin is not Origin.HISTORY]
    names = sorted({run.name.lower() for run in later})
    here = "f.ended_at IS NULL" + (" AND f.place = :place" if place else "")
    several = len(names) > 1
    return Query(
        f"{_PATTERNS if several else ''}{_SELECT} WHERE f.id IN ("
        f"SELECT f.id FROM follows f WHERE {here} AND f.run IN (SELECT value FROM json_each(:numbers)) UNION ALL "
        f"SELECT f.id FROM follows f WHERE {here} AND f.run IS NULL AND {_FITTING} "
        f"AND {_NAMES if several else _ONE_NAME}) ORDER BY f.id",
        {
            "place": str(place),
            "numbers": json.dumps([run.number for run in runs]),
            "name": names[0] if names else "",
            "names": json.dumps(names),
            "newest": max((run.number for run in later), default=0),
            "starters": json.dumps(list({run.starter.key for run in later})),
            "homes": json.dumps(list({str(run.home) for run in later})),
            "hidden": all(run.private for run in later),
        },
        lambda rows: [follow for follow in map(_follow, rows) if any(follow.fits(run) for run in runs)],
    )


def of_place(place: Place) -> Query[list[Follow]]:
    """The follows of a place that have not ended, the oldest first; those of one run as long as it goes on."""
    return Query(
        _SELECT + "WHERE f.ended_at IS NULL AND f.place = ? AND (f.run IS NULL OR EXISTS "
        "(SELECT 1 FROM runs r WHERE r.number = f.run AND r.ended_at IS NULL)) ORDER BY f.id",
        (str(place),),
        lambda rows: [_follow(row) for row in rows],
    )


def of_everything() -> Query[list[Follow]]:
    """The follows of every run, the oldest first."""
    return Query(
        _SELECT + "WHERE f.ended_at IS NULL AND f.run IS NULL AND f.pattern IS NULL AND f.person IS NULL ORDER BY f.id",
        (),
        lambda rows: [_follow(row) for row in rows],
    )


def get(number: int) -> Query[Follow | None]:
    """One follow that has not ended."""
    return Query(
        _SELECT + "WHERE f.id = ? AND f.ended_at IS NULL",
        (number,),
        _first,
    )


def ever(number: int) -> Query[Follow | None]:
    """One follow, also when it has ended."""
    return Query(_SELECT + "WHERE f.id = ?", (number,), _first)


def same(place: Place, subject: Subject) -> Query[Follow | None]:
    """The follow of exactly this in a place; one of one run also when that is over."""
    return Query(
        _SELECT + "WHERE f.ended_at IS NULL AND f.place = ? AND f.run IS ? AND f.pattern IS ? AND f.person IS ? "
        "ORDER BY f.home DESC, f.id LIMIT 1",
        (str(place), *_columns(subject)),
        _first,
    )


def mute(connection: sqlite3.Connection, place: Place, new: Mute, at: datetime) -> None:
    """A place hears nothing for a while; its person must have been seen. In the place of an earlier one."""
    until = new.until.timestamp() if new.until else None
    connection.execute(
        "INSERT INTO mutes VALUES (?, ?, ?, ?, ?) ON CONFLICT (place, run) DO UPDATE SET "
        "until = excluded.until, set_by = excluded.set_by, set_at = excluded.set_at",
        (str(place), new.run, until, new.by.key, at.timestamp()),
    )


def unmute(connection: sqlite3.Connection, place: Place, run: int) -> bool:
    """Ends a mute; False where there was none."""
    done = connection.execute("DELETE FROM mutes WHERE place = ? AND run = ?", (str(place), run))
    return done.rowcount > 0


def mutes(place: Place, now: datetime) -> Query[list[Mute]]:
    """What a place has muted now, the whole place first."""
    return Query(
        "SELECT m.*, p.name FROM mutes m JOIN people p ON p.id = m.set_by "
        "WHERE m.place = ? AND (m.until IS NULL OR m.until > ?) ORDER BY m.run",
        (str(place), now.timestamp()),
        lambda rows: [
            Mute(
                row["run"],
                datetime.fromtimestamp(row["until"], UTC) if row["until"] is not None else None,
                Person.parse(row["set_by"], row["name"]),
            )
            for row in rows
        ],
    )


def silent(connection: sqlite3.Connection, run: int, places: Iterable[Place], now: datetime) -> set[Place]:
    """Those of the places that hear nothing of this run now."""
    rows = connection.execute(
        "SELECT place FROM mutes WHERE run IN (0, ?) AND (until IS NULL OR until > ?)", (run, now.timestamp())
    ).fetchall()
    muted = {row["place"] for row in rows}
    return {place for place in places if str(place) in muted}


def _columns(subject: Subject) -> tuple[int | None, str | None, str | None]:
    return (
        subject.number if isinstance(subject, OneRun) else None,
        subject.pattern if isinstance(subject, Named) else None,
        subject.person.key if isinstance(subject, StartedBy) else None,
    )


def _first(rows: list[sqlite3.Row]) -> Follow | None:
    return _follow(rows[0]) if rows else None


def _follow(row: sqlite3.Row) -> Follow:
    return Follow(
        Place.parse(row["place"]),
        _subject(row),
        _wants(row["wants"]),
        Person.parse(row["set_by"], row["set_by_name"]),
        datetime.fromtimestamp(row["set_at"], UTC),
        row["id"],
        row["after"],
        bool(row["alone"]),
        bool(row["home"]),
        bool(row["private"]),
    )


@lru_cache(maxsize=256)
def _wants(text: str) -> Wants:
    """One object a text: most follows want the same."""
    return Wants(**json.loads(text))


def _subject(row: sqlite3.Row) -> Subject:
    if row["run"] is not None:
        return OneRun(row["run"])
    if row["pattern"] is not None:
        return Named(row["pattern"])
    if row["person"] is not None:
        return StartedBy(Person.parse(row["person"], row["person_name"] or ""))
    return Everything()
