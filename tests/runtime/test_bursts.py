"""Failures that come together: one call in ten minutes, two messages, then one that grows; ends that are told alone;
an outage of the service."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.backend import FakeBackend
from messages.made import pings, plain
from runtime.stage import ADA, GRACE, HERE, THERE, Stage

from bot.domain.effects import Announce, PostDirect, PostFailure, PostOutage, PostStorm, PostSuccess, StartRun
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import (
    ContactLost,
    ContactRegained,
    Logged,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from bot.domain.follows import Everything, Follow, Mute, OneRun, Wants
from bot.domain.lanes import announce_key
from bot.domain.runs import Run, State
from bot.messages.model import Buttons, Ping
from bot.store import failures, follows, people

LOUD = Wants(mention="here")
MANY = 8


async def fail(on: Stage, run: Run, error: str = "out of memory") -> None:
    await on.take(run.number, TrainingFailed(on.clock.now(), error))


def called(on: Stage) -> list[int]:
    """The runs for which somebody was called, in order."""
    said = [one for one in on.chat.posts if any(pings(message) for message in (one.message, *one.edits))]
    return [int(one.key.split(":")[1]) for one in said]


async def test_the_first_failure_calls_the_second_does_not_and_the_rest_fold_into_one_message(on: Stage) -> None:
    runs = [await on.run(wants=LOUD) for _ in range(MANY)]
    for run in runs:
        await on.card(run)
    await on.start()
    for run in runs:
        await fail(on, run, "disk full" if run.number == 5 else "out of memory")
        await on.go(30)
    loud = [key for key in on.posted() if key.startswith(("outcome", "storm"))]
    assert loud == [PostFailure(1, HERE).once, PostFailure(2, HERE).once, PostStorm(1, HERE).once]
    assert called(on) == [1]
    (burst,) = on.chat.by_key(PostStorm(1, HERE).once)
    assert burst.ref.thread is None
    text = plain(burst.shown)
    assert f"{MANY} runs failed here" in text
    assert "7 × out of memory" in text
    assert "1 × disk full" in text
    assert all(run.title in text for run in runs)
    assert f"https://chat.example/{on.chat.by_key(announce_key(8, HERE))[0].ref.message}" in str(burst.shown)


async def test_every_failure_of_a_burst_has_its_log_below_its_own_card(on: Stage) -> None:
    runs = [await on.run(wants=LOUD) for _ in range(4)]
    cards = [(await on.card(run)).message for run in runs]
    await on.start()
    for run in runs:
        await fail(on, run)
    logs = [one.ref.thread for one in on.chat.posts if one.key.startswith("log")]
    assert sorted(logs) == sorted(cards)


async def test_after_ten_minutes_a_failure_calls_again_and_begins_a_new_burst(on: Stage) -> None:
    runs = [await on.run(wants=LOUD) for _ in range(6)]
    await on.start()
    for run in runs[:4]:
        await fail(on, run)
    await on.go(599)
    await fail(on, runs[4])
    assert called(on) == [1]
    await on.go(2)
    await fail(on, runs[5])
    assert called(on) == [1, 6]
    assert PostFailure(6, HERE).once in on.posted()


async def test_a_place_that_wants_nobody_called_has_bursts_all_the_same(on: Stage) -> None:
    runs = [await on.run() for _ in range(4)]
    await on.start()
    for run in runs:
        await fail(on, run)
    assert called(on) == []
    assert [key.split(":")[0] for key in on.posted() if not key.startswith("log")].count("storm") == 1


async def test_failures_that_wait_for_a_chat_call_once_when_it_is_back(on: Stage) -> None:
    runs = [await on.run(wants=LOUD) for _ in range(3)]
    await on.start()
    on.chat.outage = Unavailable("connection refused", after=60, pace="chat:fake")
    for run in runs:
        await fail(on, run)
        await on.go(700)
    on.chat.outage = None
    await on.go(120)
    assert len([key for key in on.posted() if key.startswith("outcome")]) == 3
    assert len(called(on)) == 1


@pytest.mark.parametrize("arrived", [False, True])
async def test_a_failure_that_was_sent_twice_has_still_called_once(on: Stage, arrived: bool) -> None:
    run = await on.run(wants=LOUD)
    await on.start()
    on.chat.fail("post", Unavailable("cut off", after=5, ambiguous=True), arrived=arrived)
    await fail(on, run)
    await on.go(30)
    assert PostFailure(1, HERE).once in on.posted()
    assert called(on) == [1]


async def test_two_places_are_called_each_for_itself(on: Stage) -> None:
    runs = [await on.run(wants=LOUD, places=(HERE, THERE)) for _ in range(2)]
    await on.start()
    for run in runs:
        await fail(on, run)
    assert sorted(called(on)) == [1, 1]


async def test_a_group_is_called_where_a_follow_says_so(on: Stage) -> None:
    run = await on.run(wants=Wants(mention="group:S1"))
    await on.start()
    await fail(on, run)
    assert pings(on.chat.by_key(PostFailure(1, HERE).once)[0].message) == [Ping(group="S1")]


async def mute(on: Stage, run: int, seconds: float | None) -> None:
    now = on.clock.now()
    until = now + timedelta(seconds=seconds) if seconds is not None else None
    await on.database.write(lambda connection: follows.mute(connection, HERE, Mute(run, until, ADA), now))


async def test_a_muted_place_is_told_nothing_and_its_card_goes_on(on: Stage) -> None:
    run = await on.run(wants=LOUD)
    await on.card(run)
    await on.start()
    await mute(on, 0, 3600)
    await fail(on, run)
    await on.go(10)
    assert on.posted() == [announce_key(1, HERE)]
    assert "failed" in on.chat.posts[0].shown.summary


async def test_a_mute_of_one_run_leaves_the_others_alone_and_ends_by_itself(on: Stage) -> None:
    first, second, third = [await on.run(wants=LOUD) for _ in range(3)]
    await on.start()
    await mute(on, first.number, 60)
    await mute(on, third.number, 60)
    await fail(on, first)
    await fail(on, second)
    await on.go(61)
    await fail(on, third)
    told = [key for key in on.posted() if key.startswith("outcome")]
    assert told == [PostFailure(second.number, HERE).once, PostFailure(third.number, HERE).once]


async def test_a_place_that_follows_failures_only_has_no_card_and_one_message_that_stands_alone(on: Stage) -> None:
    run = await on.run(wants=Wants(samples=False, success="nobody"))
    await on.start()
    await fail(on, run)
    (only,) = on.chat.posts
    assert (only.key, only.ref.thread) == (PostFailure(1, HERE).once, None)
    assert "in the thread of its card" not in plain(only.message)


# Ends that are told in the channel, or alone.


async def test_a_good_end_stands_in_the_channel_where_somebody_asked_for_it_there(on: Stage) -> None:
    run = await on.run(wants=Wants(success="channel"))
    await on.card(run)
    await on.start()
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.go(130)
    (said,) = on.chat.by_key(PostSuccess(1, HERE).once)
    assert said.ref.thread is None
    assert pings(said.message) == []
    assert "completed" in plain(said.message)
    assert any(isinstance(block, Buttons) for block in said.message.blocks)


async def test_nobody_is_told_of_a_good_end_where_nobody_wants_to_be(on: Stage) -> None:
    run = await on.run(wants=Wants(success="nobody"))
    await on.card(run)
    await on.start()
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.go(130)
    assert on.posted() == [announce_key(1, HERE)]


async def long_run(on: Stage, **facts: Any) -> Run:
    return await on.run(started_at=on.clock.now() - timedelta(minutes=11), **facts)


@pytest.mark.parametrize("end", [TrainingCompleted, lambda at: TrainingFailed(at, "broken")])
async def test_whoever_started_a_long_run_is_told_its_end_alone_and_can_stop_that(on: Stage, end: Any) -> None:
    run = await long_run(on)
    await on.card(run)
    await on.start()
    await on.take(run.number, end(on.clock.now()))
    await on.go(130)
    assert on.alone() == [PostDirect(1, ADA.key).once]
    (said,) = on.chat.by_key(PostDirect(1, ADA.key).once)
    assert said.ref.place.channel == "@ada"
    assert pings(said.message) == []
    assert "Open the card" in plain(said.message)
    assert [one.call.encode() for block in said.message.blocks if isinstance(block, Buttons) for one in block.buttons] \
        == ["1|dm|state=off"]  # fmt: skip


async def test_a_short_run_a_run_of_ones_own_conversation_and_who_wants_none_are_not_told_alone(on: Stage) -> None:
    short = await on.run()
    own = await long_run(on, places=())
    alone = Follow(HERE, OneRun(own.number), Wants(), ADA, on.clock.now(), alone=True)
    await on.database.write(lambda connection: follows.add(connection, alone))
    await on.start()
    for run in (short, own):
        await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.database.write(lambda connection: people.set_quiet(connection, ADA, True))
    quiet = await long_run(on)
    await on.take(quiet.number, TrainingCompleted(on.clock.now()))
    await on.go(130)
    assert on.alone() == []


async def test_a_follow_may_have_every_good_end_told_to_its_person_alone_and_only_once(on: Stage) -> None:
    run = await long_run(on, wants=Wants(success="direct"))
    other = Follow(THERE, OneRun(run.number), Wants(success="direct"), GRACE, on.clock.now())
    await on.database.write(lambda connection: follows.add(connection, other))
    await on.start()
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.go(130)
    assert sorted(on.alone()) == [PostDirect(1, ADA.key).once, PostDirect(1, GRACE.key).once]
    assert not [key for key in on.posted() if key.startswith("outcome")]


async def test_somebody_who_cannot_be_written_to_is_no_trouble_for_anybody(on: Stage) -> None:
    run = await long_run(on)
    await on.start()
    on.chat.fail("direct", Rejected(Scope.PLACE, "cannot_dm_user"))
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.go(130)
    assert on.alone() == []
    assert set(await on.states()) == {"done"}


async def burst_of(on: Stage, many: int) -> list[Run]:
    runs = [await on.run(wants=LOUD) for _ in range(many)]
    for run in runs:
        await on.card(run)
    await on.start()
    for run in runs:
        await fail(on, run)
    await on.go(10)
    return runs


async def test_a_burst_whose_message_was_deleted_is_said_anew_once(on: Stage) -> None:
    await burst_of(on, 3)
    key = PostStorm(1, HERE).once
    on.chat.by_key(key)[0].deleted = True
    for _ in range(2):
        await fail(on, await on.run(wants=LOUD))
        await on.go(10)
    (anew,) = on.chat.by_key(f"{key}:again")
    assert "5 runs failed here" in plain(anew.shown)
    assert "buried" not in await on.states()


async def test_a_burst_is_told_also_where_no_link_can_be_had(on: Stage) -> None:
    on.chat.no_links = Rejected(Scope.GONE, "message_not_found")
    await burst_of(on, 4)
    assert "4 runs failed here" in plain(on.chat.by_key(PostStorm(1, HERE).once)[0].shown)


async def test_the_log_of_a_failure_in_a_burst_never_stands_in_the_channel(on: Stage) -> None:
    runs = [await on.run(wants=LOUD) for _ in range(4)]
    await on.start()
    for run in runs:
        await fail(on, run)
        await on.go(5)
    assert all(one.ref.thread for one in on.chat.posts if one.key.startswith("log"))


async def test_a_clock_that_was_wrong_once_does_not_keep_failures_quiet(on: Stage) -> None:
    early, late, now = [await on.run(wants=LOUD) for _ in range(3)]
    later = on.clock.now() + timedelta(days=30)
    for run in (early, late):
        told = [PostFailure(run.number, HERE)]
        await on.database.write(lambda connection, told=told: failures.tell(connection, told[0].run, told, later))
        await on.database.write(lambda connection, told=told: failures.may_call(connection, HERE, told[0].run, later))
    await on.start()
    await fail(on, now)
    assert called(on) == [now.number]


async def test_nobody_but_its_starter_is_told_alone_of_a_private_run(on: Stage) -> None:
    run = await long_run(on, private=True, wants=Wants(success="direct"))
    other = Follow(HERE, Everything(), Wants(success="direct"), GRACE, on.clock.now())
    await on.database.write(lambda connection: follows.add(connection, other))
    await on.start()
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.go(130)
    assert on.alone() == [PostDirect(1, ADA.key).once]


async def test_a_wish_that_ended_while_its_message_waited_is_not_told(on: Stage) -> None:
    run = await on.run()
    await on.start()
    await on.add(PostDirect(run.number, GRACE.key))
    await on.go(10)
    assert on.alone() == []


async def test_a_direct_message_whose_content_is_refused_goes_as_its_summary(on: Stage) -> None:
    run = await long_run(on)
    await on.start()
    on.chat.fail("post", Rejected(Scope.CONTENT, "invalid_blocks"))
    await on.add(PostDirect(run.number, ADA.key))
    await on.go(10)
    (said,) = on.chat.by_key(PostDirect(1, ADA.key).once)
    assert len(said.message.blocks) == 1


# The service away: one notice a place.


async def test_an_outage_is_one_notice_a_place_and_is_taken_back_in_it(on: Stage) -> None:
    service = on.backend
    assert isinstance(service, FakeBackend)
    service.script = [TrainingStarted(on.clock.now(), 20), Logged(on.clock.now(), 5)]
    service.live = True
    for _ in range(3):
        await on.run(places=(HERE, THERE))
    for _ in range(100):
        service.fail("events", Unavailable("connection refused"))
    await on.start("deliver", "watch")
    await on.go(400)
    notices = [one for one in on.chat.posts if one.key.startswith("outage")]
    assert sorted(one.ref.place.channel for one in notices) == sorted(one.channel for one in (HERE, THERE))
    assert all("out of reach" in plain(one.shown) for one in notices)
    assert not [one for one in on.chat.posts if pings(one.message)]
    service._faults.clear()
    await on.go(400)
    assert len([one for one in on.chat.posts if one.key.startswith("outage")]) == 2
    assert all("is back" in plain(one.shown) for one in notices)


async def test_one_run_out_of_contact_among_others_is_no_outage(on: Stage) -> None:
    first = await on.run()
    await on.run()
    await on.start()
    await on.take(first.number, ContactLost(on.clock.now()))
    await on.go(10)
    assert not [key for key in on.posted() if key.startswith("outage")]


async def test_an_outage_soon_after_another_is_the_same_notice(on: Stage) -> None:
    run = await on.run()
    await on.start()
    for _ in range(3):
        await on.take(run.number, ContactLost(on.clock.now()))
        await on.go(60)
        await on.take(run.number, ContactRegained(on.clock.now()))
        await on.go(60)
    notices = [one for one in on.chat.posts if one.key.startswith("outage")]
    assert len(notices) == 1
    assert "is back" in plain(notices[0].shown)


def test_the_window_is_that_of_the_promise() -> None:
    assert timedelta(minutes=10) == failures.WINDOW


async def test_a_start_that_is_asked_to_wait_is_no_outage(on: Stage) -> None:
    service = on.backend
    assert isinstance(service, FakeBackend)
    service.fail("start", Unavailable("slow down", after=5, pace="service"))
    await on.start("deliver", "watch")
    run = await on.run(state=State.REQUESTED, started_at=None, heard_at=None)
    await on.add(Announce(run.number, HERE), StartRun(run.number))
    await on.go(20)
    assert not [key for key in on.posted() if key.startswith("outage")]


async def test_a_start_that_cannot_be_made_for_minutes_is_one(on: Stage) -> None:
    service = on.backend
    assert isinstance(service, FakeBackend)
    for _ in range(100):
        service.fail("start", Unavailable("connection refused", pace="service", after=10))
    await on.start("deliver", "watch")
    run = await on.run(state=State.REQUESTED, started_at=None, heard_at=None)
    await on.add(Announce(run.number, HERE), StartRun(run.number))
    await on.go(60)
    assert not [key for key in on.posted() if key.startswith("outage")]
    await on.go(30)
    assert [key for key in on.posted() if key.startswith("outage")] == [PostOutage(1, HERE, 1).once]


async def test_a_job_that_is_not_found_is_no_outage(on: Stage) -> None:
    run = await on.run()
    await on.start()
    await on.take(run.number, ContactLost(on.clock.now(), answered=True))
    await on.go(10)
    assert not [key for key in on.posted() if key.startswith("outage")]


async def test_an_outage_that_was_never_told_is_told_when_it_comes_again(on: Stage) -> None:
    run = await on.run()
    await on.start()
    on.chat.outage = Unavailable("connection refused", after=30, pace="chat:fake")
    await on.take(run.number, ContactLost(on.clock.now()))
    await on.go(40)
    await on.take(run.number, ContactRegained(on.clock.now()))
    on.chat.outage = None
    await on.go(60)
    assert not [key for key in on.posted() if key.startswith("outage")]
    await on.take(run.number, ContactLost(on.clock.now()))
    await on.go(40)
    (notice,) = [one for one in on.chat.posts if one.key.startswith("outage")]
    assert "out of reach" in plain(notice.shown)
