"""Cancel: asked back once, told to the service once, and defined for every state that a run may be in."""

import asyncio

import pytest
from commands.office import GRACE, Office
from messages.made import calls, labels

from bot.domain.calls import Call


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


@pytest.mark.parametrize("word", ["no", "off", "false"])
async def test_a_cancel_that_is_not_sure_asks(office: Office, word: str) -> None:
    await office.ask("start support-bot")
    assert "Cancel support-bot #1?" in await office.text(f"cancel 1 sure={word}")
    assert (await office.run(1)).cancel_by is None
