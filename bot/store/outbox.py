"""The table of effects: everything that is still to be done to the outside world, and what was done once.

A row is next when it is the oldest waiting one of its lane. A row that is next, due and free to go when it is
written is written already marked as tried: that costs a look ("did it arrive?") after a crash, and saves a commit
for every send. Rows with a `once` key stay when they are done, as the second guard against doing them twice.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain import effects
from bot.domain.effects import Conclude, EditCard, Effect
from bot.domain.places import Place
from bot.store.database import Query

THROTTLE = 3.0  # seconds between two edits of a card
PATIENCE = 120.0  # seconds that a quiet outcome waits for draws
LONGEST_WAIT = 3600.0  # seconds; a due time further off is a clock that stepped back

# The rows whose lane, place and precondition let them go, whatever the time.
_FREE = (
    "o.state = 'waiting' "
    "AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'waiting' AND e.lane = o.lane AND e.id < o.id) "
    "AND NOT EXISTS (SELECT 1 FROM outbox a WHERE a.once = o.after AND a.state = 'waiting') "
    "AND NOT EXISTS (SELECT 1 FROM blocked_places b WHERE b.place = o.place)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One effect that waits. `tried_at`: it may have been sent since; `suspect`: by an attempt that is over."""

    id: int
    effect: Effect
    lane: str
    revision: int
    tried_at: datetime | None
    suspect: bool
    attempts: int
    plain: bool
    created_at: datetime
    due_at: datetime


def add(connection: sqlite3.Connection, new: Iterable[Effect], now: datetime) -> None:
    """Inserts the effects, leaving out those that are known and folding those that can be."""
    at = now.timestamp()
    for effect in new:
        if not _known(connection, effect) and not _fold(connection, effect, at):
            _insert(connection, effect, at)


def _known(connection: sqlite3.Connection, effect: Effect) -> bool:
    """Whether this very effect was inserted before, done or not, or its message is there."""
    if effect.once is None:
        return False
    found = connection.execute(
        "SELECT 1 FROM outbox WHERE once = ?1 UNION ALL SELECT 1 FROM posts WHERE key = ?1", (effect.once,)
    )
    return found.fetchone() is not None


def _fold(connection: sqlite3.Connection, effect: Effect, at: float) -> bool:
    """Puts the effect into a waiting one of the same fold key, which keeps its id and due time."""
    if effect.fold is None:
        return False
    due = at if isinstance(effect, EditCard) and effect.soon else 1e18
    found = connection.execute(
        "UPDATE outbox SET effect = ?, once = ?, revision = revision + 1, due_at = min(due_at, ?) "
        "WHERE id = (SELECT max(id) FROM outbox WHERE fold = ? AND state = 'waiting')",
        (json.dumps(effects.dump(effect)), effect.once, due, effect.fold),
    )
    return found.rowcount > 0


def _insert(connection: sqlite3.Connection, effect: Effect, at: float) -> None:
    place = str(effect.place) if effect.place else None
    connection.execute(
        "INSERT INTO outbox (lane, rank, effect, run, place, once, fold, after, due_at, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            effect.lane,
            int(effect.rank),
            json.dumps(effects.dump(effect)),
            effect.run,
            place,
            effect.once,
            effect.fold,
            effect.after,
            _due(connection, effect, at),
            at,
        ),
    )
    _mark_next(connection, effect.lane, at)


def _due(connection: sqlite3.Connection, effect: Effect, at: float) -> float:
    if isinstance(effect, EditCard) and not effect.soon:
        return at + THROTTLE
    if isinstance(effect, Conclude) and _draws_left(connection, effect.run):
        return at + PATIENCE
    return at


def _draws_left(connection: sqlite3.Connection, run: int) -> bool:
    lane = f"{effects.DrawSample.kind}:{run}"
    return (
        connection.execute("SELECT 1 FROM outbox WHERE lane = ? AND state = 'waiting' LIMIT 1", (lane,)).fetchone()
        is not None
    )


