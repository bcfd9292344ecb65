"""The effects that stand on their own: a failure, a burst of them, a good end in the channel or to one person alone, an
outage of the training service. Used by `perform`; cards and threads are in `posting`."""

from bot.domain.effects import (
    EditOutage,
    EditStorm,
    PostDirect,
    PostFailure,
    PostOutage,
    PostStorm,
    PostSuccess,
    outage_key,
    storm_key,
)
from bot.domain.follows import Follower
from bot.domain.places import Place
from bot.domain.runs import Origin, Run
from bot.messages import alerts
from bot.messages import runs as run_messages
from bot.messages.model import Message, Ping
from bot.runtime.closing import Close, nothing
from bot.runtime.plotting import Plotter
from bot.runtime.sending import Sender
from bot.store import failures, follows, outages, people, posts, views
from bot.store.outbox import Row
from bot.store.views import View


class Telling:
    """What is said outside a card and its thread."""

    def __init__(self, sender: Sender, plotter: Plotter) -> None:
        self._sender = sender
        self._db = sender.db
        self._clock = sender.clock
        self._plotter = plotter

    async def failure(self, row: Row, effect: PostFailure) -> Close:
        """Posts the loud message in the channel."""
        view = await views.of_run(self._db, effect.run, views.PLOT_POINTS)
        if view is None:
            return nothing
        follower = await self._sender.follower(view.run, effect.where)
        message = run_messages.failure(
            view.run,
            now=self._clock.now(),
            points=view.points,
            votes=view.by_step,
            picture=await self._plotter.picture(view.run, view.points),
            ping=await self._ping(view.run, effect.where, follower),
            follower=follower,
        )
        return await self._sender.post(row, effect, effect.where, message, None)

    async def _ping(self, run: Run, place: Place, follower: Follower | None) -> Ping | None:
        """Whom this failure calls; nobody where another one called somebody in this place just now."""
        mention = follower.wants.mention if follower else "nobody"
        if mention == "nobody" or (mention == "starter" and run.origin is not Origin.CHAT):
            return None
        now = self._clock.now()
        if not await self._db.write(lambda connection: failures.may_call(connection, place, run.number, now)):
            return None
        if mention == "starter":
            return Ping(run.starter)
        return Ping(group=mention.removeprefix("group:")) if mention.startswith("group:") else Ping()

    async def success(self, row: Row, effect: PostSuccess) -> Close:
        """Posts the good end in the channel, where somebody asked for it there."""
        view = await views.of_run(self._db, effect.run, views.PLOT_POINTS)
        if view is None:
            return nothing
        follower = await self._sender.follower(view.run, effect.where)
        message = alerts.in_channel(view.run, await self._outcome(view), follower)
        return await self._sender.post(row, effect, effect.where, message, None)

    async def _outcome(self, view: View) -> Message:
        return run_messages.outcome(
            view.run,
            now=self._clock.now(),
            points=view.points,
            votes=view.by_step,
            picture=await self._plotter.picture(view.run, view.points),
        )

    async def direct(self, row: Row, effect: PostDirect) -> Close:
        """Tells one person alone, unless that person wants no such messages, or this one no more."""
        view = await views.of_run(self._db, effect.run, views.PLOT_POINTS)
        if view is None or await self._db.read(people.quiet(effect.to)):
            return nothing
        every = await self._db.read(follows.of_run(view.run))
        wished = [one for one in every if one.wants.success == "direct" and one.set_by == effect.to]
        own = effect.to == view.run.starter
        if not own and (not wished or view.run.private):
            return nothing
        place = await self._sender.chats[effect.to.platform].direct(effect.to)
        outcome = await self._outcome(view)
        home = view.run.home if view.run.opens_from(place) or own else place
        link = await self._sender.card_link(effect.run, home)
        return await self._sender.post(row, effect, place, alerts.alone(view.run, outcome, link, wished), None)

    async def storm(self, row: Row, effect: PostStorm) -> Close:
        """Posts the message that a burst of failures folds into."""
        return await self._sender.post(row, effect, effect.where, await self._storm(effect), None)

    async def edit_storm(self, row: Row, effect: EditStorm) -> Close:
        """Adds what has failed since."""
        post = await self._db.read(posts.by_key(storm_key(effect.run, effect.where)))
        return await self._sender.edit(row, post, await self._storm(effect)) if post else nothing

    async def _storm(self, effect: PostStorm | EditStorm) -> Message:
        failed = await self._db.read(failures.of_burst(effect.where, effect.run))
        links = {run.number: await self._link(run, effect.where) for run in failed}
        return alerts.storm(failed, links)

    async def _link(self, run: Run, place: Place) -> str | None:
        """An address of the run's card here, else of its own failure message, else of its card in its home."""
        card = await self._sender.card_link(run.number, place)
        root = await self._db.read(posts.root(run.number, place)) if card is None else None
        if root is not None:
            return await self._sender.link(root.ref)
        return card or (await self._sender.card_link(run.number, run.home) if run.opens_from(place) else None)

    async def outage(self, row: Row, effect: PostOutage) -> Close:
        """Posts the notice that the service is away. One that is over before it could be posted is no news."""
        found = await self._db.read(outages.get(effect.outage))
        if found is None or (found.ended_at is not None and not row.suspect):
            return nothing
        return await self._sender.post(row, effect, effect.where, alerts.outage(found.began_at, found.ended_at), None)

    async def edit_outage(self, row: Row, effect: EditOutage) -> Close:
        """Says that the service is back, or away again."""
        found = await self._db.read(outages.get(effect.outage))
        post = await self._db.read(posts.by_key(outage_key(effect.outage, effect.where)))
        if found is None or post is None:
            return nothing
        return await self._sender.edit(row, post, alerts.outage(found.began_at, found.ended_at))
