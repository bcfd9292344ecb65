"""Changes of a run's prompts while it trains: who added or removed which, for the line in its thread."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from bot.domain.places import Person
from bot.store.database import Query


@dataclass(frozen=True, slots=True)
class PromptChange:
    """`prompt` is an index into the run's prompts; `added` False: it was removed."""

    run: int
    by: Person
    added: bool
    prompt: int


def add_change(
    connection: sqlite3.Connection, run: int, person: Person, at: datetime, *, added: bool, prompt: int
) -> int:
    """Keeps a change and gives its number. The person must have been seen."""
    done = connection.execute(
        "INSERT INTO prompt_changes (run, person, at, added, prompt) VALUES (?, ?, ?, ?, ?)",
        (run, person.key, at.timestamp(), int(added), prompt),
    )
    return int(done.lastrowid or 0)


def change(number: int) -> Query[PromptChange | None]:
    """One change."""
    return Query(
        "SELECT c.*, p.name FROM prompt_changes c JOIN people p ON p.id = c.person WHERE c.id = ?",
        (number,),
        lambda rows: (
            PromptChange(
                rows[0]["run"],
                Person.parse(rows[0]["person"], rows[0]["name"]),
                bool(rows[0]["added"]),
                rows[0]["prompt"],
            )
            if rows
            else None
        ),
    )
