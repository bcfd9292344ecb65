"""The SQL of who is in the browser room: people, channels, who is inside a private one, and what each has read.

Used by `bot.room`, and by `bot.store.room` for who sees a message. A direct conversation is a private channel with
one person inside. Writes run inside `Database.write`; what they change gets the next revision. Nobody and nothing is
taken away here: who leaves a channel keeps a row, by which their page is told.
"""

import json
import sqlite3
from dataclasses import dataclass

from bot.domain.errors import UserError
from bot.store.database import Query

EVERYONE = "*"
MOST_PEOPLE = 200
# Whether the person ?1 sees the channel c, and the message m: asked anew in every statement that gives out some of it.
OPEN = (
    "(NOT c.private OR EXISTS (SELECT 1 FROM room_members i WHERE i.channel = c.name AND i.person = ?1 AND i.inside))"
)
SEEN = (
    "((m.audience IS NULL OR m.audience = ?1) "
    f"AND EXISTS (SELECT 1 FROM room_channels c WHERE c.name = m.channel AND {OPEN}))"
)


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the room."""

    user: str
    name: str


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as one person sees it: `title` is what it is called, `private` that not everyone sees it."""

    name: str
    title: str
    private: bool

    @property
    def direct(self) -> bool:
        """The conversation of one person with the bot."""
        return self.name.startswith("@")


@dataclass(frozen=True, slots=True)
class Listed:
    """A channel in a person's list. `unread` counts roots by others, `mentions` all that call this person; `members`
    are the users inside a private one."""

    channel: Channel
    unread: int
    mentions: int
    members: tuple[str, ...]


def next_revision(connection: sqlite3.Connection) -> int:
    """The revision of the change that is being made."""
    return int(connection.execute("UPDATE room_revision SET value = value + 1 RETURNING value").fetchone()[0])


def add_channel(
    connection: sqlite3.Connection, name: str, at: float, *, title: str = "", inside: str | None = None
) -> None:
    """A channel of this name, private where somebody is `inside`; one that is there is no error and stays as it is."""
    added = connection.execute(
        "INSERT INTO room_channels (name, title, private, added_at, revision) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        (name, title, inside is not None, at, next_revision(connection)),
    )
    if added.rowcount and inside is not None:
        _put(connection, name, inside, inside=True)


def add_person(connection: sqlite3.Connection, stem: str, name: str, at: float) -> str:
    """The user id of the person of this name; a new one begins with `stem` and has read everything so far."""
    for row in connection.execute("SELECT user, name FROM room_people"):
        if row["name"].casefold() == name.casefold():
            return str(row["user"])
    taken = {row["user"] for row in connection.execute("SELECT user FROM room_people")}
    if len(taken) >= MOST_PEOPLE:
        raise UserError(f"This room holds {MOST_PEOPLE} people. Use a name that is here already.")
    user = next(one for one in (stem, *(f"{stem}-{number}" for number in range(2, 999))) if one not in taken)
    connection.execute("INSERT INTO room_people VALUES (?, ?, ?, ?)", (user, name, at, next_revision(connection)))
    add_channel(connection, f"@{user}", at, inside=user)
    connection.execute(
        "INSERT INTO room_reads SELECT ?, name, (SELECT coalesce(max(id), 0) FROM room_messages) FROM room_channels",
        (user,),
    )
    return user


def change_member(connection: sqlite3.Connection, channel: str, by: str, user: str, *, inside: bool) -> bool:
    """Lets somebody into a private channel, or out of it, as somebody inside wants it; False when it was so already.
    UserError where that cannot be. Who comes in has read everything so far."""
    found = seen_channel(by, channel).on(connection)
    if found is None:
        raise UserError("There is no such channel here.")
    if found.direct:
        raise UserError("This conversation is yours and trainbot's alone.")
    if not found.private:
        raise UserError("Everyone in the room sees this channel. Add a private one to choose who does.")
    if member(user).on(connection) is None:
        raise UserError("The room does not know this person. Choose somebody of the list.")
    rows = connection.execute("SELECT person FROM room_members WHERE channel = ? AND inside", (channel,))
    there = {row["person"] for row in rows}
    if (user in there) == inside:
        return False
    if there == {user}:
        raise UserError("You are the last one here. Let somebody else in before you leave.")
    _put(connection, channel, user, inside=inside)
    connection.execute("UPDATE room_channels SET revision = ? WHERE name = ?", (next_revision(connection), channel))
    if inside:
        mark_read(connection, user, channel, top().on(connection))
    return True


