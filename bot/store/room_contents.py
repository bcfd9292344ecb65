"""The SQL of what messages of the browser room show beside their words: pictures and files to download.

Used by `bot.store.room` when a message is added, edited or deleted, and by `bot.room` to give them out: only to whom
a message that has them is visible at that moment. A picture is kept once however many messages show it.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.store.database import Query
from bot.store.room_roster import SEEN


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A text to download, as UTF-8."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """What a message shows beside its words, by digest."""

    pictures: Mapping[str, bytes] = field(default_factory=dict)
    files: Mapping[str, StoredFile] = field(default_factory=dict)


def keep(connection: sqlite3.Connection, message: int, contents: Contents) -> None:
    """This message has these contents now; a picture that no message shows any more is dropped."""
    _show(connection, message, contents.pictures)
    connection.execute("DELETE FROM room_files WHERE message = ?", (message,))
    connection.executemany(
        "INSERT INTO room_files VALUES (?, ?, ?, ?)",
        [(message, digest, one.name, one.content) for digest, one in contents.files.items()],
    )


def picture(me: str, sha256: str) -> Query[bytes | None]:
    """A PNG by its digest, where this person sees a message that shows it."""
    sql = f"""
        SELECT png FROM room_pictures p WHERE p.sha256 = ?2 AND EXISTS (
            SELECT 1 FROM room_shown s JOIN room_messages m ON m.id = s.message
            WHERE s.sha256 = p.sha256 AND {SEEN})
    """
    return Query(sql, (me, sha256), lambda rows: bytes(rows[0]["png"]) if rows else None)


def stored_file(me: str, message: int, sha256: str) -> Query[StoredFile | None]:
    """A message's file by its digest, where this person sees the message."""
    sql = f"""
        SELECT f.name, f.content FROM room_files f JOIN room_messages m ON m.id = f.message
        WHERE f.message = ?2 AND f.sha256 = ?3 AND {SEEN}
    """
    return Query(
        sql, (me, message, sha256),
        lambda rows: StoredFile(rows[0]["name"], bytes(rows[0]["content"])) if rows else None,
    )  # fmt: skip


def _show(connection: sqlite3.Connection, message: int, pictures: Mapping[str, bytes]) -> None:
    rows = connection.execute("SELECT sha256 FROM room_shown WHERE message = ?", (message,))
    before = {row["sha256"] for row in rows}
    for digest in pictures.keys() - before:
        connection.execute("INSERT INTO room_pictures VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, pictures[digest]))
        connection.execute("INSERT INTO room_shown VALUES (?, ?)", (message, digest))
    for digest in before - pictures.keys():
        connection.execute("DELETE FROM room_shown WHERE message = ? AND sha256 = ?", (message, digest))
        connection.execute(
            "DELETE FROM room_pictures WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM room_shown WHERE sha256 = ?1)",
            (digest,),
        )
