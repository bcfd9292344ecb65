"""Follows the event stream of every live run, and tells a run that has gone quiet from one that has ended.

One task a run, which is in `stream`. A stream that says nothing new for as long as its recipe allows is no proof that
anything goes on: then the job is asked, and asked again after as long.
"""

import asyncio
import random
import sqlite3
from collections.abc import Callable, Container

import structlog

from bot.domain.events import FellSilent
from bot.domain.runs import Run, State
from bot.ports import Backend, Clock
from bot.runtime.stream import Stream
from bot.runtime.wake import Wake
from bot.store import runs
from bot.store.database import Database
from bot.store.ingest import take

log = structlog.get_logger()
LOOK = 15.0  # seconds between two looks at who is silent


class Watcher:
    """Holds the task of every live run."""

    def __init__(
        self,
        database: Database,
        backend: Backend,
        clock: Clock,
        changed: Callable[[], None],
        *,
        jitter: Callable[[], float] = lambda: random.uniform(-1, 1),  # noqa: S311 (no secret)
        elsewhere: Container[int] = frozenset(),
    ) -> None:
        """`elsewhere`: runs whose jobs another service has than the one we are connected to."""
        self._elsewhere = elsewhere
        self._db = database
        self._backend = backend
        self._clock = clock
        self._changed = changed
        self._jitter = jitter
        self._wake = Wake(clock)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._streams: dict[int, Stream] = {}
        self._doubts: set[asyncio.Task[None]] = set()
        self._stopping = False

    def wake(self) -> None:
        """A job may have been created."""
        self._wake.set()

    def stop(self) -> None:
        """Follows nothing any more."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Follows until `stop`."""
        try:
            while not self._stopping:
                try:
                    for run in await self._db.read(runs.live()):
                        self._see_to(run)
                        await self._notice_silence(run)
                except sqlite3.OperationalError as error:  # a full disk, a file in use: that passes without us
                    log.error("the database cannot be used, looking again soon", error=repr(error))  # noqa: TRY400 (its trace says no more)
                await self._wake.wait(LOOK)
        finally:
            tasks = [*self._tasks.values(), *self._doubts]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _see_to(self, run: Run) -> None:
        if run.job_id is None or run.number in self._tasks or run.number in self._elsewhere:
            return
        stream = Stream(
            run.number,
            database=self._db,
            backend=self._backend,
            clock=self._clock,
            changed=self._changed,
            jitter=self._jitter,
        )
        task = asyncio.create_task(stream.follow(), name=f"watch run {run.number}")
        self._tasks[run.number] = task
        self._streams[run.number] = stream
        task.add_done_callback(lambda done: self._done(run.number, done))

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        self._tasks.pop(number, None)
        self._streams.pop(number, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("following a run broke, beginning anew", run=number, error=repr(error), exc_info=error)

    async def _notice_silence(self, run: Run) -> None:
        """Counted from when we heard it, by our own clock: the service's may differ, and we may have been away."""
        stream, allowed = self._streams.get(run.number), 60 * run.recipe.notify.silent_minutes
        if stream is None or self._clock.monotonic() - stream.news_at <= allowed:
            return
        if self._clock.monotonic() - stream.asked_at > allowed:
            stream.asked_at = self._clock.monotonic()
            doubt = asyncio.create_task(self._doubt(run, stream), name=f"ask whether run {run.number} goes on")
            self._doubts.add(doubt)
            doubt.add_done_callback(self._doubts.discard)
        if run.state is State.RUNNING and run.condition is None:
            now = self._clock.now()
            await self._db.write(lambda connection: take(connection, run.number, FellSilent(now), now))
            self._changed()

    async def _doubt(self, run: Run, stream: Stream) -> None:
        """A stream may stay open without a word after its job has ended: then there is nothing left to follow."""
        task = self._tasks.get(run.number)
        if await stream.over(run) and task is not None:
            task.cancel()