def _mark_next(connection: sqlite3.Connection, lane: str, at: float) -> None:
    """Marks the lane's next row as tried when nothing keeps it from going now."""
    connection.execute(
        "UPDATE outbox AS o SET tried_at = ?1 WHERE o.id = "
        "(SELECT min(id) FROM outbox WHERE lane = ?2 AND state = 'waiting') "
        f"AND o.tried_at IS NULL AND o.due_at <= ?1 AND {_FREE}",
        (at, lane),
    )


def mark(connection: sqlite3.Connection, rows: Iterable[int], now: datetime, suspect: Iterable[int] = ()) -> None:
    """Notes that these rows are about to be tried, and that an attempt of the `suspect` ones may have arrived."""
    at = now.timestamp()
    connection.executemany(
        "UPDATE outbox SET tried_at = coalesce(tried_at, ?) WHERE id = ?", [(at, row) for row in rows]
    )
    connection.executemany("UPDATE outbox SET suspect = 1 WHERE id = ?", [(row,) for row in suspect])


def heads(now: datetime) -> Query[list[Row]]:
    """The rows that are next in their lanes, due and free, the most urgent first.

    No wait is longer than `LONGEST_WAIT`: one that is due later was written before the clock stepped back."""
    at = now.timestamp()
    return Query(
        "SELECT o.* FROM outbox o WHERE o.id IN "
        "(SELECT min(id) FROM outbox WHERE state = 'waiting' GROUP BY lane) "
        f"AND (o.due_at <= ?1 OR o.due_at > ?2) AND {_FREE} ORDER BY o.rank, o.id",
        (at, at + LONGEST_WAIT + 1.0),
        _rows,
    )


def next_due(now: datetime) -> Query[float | None]:
    """Seconds until the next row that is free but not due becomes due; None when there is none."""
    at = now.timestamp()
    return Query(
        f"SELECT min(o.due_at) AS due FROM outbox o WHERE o.due_at > ? AND {_FREE}",
        (at,),
        lambda rows: rows[0]["due"] - at if rows[0]["due"] is not None else None,
    )


def finish(connection: sqlite3.Connection, row: Row, now: datetime) -> None:
    """The row is done. One that took something in while it was being done waits for its next turn instead."""
    _settle(connection, row, "done", None, now.timestamp())


def give_up(connection: sqlite3.Connection, row: Row, reason: str, now: datetime, *, told: bool) -> None:
    """The row keeps its reason and no longer stands in its lane's way: done where people were told, else buried for
    the operator to see. One that took something in while it was being tried has its own turn."""
    _settle(connection, row, "done" if told else "buried", reason, now.timestamp())


def _settle(connection: sqlite3.Connection, row: Row, state: str, error: str | None, at: float) -> None:
    """Ends the row as it was read, and lets go on who waited for that. What is done and may happen again leaves no
    trace."""
    ended = connection.execute(
        "UPDATE outbox SET state = ?, error = ? WHERE id = ? AND revision = ? AND state = 'waiting'",
        (state, error, row.id, row.revision),
    )
    if not ended.rowcount:
        _renew(connection, row, at)
    connection.execute("DELETE FROM outbox WHERE id = ? AND state = 'done' AND once IS NULL", (row.id,))
    _after(connection, row, at)


def _renew(connection: sqlite3.Connection, row: Row, at: float) -> None:
    """What the row took in waits as if it were new."""
    connection.execute(
        "UPDATE outbox SET tried_at = NULL, suspect = 0, attempts = 0, plain = 0, due_at = ? "
        "WHERE id = ? AND state = 'waiting'",
        (at + THROTTLE, row.id),
    )


def _after(connection: sqlite3.Connection, row: Row, at: float) -> None:
    if row.effect.kind == effects.DrawSample.kind and not _draws_left(connection, row.effect.run):
        connection.execute(
            "UPDATE outbox SET due_at = min(due_at, ?) WHERE once = ? AND state = 'waiting'",
            (at, Conclude(row.effect.run).once),
        )
    _mark_next(connection, row.lane, at)


