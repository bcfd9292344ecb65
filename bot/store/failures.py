"""Failures that were told, by place: what makes a burst of them, and who may be called for one.

A burst begins with a failure after a quiet time and lasts `WINDOW`. It is counted when the failure is taken in; whether
somebody is called is decided at the moment of posting, for the chat may have been away in between.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.domain.effects import Effect, PostFailure, PostStorm
from bot.domain.follows import Burst
from bot.domain.places import Place
from bot.domain.runs import Run
from bot.store import runs
from bot.store.database import Query

WINDOW = timedelta(minutes=10)  # of a burst, and between two calls for attention in one place


def burst(connection: sqlite3.Connection, place: Place, now: datetime) -> Burst:
    """The burst that goes on in this place; an empty one where there is none."""
    row = connection.execute(
        "SELECT first, min(at) AS began, count(*) AS told FROM failures WHERE place = ?1 AND first = "
        "(SELECT first FROM failures WHERE place = ?1 AND at <= ?2 ORDER BY at DESC, run DESC LIMIT 1)",
        (str(place), now.timestamp()),  # what is told in the future was told before the clock stepped back
    ).fetchone()
    if row["told"] == 0 or not 0 <= now.timestamp() - row["began"] < WINDOW.total_seconds():
        return Burst()
    return Burst(row["told"], row["first"])


def tell(connection: sqlite3.Connection, run: int, effects: Iterable[Effect], now: datetime) -> None:
    """Counts the run as a failure of every place that these effects tell of it."""
    for effect in effects:
        if isinstance(effect, PostFailure | PostStorm):
            connection.execute(
                "INSERT INTO failures (place, run, first, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    str(effect.where),
                    run,
                    effect.run if isinstance(effect, PostStorm) else _first(connection, effect.where, run, now),
                    now.timestamp(),
                ),
            )


def _first(connection: sqlite3.Connection, place: Place, run: int, now: datetime) -> int:
    return burst(connection, place, now).first or run


def may_call(connection: sqlite3.Connection, place: Place, run: int, now: datetime) -> bool:
    """Whether this run's failure may call somebody here now, which is noted; asked again, it is the same call."""
    span = (now - WINDOW).timestamp(), now.timestamp()
    other = connection.execute(
        "SELECT 1 FROM failures WHERE place = ? AND run != ? AND mentioned_at > ? AND mentioned_at <= ? LIMIT 1",
        (str(place), run, *span),
    ).fetchone()
    if other is not None:
        return False
    connection.execute(
        "UPDATE failures SET mentioned_at = ? WHERE place = ? AND run = ?", (now.timestamp(), str(place), run)
    )
    return True


def of_burst(place: Place, first: int) -> Query[list[Run]]:
    """The runs that failed in the burst, in the order in which they did."""
    return Query(
        runs.SELECT + "JOIN failures f ON f.run = r.number WHERE f.place = ? AND f.first = ? ORDER BY f.at, r.number",
        (str(place), first),
        runs.read_all,
    )
