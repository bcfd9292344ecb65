"""Streams over a real socket: resuming, breaking, hostile bytes, many at once."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import pytest
from fakes.parts import DROP, END, ping, raw, told
from fakes.service import FakeService, Fault, Recorded

from bot.backend import ServiceClient
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import CheckpointSaved, QueueMoved, TrainingStarted
from bot.ports import Frame

STREAM = "/events/stream"


async def read(client: ServiceClient, job: str = "job-1", after: str | None = None) -> list[Frame]:
    return [frame async for frame in client.events(job, after)]


async def read_until_break(client: ServiceClient) -> tuple[list[Frame], Unavailable]:
    frames: list[Frame] = []
    try:
        async for frame in client.events("job-1", None):
            frames.append(frame)
    except Unavailable as broken:
        return frames, broken
    raise AssertionError("the stream did not break")


def opened(service: FakeService) -> Recorded:
    return service.seen("GET", STREAM)[-1]


async def test_the_first_opening_asks_for_everything(service: FakeService, client: ServiceClient) -> None:
    service.job(told("1", "training.started"), END)
    assert (await read(client))[0].id == "1"
    headers = opened(service).headers
    assert "Last-Event-ID" not in headers
    assert headers["Accept"] == "text/event-stream"
    assert headers["Authorization"] == "Bearer tok-3f9a-secret"
    assert headers["X-Arkor-Client"] == "arkor/0.0.3-alpha.1"
    assert opened(service).query == {"orgSlug": "acme", "projectSlug": "tickets"}


@pytest.mark.parametrize("cursor", ["1", "1700000000-evt-42", "a b", "étape-7"])
async def test_a_cursor_goes_back_as_it_came(service: FakeService, client: ServiceClient, cursor: str) -> None:
    service.job(told(cursor, "training.started"), told("2", "checkpoint.saved", step=1), END)
    first, *_ = await read(client)
    frames = await read(client, after=first.id)
    assert opened(service).headers["Last-Event-ID"] == cursor
    assert isinstance(frames[0].event, CheckpointSaved)


@pytest.mark.parametrize("cursor", ["", "a\r\nX-Evil: 1", " a", "x" * 5000])
async def test_a_cursor_that_no_header_carries_is_not_sent(
    service: FakeService, client: ServiceClient, cursor: str
) -> None:
    service.job(told("1", "training.started"), END)
    assert len(await read(client, after=cursor)) == 2
    assert not {"Last-Event-ID", "X-Evil"} & set(opened(service).headers)


async def test_a_job_id_with_odd_letters_is_one_part_of_the_path(service: FakeService, client: ServiceClient) -> None:
    with pytest.raises(Rejected):
        await read(client, "a/b?c=d#e f")
    assert opened(service).path == "/v1/jobs/a%2Fb%3Fc%3Dd%23e%20f/events/stream"


async def test_a_clean_end_of_the_connection_is_no_error(service: FakeService, client: ServiceClient) -> None:
    service.job(told("1", "training.started"))
    assert [frame.end for frame in await read(client)] == [False]


async def test_what_came_before_a_break_is_kept(service: FakeService, client: ServiceClient) -> None:
    service.job(told("1", "training.started"), DROP, told("2", "checkpoint.saved", step=1), END)
    frames, broken = await read_until_break(client)
    assert [frame.id for frame in frames] == ["1"]
    assert not broken.ambiguous
    assert [frame.id for frame in await read(client, after="1")] == ["2", "2"]


async def test_nothing_is_read_after_end(service: FakeService, client: ServiceClient) -> None:
    service.job(END, told("1", "training.started"))
    assert [frame.end for frame in await read(client)] == [True]


async def test_an_end_without_data_is_an_end(service: FakeService, client: ServiceClient) -> None:
    service.job(raw("event: end\n\n"), told("1", "training.started"))
    assert [frame.end for frame in await read(client)] == [True]


async def test_a_heartbeat_comment_after_an_id_is_nothing(service: FakeService, client: ServiceClient) -> None:
    service.job(told("1", "training.started"), raw(": still here\n\n: and here\n\n"), raw("id: 9\n\n"), END)
    assert [(frame.event is not None, frame.end) for frame in await read(client)] == [(True, False), (False, True)]


async def test_a_ping_is_no_progress_and_moves_no_cursor(service: FakeService, client: ServiceClient) -> None:
    service.job(told("1", "training.started"), ping(), ping(queuePosition=2), raw("event: ping\n\n"), END)
    pings = (await read(client))[1:-1]
    assert [(frame.id, frame.data) for frame in pings] == [(None, False)] * 3
    assert [type(frame.event) for frame in pings] == [type(None), QueueMoved, type(None)]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
async def test_all_line_ends_count(service: FakeService, client: ServiceClient, ends: str) -> None:
    frame = f'id: 1{ends}data: {{ {ends}data: "type":"checkpoint.saved","step":3}}{ends}{ends}'
    service.job(raw("\ufeff" + frame), raw(f"event: end{ends}data:{ends}{ends}"))
    frames = await read(client)
    assert isinstance(frames[0].event, CheckpointSaved)
    assert frames[-1].end


async def test_letters_cut_in_two_and_odd_separators_survive(service: FakeService, client: ServiceClient) -> None:
    content = 'data: {"type":"training.failed","error":"é\u2028\u0085😀"}\n\n'.encode()
    service.job(*(raw(content[at : at + 1]) for at in range(len(content))), END)
    failure = (await read(client))[0].event
    assert failure is not None
    assert "é😀" in f"{failure}"


async def test_malformed_frames_are_passed_deliberately(service: FakeService, client: ServiceClient) -> None:
    service.job(raw("id: 5\ndata: {oops\n\n"), raw("id: 6\ndata: null\n\n"), told("7", "training.started"), END)
    frames = await read(client)
    assert [(frame.id, frame.data) for frame in frames[:3]] == [("5", False), ("6", True), ("7", True)]


async def test_a_wish_for_another_pace_is_not_heard(service: FakeService, client: ServiceClient) -> None:
    service.job(raw("retry: -5\n\nretry: 99999999\ndata: {}\n\n"), told("1", "training.started"), END)
    assert len(await read(client)) == 3


async def test_a_line_without_end_is_given_up_before_it_fills_the_memory(
    service: FakeService, client: ServiceClient
) -> None:
    service.job(told("1", "training.started"), raw("data: "), *[raw(b"x" * 65536)] * 40)
    frames, broken = await read_until_break(client)
    assert isinstance(frames[0].event, TrainingStarted)
    assert "1048576 bytes" in broken.reason


async def test_a_frame_of_endless_short_lines_is_given_up_too(service: FakeService, client: ServiceClient) -> None:
    service.job(*[raw(b"data: x\r\n" * 8000)] * 40)
    frames, broken = await read_until_break(client)
    assert frames == []
    assert "1048576 bytes" in broken.reason


async def test_many_frames_larger_together_than_one_may_be_are_fine(
    service: FakeService, client: ServiceClient
) -> None:
    text = "x" * 200_000
    service.job(*(told(f"{number}", "training.log", step=number, note=text) for number in range(12)), END)
    assert len(await read(client)) == 13


@pytest.mark.parametrize("declared", ["text/html", "application/json", "x-text/event-streaming", ""])
async def test_another_content_type_is_no_stream(service: FakeService, client: ServiceClient, declared: str) -> None:
    service.job(END)
    service.fail("GET", STREAM, Fault(200, "data: {}\n\n", {"Content-Type": declared}))
    _, broken = await read_until_break(client)
    assert "no event stream" in broken.reason


async def test_an_empty_success_is_no_stream(service: FakeService, client: ServiceClient) -> None:
    service.job(END)
    service.fail("GET", STREAM, Fault(204))
    await read_until_break(client)


async def test_a_foreign_charset_changes_nothing(service: FakeService, client: ServiceClient) -> None:
    service.job(END)
    body = 'data: {"type":"training.failed","error":"é"}\n\n'
    service.fail("GET", STREAM, Fault(200, body, {"Content-Type": "Text/Event-Stream; charset=iso-8859-1"}))
    assert "error='é'" in f"{(await read(client))[0].event}"


@pytest.mark.parametrize(
    ("status", "scope"), [(401, Scope.TOKEN), (403, Scope.TOKEN), (426, Scope.TOKEN), (410, Scope.GONE)]
)
async def test_a_refused_stream_says_what_it_is_about(
    service: FakeService, client: ServiceClient, status: int, scope: Scope
) -> None:
    service.job(END)
    service.fail("GET", STREAM, Fault(status, '{"error":"no"}'))
    with pytest.raises(Rejected) as refusal:
        await read(client)
    assert (refusal.value.scope, refusal.value.status) == (scope, status)


async def test_a_silent_stream_counts_as_broken(service: FakeService, connect: Callable[..., ServiceClient]) -> None:
    service.job(told("1", "training.started"), live=True)
    frames, broken = await read_until_break(connect(silence=0.05))
    assert len(frames) == 1
    assert "in time" in broken.reason


async def test_a_reader_that_stops_closes_its_connection(service: FakeService, client: ServiceClient) -> None:
    service.job(told("1", "training.started"), told("2", "checkpoint.saved", step=1), live=True)
    async with aclosing(client.events("job-1", None)) as stream:
        async for frame in stream:
            assert frame.id == "1"
            assert service.streams == 1
            break
    while service.streams:
        await asyncio.sleep(0)


async def test_hundreds_of_streams_share_clients_of_a_hundred_each(service: FakeService, client: ServiceClient) -> None:
    job = service.job(told("1", "training.started"), live=True)
    heard = 0
    everyone = asyncio.Event()

    async def listen() -> None:
        nonlocal heard
        async for frame in client.events(job.id, None):
            if isinstance(frame.event, TrainingStarted):
                heard += 1
            if heard == 201:
                everyone.set()

    async with asyncio.TaskGroup() as group:
        for _ in range(201):
            group.create_task(listen())
        await everyone.wait()
        assert client.stream_clients == 3
        assert list(await client.check()) == []
        job.cancelled = True
        job.say(END)
    async for frame in client.events(job.id, None):
        assert frame.id == "1" or frame.end
    assert client.stream_clients == 3


async def test_streams_that_ended_make_room(service: FakeService, client: ServiceClient) -> None:
    service.job(END)
    for _ in range(101):
        assert len(await read(client)) == 1
    assert client.stream_clients == 1
