"""Delivery: order, urgency, patience, refusals, what breaks, and how it stops."""

import asyncio
import itertools
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from fakes.backend import FakeBackend
from messages.made import plain
from runtime.stage import ADA, FAR, HERE, THERE, Stage
from structlog.testing import capture_logs

from bot.domain.effects import (
    Announce,
    DrawSample,
    EditCard,
    PostFailure,
    PostLog,
    PostMissing,
    PostOutcome,
    SeedReactions,
    StartRun,
)
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.lanes import Rank
from bot.domain.places import Place
from bot.domain.runs import Run, Sample, State
from bot.ports import Clock, Spec
from bot.runtime.deliver import AT_ONCE, MOST_AT_ONCE
from bot.store import operator, outbox, runs

THREAD_HERE = f"fake:thread:{HERE}"


class StuckBackend(FakeBackend):
    """A service that is slow to start and to answer."""

    def __init__(self, *, clock: Clock, live: bool) -> None:
        super().__init__(clock=clock, live=live)
        self.free = asyncio.Event()
        self.most = 0
        self._in_hand = 0

    async def start(self, spec: Spec, *, key: str, tried_at: datetime | None) -> str:
        await self._wait()
        return await super().start(spec, key=key, tried_at=tried_at)

    async def ask(self, job: str, step: int, model: str, messages: Sequence[Mapping[str, str]], *, limit: int) -> str:
        await self._wait()
        return await super().ask(job, step, model, messages, limit=limit)

    async def _wait(self) -> None:
        self._in_hand += 1
        self.most = max(self.most, self._in_hand)
        await self.free.wait()
        self._in_hand -= 1


async def samples(on: Stage, run: Run, *steps: int) -> None:
    """These steps were drawn, and have nothing to say."""
    now = on.clock.now()
    for step in steps:
        sample = Sample(run.number, step, 0, None, "no reason")
        await on.database.write(lambda connection, sample=sample: runs.add_sample(connection, sample, now))


def line(run: Run, step: int, place: Place = HERE) -> PostMissing:
    """One reply, the shortest there is."""
    return PostMissing(run.number, place, step, 0)


def key(run: Run, step: int, place: Place = HERE) -> str:
    return line(run, step, place).once


async def with_card(on: Stage, *steps: int, places: tuple[Place, ...] = (HERE,)) -> Run:
    """A run with its cards, and something to reply for each of these steps."""
    run = await on.run(places=places)
    for place in places:
        await on.card(run, place)
    await samples(on, run, *steps)
    return run


async def test_a_lane_keeps_its_order(on: Stage) -> None:
    run = await with_card(on, *range(1, 9))
    await on.add(*(line(run, step) for step in range(1, 9)))
    await on.start()
    assert on.posted()[1:] == [key(run, step) for step in range(1, 9)]
    assert set(await on.states()) == {"done"}


async def test_a_lane_that_stands_still_holds_nobody_else(on: Stage) -> None:
    run = await with_card(on, 1, 2, places=(HERE, THERE))
    gate = on.hold(f"before post {key(run, 1)}")
    await on.add(line(run, 1), line(run, 2), line(run, 1, THERE), line(run, 2, THERE))
    await on.start()
    assert on.posted()[2:] == [key(run, 1, THERE), key(run, 2, THERE)]
    gate.set()
    await on.settle()
    assert on.posted()[4:] == [key(run, 1), key(run, 2)]


