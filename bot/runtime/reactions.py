"""Keeps the reactions below samples: as they come, and by asking the platform for what was missed.

`record` is called by a chat for every reaction it hears of; `catch_up` after a start and after a lost connection.
Nothing is counted here: tallies are derived when they are read.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from bot.domain import ratings
from bot.domain.effects import EditCard
from bot.domain.errors import Rejected, Unavailable
from bot.domain.places import Person, PostRef
from bot.ports import Chat, Clock
from bot.store import outbox, people, posts
from bot.store.database import Database
from bot.store.ingest import following
from bot.store.posts import Post

log = structlog.get_logger()
DAYS = 14  # how long a sample's votes are looked after


class Reactions:
    """Writes down who reacted to what."""

    def __init__(
        self, database: Database, chats: Mapping[str, Chat], clock: Clock, changed: Callable[[], None]
    ) -> None:
        self._db = database
        self._chats = chats
        self._clock = clock
        self._changed = changed

    async def record(self, ref: PostRef, person: Person, emoji: str, added: bool) -> None:
        """One reaction given or taken back; any emoji is kept, votes are told apart when they are read."""
        now = self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            people.see(connection, person, now)
            posts.react(connection, ref, person, emoji, added=added)
            if ratings.sign(emoji):
                self._show(connection, posts.by_message(ref.place, ref.message).on(connection))

        await self._db.write(write)
        self._changed()

    async def catch_up(self, platform: str) -> None:
        """Asks the platform who reacted to every sample of the last days. What it cannot say now stays as it was."""
        chat = self._chats[platform]
        since = self._clock.now() - timedelta(days=DAYS)
        for post in await self._db.read(posts.samples_since(since)):
            if post.ref.place.platform != platform:
                continue
            try:
                now = await chat.reactions(post.ref)
            except (Unavailable, Rejected) as error:
                log.info("reactions could not be caught up", post=post.key, reason=str(error))
                continue
            await self._replace(post, now)
        self._changed()

    async def _replace(self, post: Post, pairs: Sequence[tuple[Person, str]]) -> None:
        now = self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            for person, _ in pairs:
                people.see(connection, person, now)
            if posts.replace_reactions(connection, post.ref, pairs):
                self._show(connection, post)

        await self._db.write(write)

    def _show(self, connection: sqlite3.Connection, post: Post | None) -> None:
        if post is None or post.step is None:
            return
        cards = [EditCard(post.run, one.place) for one in following(connection, post.run)]
        outbox.add(connection, cards, self._clock.now())
