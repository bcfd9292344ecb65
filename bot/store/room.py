"""All SQL of the browser room: its people, channels, messages, reactions, pictures and read marks.

Used by `bot.room` alone; other chats keep their history elsewhere. Writes run inside `Database.write`; what they
change gets the next revision, by which a page catches up. Deleting marks a row, so that the deletion is seen too.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.errors import Rejected, Scope, UserError
from bot.store.database import Query

EVERYONE = "*"
BOT = ""  # as the author of a reaction
MOST_PEOPLE = 200


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
    pictures: Mapping[str, bytes] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as one person has it. `unread` counts roots by others; `mentions` all that call this person."""

    name: str
    unread: int
    mentions: int


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the room."""

    user: str
    name: str


def add_message(connection: sqlite3.Connection, draft: Draft) -> int:
    """The message's id; that of the first one where its key is known, and then nothing changes."""
    if draft.key is not None and (known := find(draft.key).on(connection)) is not None:
        return known
    if not channel(draft.channel).on(connection):
        raise Rejected(Scope.PLACE, f"there is no channel {draft.channel!r} in the room")
    root = "SELECT 1 FROM room_messages WHERE id = ? AND channel = ? AND thread IS NULL AND NOT deleted"
    if draft.thread is not None and not _exists(connection, root, draft.thread, draft.channel):
        raise Rejected(Scope.GONE, f"there is no message {draft.thread} to reply to")
    cursor = connection.execute(
        "INSERT INTO room_messages (key, channel, thread, author, audience, ping, body, at, revision) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            draft.key, draft.channel, draft.thread, draft.author, draft.audience, draft.ping,
            json.dumps(draft.body), draft.at, _next(connection),
        ),
    )  # fmt: skip
    number = int(cursor.lastrowid or 0)
    _show(connection, number, draft.pictures)
    if draft.thread is not None and draft.audience is None:
        _touch(connection, draft.thread)  # its count of replies changed
    return number


def edit_message(
    connection: sqlite3.Connection, number: int, body: Mapping[str, Any], ping: str | None, pngs: Mapping[str, bytes]
) -> None:
    """Replaces the content of one of the bot's messages."""
    changed = connection.execute(
        "UPDATE room_messages SET body = ?, ping = ?, revision = ? WHERE id = ? AND author IS NULL AND NOT deleted",
        (json.dumps(body), ping, _next(connection), number),
    )
    if not changed.rowcount:
        raise Rejected(Scope.GONE, f"there is no message {number} of the bot in the room")
    _show(connection, number, pngs)


def delete_message(connection: sqlite3.Connection, number: int) -> None:
    """Takes a message away; one that is not there is no error."""
    row = connection.execute("SELECT thread FROM room_messages WHERE id = ? AND NOT deleted", (number,)).fetchone()
    if row is None:
        return
    connection.execute("UPDATE room_messages SET deleted = 1, body = '{}' WHERE id = ?", (number,))
    connection.execute("DELETE FROM room_reactions WHERE message = ?", (number,))
    _show(connection, number, {})
    _touch(connection, number)
    if row["thread"] is not None:
        _touch(connection, row["thread"])


def react(connection: sqlite3.Connection, message: int, person: str, emoji: str, on: bool) -> bool:
    """Puts a reaction or takes it back; False when it was so already."""
    if not _exists(connection, "SELECT 1 FROM room_messages WHERE id = ? AND NOT deleted", message):
        raise Rejected(Scope.GONE, f"there is no message {message} in the room")
    sql = (
        "INSERT OR IGNORE INTO room_reactions (message, person, emoji) VALUES (?, ?, ?)"
        if on
        else "DELETE FROM room_reactions WHERE message = ? AND person = ? AND emoji = ?"
    )
    if changed := connection.execute(sql, (message, person, emoji)).rowcount > 0:
        _touch(connection, message)
    return changed


def add_channel(connection: sqlite3.Connection, name: str, at: float) -> None:
    """A channel of this name; one that is there is no error."""
    connection.execute(
        "INSERT INTO room_channels VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (name, at, _next(connection))
    )


def add_person(connection: sqlite3.Connection, stem: str, name: str, at: float) -> str:
    """The user id of the person of this name; a new one begins with `stem` and has read everything so far."""
    for row in connection.execute("SELECT user, name FROM room_people"):
        if row["name"].casefold() == name.casefold():
            return str(row["user"])
    taken = {row["user"] for row in connection.execute("SELECT user FROM room_people")}
    if len(taken) >= MOST_PEOPLE:
        raise UserError(f"This room holds {MOST_PEOPLE} people. Use a name that is here already.")
    user = next(one for one in (stem, *(f"{stem}-{number}" for number in range(2, 999))) if one not in taken)
    connection.execute("INSERT INTO room_people VALUES (?, ?, ?, ?)", (user, name, at, _next(connection)))
    add_channel(connection, f"@{user}", at)
    connection.execute(
        "INSERT INTO room_reads SELECT ?, name, (SELECT coalesce(max(id), 0) FROM room_messages) FROM room_channels",
        (user,),
    )
    return user


