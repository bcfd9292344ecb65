"""Runs whose jobs another training service has than the one that the bot is connected to.

A bot may be started on another service, or another project, while runs go on: the new one knows nothing of their jobs,
so it is not asked about them. They wait as they are, out of contact, until the bot is started on their service again.
"""

import sqlite3
from dataclasses import replace
from datetime import datetime

from bot.domain.effects import EditCard
from bot.domain.runs import Condition
from bot.store import ingest, outbox, runs
from bot.store.database import Query

_ELSEWHERE = "service != (SELECT identity FROM connected_service)"


def arrive(connection: sqlite3.Connection, identity: str, now: datetime) -> None:
    """The bot is connected to this service from now on. Runs of an older version are taken for its own; live ones of
    other services are out of contact, which is no outage of this one."""
    connection.execute("DELETE FROM connected_service")
    connection.execute("INSERT INTO connected_service VALUES (?)", (identity,))
    connection.execute("UPDATE runs SET service = ? WHERE service = ''", (identity,))
    away = set(numbers().on(connection))
    for run in runs.live().on(connection):
        if run.number in away and run.job_id is not None and run.condition is not Condition.LOST_CONTACT:
            lost = replace(run, condition=Condition.LOST_CONTACT)
            runs.save(connection, lost)
            places = [one.place for one in ingest.following(connection, lost, now) if one.wants.card]
            outbox.add(connection, [EditCard(run.number, place, soon=True) for place in places], now)


def numbers() -> Query[list[int]]:
    """The runs of other services."""
    return Query(
        f"SELECT number FROM runs WHERE {_ELSEWHERE} ORDER BY number", (), lambda rows: [row["number"] for row in rows]
    )


def service(run: int) -> Query[str | None]:
    """The other service that has this run's job; None where it is the one that the bot is connected to."""
    return Query(
        f"SELECT service FROM runs WHERE number = ? AND {_ELSEWHERE}",
        (run,),
        lambda rows: str(rows[0]["service"]) if rows else None,
    )


def bring(connection: sqlite3.Connection, run: int) -> None:
    """A run that had no job yet gets it from the service that the bot is connected to."""
    connection.execute(
        "UPDATE runs SET service = (SELECT identity FROM connected_service) "
        "WHERE number = ? AND EXISTS (SELECT 1 FROM connected_service)",
        (run,),
    )
