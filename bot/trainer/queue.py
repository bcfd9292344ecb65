"""Which job runs now and which waits: starts keepers, notices ends, settles the lost ones.

One task of the service. It looks at the locks of running jobs a few times a second, and sleeps
while nothing runs. It survives nothing and needs to remember nothing: `adopt` finds everything
again in the job folders.
"""

import asyncio
import logging
import time
from contextlib import suppress

from . import folder as files
from .jobs import Job, Jobs, Phase
from .options import Options
from .orphans import end_orphan
from .runners import Runner, StartError

log = logging.getLogger(__name__)

POLL = 0.2  # seconds between looks at the running jobs
AGAIN = 2.0  # seconds after the disk refused
KILLED = "It cannot go on; start the run again."


class Queue:
    """Jobs in the order they were asked for; at most `options.concurrency` of them run."""

    def __init__(self, jobs: Jobs, options: Options, runner: Runner) -> None:
        self.jobs = jobs
        self.options = options
        self.runner = runner
        self.waiting: list[Job] = []
        self.running: list[Job] = []
        self._wake = asyncio.Event()
        self._told: dict[str, float] = {}  # when a job's end was first seen while its program lived

    async def adopt(self) -> None:
        """Take over what an earlier service left: running jobs go on, queued ones wait again."""
        for job in await asyncio.to_thread(self.jobs.oldest_first):
            match await asyncio.to_thread(job.phase):
                case Phase.waiting:
                    self.waiting.append(job)
                case Phase.living | Phase.lost:
                    self.running.append(job)
                case Phase.over:
                    pass

    def add(self, job: Job) -> None:
        """Let a new job wait for its turn."""
        self.waiting.append(job)
        self._wake.set()

    def position(self, job: Job) -> int | None:
        """The job's place among those that wait, from 1; None when it does not wait."""
        return self.waiting.index(job) + 1 if job in self.waiting else None

    async def cancel(self, job: Job) -> None:
        """Note the cancel. A waiting job is over with it; a running one when its keeper has ended it."""
        with suppress(ValueError):
            self.waiting.remove(job)
        await asyncio.to_thread(files.ask_to_cancel, job.folder)

    async def run(self) -> None:
        """Keep the places filled until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self._turn()
                pause = POLL if self.running else None
            except OSError:  # the boundary of this task: a full disk must not end the queue
                log.exception("the queue could not go on; it tries again")
                pause = AGAIN
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    async def _turn(self) -> None:
        """Drop what is over, start what may start."""
        self.running = [job for job in self.running if await self._goes_on(job)]
        self._told = {job.id: self._told[job.id] for job in self.running if job.id in self._told}
        while self.waiting and len(self.running) < self.options.concurrency:
            job = self.waiting.pop(0)
            try:
                await self._start(job)
            except OSError:
                self.waiting.insert(0, job)
                raise

    async def _goes_on(self, job: Job) -> bool:
        """Whether the job still holds its place; a job whose keeper was killed is settled here."""
        phase = await asyncio.to_thread(job.phase)
        if phase is Phase.lost:
            detail = await asyncio.to_thread(end_orphan, job.folder)
            await asyncio.to_thread(files.write_exit, job.folder, reason="keeper", detail=detail or KILLED)
            log.warning("the keeper of job %s was killed; the job is closed as failed", job.id)
            return False
        if phase is Phase.living and (await asyncio.to_thread(job.look)).over:
            await self._hurry(job)
        return phase is Phase.living

    async def _hurry(self, job: Job) -> None:
        """End a program that has told its end but does not leave, so that the next job gets its turn."""
        told = self._told.setdefault(job.id, time.monotonic())
        if time.monotonic() - told > self.options.linger:
            await asyncio.to_thread(files.ask_to_cancel, job.folder)

    async def _start(self, job: Job) -> None:
        """Give the job a place, or close it with the reason why it could not begin."""
        if await asyncio.to_thread(job.phase) is Phase.waiting:  # else cancelled through its folder
            try:
                await self._launch(job)
            except StartError as error:
                if await asyncio.to_thread(job.phase) is Phase.waiting:
                    await asyncio.to_thread(files.write_exit, job.folder, reason="start", detail=f"{error}")
                    log.warning("job %s could not be started: %s", job.id, error)
            else:
                self.running.append(job)

    async def _launch(self, job: Job) -> None:
        program = self.options.programs.get(str(job.asked.get("program")))
        if program is None:
            raise StartError(f"the model {job.asked.get('program')} is no longer configured")
        await self.runner.start(job.folder, program.train)
