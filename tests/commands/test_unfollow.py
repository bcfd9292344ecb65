"""Unfollowing: what is told no more, what the reply says is left, and how it comes back."""

from dataclasses import replace

import pytest
from commands.followed import FAILURES, THERE, here, only
from commands.office import GRACE, HERE, Office
from messages.made import calls, labels

from bot.domain.events import Logged, TrainingFailed
from bot.domain.follows import Wants
from bot.domain.runs import Numbers


async def test_what_is_unfollowed_is_told_no_more_and_can_come_back(office: Office) -> None:
    await office.ask("follow support-* failures mention=here", place=THERE)
    message = await office.ask("unfollow SUPPORT-*", place=THERE, person=GRACE)
    assert message.summary == "No longer followed here: runs named support-*."
    assert await here(office) == []
    assert labels(message) == ["Follow again"]
    await office.ask(calls(message)[0], place=THERE)
    assert (await only(office)).wants == replace(FAILURES, mention="here")


async def test_one_event_is_taken_away_and_the_rest_stays(office: Office) -> None:
    await office.ask("follow me every=5", place=THERE)
    text = await office.text("unfollow me samples, progress", place=THERE)
    assert "what Ada starts: no progress and samples here any more. Still told: success in the thread; failures" in text
    assert (await only(office)).wants == Wants(samples=False)
    assert "That follow tells only success and failures, no samples." in await office.text(
        "unfollow me samples", place=THERE
    )
    await office.ask("unfollow me success failures", place=THERE)
    assert await here(office) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("unfollow", "What is to end? Here is followed: `support-*`, `me`."),
        ("unfollow suport-*", "Did you mean `support-*`?"),
        ("unfollow zzz", "`zzz` is not followed here by itself. Here is followed: `support-*`, `me`."),
        ("unfollow everything", "`everything` is not followed here by itself."),
        ("unfollow #9", "There is no run #9 here."),
        ("unfollow #1", "`#1` is not followed here by itself. Here is followed: `support-*`, `me`."),
        ("unfollow #2", "It is told here by `support-*`, `me`: end that, or say `/train mute 2 for=good`."),
        ("unfollow me smaples", "`smaples` is no event"),
        ("unfollow f:77", "That is not followed here any more."),
    ],
)
async def test_what_is_not_followed_is_a_sentence_with_what_is(office: Office, line: str, told: str) -> None:
    await office.ask("start support-bot")
    await office.ask("follow support-*", place=THERE)
    await office.ask("follow me", place=THERE)
    await office.ask("start support-bot")
    message = await office.ask(line, place=THERE)
    assert told in message.summary
    assert len(await here(office)) == 2


async def test_where_nothing_is_followed_it_says_how_to_begin(office: Office) -> None:
    assert "Nothing is followed here" in await office.text("unfollow me", place=THERE)


async def test_somebody_elses_runs_are_unfollowed_by_the_number_of_the_follow(office: Office) -> None:
    await office.ask("follow me", place=THERE)
    assert await office.completed("unfollow ", place=THERE, person=GRACE) == ["unfollow f:1"]
    await office.ask("unfollow f:1", place=THERE, person=GRACE)
    assert await here(office) == []


async def test_a_home_can_be_left_and_then_the_reply_says_who_is_told(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    text = await office.text("unfollow #1")
    assert "No longer followed here: support-bot #1." in text
    assert "No place is told of this run now, not even when it fails." in text
    assert "To come back: /train follow #1" in text
    before = await office.effects()
    assert "EditCard 1" in before
    await office.happen(1, Logged(office.clock.now(), 12, Numbers(loss=1.0)))
    await office.happen(1, TrainingFailed(office.clock.now(), "out of memory"))
    assert await office.effects() == before


async def test_a_home_that_another_place_follows_too_is_not_said_to_be_told_nowhere(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("follow #1", place=THERE)
    assert "No place is told" not in await office.text("unfollow #1")


async def test_a_run_that_another_follow_of_the_place_tells_of_is_said_to_be_told_still(office: Office) -> None:
    await office.ask("follow everything", place=HERE)
    await office.ask("start support-bot")
    text = await office.text("unfollow support-bot")
    assert "The run is still told here by: every run." in text
    assert "EditCard 1" not in await office.effects()


async def test_what_waited_for_a_place_is_dropped_with_its_follow(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("follow #1 every=1", place=THERE)
    await office.happen(1, *[Logged(office.clock.now(), step, Numbers(loss=1.0)) for step in (1, 2)])
    assert (await office.effects()).count("PostProgress 1") == 1
    await office.ask("unfollow #1 progress", place=THERE)
    assert "PostProgress 1" not in await office.effects()
