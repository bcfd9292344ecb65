"""Requests over a real socket: what is sent, and that a start never makes two jobs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from fakes.parts import BEGIN, END, told
from fakes.service import FakeService, Fault

from bot.backend import ServiceClient
from bot.domain.errors import Rejected, Scope, Unavailable, UserError
from bot.ports import Spec

SPEC = Spec("support-bot", {"model": "tiny", "maxSteps": 60})
KEY = "tb-9f-42"


class Hidden:
    """Like pydantic's SecretStr."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        return self._value


async def test_a_create_sends_name_and_config_and_nothing_else(service: FakeService, client: ServiceClient) -> None:
    await client.start(SPEC, key=KEY, tried_at=None)
    (request,) = service.requests
    assert (request.method, request.path) == ("POST", "/v1/jobs")
    assert request.body == {"name": "support-bot [tb-9f-42]", "config": {"model": "tiny", "maxSteps": 60}}
    assert request.headers["Content-Type"] == "application/json"
    assert request.query == {"orgSlug": "acme", "projectSlug": "tickets"}


async def test_every_request_carries_scope_token_and_client_name(
    service: FakeService, connect: Callable[..., ServiceClient]
) -> None:
    client = connect(token=Hidden(" tok-3f9a-secret\n"), client_name="arkor/9.9.9")
    job = service.job(told("1", "training.started"), END)
    await client.jobs()
    await client.job(job.id)
    await client.ask(job.id, 1, "tiny", [{"role": "user", "content": "hi"}], limit=8)
    await client.cancel(job.id)
    assert [frame async for frame in client.events(job.id, None)]
    assert len(service.requests) == 5
    for request in service.requests:
        assert request.query == {"orgSlug": "acme", "projectSlug": "tickets"}
        assert request.headers["Authorization"] == "Bearer tok-3f9a-secret"
        assert request.headers["X-Arkor-Client"] == "arkor/9.9.9"


async def test_a_cancel_has_no_body(service: FakeService, client: ServiceClient) -> None:
    job = service.job(live=True)
    await client.cancel(job.id)
    (request,) = service.requests
    assert (request.method, request.path, request.body) == ("POST", "/v1/jobs/job-1/cancel", None)
    assert "Content-Type" not in request.headers
    assert job.cancelled


async def test_slashes_at_the_end_of_the_address_do_not_matter(
    service: FakeService, connect: Callable[..., ServiceClient]
) -> None:
    assert list(await connect(service.url + "//").jobs()) == []


async def test_a_name_in_the_address_does_not_replace_the_token(
    service: FakeService, connect: Callable[..., ServiceClient]
) -> None:
    assert list(await connect(service.url.replace("//", "//someone:pa55@")).check()) == []


async def test_a_first_start_looks_for_nothing(service: FakeService, client: ServiceClient) -> None:
    service.job(name=f"support-bot [{KEY}]")
    assert await client.start(SPEC, key=KEY, tried_at=None) == "job-2"


async def test_a_lost_answer_to_a_create_is_ambiguous_and_the_job_is_found(
    service: FakeService, client: ServiceClient, clock: Any
) -> None:
    service.fail("POST", "/v1/jobs", Fault(works=True, drop=True))
    with pytest.raises(Unavailable) as lost:
        await client.start(SPEC, key=KEY, tried_at=None)
    assert lost.value.ambiguous
    assert lost.value.pace == "service"
    assert await client.start(SPEC, key=KEY, tried_at=clock.now()) == "job-1"
    assert len(service.seen("POST", "/v1/jobs")) == 1
    assert clock.slept == []


async def test_a_create_is_never_repeated_by_itself(service: FakeService, client: ServiceClient) -> None:
    for fault in (Fault(503), Fault(429), Fault(408), Fault(502, works=True), Fault(drop=True)):
        service.requests.clear()
        service.fail("POST", "/v1/jobs", fault)
        with pytest.raises(Unavailable):
            await client.start(SPEC, key=KEY, tried_at=None)
        assert len(service.requests) == 1


