"""One case an effect: what is done to the outside world, and what becomes of an attempt that failed.

Called by `deliver` with a row; gives back how the row is closed. Nothing here retries.
"""

import sqlite3
from collections.abc import Container
from datetime import timedelta
from typing import assert_never

from bot.domain import fanout
from bot.domain.effects import (
    Announce,
    Conclude,
    DrawSample,
    EditCard,
    EditOutage,
    EditStorm,
    Effect,
    PostBacklog,
    PostDirect,
    PostFailure,
    PostHint,
    PostJoined,
    PostLog,
    PostMissing,
    PostOutage,
    PostOutcome,
    PostProgress,
    PostPrompts,
    PostSample,
    PostStorm,
    PostSuccess,
    SeedReactions,
    StartRun,
    StopRun,
)
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.lanes import AtPlace, announce_key
from bot.ports import Clock
from bot.runtime.closing import Close, backoff, nothing
from bot.runtime.jobs import Jobs
from bot.runtime.plotting import Plotter
from bot.runtime.posting import Posting, RootGone
from bot.runtime.sending import Sender
from bot.runtime.telling import Telling
from bot.store import outbox, posts, runs
from bot.store.ingest import following
from bot.store.outbox import Row

Told = PostFailure | PostSuccess | PostDirect | PostStorm | EditStorm | PostOutage | EditOutage
SERVICE = "service"  # the pace of everything that needs the training service
BACKLOG = 10  # more checkpoints than these waiting for one place are told together
SINGLE = 5  # of these the last come one by one
DRAW_ATTEMPTS = 5
ROOT_ATTEMPTS = 20  # of a reply whose root is gone: an hour, in which the card is posted anew
LONGEST = 300.0  # seconds between two attempts
TOKEN_PAUSE = 300.0  # seconds that a side pauses which does not let us in


