"""Prompts in the chat: shown, added and removed, of a run that goes on and of a recipe."""

import asyncio
from dataclasses import replace

import pytest
from commands.office import BROKEN, DIRECT, GRACE, GUEST, SUPPORT, Office
from messages.made import everything

from bot.domain.calls import Call
from bot.domain.events import CheckpointSaved
from bot.domain.recipes import MAX_PROMPTS, Prompt, Recipe, Sampling
from bot.messages.model import Tone
from bot.store import prompts as changes


async def asked(office: Office, number: int = 1) -> list[str]:
    recipe = (await office.run(number)).recipe
    return [recipe.prompts[index].user for index in recipe.asked]


def of_recipe(office: Office, name: str = "support-bot") -> list[str]:
    recipe = office.recipes[name]
    assert isinstance(recipe, Recipe)
    return [one.user for one in recipe.prompts]


@pytest.mark.parametrize("text", ["prompts", "prompts #1", "prompts show", "prompts #1 show", "prompts support-bot"])
async def test_the_prompts_of_a_run_are_shown_with_their_numbers(office: Office, text: str) -> None:
    await office.ask("start support-bot")
    told = await office.text(text)
    assert "support-bot #1 is asked 2 prompts." in told
    assert "Prompt 1\nquestion 1\nPrompt 2\nquestion 2" in told


@pytest.mark.parametrize(
    "text", ["prompts recipe=tickets", "prompts show recipe=Tickets", "prompts recipe=tickets show"]
)
async def test_the_prompts_of_a_recipe_are_shown(office: Office, text: str) -> None:
    assert "Recipe `tickets` asks 2 prompts." in (await office.ask(text)).summary


@pytest.mark.parametrize(
    "text",
    [
        "prompts #1 add Where is my parcel?",
        "prompts add Where is my parcel?",
        "prompts ADD #1 Where is my parcel?",
        "prompts support-bot #1 add Where is my parcel?",
        'prompts #1 add "Where is my parcel?"',
        'prompts run=1 action=add words="Where is my parcel?"',
    ],
)
async def test_a_prompt_is_added_to_a_run_and_its_thread_notes_who_did_it(office: Office, text: str) -> None:
    await office.ask("start support-bot")
    before = await office.effects()
    message = await office.ask(text, person=GRACE)
    assert message.summary == "support-bot #1 is asked one more from its next checkpoint on: 3 now."
    assert await asked(office) == ["question 1", "question 2", "Where is my parcel?"]
    assert (await office.effects())[len(before) :] == ["PostPrompts 1"]
    noted = await office.db.read(changes.change(1))
    assert noted == changes.PromptChange(1, GRACE, added=True, prompt=2)


