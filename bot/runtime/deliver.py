"""Works the outbox off: one effect a lane at a time, lanes side by side, the most urgent first.

Runs as one task for as long as the bot does. It wakes when something was committed, when a row becomes due, when
a pace is free again, and every few seconds to see what an operator changed from outside. A crash loses nothing:
what was being done is a row that is marked as tried, and is looked for before it is repeated.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from bot.domain.effects import Effect, StartRun
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.lanes import Rank
from bot.ports import Clock
from bot.runtime.closing import Close, backoff
from bot.runtime.perform import TOKEN_PAUSE, Performer
from bot.runtime.wake import Wake
from bot.store import outbox
from bot.store.database import Database
from bot.store.outbox import Row

log = structlog.get_logger()
LOOK_AGAIN = 5.0  # seconds; an operator's change is noticed after so long at the latest
LONGEST_HOLD = 60.0  # seconds that a pace is held when nobody said for how long
FORGET = 3600.0  # seconds after a hold in which its pace is not needed again until it counts as a new one
# Effects of a rank side by side. Those that the training service does can take a minute each: all of them together
# leave most of the room to the chats.
AT_ONCE: Mapping[Rank, int] = {Rank.JOB: 4, Rank.DRAW: 2}
MOST_AT_ONCE = 16
GRACE = 5.0  # seconds that a stop waits for what is in hand


class Deliverer:
    """Holds what is in hand and which paces are held."""

    def __init__(self, database: Database, performer: Performer, clock: Clock, *, started: Callable[[], None]) -> None:
        """`started` is called when a job may have been created, which somebody should follow."""
        self._db = database
        self._started = started
        self._performer = performer
        self._clock = clock
        self._wake = Wake(clock)
        self._in_hand: dict[str, asyncio.Task[None]] = {}  # by lane
        self._ranks: Counter[Rank] = Counter()
        self._held: dict[str, float] = {}  # pace to the moment (monotonic) when it is free again; kept for FORGET
        self._refusals: Counter[str] = Counter()  # holds of a pace without a word for how long, since the last success
        self._broken: set[int] = set()  # rows whose last attempt broke: it may have got through
        self._stopping = False

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    def stop(self) -> None:
        """Takes nothing new in hand, and finishes what is."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Delivers until `stop`."""
        recovered = False
        try:
            while not self._stopping:
                wait = LOOK_AGAIN
                try:
                    recovered = recovered or await self._recover()
                    wait = await self._dispatch()
                except sqlite3.OperationalError as error:  # a full disk, a file in use: that passes without us
                    log.error("the database cannot be used, looking again soon", error=repr(error))  # noqa: TRY400 (its trace says no more)
                await self._wake.wait(wait)
            await self._finish_in_hand()
        finally:
            await self._let_go()

    async def idle(self) -> bool:
        """Whether nothing is in hand and nothing that is free is due."""
        return not self._in_hand and not await self._ready()

    async def _recover(self) -> bool:
        found = await self._db.write(lambda connection: outbox.recover(connection, self._clock.now()))
        if found:
            log.info("effects may have been sent before the last stop, looking for them first", effects=found)
        return True

    async def _dispatch(self) -> float:
        """Takes in hand what can go now; seconds until it is worth looking again."""
        ready = await self._ready()
        going = self._fitting(ready)
        fresh = [row.id for row in going if row.tried_at is None]
        broken = self._broken.intersection(row.id for row in going)
        now = self._clock.now()
        if fresh or broken:
            await self._db.write(lambda connection: outbox.mark(connection, fresh, now, suspect=broken))
        for row in going:
            self._take(replace(row, suspect=row.suspect or row.id in broken))
        self._broken -= broken
        return await self._until_next(now)

    async def _finish_in_hand(self) -> None:
        patience = asyncio.ensure_future(self._clock.sleep(GRACE))
        try:
            while self._in_hand and not patience.done():
                await asyncio.wait({*self._in_hand.values(), patience}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()

    async def _ready(self) -> list[Row]:
        """Rows that can go. A lane that was in hand when the reading began may be shown as it was before its end."""
        busy = set(self._in_hand)
        rows = await self._db.read(outbox.heads(self._clock.now()))
        return [row for row in rows if row.lane not in busy and self._in_pace(row.effect)]

    def _fitting(self, ready: Sequence[Row]) -> list[Row]:
        """Those for which there is room beside what is in hand."""
        ranks, going = self._ranks.copy(), list[Row]()
        for row in ready:
            rank = row.effect.rank
            if ranks.total() < MOST_AT_ONCE and ranks[rank] < AT_ONCE.get(rank, MOST_AT_ONCE):
                ranks[rank] += 1
                going.append(row)
        return going

    def _in_pace(self, effect: Effect) -> bool:
        paces = self._performer.paces(effect)
        now = self._clock.monotonic()
        if paces is None:
            return False
        return all(self._held.get(pace, 0.0) <= now for pace in (*paces, f"lane:{effect.lane}"))

    async def _until_next(self, now: datetime) -> float:
        due = await self._db.read(outbox.next_due(now))
        monotonic = self._clock.monotonic()
        self._forget(monotonic)
        free = [moment - monotonic for moment in self._held.values() if moment > monotonic]
        return max(0.0, min([LOOK_AGAIN, *free, *([due] if due is not None else [])]))

    def _forget(self, monotonic: float) -> None:
        """Drops the paces that nothing needed for long: there is one for every lane that ever failed."""
        for pace in [pace for pace, moment in self._held.items() if moment + FORGET <= monotonic]:
            del self._held[pace]
            self._refusals.pop(pace, None)

    def _take(self, row: Row) -> None:
        self._ranks[row.effect.rank] += 1
        task = asyncio.create_task(self._deliver(row), name=f"deliver {row.lane}")
        self._in_hand[row.lane] = task
        task.add_done_callback(lambda done: self._done(row, done))

    def _done(self, row: Row, task: asyncio.Task[None]) -> None:
        self._in_hand.pop(row.lane, None)
        self._ranks[row.effect.rank] -= 1
        if not task.cancelled() and (error := task.exception()):
            log.error("an effect broke", effect=repr(row.effect), error=repr(error), exc_info=error)
            self._broken.add(row.id)
            self._hold(f"lane:{row.lane}", None)
        self._wake.set()

    async def _deliver(self, row: Row) -> None:
        """One attempt and its end, which is committed in one transaction with what it caused."""
        close, done = await self._attempt(row)
        now = self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            close(connection)
            if done:
                outbox.finish(connection, row, now)

        await self._db.write(write)
        if isinstance(row.effect, StartRun):
            self._started()

    async def _attempt(self, row: Row) -> tuple[Close, bool]:
        try:
            close = await self._performer.perform(row)
        except Unavailable as error:
            log.info("not delivered, later again", effect=repr(row.effect), reason=error.reason)
            if error.pace is not None:
                self._hold_for(row.effect, error)
            return self._performer.unavailable(row, error), False
        except Rejected as error:
            log.warning("refused", effect=repr(row.effect), scope=error.scope.value, reason=error.reason)
            if error.scope is Scope.TOKEN:
                self._hold(self._side(row.effect), TOKEN_PAUSE)
            return self._performer.rejected(row, error), False
        for pace in (*(self._performer.paces(row.effect) or ()), f"lane:{row.lane}"):
            self._refusals.pop(pace, None)
        return close, True

    def _side(self, effect: Effect) -> str:
        """The pace that stands for the whole platform or service."""
        return next(iter(self._performer.paces(effect) or ()), "none")

    def _hold_for(self, effect: Effect, error: Unavailable) -> None:
        """Holds the exhausted pace; the lane too where its platform did not say that it is counted against that."""
        pace = error.pace or ""
        self._hold(pace, error.after)
        if pace not in (self._performer.paces(effect) or ()):
            self._hold(f"lane:{effect.lane}", error.after)

    def _hold(self, pace: str, after: float | None) -> None:
        """Holds a pace. Attempts that were under way when it was exhausted are the same refusal."""
        now = self._clock.monotonic()
        if not after and self._held.get(pace, 0.0) > now:
            return
        self._held[pace] = max(self._held.get(pace, 0.0), now + (after or backoff(self._refusals[pace], LONGEST_HOLD)))
        self._refusals[pace] += 1

    async def _let_go(self) -> None:
        """Gives up on what is still in hand: its rows stay marked, and are looked for at the next start."""
        tasks = list(self._in_hand.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
