"""What a page of the room is told: messages, people and channels as JSON, at one person's eyes.

Runs at each reading. The page keeps what it was told by id and by revision, so telling it twice does no harm.
"""

from collections.abc import Sequence
from typing import Any

from bot.store import room as store
from bot.store import room_roster
from bot.store.database import Database

PAGE = 40  # messages of one reading
CATCH_UP = 300  # changes sent after an absence; more, and the page starts anew


def message(entry: store.Entry) -> dict[str, Any]:
    """One message. A deleted one is told without its words."""
    return {
        "id": entry.id,
        "channel": entry.channel,
        "thread": entry.thread,
        "author": entry.author,
        "only": entry.audience is not None,
        "ping": entry.ping,
        "at": entry.at,
        "deleted": entry.deleted,
        "revision": entry.revision,
        "replies": entry.replies,
        "repliedAt": entry.replied_at,
        "reactions": _grouped(entry.reactions),
        "body": entry.body,
    }


def _grouped(reactions: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Reactions by emoji, in the order in which each was first used; the bot's own are told apart."""
    by_emoji: dict[str, list[str]] = {}
    for emoji, user in reactions:
        by_emoji.setdefault(emoji, []).append(user)
    return [
        {"emoji": emoji, "bot": store.BOT in users, "people": [user for user in users if user != store.BOT]}
        for emoji, users in by_emoji.items()
    ]


async def history(db: Database, me: str, channel: str, before: int) -> dict[str, Any]:
    """A page of a channel, oldest first, and whether there is more before it."""
    entries = await db.read(store.history(me, channel, before, PAGE + 1))
    return {"messages": [message(one) for one in entries[-PAGE:]], "more": len(entries) > PAGE}


async def thread(db: Database, me: str, root: store.Entry, before: int) -> dict[str, Any]:
    """A page of a thread, with its root."""
    entries = await db.read(store.replies(me, root.id, before, PAGE + 1))
    return {
        "root": message(root),
        "messages": [message(one) for one in entries[-PAGE:]],
        "more": len(entries) > PAGE,
    }


async def roster(db: Database, me: str) -> dict[str, Any]:
    """The people, and the channels with what is unread in them."""
    people, channels = await db.read(room_roster.people()), await db.read(room_roster.channels(me))
    return {
        "top": await db.read(room_roster.top()),
        "people": [{"user": one.user, "name": one.name} for one in people],
        "channels": [_listed(one) for one in channels],
    }


def _listed(one: room_roster.Listed) -> dict[str, Any]:
    return {
        "name": one.channel.name,
        "title": one.channel.title,
        "private": one.channel.private,
        "members": list(one.members),
        "unread": one.unread,
        "mentions": one.mentions,
    }


async def frame(db: Database, me: str, after: int, *, first: bool) -> dict[str, Any] | None:
    """What happened after a revision, None for nothing. The first one of a connection always has the roster; `reset`
    says that the page has missed too much, or remembers another room, and should forget what it has."""
    now = await db.read(store.revision())
    if now == after and not first:
        return None
    changed = await db.read(store.changes(me, after, now, CATCH_UP + 1))
    reset = after > now or len(changed) > CATCH_UP
    told: dict[str, Any] = {
        "revision": now,
        "reset": reset,
        "messages": [] if reset else [message(one) for one in changed],
    }
    if first or reset or await db.read(room_roster.roster_revision(me)) > after:
        return told | await roster(db, me)
    return told if changed else None
