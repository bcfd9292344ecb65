"""The effects that are seen in a chat: card, samples, progress, outcome, thumbs. Used by `perform`.

Words are made here, at the last moment, from what is stored now. Every post carries its effect's `once` key, by
which a platform can find it again.
"""

import sqlite3
from collections.abc import Mapping

from bot.domain import effects, ratings
from bot.domain.effects import (
    Announce,
    AtPlace,
    EditCard,
    InThread,
    PostBacklog,
    PostFailure,
    PostLog,
    PostMissing,
    PostOutcome,
    PostProgress,
    PostSample,
    SeedReactions,
)
from bot.domain.errors import Rejected, Scope
from bot.domain.follows import Wants, followers
from bot.domain.places import PostRef
from bot.domain.runs import Run
from bot.messages import runs as run_messages
from bot.messages import samples as sample_messages
from bot.messages.model import Message, Ping, bare
from bot.ports import Chat, Clock
from bot.runtime.closing import Close, nothing
from bot.runtime.plotting import Plotter
from bot.store import follows, outbox, people, posts, runs, views
from bot.store.database import Database
from bot.store.outbox import Row
from bot.store.posts import Post
from bot.store.views import View

Threaded = PostSample | PostMissing | PostBacklog | PostProgress | PostOutcome | PostLog


class RootGone(Rejected):
    """The message that a reply should hang below is not there any more."""

    def __init__(self, root: Post, reason: str) -> None:
        super().__init__(Scope.GONE, reason)
        self.root = root