def mark_read(connection: sqlite3.Connection, person: str, channel: str, message: int) -> None:
    """This person has read this channel up to this message. A mark never goes back."""
    connection.execute(
        "INSERT INTO room_reads VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET message = max(message, excluded.message)",
        (person, channel, message),
    )


def find(key: str) -> Query[int | None]:
    """The message that was added under this key."""
    return Query("SELECT id FROM room_messages WHERE key = ?", (key,), lambda rows: rows[0]["id"] if rows else None)


def revision() -> Query[int]:
    """The newest change."""
    return Query("SELECT value FROM room_revision", (), lambda rows: int(rows[0]["value"]))


def top() -> Query[int]:
    """The newest message."""
    return Query("SELECT coalesce(max(id), 0) AS id FROM room_messages", (), lambda rows: int(rows[0]["id"]))


def roster_revision() -> Query[int]:
    """The newest change of the people and channels."""
    sql = "SELECT max((SELECT max(revision) FROM room_people), (SELECT max(revision) FROM room_channels)) AS value"
    return Query(sql, (), lambda rows: int(rows[0]["value"]))


def people() -> Query[list[Member]]:
    """Everyone, in the order they came."""
    sql = "SELECT user, name FROM room_people ORDER BY added_at, rowid"
    return Query(sql, (), lambda rows: [Member(row["user"], row["name"]) for row in rows])


def member(user: str) -> Query[Member | None]:
    """One person."""
    sql = "SELECT user, name FROM room_people WHERE user = ?"
    return Query(sql, (user,), lambda rows: Member(rows[0]["user"], rows[0]["name"]) if rows else None)


def channels(me: str) -> Query[list[Channel]]:
    """The channels that this person sees, the own direct conversation last."""
    later = "m.channel = c.name AND m.id > coalesce(r.message, 0) AND m.audience IS NULL AND NOT m.deleted"
    sql = f"""
        SELECT c.name,
            (SELECT count(*) FROM room_messages m
                WHERE {later} AND m.thread IS NULL AND m.author IS NOT ?1) AS unread,
            (SELECT count(*) FROM room_messages m
                WHERE {later} AND m.ping IS NOT NULL AND m.ping IN ('{EVERYONE}', ?1)) AS mentions
        FROM room_channels c LEFT JOIN room_reads r ON r.channel = c.name AND r.person = ?1
        WHERE c.name NOT LIKE '@%' OR c.name = '@' || ?1
        ORDER BY c.name LIKE '@%', c.added_at, c.rowid
    """
    return Query(sql, (me,), lambda rows: [Channel(row["name"], row["unread"], row["mentions"]) for row in rows])


def channel(name: str) -> Query[bool]:
    """Whether there is such a channel."""
    return Query("SELECT 1 FROM room_channels WHERE name = ?", (name,), bool)


def entry(number: int) -> Query[Entry | None]:
    """One message."""
    return _entries("m.id = ?1", (number,), lambda found: found[0] if found else None)


def history(me: str, channel: str, before: int, limit: int) -> Query[list[Entry]]:
    """The last roots of a channel before a message, oldest first."""
    where = f"m.channel = ?2 AND m.thread IS NULL AND m.id < ?3 AND {_SEEN} AND (NOT m.deleted OR {_REPLIES} > 0)"
    return _entries(f"{where} ORDER BY m.id DESC LIMIT ?4", (me, channel, before, limit), lambda found: found[::-1])


def replies(me: str, root: int, before: int, limit: int) -> Query[list[Entry]]:
    """The last replies of a thread before a message, oldest first."""
    where = f"m.thread = ?2 AND m.id < ?3 AND NOT m.deleted AND {_SEEN}"
    return _entries(f"{where} ORDER BY m.id DESC LIMIT ?4", (me, root, before, limit), lambda found: found[::-1])


def changes(me: str, after: int, until: int, limit: int) -> Query[list[Entry]]:
    """What changed after one revision, up to another, for the eyes of one person."""
    where = f"m.revision > ?2 AND m.revision <= ?3 AND {_SEEN} AND (m.channel NOT LIKE '@%' OR m.channel = '@' || ?1)"
    return _entries(f"{where} ORDER BY m.revision LIMIT ?4", (me, after, until, limit), list)


def picture(sha256: str) -> Query[bytes | None]:
    """A PNG by its digest."""
    sql = "SELECT png FROM room_pictures WHERE sha256 = ?"
    return Query(sql, (sha256,), lambda rows: bytes(rows[0]["png"]) if rows else None)


_SEEN = "(m.audience IS NULL OR m.audience = ?1)"
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


def _exists(connection: sqlite3.Connection, sql: str, *parameters: Any) -> bool:
    return bool(connection.execute(sql, parameters).fetchall())


def _next(connection: sqlite3.Connection) -> int:
    return int(connection.execute("UPDATE room_revision SET value = value + 1 RETURNING value").fetchone()[0])


def _touch(connection: sqlite3.Connection, message: int) -> None:
    connection.execute("UPDATE room_messages SET revision = ? WHERE id = ?", (_next(connection), message))


def _show(connection: sqlite3.Connection, message: int, pictures: Mapping[str, bytes]) -> None:
    """This message shows these pictures now; one that no message shows any more is dropped."""
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
