"""Following one run: what comes of it in the place, its home, and private runs. What a pattern brings of runs."""

from dataclasses import replace

from commands.followed import THERE, here, only
from commands.office import ADA, DIRECT, GRACE, HERE, SUPPORT, Office
from messages.made import calls, labels

from bot.domain.calls import Call
from bot.domain.events import TrainingFailed
from bot.domain.follows import OneRun, Wants
from bot.domain.places import Place
from bot.domain.recipes import Notify
from bot.domain.runs import State


async def test_a_pattern_tells_of_the_next_run_and_offers_those_that_go_on(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    message = await office.ask("follow support-*", place=THERE)
    assert labels(message)[0] == "Follow support-bot #1 too"
    assert calls(message)[0] == Call("follow", {"what": "1"})
    assert await office.effects() == ["Announce 1", "StartRun 1", "Announce 2", "StartRun 2"]
    await office.ask("start support-bot")
    assert (await office.effects())[-3:] == ["Announce 3", "Announce 3", "StartRun 3"]


async def test_a_run_that_is_followed_in_the_middle_brings_its_card_and_a_line(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    message = await office.ask("follow support-bot #1 failures samples", place=THERE)
    assert (
        "support-bot #1 is followed here from now on: samples; failures, which call nobody. Its card comes here."
        in (message.summary)
    )
    assert (await office.effects())[-3:] == ["Announce 1", "EditCard 1", "PostJoined 1"]
    assert (await only(office)).subject == OneRun(1)


async def test_a_run_that_is_over_brings_its_card_and_nothing_else(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.complete()
    before = await office.effects()
    message = await office.ask("follow #1 failures only", place=THERE)
    assert message.summary == (
        "support-bot #1 has ended: completed. Its card comes here as it stands, and nothing more."
    )
    assert (await office.effects())[len(before) :] == ["Announce 1", "EditCard 1"]
    assert "Its card is here already." in await office.text("follow #1", place=THERE)
    assert (await office.effects())[len(before) :] == ["Announce 1", "EditCard 1"]


async def test_to_follow_only_ends_brings_no_card_until_more_is_wanted(office: Office) -> None:
    await office.ask("start support-bot")
    before = await office.effects()
    assert "Its card comes here" not in await office.text("follow #1 failures", place=THERE)
    assert await office.effects() == before
    await office.ask("follow #1 samples", place=THERE)
    assert (await office.effects())[len(before) :] == ["Announce 1", "EditCard 1"]


async def test_a_home_is_changed_like_any_follow_and_keeps_whom_it_calls(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("follow #1 every=50", person=GRACE)
    one = await only(office, HERE)
    assert (one.home, one.wants, one.set_by) == (True, Wants(progress_every=50, mention="here"), ADA)


async def test_a_home_that_was_left_comes_back_as_its_recipe_has_it(office: Office) -> None:
    office.recipes["support-bot"] = replace(SUPPORT, notify=Notify(progress_every=5, failure="starter"))
    await office.ask("start support-bot")
    await office.ask("unfollow #1")
    await office.ask("follow #1")
    one = await only(office, HERE)
    assert (one.home, one.wants) == (True, Wants(progress_every=5, mention="starter"))


async def test_a_private_run_is_followed_only_where_everybody_may_read_of_it(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True, direct=True)
    text = await office.text("follow #1", place=THERE)
    assert "#1 is private, and everybody here would read of it." in text
    assert "/train share 1" in text
    assert await here(office) == []
    assert "There is no run #1 here." in await office.text("follow #1", place=THERE, person=GRACE)
    mine = Place("fake", "team", "@other")
    await office.ask("follow #1", place=mine, direct=True)
    assert (await only(office, mine)).alone


async def test_no_pattern_of_a_channel_tells_of_a_private_run(office: Office) -> None:
    for line in ("follow *", "follow support-*", "follow me"):
        await office.ask(line, place=THERE)
    await office.ask("start support-bot", place=DIRECT, private=True, direct=True)
    assert await office.effects() == ["Announce 1", "StartRun 1"]


async def test_a_private_run_is_not_offered_where_it_may_not_be_followed(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True, direct=True)
    assert "follow #1" not in await office.completed("follow ", place=THERE)
    assert "follow #1" in await office.completed("follow ", place=DIRECT, direct=True)


async def test_a_final_state_is_named_in_every_reply(office: Office) -> None:
    await office.ask("start support-bot")
    await office.happen(1, TrainingFailed(office.clock.now(), "out of memory"))
    assert State.FAILED.value in await office.text("follow #1", place=THERE)