class Posting:
    """The chats' side of the outbox."""

    def __init__(self, database: Database, chats: Mapping[str, Chat], clock: Clock, plotter: Plotter) -> None:
        self._db = database
        self._chats = chats
        self._clock = clock
        self._plotter = plotter

    def chat(self, effect: AtPlace) -> Chat | None:
        """The platform that the effect is seen on; None where it is not connected."""
        return self._chats.get(effect.where.platform)

    async def announce(self, row: Row, effect: Announce) -> Close:
        """Posts the card in its present state."""
        view = await views.of_run(self._db, effect.run)
        if view is None:
            return nothing
        return await self._post(row, effect, self._card(view), None)

    async def edit_card(self, row: Row, effect: EditCard) -> Close:
        """Shows the newest state. A card that somebody deleted is posted anew, once."""
        post = await self._db.read(posts.card(effect.run, effect.where))
        view = await views.of_run(self._db, effect.run)
        if post is None or view is None:
            return nothing
        card = bare(self._card(view)) if row.plain else self._card(view)
        try:
            await self._chats[effect.where.platform].edit(post.ref, card)
        except Rejected as error:
            if error.scope is not Scope.GONE:
                raise
            return await self._renew(row, effect, post, card)
        return nothing

    async def _renew(self, row: Row, effect: EditCard, post: Post, card: Message) -> Close:
        if post.lost:
            return nothing
        ref = await self._chats[effect.where.platform].post(
            effect.where, card, thread=None, key=f"{post.key}:again", tried_at=row.created_at
        )
        now = self._clock.now()

        def close(connection: sqlite3.Connection) -> None:
            posts.mark_lost(connection, post.key)
            posts.add(connection, Post(post.key, post.run, ref), now)

        return close

    async def reply(self, row: Row, effect: Threaded) -> Close:
        """Posts one message below the card."""
        view = await views.of_run(self._db, effect.run)
        message = await self._words(effect, view) if view else None
        if message is None:
            return nothing
        root = await self._db.read(posts.root(effect.run, effect.where))
        try:
            return await self._post(row, effect, message, root.ref if root else None)
        except Rejected as error:
            if root is None or error.scope is not Scope.GONE:
                raise
            raise RootGone(root, error.reason) from error

    async def failure(self, row: Row, effect: PostFailure) -> Close:
        """Posts the loud message in the channel."""
        view = await views.of_run(self._db, effect.run, views.PLOT_POINTS)
        if view is None:
            return nothing
        wants = await self._wants(effect)
        picture = await self._plotter.picture(view.run, view.points)
        message = run_messages.failure(
            view.run,
            now=self._clock.now(),
            points=view.points,
            votes=view.by_step,
            picture=picture,
            ping=_ping(view.run, wants),
        )
        return await self._post(row, effect, message, None)

    async def seed(self, effect: SeedReactions) -> Close:
        """Puts the thumbs under a sample."""
        sample = PostSample(effect.run, effect.where, effect.step, effect.prompt)
        post = await self._db.read(posts.by_key(sample.once))
        if post is not None:
            await self._chats[effect.where.platform].react(post.ref, ratings.SEEDS)
        return nothing

    async def backlog(self, row: Row, effect: PostSample, single: int, most: int) -> Close | None:
        """After an outage: when more than `most` checkpoints wait here, all but the last `single` become one message.

        The row in hand then carries that message; None means that there is no such backlog."""
        waiting = await self._db.read(outbox.waiting_samples(effect.run, effect.where))
        steps = sorted({one.effect.step for one in waiting if isinstance(one.effect, PostSample)})
        old = set(steps[:-single])
        if len(steps) <= most or row.suspect or effect.step not in old:
            return None
        rows = [one for one in waiting if isinstance(one.effect, PostSample) and one.effect.step in old]
        merged = PostBacklog(effect.run, effect.where, ",".join(str(step) for step in sorted(old)))
        now = self._clock.now()
        return lambda connection: outbox.merge(connection, rows, merged, now)

    async def _post(self, row: Row, effect: effects.Effect, message: Message, thread: PostRef | None) -> Close:
        place, key = effect.place, effect.once
        if place is None or key is None:
            raise TypeError(f"{effect} is not something to post")
        tried_at = row.tried_at if row.suspect else None
        chat = self._chats[place.platform]
        ref = await chat.post(place, bare(message) if row.plain else message, thread=thread, key=key, tried_at=tried_at)
        sample = effect if isinstance(effect, PostSample) else None
        # A post that an earlier life made may have been voted on while nobody knew of it.
        missed = await chat.reactions(ref) if sample and row.suspect else ()
        now = self._clock.now()
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

    async def _words(self, effect: InThread, view: View) -> Message | None:
        match effect:
            case PostSample(run, _, step, prompt):
                sample, previous = await views.sample(self._db, run, step, prompt)
                return sample_messages.sample(view.run, sample, previous=previous) if sample else None
            case PostMissing(run, _, step, prompt):
                sample, _ = await views.sample(self._db, run, step, prompt)
                return sample_messages.missing(view.run, step, sample.error or "") if sample else None
            case PostBacklog(run, _, steps):
                wanted = {int(step) for step in steps.split(",")}
                drawn = await self._db.read(runs.samples(run))
                return sample_messages.backlog(view.run, [one for one in drawn if one.step in wanted])
            case PostProgress(_, _, step):
                numbers = await self._db.read(runs.numbers_at(view.run.number, step))
                return run_messages.progress(view.run, step=step, numbers=numbers or view.run.numbers)
            case PostLog():
                return run_messages.log_tail(view.run, points=view.points)
            case PostOutcome():
                return await self._outcome(view)
        raise TypeError(f"{effect} has no words")

    async def _outcome(self, view: View) -> Message:
        view = await views.of_run(self._db, view.run.number, views.PLOT_POINTS) or view
        picture = await self._plotter.picture(view.run, view.points)
        return run_messages.outcome(
            view.run, now=self._clock.now(), points=view.points, votes=view.by_step, picture=picture
        )

    async def _wants(self, effect: PostFailure) -> Wants:
        every = await self._db.read(follows.of_run(effect.run))
        return next((one.wants for one in followers(every) if one.place == effect.where), Wants())

    def _card(self, view: View) -> Message:
        return run_messages.card(view.run, now=self._clock.now(), points=view.points, votes=view.by_step)


def _ping(run: Run, wants: Wants) -> Ping | None:
    match wants.failure:
        case "here":
            return Ping()
        case "starter":
            return Ping(run.starter)
        case _:
            return None