async def test_a_prompt_that_is_added_counts_from_the_next_checkpoint(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.ask("prompts add Where is my parcel?")
    drawn = (await office.effects()).count("DrawSample 1")
    await office.happen(1, CheckpointSaved(office.clock.now(), 20))
    assert (await office.effects()).count("DrawSample 1") - drawn == 3


@pytest.mark.parametrize(
    "text", ["prompts #1 remove 1", "prompts remove 1", "prompts remove #1 1", "prompts remove #1"]
)
async def test_a_prompt_is_removed_from_a_run_and_the_others_keep_their_numbers(office: Office, text: str) -> None:
    await office.ask("start support-bot")
    message = await office.ask(text)
    assert message.summary == "support-bot #1 is not asked this any more: 1 now."
    run = await office.run(1)
    assert run.recipe.prompts == (Prompt("question 1", off=True), Prompt("question 2"))
    assert "Prompt 2\nquestion 2" in await office.text("prompts")
    assert await office.db.read(changes.change(1)) is not None
    assert "There is no prompt 1. There are 2." in await office.text("prompts remove 1")


async def test_the_same_delivery_changes_a_run_once(office: Office) -> None:
    await office.ask("start support-bot")
    incoming = office.incoming()
    answers = await asyncio.gather(*(office.registry.answer(incoming, "prompts add More?") for _ in range(10)))
    assert len({answer.summary for answer in answers}) == 1
    assert await asked(office) == ["question 1", "question 2", "More?"]
    assert (await office.effects()).count("PostPrompts 1") == 1
    removing = office.incoming()
    for _ in range(3):
        await office.registry.answer(removing, "prompts remove 1")
    assert await asked(office) == ["question 2", "More?"]


async def test_a_run_that_is_over_keeps_its_prompts(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.complete()
    for text in ("prompts #1 add More?", "prompts #1 remove 1"):
        message = await office.ask(text)
        assert message.summary.startswith("support-bot #1 is over: it is asked nothing any more.")
        assert "`/train prompts recipe=support-bot add ...`" in message.summary
    assert await asked(office) == ["question 1", "question 2"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prompts #1 add", "Which prompt? Type `/train prompts add` and then the question to put."),
        ("prompts add", "Which prompt?"),
        ("prompts #1 remove", "Which prompt? Type its number"),
        ("prompts #1 remove two", "Which prompt? Type its number"),
        ("prompts #1 remove 3", "There is no prompt 3. There are 1, 2."),
        ("prompts #1 remove 0", "There is no prompt 0."),
        ("prompts #1 remove 99999999999", "Which prompt? Type its number"),
        ("prompts #1 add question 1", "That is asked already: question 1."),
        ("prompts #1 delete 1", "`delete` does not fit: it is show, add or remove."),
        ("prompts #9", "There is no run #9 here."),
        ("prompts #1 recipe=tickets", "Leave one of them out."),
        ("prompts recipe=bad", str(BROKEN)),
        ("prompts recipe=bad add x", str(BROKEN)),
        ("prompts recipe=ticket add x", "Did you mean `tickets`?"),
        ("prompts recipe=tickets add", "Which prompt?"),
        ("prompts recipe=tickets add question 2", "That is asked already: question 2."),
        ("prompts recipe=tickets remove 7", "There is no prompt 7."),
    ],
)
async def test_what_cannot_be_changed_says_why_and_changes_nothing(office: Office, text: str, told: str) -> None:
    await office.ask("start support-bot")
    before, effects = dict(office.recipes), await office.effects()
    message = await office.ask(text)
    assert told in message.summary
    assert message.tone is Tone.ODD
    assert office.recipes == before
    assert await asked(office) == ["question 1", "question 2"]
    assert await office.effects() == effects


async def test_too_many_prompts_are_refused(office: Office) -> None:
    await office.ask("start support-bot")
    for number in range(MAX_PROMPTS - 2):
        await office.ask(f"prompts add more {number}")
    assert "10 prompts are asked already" in await office.text("prompts add one too many")
    assert len(await asked(office)) == MAX_PROMPTS


@pytest.mark.parametrize("text", ["prompts recipe=support-bot add More #1", "prompts add More #1 recipe=Support-Bot"])
async def test_a_prompt_is_added_to_a_recipe_for_the_runs_to_come(office: Office, text: str) -> None:
    await office.ask("start support-bot")
    message = await office.ask(text)
    assert "Recipe `support-bot` asks one more: 3 now." in message.summary
    assert of_recipe(office) == ["question 1", "question 2", "More #1"]
    assert await asked(office) == ["question 1", "question 2"]
    await office.ask("start support-bot")
    assert await asked(office, 2) == ["question 1", "question 2", "More #1"]


async def test_the_same_delivery_changes_a_recipe_once(office: Office) -> None:
    office.recipes["support-bot"] = replace(SUPPORT, samples=Sampling(prompts=1))
    for text in ("prompts recipe=support-bot add More?", "prompts recipe=support-bot remove 1"):
        incoming = office.incoming()
        first = await office.registry.answer(incoming, text)
        after = office.recipes["support-bot"]
        assert await office.registry.answer(incoming, text) == first
        assert office.recipes["support-bot"] == after
    assert of_recipe(office) == ["More?", "question 2"]


async def test_a_guest_sees_prompts_and_changes_none(office: Office) -> None:
    await office.ask("start support-bot")
    assert "is asked 2 prompts" in await office.text("prompts", standing=GUEST)
    for text in ("prompts add x", "prompts #1 remove 1", "prompts recipe=tickets add x"):
        assert "You can read and vote here, but not use `/train prompts" in await office.text(text, standing=GUEST)
    assert await asked(office) == ["question 1", "question 2"]
    assert of_recipe(office, "tickets") == ["question 1", "question 2"]


async def test_the_prompts_of_a_private_run_are_not_there_for_others(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True)
    for text in ("prompts #1", "prompts #1 add x"):
        assert "There is no run #1 here." in await office.text(text, person=GRACE)


async def test_hostile_words_are_cleaned_and_format_nothing(office: Office) -> None:
    await office.ask("start support-bot")
    message = await office.ask(Call("prompts", {"run": "1", "action": "add", "words": "*b* `c` \u202e <!here>\x00"}))
    assert (await asked(office))[2] == "*b* `c` <U+202E> <!here>"
    assert "*b* `c` <U+202E> <!here>" in everything(message)


async def test_completion_offers_runs_actions_and_numbers(office: Office) -> None:
    await office.ask("start support-bot")
    assert "prompts #1" in await office.completed("prompts #")
    assert (await office.completed("prompts #1 "))[:3] == ["prompts #1 show", "prompts #1 add", "prompts #1 remove"]
    assert (await office.completed("prompts #1 remove "))[:2] == ["prompts #1 remove 1", "prompts #1 remove 2"]
    assert await office.completed("prompts #1 add W") == []
    assert await office.completed("prompts recipe=t") == ["prompts recipe=tickets"]