async def test_the_most_urgent_lane_goes_first_and_then_the_oldest(on: Stage) -> None:
    run = await with_card(on, 1)
    second, third = await on.run(), await on.run()
    await on.card(second)
    await on.save(replace(third, state=State.COMPLETED, ended_at=on.clock.now()))
    await on.save(replace(second, state=State.FAILED, ended_at=on.clock.now(), error="broken"))
    await on.add(
        SeedReactions(run.number, HERE, 1, 0),
        EditCard(run.number, HERE, soon=True),
        line(run, 1),
        PostLog(second.number, HERE),
        PostOutcome(third.number, HERE),
        Announce(third.number, THERE),
        PostFailure(second.number, HERE),
    )
    taken = await on.read(outbox.heads(on.clock.now()))
    assert [type(row.effect).__name__ for row in taken] == [
        "PostFailure", "Announce", "PostOutcome", "PostMissing", "PostLog", "EditCard", "SeedReactions",
    ]  # fmt: skip
    on.deliverer = None  # type: ignore[assignment]


async def test_a_pace_holds_every_lane_that_needs_it_and_nothing_else(on: Stage) -> None:
    first, second = await with_card(on, 1), await with_card(on, 1)
    await samples(on, first, 2)
    on.chat.fail("post", Unavailable("slow down", after=30, pace=THREAD_HERE))
    await on.start()
    await on.add(line(first, 1))
    await on.add(line(second, 1), EditCard(first.number, HERE, soon=True))
    assert [one.what for one in on.chat.calls if one.method == "edit"] == ["1"]
    assert on.times(f"before post {key(second, 1)}") == []
    await on.go(29.9)
    assert on.times(f"before post {key(second, 1)}") == []
    await on.go(0.2)
    assert on.times(f"before post {key(first, 1)}") == [0, pytest.approx(30)]
    assert on.times(f"before post {key(second, 1)}") == [pytest.approx(30)]
    assert on.posted()[2:] == [key(first, 1), key(second, 1)]


async def test_starts_that_take_a_minute_each_leave_room_for_the_chats(on: Stage) -> None:
    asked = [await on.run(state=State.REQUESTED, started_at=None) for _ in range(20)]
    broken = await on.run(state=State.FAILED, ended_at=on.clock.now(), error="broken")
    stuck = StuckBackend(clock=on.clock, live=True)
    on.backend = stuck
    await on.start()
    await on.add(*(StartRun(run.number) for run in asked))
    await on.add(*(DrawSample(broken.number, step, 0) for step in range(1, 9)), PostFailure(broken.number, HERE))
    assert [one.method for one in on.chat.calls] == ["post"]
    assert stuck.most == 5, "four starts and a draw, of which there is one a run"
    stuck.free.set()
    await on.settle()
    assert stuck.created.total() == 20


def test_what_the_training_service_does_leaves_most_of_the_room_to_the_chats() -> None:
    assert AT_ONCE[Rank.JOB] + AT_ONCE[Rank.DRAW] < MOST_AT_ONCE / 2


async def test_paces_that_are_not_needed_any_more_are_forgotten_after_an_hour(on: Stage) -> None:
    several = [await with_card(on, 1) for _ in range(3)]
    for _ in several:
        on.chat.fail("post", Unavailable("busy", pace="something:else"))
    await on.start()
    await on.add(*(line(run, 1) for run in several))
    await on.go(60)
    assert set(await on.states()) == {"done"}
    assert len(on.deliverer._held) == 4
    await on.leap(3600)
    assert (on.deliverer._held, on.deliverer._refusals) == ({}, Counter())


async def test_a_database_that_cannot_be_used_for_a_while_ends_no_delivery(on: Stage) -> None:
    run = await with_card(on, 1, 2)
    await on.add(line(run, 1))
    on.database.trouble = sqlite3.OperationalError("database or disk is full")
    with capture_logs() as logs:
        await on.start()
        await on.go(20)
        on.database.trouble = None
        await on.go(6)
        assert on.posted()[1:] == [key(run, 1)]
        on.database.trouble = sqlite3.OperationalError("database is locked")
        await on.go(20)
        on.database.trouble = None
    await on.add(line(run, 2))
    await on.go(6)
    assert on.posted()[1:] == [key(run, 1), key(run, 2)]
    assert {one["error"] for one in logs if one["log_level"] == "error"} == {
        "OperationalError('database or disk is full')",
        "OperationalError('database is locked')",
    }


