"""Deprecation headers: read from every response, logged once, never in the way."""

import pytest
import structlog
from fakes.parts import END, told
from fakes.service import FakeService, Fault

from bot.backend import ServiceClient
from bot.backend.deprecation import Deprecation
from bot.domain.errors import Unavailable

WARNING = '299 - "SDK 0.0.3 will stop working; move to 0.1"'
SUNSET = "Thu, 31 Dec 2026 00:00:00 GMT"


async def test_a_notice_is_kept_with_its_date(service: FakeService, client: ServiceClient) -> None:
    service.headers = {"Deprecation": "true", "Warning": WARNING, "Sunset": SUNSET}
    assert list(await client.jobs()) == []
    assert client.deprecation == Deprecation("SDK 0.0.3 will stop working; move to 0.1", SUNSET)
    (sentence,) = await client.check()
    assert "move to 0.1 (until Thu, 31 Dec 2026" in sentence


async def test_streams_and_errors_carry_notices_too(service: FakeService, client: ServiceClient) -> None:
    job = service.job(told("1", "training.started"), END)
    service.headers = {"Deprecation": "true", "Warning": '299 - "a"'}
    assert len([frame async for frame in client.events(job.id, None)]) == 2
    assert client.deprecation == Deprecation("a")
    service.headers = {"Deprecation": "true", "Warning": '299 - "b"'}
    service.fail("GET", "/v1/jobs", Fault(503))
    with pytest.raises(Unavailable):
        await client.jobs()
    assert client.deprecation == Deprecation("b")


@pytest.mark.parametrize("value", ["false", "True", "Thu, 31 Dec 2026 00:00:00 GMT", "1", ""])
async def test_only_the_word_true_counts(service: FakeService, client: ServiceClient, value: str) -> None:
    service.headers = {"Deprecation": value, "Warning": WARNING}
    await client.jobs()
    assert client.deprecation is None


@pytest.mark.parametrize(
    ("warning", "message"),
    [
        ("going away", "going away"),
        ('110 - "stale"', '110 - "stale"'),
        ('299 - "say \\"no\\""', 'say \\"no\\"'),
        ('299 - ""', "The training service will stop serving this version of the client."),
        (None, "The training service will stop serving this version of the client."),
    ],
)
async def test_other_forms_are_taken_as_they_are(
    service: FakeService, client: ServiceClient, warning: str | None, message: str
) -> None:
    service.headers = {"Deprecation": "true"} | ({"Warning": warning} if warning is not None else {})
    await client.jobs()
    assert client.deprecation == Deprecation(message)


async def test_each_notice_is_logged_once(service: FakeService, client: ServiceClient) -> None:
    with structlog.testing.capture_logs() as logs:
        for text in ("a", "b", "a", "a"):
            service.headers = {"Deprecation": "true", "Warning": f'299 - "{text}"'}
            await client.jobs()
    assert [entry["notice"] for entry in logs] == ["a", "b"]
    assert client.deprecation == Deprecation("a")
