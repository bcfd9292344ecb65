"""Finds the jobs that were started elsewhere, and makes runs of them; binds those that are ours to their runs.

Looks at the service's list at the start and then every half minute. What a service has when it is first seen is its
past: what is over is kept for lists and comparisons, and told to nobody (see `history`); what lives is followed. From
then on every job that nobody knows is a run that is told from its beginning. Which place hears of it is a matter of
follows; without one it is known all the same. A job that cannot be taken in holds up no other.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import JobCreated
from bot.domain.follows import Wants
from bot.domain.places import NOWHERE, SOMEBODY, Place
from bot.domain.recipes import Prompt, Recipe, RecipeError
from bot.domain.runs import Origin
from bot.ports import Backend, Clock, Job
from bot.runtime import outside
from bot.runtime.history import History
from bot.store import follows, ingest, outages, outbox, people, runs, services
from bot.store.database import Database

log = structlog.get_logger()
EVERY = 30.0  # seconds between two looks
CAP = 300.0  # seconds between two looks at a service that is away, or does not let us in
TRIES = 5  # looks in which a job is asked what it trains, before it is a run that does not say so
PATIENCE = 3  # jobs of one look that cannot be asked: then it is the service, and the others are asked another time
EARLIER = timedelta(minutes=1)  # how far the service's clock may be behind ours, when a job is made for a run

Recipes = Mapping[str, Recipe | RecipeError]


class Discoverer:
    """Holds what a look needs. `place` is the home of runs that were started elsewhere, `prompts` what they are asked
    where no recipe says it; `changed` is called when runs or effects were written."""

    def __init__(
        self,
        database: Database,
        backend: Backend,
        clock: Clock,
        *,
        identity: str,
        installation: str,
        place: Place | None,
        recipes: Callable[[], Awaitable[Recipes]],
        prompts: tuple[Prompt, ...],
        changed: Callable[[], None],
        progress: bool = False,
    ) -> None:
        """`identity` tells this service, and its project, from others; `progress`: lines of progress also where no
        recipe asks for them."""
        self._db = database
        self._backend = backend
        self._clock = clock
        self._identity = identity
        self._installation = installation
        self._place = place
        self._recipes = recipes
        self._prompts = prompts
        self._changed = changed
        self._progress = progress
        self._history = History(database, backend, clock, changed)
        self._failures = 0
        self._tries: Counter[str] = Counter()  # of jobs that could not be taken in yet
        self._set_aside: set[str] = set()  # jobs that are no runs, and were logged
        self._looking: asyncio.Task[None] | None = None
        self._stopping = False

    def stop(self) -> None:
        """Looks no more. What a look has not written yet is found by the next bot."""
        self._stopping = True
        if self._looking is not None:
            self._looking.cancel()

    async def run(self) -> None:
        """Looks until `stop`."""
        if self._stopping:
            return
        self._looking = asyncio.create_task(self._look_again_and_again(), name="look for jobs")
        try:
            await self._looking
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            await self._history.close()

    async def _look_again_and_again(self) -> None:
        while True:
            await self._clock.sleep(await self._one_look())

    async def _one_look(self) -> float:
        """A look by itself: one that breaks is logged and tried again. Seconds until the next one."""
        look = asyncio.create_task(self._look(), name="one look for jobs")
        try:
            await asyncio.wait([look])
        finally:
            look.cancel()
            await asyncio.wait([look])
        if look.cancelled() or (error := look.exception()) is None:
            return look.result()
        log.error("a look for jobs broke, looking again later", error=repr(error), exc_info=error)
        return self._pause(0.0)

    async def _look(self) -> float:
        """One look; seconds until the next one."""
        try:
            await self._take_in(await self._backend.jobs())
            await self._history.go_on()
        except Unavailable as error:
            return self._failed(error.reason, error.after or 0.0)
        except Rejected as error:
            return self._failed(error.reason, CAP if error.scope is Scope.TOKEN else 0.0)
        except sqlite3.OperationalError as error:  # a full disk, a file in use: that passes without us
            log.error("the database cannot be used, looking again soon", error=repr(error))  # noqa: TRY400 (its trace says no more)
            return EVERY
        self._failures = 0
        return EVERY

    def _failed(self, reason: str, at_least: float) -> float:
        wait = self._pause(at_least)
        log.warning("the jobs of the training service cannot be taken in", reason=reason, wait=wait)
        return wait

    def _pause(self, at_least: float) -> float:
        wait = max(min(EVERY * 2.0 ** min(self._failures, 16), CAP), at_least)
        self._failures += 1
        return wait

    async def _take_in(self, jobs: Sequence[Job]) -> None:
        await self._end_outage()
        unknown = await self._db.read(services.unknown(job.id for job in jobs))
        new = [job for job in reversed(jobs) if job.id in unknown and job.id not in self._set_aside]
        first = not await self._db.read(services.seen(self._identity))
        if not new and not first:
            return
        recipes = await self._known_recipes()
        new.sort(key=lambda job: (self._tries[job.id], job.created_at))
        told: list[Job] = []
        troubles: list[Unavailable] = []
        for job in new:
            self._tries[job.id] += 1
            detailed = await self._detailed(job, troubles, first=first)
            if detailed is not None and first:
                told.append(detailed)
            elif detailed is not None:
                await self._write([detailed], recipes, first=False)
        if first:
            await self._write(told, recipes, first=True)
        if len(troubles) >= PATIENCE:
            raise troubles[-1]

    async def _known_recipes(self) -> Recipes:
        try:
            return await self._recipes()
        except OSError as error:
            raise Unavailable(f"the recipes cannot be read: {error.strerror or error}") from error

    async def _end_outage(self) -> None:
        """The service answers: an outage that no run is left to end is over."""
        if await self._db.read(outages.left_open()):
            now = self._clock.now()
            await self._db.write(lambda connection: outbox.add(connection, outages.answered(connection, now), now))
            self._changed()

    async def _detailed(self, job: Job, troubles: list[Unavailable], *, first: bool) -> Job | None:
        """The job with its config, which a list may leave out; None where it has to be asked in another look. The past
        is asked later, a few jobs at a time."""
        if job.config or (first and outside.over(job)) or self._tries[job.id] > TRIES:
            return job
        if len(troubles) >= PATIENCE:
            self._tries[job.id] -= 1  # nobody asked it
            return None
        try:
            return replace(job, config=(await self._backend.job(job.id)).config)
        except Unavailable as error:
            log.info("a job cannot be asked what it trains, later again", job=job.id, reason=error.reason)
            troubles += [error] * (PATIENCE if error.after else 1)
            return None
        except Rejected as error:
            if error.scope is Scope.TOKEN:
                raise
            return job

    async def _write(self, jobs: Sequence[Job], recipes: Recipes, *, first: bool) -> None:
        """These jobs become runs together, and the service known with them."""
        now = self._clock.now()

        def write(connection: sqlite3.Connection) -> list[Job]:
            services.see(connection, self._identity, now)
            return [job for job in jobs if not self._record(connection, job, recipes, now, first=first)]

        left = await self._db.write(write)
        for job in jobs:
            del self._tries[job.id]
        for job in left:
            log.warning("a job that is not the one of its run was left alone", job=job.id, name=job.name)
            self._set_aside.add(job.id)
        self._changed()

    def _record(
        self, connection: sqlite3.Connection, job: Job, recipes: Recipes, now: datetime, *, first: bool
    ) -> bool:
        """Binds the job to the run that it was created for, or makes a run of it. False for a job of a run that has
        another one, which may be left from a start that was repeated, and for a job that is older than its run, whose
        number was used before the database came from a back-up: they are nobody's to stop."""
        if runs.by_job(job.id).on(connection) is not None:
            return True
        tag = outside.split(job.name)[1]
        own = runs.get(tag.run).on(connection) if tag and tag.installation == self._installation else None
        if own is None:
            self._begin(connection, job, outside.recipe(job, recipes, self._prompts), now, first=first)
            return True
        if own.job_id is not None or job.created_at < own.requested_at - EARLIER:
            return False
        ingest.take(connection, own.number, JobCreated(now, job.id), now)
        return True

    def _begin(self, connection: sqlite3.Connection, job: Job, recipe: Recipe, now: datetime, *, first: bool) -> None:
        people.see(connection, SOMEBODY, now)
        home = self._place or _place_of_everything(connection)
        run = runs.add(connection, outside.run(job, recipe, home, history=first and outside.over(job)))
        if run.origin is not Origin.HISTORY:
            wants = Wants.of_home(recipe.notify, progress=self._progress) if self._place else None
            ingest.begin(connection, run, wants, now, alone=False)


def _place_of_everything(connection: sqlite3.Connection) -> Place:
    """Where no place was set: the one that has followed every run for the longest time, and that everybody may read."""
    found = [one for one in follows.of_everything().on(connection) if not (one.alone or one.private)]
    return found[0].place if found else NOWHERE