async def test_rows_that_could_not_be_marked_take_no_room(on: Stage) -> None:
    several = [await with_card(on, 1) for _ in range(20)]
    await on.add(*(line(run, 1) for run in several))
    await on.database.write(lambda connection: connection.execute("UPDATE outbox SET tried_at = NULL"))
    on.database.write_trouble = sqlite3.OperationalError("database or disk is full")
    await on.start()
    await on.go(20)
    assert len(on.posted()) == 20
    on.database.write_trouble = None
    await on.go(6)
    assert len(on.posted()) == 40


async def test_any_other_trouble_with_the_database_ends_the_delivery(on: Stage) -> None:
    on.database.trouble = sqlite3.ProgrammingError("a bug")
    with pytest.raises(sqlite3.ProgrammingError):
        await on.start()


async def test_a_pace_without_a_word_for_how_long_is_held_longer_each_time_until_a_success(on: Stage) -> None:
    run = await with_card(on, 1, 2)
    for _ in range(8):
        on.chat.fail("post", Unavailable("down", pace=THREAD_HERE))
    await on.start()
    await on.add(line(run, 1))
    await on.go(400)
    at = on.times(f"before post {key(run, 1)}")
    assert [later - earlier for earlier, later in itertools.pairwise(at)] == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])
    on.chat.fail("post", Unavailable("down", pace=THREAD_HERE))
    await on.add(line(run, 2))
    await on.go(10)
    again = on.times(f"before post {key(run, 2)}")
    assert again[1] - again[0] == pytest.approx(1)


async def test_many_attempts_that_meet_one_outage_count_as_one_refusal(on: Stage) -> None:
    several = [await with_card(on, 1) for _ in range(6)]
    for _ in several:
        on.chat.fail("post", Unavailable("down", pace=THREAD_HERE))
    await on.start()
    await on.add(*(line(run, 1) for run in several))
    await on.go(1.1)
    assert len(on.posted()) == 12


async def test_an_outage_of_a_week_is_waited_for_at_the_longest_distance(on: Stage) -> None:
    run = await with_card(on, 1)
    await on.start()
    on.deliverer._refusals[THREAD_HERE] = 20_000  # as after two weeks
    on.chat.fail("post", Unavailable("down", pace=THREAD_HERE))
    await on.add(line(run, 1))
    await on.go(61)
    at = on.times(f"before post {key(run, 1)}")
    assert at == [0, pytest.approx(60)]
    assert on.posted()[1:] == [key(run, 1)]


async def test_a_row_that_failed_thousands_of_times_is_tried_again_every_five_minutes(on: Stage) -> None:
    run = await with_card(on, 1)
    await on.add(line(run, 1))
    await on.database.write(lambda connection: connection.execute("UPDATE outbox SET attempts = 5000"))
    on.chat.fail("post", Unavailable("busy"))
    await on.start()
    await on.go(301)
    assert on.times(f"before post {key(run, 1)}") == [0, pytest.approx(300)]


async def test_a_failure_without_a_pace_holds_its_own_lane_alone(on: Stage) -> None:
    first, second = await with_card(on, 1, 2), await with_card(on, 1)
    on.chat.fail("post", Unavailable("busy"))
    await on.start()
    await on.add(line(first, 1), line(first, 2), line(second, 1))
    assert on.posted()[2:] == [key(second, 1)]
    await on.go(1.1)
    assert on.posted()[3:] == [key(first, 1), key(first, 2)]


@pytest.mark.parametrize("pace", [THREAD_HERE, "something:else", None])
async def test_a_wait_of_no_seconds_does_not_become_a_hot_loop(on: Stage, pace: str | None) -> None:
    run = await with_card(on, 1)
    on.chat.outage = Unavailable("now, please", after=0, pace=pace)
    await on.start()
    await on.add(line(run, 1))
    await on.go(10)
    assert len(on.times(f"before post {key(run, 1)}")) == 4  # at 0, 1, 3 and 7 seconds


