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
    """Makes one row, or every row, due now: buried ones wait again, blocked places are free. How many rows."""
    only = "AND id = ?" if number is not None else ""
    values = (now, number) if number is not None else (now,)
    if number is None:
        connection.execute("DELETE FROM blocked_places")
    else:
        place = "SELECT place FROM outbox WHERE id = ? AND state IN ('waiting', 'buried')"
        connection.execute(f"DELETE FROM blocked_places WHERE place IN ({place})", (number,))
    found = connection.execute(
        "UPDATE outbox SET state = 'waiting', due_at = ?, attempts = 0, plain = 0, error = NULL "
        f"WHERE state IN ('waiting', 'buried') {only}",
        values,
    )
    return found.rowcount


def drop(connection: sqlite3.Connection, number: int, now: datetime) -> bool:
    """Gives one row up for good; False when it is not there or was done. A run whose start is dropped is refused."""
    found = connection.execute(
        "UPDATE outbox SET state = 'buried', error = ? WHERE id = ? AND state = 'waiting' "
        "RETURNING run, json_extract(effect, '$.effect') AS effect",
        (DROPPED, number),
    ).fetchone()
    if found is not None and found["effect"] == StartRun.__name__:
        ingest.take(connection, found["run"], JobRefused(now, DROPPED), now)
    return found is not None
