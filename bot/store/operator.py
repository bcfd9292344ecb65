"""What an operator asks of the outbox, from the command line, while the bot runs or not."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.effects import StartRun
from bot.domain.events import JobRefused
from bot.domain.runs import State
from bot.store import ingest
from bot.store.database import Query

DROPPED = "Dropped by the operator."
_FINAL = ", ".join(f"'{state}'" for state in State if state.final)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the outbox as the operator sees it."""

    id: int
    state: str
    effect: str
    run: int
    place: str | None
    attempts: int
    age: float  # seconds
    error: str | None


def counts() -> Query[Mapping[str, int]]:
    """What waits, what was given up, which places are blocked, how many runs live."""
    return Query(
        "SELECT (SELECT count(*) FROM outbox WHERE state = 'waiting') AS outbox_waiting, "
        "(SELECT count(*) FROM outbox WHERE state = 'buried') AS outbox_buried, "
        "(SELECT count(*) FROM blocked_places) AS places_blocked, "
        f"(SELECT count(*) FROM runs WHERE state NOT IN ({_FINAL})) AS runs_live",
        (),
        lambda rows: dict(rows[0]),
    )


def entries(now: float) -> Query[list[Entry]]:
    """Everything that waits or was given up, the oldest first."""
    return Query(
        "SELECT o.id, CASE WHEN b.place IS NULL OR o.state = 'buried' THEN o.state ELSE 'blocked' END AS state, "
        "json_extract(o.effect, '$.effect') AS effect, o.run, o.place, o.attempts, ? - o.created_at AS age, "
        "coalesce(o.error, b.reason) AS error FROM outbox o LEFT JOIN blocked_places b ON b.place = o.place "
        "WHERE o.state != 'done' ORDER BY o.id",
        (now,),
        lambda rows: [Entry(*row) for row in rows],
    )


def retry(connection: sqlite3.Connection, number: int | None, now: float) -> int:
    """Makes one row, or all that failed or stand before a blocked place, due now. How many rows.

    Buried ones wait again, unless a newer one of their kind does; blocked places are free."""
    _forget_overtaken(connection)
    which = "state = 'buried' OR error IS NOT NULL OR place IN (SELECT place FROM blocked_places)"
    chosen = connection.execute(
        f"SELECT id FROM outbox WHERE state IN ('waiting', 'buried') AND (id = ?1 OR ?1 IS NULL AND ({which}))",
        (number,),
    )
    rows = [row["id"] for row in chosen]
    if number is None:
        connection.execute("DELETE FROM blocked_places")
    for row in rows:
        connection.execute("DELETE FROM blocked_places WHERE place = (SELECT place FROM outbox WHERE id = ?)", (row,))
        connection.execute(
            "UPDATE outbox SET state = 'waiting', due_at = ?, attempts = 0, plain = 0, error = NULL WHERE id = ?",
            (now, row),
        )
    return len(rows)


def _forget_overtaken(connection: sqlite3.Connection) -> None:
    """Buried rows that a newer waiting one would take in are done with."""
    connection.execute(
        "UPDATE outbox AS o SET state = 'done' WHERE state = 'buried' AND fold IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM outbox w WHERE w.fold = o.fold AND w.id > o.id AND w.state IN ('waiting', 'buried'))"
    )


def drop(connection: sqlite3.Connection, number: int, now: datetime) -> bool:
    """Gives one row up for good; False when it is not there or was done. A run whose start is dropped is refused."""
    found = connection.execute(
        "UPDATE outbox SET state = 'done', error = ? WHERE id = ? AND state IN ('waiting', 'buried') "
        "RETURNING run, json_extract(effect, '$.effect') AS effect",
        (DROPPED, number),
    ).fetchone()
    if found is not None and found["effect"] == StartRun.__name__:
        ingest.take(connection, found["run"], JobRefused(now, DROPPED), now)
    return found is not None