async def test_only_an_attempt_that_may_have_arrived_is_looked_for(on: Stage) -> None:
    run = await with_card(on, 1, 2)
    on.chat.fail("post", Unavailable("refused", after=1))
    on.chat.fail("post", Unavailable("cut off", after=1, ambiguous=True), arrived=True)
    await on.start()
    begun = on.clock.now()
    await on.add(line(run, 1), line(run, 2))
    await on.go(5)
    asked = [one.tried_at for one in on.chat.calls if one.what == key(run, 1)]
    assert asked == [None, None, begun + timedelta(seconds=1)]
    assert on.posted()[1:] == [key(run, 1), key(run, 2)]
    assert [one.tried_at for one in on.chat.calls if one.what == key(run, 2)] == [None]


async def test_what_was_ambiguous_once_is_looked_for_until_it_is_done(on: Stage) -> None:
    run = await with_card(on, 1)
    on.chat.fail("post", Unavailable("cut off", after=1, ambiguous=True))
    on.chat.fail("post", Unavailable("refused", after=1))
    await on.start()
    begun = on.clock.now()
    await on.add(line(run, 1))
    await on.go(5)
    assert [one.tried_at for one in on.chat.calls] == [None, begun, begun]


async def test_refused_content_goes_once_more_as_its_summary_with_its_ping(on: Stage) -> None:
    run = await on.run()
    await on.save(replace(run, state=State.FAILED, error="it broke", ended_at=on.clock.now()))
    on.chat.fail("post", Rejected(Scope.CONTENT, "invalid_blocks"))
    await on.start()
    await on.add(PostFailure(run.number, HERE))
    (posted,) = on.chat.posts
    assert len(posted.message.blocks) == 1
    assert plain(posted.message).endswith(posted.message.summary)
    assert "it broke" in posted.message.summary


async def test_content_that_is_refused_twice_is_buried_and_the_lane_goes_on(on: Stage) -> None:
    run = await with_card(on, 1, 2)
    for _ in range(2):
        on.chat.fail("post", Rejected(Scope.CONTENT, "invalid_blocks"))
    await on.start()
    await on.add(line(run, 1), line(run, 2))
    assert on.posted()[1:] == [key(run, 2)]
    assert [(row["state"], row["error"]) for row in await on.rows()] == [("buried", "invalid_blocks"), ("done", None)]


async def test_a_place_that_refuses_is_blocked_and_its_rows_wait_untried_until_an_operator_frees_it(on: Stage) -> None:
    run = await with_card(on, 1, 2, places=(HERE, THERE))
    on.chat.fail("post", Rejected(Scope.PLACE, "is_archived"))
    await on.start()
    await on.add(line(run, 1), line(run, 2), line(run, 1, THERE), EditCard(run.number, HERE, soon=True))
    await on.leap(3600)
    assert on.posted()[2:] == [key(run, 1, THERE)]
    assert len(on.times(f"before post {key(run, 1)}")) == 1
    waiting = await on.read(operator.entries(on.clock.now().timestamp()))
    assert {(one.state, one.error) for one in waiting} == {("blocked", "is_archived")}
    assert {row["tried_at"] for row in await on.rows() if row["state"] == "waiting"} == {None}
    at = on.clock.now().timestamp()
    assert await on.database.write(lambda connection: operator.retry(connection, waiting[0].id, at)) == 1
    await on.go(6)
    assert on.posted()[3:] == [key(run, 1), key(run, 2)]
    assert set(await on.states()) == {"done"}


