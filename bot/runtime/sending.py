"""How a message of the outbox gets to its chat: posted under its effect's key, found again after a crash, written down.

Used by `posting` and `telling`, which know what to say.
"""

import sqlite3
from collections.abc import Mapping

import structlog

from bot.domain.effects import EditCard, Effect, PostDirect, PostSample, SeedReactions
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.follows import Follower, followers
from bot.domain.lanes import AtPlace
from bot.domain.places import Place, PostRef
from bot.domain.runs import Run
from bot.messages.model import Message, bare
from bot.ports import Chat, Clock
from bot.runtime.closing import Close, nothing
from bot.store import follows, outbox, people, posts
from bot.store.database import Database
from bot.store.outbox import Row
from bot.store.posts import Post

log = structlog.get_logger()


class Sender:
    """Knows the chats and the database."""

    def __init__(self, database: Database, chats: Mapping[str, Chat], clock: Clock) -> None:
        self.db = database
        self.chats = chats
        self.clock = clock

    def chat(self, effect: AtPlace | PostDirect) -> Chat | None:
        """The platform that the effect is seen on; None where it is not connected."""
        platform = effect.to.platform if isinstance(effect, PostDirect) else effect.where.platform
        return self.chats.get(platform)

    async def follower(self, run: Run, place: Place) -> Follower | None:
        """This place as a follower of the run; None where it follows it no longer."""
        every = await self.db.read(follows.of_run(run))
        return next((one for one in followers(every) if one.place == place), None)

    async def post(self, row: Row, effect: Effect, place: Place, message: Message, thread: PostRef | None) -> Close:
        """Posts under the effect's key, which must have one; after a try that may have arrived, looks for it first."""
        key = effect.once
        if key is None:
            raise TypeError(f"{effect} is not something to post")
        tried_at = row.tried_at if row.suspect else None
        chat = self.chats[place.platform]
        ref = await chat.post(place, bare(message) if row.plain else message, thread=thread, key=key, tried_at=tried_at)
        sample = effect if isinstance(effect, PostSample) else None
        # A post that an earlier life made may have been voted on while nobody knew of it.
        missed = await chat.reactions(ref) if sample and row.suspect else ()
        now = self.clock.now()
        post = Post(key, effect.run, ref, sample.step if sample else None, sample.prompt if sample else None)

        def close(connection: sqlite3.Connection) -> None:
            posts.add(connection, post, now)
            for person, emoji in missed:
                people.see(connection, person, now)
                posts.react(connection, ref, person, emoji, added=True)
            if sample:
                seed = SeedReactions(sample.run, sample.where, sample.step, sample.prompt)
                voted = posts.has_reactions(ref).on(connection)
                edit = [EditCard(sample.run, sample.where)] if voted else []
                outbox.add(connection, [seed, *edit], now)

        return close

    async def edit(self, row: Row, post: Post, message: Message) -> Close:
        """Replaces the content of an own message. One that somebody deleted is posted anew, once."""
        said = bare(message) if row.plain else message
        chat = self.chats[post.ref.place.platform]
        try:
            await chat.edit(post.ref, said)
        except Rejected as error:
            if error.scope is not Scope.GONE:
                raise
        else:
            return nothing
        if post.lost:
            return nothing
        again = f"{post.key}:again"
        ref = await chat.post(post.ref.place, said, thread=None, key=again, tried_at=row.created_at)
        now = self.clock.now()

        def close(connection: sqlite3.Connection) -> None:
            posts.mark_lost(connection, post.key)
            posts.add(connection, Post(post.key, post.run, ref), now)

        return close

    async def card_link(self, run: int, place: Place) -> str | None:
        """An address that opens the run's card in this place."""
        card = await self.db.read(posts.card(run, place))
        return await self.link(card.ref) if card else None

    async def link(self, ref: PostRef) -> str | None:
        """An address that opens the message; a message is worth saying without one."""
        chat = self.chats.get(ref.place.platform)
        try:
            return await chat.link(ref) if chat else None
        except (Unavailable, Rejected) as error:
            log.info("no link to a message", reason=error.reason)
            return None
