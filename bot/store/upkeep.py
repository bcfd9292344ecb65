"""Forgets what nobody will ask for again. Runs at every start of the bot, so that the file does not grow for ever.

Runs, numbers, samples, posts and votes stay. What goes: answers to requests that no platform will deliver again, and
the outbox's memory of runs that have long been over, which accept no event any more; bursts of failures and mutes
that have passed.
"""

import sqlite3
from datetime import datetime, timedelta

from bot.domain.runs import State

KEPT = timedelta(days=30)
_FINAL = ", ".join(f"'{state}'" for state in State if state.final)


def tidy(connection: sqlite3.Connection, now: datetime) -> int:
    """How many rows were forgotten."""
    until = (now - KEPT).timestamp()
    requests = connection.execute("DELETE FROM requests WHERE at < ?", (until,))
    done = connection.execute(
        "DELETE FROM outbox WHERE state = 'done' AND run IN "
        f"(SELECT number FROM runs WHERE state IN ({_FINAL}) AND ended_at < ?)",
        (until,),
    )
    failures = connection.execute("DELETE FROM failures WHERE at < ?", (until,))
    mutes = connection.execute("DELETE FROM mutes WHERE until < ?", (now.timestamp(),))
    return sum(one.rowcount for one in (requests, done, failures, mutes))
