"""Guests read and vote; they start and cancel nothing, by whatever way they ask."""

import pytest
from commands.office import GUEST, Office

from bot.commands import access
from bot.commands.catalog import COMMANDS
from bot.commands.roles import Standing
from bot.commands.spec import Incoming
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.places import Person, Place

ACTS = [command for command in COMMANDS if command.acts]
READS = [command for command in COMMANDS if not command.acts]
HERE = Place("fake", "team", "training")


def test_the_commands_that_start_and_end_runs_act() -> None:
    assert {"start", "again", "cancel", "share"} <= {command.name for command in ACTS}


@pytest.mark.parametrize("command", ACTS, ids=lambda one: one.name)
def test_a_guest_is_told_whom_to_ask(command: object) -> None:
    incoming = Incoming("1", Person("fake", "team", "guest"), HERE, Standing.GUEST)
    with pytest.raises(UserError, match=r"You can read and vote here, but not use .*Ask a member"):
        access.check(command, incoming)  # type: ignore[arg-type]


@pytest.mark.parametrize("standing", [Standing.ADMIN, Standing.MEMBER])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
def test_a_member_may_do_everything(command: object, standing: Standing) -> None:
    incoming = Incoming("1", Person("fake", "team", "ada"), HERE, standing)
    assert access.check(command, incoming) is None  # type: ignore[arg-type, func-returns-value]


async def test_a_guest_starts_and_cancels_nothing_by_text_or_button(office: Office) -> None:
    await office.ask("start support-bot")
    asks = ("start support-bot", "cancel 1 yes", "cancel", Call("start", {"recipe": "tickets"}),
            Call("cancel", {"run": "1", "sure": "yes"}))  # fmt: skip
    for asked in asks:
        assert "You can read and vote here" in await office.text(asked, standing=GUEST)
    assert await office.runs() == [1]
    assert (await office.run(1)).cancel_by is None


async def test_a_guest_reads(office: Office) -> None:
    await office.ask("start support-bot")
    for command in READS:
        told = await office.text("" if command.hidden else command.name, standing=GUEST)
        assert "You can read and vote here" not in told
