"""Jobs that were started elsewhere: which become runs, where they are told, and what the service's troubles cost."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.backend import FakeBackend
from fakes.book import FakeBook
from fakes.clock import BEGIN
from runtime.stage import ADA, HERE, THERE, Stage, recipe, stage
from structlog.testing import capture_logs

from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import (
    CancelAsked,
    CheckpointSaved,
    Logged,
    StreamEvent,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from bot.domain.follows import Everything, Follow, Mute, Wants
from bot.domain.lanes import announce_key
from bot.domain.places import NOWHERE, SOMEBODY, Place
from bot.domain.recipes import Notify, Prompt, Recipe, RecipeError
from bot.domain.runs import Condition, Numbers, Origin, Run, State
from bot.ports import Frame, Job, Spec
from bot.runtime.discover import Discoverer
from bot.runtime.history import AT_ONCE, TRIES
from bot.store import follows, outages, people, runs, services
from bot.store.database import Query

CONFIG = {"model": "tiny", "datasetSource": {"type": "file", "name": "t.jsonl"}, "maxSteps": 20}
AWAY = Unavailable("connection refused", pace="service")


def story(*end: StreamEvent, steps: Sequence[int] = (10, 20)) -> list[StreamEvent]:
    events: list[StreamEvent] = [TrainingStarted(BEGIN, total_steps=20)]
    for step in steps:
        events += [Logged(BEGIN, step, Numbers(loss=1 / step)), CheckpointSaved(BEGIN, step)]
    return [*events, *end]


DONE = story(TrainingCompleted(BEGIN + timedelta(minutes=9), artifacts=2))
BROKEN = story(TrainingFailed(BEGIN + timedelta(minutes=9), "out of memory"))
LIVES = story(steps=(10,))


class Finding:
    """A bot that looks for jobs; `place` and so on are as in the settings, until `start`."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        assert isinstance(on.backend, FakeBackend)
        self.service = on.backend
        self.place: Place | None = HERE
        self.recipes: dict[str, Recipe | RecipeError] = {}
        self.prompts: tuple[Prompt, ...] = ()
        self.progress = False
        self.identity = "fake"

    async def start(self, *parts: str) -> None:
        """Starts these parts of the runtime, or deliver and watch, and looks."""
        await self.on.start(*(parts or ("deliver", "watch")))
        await self.begin()

    async def begin(self) -> None:
        """Begins to look, once the rest of the runtime is there."""
        self.discoverer = Discoverer(
            self.on.database,
            self.on.service(),
            self.on.clock,
            identity=self.identity,
            installation="i",
            place=self.place,
            recipes=lambda: self.recipes_now(),  # noqa: PLW0108 (a test puts another in its place)
            prompts=self.prompts,
            changed=self._changed,
            progress=self.progress,
        )
        self.task = asyncio.create_task(self.discoverer.run())
        self.on._tasks.append(self.task)
        await self.on.settle()

    async def recipes_now(self) -> Mapping[str, Recipe | RecipeError]:
        return await FakeBook(self.recipes).read()

    def _changed(self) -> None:
        self.on.watcher.wake()
        self.on.deliverer.wake()

    async def look(self) -> None:
        """Lets the time until the next look pass."""
        await self.on.go(30)

    async def follow_everything(
        self, place: Place = HERE, *, alone: bool = False, private: bool = False, **wants: Any
    ) -> None:
        def write(connection: sqlite3.Connection) -> None:
            people.see(connection, ADA, BEGIN)
            newest = runs.newest_number(connection)
            follows.add(
                connection,
                Follow(place, Everything(), Wants(**wants), ADA, BEGIN, after=newest, alone=alone, private=private),
            )

        await self.on.database.write(write)

    async def runs(self) -> list[Run]:
        return await self.on.read(Query(runs.SELECT + "ORDER BY r.number", (), runs.read_all))

    async def only(self) -> Run:
        (run,) = await self.runs()
        return run


@pytest.fixture
async def finding(tmp_path: Path) -> AsyncIterator[Finding]:
    async with stage(tmp_path / "bot.db") as one:
        yield Finding(one)


def cards(finding: Finding) -> list[str]:
    return [key for key in finding.on.posted() if key.startswith("announce")]


