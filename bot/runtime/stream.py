"""Follows the event stream of one run, reconnects, and settles by asking the job what the stream cannot tell.

The rules of reconnecting are those of the protocol (SDK trainer.ts, commit 314c6e3): back-off from 1 s to 60 s with a
quarter of jitter, reset by every frame with data, not by a ping; a clean end after data waits a flat second. 401, 403
and 426 are conditions of the service: look again every five minutes. Every event is committed before the next one is
read.
"""

import math
import sqlite3
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

import structlog

from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import (
    ContactLost,
    ContactRegained,
    Event,
    TrainingCancelled,
    TrainingCompleted,
    TrainingFailed,
)
from bot.domain.runs import Condition, Run
from bot.ports import Backend, Clock, Frame, Job
from bot.store import runs
from bot.store.database import Database
from bot.store.ingest import take

log = structlog.get_logger()
BASE, CAP, JITTER, FLAT = 1.0, 60.0, 0.25, 1.0  # seconds, seconds, share, seconds
PAUSE = 300.0  # seconds between two tries of a service that does not let us in
LOST_AFTER = CAP + 5.0  # seconds of failing before the card says so; one wait alone is never that long
GONE_AFTER = 600.0  # seconds of 404 before the job is asked, and before what the job says to that is believed
UNKNOWN = "The training service no longer knows this job."


def backoff(failures: int, jitter: Callable[[], float]) -> float:
    """Seconds before the next try after so many failures in a row, 0 the first; `jitter` gives -1 to 1."""
    nominal = min(BASE * 2.0 ** min(failures, 16), CAP)
    return float(min(max(nominal * (1 + JITTER * jitter()), 0.0), CAP))


