"""The SQL of what is said in the browser room: messages and reactions.

Used by `bot.room` alone; other chats keep their history elsewhere. Writes run inside `Database.write`; what they
change gets the next revision, by which a page catches up. Deleting marks a row, so that the deletion is seen too.
Who sees a message is decided in the statement that reads it, and for what people do in the write itself. People and
channels are in `room_roster`, pictures and files in `room_contents`.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.errors import Rejected, Scope
from bot.store.database import Query
from bot.store.room_contents import Contents, keep
from bot.store.room_roster import SEEN, channel, next_revision, seen_channel

BOT = ""  # as the author of a reaction


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be added. `author` None is the bot; `audience` is the one person who sees it."""

    channel: str
    body: Mapping[str, Any]
    at: float
    thread: int | None = None
    author: str | None = None
    audience: str | None = None
    ping: str | None = None
    key: str | None = None
    contents: Contents = field(default_factory=Contents)

    @property
    def who(self) -> str | None:
        """The person it is of or for, None where it is the bot's for everyone in the channel."""
        return self.author or self.audience


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as it stands, with what hangs below it."""

    id: int
    channel: str
    thread: int | None
    author: str | None
    audience: str | None
    ping: str | None
    body: Mapping[str, Any]
    at: float
    deleted: bool
    revision: int
    replies: int
    replied_at: float | None
    reactions: tuple[tuple[str, str], ...]  # (emoji, user), oldest first


def add_message(connection: sqlite3.Connection, draft: Draft) -> int:
    """The message's id; that of the first one where its key is known, and then nothing changes."""
    if draft.key is not None and (known := find(draft.key).on(connection)) is not None:
        return known
    where = channel(draft.channel) if draft.who is None else seen_channel(draft.who, draft.channel)
    if not where.on(connection):
        raise Rejected(Scope.PLACE, f"there is no channel {draft.channel!r} in the room")
    if draft.thread is not None and not root_for(draft.who, draft.thread, draft.channel).on(connection):
        raise Rejected(Scope.GONE, f"there is no message {draft.thread} to reply to")
    cursor = connection.execute(
        "INSERT INTO room_messages (key, channel, thread, author, audience, ping, body, at, revision) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            draft.key, draft.channel, draft.thread, draft.author, draft.audience, draft.ping,
            json.dumps(draft.body), draft.at, next_revision(connection),
        ),
    )  # fmt: skip
    number = int(cursor.lastrowid or 0)
    keep(connection, number, draft.contents)
    if draft.thread is not None and draft.audience is None:
        _touch(connection, draft.thread)  # its count of replies changed
    return number


def edit_message(
    connection: sqlite3.Connection, number: int, body: Mapping[str, Any], ping: str | None, contents: Contents
) -> None:
    """Replaces the content of one of the bot's messages."""
    changed = connection.execute(
        "UPDATE room_messages SET body = ?, ping = ?, revision = ? WHERE id = ? AND author IS NULL AND NOT deleted",
        (json.dumps(body), ping, next_revision(connection), number),
    )
    if not changed.rowcount:
        raise Rejected(Scope.GONE, f"there is no message {number} of the bot in the room")
    keep(connection, number, contents)


def delete_message(connection: sqlite3.Connection, number: int) -> None:
    """Takes a message away; one that is not there is no error."""
    row = connection.execute("SELECT thread FROM room_messages WHERE id = ? AND NOT deleted", (number,)).fetchone()
    if row is None:
        return
    connection.execute("UPDATE room_messages SET deleted = 1, body = '{}' WHERE id = ?", (number,))
    connection.execute("DELETE FROM room_reactions WHERE message = ?", (number,))
    keep(connection, number, Contents())
    _touch(connection, number)
    if row["thread"] is not None:
        _touch(connection, row["thread"])