async def test_a_chat_that_does_not_let_us_in_pauses_alone_and_as_a_whole(on: Stage) -> None:
    run = await with_card(on, 1, 2, places=(HERE, FAR))
    await on.start()
    on.chat.fail("post", Rejected(Scope.TOKEN, "invalid_auth"))
    await on.add(line(run, 1))
    await on.add(line(run, 1, FAR), EditCard(run.number, HERE, soon=True), DrawSample(run.number, 2, 0))
    assert on.posted(on.far)[1:] == [key(run, 1, FAR), f"sample:1:2:0:{FAR}"]
    assert isinstance(on.backend, FakeBackend)
    assert on.backend.asked.total() == 1
    await on.go(299)
    assert on.posted()[1:] == []
    assert [one for one in on.chat.calls if one.method == "edit"] == []
    await on.go(2)
    assert on.posted()[1:][:1] == [key(run, 1)]
    assert [one.method for one in on.chat.calls if one.method == "edit"] == ["edit"]


async def test_rows_of_a_platform_that_is_not_connected_wait_quietly(on: Stage) -> None:
    run = await with_card(on, 1)
    nowhere = Place("irc", "team", "training")
    await on.start()
    await on.add(Announce(run.number, nowhere), PostMissing(run.number, nowhere, 1, 0), line(run, 1))
    before = on.database.reads
    await on.go(60)
    assert on.database.reads - before < 60
    assert on.posted()[1:] == [key(run, 1)]
    assert sorted(await on.states()) == ["done", "waiting", "waiting"]


async def test_an_attempt_that_breaks_holds_its_lane_is_logged_and_is_looked_for(on: Stage) -> None:
    run = await with_card(on, 1, 2, places=(HERE, THERE))
    on.chat.fail("post", RuntimeError("a bug"), arrived=True)
    on.chat.fail("post", RuntimeError("a bug"), arrived=True)
    await on.start()
    with capture_logs() as logs:
        await on.add(line(run, 1))
        await on.add(line(run, 2), line(run, 1, THERE))
        await on.go(20)
    assert [one["error"] for one in logs if one["log_level"] == "error"] == ["RuntimeError('a bug')"] * 2
    assert sorted(on.posted()[2:]) == sorted([key(run, 1), key(run, 1, THERE), key(run, 2)])
    at = on.times(f"before post {key(run, 1)}")
    assert len(at) == 2
    on.chat.fail("post", RuntimeError("a bug"))
    await samples(on, run, 3)
    await on.add(line(run, 3))
    await on.go(10)
    again = on.times(f"before post {key(run, 3)}")
    assert again[1] - again[0] == pytest.approx(1), "a success resets the wait of its lane"


async def test_what_broke_is_looked_for_until_it_is_done(on: Stage) -> None:
    run = await with_card(on, 1)
    on.chat.fail("post", RuntimeError("a bug"), arrived=True)
    on.chat.fail("post", Unavailable("refused"))
    await on.start()
    begun = on.clock.now()
    with capture_logs():
        await on.add(line(run, 1))
        await on.go(20)
    assert [one.tried_at for one in on.chat.calls] == [None, begun, begun]
    assert on.posted()[1:] == [key(run, 1)]


async def test_an_attempt_that_breaks_for_ever_is_tried_at_growing_distances(on: Stage) -> None:
    run = await with_card(on, 1)
    on.chat.outage = RuntimeError("a bug")  # type: ignore[assignment]
    await on.start()
    with capture_logs():
        await on.add(line(run, 1))
        await on.go(300)
    assert len(on.times(f"before post {key(run, 1)}")) == 10


async def test_a_stop_finishes_what_is_in_hand_and_takes_up_nothing_new(on: Stage) -> None:
    run = await with_card(on, 1, 2)
    gate = on.hold(f"before post {key(run, 1)}")
    await on.start()
    await on.add(line(run, 1), line(run, 2))
    on.deliverer.stop()
    await on.settle()
    assert not on._tasks[0].done()
    gate.set()
    await on.settle()
    assert on._tasks[0].done()
    assert on.posted()[1:] == [key(run, 1)]
    assert await on.states() == ["done", "waiting"]


