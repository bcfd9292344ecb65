"""Which training services were seen, and which of their jobs are no runs yet."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from bot.store.database import Query


def see(connection: sqlite3.Connection, identity: str, now: datetime) -> None:
    """From now on this service is known: what its list shows later and nobody knows, is new."""
    connection.execute("INSERT INTO services VALUES (?, ?) ON CONFLICT DO NOTHING", (identity, now.timestamp()))


def seen(identity: str) -> Query[bool]:
    """Whether this service was seen before."""
    return Query("SELECT 1 FROM services WHERE identity = ?", (identity,), bool)


def unknown(jobs: Iterable[str]) -> Query[frozenset[str]]:
    """Those of the jobs that no run has; one look-up each, in one query."""
    return Query(
        "SELECT j.value AS id FROM json_each(?) j WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.job_id = j.value)",
        (json.dumps(list(jobs)),),
        lambda rows: frozenset(row["id"] for row in rows),
    )