async def test_what_was_over_at_first_sight_is_known_with_its_numbers_and_told_to_nobody(finding: Finding) -> None:
    await finding.follow_everything(progress_every=1)
    finding.service.begin("done", DONE, config=CONFIG)
    finding.service.begin("broken", BROKEN, config=CONFIG)
    await finding.start()
    done, broken = await finding.runs()
    assert (done.origin, done.state, done.checkpoints, done.artifacts) == (
        Origin.HISTORY, State.COMPLETED, (10, 20), 2,
    )  # fmt: skip
    assert (broken.state, broken.error, broken.starter, broken.home) == (
        State.FAILED, "out of memory", SOMEBODY, HERE,
    )  # fmt: skip
    assert [point.step for point in await finding.on.read(runs.points(1, 9))] == [10, 20]
    await finding.look()
    assert (await finding.on.rows(), finding.on.chat.posts, finding.service.asked) == ([], [], {})
    assert len(finding.service.opened) == 2, "the past is read once"


async def test_what_lives_at_first_sight_is_followed_from_its_beginning_with_a_card(finding: Finding) -> None:
    finding.prompts = (Prompt("usual"),)
    job = finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.start()
    run = await finding.only()
    assert (run.origin, run.state, run.job_id, run.total_steps) == (Origin.OUTSIDE, State.RUNNING, job, 20)
    assert finding.on.posted() == [announce_key(1, HERE), f"sample:1:0:0:{HERE}", f"sample:1:10:0:{HERE}"]
    finding.service.say(job, TrainingCompleted(finding.on.clock.now()))
    await finding.on.go(5)
    assert finding.on.posted()[-1] == f"outcome:1:{HERE}"


async def test_a_later_job_is_told_also_when_it_began_and_ended_while_nobody_looked(finding: Finding) -> None:
    finding.prompts = (Prompt("usual"),)
    await finding.start()
    await finding.on.kill()
    finding.service.begin("done", DONE, config=CONFIG)
    finding.service.begin("broken", BROKEN, config=CONFIG)
    await finding.on.leap(86400)
    await finding.start()
    await finding.on.go(5)
    done, broken = await finding.runs()
    assert (done.origin, done.state, broken.state) == (Origin.OUTSIDE, State.COMPLETED, State.FAILED)
    keys = finding.on.posted()
    for run in (1, 2):
        samples = [f"sample:{run}:{step}:0:{HERE}" for step in (0, 10, 20)]
        assert [key for key in keys if key.startswith(f"sample:{run}")] == samples
        assert keys.count(announce_key(run, HERE)) == keys.count(f"outcome:{run}:{HERE}") == 1


async def test_a_look_comes_every_half_minute_and_finds_nothing_new_without_a_write(finding: Finding) -> None:
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.start()
    await finding.on.go(5)
    writes = finding.on.database.writes
    for number in range(3):
        await finding.look()
        assert finding.on.database.writes == writes
        assert finding.service.listed == number + 2
    assert len(await finding.runs()) == 1


async def test_a_job_of_ours_is_bound_to_its_run_and_makes_no_second_one(finding: Finding) -> None:
    run = await finding.on.run(state=State.REQUESTED, started_at=None)
    job = await finding.service.start(Spec("tickets", CONFIG), key="tb-i-1", tried_at=None)
    await finding.start("watch")
    bound = await finding.only()
    assert (bound.number, bound.job_id, bound.origin) == (run.number, job, Origin.CHAT)
    assert finding.service.opened == [(job, None)], "it is followed at once"


async def test_a_job_of_ours_whose_run_is_to_be_cancelled_is_stopped(finding: Finding) -> None:
    await finding.on.run(state=State.REQUESTED, started_at=None)
    await finding.on.take(1, CancelAsked(BEGIN, ADA))
    job = await finding.service.start(Spec("tickets", CONFIG), key="tb-i-1", tried_at=None)
    await finding.start()
    assert finding.service.cancelled == [job]
    assert (await finding.only()).state is State.CANCELLED


async def test_a_second_job_of_a_run_is_left_alone_and_logged_once(finding: Finding) -> None:
    await finding.on.run()
    finding.service.begin("tickets [tb-i-1]", LIVES, config=CONFIG)
    with capture_logs() as logs:
        await finding.start()
        await finding.look()
        await finding.look()
    assert len(await finding.runs()) == 1
    assert [one["job"] for one in logs if one["log_level"] == "warning"] == ["job-2"]
    assert finding.service.cancelled == []


