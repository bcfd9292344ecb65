"""The border to the training service: what it repeats of our secrets goes no further.

Stands before a backend, so everybody who asks it, or listens to it, is given texts without them: jobs, the events of
streams, answers, and the reasons of errors. What goes out is left alone.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.errors import Rejected, Unavailable
from bot.domain.events import StreamEvent, TrainingFailed
from bot.domain.tokens import Secrets
from bot.ports import Backend, Frame, Job, Spec


class Discreet:
    """A backend that gives none of the secrets away."""

    def __init__(self, backend: Backend, secrets: Secrets) -> None:
        self._backend = backend
        self._secrets = secrets

    async def start(self, spec: Spec, *, key: str, tried_at: datetime | None) -> str:
        """Creates the job, or finds it."""
        with self._hidden():
            return await self._backend.start(spec, key=key, tried_at=tried_at)

    async def cancel(self, job: str) -> None:
        """Asks for the job's end."""
        with self._hidden():
            await self._backend.cancel(job)

    async def job(self, job: str) -> Job:
        """The job as it stands."""
        with self._hidden():
            return self._job(await self._backend.job(job))

    async def jobs(self) -> Sequence[Job]:
        """All jobs of the project, newest first."""
        with self._hidden():
            return [self._job(one) for one in await self._backend.jobs()]

    async def events(self, job: str, after: str | None) -> AsyncGenerator[Frame, None]:
        """The stream from after this cursor."""
        with self._hidden():
            async with aclosing(self._backend.events(job, after)) as frames:
                async for frame in frames:
                    told = self._event(frame.event)
                    yield frame if told is frame.event else replace(frame, event=told)

    async def ask(self, job: str, step: int, model: str, messages: Sequence[Mapping[str, str]], *, limit: int) -> str:
        """What the checkpoint answers."""
        with self._hidden():
            return self._text(await self._backend.ask(job, step, model, messages, limit=limit))

    async def check(self) -> Sequence[str]:
        """What would keep the bot from working with this service."""
        with self._hidden():
            return [self._text(one) for one in await self._backend.check()]

    def _hidden(self) -> AbstractContextManager[None]:
        return _without(self._secrets)

    def _text(self, text: str) -> str:
        return self._secrets.hidden(text)

    def _job(self, job: Job) -> Job:
        if not self._secrets:
            return job
        error = None if job.error is None else self._text(job.error)
        return replace(job, name=self._text(job.name), error=error, config=self._value(job.config))

    def _value(self, value: Any) -> Any:
        """A JSON value with every text looked through."""
        match value:
            case str():
                return self._text(value)
            case Mapping():
                return {self._text(key): self._value(item) for key, item in value.items()}
            case list():
                return [self._value(item) for item in value]
        return value

    def _event(self, event: StreamEvent | None) -> StreamEvent | None:
        if not isinstance(event, TrainingFailed):
            return event
        return replace(event, error=self._text(event.error), log_tail=tuple(self._text(one) for one in event.log_tail))


@contextmanager
def _without(secrets: Secrets) -> Iterator[None]:
    try:
        yield
    except (Unavailable, Rejected) as error:
        error.reason = secrets.hidden(error.reason)
        error.args = (error.reason,)
        raise