class Stream:
    """The following of one run: how often it failed, and since when."""

    def __init__(
        self,
        number: int,
        *,
        database: Database,
        backend: Backend,
        clock: Clock,
        changed: Callable[[], None],
        jitter: Callable[[], float],
    ) -> None:
        self._db = database
        self._backend = backend
        self._clock = clock
        self._changed = changed
        self._jitter = jitter
        self._number = number
        self.news_at = clock.monotonic()  # when something about the run last changed
        self.asked_at = -math.inf  # when its silence was last doubted
        self._known: Run | None = None
        self._failures = 0
        self._data = False  # whether this connection brought data
        self._failing_since: float | None = None
        self._missing_since: float | None = None
        self._jobless_since: float | None = None  # like it, for a stream that ends and a job that is not found
        self._lost = False
        self._answers = False  # whether the service itself answered the last time, if only with a refusal

    async def follow(self) -> None:
        """Reads, waits, reads again, until the run is over."""
        while (run := await self._db.read(runs.get(self._number))) and not run.state.final:
            self._lost = run.condition is Condition.LOST_CONTACT
            wait = await self._connect(run)
            if wait is None:
                return
            await self._pause(wait)

    async def over(self, run: Run) -> bool:
        """Asks the job whether it has ended, beside the stream, which may not say so."""
        try:
            return await self._settle(run, patient=True)
        except (Unavailable, Rejected) as error:
            log.info("a silent job cannot be asked", run=self._number, reason=error.reason)
            return False

    async def _pause(self, wait: float) -> None:
        """Waits; in the middle of it the run may have been out of contact for too long."""
        since = self._failing_since
        if since is not None and not self._lost:
            left = max(since + LOST_AFTER - self._clock.monotonic(), 0.0)
            if left <= wait:
                await self._clock.sleep(left)
                await self._lose_contact()
                wait -= left
        await self._clock.sleep(wait)

    async def _connect(self, run: Run) -> float | None:
        """One connection; seconds to wait before the next one, None when the run is over."""
        self._data = False
        try:
            ended = await self._read(run)
            if ended and await self._settle(run, patient=True):
                return None
        except Unavailable as error:
            self._answers = False
            return self._failed(error.reason, error.after or 0.0)
        except Rejected as error:
            self._answers = error.scope is not Scope.TOKEN
            return await self._rejected(run, error)
        if self._data:
            return FLAT
        return self._failed("the stream closed without any data", 0.0)

    async def _read(self, run: Run) -> bool:
        """Takes in what comes; True when the service says that there is no more."""
        if run.job_id is None:
            return False
        async with aclosing(self._backend.events(run.job_id, run.cursor)) as frames:
            async for frame in frames:
                self._hear(frame)
                if frame.event is not None or frame.id is not None or self._lost:
                    after = await self._take(frame.event, frame.id)
                    if after is None or after.state.final:
                        return False
                if frame.end:
                    return True
        return False

    def _hear(self, frame: Frame) -> None:
        """Any frame is contact; only data is progress."""
        self._failing_since = None
        self._missing_since = None
        if frame.data and not frame.end:
            self._data = True
            self._failures = 0

    async def _take(self, event: Event | None, cursor: str | None) -> Run | None:
        now = self._clock.now()
        regained, self._lost = self._lost, False

        def write(connection: sqlite3.Connection) -> Run | None:
            if regained:
                take(connection, self._number, ContactRegained(now), now)
            return take(connection, self._number, event, now, cursor=cursor)

        after = await self._db.write(write)
        known = replace(after, cursor=None) if after else None
        if known != self._known:
            self._known, self.news_at, self._jobless_since = known, self._clock.monotonic(), None
        self._changed()
        return after

    async def _settle(self, run: Run, *, patient: bool) -> bool:
        """Asks the job how it ended; True when it has. `patient`: nothing but its 404 says that it is gone."""
        now = self._clock.monotonic()
        try:
            job = await self._backend.job(run.job_id or "")
        except Rejected as error:
            if error.scope is not Scope.GONE:
                raise
            self._jobless_since = self._jobless_since if self._jobless_since is not None else now
            if patient and error.status == 404 and now - self._jobless_since < GONE_AFTER:
                return False
            await self._take(TrainingFailed(self._clock.now(), UNKNOWN), None)
            return True
        self._jobless_since = None
        event = _outcome(job, self._clock.now())
        if event is None:
            return False
        await self._take(event, None)
        return True

    def _failed(self, reason: str, at_least: float) -> float:
        wait = max(backoff(self._failures, self._jitter), at_least)
        self._failures += 1
        now = self._clock.monotonic()
        self._failing_since = self._failing_since if self._failing_since is not None else now
        log.info("the stream broke", run=self._number, reason=reason, wait=round(wait, 1))
        return wait

    async def _lose_contact(self) -> None:
        if not self._lost:
            self._lost = True
            now = self._clock.now()
            event = ContactLost(now, answered=self._answers)
            await self._db.write(lambda connection: take(connection, self._number, event, now))
            self._changed()

    async def _rejected(self, run: Run, error: Rejected) -> float | None:
        if error.scope is Scope.TOKEN:
            log.error("the training service does not let us in", reason=error.reason, status=error.status)
            await self._lose_contact()
            return PAUSE
        if error.scope is not Scope.GONE:
            return self._failed(error.reason, 0.0)
        now = self._clock.monotonic()
        self._missing_since = self._missing_since if self._missing_since is not None else now
        if error.status == 404 and now - self._missing_since < GONE_AFTER:
            return self._failed(error.reason, 0.0)
        try:
            settled = await self._settle(run, patient=False)
        except (Unavailable, Rejected) as again:
            return self._failed(str(again), 0.0)
        return None if settled else self._failed(error.reason, 0.0)


def _outcome(job: Job, now: datetime) -> Event | None:
    """What the job's own status says about its end; None while it lives."""
    at = job.ended_at or now
    match job.status:
        case "completed":
            return TrainingCompleted(at)
        case "failed":
            return TrainingFailed(at, job.error or "The training service gave no reason.")
        case "cancelled":
            return TrainingCancelled(at)
        case _:
            return None
