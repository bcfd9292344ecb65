"""Persons by platform ids, with the name they were last seen with; and this installation's own id."""

import secrets
import sqlite3
from datetime import datetime

from bot.domain.places import Person
from bot.domain.text import one_line


def see(connection: sqlite3.Connection, person: Person, at: datetime) -> None:
    """Remembers the person and, where one came along, the name."""
    connection.execute(
        "INSERT INTO people VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "name = CASE excluded.name WHEN '' THEN people.name ELSE excluded.name END, seen_at = excluded.seen_at",
        (person.key, one_line(person.name, 80), at.timestamp()),
    )


def installation(connection: sqlite3.Connection) -> str:
    """Eight hexadecimal digits that tell this installation's jobs from another's; made at the first call."""
    row = connection.execute("SELECT id FROM installation").fetchone()
    if row is not None:
        return str(row["id"])
    made = secrets.token_hex(4)
    connection.execute("INSERT INTO installation VALUES (?)", (made,))
    return made
