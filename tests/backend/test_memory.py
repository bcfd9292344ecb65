"""The service in memory: a crash at any point can be told again, and leaves the right traces."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fakes.backend import FakeBackend

from bot.domain.errors import Unavailable
from bot.domain.events import Logged, StreamEvent, TrainingCompleted, TrainingFailed, TrainingStarted
from bot.ports import Frame, Spec

AT = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
SPEC = Spec("support-bot", {"model": "tiny"})
SCRIPT: list[StreamEvent] = [TrainingStarted(AT), Logged(AT, 1), Logged(AT, 2), TrainingCompleted(AT, 0)]


class Crash(BaseException):
    """The end of the process."""


async def read(backend: FakeBackend, job: str, after: str | None = None) -> list[Frame]:
    return [frame async for frame in backend.events(job, after)]


async def test_a_crash_after_arrival_leaves_a_job_that_is_found(clock: Any) -> None:
    backend = FakeBackend(SCRIPT, clock=clock)
    backend.fail("start", Crash(), arrived=True)
    with pytest.raises(Crash):
        await backend.start(SPEC, key="k", tried_at=None)
    assert await backend.start(SPEC, key="k", tried_at=clock.now()) == "job-1"
    assert backend.created["k"] == 1


async def test_who_does_not_look_first_starts_twice(clock: Any) -> None:
    backend = FakeBackend(SCRIPT, clock=clock)
    backend.fail("start", Crash(), arrived=True)
    with pytest.raises(Crash):
        await backend.start(SPEC, key="k", tried_at=None)
    await backend.start(SPEC, key="k", tried_at=None)
    assert backend.created["k"] == 2


async def test_a_start_that_did_not_arrive_left_nothing(clock: Any) -> None:
    backend = FakeBackend(SCRIPT, clock=clock)
    backend.fail("start", Unavailable("away"))
    with pytest.raises(Unavailable):
        await backend.start(SPEC, key="k", tried_at=None)
    assert not backend.created


async def test_a_stream_breaks_where_it_was_told_to(clock: Any) -> None:
    backend = FakeBackend(SCRIPT, clock=clock)
    job = await backend.start(SPEC, key="k", tried_at=None)
    backend.fail("events", Unavailable("broke"), after=2)
    stream = backend.events(job, None)
    frames = [await anext(stream), await anext(stream)]
    with pytest.raises(Unavailable):
        await anext(stream)
    assert [frame.event for frame in frames] == SCRIPT[:2]
    assert [frame.event for frame in await read(backend, job, frames[-1].id)] == [*SCRIPT[2:], None]
    assert backend.opened == [(job, None), (job, frames[-1].id)]


@pytest.mark.parametrize("opaque", [True, False])
async def test_a_service_that_ignores_cursors_replays_everything(clock: Any, opaque: bool) -> None:
    backend = FakeBackend(SCRIPT, clock=clock, opaque=opaque, ignores_cursor=True)
    job = await backend.start(SPEC, key="k", tried_at=None)
    frames = await read(backend, job)
    assert await read(backend, job, frames[1].id) == frames


async def test_what_is_said_to_a_live_job_is_heard_and_a_failure_is_its_end(clock: Any) -> None:
    backend = FakeBackend(SCRIPT[:1], clock=clock, live=True)
    job = await backend.start(SPEC, key="k", tried_at=None)
    events = []
    async for frame in backend.events(job, None):
        events.append(frame.event)
        if isinstance(frame.event, TrainingStarted):
            backend.say(job, TrainingFailed(AT, "out of memory"))
    assert events == [SCRIPT[0], TrainingFailed(AT, "out of memory"), None]
    one = await backend.job(job)
    assert (one.status, one.error, one.ended_at) == ("failed", "out of memory", AT)


async def test_answers_are_counted(clock: Any) -> None:
    backend = FakeBackend(SCRIPT, clock=clock)
    job = await backend.start(SPEC, key="k", tried_at=None)
    for _ in range(2):
        await backend.ask(job, 1, "tiny", [{"role": "user", "content": "hi"}], limit=64)
    assert backend.asked == {(job, 1, "hi"): 2}
