"""How an effect ends: a function of the writer's connection, committed together with the end of its outbox row."""

import sqlite3
from collections.abc import Callable

Close = Callable[[sqlite3.Connection], object]


def nothing(_: sqlite3.Connection) -> None:
    """There is nothing to write down."""
