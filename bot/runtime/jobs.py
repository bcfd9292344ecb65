"""The effects that go to the training service: start a job, stop it, ask a checkpoint. Used by `perform`."""

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

from bot.domain import fanout, tokens
from bot.domain.effects import DrawSample, StartRun, StopRun
from bot.domain.errors import Rejected, Scope
from bot.domain.events import CancelRefused, ContactLost, JobCreated, JobRefused, TrainingCancelled
from bot.domain.runs import Run, Sample, State
from bot.domain.text import clean, cut
from bot.ports import Backend, Clock, Spec
from bot.runtime.closing import Close, nothing
from bot.store import elsewhere, outbox, runs
from bot.store.database import Database
from bot.store.ingest import following, take
from bot.store.outbox import Row

_ENDED_BY_ITSELF = (State.COMPLETED, State.FAILED)
ANSWER_LIMIT = 20_000  # characters of an answer that are kept


class Jobs:
    """The training service's side of the outbox. `installation` marks our jobs among all of the project's; `secrets`
    are the tokens of data sets by variable (see `domain.tokens`), which are put in at the last moment."""

    def __init__(
        self,
        database: Database,
        backend: Backend,
        clock: Clock,
        installation: str,
        secrets: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._db = database
        self._backend = backend
        self._clock = clock
        self._installation = installation
        self._secrets = secrets

    async def start(self, row: Row, effect: StartRun) -> Close:
        """Creates the job, or finds the one that an earlier attempt created."""
        run = await self._run(effect.run)
        if run is None or run.job_id is not None or run.state is not State.REQUESTED:
            return nothing
        now = self._clock.now()
        if run.cancel_by is not None and not row.suspect:
            return lambda connection: take(connection, run.number, TrainingCancelled(now), now)
        if row.suspect and (other := await self._db.read(elsewhere.service(run.number))):
            reason = f"It may have been started on another training service ({other}): look there."
            raise Rejected(Scope.CONTENT, reason)
        key = f"tb-{self._installation}-{run.number}"
        tried_at = row.tried_at if row.suspect else None
        spec = Spec(run.name, tokens.filled(run.recipe.config(), self._secrets))
        job = await self._backend.start(spec, key=key, tried_at=tried_at)
        at = self._clock.now()

        def close(connection: sqlite3.Connection) -> None:
            elsewhere.bring(connection, run.number)
            take(connection, run.number, JobCreated(at, job), at)

        return close

    def refused(self, effect: StartRun, reason: str) -> Close:
        """The service would not start the run, for good."""
        at = self._clock.now()
        return lambda connection: take(connection, effect.run, JobRefused(at, reason), at)

    def unreached(self, effect: StartRun, later: Close) -> Close:
        """The service cannot be asked now: the card says so until it can."""
        at = self._clock.now()

        def close(connection: sqlite3.Connection) -> None:
            take(connection, effect.run, ContactLost(at), at)
            later(connection)

        return close

    async def stop(self, effect: StopRun) -> Close:
        """Asks for the end of the job; the stream tells when it has come."""
        run = await self._run(effect.run)
        if run is not None and run.job_id is not None and run.state not in _ENDED_BY_ITSELF:
            await self._backend.cancel(run.job_id)
        return nothing

    def unstopped(self, effect: StopRun) -> Close:
        """The service would not end the job: the card says so, and the wish can be repeated."""
        at = self._clock.now()
        return lambda connection: take(connection, effect.run, CancelRefused(at), at)

    async def draw(self, effect: DrawSample) -> Close:
        """Asks the checkpoint. What it says is stored before anybody is shown it."""
        run = await self._run(effect.run)
        if run is None or run.job_id is None or effect.prompt >= len(run.recipe.prompts):
            return nothing
        answer = await self._backend.ask(
            run.job_id,
            effect.step,
            run.recipe.model,
            run.recipe.prompts[effect.prompt].messages(),
            limit=run.recipe.samples.max_tokens,
        )
        return self._drawn(Sample(run.number, effect.step, effect.prompt, cut(clean(answer), ANSWER_LIMIT)))

    def undrawn(self, effect: DrawSample, reason: str) -> Close:
        """The draw is given up: one line says so wherever samples are wanted."""
        return self._drawn(Sample(effect.run, effect.step, effect.prompt, None, reason))

    def _drawn(self, sample: Sample) -> Close:
        now = self._clock.now()

        def close(connection: sqlite3.Connection) -> None:
            runs.add_sample(connection, sample, now)
            run = runs.get(sample.run).on(connection)
            if run is not None:
                failed = sample.answer is None
                everyone = following(connection, run, now)
                outbox.add(connection, fanout.drawn(run, sample.step, sample.prompt, failed, everyone), now)

        return close

    async def _run(self, number: int) -> Run | None:
        return await self._db.read(runs.get(number))
