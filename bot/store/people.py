"""Persons by platform ids, with the name they were last seen with; and this installation's own id."""

import secrets
import sqlite3
from datetime import datetime

from bot.domain.places import Person
from bot.domain.text import one_line
from bot.store.database import Query


def see(connection: sqlite3.Connection, person: Person, at: datetime) -> None:
    """Remembers the person and, where one came along, the name."""
    connection.execute(
        "INSERT INTO people (id, name, seen_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "name = CASE excluded.name WHEN '' THEN people.name ELSE excluded.name END, seen_at = excluded.seen_at",
        (person.key, one_line(person.name, 80), at.timestamp()),
    )


def set_quiet(connection: sqlite3.Connection, person: Person, quiet: bool) -> None:
    """Whether this person, who must have been seen, wants no direct messages."""
    connection.execute("UPDATE people SET quiet = ? WHERE id = ?", (int(quiet), person.key))


def quiet(person: Person) -> Query[bool]:
    """Whether this person wants no direct messages."""
    return Query("SELECT 1 FROM people WHERE id = ? AND quiet = 1", (person.key,), bool)


def installation(connection: sqlite3.Connection) -> str:
    """Eight hexadecimal digits that tell this installation's jobs from another's; made at the first call."""
    row = connection.execute("SELECT id FROM installation").fetchone()
    if row is not None:
        return str(row["id"])
    made = secrets.token_hex(4)
    connection.execute("INSERT INTO installation VALUES (?)", (made,))
    return made
