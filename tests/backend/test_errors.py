"""The border: each failure has its kind, its scope and its patience, and no message knows the token."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from fakes.service import TOKEN, FakeService, Fault

from bot.backend import ServiceClient
from bot.backend.errors import ANSWER, CREATE, OTHER, Border, Errand
from bot.domain.errors import Rejected, Scope, TrainbotError, Unavailable
from bot.ports import Spec

SPEC = Spec("support-bot", {"model": "tiny"})
QUESTION = [{"role": "user", "content": "hi"}]


async def failure(call: Any) -> Any:
    with pytest.raises(TrainbotError) as error:
        await call
    return error.value


def start(client: ServiceClient) -> Any:
    return client.start(SPEC, key="k", tried_at=None)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
async def test_a_passing_trouble_is_unavailable(service: FakeService, client: ServiceClient, status: int) -> None:
    service.fail("POST", "/v1/jobs", Fault(status, '{"error":"busy"}', {"Retry-After": "30"}))
    error = await failure(start(client))
    assert isinstance(error, Unavailable)
    assert (error.after, error.pace, error.ambiguous) == (30, "service", status >= 500)
    assert error.reason.endswith(f"answered with {status}: busy")


async def test_only_a_create_is_ambiguous(service: FakeService, client: ServiceClient) -> None:
    for fault in (Fault(503), Fault(drop=True)):
        service.fail("GET", "/v1/jobs", fault)
        assert not (await failure(client.jobs())).ambiguous


@pytest.mark.parametrize("status", [408, 500])
async def test_an_answering_model_holds_nothing_else(service: FakeService, client: ServiceClient, status: int) -> None:
    service.fail("POST", "/v1/inference/chat", Fault(status, "out of memory", {"Retry-After": "30"}))
    error = await failure(client.ask("job-1", 3, "tiny", QUESTION, limit=8))
    assert (error.after, error.pace, error.ambiguous) == (30, None, False)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize(("headers", "after"), [({"Retry-After": "30"}, 30), ({}, None)], ids=["asked", "silent"])
async def test_an_answer_of_a_service_that_is_away_holds_the_service(
    service: FakeService, client: ServiceClient, status: int, headers: dict[str, str], after: float | None
) -> None:
    service.fail("POST", "/v1/inference/chat", Fault(status, "", headers))
    error = await failure(client.ask("job-1", 3, "tiny", QUESTION, limit=8))
    assert (error.after, error.pace, error.ambiguous) == (after, "service", False)


@pytest.mark.parametrize("status", [502, 504])
async def test_a_service_that_says_itself_that_a_model_gave_no_answer_is_not_away(
    service: FakeService, client: ServiceClient, status: int
) -> None:
    service.fail("POST", "/v1/inference/chat", Fault(status, '{"error":"the program ended with status 1"}'))
    assert (await failure(client.ask("job-1", 3, "tiny", QUESTION, limit=8))).pace is None
    service.fail("GET", "/v1/jobs", Fault(status, '{"error":"the program ended with status 1"}'))
    assert (await failure(client.jobs())).pace == "service"


async def test_an_answer_that_is_broken_off_holds_nothing_else(service: FakeService, client: ServiceClient) -> None:
    service.fail("POST", "/v1/inference/chat", Fault(drop=True))
    error = await failure(client.ask("job-1", 3, "tiny", QUESTION, limit=8))
    assert (error.pace, error.ambiguous) == (None, False)


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("0", 1),
        ("7", 7),
        ("1.5", 1.5),
        ("86400", 3600),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("", None),
        ("9" * 400, None),
        ("Sat, 08 Aug 2026 12:01:30 GMT", 90),
        ("Sat, 08 Aug 2026 11:00:00 GMT", 1),
        ("Sun, 08 Aug 2027 11:00:00 GMT", 3600),
    ],
)
async def test_a_wish_for_patience_is_heard_within_reason(
    service: FakeService, client: ServiceClient, header: str, after: float | None
) -> None:
    service.fail("GET", "/v1/jobs", Fault(429, "", {"Retry-After": header}))
    assert (await failure(client.jobs())).after == after


async def test_a_date_for_patience_is_measured_by_the_given_clock(
    service: FakeService, client: ServiceClient, clock: Any
) -> None:
    date = format_datetime(clock.now() + timedelta(minutes=2), usegmt=True)
    service.fail("GET", "/v1/jobs", Fault(503, "", {"Retry-After": date}))
    assert (await failure(client.jobs())).after == 120


@pytest.mark.parametrize("status", [401, 403, 426])
async def test_a_no_to_the_token_or_the_version_is_about_the_whole_service(
    service: FakeService, client: ServiceClient, status: int
) -> None:
    service.fail("POST", "/v1/jobs", Fault(status, "<html>no</html>"))
    error = await failure(start(client))
    assert isinstance(error, Rejected)
    assert (error.scope, error.status) == (Scope.TOKEN, status)


async def test_an_upgrade_is_asked_for_whatever_the_body_is(service: FakeService, client: ServiceClient) -> None:
    for body in ("", "gateway says no", "null", '{"error":"sdk_version_unsupported","supportedRange":3}'):
        service.fail("GET", "/v1/jobs", Fault(426, body))
        assert (await failure(client.jobs())).reason.endswith("does not accept this version of the client.")
    service.fail("GET", "/v1/jobs", Fault(426, '{"supportedRange":"^1.4.0 || >=2","currentVersion":"0.0.3"}'))
    assert (await failure(client.jobs())).reason.endswith("It supports ^1.4.0 || >=2 and was given 0.0.3.")


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_not_there_is_gone(service: FakeService, client: ServiceClient, status: int) -> None:
    for path, call in (("/v1/jobs/x", client.job("x")), ("/cancel", client.cancel("x"))):
        service.fail("GET" if path.endswith("x") else "POST", path, Fault(status))
        error = await failure(call)
        assert (error.scope, error.status, error.reason) == (Scope.GONE, status, f"cloud-api {status}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"error":"unsupported model"}', "unsupported model"),
        ('{"error":""}', '{"error":""}'),
        ('{"error":{"code":1}}', '{"error":{"code":1}}'),
        ("bad \u202erequest\x07", "bad <U+202E>request"),
        ("", "cloud-api 400"),
        ("x" * 900, "x" * 499 + "…"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("[" * 50_000, "[" * 499 + "…"),
    ],
)
async def test_any_other_no_is_about_the_request_in_the_services_words(
    service: FakeService, client: ServiceClient, body: str | bytes, reason: str
) -> None:
    for status in (400, 402, 409, 422):
        service.fail("POST", "/v1/jobs", Fault(status, body))
        error = await failure(start(client))
        assert (error.scope, error.status) == (Scope.CONTENT, status)
        assert error.reason == reason.replace("400", f"{status}")


async def test_a_status_counts_even_where_its_body_is_torn(connect: Callable[..., ServiceClient]) -> None:
    async def torn(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 500\r\n\r\n{")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(torn, "127.0.0.1", 0) as server:
        error = await failure(connect(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}").jobs())
    assert (error.scope, error.status) == (Scope.TOKEN, 401)


async def test_a_redirect_is_not_followed(service: FakeService, client: ServiceClient) -> None:
    service.fail("POST", "/v1/jobs", Fault(308, "", {"Location": f"{service.url}/v1/jobs"}))
    error = await failure(start(client))
    assert isinstance(error, Unavailable)
    assert not error.ambiguous
    assert "redirect" in error.reason
    assert len(service.requests) == 1


async def test_a_service_that_is_not_there_got_nothing(connect: Callable[..., ServiceClient]) -> None:
    error = await failure(start(connect("http://127.0.0.1:1")))
    assert isinstance(error, Unavailable)
    assert (error.pace, error.ambiguous) == ("service", False)


@pytest.mark.parametrize("errand", [CREATE, ANSWER, OTHER], ids=["create", "answer", "other"])
@pytest.mark.parametrize(
    "unsent", [httpx.ConnectError(""), httpx.ConnectTimeout(""), httpx.PoolTimeout(""), httpx.ProxyError("")]
)
def test_what_never_left_cannot_have_arrived_and_holds_the_service(
    unsent: httpx.HTTPError, errand: Errand, clock: Any
) -> None:
    border = Border("http://h", "acme/tickets", TOKEN, clock)
    error = border.broken(unsent, errand)
    assert isinstance(error, Unavailable)
    assert (error.pace, error.ambiguous) == ("service", False)


@pytest.mark.parametrize("fault", [Fault(drop=True), Fault(works=True, drop=True)])
async def test_a_connection_lost_after_the_request_left_is_ambiguous(
    service: FakeService, client: ServiceClient, fault: Fault
) -> None:
    service.fail("POST", "/v1/jobs", fault)
    error = await failure(start(client))
    assert (error.pace, error.ambiguous) == ("service", True)


async def test_an_answer_that_does_not_come_is_unavailable(
    service: FakeService, connect: Callable[..., ServiceClient]
) -> None:
    service.fail("POST", "/v1/inference/chat", Fault(silent=True))
    error = await failure(connect(answer_silence=0.05).ask("job-1", 1, "tiny", QUESTION, limit=8))
    assert isinstance(error, Unavailable)
    assert "in time" in error.reason


@pytest.mark.parametrize(
    "url",
    [
        "",
        "arkor",
        "ftp://h",
        "http://",
        "http://h:abc",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://xn--/",
        "http://h\x00",
        "//h",
    ],
)
async def test_an_address_that_is_none_is_about_the_whole_service(
    connect: Callable[..., ServiceClient], url: str
) -> None:
    client = connect(url)
    calls = (start(client), client.jobs(), client.ask("j", 1, "m", QUESTION, limit=8), anext(client.events("j", None)))
    for call in calls:
        error = await failure(call)
        assert isinstance(error, Rejected)
        assert error.scope is Scope.TOKEN
        assert "address" in error.reason


async def test_no_message_repeats_a_secret(service: FakeService, connect: Callable[..., ServiceClient]) -> None:
    client = connect(service.url.replace("//", "//someone:pa55@"))
    for status in (400, 401, 403, 404, 426, 429, 500):
        body = f'{{"error":"Bearer {TOKEN} is bad","supportedRange":"{TOKEN}"}}'
        for words in (body, f"got {TOKEN}"):
            service.fail("GET", "/v1/jobs", Fault(status, words))
            error = await failure(client.jobs())
            assert TOKEN not in f"{error} {error!r}"
            assert error.__suppress_context__ or error.__context__ is None
    nowhere = await failure(connect("http://someone:pa55@127.0.0.1:1").jobs())
    assert "pa55" not in f"{nowhere}"
    assert "127.0.0.1:1" in f"{nowhere}"
    assert nowhere.__suppress_context__
