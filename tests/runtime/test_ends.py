"""How runs end: completed, failed, cancelled, refused; and where each message goes and whom it calls."""

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.backend import FakeBackend
from messages.made import pings, plain
from runtime.stage import ADA, FAR, HERE, THERE, Stage, recipe

from bot.domain.effects import (
    Announce,
    DrawSample,
    PostFailure,
    PostLog,
    PostOutcome,
    PostProgress,
    PostSample,
    StartRun,
)
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import (
    CancelAsked,
    Event,
    Logged,
    TrainingCancelled,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from bot.domain.follows import Follow, OneRun, Wants
from bot.domain.lanes import announce_key
from bot.domain.places import Person
from bot.domain.runs import Condition, Numbers, Run, State
from bot.messages.model import Picture, Ping
from bot.store import follows


def service(on: Stage) -> FakeBackend:
    assert isinstance(on.backend, FakeBackend)
    return on.backend


async def requested(on: Stage, **facts: Any) -> Run:
    run = await on.run(state=State.REQUESTED, started_at=None, heard_at=None, **facts)
    await on.add(Announce(run.number, HERE), StartRun(run.number))
    return run


ENDS = [
    (TrainingCompleted, State.COMPLETED, "completed"),
    (TrainingCancelled, State.CANCELLED, "cancelled"),
]


@pytest.mark.parametrize(("end", "state", "word"), ENDS)
async def test_a_quiet_end_is_one_reply_and_a_card_that_says_so(
    on: Stage, end: type[Event], state: State, word: str
) -> None:
    run = await on.run()
    await on.card(run)
    await on.start()
    await on.take(run.number, end(on.clock.now()))  # type: ignore[call-arg]
    assert on.posted()[1:] == [PostOutcome(run.number, HERE).once]
    card, reply = on.chat.posts
    assert reply.ref.thread == card.ref.message
    assert word in plain(reply.message)
    assert word in card.shown.summary
    assert pings(reply.message) == pings(card.shown) == []
    assert (await on.seen(run.number)).state is state


async def test_a_failure_is_a_new_message_in_the_channel_and_its_log_is_in_the_thread(on: Stage) -> None:
    run = await on.run(wants=Wants(mention="here"))
    await on.card(run)
    await on.start()
    await on.take(run.number, TrainingFailed(on.clock.now(), "out of memory", 5, ("line 1", "line 2")))
    card, *both = on.chat.posts
    loud, log = sorted(both, key=lambda one: one.ref.thread or "")
    assert [one.key for one in (loud, log)] == [PostFailure(run.number, HERE).once, PostLog(run.number, HERE).once]
    assert (loud.ref.thread, log.ref.thread) == (None, card.ref.message)
    assert pings(loud.message) == [Ping()]
    assert pings(log.message) == pings(card.shown) == []
    assert "out of memory" in plain(loud.message)
    assert "line 2" in plain(log.message)


async def test_a_failure_waits_for_nothing_not_even_its_card(on: Stage) -> None:
    run = await on.run()
    on.chat.fail("post", Unavailable("slow down", after=100, pace=f"fake:card:{HERE}"))
    await on.start()
    await on.add(Announce(run.number, HERE))
    await on.take(run.number, TrainingFailed(on.clock.now(), "out of memory"))
    assert on.posted() == [PostFailure(run.number, HERE).once]
    await on.go(101)
    assert on.posted()[1:] == [announce_key(run.number, HERE), PostLog(run.number, HERE).once]
    assert on.chat.posts[2].ref.thread == on.chat.posts[1].ref.message


@pytest.mark.parametrize(("wish", "called"), [("here", Ping()), ("starter", Ping(ADA)), ("nobody", None)])
async def test_a_failure_calls_whom_the_follow_wants_called(on: Stage, wish: str, called: Ping | None) -> None:
    run = await on.run(wants=Wants(mention=wish))
    await on.start()
    await on.take(run.number, TrainingFailed(on.clock.now(), "broken"))
    loud = on.chat.by_key(PostFailure(run.number, HERE).once)[0]
    assert pings(loud.message) == ([called] if called else [])


async def test_overlapping_follows_of_one_place_get_one_message_with_the_louder_wish(on: Stage) -> None:
    run = await on.run(wants=Wants(mention="nobody"), places=(HERE, THERE))
    loud = Follow(HERE, OneRun(run.number), Wants(mention="here"), ADA, on.clock.now())
    await on.database.write(lambda connection: follows.add(connection, loud))
    await on.start()
    await on.take(run.number, TrainingFailed(on.clock.now(), "broken"))
    said = {one.ref.place: pings(one.message) for one in on.chat.posts if one.key.startswith("outcome")}
    assert said == {HERE: [Ping()], THERE: []}
    assert len([key for key in on.posted() if key.startswith("outcome")]) == 2


async def test_nothing_but_a_failure_ever_calls_anybody(on: Stage) -> None:
    run = await on.run(wants=Wants(mention="here", progress_every=1))
    await on.card(run)
    await on.start()
    await on.take(run.number, Logged(on.clock.now(), 5, Numbers(loss=1.0)))
    await on.add(DrawSample(run.number, 0, 0))
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.go(130)
    kinds = {one.key.split(":")[0] for one in on.chat.posts}
    assert kinds == {"announce", "progress", "sample", "outcome"}
    assert [pings(message) for one in on.chat.posts for message in (one.message, *one.edits) if pings(message)] == []


async def test_every_message_is_below_the_card_of_its_own_place_and_only_where_it_is_wanted(on: Stage) -> None:
    run = await on.run(wants=Wants(samples=False, progress_every=5), places=(FAR,))
    quiet = Follow(HERE, OneRun(run.number), Wants(success="nobody", failures=False), ADA, on.clock.now())
    await on.database.write(lambda connection: follows.add(connection, quiet))
    for place in (HERE, FAR):
        await on.card(run, place)
    await on.start()
    await on.add(DrawSample(run.number, 0, 0))
    await on.take(run.number, Logged(on.clock.now(), 5, Numbers(loss=1.0)))
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.go(130)
    assert on.posted()[1:] == [PostSample(run.number, HERE, 0, 0).once]
    assert on.posted(on.far)[1:] == [PostProgress(run.number, FAR, 5).once, PostOutcome(run.number, FAR).once]
    for chat in (on.chat, on.far):
        assert {one.ref.thread for one in chat.posts[1:]} == {chat.posts[0].ref.message}
    assert {one.ref.place for one in (*on.chat.posts, *on.far.posts)} == {HERE, FAR}


async def test_what_is_said_of_a_run_stays_where_the_run_is_followed(on: Stage) -> None:
    run = await on.run(private=True, recipe=recipe(2), places=(THERE,))
    await on.start()
    await on.add(Announce(run.number, THERE))
    await on.add(DrawSample(run.number, 0, 0), DrawSample(run.number, 0, 1))
    await on.take(run.number, TrainingFailed(on.clock.now(), "the secret of ada"))
    await on.go(130)
    assert {one.ref.place for one in on.chat.posts} == {THERE}
    assert on.far.posts == []


async def test_a_failure_shows_the_plot_of_what_was_measured(on: Stage) -> None:
    run = await on.run()
    await on.start()
    for step in (1, 2):
        await on.take(run.number, Logged(on.clock.now(), step, Numbers(loss=1.0)))
    await on.take(run.number, TrainingFailed(on.clock.now(), "broken"))
    loud = on.chat.by_key(PostFailure(run.number, HERE).once)[0]
    assert [block.alt for block in loud.message.blocks if isinstance(block, Picture)] == ["tickets #1: 2 points"]


# A run that never starts, and runs that are cancelled.


async def test_a_run_that_the_service_refuses_says_so_on_its_card_and_in_its_thread(on: Stage) -> None:
    service(on).fail("start", Rejected(Scope.CONTENT, "no such model", status=422))
    await on.start()
    run = await requested(on)
    assert (await on.seen(run.number)).state is State.REFUSED
    card, reply = on.chat.posts
    assert "no such model" in plain(reply.message)
    assert (reply.key, reply.ref.thread) == (PostOutcome(run.number, HERE).once, card.ref.message)
    assert "no such model" in plain(card.shown)
    assert service(on).created.total() == 0
    await on.go(300)
    assert service(on).created.total() == 0


async def test_a_service_that_does_not_let_us_in_is_asked_again_and_the_run_waits(on: Stage) -> None:
    service(on).fail("start", Rejected(Scope.TOKEN, "invalid token", status=401))
    await on.start()
    run = await requested(on)
    assert (await on.seen(run.number)).state is State.REQUESTED
    await on.go(301)
    assert service(on).created == {f"tb-i-{run.number}": 1}


async def test_a_run_that_cannot_be_handed_over_says_so_on_its_card_until_it_is(on: Stage) -> None:
    service(on).fail("start", Unavailable("connection refused", pace="service", after=60))
    await on.start()
    run = await requested(on)
    await on.go(5)
    assert (await on.seen(run.number)).condition is Condition.LOST_CONTACT
    assert "lost contact with the training service" in plain(on.chat.by_key(announce_key(run.number, HERE))[0].shown)
    await on.go(60)
    assert (await on.seen(run.number)).condition is None
    assert "lost contact" not in plain(on.chat.by_key(announce_key(run.number, HERE))[0].shown)


AWAY_FROM_THE_START = {announce_key(1, HERE), PostOutcome(1, HERE).once}


async def test_a_cancel_before_the_job_was_ever_asked_for_creates_none(on: Stage) -> None:
    service(on).fail("start", Unavailable("connection refused", pace="service", after=60))
    await on.start()
    run = await requested(on)
    await on.cancel(run.number)
    await on.go(61)
    assert (await on.seen(run.number)).state is State.CANCELLED
    assert service(on).created.total() == 0
    assert set(on.posted()) == AWAY_FROM_THE_START


@pytest.mark.parametrize("arrived", [False, True])
async def test_a_cancel_of_a_job_that_may_exist_finds_or_creates_it_and_stops_it(on: Stage, arrived: bool) -> None:
    service(on).fail("start", Unavailable("cut off", pace="service", after=60, ambiguous=True), arrived=arrived)
    await on.start("deliver", "watch")
    run = await requested(on)
    await on.cancel(run.number)
    await on.go(61)
    assert service(on).created == {f"tb-i-{run.number}": 1}
    assert service(on).cancelled == ["job-1"]
    assert (await on.seen(run.number)).state is State.CANCELLED
    assert set(on.posted()) == AWAY_FROM_THE_START


async def test_a_second_cancel_changes_nothing(on: Stage) -> None:
    await on.start("deliver", "watch")
    run = await requested(on)
    grace = Person("fake", "team", "grace", "Grace")
    await on.cancel(run.number)
    before = await on.seen(run.number)
    await on.take(run.number, CancelAsked(on.clock.now(), grace))
    await on.go(10)
    after = await on.seen(run.number)
    assert (after.cancel_by, after.state) == (ADA, State.CANCELLED)
    assert before.cancel_by == ADA
    assert service(on).cancelled == ["job-1"]


async def test_a_cancel_that_comes_too_late_changes_nothing(on: Stage) -> None:
    run = await on.run()
    await on.card(run)
    await on.start()
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.cancel(run.number)
    await on.go(10)
    after = await on.seen(run.number)
    assert (after.state, after.cancel_by) == (State.COMPLETED, None)
    assert service(on).cancelled == []


async def test_a_run_that_completes_while_its_cancel_is_under_way_is_completed(on: Stage) -> None:
    run = await on.run()
    await on.card(run)
    service(on).fail("cancel", Unavailable("away", pace="service", after=30))
    await on.start()
    await on.cancel(run.number)
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    await on.go(40)
    assert (await on.seen(run.number)).state is State.COMPLETED
    assert service(on).cancelled == []
    assert "completed" in on.chat.posts[0].shown.summary
    assert on.posted()[1:] == [PostOutcome(run.number, HERE).once]


async def test_a_cancel_that_the_service_refuses_is_taken_back_and_can_be_wished_for_again(on: Stage) -> None:
    run = await on.run()
    service(on).fail("cancel", Rejected(Scope.GONE, "not found", status=404))
    await on.start()
    await on.cancel(run.number)
    seen = await on.seen(run.number)
    assert (seen.state, seen.cancel_by) == (State.RUNNING, None), "its stream tells how it ended"
    await on.cancel(run.number)
    assert service(on).cancelled == [seen.job_id]


# The card.


def edits(on: Stage) -> list[float]:
    return on.times("after edit 1")


async def test_a_card_is_edited_at_most_once_in_three_seconds_and_ends_with_the_newest(on: Stage) -> None:
    run = await on.run()
    await on.card(run)
    await on.start()
    for step in range(1, 41):
        await on.take(run.number, Logged(on.clock.now(), step, Numbers(loss=1 / step)))
        await on.go(0.25)
    await on.go(10)
    at = edits(on)
    assert len(at) == 4
    assert min(later - earlier for earlier, later in itertools.pairwise(at)) >= 3
    assert "step 40" in on.chat.posts[0].shown.summary


async def test_a_change_of_state_is_shown_at_once(on: Stage) -> None:
    run = await on.run(state=State.QUEUED, started_at=None)
    await on.card(run)
    await on.start()
    await on.take(run.number, TrainingStarted(on.clock.now()))
    assert edits(on) == [0]
    await on.go(1)
    await on.take(run.number, Logged(on.clock.now(), 1, Numbers(loss=1.0)))
    await on.take(run.number, TrainingCompleted(on.clock.now() + timedelta(seconds=1)))
    assert edits(on) == [0, 1]
    assert "completed" in on.chat.posts[0].shown.summary


async def test_the_final_state_arrives_also_when_it_came_during_an_edit(on: Stage) -> None:
    run = await on.run(state=State.QUEUED, started_at=None)
    await on.card(run)
    gate = on.hold("before edit 1")
    await on.start()
    await on.take(run.number, TrainingStarted(on.clock.now()))
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    gate.set()
    await on.go(3.1)
    assert "completed" in on.chat.posts[0].shown.summary


async def test_the_final_state_arrives_also_when_the_edit_during_which_it_came_is_refused_for_good(on: Stage) -> None:
    run = await on.run(state=State.QUEUED, started_at=None)
    await on.card(run)
    for _ in range(2):
        on.chat.fail("edit", Rejected(Scope.CONTENT, "invalid_blocks"))
    first = on.hold("before edit 1")
    await on.start()
    await on.take(run.number, TrainingStarted(on.clock.now()))
    second = on.gates["before edit 1"] = asyncio.Event()
    first.set()
    await on.settle()
    await on.take(run.number, TrainingCompleted(on.clock.now()))
    second.set()
    await on.go(10)
    assert len(on.times("before edit 1")) == 3
    assert "completed" in on.chat.posts[0].shown.summary


async def test_progress_that_waits_becomes_the_newest_line(on: Stage) -> None:
    run = await on.run(wants=Wants(progress_every=10))
    await on.card(run)
    on.chat.fail("post", Unavailable("slow down", after=30, pace=f"fake:thread:{HERE}"))
    await on.start()
    for step in range(10, 60, 10):
        await on.take(run.number, Logged(on.clock.now(), step, Numbers(loss=float(step))))
    await on.go(60)
    assert on.posted()[1:] == [PostProgress(run.number, HERE, 50).once]
    assert plain(on.chat.posts[1].message) == "step=50 loss=50.0000"


async def test_progress_that_comes_while_a_line_is_posted_is_a_line_of_its_own(on: Stage) -> None:
    run = await on.run(wants=Wants(progress_every=10))
    await on.card(run)
    first, second = PostProgress(run.number, HERE, 10).once, PostProgress(run.number, HERE, 30).once
    gate = on.hold(f"before post {first}")
    await on.start()
    for step in (10, 20, 30):
        await on.take(run.number, Logged(on.clock.now(), step, Numbers(loss=float(step))))
    gate.set()
    await on.go(10)
    assert on.posted()[1:] == [first, second]
    before = replace(await on.seen(run.number), cursor=None)
    await on.take(run.number, Logged(on.clock.now(), 30, Numbers(loss=30.0)))
    assert on.posted()[1:] == [first, second]
    assert replace(await on.seen(run.number), cursor=None) == before


TOKEN = {"TRAINBOT_DATASET_TOKEN_DATA_ACME_ORG": "s3cr3t-t0ken"}
CLOSED = {"type": "blob", "url": "https://data.acme.org/rows.jsonl", "token": "***"}


async def test_the_token_of_a_data_set_goes_to_the_service_and_is_kept_nowhere(on: Stage) -> None:
    on.secrets = TOKEN
    await on.start()
    run = await requested(on, recipe=replace(recipe(), dataset=CLOSED))
    (job,) = service(on).held.values()
    assert job.config["datasetSource"]["token"] == "s3cr3t-t0ken"  # type: ignore[index]
    assert (await on.seen(run.number)).recipe.dataset == CLOSED


async def test_a_service_that_repeats_the_token_in_its_refusal_gives_nothing_away(on: Stage) -> None:
    on.secrets = TOKEN
    service(on).fail("start", Rejected(Scope.CONTENT, "401 for s3cr3t-t0ken at data.acme.org", status=400))
    await on.start()
    run = await requested(on, recipe=replace(recipe(), dataset=CLOSED))
    assert (await on.seen(run.number)).error == "401 for *** at data.acme.org"
    assert not [one for one in on.chat.posts if "s3cr3t" in f"{one.message!r}{one.edits!r}"]
