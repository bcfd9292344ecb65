"""The SQL of the room's entrance: tokens that work once, and the browsers that were let in. Digests only.

Used by `bot.room.doors`. Writes run inside `Database.write`.
"""

import sqlite3

from bot.store.database import Query


def add_invite(connection: sqlite3.Connection, hashed: str, at: float, since: float) -> None:
    """A token that works once; those from before `since` are forgotten."""
    connection.execute("DELETE FROM room_invites WHERE at < ?", (since,))
    connection.execute("INSERT INTO room_invites VALUES (?, ?)", (hashed, at))


def spend_invite(connection: sqlite3.Connection, hashed: str, since: float) -> bool:
    """Whether this token was good; it is not any more."""
    return connection.execute("DELETE FROM room_invites WHERE hash = ? AND at >= ?", (hashed, since)).rowcount > 0


def add_session(connection: sqlite3.Connection, hashed: str, at: float, since: float) -> None:
    """A browser that is let in; sessions from before `since` are forgotten."""
    connection.execute("DELETE FROM room_sessions WHERE at < ?", (since,))
    connection.execute("INSERT INTO room_sessions VALUES (?, ?)", (hashed, at))


def session(hashed: str, since: float) -> Query[bool]:
    """Whether this browser was let in after `since`."""
    return Query("SELECT 1 FROM room_sessions WHERE hash = ? AND at >= ?", (hashed, since), bool)