def mark_read(connection: sqlite3.Connection, person: str, channel: str, message: int) -> None:
    """This person has read this channel up to this message. A mark never goes back."""
    connection.execute(
        "INSERT INTO room_reads VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET message = max(message, excluded.message)",
        (person, channel, message),
    )


def top() -> Query[int]:
    """The newest message."""
    return Query("SELECT coalesce(max(id), 0) AS id FROM room_messages", (), lambda rows: int(rows[0]["id"]))


def roster_revision(me: str) -> Query[int]:
    """The newest change of the people, and of the channels that this person sees or has seen."""
    sql = f"""
        SELECT max(
            coalesce((SELECT max(revision) FROM room_people), 0),
            coalesce((SELECT max(c.revision) FROM room_channels c WHERE {OPEN}), 0),
            coalesce((SELECT max(revision) FROM room_members WHERE person = ?1), 0)
        ) AS value
    """
    return Query(sql, (me,), lambda rows: int(rows[0]["value"]))


def people() -> Query[list[Member]]:
    """Everyone, in the order they came."""
    sql = "SELECT user, name FROM room_people ORDER BY added_at, rowid"
    return Query(sql, (), lambda rows: [Member(row["user"], row["name"]) for row in rows])


def member(user: str) -> Query[Member | None]:
    """One person."""
    sql = "SELECT user, name FROM room_people WHERE user = ?"
    return Query(sql, (user,), lambda rows: Member(rows[0]["user"], rows[0]["name"]) if rows else None)


def channels(me: str) -> Query[list[Listed]]:
    """The channels that this person sees, the own direct conversation last."""
    later = "m.channel = c.name AND m.id > coalesce(r.message, 0) AND m.audience IS NULL AND NOT m.deleted"
    sql = f"""
        SELECT c.name, c.title, c.private,
            (SELECT count(*) FROM room_messages m
                WHERE {later} AND m.thread IS NULL AND m.author IS NOT ?1) AS unread,
            (SELECT count(*) FROM room_messages m
                WHERE {later} AND m.ping IS NOT NULL AND m.ping IN ('{EVERYONE}', ?1)) AS mentions,
            (SELECT json_group_array(person) FROM
                (SELECT person FROM room_members WHERE channel = c.name AND inside ORDER BY person)) AS members
        FROM room_channels c LEFT JOIN room_reads r ON r.channel = c.name AND r.person = ?1
        WHERE {OPEN}
        ORDER BY c.name LIKE '@%', c.added_at, c.rowid
    """
    return Query(sql, (me,), lambda rows: [_listed(row) for row in rows])


def channel_count() -> Query[int]:
    """How many channels there are, the direct conversations left out."""
    sql = "SELECT count(*) AS number FROM room_channels WHERE name NOT LIKE '@%'"
    return Query(sql, (), lambda rows: int(rows[0]["number"]))


def channel(name: str) -> Query[bool]:
    """Whether there is such a channel, for the bot, which may write in all of them."""
    return Query("SELECT 1 FROM room_channels WHERE name = ?", (name,), bool)


def seen_channel(me: str, name: str) -> Query[Channel | None]:
    """The channel, where this person sees it now."""
    sql = f"SELECT c.name, c.title, c.private FROM room_channels c WHERE c.name = ?2 AND {OPEN}"
    return Query(sql, (me, name), lambda rows: _channel(rows[0]) if rows else None)


def _put(connection: sqlite3.Connection, channel: str, user: str, *, inside: bool) -> None:
    connection.execute(
        "INSERT INTO room_members VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET inside = excluded.inside, revision = excluded.revision",
        (channel, user, inside, next_revision(connection)),
    )


def _listed(row: sqlite3.Row) -> Listed:
    members = tuple(json.loads(row["members"])) if row["private"] else ()
    return Listed(_channel(row), row["unread"], row["mentions"], members)


def _channel(row: sqlite3.Row) -> Channel:
    return Channel(row["name"], row["title"] or row["name"], bool(row["private"]))