async def test_a_stop_waits_five_seconds_at_most_and_leaves_the_row_marked(on: Stage) -> None:
    run = await with_card(on, 1)
    on.hold(f"before post {key(run, 1)}")
    await on.start()
    await on.add(line(run, 1))
    on.deliverer.stop()
    await on.go(4.9)
    assert not on._tasks[0].done()
    await on.go(0.2)
    assert on._tasks[0].done()
    (row,) = await on.rows()
    assert (row["state"], row["tried_at"] is not None) == ("waiting", True)


async def test_a_process_that_is_killed_leaves_marks_and_the_next_one_looks_first(on: Stage) -> None:
    run = await with_card(on, 1)
    gate = on.hold(f"after post {key(run, 1)}")
    await on.start()
    begun = on.clock.now()
    await on.add(line(run, 1))
    await on.kill()
    gate.set()
    on.clock.move(100)
    await on.start()
    await on.settle()
    assert [one.tried_at for one in on.chat.calls] == [None, begun]
    assert on.posted()[1:] == [key(run, 1)]
    assert await on.states() == ["done"]


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
async def test_a_wall_clock_that_steps_back_delays_nothing_for_more_than_an_hour(on: Stage, restart: bool) -> None:
    run = await with_card(on, 1, 2)
    await on.start()
    on.chat.fail("post", Unavailable("busy", after=100))
    await on.add(line(run, 1), EditCard(run.number, HERE))
    if restart:
        await on.kill()
    on.clock.step_back(7 * 24 * 3600)
    if restart:
        await on.start()
    await on.leap(3595)
    await on.go(6)
    assert on.posted()[1:] == [key(run, 1)]
    assert set(await on.states()) <= {"done"}


async def test_a_wait_that_is_asked_for_is_kept_up_to_an_hour(on: Stage) -> None:
    run = await with_card(on, 1)
    on.chat.fail("post", Unavailable("tomorrow", after=100_000))
    await on.start()
    await on.add(line(run, 1))
    await on.leap(3594)
    await on.go(5)
    assert len(on.times(f"before post {key(run, 1)}")) == 1
    await on.go(10)
    assert on.posted()[1:] == [key(run, 1)]


async def test_two_draws_at_most_are_under_way_at_once(on: Stage) -> None:
    gates: list[asyncio.Event] = []

    class Slow(FakeBackend):
        async def ask(self, *args: object, **named: object) -> str:
            gates.append(asyncio.Event())
            await gates[-1].wait()
            return "answer"

    on.backend = Slow(clock=on.clock)
    several = [await with_card(on) for _ in range(4)]
    await on.start()
    await on.add(*(DrawSample(run.number, 0, 0) for run in several))
    assert len(gates) == 2
    gates[0].set()
    await on.settle()
    assert len(gates) == 3


async def test_nothing_is_asked_of_the_database_in_vain_while_nothing_happens(on: Stage) -> None:
    await on.start()
    before = on.database.reads
    await on.go(100)
    assert on.database.reads - before <= 2 * 100 / 5 + 2
    assert await on.deliverer.idle()


async def test_a_row_that_an_operator_retries_from_outside_is_noticed_within_seconds(on: Stage) -> None:
    run = await with_card(on, 1)
    on.chat.fail("post", Unavailable("busy", after=3000))
    await on.start()
    await on.add(line(run, 1))
    at = on.clock.now().timestamp()
    await on.database.write(lambda connection: operator.retry(connection, None, at))
    await on.go(5.1)
    assert on.posted()[1:] == [key(run, 1)]


async def test_a_job_that_may_have_been_created_wakes_the_watcher(on: Stage) -> None:
    run = await on.run(state=State.REQUESTED, started_at=None)
    await on.start("deliver", "watch")
    await on.add(StartRun(run.number))
    assert isinstance(on.backend, FakeBackend)
    assert on.backend.opened == [("job-1", None)]
    assert (await on.seen(run.number)).starter == ADA
