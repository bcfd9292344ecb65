"""What every training service owes the bot, whatever is behind it. No test knows what it runs against."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import pytest

from bot.domain.errors import Rejected, Scope
from bot.domain.events import CheckpointSaved, Logged, TrainingCompleted, TrainingStarted
from bot.ports import Frame

QUESTION = [{"role": "user", "content": "My card was charged twice."}]


async def frames(stream: AsyncIterator[Frame]) -> list[Frame]:
    return [frame async for frame in stream]


async def test_a_started_job_bears_its_key_and_can_be_found(side: Any) -> None:
    job = await side.backend.start(side.spec(False), key="tb-a-1", tried_at=None)
    one = await side.backend.job(job)
    assert one.id == job
    assert one.name == "support-bot [tb-a-1]"
    assert job in [listed.id for listed in await side.backend.jobs()]


async def test_a_start_that_was_tried_before_finds_its_job(side: Any) -> None:
    spec = side.spec(False)
    first = await side.backend.start(spec, key="tb-a-1", tried_at=None)
    assert await side.backend.start(spec, key="tb-a-1", tried_at=side.clock.now()) == first
    assert len(await side.backend.jobs()) == 1


async def test_a_start_that_never_arrived_is_made_up_for(side: Any) -> None:
    job = await side.backend.start(side.spec(False), key="tb-a-1", tried_at=side.clock.now())
    assert [one.id for one in await side.backend.jobs()] == [job]


async def test_another_key_is_another_job_and_the_newest_comes_first(side: Any) -> None:
    spec = side.spec(False)
    first = await side.backend.start(spec, key="tb-a-1", tried_at=None)
    second = await side.backend.start(spec, key="tb-a-11", tried_at=side.clock.now())
    assert {one.id for one in await side.backend.jobs()} == {first, second}


async def test_a_stream_tells_the_whole_run_and_ends(side: Any) -> None:
    job = await side.backend.start(side.spec(False), key="tb-a-1", tried_at=None)
    told = await frames(side.backend.events(job, None))
    events = [frame.event for frame in told if frame.data and not frame.end]
    assert isinstance(events[0], TrainingStarted)
    assert isinstance(events[-1], TrainingCompleted)
    assert any(isinstance(event, Logged) and event.numbers.loss is not None for event in events)
    assert any(isinstance(event, CheckpointSaved) for event in events)
    assert told[-1].end
    assert all(frame.id for frame in told if frame.event is not None and frame.data)


async def test_a_stream_goes_on_after_a_cursor(side: Any) -> None:
    job = await side.backend.start(side.spec(False), key="tb-a-1", tried_at=None)
    told = [frame for frame in await frames(side.backend.events(job, None)) if frame.data and frame.event]
    for number, frame in enumerate(told):
        rest = [again for again in await frames(side.backend.events(job, frame.id)) if again.data and again.event]
        assert rest == told[number + 1 :]


async def test_an_unknown_cursor_loses_nothing(side: Any) -> None:
    job = await side.backend.start(side.spec(False), key="tb-a-1", tried_at=None)
    whole = await frames(side.backend.events(job, None))
    again = await frames(side.backend.events(job, "no-such-id"))
    assert [frame.event for frame in again if frame.data] == [frame.event for frame in whole if frame.data]


async def test_a_completed_job_says_so(side: Any) -> None:
    job = await side.backend.start(side.spec(False), key="tb-a-1", tried_at=None)
    await frames(side.backend.events(job, None))
    one = await side.backend.job(job)
    assert one.status == "completed"
    assert one.ended_at is not None
    assert one.error is None


async def test_a_cancel_ends_the_stream_and_the_job_without_an_outcome(side: Any) -> None:
    job = await side.backend.start(side.spec(True), key="tb-a-1", tried_at=None)
    told: list[Frame] = []
    async with aclosing(side.backend.events(job, None)) as stream:
        async for frame in stream:
            told.append(frame)
            if isinstance(frame.event, CheckpointSaved):
                await side.backend.cancel(job)
    assert told[-1].end
    assert not any(isinstance(frame.event, TrainingCompleted) for frame in told)
    assert (await side.backend.job(job)).status == "cancelled"


async def test_cancelling_what_has_ended_is_no_error(side: Any) -> None:
    job = await side.backend.start(side.spec(False), key="tb-a-1", tried_at=None)
    await frames(side.backend.events(job, None))
    await side.backend.cancel(job)
    assert (await side.backend.job(job)).status == "completed"


async def test_a_reader_can_leave_in_the_middle(side: Any) -> None:
    job = await side.backend.start(side.spec(True), key="tb-a-1", tried_at=None)
    heard = asyncio.Event()

    async def listen() -> None:
        async for frame in side.backend.events(job, None):
            if isinstance(frame.event, CheckpointSaved):
                heard.set()

    listener = asyncio.create_task(listen())
    await heard.wait()
    listener.cancel()
    with suppress(asyncio.CancelledError):
        await listener
    assert listener.cancelled()
    assert (await side.backend.job(job)).status == "running"
    await side.backend.cancel(job)


async def test_a_job_that_is_not_there_is_gone(side: Any) -> None:
    for call in (
        side.backend.job("no-such-job"),
        side.backend.cancel("no-such-job"),
        frames(side.backend.events("no-such-job", None)),
    ):
        with pytest.raises(Rejected) as refusal:
            await call
        assert refusal.value.scope is Scope.GONE
        assert refusal.value.status in {404, 410}


async def test_a_checkpoint_and_the_base_model_answer_the_same_twice(side: Any) -> None:
    job = await side.backend.start(side.spec(False), key="tb-a-1", tried_at=None)
    told = await frames(side.backend.events(job, None))
    saved = next(frame.event.step for frame in told if isinstance(frame.event, CheckpointSaved))
    for step in (0, saved):
        first = await side.backend.ask(job, step, side.model, QUESTION, limit=32)
        assert first == await side.backend.ask(job, step, side.model, QUESTION, limit=32)


async def test_nothing_keeps_the_bot_from_working(side: Any) -> None:
    assert list(await side.backend.check()) == []