def postpone(
    connection: sqlite3.Connection, row: Row, due: datetime, reason: str, *, arrived: bool, counts: bool
) -> None:
    """The attempt failed: try again at `due`. `arrived`: it may have got through all the same."""
    connection.execute(
        "UPDATE outbox SET due_at = ?, error = ?, attempts = attempts + ?, suspect = suspect OR ?, "
        "tried_at = CASE WHEN suspect OR ? THEN tried_at END WHERE id = ? AND state = 'waiting'",
        (due.timestamp(), reason, int(counts), int(arrived), int(arrived), row.id),
    )


def make_plain(connection: sqlite3.Connection, row: Row, reason: str) -> None:
    """Its content was refused: the next attempt sends the summary alone."""
    connection.execute(
        "UPDATE outbox SET plain = 1, error = ?, tried_at = NULL, suspect = 0 WHERE id = ? AND state = 'waiting'",
        (reason, row.id),
    )


def block(connection: sqlite3.Connection, place: Place, reason: str, now: datetime) -> None:
    """Nothing goes to this place until it is unblocked."""
    connection.execute(
        "INSERT INTO blocked_places VALUES (?, ?, ?) ON CONFLICT (place) DO UPDATE SET reason = excluded.reason",
        (str(place), reason, now.timestamp()),
    )
    connection.execute(
        "UPDATE outbox SET tried_at = NULL WHERE place = ? AND state = 'waiting' AND suspect = 0", (str(place),)
    )


def recover(connection: sqlite3.Connection, now: datetime) -> int:
    """After a start: what was marked may have been sent by the process before; due times are made sane."""
    latest = now.timestamp() + LONGEST_WAIT
    connection.execute("UPDATE outbox SET due_at = ? WHERE state = 'waiting' AND due_at > ?", (latest, latest))
    found = connection.execute("UPDATE outbox SET suspect = 1 WHERE state = 'waiting' AND tried_at IS NOT NULL")
    return found.rowcount


def waiting_samples(run: int, place: Place) -> Query[list[Row]]:
    """The samples that wait for this place, the oldest first."""
    lane = effects.PostSample(run, place, 0, 0).lane
    return Query(
        "SELECT * FROM outbox WHERE lane = ? AND state = 'waiting' AND json_extract(effect, '$.effect') = 'PostSample' "
        "ORDER BY id",
        (lane,),
        _rows,
    )


def merge(connection: sqlite3.Connection, rows: list[Row], effect: Effect, now: datetime) -> None:
    """One effect in the place of several waiting ones of a lane: the first row carries it, the others count as done."""
    connection.execute(
        "UPDATE outbox SET effect = ?, revision = revision + 1, tried_at = NULL WHERE id = ?",
        (json.dumps(effects.dump(effect)), rows[0].id),
    )
    connection.executemany("UPDATE outbox SET state = 'done' WHERE id = ?", [(row.id,) for row in rows[1:]])
    _mark_next(connection, rows[0].lane, now.timestamp())


def _rows(rows: list[sqlite3.Row]) -> list[Row]:
    """The rows that this version knows how to do; those that a newer one wrote wait for it."""
    told = [(row, json.loads(row["effect"])) for row in rows]
    return [_row(row, effects.load(data)) for row, data in told if data["effect"] in effects.KINDS]


def _row(row: sqlite3.Row, effect: Effect) -> Row:
    tried = row["tried_at"]
    return Row(
        row["id"],
        effect,
        row["lane"],
        row["revision"],
        datetime.fromtimestamp(tried, UTC) if tried is not None else None,
        bool(row["suspect"]),
        row["attempts"],
        bool(row["plain"]),
        datetime.fromtimestamp(row["created_at"], UTC),
        datetime.fromtimestamp(row["due_at"], UTC),
    )