def react(connection: sqlite3.Connection, message: int, person: str, emoji: str, on: bool) -> bool:
    """Puts a reaction or takes it back; False when it was so already."""
    found = (entry(message) if person == BOT else seen(person, message)).on(connection)
    if found is None or found.deleted:
        raise Rejected(Scope.GONE, f"there is no message {message} in the room")
    sql = (
        "INSERT OR IGNORE INTO room_reactions (message, person, emoji) VALUES (?, ?, ?)"
        if on
        else "DELETE FROM room_reactions WHERE message = ? AND person = ? AND emoji = ?"
    )
    if changed := connection.execute(sql, (message, person, emoji)).rowcount > 0:
        _touch(connection, message)
    return changed


def find(key: str) -> Query[int | None]:
    """The message that was added under this key."""
    return Query("SELECT id FROM room_messages WHERE key = ?", (key,), lambda rows: rows[0]["id"] if rows else None)


def revision() -> Query[int]:
    """The newest change."""
    return Query("SELECT value FROM room_revision", (), lambda rows: int(rows[0]["value"]))


def entry(number: int) -> Query[Entry | None]:
    """One message, for the bot."""
    return _entries("m.id = ?1", (number,), lambda found: found[0] if found else None)


def seen(me: str, number: int) -> Query[Entry | None]:
    """One message, deleted or not, where this person sees it now."""
    return _entries(f"m.id = ?2 AND {SEEN}", (me, number), lambda found: found[0] if found else None)


def root_for(me: str | None, number: int, channel: str) -> Query[bool]:
    """Whether this person, or the bot for everyone, can reply to this message of the channel."""
    sql = (
        "SELECT 1 FROM room_messages WHERE id = ? AND channel = ? AND thread IS NULL AND NOT deleted "
        "AND (audience IS NULL OR audience IS ?)"
    )
    return Query(sql, (number, channel, me), bool)


def history(me: str, channel: str, before: int, limit: int) -> Query[list[Entry]]:
    """The last roots of a channel before a message, oldest first."""
    where = f"m.channel = ?2 AND m.thread IS NULL AND m.id < ?3 AND {SEEN} AND (NOT m.deleted OR {_REPLIES} > 0)"
    return _entries(f"{where} ORDER BY m.id DESC LIMIT ?4", (me, channel, before, limit), lambda found: found[::-1])


def replies(me: str, root: int, before: int, limit: int) -> Query[list[Entry]]:
    """The last replies of a thread before a message, oldest first."""
    where = f"m.thread = ?2 AND m.id < ?3 AND NOT m.deleted AND {SEEN}"
    return _entries(f"{where} ORDER BY m.id DESC LIMIT ?4", (me, root, before, limit), lambda found: found[::-1])


def changes(me: str, after: int, until: int, limit: int) -> Query[list[Entry]]:
    """What changed after one revision, up to another, for the eyes of one person."""
    where = f"m.revision > ?2 AND m.revision <= ?3 AND {SEEN}"
    return _entries(f"{where} ORDER BY m.revision LIMIT ?4", (me, after, until, limit), list)


_REPLIES = "(SELECT count(*) FROM room_messages r WHERE r.thread = m.id AND r.audience IS NULL AND NOT r.deleted)"


def _entries(where: str, parameters: tuple[Any, ...], pick: Any) -> Query[Any]:
    sql = f"""
        SELECT m.*, {_REPLIES} AS replies,
            (SELECT max(r.at) FROM room_messages r
                WHERE r.thread = m.id AND r.audience IS NULL AND NOT r.deleted) AS replied_at,
            (SELECT json_group_array(json_array(emoji, person)) FROM
                (SELECT emoji, person FROM room_reactions WHERE message = m.id ORDER BY rowid)) AS reactions
        FROM room_messages m WHERE {where}
    """
    return Query(sql, parameters, lambda rows: pick([_entry(row) for row in rows]))


def _entry(row: sqlite3.Row) -> Entry:
    reactions = tuple((emoji, person) for emoji, person in json.loads(row["reactions"]))
    return Entry(
        row["id"], row["channel"], row["thread"], row["author"], row["audience"], row["ping"], json.loads(row["body"]),
        row["at"], bool(row["deleted"]), row["revision"], row["replies"], row["replied_at"], reactions,
    )  # fmt: skip


def _touch(connection: sqlite3.Connection, message: int) -> None:
    connection.execute("UPDATE room_messages SET revision = ? WHERE id = ?", (next_revision(connection), message))