async def test_a_job_of_a_run_that_is_not_there_any_more_is_one_from_elsewhere(finding: Finding) -> None:
    finding.service.begin("tickets [tb-i-7]", LIVES, config=CONFIG)
    finding.service.begin("nightly [tb-another-1]", LIVES, config=CONFIG)
    await finding.start()
    assert [(run.name, run.number, run.origin) for run in await finding.runs()] == [
        ("tickets", 1, Origin.OUTSIDE),
        ("nightly", 2, Origin.OUTSIDE),
    ]


async def test_a_place_for_such_runs_follows_them_as_the_recipe_says(finding: Finding) -> None:
    own = recipe(notify=Notify(progress_every=10, failure="starter"), match=("night*",))
    finding.recipes = {"a": RecipeError("broken"), "tickets": own}
    await finding.start("watch")
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.look()
    run = await finding.only()
    (follow,) = await finding.on.read(follows.of_run(run))
    assert (follow.place, follow.home) == (HERE, True)
    assert (follow.wants.progress_every, follow.wants.mention) == (10, "starter")
    assert (run.recipe.prompts, run.recipe.model) == (own.prompts, "tiny")


async def test_where_nothing_is_said_a_failure_calls_as_at_every_home_and_progress_is_a_setting(
    finding: Finding,
) -> None:
    finding.progress = True
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.start("watch")
    (follow,) = await finding.on.read(follows.of_run(await finding.only()))
    assert (follow.wants.mention, follow.wants.progress_every) == ("here", 100)


async def test_without_a_place_the_run_is_at_home_where_everything_is_followed_and_has_one_card_there(
    finding: Finding,
) -> None:
    finding.place = None
    await finding.follow_everything(THERE)
    await finding.follow_everything(HERE)
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.start()
    run = await finding.only()
    assert run.home == THERE
    assert [follow.home for follow in await finding.on.read(follows.of_run(run))] == [False, False]
    assert sorted(cards(finding)) == sorted([announce_key(1, HERE), announce_key(1, THERE)])


async def test_a_place_that_follows_everything_and_is_the_place_for_such_runs_has_one_card(finding: Finding) -> None:
    await finding.follow_everything(HERE)
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.start()
    assert cards(finding) == [announce_key(1, HERE)]


async def test_where_nobody_follows_the_run_is_known_all_the_same(finding: Finding) -> None:
    finding.place = None
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.start()
    run = await finding.only()
    assert (run.home, run.step, run.starter) == (NOWHERE, 10, SOMEBODY)
    assert finding.on.chat.posts == []


async def test_a_muted_place_gets_no_card(finding: Finding) -> None:
    def mute(connection: sqlite3.Connection) -> None:
        people.see(connection, ADA, BEGIN)
        follows.mute(connection, HERE, Mute(0, None, ADA), BEGIN)

    await finding.on.database.write(mute)
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.start()
    assert finding.on.chat.posts == []


async def test_a_run_with_nothing_to_ask_says_once_how_to_add_some(finding: Finding) -> None:
    finding.service.begin("nightly", DONE, config=CONFIG, live=False)
    finding.identity = "seen before"
    await finding.on.database.write(lambda connection: services.see(connection, "seen before", BEGIN))
    await finding.start()
    assert [key for key in finding.on.posted() if "hint" in key] == [f"hint:1:{HERE}"]


async def test_a_config_that_the_list_leaves_out_is_asked_for(finding: Finding) -> None:
    finding.service.bare_lists = True
    done = finding.service.begin("done", DONE, config=CONFIG)
    lives = finding.service.begin("nightly", LIVES, config={**CONFIG, "model": "small"})
    await finding.start("watch")
    assert [(run.recipe.model, run.recipe.settings) for run in await finding.runs()] == [
        ("tiny", {"max_steps": 20}),
        ("small", {"max_steps": 20}),
    ]
    assert sorted(finding.service.looked_at) == [done, lives]


async def test_a_job_that_is_gone_before_its_config_was_told_is_a_run_without_one(finding: Finding) -> None:
    finding.service.bare_lists = True
    finding.service.fail("job", Rejected(Scope.GONE, "not found", status=404))
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.start("watch")
    assert (await finding.only()).recipe.model == ""


