"""A training service in memory: `ports.Backend` without sockets, for tests of what stands on it.

Deterministic, so that a story can be told again after a crash at any point. Every job plays the script; nothing waits
but a live job's stream. Faults and crashes are put in line with `fail`.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from bot.domain.errors import Rejected, Scope
from bot.domain.events import (
    QueueMoved,
    StreamEvent,
    TrainingCancelled,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from bot.ports import Clock, Frame, Job, Spec

FINAL = (TrainingCompleted, TrainingFailed, TrainingCancelled)


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next call of a method meets. `arrived`: its effect happens all the same, only nobody hears of it."""

    method: str
    error: BaseException
    arrived: bool = False
    after: int = 0  # frames of a stream that still come


@dataclass
class FakeJob:
    """A job, what happened to it so far, and whether more can come."""

    job: Job
    key: str
    config: Mapping[str, object]
    script: list[StreamEvent]
    live: bool
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def end(self) -> StreamEvent | None:
        return next((event for event in self.script if isinstance(event, FINAL)), None)


class FakeBackend:
    """The service. `created` counts jobs by key: one above 1 means something was started twice."""

    def __init__(
        self,
        script: Sequence[StreamEvent] = (),
        *,
        clock: Clock,
        live: bool = False,
        opaque: bool = False,
        ignores_cursor: bool = False,
        bare_lists: bool = False,
    ) -> None:
        """`live`: jobs stay open at the end of their script, for `say`. `opaque`: ids that no one can compare.
        `ignores_cursor`: every stream replays all. `bare_lists`: the list of jobs leaves out their configs."""
        self.script = list(script)
        self.live = live
        self.opaque = opaque
        self.ignores_cursor = ignores_cursor
        self.bare_lists = bare_lists
        self.created: Counter[str] = Counter()
        self.asked: Counter[tuple[str, int, str]] = Counter()  # by job, step and last message
        self.cancelled: list[str] = []
        self.listed = 0  # how often the list was asked for
        self.looked_at: list[str] = []  # jobs that were asked for one by one
        self.opened: list[tuple[str, str | None]] = []  # streams, with their cursors
        self.problems: list[str] = []  # what `check` says
        self.held: dict[str, FakeJob] = {}
        self._clock = clock
        self._faults: deque[Fault] = deque()

    def fail(self, method: str, error: BaseException, *, arrived: bool = False, after: int = 0) -> None:
        """The next call of this method raises; several stand in line."""
        self._faults.append(Fault(method, error, arrived, after))

    def forgive(self) -> None:
        """Nothing that stands in line will happen."""
        self._faults.clear()

    def say(self, job: str, *events: StreamEvent) -> None:
        """Something more happens to a job; open streams hear it."""
        held = self._held(job)
        held.script.extend(events)
        held.changed.set()
        held.changed = asyncio.Event()

    def begin(
        self,
        name: str,
        script: Sequence[StreamEvent] | None = None,
        *,
        config: Mapping[str, object] | None = None,
        live: bool | None = None,
    ) -> str:
        """Another client creates a job; what is not said is as for jobs of ours."""
        story = self.script if script is None else script
        return self._add(name, "", config or {}, story, self.live if live is None else live)

    async def start(self, spec: Spec, *, key: str, tried_at: datetime | None) -> str:
        fault = self._fault("start")
        if fault is not None and not fault.arrived:
            raise fault.error
        found = [held.job.id for held in self.held.values() if held.key == key] if tried_at is not None else []
        job = found[0] if found else self._create(spec, key)
        if fault is not None:
            raise fault.error
        return job

    async def cancel(self, job: str) -> None:
        fault = self._fault("cancel")
        if fault is not None and not fault.arrived:
            raise fault.error
        held = self._held(job)
        self.cancelled.append(job)
        if held.end is None:
            self.say(job, TrainingCancelled(self._clock.now()))
        if fault is not None:
            raise fault.error

    async def job(self, job: str) -> Job:
        self._meet("job")
        self.looked_at.append(job)
        return self._state(self._held(job))

    async def jobs(self) -> Sequence[Job]:
        self.listed += 1
        self._meet("jobs")
        found = [self._state(held) for held in reversed(self.held.values())]
        return [replace(one, config={}) for one in found] if self.bare_lists else found

    async def events(self, job: str, after: str | None) -> AsyncGenerator[Frame, None]:
        self.opened.append((job, after))
        fault = self._fault("events")
        held, at, told = self._held(job), 0, 0
        if after is not None and not self.ignores_cursor:
            ids = [self._id(job, number) for number in range(len(held.script))]
            at = ids.index(after) + 1 if after in ids else 0
        while True:
            changed = held.changed
            while at < len(held.script):
                if fault is not None and told >= fault.after:
                    raise fault.error
                frame = self._frame(job, held.script[at], at)
                at += 1
                if frame is not None:
                    told += 1
                    yield frame
            if fault is not None:
                raise fault.error
            if held.end is not None:
                yield Frame(None, None, end=True)
            if held.end is not None or not held.live:
                return
            await changed.wait()

    async def ask(self, job: str, step: int, model: str, messages: Sequence[Mapping[str, str]], *, limit: int) -> str:
        self._meet("ask")
        if step:
            self._held(job)
        prompt = messages[-1]["content"]
        self.asked[job, step, prompt] += 1
        return f"step {step} says {sha256(f'{model} {step} {prompt}'.encode()).hexdigest()[:8]}"[:limit]

    async def check(self) -> Sequence[str]:
        self._meet("check")
        return list(self.problems)

    def _create(self, spec: Spec, key: str) -> str:
        self.created[key] += 1
        return self._add(f"{spec.name} [{key}]", key, spec.config, self.script, self.live)

    def _add(self, name: str, key: str, config: Mapping[str, object], script: Sequence[StreamEvent], live: bool) -> str:
        job = Job(f"job-{len(self.held) + 1}", name, "queued", self._clock.now(), config=dict(config))
        self.held[job.id] = FakeJob(job, key, dict(config), list(script), live)
        return job.id

    def _held(self, job: str) -> FakeJob:
        if job not in self.held:
            raise Rejected(Scope.GONE, "not found", status=404)
        return self.held[job]

    def _state(self, held: FakeJob) -> Job:
        started = next((one.at for one in held.script if isinstance(one, TrainingStarted)), None)
        job = replace(held.job, started_at=started)
        match held.end:
            case TrainingCompleted(at=at):
                return replace(job, status="completed", ended_at=at)
            case TrainingFailed(at=at, error=error):
                return replace(job, status="failed", ended_at=at, error=error)
            case TrainingCancelled(at=at):
                return replace(job, status="cancelled", ended_at=at)
        return replace(job, status="running" if started else "queued")

    def _frame(self, job: str, event: StreamEvent, number: int) -> Frame | None:
        if isinstance(event, QueueMoved):
            return Frame(None, event, data=False)
        if isinstance(event, TrainingCancelled):
            return None  # the protocol has no such event: `end` comes, and the job tells
        return Frame(self._id(job, number), event)

    def _id(self, job: str, number: int) -> str:
        return sha256(f"{job} {number}".encode()).hexdigest()[:12] if self.opaque else f"{number + 1}"

    def _meet(self, method: str) -> None:
        fault = self._fault(method)
        if fault is not None:
            raise fault.error

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if fault.method == method:
                self._faults.remove(fault)
                return fault
        return None
