"""The recipes in the chat: listed, shown in full, and made of runs."""

from dataclasses import replace

import pytest
from commands.office import BROKEN, DIRECT, ELSEWHERE, GRACE, GUEST, HERE, SUPPORT, Office
from messages.made import calls, everything

from bot.commands.roles import Standing
from bot.domain.calls import Call
from bot.domain.recipes import Notify, Prompt, Recipe, Sampling


async def test_recipes_lists_the_good_ones_and_what_is_wrong_with_the_others(office: Office) -> None:
    message = await office.ask("recipes")
    text = everything(message)
    assert "2 recipes to start." in text
    assert "Sorts tickets" in text
    assert str(BROKEN) in text
    assert calls(message) == [Call("start", {"recipe": name}) for name in ("support-bot", "tickets")]


async def test_no_recipe_at_all_is_said_to_be_so(office: Office) -> None:
    office.recipes.clear()
    for text in ("recipes", ""):
        assert "There is no recipe to start yet" in await office.text(text)


async def test_a_recipe_is_shown_with_everything_it_sets(office: Office) -> None:
    office.recipes["full"] = replace(
        SUPPORT,
        name="full",
        extra={"packing": True},
        open=("scheduler",),
        match=("nightly-*",),
        price_per_hour=2.5,
        notify=Notify(7, "starter", 9),
        samples=Sampling(4, 1, 64),
        prompts=(Prompt("question 1", "be short"), Prompt("question 2")),
    )
    message = await office.ask("recipes show Full")
    text = everything(message)
    for part in (
        "Sorts tickets", "Model: tiny", "Data: t.jsonl", "1 prompt at up to 4 checkpoints, 64 tokens",
        "a line every 7 steps", "who started it", "after 9 min", "scheduler", "nightly-*", "2.50 an hour",
        "max_steps=20", "learning_rate=1e-3", "packing=true", "Prompt 1", "question 1", "be short",
        "1 more prompt not asked",
    ):  # fmt: skip
        assert part in text, part
    assert calls(message) == [Call("start", {"recipe": "full"})]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("recipes show", "Which recipe?"),
        ("recipes show bad", str(BROKEN)),
        ("recipes show suport-bot", "Did you mean `support-bot`?"),
        ("recipes sho", "Did you mean `show`?"),
        ("recipes list all", "`all` is one word too many"),
        ("recipes save", "Which run, and as what?"),
        ("recipes save #1", "Which run, and as what?"),
        ("recipes save #1 as Über", "cannot be a recipe's name"),
        ("recipes save #1 as ../x", "cannot be a recipe's name"),
        ("recipes save #9 as x", "There is no run #9 here."),
    ],
)
async def test_what_cannot_be_says_why(office: Office, text: str, told: str) -> None:
    await office.ask("start support-bot")
    before = dict(office.recipes)
    assert told in (await office.ask(text)).summary
    assert office.recipes == before


@pytest.mark.parametrize("text", ["save #1 as fast", "save support-bot #1 AS Fast", "save as fast", "save 1:fast"])
async def test_a_run_becomes_a_recipe(office: Office, text: str) -> None:
    office.recipes["support-bot"] = replace(SUPPORT, match=("x",))
    await office.ask("start support-bot steps=7")
    message = await office.ask(f"recipes {text}")
    assert message.summary == "Saved support-bot #1 as recipe `fast`."
    assert calls(message) == [Call("start", {"recipe": "fast"})]
    assert office.recipes["fast"] == replace(SUPPORT, name="fast", settings=SUPPORT.settings | {"max_steps": 7})


async def test_a_recipe_is_not_written_over_unasked(office: Office) -> None:
    await office.ask("start support-bot steps=7")
    message = await office.ask("recipes save #1 as support-bot")
    assert "There is a recipe `support-bot` already." in message.summary
    assert office.recipes["support-bot"] == SUPPORT
    (call,) = calls(message)
    assert Call.decode(call.encode()) == call
    assert "Saved support-bot #1" in await office.text(call)
    saved = office.recipes["support-bot"]
    assert isinstance(saved, Recipe)
    assert saved.settings["max_steps"] == 7


async def test_the_question_fits_a_button_for_the_longest_name(office: Office) -> None:
    name = "x" * 40
    office.recipes[name] = replace(SUPPORT, name=name)
    await office.ask(f"start {name}")
    (call,) = calls(await office.ask(f"recipes save #1 as {name}"))
    assert call.encode()


async def test_a_guest_reads_the_recipes_and_saves_none(office: Office) -> None:
    await office.ask("start support-bot")
    assert "2 recipes to start." in await office.text("recipes", standing=GUEST)
    assert "Model: tiny" in await office.text("recipes show support-bot", standing=GUEST)
    text = await office.text("recipes save #1 as mine", standing=GUEST)
    assert "You can read and vote here, but not use `/train recipes save`." in text
    assert "mine" not in office.recipes


async def test_a_private_run_becomes_a_recipe_by_its_starter_or_an_admin_at_home(office: Office) -> None:
    await office.ask("start support-bot", place=HERE, private=True)
    for given in ({"person": GRACE}, {"place": ELSEWHERE, "standing": Standing.ADMIN}):
        assert "everybody sees the recipes" in await office.text("recipes save #1 as mine", **given)
    assert "mine" not in office.recipes
    await office.ask("recipes save #1 as mine", person=GRACE, standing=Standing.ADMIN)
    await office.ask("start support-bot", place=DIRECT, private=True)
    await office.ask("recipes save #2 as mine-too", place=DIRECT)
    assert {"mine", "mine-too"} <= set(office.recipes)


@pytest.mark.parametrize("url", ["https://data.acme.org/t?sig=secret", "https://me:secret@data.acme.org/t"])
async def test_an_address_that_may_be_a_key_is_not_written_to_a_file(office: Office, url: str) -> None:
    office.recipes["far"] = replace(SUPPORT, name="far", dataset={"type": "blob", "url": url})
    await office.ask("start far")
    text = await office.text("recipes save #1 as mine")
    assert "may hold a key to it" in text
    assert "secret" not in text
    assert "secret" not in await office.text("recipes show far")
    assert "mine" not in office.recipes


async def test_completion_offers_actions_then_recipes_or_runs(office: Office) -> None:
    await office.ask("start support-bot")
    assert await office.completed("recipes s") == ["recipes show", "recipes save"]
    assert "recipes show support-bot" in await office.completed("recipes show s")
    assert await office.completed("recipes save ") == ["recipes save #1", "recipes save replace"]
    assert "recipes save #1 as" in await office.completed("recipes save #1 ")
    assert "recipes save #1 as tickets" in await office.completed("recipes save #1 as t")