async def test_a_first_look_at_a_service_that_goes_away_keeps_the_past_and_asks_the_rest_later(
    finding: Finding,
) -> None:
    finding.service.bare_lists = True
    finding.service.begin("done", DONE, config=CONFIG)
    for number in range(5):
        finding.service.begin(f"run {number}", LIVES, config=CONFIG)
    for _ in range(3):
        finding.service.fail("job", AWAY)
    await finding.start("watch")
    assert [run.origin for run in await finding.runs()] == [Origin.HISTORY]
    assert finding.service.looked_at == []
    await finding.look()
    found = await finding.runs()
    assert [run.origin for run in found] == [Origin.HISTORY, *[Origin.OUTSIDE] * 5]
    assert {run.recipe.model for run in found} == {"tiny"}


@pytest.mark.parametrize("first", [True, False])
async def test_a_job_that_can_never_be_asked_holds_up_no_other(finding: Finding, first: bool) -> None:
    finding.service.bare_lists = True
    if not first:
        await finding.start("watch")
    broken = finding.service.begin("broken", LIVES, config=CONFIG)
    ask = finding.service.job

    async def job(number: str) -> Job:
        if number == broken:
            raise Unavailable("answered with 500")
        return await ask(number)

    finding.service.job = job  # type: ignore[method-assign]
    if first:
        finding.service.begin("beside", LIVES, config=CONFIG)
        await finding.start("watch")
        assert [run.name for run in await finding.runs()] == ["beside"]
    finding.service.begin("later", LIVES, config=CONFIG)
    await finding.look()
    assert [run.name for run in await finding.runs()] == (["beside", "later"] if first else ["later"])
    await finding.on.go(600)
    *others, last = await finding.runs()
    assert {run.recipe.model for run in others} == {"tiny"}
    assert (last.name, last.recipe.model) == ("broken", ""), "after some tries it is a run that does not say what it is"


async def test_recipes_that_cannot_be_read_and_whatever_else_breaks_a_look_end_no_looking(finding: Finding) -> None:
    errors: list[Exception] = [PermissionError(13, "Permission denied"), RuntimeError("a mistake")]
    read = finding.recipes_now

    async def unreadable() -> Mapping[str, Recipe | RecipeError]:
        if errors:
            raise errors.pop(0)
        return await read()

    finding.recipes_now = unreadable  # type: ignore[method-assign]
    finding.service.begin("nightly", LIVES, config=CONFIG)
    with capture_logs() as logs:
        await finding.start("watch")
        await finding.look()
        assert await finding.runs() == []
    assert [one["reason"] for one in logs if "reason" in one] == ["the recipes cannot be read: Permission denied"]
    assert [one["error"] for one in logs if "error" in one] == ["RuntimeError('a mistake')"]
    await finding.on.go(60)
    assert (await finding.only()).state is State.RUNNING


async def test_a_job_from_before_its_run_is_another_ones_and_left_alone(finding: Finding) -> None:
    old = finding.service.begin("tickets [tb-i-1]", LIVES, config=CONFIG)
    await finding.on.go(61)
    await finding.on.run(state=State.REQUESTED, started_at=None)
    with capture_logs() as logs:
        await finding.start("watch")
        await finding.look()
    assert [one["job"] for one in logs if one["log_level"] == "warning"] == [old]
    assert (await finding.only()).job_id is None
    own = await finding.service.start(Spec("tickets", CONFIG), key="tb-i-1", tried_at=None)
    await finding.look()
    assert (await finding.only()).job_id == own


async def test_a_job_of_a_service_whose_clock_is_a_little_behind_is_bound(finding: Finding) -> None:
    job = await finding.service.start(Spec("tickets", CONFIG), key="tb-i-1", tried_at=None)
    await finding.on.go(59)
    await finding.on.run(state=State.REQUESTED, started_at=None)
    await finding.start("watch")
    assert (await finding.only()).job_id == job


async def test_the_home_of_public_runs_is_a_place_that_everybody_may_read(finding: Finding) -> None:
    finding.place = None
    await finding.follow_everything(Place("fake", "team", "@ada"), alone=True)
    await finding.follow_everything(Place("fake", "team", "closed"), private=True)
    await finding.follow_everything(THERE)
    await finding.start()
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.look()
    assert (await finding.only()).home == THERE


