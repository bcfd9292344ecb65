"""A chat that is away for a day, a service that is away, draws that fail, and a card that somebody deletes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.backend import FakeBackend
from messages.made import plain
from runtime.stage import HERE, THERE, Stage, recipe

from bot.domain.effects import (
    Conclude,
    DrawSample,
    EditCard,
    PostFailure,
    PostLog,
    PostMissing,
    PostOutcome,
    PostProgress,
    PostSample,
)
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import CheckpointSaved, Logged, StreamEvent, TrainingCompleted, TrainingStarted
from bot.domain.follows import Wants
from bot.domain.lanes import announce_key
from bot.domain.places import Place
from bot.domain.recipes import Sampling
from bot.domain.runs import Numbers, Run, Sample, State
from bot.store import runs

DOWN = Unavailable("the chat is away", pace="chat:fake")
AWAY = Unavailable("the service is away", pace="service")


def service(on: Stage) -> FakeBackend:
    assert isinstance(on.backend, FakeBackend)
    return on.backend


def story(on: Stage, steps: Sequence[int], *, ends: bool = True) -> list[StreamEvent]:
    now = on.clock.now()
    events: list[StreamEvent] = [TrainingStarted(now, total_steps=max(steps))]
    for step in steps:
        at = now + timedelta(seconds=step)
        events += [Logged(at, step, Numbers(loss=1 / step)), CheckpointSaved(at, step)]
    return [*events, *([TrainingCompleted(now + timedelta(hours=1))] if ends else [])]


def sample_keys(steps: Sequence[int], run: int = 1, place: Place = HERE, prompts: int = 1) -> list[str]:
    return [PostSample(run, place, step, prompt).once for step in steps for prompt in range(prompts)]


MANY = recipe(2, samples=Sampling(checkpoints=40), settings={"save_steps": 10})


@pytest.mark.parametrize("restarts", [0, 1, 3])
async def test_a_chat_away_for_a_day_costs_no_event_and_the_return_is_told_in_order(on: Stage, restarts: int) -> None:
    steps = [10 * number for number in range(1, 21)]
    service(on).script = story(on, steps)
    run = await on.run(recipe=MANY, wants=Wants(progress_every=10), state=State.QUEUED, started_at=None)
    await on.card(run)
    on.chat.outage = DOWN
    await on.start("deliver", "watch")
    await on.go(130)
    for _ in range(restarts):
        await on.kill()
        await on.leap(6 * 3600)
        await on.start("deliver", "watch")
    await on.leap(24 * 3600)
    ended = await on.seen(run.number)
    assert (ended.state, ended.step, ended.checkpoints) == (State.COMPLETED, 200, tuple(steps))
    assert on.posted()[1:] == []
    on.chat.outage = None
    await on.go(90)
    posted = on.posted()[1:]
    late = [0, *steps]
    singles = [key for key in posted if key.startswith("sample")]
    assert singles == sample_keys(late[-5:], prompts=2)
    (backlog,) = [one for one in on.chat.posts if one.key.startswith("backlog")]
    told = plain(backlog.message).lower()
    for step in late[:-5]:
        where = f"step {step}" if step else "before training"
        assert all(f"{where} | question {prompt}" in told for prompt in (1, 2))
    assert [key for key in posted if key.startswith("progress")] == [PostProgress(run.number, HERE, 200).once]
    assert posted[-1] == PostOutcome(run.number, HERE).once
    assert len(posted) == len(set(posted)) == len(singles) + 3
    assert set(await on.states()) == {"done"}
    assert on.chat.posts[0].shown.summary.startswith("tickets #1: completed")


async def test_ten_checkpoints_that_waited_all_come_singly(on: Stage) -> None:
    steps = [10 * number for number in range(1, 10)]
    service(on).script = story(on, steps)
    run = await on.run(recipe=MANY, state=State.QUEUED, started_at=None)
    await on.card(run)
    on.chat.outage = DOWN
    await on.start("deliver", "watch")
    await on.go(10)
    on.chat.outage = None
    await on.go(120)
    assert on.posted()[1:] == [*sample_keys([0, *steps], prompts=2), PostOutcome(run.number, HERE).once]


async def test_a_backlog_of_one_place_does_not_touch_another(on: Stage) -> None:
    steps = [10 * number for number in range(1, 15)]
    service(on).script = story(on, steps)
    run = await on.run(recipe=MANY, places=(HERE, THERE), state=State.QUEUED, started_at=None)
    for place in (HERE, THERE):
        await on.card(run, place)
    on.chat.fail("post", Unavailable("slow down", after=60, pace=f"fake:thread:{HERE}"))
    await on.start("deliver", "watch")
    await on.go(130)
    there = [key for key in on.posted()[2:] if key.endswith(str(THERE))]
    assert there == [*sample_keys([0, *steps], place=THERE, prompts=2), PostOutcome(run.number, THERE).once]
    here = [key for key in on.posted()[2:] if key.endswith(str(HERE))]
    assert [key.split(":")[0] for key in here] == ["backlog", *["sample"] * 10, "outcome"]


async def test_a_killed_process_in_the_middle_of_a_backlog_loses_nothing(on: Stage) -> None:
    steps = [10 * number for number in range(1, 16)]
    service(on).script = story(on, steps)
    run = await on.run(recipe=MANY, state=State.QUEUED, started_at=None)
    await on.card(run)
    on.chat.outage = DOWN
    await on.start("deliver", "watch")
    await on.go(10)
    on.chat.outage = None
    key = f"backlog:{run.number}:0:{HERE}"
    gate = on.hold(f"after post {key}")
    await on.go(120)
    assert on.posted()[1:] == [key]
    await on.kill()
    gate.set()
    await on.start("deliver", "watch")
    await on.go(60)
    assert on.posted()[1:] == [key, *sample_keys(steps[-5:], prompts=2), PostOutcome(run.number, HERE).once]


async def test_what_may_have_been_sent_before_a_crash_comes_singly_and_the_rest_as_the_backlog(on: Stage) -> None:
    steps = [10 * number for number in range(1, 16)]
    service(on).script = story(on, steps)
    run = await on.run(recipe=MANY, state=State.QUEUED, started_at=None)
    await on.card(run)
    on.hold(f"after post {sample_keys([0])[0]}")
    await on.start("deliver", "watch")
    await on.go(10)
    await on.kill()
    on.gates.clear()
    await on.start("deliver", "watch")
    await on.go(120)
    rest = [f"backlog:{run.number}:0:{HERE}", *sample_keys(steps[-5:], prompts=2), PostOutcome(run.number, HERE).once]
    assert on.posted()[1:] == [*sample_keys([0]), *rest]


async def test_a_service_outage_keeps_the_draws_and_leaves_the_chats_alone(on: Stage) -> None:
    run = await on.run()
    await on.card(run)
    for _ in range(2000):
        service(on).fail("ask", AWAY)
    await on.start()
    await on.add(DrawSample(run.number, 0, 0), EditCard(run.number, HERE, soon=True), PostLog(run.number, HERE))
    assert [one.method for one in on.chat.calls] == ["post", "edit"]
    for _ in range(30):
        await on.leap(3600)
    (draw,) = [row for row in await on.rows() if row["state"] == "waiting"]
    assert (draw["once"], draw["attempts"]) == (f"draw:{run.number}:0:0", 0)
    service(on)._faults.clear()
    await on.go(61)
    assert on.posted()[-1:] == sample_keys([0])


async def test_a_draw_that_fails_five_times_is_given_up_with_one_line_a_step(on: Stage) -> None:
    run = await on.run(recipe=recipe(3))
    await on.card(run)
    for _ in range(15):
        service(on).fail("ask", Unavailable("the model does not load"))
    await on.start()
    await on.add(*(DrawSample(run.number, 0, prompt) for prompt in range(3)))
    await on.go(120)
    assert on.posted()[1:] == [f"missing:{run.number}:0:{HERE}"]
    assert plain(on.chat.posts[1].message) == "No sample before training: the model does not load"
    assert not service(on)._faults
    assert sorted(await on.states()) == ["done"] * 4


async def test_a_draw_that_is_refused_is_given_up_at_once(on: Stage) -> None:
    run = await on.run()
    await on.card(run)
    service(on).fail("ask", Rejected(Scope.GONE, "no such checkpoint", status=404))
    await on.start()
    await on.add(DrawSample(run.number, 0, 0))
    assert "no such checkpoint" in plain(on.chat.posts[1].message)


async def test_a_draw_that_succeeds_at_the_fifth_try_is_shown(on: Stage) -> None:
    run = await on.run()
    await on.card(run)
    for _ in range(4):
        service(on).fail("ask", Unavailable("busy"))
    await on.start()
    await on.add(DrawSample(run.number, 0, 0))
    await on.go(20)
    assert on.posted()[1:] == sample_keys([0])


async def finished(on: Stage) -> Run:
    run = await on.run(state=State.COMPLETED, ended_at=on.clock.now())
    await on.card(run)
    return run


async def test_the_quiet_outcome_waits_for_the_draws_and_comes_right_after_the_last_one(on: Stage) -> None:
    run = await finished(on)
    service(on).fail("ask", Unavailable("busy", after=20))
    await on.start()
    await on.add(DrawSample(run.number, 0, 0), Conclude(run.number))
    await on.go(19)
    assert on.posted()[1:] == []
    await on.go(2)
    assert on.posted()[1:] == [*sample_keys([0]), PostOutcome(run.number, HERE).once]


async def test_the_quiet_outcome_waits_two_minutes_at_most_and_later_samples_still_come(on: Stage) -> None:
    run = await finished(on)
    service(on).fail("ask", Unavailable("busy", after=600))
    await on.start()
    await on.add(DrawSample(run.number, 0, 0), Conclude(run.number))
    await on.go(119)
    assert on.posted()[1:] == []
    await on.go(2)
    assert on.posted()[1:] == [PostOutcome(run.number, HERE).once]
    await on.leap(500)
    assert on.posted()[1:] == [PostOutcome(run.number, HERE).once, *sample_keys([0])]


async def test_the_quiet_outcome_does_not_wait_for_a_draw_that_was_given_up(on: Stage) -> None:
    run = await finished(on)
    for _ in range(5):
        service(on).fail("ask", Unavailable("busy"))
    await on.start()
    await on.add(DrawSample(run.number, 0, 0), Conclude(run.number))
    await on.go(16)
    assert on.posted()[1:] == [f"missing:{run.number}:0:{HERE}", PostOutcome(run.number, HERE).once]


# A card that somebody deletes.


async def with_card(on: Stage) -> Run:
    run = await on.run()
    await on.card(run)
    now = on.clock.now()
    for step in (1, 2, 3):
        sample = Sample(run.number, step, 0, f"answer {step}")
        await on.database.write(lambda connection, sample=sample: runs.add_sample(connection, sample, now))
    return run


def live_cards(on: Stage, run: Run) -> list[str]:
    key = announce_key(run.number, HERE)
    return [one.ref.message for one in on.chat.posts if one.key in {key, f"{key}:again"} and not one.deleted]


async def test_a_deleted_card_is_posted_anew_once_and_replies_go_below_it(on: Stage) -> None:
    run = await with_card(on)
    await on.start()
    on.chat.posts[0].deleted = True
    await on.add(EditCard(run.number, HERE, soon=True))
    await on.add(PostSample(run.number, HERE, 1, 0))
    assert on.posted()[1:] == [f"{announce_key(run.number, HERE)}:again", *sample_keys([1])]
    assert on.chat.posts[2].ref.thread == on.chat.posts[1].ref.message


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
async def test_a_card_that_is_deleted_twice_stays_away(on: Stage, restart: bool) -> None:
    run = await with_card(on)
    await on.start()
    for _ in range(3):
        for one in on.chat.posts:
            one.deleted = True
        if restart:
            await on.kill()
            await on.start()
        await on.add(EditCard(run.number, HERE, soon=True))
        await on.go(5)
    assert len(on.posted()) == 2
    assert set(await on.states()) <= {"done"}


async def test_a_card_that_was_posted_anew_just_before_a_crash_is_found(on: Stage) -> None:
    run = await with_card(on)
    again = f"{announce_key(run.number, HERE)}:again"
    gate = on.hold(f"after post {again}")
    await on.start()
    on.chat.posts[0].deleted = True
    await on.add(EditCard(run.number, HERE, soon=True))
    await on.kill()
    gate.set()
    await on.start()
    await on.add(PostSample(run.number, HERE, 1, 0))
    assert on.posted()[1:] == [again, *sample_keys([1])]
    assert len(live_cards(on, run)) == 1


@pytest.mark.parametrize("slow", [0.0, 45.0], ids=["at once", "while edits are held"])
@pytest.mark.parametrize("busy", [0, 3], ids=["first try", "after other failures"])
async def test_a_reply_whose_card_is_gone_waits_for_the_new_one(on: Stage, slow: float, busy: int) -> None:
    run = await with_card(on)
    on.chat.posts[0].deleted = True
    for _ in range(busy):
        on.chat.fail("post", Unavailable("busy"))
    if slow:
        on.chat.fail("edit", Unavailable("slow down", after=slow, pace=f"fake:card:{HERE}"))
    await on.start()
    await on.add(PostSample(run.number, HERE, 1, 0), PostSample(run.number, HERE, 2, 0))
    await on.go(150)
    assert on.posted()[1:] == [f"{announce_key(run.number, HERE)}:again", *sample_keys([1, 2])]
    assert {one.ref.thread for one in on.chat.posts[2:]} == {on.chat.posts[1].ref.message}
    assert set(await on.states()) == {"done"}


async def test_a_reply_below_a_card_that_was_deleted_twice_is_buried_and_the_lane_goes_on(on: Stage) -> None:
    run = await with_card(on)
    await on.start()
    on.chat.posts[0].deleted = True
    await on.add(EditCard(run.number, HERE, soon=True))
    on.chat.posts[1].deleted = True
    await on.add(PostSample(run.number, HERE, 1, 0), PostSample(run.number, HERE, 2, 0))
    await on.go(10)
    assert await on.states() == ["buried", "buried"]
    assert len(on.posted()) == 2


async def test_a_reply_whose_root_without_a_card_was_deleted_stands_on_its_own(on: Stage) -> None:
    run = await on.run()
    now = on.clock.now()
    for step in (1, 2):
        sample = Sample(run.number, step, 0, None, "none")
        await on.database.write(lambda connection, sample=sample: runs.add_sample(connection, sample, now))
    await on.start()
    await on.add(PostFailure(run.number, HERE))
    await on.add(PostMissing(run.number, HERE, 1, 0))
    first, second = on.chat.posts
    assert (first.ref.thread, second.ref.thread) == (None, first.ref.message)
    first.deleted = True
    await on.add(PostMissing(run.number, HERE, 2, 0))
    await on.go(5)
    assert on.chat.posts[2].ref.thread is None
    assert set(await on.states()) == {"done"}


async def test_a_new_card_whose_content_is_refused_goes_as_its_summary(on: Stage) -> None:
    run = await with_card(on)
    on.chat.posts[0].deleted = True
    on.chat.fail("post", Rejected(Scope.CONTENT, "invalid_blocks"))
    await on.start()
    await on.add(EditCard(run.number, HERE, soon=True))
    await on.go(5)
    assert [len(one.message.blocks) for one in on.chat.posts[1:]] == [1]


async def test_a_deleted_sample_gets_no_thumbs_and_holds_nobody(on: Stage) -> None:
    run = await with_card(on)
    gate = on.hold("before react 2")
    await on.start()
    await on.add(PostSample(run.number, HERE, 1, 0))
    on.chat.posts[1].deleted = True
    gate.set()
    await on.add(PostSample(run.number, HERE, 2, 0))
    assert [one.own for one in on.chat.posts[1:]] == [[], ["👍", "👎"]]


async def test_the_progress_line_has_the_numbers_of_its_own_step(on: Stage) -> None:
    run = await with_card(on)

    def write(connection: object) -> None:
        for step in range(1, 1001):
            runs.record(connection, run.number, step, Numbers(loss=float(step)))  # type: ignore[arg-type]

    await on.database.write(write)
    await on.save(replace(run, step=1000, numbers=Numbers(loss=1000.0)))
    await on.start()
    await on.add(PostProgress(run.number, HERE, 105))
    assert plain(on.chat.posts[1].message).startswith("step=105 loss=105.0")
