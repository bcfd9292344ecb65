"""Messages that were posted, and the reactions below them.

Reactions are stored by message reference, also before the post is known, and joined when they are read.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain import lanes, ratings
from bot.domain.places import Person, Place, PostRef
from bot.domain.ratings import Tally
from bot.store.database import Query


@dataclass(frozen=True, slots=True)
class Post:
    """A message of ours: the key of the effect that made it, its run and where it is."""

    key: str
    run: int
    ref: PostRef
    step: int | None = None
    prompt: int | None = None
    lost: bool = False  # somebody deleted it; a card was posted anew since


def add(connection: sqlite3.Connection, post: Post, at: datetime) -> None:
    """Remembers a post; a known key takes the new reference (a card that was posted anew)."""
    connection.execute(
        "INSERT INTO posts (key, run, place, message, thread, step, prompt, posted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET message = excluded.message, thread = excluded.thread",
        (
            post.key,
            post.run,
            str(post.ref.place),
            post.ref.message,
            post.ref.thread,
            post.step,
            post.prompt,
            at.timestamp(),
        ),
    )


def mark_lost(connection: sqlite3.Connection, key: str) -> bool:
    """Notes that somebody deleted the message; False when it was noted before."""
    found = connection.execute("UPDATE posts SET lost = 1 WHERE key = ? AND lost = 0", (key,))
    return found.rowcount > 0


def by_key(key: str) -> Query[Post | None]:
    return Query("SELECT * FROM posts WHERE key = ?", (key,), _first)


def card(run: int, place: Place) -> Query[Post | None]:
    """The run's card in this place."""
    return by_key(lanes.announce_key(run, place))


def root(run: int, place: Place) -> Query[Post | None]:
    """What replies hang below: the card, else the word of the run's end in the channel."""
    return Query(
        "SELECT * FROM posts WHERE key IN (?1, ?2) AND thread IS NULL AND (key = ?1 OR NOT lost) "
        "ORDER BY key != ?1 LIMIT 1",
        (lanes.announce_key(run, place), lanes.outcome_key(run, place)),
        _first,
    )


def by_message(place: Place, message: str) -> Query[Post | None]:
    return Query("SELECT * FROM posts WHERE place = ? AND message = ?", (str(place), message), _first)


def run_of_thread(place: Place, root_message: str) -> Query[int | None]:
    """The run whose thread hangs below this message."""
    return Query(
        "SELECT run FROM posts WHERE place = ? AND (message = ? OR thread = ?) LIMIT 1",
        (str(place), root_message, root_message),
        lambda rows: rows[0]["run"] if rows else None,
    )


def samples_since(since: datetime) -> Query[list[Post]]:
    """The posted samples that may still be voted on."""
    return Query(
        "SELECT * FROM posts WHERE step IS NOT NULL AND posted_at >= ? ORDER BY posted_at",
        (since.timestamp(),),
        lambda rows: [_post(row) for row in rows],
    )


def react(connection: sqlite3.Connection, ref: PostRef, person: Person, emoji: str, *, added: bool) -> None:
    """Adds or takes back one reaction; doing so twice is no error."""
    values = (str(ref.place), ref.message, person.key, emoji)
    if added:
        connection.execute("INSERT INTO reactions VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", values)
    else:
        connection.execute("DELETE FROM reactions WHERE place = ? AND message = ? AND person = ? AND emoji = ?", values)


def replace_reactions(connection: sqlite3.Connection, ref: PostRef, now: Iterable[tuple[Person, str]]) -> bool:
    """Makes this the whole set of one post's reactions; True when that changed anything."""
    before = set(
        connection.execute(
            "SELECT person, emoji FROM reactions WHERE place = ? AND message = ?", (str(ref.place), ref.message)
        ).fetchall()
    )
    after = {(person.key, emoji) for person, emoji in now}
    if {tuple(row) for row in before} == after:
        return False
    connection.execute("DELETE FROM reactions WHERE place = ? AND message = ?", (str(ref.place), ref.message))
    connection.executemany(
        "INSERT INTO reactions VALUES (?, ?, ?, ?)",
        [(str(ref.place), ref.message, person, emoji) for person, emoji in after],
    )
    return True


def has_reactions(ref: PostRef) -> Query[bool]:
    return Query("SELECT 1 FROM reactions WHERE place = ? AND message = ? LIMIT 1", (str(ref.place), ref.message), bool)


def votes(run: int) -> Query[dict[tuple[int, int], Tally]]:
    """The tally of every sample of a run, by step and prompt, over all places it was posted in."""
    return Query(
        "SELECT p.step, p.prompt, r.person, r.emoji FROM posts p "
        "JOIN reactions r ON r.place = p.place AND r.message = p.message "
        "WHERE p.run = ? AND p.step IS NOT NULL",
        (run,),
        _tallies,
    )


def _tallies(rows: list[sqlite3.Row]) -> dict[tuple[int, int], Tally]:
    grouped: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for step, prompt, person, emoji in rows:
        grouped[step, prompt].append((person, emoji))
    tallies = {sample: ratings.tally(reactions) for sample, reactions in grouped.items()}
    return {sample: one for sample, one in tallies.items() if one.votes}


def _post(row: sqlite3.Row) -> Post:
    ref = PostRef(Place.parse(row["place"]), row["message"], row["thread"])
    return Post(row["key"], row["run"], ref, row["step"], row["prompt"], bool(row["lost"]))


def _first(rows: list[sqlite3.Row]) -> Post | None:
    return _post(rows[0]) if rows else None