@pytest.mark.parametrize("busy", [True, False])
async def test_a_past_that_never_ends_gives_its_place_back(finding: Finding, busy: bool) -> None:
    async def endless(job: str, after: str | None) -> AsyncGenerator[Frame, None]:
        finding.service.opened.append((job, after))
        yield Frame("1", Logged(BEGIN, 10, Numbers(loss=0.5)))
        while True:
            if not busy:
                finding.on.clock.move(60)
            yield Frame(None, None)

    finding.service.events = endless  # type: ignore[method-assign]
    finding.service.begin("done", DONE, config=CONFIG)
    with capture_logs() as logs:
        await finding.start("watch")
    assert [one["event"] for one in logs] == ["the past of a run has no end, what came is kept"]
    run = await finding.only()
    assert (run.numbers.loss, run.state) == (0.5, State.COMPLETED)
    assert run.heard_at is not None
    await finding.look()
    assert len(finding.service.opened) == 1


async def test_another_service_has_a_past_of_its_own(finding: Finding) -> None:
    await finding.start()
    await finding.on.kill()
    finding.identity = "another"
    finding.service.begin("done", DONE, config=CONFIG)
    await finding.start()
    assert (await finding.only()).origin is Origin.HISTORY


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (AWAY, [30, 60, 120, 240, 300, 300]),
        (Rejected(Scope.CONTENT, "no", status=400), [30, 60, 120, 240, 300]),
        (Rejected(Scope.TOKEN, "not let in", status=401), [300, 300]),
        (Unavailable("busy", after=100), [100, 100, 120]),
    ],
)
async def test_a_service_in_trouble_is_asked_less_often(
    finding: Finding, error: Exception, waits: Sequence[float]
) -> None:
    for _ in waits:
        finding.service.fail("jobs", error)
    await finding.start()
    for number, wait in enumerate(waits, start=1):
        assert finding.service.listed == number
        await finding.on.go(wait - 1)
        assert finding.service.listed == number
        await finding.on.go(1)
    assert finding.service.listed == len(waits) + 1
    await finding.look()
    assert finding.service.listed == len(waits) + 2, "an answer makes everything as before"


async def test_a_list_of_thousands_is_one_question_and_one_write(finding: Finding) -> None:
    finding.service.events = Gated(finding.service).events  # type: ignore[method-assign]
    for number in range(3000):
        finding.service.begin(f"run {number}", [TrainingCompleted(BEGIN)], config=CONFIG)
    await finding.on.start("deliver")
    reads, writes = finding.on.database.reads, finding.on.database.writes
    await finding.begin()
    assert len(await finding.runs()) == 3000
    assert finding.on.database.writes - writes == 1
    assert finding.on.database.reads - reads < 20


async def test_the_past_is_read_a_few_streams_at_a_time(finding: Finding) -> None:
    gate = Gated(finding.service)
    finding.service.events = gate.events  # type: ignore[method-assign]
    for number in range(10):
        finding.service.begin(f"run {number}", DONE, config=CONFIG)
    await finding.start("watch")
    assert sorted(gate.open) == ["job-10", "job-7", "job-8", "job-9"], "the newest first"
    assert len(gate.open) == AT_ONCE
    gate.let("job-9")
    await finding.on.settle()
    assert "job-6" in gate.open
    assert len(gate.open) == AT_ONCE
    assert all(run.state is State.COMPLETED for run in await finding.runs()), "none is shown as live meanwhile"
    assert await finding.on.read(runs.live()) == []


class Gated:
    """Streams that say nothing before they are let."""

    def __init__(self, service: FakeBackend) -> None:
        self._events = service.events
        self._gates: dict[str, asyncio.Event] = {}
        self.open: set[str] = set()

    def let(self, job: str) -> None:
        self._gates[job].set()

    async def events(self, job: str, after: str | None) -> AsyncGenerator[Frame, None]:
        self.open.add(job)
        try:
            await self._gates.setdefault(job, asyncio.Event()).wait()
            async for frame in self._events(job, after):
                yield frame
        finally:
            self.open.discard(job)


async def test_a_past_that_breaks_off_is_read_again_after_the_next_answer_and_harms_no_other(finding: Finding) -> None:
    for number in range(3):
        finding.service.begin(f"run {number}", DONE, config=CONFIG)
    finding.service.fail("events", AWAY, after=2)
    await finding.start("watch")
    await finding.look()
    assert [run.checkpoints for run in await finding.runs()] == [(10, 20)] * 3
    assert [run.heard_at is None for run in await finding.runs()] == [False] * 3
    assert len(finding.service.opened) == 4


