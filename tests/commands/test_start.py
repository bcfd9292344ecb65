"""Starting a run from a recipe: what is stored, that a delivery starts one run, and what is asked before."""

import asyncio
from dataclasses import replace

import pytest
from commands.office import BROKEN, DIRECT, GRACE, HERE, SUPPORT, Office
from messages.made import calls, everything, labels

from bot.domain.calls import Call
from bot.domain.recipes import Notify
from bot.domain.runs import State
from bot.messages.model import Tone
from bot.store import follows

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
    follow = (await office.db.read(follows.of_run(await office.run(1))))[0]
    assert (follow.place, follow.wants.mention) == (HERE, "here")
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
        ("start", "Which recipe? Usage: `/train start <recipe> [note=...] [sure] [key=value ...]`."),
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
    wants = (await office.db.read(follows.of_run(await office.run(1))))[0].wants
    assert (wants.progress_every, wants.mention) == (7, "nobody")


async def test_changed_settings_are_shown_as_they_count(office: Office) -> None:
    await office.ask("start support-bot lr=0.0020 steps=1_0")
    assert (await office.run(1)).changes == ("learning_rate=2e-3", "max_steps=10")


async def test_a_value_far_from_the_recipes_own_is_asked_back_once(office: Office) -> None:
    message = await office.ask("start support-bot lr=2e4 steps=30")
    assert message.summary == "`lr=2e4`? The recipe says 1e-3. Nothing was started."
    assert message.tone is Tone.ODD
    assert await office.runs() == []
    as_typed, sane = calls(message)
    assert labels(message) == ["Start with lr=2e4", "Start with 1e-3"]
    assert as_typed == Call("start", {"recipe": "support-bot", "lr": "2e4", "steps": "30", "sure": "yes"})
    assert sane == Call("start", {"recipe": "support-bot", "steps": "30"})
    assert Call.decode(as_typed.encode()) == as_typed
    await office.ask(as_typed)
    await office.ask(sane)
    first, second = await office.run(1), await office.run(2)
    assert (first.recipe.settings["learning_rate"], first.recipe.settings["max_steps"]) == (2e4, 30)
    assert (second.recipe.settings["learning_rate"], second.recipe.settings["max_steps"]) == (1e-3, 30)


async def test_several_odd_values_are_asked_back_together(office: Office) -> None:
    message = await office.ask("start support-bot lr=1 steps=5000")
    assert message.summary == ("`lr=1`? The recipe says 1e-3. `steps=5000`? The recipe says 20. Nothing was started.")
    assert labels(message) == ["Start as I typed it", "Start without these values"]
    assert calls(message)[1] == Call("start", {"recipe": "support-bot"})


@pytest.mark.parametrize("text", ["sure", "sure=yes"])
async def test_who_is_sure_is_not_asked(office: Office, text: str) -> None:
    await office.ask(f"start support-bot lr=2e4 {text}")
    assert await office.runs() == [1]


@pytest.mark.parametrize("text", ['lr=2e4 note="is this too much"', "lr=2e+4", f"lr=2{'0' * 80}e-76"])
async def test_where_no_button_can_say_it_the_text_says_what_to_type(office: Office, text: str) -> None:
    message = await office.ask(f"start support-bot {text}")
    assert "If you mean it, type the same again with `sure` at the end." in message.summary
    assert all(call.args.get("sure") is None for call in calls(message))
    await office.ask(f"start support-bot {text} sure")
    assert await office.runs() == [1]


async def test_a_note_is_kept_on_one_line(office: Office) -> None:
    message = await office.ask('start support-bot note="  longer \u202e warm-up "')
    assert (await office.run(1)).note == "longer <U+202E> warm-up"
    assert "Note: longer <U+202E> warm-up" in everything(message)


async def test_a_note_that_is_too_long_starts_nothing(office: Office) -> None:
    assert "200 is the most" in await office.text(f'start support-bot note="{"x" * 201}"')
    assert await office.runs() == []


BLOB = {"type": "blob", "url": "https://data.acme.org/t.jsonl", "token": "***"}
NAME = "TRAINBOT_DATASET_TOKEN_DATA_ACME_ORG"


async def test_a_data_set_that_needs_a_token_waits_for_it_in_the_environment(office: Office) -> None:
    office.recipes["far"] = replace(SUPPORT, name="far", dataset=BLOB)
    text = await office.text("start far")
    assert "The data set of recipe `far` needs a token. Nothing was started." in text
    assert f"in its environment as `{NAME}`; do not type it here" in text
    office.recipes["near"] = replace(SUPPORT, name="near", dataset=BLOB | {"url": "http://data.acme.org/"})
    assert "a token goes only to an address that begins with https" in await office.text("start near")
    assert await office.runs() == []
    office.registry.desk = replace(office.registry.desk, tokens=frozenset({NAME}))
    await office.ask("start far")
    assert (await office.run(1)).recipe.dataset == BLOB


async def test_completion_offers_recipes_then_settings_then_what_else_there_is(office: Office) -> None:
    assert await office.completed("start sup") == ["start support-bot"]
    offered = await office.completed("start support-bot ")
    assert {"start support-bot note=", "start support-bot sure", "start support-bot max_steps="} <= set(offered)
