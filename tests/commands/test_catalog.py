"""Help, the bare command, and what holds for every command there is."""

import pytest
from commands.office import DIRECT, Office
from messages.made import calls, everything, labels, pings

from bot.commands import parse
from bot.commands.catalog import COMMANDS
from bot.commands.spec import Command
from bot.domain.calls import Call

SHOWN = [one for one in COMMANDS if not one.hidden]
each = pytest.mark.parametrize("command", SHOWN, ids=lambda one: one.name)


async def test_the_recipe_that_was_used_here_last_is_offered_first(office: Office) -> None:
    assert labels(await office.ask(""))[0] == "Start support-bot"
    await office.ask("start tickets")
    assert next(label for label in labels(await office.ask("")) if label.startswith("Start")) == "Start tickets"


async def test_help_lists_every_command_and_explains_one(office: Office) -> None:
    listed = await office.text("help")
    for name in ("start", "status", "cancel", "samples", "plot", "recipes", "help", "list", "compare", "best", "votes"):
        assert f"\n/train {name}" in listed
    assert "home" not in listed
    one = await office.text("help /start")
    assert "start <recipe>" in one
    assert "Recipe to run" in one
    assert "start support-bot steps=200 lr=1e-3" in one


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("cancle", "There is no command `cancle`. Did you mean `/train help cancel`?"),
        ("home", "There is no command `home`."),
        ("😀", "`/train help` lists what there is."),
    ],
)
async def test_help_on_an_unknown_word_says_what_there_is(office: Office, word: str, told: str) -> None:
    assert told in await office.text(f"help {word}")


async def test_the_bare_command_shows_what_goes_on_here_and_how_to_begin(office: Office) -> None:
    message = await office.ask("")
    assert everything(message).startswith("Nothing is running here.")
    assert calls(message)[0] == Call("start", {"recipe": "support-bot"})
    await office.ask("start support-bot")
    await office.train()
    await office.ask("start tickets", place=DIRECT, private=True)
    text = await office.text("  ")
    assert "1 run going on here." in text
    assert "support-bot #1 · running · step 10 of 20" in text
    assert "tickets #2" not in text


async def test_no_answer_calls_for_anybody(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    for text in ("", "status", "cancel", "cancel 1 yes", "samples", "plot", "recipes", "help", "nonsense", "list",
                 "best", "compare 1 1", "votes", "votes export", "samples step=10", "ask 1 @here <!all>"):  # fmt: skip
        assert pings(await office.ask(text)) == []


@each
async def test_every_command_has_examples_that_are_understood(office: Office, command: Command) -> None:
    assert command.examples
    for line in command.examples:
        call = parse.call(line, office.registry.find)
        assert call.name == command.name
        command.bind(call.args)


@each
async def test_every_argument_says_what_it_is(office: Office, command: Command) -> None:
    told = await office.text(f"help {command.name}")
    for one in command.parameters:
        assert one.arg.help
        assert f"{one.name}: {one.arg.help}" in told


@each
async def test_a_name_that_is_nearly_right_is_understood_as_a_slip(office: Office, command: Command) -> None:
    told = (await office.ask(f"{command.name}x")).summary
    assert f"Did you mean `/train {command.name}`?" in told
