"""Requests that were answered, by the platform's delivery id, so that a redelivered one starts nothing twice."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from bot.store.database import Query


def earlier(request: str) -> Query[Any]:
    """The kept result of this request; None where it was not answered yet."""
    return Query(
        "SELECT result FROM requests WHERE id = ?",
        (request,),
        lambda rows: json.loads(rows[0]["result"]) if rows else None,
    )


def once(connection: sqlite3.Connection, request: str, at: float, function: Callable[[sqlite3.Connection], Any]) -> Any:
    """Runs the function for the first delivery of this request and keeps its result (JSON), or gives the kept one."""
    row = connection.execute("SELECT result FROM requests WHERE id = ?", (request,)).fetchone()
    if row is not None:
        return json.loads(row["result"])
    result = function(connection)
    connection.execute("INSERT INTO requests VALUES (?, ?, ?)", (request, json.dumps(result), at))
    return result
