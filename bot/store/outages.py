"""Times in which the training service was away: one notice a place, however many runs it concerns.

An outage begins when the last live run is out of contact, and ends when the first is heard again. One that begins soon
after another is the same one, whose notice is edited.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.effects import EditOutage, Effect, PostOutage
from bot.domain.places import Place
from bot.domain.runs import Condition, State
from bot.store.database import Query

SAME = timedelta(minutes=10)  # between two outages that are told as one
_LIVE = f"state NOT IN ({', '.join(repr(state.value) for state in State if state.final)})"


@dataclass(frozen=True, slots=True)
class Outage:
    """`ended_at` None: it goes on."""

    number: int
    began_at: datetime
    ended_at: datetime | None


def get(number: int) -> Query[Outage | None]:
    return Query("SELECT * FROM outages WHERE id = ?", (number,), lambda rows: _outage(rows[0]) if rows else None)


def all_lost(connection: sqlite3.Connection) -> bool:
    """Whether every live run is out of contact."""
    heard = connection.execute(
        f"SELECT 1 FROM runs WHERE {_LIVE} AND condition IS NOT ? LIMIT 1", (Condition.LOST_CONTACT.value,)
    ).fetchone()
    return heard is None


def begin(connection: sqlite3.Connection, run: int, places: Iterable[Place], now: datetime) -> list[Effect]:
    """The last run that was in contact has lost it: these places are told that the service is away."""
    row = connection.execute("SELECT * FROM outages ORDER BY id DESC LIMIT 1").fetchone()
    edits: list[Effect] = []
    if row is not None and row["ended_at"] is None:
        number = row["id"]
    elif row is not None and _is_same(connection, row, now):
        number = row["id"]
        connection.execute("UPDATE outages SET ended_at = NULL WHERE id = ?", (number,))
        edits = [EditOutage(told, place, number) for place, told in _told(connection, number)]
    else:
        made = connection.execute("INSERT INTO outages (began_at) VALUES (?)", (now.timestamp(),))
        number = int(made.lastrowid or 0)
    return [*(PostOutage(run, place, number) for place in places), *edits]


def _is_same(connection: sqlite3.Connection, row: sqlite3.Row, now: datetime) -> bool:
    """Whether an outage that ended goes on: it ended just now, and its notices are there to be edited."""
    if not 0 <= now.timestamp() - row["ended_at"] < SAME.total_seconds():
        return False
    missing = connection.execute(
        "SELECT 1 FROM outbox o WHERE o.once >= ? AND o.once < ? "
        "AND o.state != 'waiting' AND NOT EXISTS (SELECT 1 FROM posts p WHERE p.key = o.once) LIMIT 1",
        (f"outage:{row['id']}:", f"outage:{row['id']};"),
    ).fetchone()
    return missing is None


def end(connection: sqlite3.Connection, now: datetime) -> list[Effect]:
    """The service was heard: the notices of the outage that goes on say so."""
    row = connection.execute("SELECT id FROM outages WHERE ended_at IS NULL").fetchone()
    if row is None:
        return []
    connection.execute("UPDATE outages SET ended_at = ? WHERE id = ?", (now.timestamp(), row["id"]))
    return [EditOutage(run, place, row["id"]) for place, run in _told(connection, row["id"])]


def left_open() -> Query[bool]:
    """Whether an outage goes on though no live run is out of contact: none is left that could end it."""
    return Query(
        f"SELECT 1 FROM outages WHERE ended_at IS NULL "
        f"AND NOT EXISTS (SELECT 1 FROM runs WHERE {_LIVE} AND condition = ?)",
        (Condition.LOST_CONTACT.value,),
        bool,
    )


def answered(connection: sqlite3.Connection, now: datetime) -> list[Effect]:
    """The service answered a question that is about no run: that ends an outage which is left open."""
    return end(connection, now) if left_open().on(connection) else []


def _told(connection: sqlite3.Connection, number: int) -> list[tuple[Place, int]]:
    """The places that were told of an outage, each with the run that its notice hangs on."""
    rows = connection.execute(
        "SELECT place, min(run) AS run FROM outbox WHERE once >= ? AND once < ? GROUP BY place",
        (f"outage:{number}:", f"outage:{number};"),
    ).fetchall()
    return [(Place.parse(row["place"]), row["run"]) for row in rows]


def _outage(row: sqlite3.Row) -> Outage:
    ended = row["ended_at"]
    return Outage(
        row["id"],
        datetime.fromtimestamp(row["began_at"], UTC),
        datetime.fromtimestamp(ended, UTC) if ended is not None else None,
    )
