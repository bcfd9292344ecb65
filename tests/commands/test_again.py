"""Starting a run again, from its own copy of its recipe, and publishing a private one."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from commands.office import ADA, DIRECT, ELSEWHERE, GRACE, GUEST, HERE, SUPPORT, Office
from messages.made import calls, labels

from bot.commands.roles import Standing
from bot.domain.calls import Call
from bot.domain.events import TrainingFailed
from bot.domain.recipes import Prompt, Recipe, from_config
from bot.domain.runs import Origin, Run
from bot.messages.model import Tone
from bot.store import ingest, people, runs


async def elsewhere(office: Office, recipe: Recipe, **given: Any) -> int:
    """A run that was started elsewhere."""

    def write(connection: Any) -> int:
        people.see(connection, GRACE, office.clock.now())
        made = Run(1, recipe, HERE, GRACE, office.clock.now(), origin=Origin.OUTSIDE, job_id="job-9", **given)
        return runs.add(connection, lambda number: replace(made, number=number)).number

    return await office.db.write(write)


async def change(office: Office, number: int, **given: Any) -> None:
    run = await office.run(number)
    await office.db.write(lambda connection: runs.save(connection, replace(run, **given)))


async def test_a_run_is_started_again_with_changes_that_say_what_was_before(office: Office) -> None:
    await office.ask("start support-bot steps=30")
    del office.recipes["support-bot"]
    message = await office.ask('again #1 lr=2e-3 seed=7 steps=30 note="twice the rate"', person=GRACE)
    assert message.summary == "Starting support-bot #2, again from #1. Its card is in this channel."
    run = await office.run(2)
    assert run.recipe.settings == SUPPORT.settings | {"max_steps": 30, "learning_rate": 2e-3, "seed": 7}
    assert run.changes == ("learning_rate=2e-3 (was 1e-3)", "seed=7")
    assert (run.parent, run.note, run.starter) == (1, "twice the rate", GRACE)
    assert await office.effects() == ["Announce 1", "StartRun 1", "Announce 2", "StartRun 2"]


async def test_without_changes_it_starts_at_once(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("again #1")
    run = await office.run(2)
    assert (run.recipe, run.changes, run.parent) == (SUPPORT, (), 1)


async def test_a_run_that_still_trains_and_that_nobody_named_is_asked_about_first(office: Office) -> None:
    await office.ask("start support-bot")
    message = await office.ask("again")
    assert "It goes on meanwhile" in message.summary
    assert await office.runs() == [1]
    await office.ask(calls(message)[0])
    assert await office.runs() == [1, 2]


async def test_the_same_delivery_starts_one_run(office: Office) -> None:
    await office.ask("start support-bot")
    incoming = office.incoming()
    answers = await asyncio.gather(*(office.registry.answer(incoming, "again #1 steps=5") for _ in range(10)))
    assert len(set(answers)) == 1
    assert await office.runs() == [1, 2]


async def test_a_button_that_is_not_sure_asks_first(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.happen(1, TrainingFailed(office.clock.now(), "Out of `memory`.", 10))
    message = await office.ask(Call("again", {"run": "1", "sure": "no"}))
    assert message.summary == (
        "Start support-bot #1 again with the same settings? It failed: Out of 'memory'. "
        "To change something, type `/train again 1 key=value`."
    )
    assert labels(message) == ["Start again"]
    assert await office.runs() == [1]
    await office.ask(calls(message)[0])
    assert (await office.run(2)).parent == 1


async def test_the_question_of_a_button_repeats_what_is_changed(office: Office) -> None:
    await office.ask("start support-bot")
    summary = (await office.ask("again 1 lr=50 steps=30 sure=no")).summary
    assert "again with `lr=50` and `steps=30`? It goes on meanwhile: requested." in summary
    assert "`lr=50`? It had 1e-3." in summary


async def test_a_value_far_from_the_runs_own_is_asked_back(office: Office) -> None:
    await office.ask("start support-bot lr=0.01")
    message = await office.ask("again #1 lr=2")
    assert message.summary == "`lr=2`? Run #1 had 0.01. Nothing was started."
    assert message.tone is Tone.ODD
    assert calls(message) == [Call("again", {"run": "1", "lr": "2", "sure": "yes"}), Call("again", {"run": "1"})]
    await office.ask(calls(message)[0])
    assert (await office.run(2)).changes == ("learning_rate=2 (was 0.01)",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("again #7", "There is no run #7 here."),
        ("again #1 stepz=3", "Did you mean `steps`?"),
        ("again #1 scheduler=linear", "`scheduler` cannot be changed from chat"),
        ("again #1 steps=0", "does not fit"),
        ("again #1 model=other", "There is no setting `model`."),
        (f"again #1 note={'x' * 201}", "200 is the most"),
    ],
)
async def test_what_cannot_be_started_again_says_why(office: Office, text: str, told: str) -> None:
    await office.ask("start support-bot")
    assert told in (await office.ask(text)).summary
    assert await office.runs() == [1]


async def test_nothing_starts_again_where_the_card_could_not_be_posted(office: Office) -> None:
    await office.ask("start support-bot")
    office.chat.problems.append("archived.")
    assert "I cannot report here, so nothing was started: archived." in await office.text("again #1")
    assert await office.runs() == [1]


async def test_a_run_from_elsewhere_is_started_again_with_its_whole_config(office: Office) -> None:
    config = {"model": "big", "datasetSource": {"type": "huggingface", "name": "acme/t"}, "maxSteps": 9, "odd": [1]}
    number = await elsewhere(office, from_config("nightly", config))
    await office.ask(f"again #{number} steps=5")
    run = await office.run(2)
    assert run.recipe.config() == config | {"maxSteps": 5}
    assert run.changes == ("max_steps=5 (was 9)",)
    assert run.job_id is None


async def test_a_run_that_the_service_said_nothing_of_cannot_be_started_again(office: Office) -> None:
    await elsewhere(office, from_config("nightly", {}))
    assert "did not say what `nightly #1` trains" in await office.text("again #1")
    assert await office.runs() == [1]


async def test_a_token_that_the_service_withholds_is_asked_for_by_its_name(office: Office) -> None:
    source = {"type": "blob", "url": "https://data.acme.org/t.jsonl", "token": "***"}
    await elsewhere(office, from_config("nightly", {"model": "big", "datasetSource": source}))
    text = await office.text("again #1")
    assert "The training service does not give out the token of the data set of `nightly #1`." in text
    assert "`TRAINBOT_DATASET_TOKEN_DATA_ACME_ORG`; do not type it here." in text
    assert await office.runs() == [1]


async def test_what_was_not_kept_of_a_foreign_config_is_named_and_never_sent(office: Office) -> None:
    source = {"type": "huggingface", "name": "acme/t"}
    config = {"model": "big", "datasetSource": source, "hubToken": "hf_1", "report": {"apiKey": "k"}}
    await elsewhere(office, from_config("nightly", config))
    text = await office.text("again #1")
    assert "is not kept here, so `hubToken` and `report.apiKey` of `nightly` cannot be sent again." in text
    assert await office.runs() == [1]
    assert "hf_1" not in await office.text("status #1")


async def test_a_private_run_is_started_again_at_home_only(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True)
    assert "`/train share 1` lets everybody see it" in await office.text(
        "again #1", place=ELSEWHERE, standing=Standing.ADMIN
    )
    assert "There is no run #1 here" in await office.text("again #1", place=ELSEWHERE, person=GRACE)
    assert await office.runs() == [1]
    await office.ask("again #1", place=DIRECT, private=True)
    assert (await office.run(2)).private


async def test_prompts_that_were_removed_are_not_in_the_new_run(office: Office) -> None:
    await office.ask("start support-bot")
    recipe = (await office.run(1)).recipe
    off = replace(recipe, prompts=(Prompt("question 1", off=True), Prompt("question 2")))
    await change(office, 1, recipe=off)
    await office.ask("again #1")
    assert (await office.run(2)).recipe.prompts == (Prompt("question 2"),)


async def test_a_guest_starts_nothing_again(office: Office) -> None:
    await office.ask("start support-bot")
    for text in ("again #1", "share #1 sure"):
        assert "You can read and vote here" in await office.text(text, standing=GUEST)


async def test_completion_offers_runs_and_then_the_settings_of_that_run(office: Office) -> None:
    await office.ask("start support-bot steps=30")
    assert await office.completed("again #") == ["again #1"]
    offered = await office.completed("again #1 ")
    assert {"again #1 note=", "again #1 sure", "again #1 max_steps="} <= set(offered)
    assert "again #1 scheduler=" not in offered
    assert "again #9 max_steps=" not in await office.completed("again #9 ma")


async def test_a_private_run_is_shared_by_its_starter(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True)
    assert "There is no run #1 here" in await office.text("status #1", person=GRACE)
    incoming = office.incoming(place=DIRECT)
    first = await office.registry.answer(incoming, "share #1 sure")
    assert "support-bot #1 is not private any more: everybody who may use this bot can find it" in first.summary
    assert await office.registry.answer(incoming, "share #1 sure") == first
    assert not (await office.run(1)).private
    assert "support-bot #1" in await office.text("status #1", person=GRACE)
    assert "not private: everybody sees it already" in await office.text("share #1 sure")


async def test_only_its_starter_and_admins_share_a_run(office: Office) -> None:
    await office.ask("start support-bot", place=HERE, private=True)
    text = await office.text("share #1 sure", person=GRACE)
    assert "Only who started `support-bot #1`, or an admin, can share it." in text
    assert (await office.run(1)).private
    await office.ask("share #1 sure", person=GRACE, standing=Standing.ADMIN)
    assert not (await office.run(1)).private


async def test_a_run_that_was_shared_can_be_started_again_elsewhere(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True)
    await office.ask("share #1 sure", place=DIRECT)
    await office.ask("again #1", place=ELSEWHERE, person=GRACE)
    run = await office.run(2)
    assert (run.home, run.private, run.starter) == (ELSEWHERE, False, GRACE)
    assert (await office.run(1)).starter == ADA
    assert await office.db.write(lambda connection: len(ingest.following(connection, run, office.clock.now()))) == 1