class Performer:
    """Knows both sides."""

    def __init__(
        self, jobs: Jobs, sender: Sender, plotter: Plotter, clock: Clock, elsewhere: Container[int] = frozenset()
    ) -> None:
        """`elsewhere`: runs whose jobs another service has than the one we are connected to."""
        self._jobs = jobs
        self._elsewhere = elsewhere
        self._sender = sender
        self._posting = Posting(sender, plotter)
        self._telling = Telling(sender, plotter)
        self._clock = clock

    def paces(self, effect: Effect) -> tuple[str, ...] | None:
        """The limits that the effect is counted against; None when its platform, or its service, is not connected."""
        if isinstance(effect, DrawSample | StopRun) and effect.run in self._elsewhere:
            return None
        if not isinstance(effect, AtPlace | PostDirect):
            return () if isinstance(effect, Conclude) else (SERVICE,)
        chat = self._sender.chat(effect)
        return (f"chat:{chat.platform}", *chat.paces(effect)) if chat else None

    async def perform(self, row: Row) -> Close:
        """Does it. Raises Unavailable or Rejected."""
        effect = row.effect
        match effect:
            case StartRun():
                return await self._jobs.start(row, effect)
            case StopRun():
                return await self._jobs.stop(effect)
            case DrawSample():
                return await self._jobs.draw(effect)
            case Conclude():
                return self._conclude(effect)
            case SeedReactions():
                return await self._posting.seed(effect)
            case PostSample():
                merged = await self._posting.backlog(row, effect, SINGLE, BACKLOG)
                return merged or await self._posting.reply(row, effect)
            case PostMissing() | PostBacklog() | PostProgress() | PostOutcome() | PostLog():
                return await self._posting.reply(row, effect)
            case PostJoined() | PostHint() | PostPrompts():
                return await self._posting.reply(row, effect)
            case Announce():
                return await self._posting.announce(row, effect)
            case EditCard():
                return await self._posting.edit_card(row, effect)
            case _:
                return await self._tell(row, effect)

    async def _tell(self, row: Row, effect: Told) -> Close:
        match effect:
            case PostFailure():
                return await self._telling.failure(row, effect)
            case PostSuccess():
                return await self._telling.success(row, effect)
            case PostDirect():
                return await self._telling.direct(row, effect)
            case PostStorm():
                return await self._telling.storm(row, effect)
            case EditStorm():
                return await self._telling.edit_storm(row, effect)
            case PostOutage():
                return await self._telling.outage(row, effect)
            case EditOutage():
                return await self._telling.edit_outage(row, effect)
            case _:
                assert_never(effect)

    def _conclude(self, effect: Conclude) -> Close:
        now = self._clock.now()

        def close(connection: sqlite3.Connection) -> None:
            run = runs.get(effect.run).on(connection)
            if run is not None:
                outbox.add(connection, fanout.concluded(run, following(connection, run, now)), now)

        return close

    def unavailable(self, row: Row, error: Unavailable) -> Close:
        """Later, or given up: a draw is tried a few times where the service answers, for ever where it is away."""
        counts = error.pace is None
        if isinstance(row.effect, DrawSample) and counts and row.attempts + 1 >= DRAW_ATTEMPTS:
            return self._give_up(row, error.reason)
        wait = error.after or (backoff(row.attempts, LONGEST) if counts else 0.0)
        later = self._later(row, wait, error.reason, arrived=error.ambiguous, counts=counts)
        return self._jobs.unreached(row.effect, later) if isinstance(row.effect, StartRun) else later

    def rejected(self, row: Row, error: Rejected) -> Close:
        """What a refusal means depends on how much of the world it is about."""
        if isinstance(error, RootGone) and not error.root.lost and row.attempts < ROOT_ATTEMPTS:
            return self._without_root(row, error)
        match error.scope:
            case Scope.TOKEN:
                later = self._later(row, TOKEN_PAUSE, error.reason, arrived=False, counts=False)
                return self._jobs.unreached(row.effect, later) if isinstance(row.effect, StartRun) else later
            case Scope.PLACE if isinstance(row.effect, AtPlace):
                place, now = row.effect.where, self._clock.now()
                return lambda connection: outbox.block(connection, place, error.reason, now)
            case Scope.CONTENT if isinstance(row.effect, AtPlace | PostDirect) and not row.plain:
                return lambda connection: outbox.make_plain(connection, row, error.reason)
            case _:
                return self._give_up(row, error.reason)

    def _without_root(self, row: Row, error: RootGone) -> Close:
        """The card is looked after first, which posts it anew once; then the reply goes below that. A root that is no
        card is done with."""
        root, now = error.root, self._clock.now()
        later = self._later(row, backoff(row.attempts, LONGEST), error.reason, arrived=False, counts=True)

        def close(connection: sqlite3.Connection) -> None:
            if root.key == announce_key(root.run, root.ref.place):
                outbox.add(connection, [EditCard(root.run, root.ref.place, soon=True)], now)
            else:
                posts.mark_lost(connection, root.key)
            later(connection)

        return close

    def _later(self, row: Row, seconds: float, reason: str, *, arrived: bool, counts: bool) -> Close:
        due = self._clock.now() + timedelta(seconds=min(seconds, outbox.LONGEST_WAIT))
        return lambda connection: outbox.postpone(connection, row, due, reason, arrived=arrived, counts=counts)

    def _give_up(self, row: Row, reason: str) -> Close:
        """Whoever waits for it is told. What nobody can be told of is buried, for the operator to see."""
        now = self._clock.now()
        tell = self._instead(row.effect, reason)

        def close(connection: sqlite3.Connection) -> None:
            if tell is not None:
                tell(connection)
            outbox.give_up(connection, row, reason, now, told=tell is not None)

        return close

    def _instead(self, effect: Effect, reason: str) -> Close | None:
        """What happens in the place of an effect that is given up; None where only the operator can know."""
        match effect:
            case DrawSample():
                return self._jobs.undrawn(effect, reason)
            case StartRun():
                return self._jobs.refused(effect, reason)
            case StopRun():
                return self._jobs.unstopped(effect)
            case SeedReactions() | PostDirect():
                return nothing  # people can put a thumb there themselves, and see the card
            case _:
                return None
