"""The one boundary: whatever breaks behind it, the person reads a sentence and the log has the details."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, NoReturn

import pytest
from commands.office import Office
from fakes.book import FakeBook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages.made import everything
from structlog.testing import capture_logs

from bot.commands.desk import Desk
from bot.commands.registry import Registry
from bot.commands.spec import Arg, Choice, Command, Incoming, Request, command
from bot.domain.calls import Call
from bot.domain.errors import Rejected, Scope, Unavailable, UserError
from bot.messages.model import Message, Tone, say


async def broken_completion(_: Incoming, __: Desk, ___: str, ____: Mapping[str, str]) -> Sequence[Choice]:
    raise RuntimeError("completion broke")


def failing(error: Exception) -> Command:
    @command()
    async def fail(request: Request, word: Annotated[str, Arg("Any", complete=broken_completion)] = "") -> Message:
        """Fail."""
        raise error

    return fail


def registry(office: Office, error: Exception) -> Registry:
    return Registry([failing(error)], office.registry.desk)


@pytest.mark.parametrize("error", [RuntimeError("secret detail"), KeyError("x"), LookupError(), RecursionError()])
async def test_what_nobody_expected_is_a_reference_that_the_log_has_too(office: Office, error: Exception) -> None:
    with capture_logs() as logged:
        message = await registry(office, error).answer(office.incoming(), "fail")
    text = everything(message)
    assert "Something broke on our side." in text
    assert "secret detail" not in text
    assert logged[0]["reference"] in text
    assert (logged[0]["log_level"], logged[0]["asked"]) == ("error", "fail")
    assert message.tone is Tone.BAD


async def test_two_faults_have_two_references(office: Office) -> None:
    broken = registry(office, RuntimeError())
    with capture_logs() as logged:
        for _ in range(2):
            await broken.answer(office.incoming(), Call("fail"))
    assert len({one["reference"] for one in logged}) == 2


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UserError("Not like this."), "Not like this."),
        (Unavailable("the service is down"), "That did not work: the service is down. Nothing was changed; try again"),
        (Rejected(Scope.PLACE, "archived"), "That did not work: archived."),
    ],
)
async def test_what_was_expected_is_its_own_sentence(office: Office, error: Exception, told: str) -> None:
    with capture_logs() as logged:
        message = await registry(office, error).answer(office.incoming(), "fail")
    assert told in message.summary
    assert message.tone is Tone.ODD
    assert logged == []


async def test_a_completion_that_breaks_offers_nothing_and_is_logged(office: Office) -> None:
    with capture_logs() as logged:
        assert await registry(office, RuntimeError()).complete(office.incoming(), "fail x") == []
    assert (logged[0]["event"], logged[0]["typed"]) == ("completion failed", "fail x")


async def test_a_recipe_folder_that_cannot_be_read_breaks_no_completion(office: Office) -> None:
    class Broken(FakeBook):
        async def read(self) -> NoReturn:
            raise PermissionError("recipes")

    desk = replace(office.registry.desk, book=Broken({}))
    one = Registry(list(office.registry.commands.values()), desk)
    with capture_logs() as logged:
        assert await one.complete(office.incoming(), "start ") == []
        assert "Something broke on our side" in everything(await one.answer(office.incoming(), "start x"))
    assert len(logged) == 2


async def test_inside_an_open_quote_nothing_is_completed_and_after_it_things_are(office: Office) -> None:
    await office.ask("start support-bot")
    assert await office.completed('status "support ') == []
    assert await office.completed('start "support-bot" max_s') == ['start "support-bot" max_steps=']


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from(["", "start ", "status ", "cancel ", "help ", "start support-bot "]),
    text=st.text(st.characters() | st.sampled_from(' ="#\n\u202e<!@'), max_size=60),
)
async def test_any_text_has_an_answer_and_completions_and_breaks_nothing(office: Office, head: str, text: str) -> None:
    with capture_logs() as logged:
        message = await office.ask(head + text)
        choices = await office.registry.complete(office.incoming(), head + text)
    assert message.summary
    assert all(isinstance(one, Choice) for one in choices)
    assert [one for one in logged if one["log_level"] == "error"] == []


async def test_a_command_is_found_in_capitals_and_with_a_slash(office: Office) -> None:
    assert (await office.ask("/HELP")).summary == say("What I can do").summary


async def test_a_button_of_a_command_that_is_gone_says_so(office: Office) -> None:
    assert "There is no command `fly`." in await office.text(Call("fly", {"to": "moon"}))
    assert "has no `moon`" in await office.text(Call("status", {"moon": "1"}))