async def test_an_unsure_start_looks_four_times_within_a_minute_before_it_creates(
    service: FakeService, client: ServiceClient, clock: Any
) -> None:
    tried = clock.now()
    assert await client.start(SPEC, key=KEY, tried_at=tried) == "job-1"
    assert [request.method for request in service.requests] == ["GET"] * 4 + ["POST"]
    assert clock.slept == [5, 15, 40]
    assert clock.now() == tried + timedelta(seconds=60)


async def test_a_job_that_shows_up_late_is_adopted(service: FakeService, client: ServiceClient, clock: Any) -> None:
    for other in ("support-bot [tb-9f-4]", "support-bot [tb-9f-421]", f"[{KEY}] of another", KEY):
        service.job(name=other)
    late = service.job(name=f"support-bot [{KEY}]", hidden=2)
    assert await client.start(SPEC, key=KEY, tried_at=clock.now()) == late.id
    assert clock.slept == [5, 15]
    assert service.seen("POST", "/v1/jobs") == []


@pytest.mark.parametrize(("ago", "slept"), [(3, [2, 15, 40]), (5, [15, 40]), (30, [30]), (60, []), (9999, [])])
async def test_looks_that_are_past_are_one_look(
    service: FakeService, client: ServiceClient, clock: Any, ago: int, slept: list[float]
) -> None:
    await client.start(SPEC, key=KEY, tried_at=clock.now() - timedelta(seconds=ago))
    assert clock.slept == slept
    assert len(service.seen("GET", "/v1/jobs")) == len(slept) + 1


async def test_a_clock_that_stepped_back_costs_a_minute_at_most(
    service: FakeService, client: ServiceClient, clock: Any
) -> None:
    await client.start(SPEC, key=KEY, tried_at=clock.now() + timedelta(days=3))
    assert sum(clock.slept) == 60
    assert len(service.seen("POST", "/v1/jobs")) == 1


async def test_a_search_that_fails_creates_nothing(service: FakeService, client: ServiceClient, clock: Any) -> None:
    service.fail("GET", "/v1/jobs", Fault(503))
    with pytest.raises(Unavailable):
        await client.start(SPEC, key=KEY, tried_at=clock.now())
    assert service.seen("POST", "/v1/jobs") == []


async def test_of_two_jobs_with_one_key_the_older_is_the_one(
    service: FakeService, client: ServiceClient, clock: Any
) -> None:
    older, _ = service.job(name=f"a [{KEY}]"), service.job(name=f"b [{KEY}]")
    assert await client.start(SPEC, key=KEY, tried_at=clock.now()) == older.id


@pytest.mark.parametrize("body", ["", "{}", '{"job":null}', '{"job":{"name":"x"}}', "<html>", "[]"])
async def test_a_created_job_without_an_id_is_ambiguous(service: FakeService, client: ServiceClient, body: str) -> None:
    service.fail("POST", "/v1/jobs", Fault(201, body))
    with pytest.raises(Unavailable) as odd:
        await client.start(SPEC, key=KEY, tried_at=None)
    assert odd.value.ambiguous


async def test_a_config_that_is_no_json_is_refused_before_anything_is_sent(
    service: FakeService, client: ServiceClient
) -> None:
    with pytest.raises(Rejected) as refusal:
        await client.start(Spec("x", {"learningRate": float("nan")}), key=KEY, tried_at=None)
    assert refusal.value.scope is Scope.CONTENT
    assert service.requests == []


async def test_a_job_is_read_as_it_stands(service: FakeService, client: ServiceClient) -> None:
    job = service.job(told("1", "training.failed"), name="tickets-v3")
    job.row = {"error": "CUDA \ud83d out of memory", "provider": "x"}
    one = await client.job(job.id)
    assert (one.id, one.name, one.status) == ("job-1", "tickets-v3", "failed")
    assert one.created_at == BEGIN + timedelta(seconds=1)
    assert one.error == "CUDA \ufffd out of memory"


