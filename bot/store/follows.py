"""Who follows which run."""

import json
import sqlite3
from datetime import UTC, datetime

from bot.domain.follows import Follow, Wants
from bot.domain.places import Person, Place
from bot.store.database import Query


def add(connection: sqlite3.Connection, follow: Follow) -> None:
    """Begins a follow. Its person must have been seen."""
    connection.execute(
        "INSERT INTO follows (place, run, wants, set_by, set_at) VALUES (?, ?, ?, ?, ?)",
        (
            str(follow.place),
            follow.run,
            json.dumps(follow.wants.as_dict()),
            follow.set_by.key,
            follow.set_at.timestamp(),
        ),
    )


def of_run(run: int) -> Query[list[Follow]]:
    """The follows of a run that have not ended, the oldest first."""
    return Query(
        "SELECT f.*, p.name FROM follows f JOIN people p ON p.id = f.set_by "
        "WHERE f.run = ? AND f.ended_at IS NULL ORDER BY f.id",
        (run,),
        lambda rows: [_follow(row) for row in rows],
    )


def _follow(row: sqlite3.Row) -> Follow:
    return Follow(
        Place.parse(row["place"]),
        row["run"],
        Wants(**json.loads(row["wants"])),
        Person.parse(row["set_by"], row["name"]),
        datetime.fromtimestamp(row["set_at"], UTC),
    )
