"""The commands, on a real database: what they answer, what they write, and that the same delivery writes once."""

import asyncio
from dataclasses import replace

import pytest
from commands.office import ADA, BROKEN, DIRECT, GRACE, HERE, PIXEL, SUPPORT, Office
from messages.made import calls, everything, labels, pings

from bot.domain.calls import Call
from bot.domain.effects import announce_key
from bot.domain.places import PostRef
from bot.domain.recipes import Notify
from bot.domain.runs import State
from bot.messages.model import Picture, Tone
from bot.store import follows, posts

STARTING = "Starting support-bot #1. Its card is in this channel."


async def test_a_start_stores_the_run_its_follow_and_its_effects_together(office: Office) -> None:
    message = await office.ask("start support-bot", person=GRACE)
    run = await office.run(1)
    assert message.summary == STARTING
    assert (run.name, run.home, run.starter, run.starter.name, run.state) == (
        "support-bot", HERE, GRACE, "Grace", State.REQUESTED,
    )  # fmt: skip
    assert run.requested_at == office.clock.now()
    assert run.recipe == SUPPORT
    assert not run.private
    follow = (await office.db.read(follows.of_run(1)))[0]
    assert (follow.place, follow.wants.failure) == (HERE, "here")
    assert await office.effects() == ["Announce 1", "StartRun 1"]
    assert office.woken


async def test_a_start_in_a_direct_conversation_is_private(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True)
    assert (await office.run(1)).private


async def test_the_same_delivery_answers_the_same_and_starts_nothing_twice(office: Office) -> None:
    incoming = office.incoming()
    answers = [await office.registry.answer(incoming, "start support-bot steps=5") for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert await office.runs() == [1]
    assert await office.effects() == ["Announce 1", "StartRun 1"]


async def test_the_same_delivery_at_the_same_moment_starts_nothing_twice(office: Office) -> None:
    incoming = office.incoming()
    answers = await asyncio.gather(*(office.registry.answer(incoming, "start support-bot") for _ in range(20)))
    assert {answer.summary for answer in answers} == {STARTING}
    assert await office.runs() == [1]


async def test_a_delivery_that_comes_again_answers_the_same_though_the_recipe_is_gone(office: Office) -> None:
    incoming = office.incoming()
    first = await office.registry.answer(incoming, "start support-bot")
    del office.recipes["support-bot"]
    office.chat.problems.append("archived.")
    assert await office.registry.answer(incoming, "start support-bot") == first


async def test_a_refused_delivery_may_be_sent_again_and_then_starts(office: Office) -> None:
    incoming = office.incoming()
    office.chat.problems.append("I am not in this channel.")
    await office.registry.answer(incoming, "start support-bot")
    office.chat.problems.clear()
    assert (await office.registry.answer(incoming, "start support-bot")).summary == STARTING


async def test_two_deliveries_start_two_runs(office: Office) -> None:
    await asyncio.gather(office.ask("start support-bot"), office.ask("start support-bot"))
    assert await office.runs() == [1, 2]


async def test_settings_are_changed_by_name_and_by_alias_and_told(office: Office) -> None:
    text = await office.text("start tickets steps=200 lr=5e-4 scheduler=linear")
    run = await office.run(1)
    assert (run.recipe.settings["max_steps"], run.recipe.settings["learning_rate"]) == (200, 5e-4)
    assert run.recipe.settings["scheduler"] == "linear"
    assert run.changes == ("max_steps=200", "learning_rate=5e-4", "scheduler=linear")
    assert "Changed: max_steps=200" in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("start suport-bot", "There is no recipe `suport-bot`. Did you mean `support-bot`?"),
        ("start zzz", "There is no recipe `zzz`. `/train recipes` lists what there is."),
        ("start bad", str(BROKEN)),
        ("start", "Which recipe? Usage: `/train start <recipe> [key=value ...]`."),
        ("start support-bot 200", "`200` is one word too many"),
        ("start support-bot stepz=3", "There is no setting `stepz`. Did you mean `steps`?"),
        ("start support-bot steps=many", "`steps=many` does not fit: `max_steps` takes a whole number"),
        ("start support-bot steps=0", "`steps=0` does not fit"),
        ("start support-bot steps=3 max_steps=4", "`max_steps` is given twice"),
        ("start support-bot steps=3 steps=4", "`steps` is given twice"),
        ("start support-bot scheduler=linear", "`scheduler` cannot be changed from chat"),
        ("start support-bot model=other", "There is no setting `model`."),
        ("start support-bot dataset=/etc/passwd", "There is no setting `dataset`."),
        ("stort support-bot", "There is no command `stort`. Did you mean `/train start`?"),
    ],
)
async def test_a_start_that_cannot_be_says_why_and_starts_nothing(office: Office, text: str, told: str) -> None:
    message = await office.ask(text)
    assert told in message.summary
    assert message.tone is Tone.ODD
    assert await office.runs() == []
    assert await office.effects() == []


async def test_a_recipes_name_is_found_in_capitals_too(office: Office) -> None:
    assert await office.text("START Support-Bot")
    assert await office.runs() == [1]


async def test_nothing_starts_where_the_card_could_not_be_posted(office: Office) -> None:
    office.chat.problems += ["I am not in this channel.", "Invite me."]
    told = await office.text("start support-bot")
    assert "I cannot report here, so nothing was started: I am not in this channel. Invite me." in told
    assert await office.runs() == []


async def test_nothing_starts_from_a_platform_that_is_not_connected(office: Office) -> None:
    told = await office.text("start support-bot", place=replace(HERE, platform="other"))
    assert "this chat is not connected" in told
    assert await office.runs() == []


async def test_the_recipe_decides_who_is_called_and_how_often_progress_is_told(office: Office) -> None:
    office.recipes["quiet"] = replace(SUPPORT, name="quiet", notify=Notify(progress_every=7, failure="nobody"))
    await office.ask("start quiet")
    wants = (await office.db.read(follows.of_run(1)))[0].wants
    assert (wants.progress_every, wants.failure) == (7, "nobody")


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


async def test_changed_settings_are_shown_as_they_count(office: Office) -> None:
    await office.ask("start support-bot lr=0.0020 steps=1_0")
    assert (await office.run(1)).changes == ("learning_rate=2e-3", "max_steps=10")


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
