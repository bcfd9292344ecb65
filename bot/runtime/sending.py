"""How a message of the outbox gets to its chat: posted under its effect's key, found again after a crash, written down.

Used by `posting` and `telling`, which know what to say.
"""

import sqlite3
from collections.abc import Mapping

from bot.domain.effects import EditCard, Effect, PostDirect, PostSample, SeedReactions
from bot.domain.follows import Follower, followers
from bot.domain.lanes import AtPlace
from bot.domain.places import Place, PostRef
from bot.domain.runs import Run
from bot.messages.model import Message, bare
from bot.ports import Chat, Clock
from bot.runtime.closing import Close
from bot.store import follows, outbox, people, posts
from bot.store.database import Database
from bot.store.outbox import Row
from bot.store.posts import Post


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

    async def edit(self, row: Row, ref: PostRef, message: Message) -> None:
        """Replaces the content of an own message."""
        await self.chats[ref.place.platform].edit(ref, bare(message) if row.plain else message)

    async def card_link(self, run: int, place: Place) -> str | None:
        """An address that opens the run's card in this place."""
        card = await self.db.read(posts.card(run, place))
        chat = self.chats.get(place.platform)
        return await chat.link(card.ref) if card and chat else None