async def test_an_odd_list_is_unavailable(service: FakeService, client: ServiceClient) -> None:
    for body in ("{}", "[]", '{"jobs":3}', "", "\xff"):
        service.fail("GET", "/v1/jobs", Fault(200, body))
        with pytest.raises(Unavailable) as odd:
            await client.jobs()
        assert "not understood" in odd.value.reason
        assert not odd.value.ambiguous


async def test_an_answer_without_end_is_given_up(service: FakeService, client: ServiceClient) -> None:
    service.fail("GET", "/v1/jobs", Fault(200, b"x" * (16 * 1024 * 1024 + 1)))
    with pytest.raises(Unavailable) as large:
        await client.jobs()
    assert "16777216 bytes" in large.value.reason


async def test_a_broken_compression_is_unavailable(service: FakeService, client: ServiceClient) -> None:
    service.fail("GET", "/v1/jobs", Fault(200, b"no gzip", {"Content-Encoding": "gzip"}))
    with pytest.raises(Unavailable):
        await client.jobs()


async def test_check_names_what_is_wrong(service: FakeService, connect: Callable[..., ServiceClient]) -> None:
    (wrong,) = await connect(token="other").check()
    assert "does not accept the token: bad token" in wrong
    (foreign,) = await connect(project="x").check()
    assert "acme/x: not a member" in foreign
    (gate,) = await connect(client_name="curl").check()
    assert ">=0.0.3" in gate
    (nowhere,) = await connect("http://127.0.0.1:1").check()
    assert "127.0.0.1:1 cannot be reached" in nowhere


@pytest.mark.parametrize("token", ["tok\nen", "tok\x00en", "tökén", "a\ud800"])
async def test_a_token_that_no_header_carries_is_refused_unsaid(
    connect: Callable[..., ServiceClient], token: str
) -> None:
    with pytest.raises(UserError) as refusal:
        connect(token=token)
    assert token not in f"{refusal.value}"


async def test_the_proxy_of_the_environment_is_used_for_requests_and_streams(
    service: FakeService, connect: Callable[..., ServiceClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = service.job(told("1", "training.started"), END)
    monkeypatch.setenv("HTTP_PROXY", service.url)
    client = connect("http://training.test/prefix/..")
    assert [one.id for one in await client.jobs()] == [job.id]
    assert len([frame async for frame in client.events(job.id, None)]) == 2
    assert {request.headers["Host"] for request in service.requests} == {"training.test"}


async def test_without_a_token_none_is_sent(service: FakeService, connect: Callable[..., ServiceClient]) -> None:
    assert "token" in (await connect(token="").check())[0]
    assert "Authorization" not in service.requests[0].headers


async def test_a_proxy_that_cannot_be_used_is_said(
    connect: Callable[..., ServiceClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy:1")
    with pytest.raises(UserError, match="proxy"):
        connect()


async def test_a_cancelled_request_stays_cancelled(service: FakeService, client: ServiceClient) -> None:
    service.fail("GET", "/v1/jobs", Fault(silent=True))
    asking = asyncio.create_task(client.check())
    while not service.requests:
        await asyncio.sleep(0)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    assert asking.cancelled()
    assert list(await client.jobs()) == []


async def test_a_closed_client_is_unavailable_and_opens_nothing(service: FakeService, client: ServiceClient) -> None:
    job = service.job(told("1", "training.started"), live=True)
    stream = client.events(job.id, None)
    await anext(stream)
    await client.aclose()
    for call in (anext(stream), client.jobs(), anext(client.events(job.id, None))):
        with pytest.raises(Unavailable):
            await call
    assert len(service.requests) == 1


async def test_answers_that_nobody_reads_keep_no_connection(service: FakeService, client: ServiceClient) -> None:
    job = service.job(told("1", "training.completed"))
    async with asyncio.timeout(10):
        for _ in range(101):
            await client.cancel(job.id)
            service.fail("POST", "/cancel", Fault(200, "x" * 9000))
