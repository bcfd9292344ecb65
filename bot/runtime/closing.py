"""How an attempt ends: a function of the writer's connection, committed together with the end of its outbox row; or
the wait before the next one."""

import sqlite3
from collections.abc import Callable

Close = Callable[[sqlite3.Connection], object]


def nothing(_: sqlite3.Connection) -> None:
    """There is nothing to write down."""


def backoff(failures: int, longest: float) -> float:
    """Seconds before the next attempt after so many failed ones: 1, 2, 4, and `longest` at the most."""
    return min(2.0 ** min(failures, 32), longest)
