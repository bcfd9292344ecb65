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
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.places import Person, Place, PostRef
from bot.ports import Chat, Clock
from bot.store import outbox, people, posts, runs
from bot.store.database import Database
from bot.store.ingest import following
from bot.store.posts import Post

log = structlog.get_logger()
MessageId = tuple[Place, str]
Answer = tuple[Post, Sequence[tuple[Person, str]]]
DAYS = 14  # how long a sample's votes are looked after
ROUNDS = 3  # in which a post is asked about that is reacted to meanwhile; after them what was heard has to do


class Reactions:
    """Writes down who reacted to what."""

    def __init__(
        self, database: Database, chats: Mapping[str, Chat], clock: Clock, changed: Callable[[], None]
    ) -> None:
        self._db = database
        self._chats = chats
        self._clock = clock
        self._changed = changed
        self._heard: list[set[MessageId]] = []  # one for every catching up: what was reacted to since it asked

    async def record(self, ref: PostRef, person: Person, emoji: str, added: bool) -> None:
        """One reaction given or taken back; any emoji is kept, votes are told apart when they are read."""
        now = self._clock.now()
        for heard in self._heard:
            heard.add(_message(ref))

        def write(connection: sqlite3.Connection) -> None:
            people.see(connection, person, now)
            posts.react(connection, ref, person, emoji, added=added)
            if ratings.sign(emoji):
                self._show(connection, posts.by_message(ref.place, ref.message).on(connection))

        await self._db.write(write)
        self._changed()

    async def catch_up(self, platform: str) -> None:
        """Asks the platform who reacted to every sample of the last days. What it cannot say now stays as it was."""
        since = self._clock.now() - timedelta(days=DAYS)
        found = await self._db.read(posts.samples_since(since))
        asked = [post for post in reversed(found) if post.ref.place.platform == platform]  # the latest matter most
        heard: set[MessageId] = set()
        self._heard.append(heard)
        try:
            for _ in range(ROUNDS):
                answers = await self._ask(self._chats[platform], asked, heard)
                asked = [post for post, _ in answers if _message(post.ref) in heard]
                await self._replace([one for one in answers if one[0] not in asked])
                if not asked:
                    break
        finally:
            self._heard = [one for one in self._heard if one is not heard]
        self._changed()

    async def _ask(self, chat: Chat, asked: Sequence[Post], heard: set[MessageId]) -> list[Answer]:
        """What the platform says, as far as it comes; `heard` of these posts is what changed since they were asked."""
        answers: list[Answer] = []
        for post in asked:
            heard.discard(_message(post.ref))
            try:
                answers.append((post, await chat.reactions(post.ref)))
            except (Unavailable, Rejected) as error:
                log.info("reactions could not be caught up", post=post.key, reason=str(error))
                if isinstance(error, Unavailable) or error.scope is Scope.TOKEN:
                    break  # the next one would be told the same
        return answers

    async def _replace(self, answers: Sequence[Answer]) -> None:
        now = self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            for post, pairs in answers:
                if posts.replace_reactions(connection, post.ref, pairs):
                    for person, _ in pairs:
                        people.see(connection, person, now)
                    self._show(connection, post)

        if answers:
            await self._db.write(write)

    def _show(self, connection: sqlite3.Connection, post: Post | None) -> None:
        if post is None or post.step is None:
            return
        run = runs.get(post.run).on(connection)
        if run is not None:
            now = self._clock.now()
            everyone = following(connection, run, now)
            outbox.add(connection, [EditCard(post.run, one.place) for one in everyone if one.wants.card], now)


def _message(ref: PostRef) -> MessageId:
    return ref.place, ref.message
