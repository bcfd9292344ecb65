"""The effects that are seen on a run's card and in its thread. Used by `perform`; those that stand alone are in
`telling`.

Words are made here, at the last moment, from what is stored now. Every post carries its effect's `once` key, by
which a platform can find it again.
"""

from bot.domain import ratings
from bot.domain.effects import (
    Announce,
    EditCard,
    PostBacklog,
    PostHint,
    PostJoined,
    PostLog,
    PostMissing,
    PostOutcome,
    PostProgress,
    PostPrompts,
    PostSample,
    SeedReactions,
)
from bot.domain.errors import Rejected, Scope
from bot.domain.lanes import AtPlace, InThread
from bot.messages import runs as run_messages
from bot.messages import samples as sample_messages
from bot.messages import threads as thread_messages
from bot.messages.model import Message
from bot.runtime.closing import Close, nothing
from bot.runtime.plotting import Plotter
from bot.runtime.sending import Sender
from bot.store import outbox, posts, prompts, runs, views
from bot.store.outbox import Row
from bot.store.posts import Post
from bot.store.views import View

Threaded = (
    PostSample | PostMissing | PostBacklog | PostProgress | PostOutcome | PostLog | PostJoined | PostHint | PostPrompts
)


class RootGone(Rejected):
    """The message that a reply should hang below is not there any more."""

    def __init__(self, root: Post, reason: str) -> None:
        super().__init__(Scope.GONE, reason)
        self.root = root


class Posting:
    """Cards and threads."""

    def __init__(self, sender: Sender, plotter: Plotter) -> None:
        self._sender = sender
        self._db = sender.db
        self._clock = sender.clock
        self._plotter = plotter

    async def announce(self, row: Row, effect: Announce) -> Close:
        """Posts the card in its present state, where there is none."""
        view = await views.of_run(self._db, effect.run)
        if view is None or await self._db.read(posts.card(effect.run, effect.where)) is not None:
            return nothing
        return await self._sender.post(row, effect, effect.where, await self._card(view, effect), None)

    async def edit_card(self, row: Row, effect: EditCard) -> Close:
        """Shows the newest state. A card that somebody deleted is posted anew, once."""
        post = await self._db.read(posts.card(effect.run, effect.where))
        view = await views.of_run(self._db, effect.run)
        if post is None or view is None:
            return nothing
        return await self._sender.edit(row, post, await self._card(view, effect))

    async def reply(self, row: Row, effect: Threaded) -> Close:
        """Posts below the card; below the first other message of the run where there is no card."""
        view = await views.of_run(self._db, effect.run)
        message = await self._words(effect, view) if view else None
        if message is None:
            return nothing
        root = await self._db.read(posts.root(effect.run, effect.where))
        try:
            return await self._sender.post(row, effect, effect.where, message, root.ref if root else None)
        except Rejected as error:
            if root is None or error.scope is not Scope.GONE:
                raise
            raise RootGone(root, error.reason) from error

    async def seed(self, effect: SeedReactions) -> Close:
        """Puts the thumbs under a sample."""
        sample = PostSample(effect.run, effect.where, effect.step, effect.prompt)
        post = await self._db.read(posts.by_key(sample.once))
        if post is not None:
            await self._sender.chats[effect.where.platform].react(post.ref, ratings.SEEDS)
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
            case PostJoined():
                return thread_messages.joined(view.run)
            case PostHint():
                return thread_messages.hint(view.run)
            case PostPrompts(_, _, number):
                change = await self._db.read(prompts.change(number))
                return (
                    thread_messages.prompts(view.run, change.by, change.prompt, added=change.added) if change else None
                )
        raise TypeError(f"{effect} has no words")

    async def _outcome(self, view: View) -> Message:
        view = await views.of_run(self._db, view.run.number, views.PLOT_POINTS) or view
        picture = await self._plotter.picture(view.run, view.points)
        return run_messages.outcome(
            view.run, now=self._clock.now(), points=view.points, votes=view.by_step, picture=picture
        )

    async def _card(self, view: View, effect: AtPlace) -> Message:
        follower = await self._sender.follower(view.run, effect.where)
        return run_messages.card(
            view.run, now=self._clock.now(), points=view.points, votes=view.by_step, follower=follower
        )
