"""`trainbot outbox`: opens the database beside the running bot, in short transactions of its own."""

import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.errors import UserError
from bot.domain.text import count, one_line
from bot.store import operator
from bot.store.database import Database

Say = Callable[[str], object]


async def show(path: Path, *, say: Say) -> None:
    """One line a row, the oldest first."""
    async with opened(path) as database:
        entries = await database.read(operator.entries(time.time()))
    if not entries:
        say("Nothing waits and nothing was given up.")
        return
    for one in entries:
        why = f"  {one_line(one.error, 100)}" if one.error else ""
        where = one.place or "training service"
        say(f"{one.id:>6}  {one.state:<8} {one.effect:<14} run #{one.run:<5} {where}  {one.age:.0f} s old{why}")
    say(f"{count(len(entries), 'row')}. `trainbot outbox retry` tries now what failed.")


async def retry(path: Path, number: int | None, *, say: Say) -> None:
    """Makes rows due now; UserError for a number that does not wait."""
    async with opened(path) as database:
        found = await database.write(lambda connection: operator.retry(connection, number, time.time()))
    if number is not None and not found:
        raise UserError(f"Row {number} does not wait. `trainbot outbox list` shows what does.")
    say(f"{count(found, 'row')} will be tried again." if found else "Nothing failed. What waits goes by itself.")


async def drop(path: Path, number: int, *, say: Say) -> None:
    """Gives a row up; UserError for a number that does not wait."""
    async with opened(path) as database:
        done = await database.write(lambda connection: operator.drop(connection, number, datetime.now(UTC)))
    if not done:
        raise UserError(f"Row {number} does not wait. `trainbot outbox list` shows what does.")
    say(f"Row {number} is dropped.")


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Database]:
    try:
        database = await Database.open(path, exclusive=False)
    except sqlite3.Error as error:
        raise UserError(f"The database {path} cannot be used: {error}.") from None
    try:
        yield database
    finally:
        await database.close()
