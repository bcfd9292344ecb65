"""The commands, on a real database: what they answer, what they write, and that the same delivery writes once."""

import asyncio

import pytest
from commands.office import ADA, DIRECT, GRACE, HERE, PIXEL, Office
from messages.made import calls, everything, labels, pings

from bot.domain.calls import Call
from bot.domain.lanes import announce_key
from bot.domain.places import PostRef
from bot.messages.model import Picture
from bot.store import posts

STARTING = "Starting support-bot #1. Its card is in this channel."


async def test_status_shows_what_is_known_and_leads_to_the_card(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.post(1, announce_key(1, HERE), PostRef(HERE, "77"))
    message = await office.ask("status #1")
    text = everything(message)
    assert "support-bot #1 · running" in text
    assert "Started by: Ada" in text
    assert "job-1" in text
    assert "max_steps=20" in text.replace(" ", "")
    assert "https://chat.example/77" in repr(message)


async def test_status_of_a_run_without_a_card_has_no_link(office: Office) -> None:
    await office.ask("start support-bot")
    assert "https://chat.example" not in repr(await office.ask("status"))


async def test_a_cancel_asks_first_and_changes_nothing(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    before = await office.effects()
    message = await office.ask("cancel #1")
    assert message.summary.startswith("Cancel support-bot #1? It is at step 10 of 20")
    assert calls(message) == [Call("cancel", {"run": "1", "sure": "yes"}), Call("status", {"run": "1"})]
    assert labels(message)[0] == "Cancel support-bot #1"
    assert (await office.run(1)).cancel_by is None
    assert await office.effects() == before


async def test_a_cancel_that_is_sure_is_remembered_and_passed_on_once(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    button, incoming = Call("cancel", {"run": "1", "sure": "yes"}), office.incoming(person=GRACE)
    first = await office.registry.answer(incoming, button)
    assert first.summary.startswith("Cancelling support-bot #1.")
    assert await office.registry.answer(incoming, button) == first
    assert (await office.run(1)).cancel_by == GRACE
    assert "already being cancelled, asked by Grace" in await office.text(button)
    assert (await office.effects()).count("StopRun 1") == 1


async def test_many_clicks_at_the_same_moment_cancel_once(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await asyncio.gather(*(office.ask("cancel 1 yes") for _ in range(10)))
    assert (await office.effects()).count("StopRun 1") == 1


async def test_a_cancel_after_the_end_changes_nothing(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.complete()
    before = await office.effects()
    for text in ("cancel #1", "cancel #1 yes"):
        assert "support-bot #1 has already ended: completed. Nothing was changed." in await office.text(text)
    assert await office.effects() == before


async def test_a_cancel_that_is_delivered_again_after_the_end_answers_the_same(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    incoming = office.incoming()
    first = await office.registry.answer(incoming, "cancel 1 yes")
    await office.complete()
    assert await office.registry.answer(incoming, "cancel 1 yes") == first


async def test_a_run_without_a_job_yet_is_cancelled_when_it_gets_one(office: Office) -> None:
    await office.ask("start support-bot")
    question = await office.text("cancel")
    assert "It has not begun to train" in question
    await office.ask("cancel 1 yes")
    assert "StopRun 1" not in await office.effects()
    await office.train()
    assert (await office.effects()).count("StopRun 1") == 1


@pytest.mark.parametrize(
    "text", ["cancel #1 sure", "cancel 1 Sure", "cancel sure", "cancel 1 sure=yes", "cancel 1 yes"]
)
async def test_sure_is_a_word_of_its_own(office: Office, text: str) -> None:
    await office.ask("start support-bot")
    assert "Cancelling support-bot #1." in await office.text(text)
    assert (await office.run(1)).cancel_by is not None


async def test_the_recipe_that_was_used_here_last_is_offered_first(office: Office) -> None:
    assert labels(await office.ask(""))[0] == "Start support-bot"
    await office.ask("start tickets")
    assert next(label for label in labels(await office.ask("")) if label.startswith("Start")) == "Start tickets"


@pytest.mark.parametrize("word", ["no", "off", "false"])
async def test_a_cancel_that_is_not_sure_asks(office: Office, word: str) -> None:
    await office.ask("start support-bot")
    assert "Cancel support-bot #1?" in await office.text(f"cancel 1 sure={word}")
    assert (await office.run(1)).cancel_by is None


async def test_samples_are_a_table_with_their_votes(office: Office) -> None:
    await office.ask("start support-bot")
    assert "no samples yet" in await office.text("samples")
    await office.train()
    await office.sample(1, 0, "babble")
    await office.sample(1, 10, "billing")
    ref = PostRef(HERE, "9", "1")
    await office.post(1, f"sample:1:10:0:{HERE}", ref, step=10)
    for who, emoji in ((ADA, "👍"), (GRACE, "👍🏽")):
        await office.db.write(
            lambda connection, who=who, emoji=emoji: posts.react(connection, ref, who, emoji, added=True)
        )
    text = await office.text("samples #1")
    assert "before training | babble" in text
    assert "step 10 (best) | billing 👍 2" in text


async def test_a_plot_is_drawn_of_the_numbers(office: Office) -> None:
    await office.ask("start support-bot")
    assert "There is no plot of support-bot #1 yet" in await office.text("plot")
    await office.train()
    message = await office.ask(Call("plot", {"run": "1"}))
    assert Picture(PIXEL, "support-bot #1: 1 points") in message.blocks
    assert office.drawn[-1] == ("support-bot #1", 1)


async def test_help_lists_every_command_and_explains_one(office: Office) -> None:
    listed = await office.text("help")
    for name in ("start", "status", "cancel", "samples", "plot", "recipes", "help"):
        assert f"\n/train {name}" in listed
    assert "home" not in listed
    one = await office.text("help /start")
    assert "start <recipe> [key=value ...]" in one
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
    for text in ("", "status", "cancel", "cancel 1 yes", "samples", "plot", "recipes", "help", "nonsense"):
        assert pings(await office.ask(text)) == []
