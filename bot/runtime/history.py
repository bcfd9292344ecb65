"""Reads the streams of jobs that were over before anybody here looked, each once to its end.

Driven by `discover`: goes on whenever the service has answered, a few streams at a time, the newest first. A stream
that breaks is read again after a later answer, a few times in the bot's life. What cannot be read any more is left as
the list of jobs told it.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from bot.domain import recipes
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import StreamEvent, TrainingCancelled, TrainingCompleted, TrainingFailed
from bot.domain.recipes import Recipe
from bot.domain.runs import Run
from bot.ports import Backend, Clock
from bot.store import history, runs
from bot.store.database import Database

log = structlog.get_logger()
AT_ONCE = 4  # streams
BATCH = 500  # events in one write
PINGS = 3  # in a row: there is nothing more to come, though nobody says so
TRIES = 5  # in one life of the bot
LONGEST = 1800.0  # seconds of one stream, and
MOST = 500_000  # frames of it: one that still goes on is no past, and others wait for its place


class History:
    """Holds the streams that are being read."""

    def __init__(self, database: Database, backend: Backend, clock: Clock, changed: Callable[[], None]) -> None:
        self._db = database
        self._backend = backend
        self._clock = clock
        self._changed = changed
        self._line: deque[int] = deque()
        self._tasks: dict[int, asyncio.Task[bool]] = {}
        self._tries: Counter[int] = Counter()

    async def go_on(self) -> None:
        """The service answers: reads on where there is something left to read."""
        left = await self._db.read(history.unheard())
        self._line = deque(one for one in left if one not in self._tasks and self._tries[one] < TRIES)
        self._fill()

    async def close(self) -> None:
        """Reads no more."""
        self._line.clear()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fill(self) -> None:
        while self._line and len(self._tasks) < AT_ONCE:
            self._begin(self._line.popleft())

    def _begin(self, number: int) -> None:
        self._tries[number] += 1
        task = asyncio.create_task(self._replay(number), name=f"replay run {number}")
        self._tasks[number] = task
        task.add_done_callback(lambda done: self._done(number, done))

    def _done(self, number: int, task: asyncio.Task[bool]) -> None:
        self._tasks.pop(number, None)
        if task.cancelled():
            return
        if error := task.exception():
            log.error("reading the past of a run broke", run=number, error=repr(error), exc_info=error)
        if error or not task.result():
            self._line.clear()  # until the service answers again
        self._fill()

    async def _replay(self, number: int) -> bool:
        """False where it has to be tried again."""
        run = await self._db.read(runs.get(number))
        if run is None or run.job_id is None:
            return True
        recipe: Recipe | None = None
        try:
            recipe = await self._recipe(run, run.job_id)
            done = await self._listen(number, run.job_id)
        except Unavailable as error:
            return self._broken(number, error.reason)
        except Rejected as error:
            if error.scope is Scope.TOKEN:
                return self._broken(number, error.reason)
            log.info("the past of a run is gone", run=number, reason=error.reason)
            done = True
        if not done:
            return self._broken(number, "the stream closed before its end")
        await self._db.write(lambda connection: history.close(connection, number, recipe))
        self._changed()
        return True

    def _broken(self, number: int, reason: str) -> bool:
        log.info("the past of a run cannot be read, later again", run=number, reason=reason)
        return False

    async def _recipe(self, run: Run, job: str) -> Recipe | None:
        """What the job trained, where the list did not say it."""
        if run.recipe.model:
            return None
        told = recipes.from_config(run.name, (await self._backend.job(job)).config)
        return replace(run.recipe, model=told.model, dataset=told.dataset, settings=told.settings, extra=told.extra)

    async def _listen(self, number: int, job: str) -> bool:
        """Takes in what comes; True at the end of it, or where there is no end to be seen."""
        batch: list[StreamEvent] = []
        pings = count = 0
        until = self._clock.monotonic() + LONGEST
        try:
            async with aclosing(self._backend.events(job, None)) as frames:
                async for frame in frames:
                    if frame.event is not None:
                        batch.append(frame.event)
                    pings = 0 if frame.data else pings + 1
                    ended = isinstance(frame.event, TrainingCompleted | TrainingFailed | TrainingCancelled)
                    if frame.end or ended or pings >= PINGS:
                        return True
                    count += 1
                    if count >= MOST or self._clock.monotonic() >= until:
                        log.warning("the past of a run has no end, what came is kept", run=number, frames=count)
                        return True
                    if len(batch) >= BATCH:
                        await self._write(number, batch)
                        batch = []
            return False
        finally:
            await self._write(number, batch)

    async def _write(self, number: int, events: Sequence[StreamEvent]) -> None:
        if events:
            await self._db.write(lambda connection: history.replay(connection, number, events))
