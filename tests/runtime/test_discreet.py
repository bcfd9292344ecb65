"""A training service that repeats the token of a data set gives nothing away, whatever it says it in."""

import json
from pathlib import Path

import pytest
from fakes.backend import FakeBackend
from fakes.clock import BEGIN
from runtime.stage import Stage, stage
from runtime.test_discover import CONFIG, LIVES, Finding

from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import CheckpointSaved, TrainingFailed, TrainingStarted
from bot.domain.runs import State
from bot.domain.tokens import Secrets
from bot.ports import Frame
from bot.runtime.discreet import Discreet

TOKEN = "s3cr3t-t0ken"
SAID = f"401 for {TOKEN} at data.acme.org"
FAILS = [TrainingStarted(BEGIN), TrainingFailed(BEGIN, SAID, log_tail=("reading rows", f"GET /t?token={TOKEN}"))]


async def everything(on: Stage) -> str:
    """All that is stored and all that was said."""
    said = [f"{one.message!r}{one.edits!r}" for one in on.chat.posts]
    stored = [path.read_bytes().decode("utf-8", "replace") for path in on.database.path.parent.glob("bot.db*")]
    return "\n".join([*said, *stored])


@pytest.mark.parametrize("way", ["stream", "job", "past", "answer", "start"])
async def test_a_token_that_the_service_repeats_is_stored_and_told_nowhere(tmp_path: Path, way: str) -> None:
    async with stage(tmp_path / "bot.db") as on:
        on.secrets = {"TRAINBOT_DATASET_TOKEN_DATA_ACME_ORG": TOKEN}
        finding, service = Finding(on), on.backend
        assert isinstance(service, FakeBackend)
        match way:
            case "stream":
                await finding.start()
                service.begin("broken", FAILS, config=CONFIG)
            case "job":
                await finding.start()
                service.begin(f"broken {TOKEN}", FAILS, config={**CONFIG, "note": [SAID]})
                service.fail("events", Rejected(Scope.GONE, SAID, status=410))
            case "past":
                service.begin("broken", FAILS, config=CONFIG)
                await finding.start()
            case "answer":
                await finding.start()
                run = await on.run(job_id=service.begin("tickets", LIVES, config=CONFIG))
                service.fail("ask", Rejected(Scope.CONTENT, SAID))
                await on.take(run.number, CheckpointSaved(BEGIN, 10))
            case "start":
                await finding.start()
                run = await on.run(state=State.REQUESTED, started_at=None)
                service.fail("start", Rejected(Scope.CONTENT, SAID, status=400))
        await finding.look()
        await on.go(300)
        assert await finding.runs()
        text = await everything(on)
        assert TOKEN not in text
        assert way in {"answer", "start"} or "401 for *** at data.acme.org" in text


async def test_answers_problems_and_reasons_are_shown_without_secrets_and_what_goes_out_is_left_alone() -> None:
    class Repeating(FakeBackend):
        async def ask(self, *args: object, **more: object) -> str:
            return json.dumps({"token": TOKEN})

    service = Repeating(clock=None)  # type: ignore[arg-type]
    discreet = Discreet(service, Secrets([TOKEN]))
    assert await discreet.ask("job-1", 0, "tiny", [], limit=9) == '{"token": "***"}'
    service.problems = [SAID]
    assert await discreet.check() == ["401 for *** at data.acme.org"]
    service.fail("jobs", Unavailable(SAID, after=7.0, pace="service"))
    with pytest.raises(Unavailable) as raised:
        await discreet.jobs()
    assert (str(raised.value), raised.value.reason) == ("401 for *** at data.acme.org",) * 2
    assert (raised.value.after, raised.value.pace) == (7.0, "service")


async def test_what_has_no_text_is_passed_as_it_is() -> None:
    class Speaking(FakeBackend):
        async def events(self, job, after):  # type: ignore[no-untyped-def,override]  # noqa: ANN001, ANN202
            for frame in frames:
                yield frame

    frames = [Frame("1", CheckpointSaved(BEGIN, 10)), Frame("2", None, data=False), Frame(None, None, end=True)]
    discreet = Discreet(Speaking(clock=None), Secrets([TOKEN]))  # type: ignore[arg-type]
    assert [one async for one in discreet.events("job-1", None)] == frames