async def test_a_past_that_always_breaks_off_is_left_alone_after_a_few_tries(finding: Finding) -> None:
    finding.service.begin("done", DONE, config=CONFIG)
    for _ in range(20):
        finding.service.fail("events", AWAY)
    await finding.start("watch")
    await finding.on.go(1200)
    assert len(finding.service.opened) == TRIES
    run = await finding.only()
    assert (run.state, run.heard_at) == (State.COMPLETED, None)
    await finding.on.kill()
    finding.service.forgive()
    await finding.start("watch")
    assert (await finding.only()).checkpoints == (10, 20), "the next bot tries again"


@pytest.mark.parametrize("status", [404, 410])
async def test_a_past_that_is_gone_is_what_the_list_told(finding: Finding, status: int) -> None:
    finding.service.begin("broken", BROKEN, config=CONFIG)
    finding.service.fail("events", Rejected(Scope.GONE, "gone", status=status))
    await finding.start("watch")
    await finding.look()
    run = await finding.only()
    assert (run.state, run.error, run.checkpoints) == (State.FAILED, "out of memory", ())
    assert run.duration(finding.on.clock.now()) == timedelta(minutes=9)
    assert len(finding.service.opened) == 1


async def test_a_new_job_whose_stream_is_gone_is_settled_by_the_job(finding: Finding) -> None:
    await finding.start()
    finding.service.begin("broken", BROKEN, config=CONFIG)
    finding.service.fail("events", Rejected(Scope.GONE, "gone", status=410))
    await finding.look()
    assert (await finding.only()).state is State.FAILED
    assert f"outcome:1:{HERE}" in finding.on.posted()


async def test_an_outage_that_no_run_is_left_to_end_is_ended_by_an_answer(finding: Finding) -> None:
    run = await finding.on.run(condition=Condition.LOST_CONTACT)
    await finding.on.card(run)

    def begin(connection: sqlite3.Connection) -> None:
        outages.begin(connection, run.number, [HERE], BEGIN)

    await finding.on.database.write(begin)
    await finding.start("deliver")
    outage = await finding.on.read(outages.get(1))
    assert outage is not None
    assert outage.ended_at is None, "a run is out of contact"
    await finding.on.save(replace(run, state=State.CANCELLED, ended_at=BEGIN, condition=None))
    await finding.look()
    outage = await finding.on.read(outages.get(1))
    assert outage is not None
    assert outage.ended_at == finding.on.clock.now()


async def test_a_stop_does_not_wait_for_a_service_that_hangs(finding: Finding) -> None:
    async def hang() -> Sequence[Job]:
        await asyncio.Event().wait()
        raise AssertionError

    finding.service.jobs = hang  # type: ignore[method-assign]
    await finding.start()
    finding.discoverer.stop()
    await finding.on.settle()
    assert finding.task.done()
    await finding.discoverer.run()


async def test_a_database_that_cannot_be_used_for_a_while_ends_no_looking(finding: Finding) -> None:
    finding.service.begin("nightly", LIVES, config=CONFIG)
    await finding.on.start("watch")
    finding.on.database.trouble = sqlite3.OperationalError("database or disk is full")
    with capture_logs() as logs:
        await finding.start("watch")
    assert {one["error"] for one in logs} == {"OperationalError('database or disk is full')"}
    finding.on.database.trouble = None
    await finding.look()
    assert (await finding.only()).state is State.RUNNING


async def test_names_and_configs_of_others_are_stored_as_what_they_are(finding: Finding) -> None:
    finding.service.begin(
        "<!here>\u202e\x00 **x** " + "y" * 500, LIVES, config={"model": "'; --", "n": [1, {"a": None}]}
    )
    finding.service.begin("", LIVES, config={"model": 5})
    await finding.start("watch")
    odd, empty = await finding.runs()
    assert len(odd.name) == 80
    assert odd.name.startswith("<!here><U+202E> **x**")
    assert (odd.recipe.model, odd.recipe.extra) == ("'; --", {"n": [1, {"a": None}]})
    assert empty.name == "unnamed"
    assert json.dumps(empty.recipe.as_dict())
