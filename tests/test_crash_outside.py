"""Kills the bot at any step of stories that begin elsewhere: what somebody else started is told once, and what was
over before is told to nobody.

The stories: a job that another client begins while the bot is there, for a place of its own or for a follow of
everything; a first start with a job that is over and one that lives; a start from the chat, which discovery may see
before the bot knows of its job. The long form has both ends of each, a service of other habits, and a second crash in
the next life.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.backend import FakeBackend
from fakes.chat import Posted
from fakes.clock import BEGIN, VirtualClock
from fakes.life import Fuse, Life, World
from messages.made import plain

from bot.commands.spec import Incoming
from bot.domain.events import CheckpointSaved, Logged, StreamEvent, TrainingCompleted, TrainingFailed, TrainingStarted
from bot.domain.follows import Everything, Follow, Wants
from bot.domain.lanes import announce_key
from bot.domain.places import NOWHERE, Person, Place
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Numbers, Origin, Run, State
from bot.store import follows, people, runs
from bot.store.database import Database, Query

HERE = Place("fake", "team", "training")
ADA = Person("fake", "team", "ada", "Ada")
ASK = (Incoming("delivery-1", ADA, HERE), "start tickets")
TICKETS = Recipe(
    "tickets",
    "tiny",
    {"type": "file", "name": "t.jsonl"},
    settings={"max_steps": 20},
    prompts=(Prompt("question 1"), Prompt("question 2")),
    match=("tickets*", "nightly*"),
)
CONFIG = {"model": "tiny", "datasetSource": {"type": "file", "name": "t.jsonl"}, "maxSteps": 20}
COMPLETED = TrainingCompleted(BEGIN + timedelta(seconds=90), artifacts=2)
FAILED = TrainingFailed(BEGIN + timedelta(seconds=90), "CUDA out of memory", 20, ("line 1", "line 2"))
ENDS = pytest.mark.parametrize("end", [COMPLETED, FAILED], ids=["completed", "failed"])


def story(*end: StreamEvent) -> list[StreamEvent]:
    events: list[StreamEvent] = [TrainingStarted(BEGIN + timedelta(seconds=1), total_steps=20)]
    for step in (10, 20):
        at = BEGIN + timedelta(seconds=step)
        events += [Logged(at, step, Numbers(loss=20 / step)), CheckpointSaved(at + timedelta(seconds=1), step)]
    return [*events, *end]


def told(run: int, end: StreamEvent) -> list[str]:
    """Every key that a run must have in its place, besides its card."""
    samples = [f"sample:{run}:{step}:{prompt}:{HERE}" for step in (0, 10, 20) for prompt in (0, 1)]
    log = [f"log:{run}:{HERE}"] if isinstance(end, TrainingFailed) else []
    return sorted([*samples, *log, f"outcome:{run}:{HERE}"])


class Story:
    """One world, and what happens in it. `asks` is what somebody types in each life until it was answered."""

    def __init__(self, path: Path, end: StreamEvent, *, place: Place | None = HERE, **service: bool) -> None:
        clock = VirtualClock()
        self.end = end
        self.world = World(path, clock, FakeBackend(story(end), clock=clock, **service), [TICKETS])
        self.world.discovers = True
        self.world.place = place
        self.asks: Sequence[tuple[Incoming, str]] = ()

    async def live(self, at: int | None = None) -> Fuse:
        life = await Life.begin(self.world, Fuse(at))
        await life.run([] if self.world.answers else self.asks)
        self.world.hang_up()
        return life.fuse

    async def read(self, query: Query[list[Run]]) -> list[Run]:
        database = await Database.open(self.world.path)
        try:
            return await database.read(query)
        finally:
            await database.close()

    async def runs(self) -> list[Run]:
        every = Query(runs.SELECT + "ORDER BY r.number", (), runs.read_all)
        return await self.read(every)

    def check_told(self, number: int, name: str) -> None:
        """The run was told here, each thing once, and nothing of any other run."""
        keys = Counter(one.key for one in self.world.chat.posts)
        assert {key: count for key, count in keys.items() if count > 1} == {}, "posted twice"
        card = announce_key(number, HERE)
        assert sorted(keys) == sorted([card, *told(number, self.end)])
        shown = plain(self.world.chat.by_key(card)[0].shown)
        assert f"{name} #{number}" in shown
        assert ("completed" if self.end is COMPLETED else "failed") in shown


async def begun_while_we_look(path: Path, end: StreamEvent, **more: bool) -> Story:
    """The service was seen before, without a job; then another client begins one."""
    one = Story(path, end, **more)
    await one.live()
    one.world.backend.begin("nightly run", config=CONFIG)
    return one


async def begun_for_a_follow_of_everything(path: Path, end: StreamEvent, **more: bool) -> Story:
    """The same with no place of its own for such runs, but with somebody who follows everything."""
    one = Story(path, end, place=None, **more)
    await one.live()

    def follow(connection: sqlite3.Connection) -> None:
        people.see(connection, ADA, BEGIN)
        follows.add(connection, Follow(HERE, Everything(), Wants(), ADA, BEGIN))

    database = await Database.open(path)
    await database.write(follow)
    await database.close()
    one.world.backend.begin("nightly run", config=CONFIG)
    return one


async def there_before_us(path: Path, end: StreamEvent, **more: bool) -> Story:
    """A service with one job that is over and one that lives, which ends when its last sample is seen."""
    one = Story(path, end, **more)
    one.world.backend.begin("old run", story(TrainingCompleted(BEGIN)), config=CONFIG)
    living = one.world.backend.begin("nightly run", story(), config=CONFIG, live=True)

    def watch(posted: Posted) -> None:
        if posted.key == f"sample:2:20:1:{HERE}" and one.world.backend.held[living].end is None:
            one.world.backend.say(living, end)

    one.world.chat.on_post = watch
    return one


async def check_begun(one: Story) -> None:
    (run,) = await one.runs()
    assert (run.origin, run.name, run.job_id, run.home) == (Origin.OUTSIDE, "nightly run", "job-1", HERE)
    one.check_told(1, "nightly run")


async def check_there_before(one: Story) -> None:
    old, living = await one.runs()
    assert (old.origin, old.state, old.step, old.checkpoints) == (Origin.HISTORY, State.COMPLETED, 20, (10, 20))
    assert (living.origin, living.job_id) == (Origin.OUTSIDE, "job-2")
    one.check_told(2, "nightly run")
    assert {job for job, _, _ in one.world.backend.asked if job == "job-1"} == set(), "the past was asked something"


async def asked_in_chat(path: Path, end: StreamEvent, **more: bool) -> Story:
    one = Story(path, end, **more)
    one.asks = [ASK]
    return one


async def check_asked(one: Story) -> None:
    (run,) = await one.runs()
    assert (run.origin, run.starter, run.job_id) == (Origin.CHAT, ADA, "job-1")
    assert one.world.backend.created.total() == 1, "started twice"
    one.check_told(1, "tickets")


STORIES: dict[str, tuple[Callable, Callable]] = {
    "begun while we look": (begun_while_we_look, check_begun),
    "begun for a follow of everything": (begun_for_a_follow_of_everything, check_begun),
    "there before us": (there_before_us, check_there_before),
    "asked in chat": (asked_in_chat, check_asked),
}
EVERY = pytest.mark.parametrize(("prepare", "check"), STORIES.values(), ids=STORIES)
SHORT = [(*one, end) for one, end in zip(STORIES.values(), (FAILED, COMPLETED, COMPLETED, COMPLETED), strict=True)]


async def whole(path: Path, prepare: Callable, check: Callable, end: StreamEvent, **more: bool) -> int:
    """The steps of a life in which nothing happens to the bot."""
    one = await prepare(path, end, **more)
    fuse = await one.live()
    await check(one)
    return len(fuse.steps)


async def sweep(
    folder: Path, prepare: Callable, check: Callable, end: StreamEvent, stride: int = 1, **more: bool
) -> None:
    """A life that ends at this step and one that does not, for every step, or every so many."""
    steps = await whole(folder / "whole.db", prepare, check, end, **more)
    assert steps > 60
    for step in range(1, steps + 1, stride):
        one = await prepare(folder / f"{step}.db", end, **more)
        await one.live(step)
        await one.live()
        await check(one)


@pytest.mark.parametrize(("prepare", "check", "end"), SHORT, ids=STORIES)
async def test_a_crash_at_any_step_loses_no_job_and_tells_none_twice(
    tmp_path: Path, prepare: Callable, check: Callable, end: StreamEvent
) -> None:
    await sweep(tmp_path, prepare, check, end, stride=4)  # every step of them in the long form


@pytest.mark.long
@EVERY
@ENDS
@pytest.mark.parametrize("habit", [None, "opaque", "ignores_cursor", "bare_lists"])
async def test_a_crash_is_as_harmless_with_either_end_and_a_service_of_other_habits(
    tmp_path: Path, prepare: Callable, check: Callable, end: StreamEvent, habit: str | None
) -> None:
    await sweep(tmp_path, prepare, check, end, **({habit: True} if habit else {}))


@pytest.mark.long
@EVERY
@ENDS
@pytest.mark.parametrize("second", [3, 7, 15, 30])
async def test_a_second_crash_soon_after_the_first_is_as_harmless(
    tmp_path: Path, prepare: Callable, check: Callable, end: StreamEvent, second: int
) -> None:
    steps = await whole(tmp_path / "whole.db", prepare, check, end)
    for step in range(1, steps + 1):
        one = await prepare(tmp_path / f"{step}.db", end)
        await one.live(step)
        await one.live(second)
        await one.live()
        await check(one)


async def test_runs_that_nobody_asked_for_are_known_and_told_nowhere(tmp_path: Path) -> None:
    one = Story(tmp_path / "bot.db", COMPLETED, place=None)
    one.world.backend.begin("old run", config=CONFIG)
    await one.live()
    one.world.backend.begin("nightly run", config=CONFIG)
    await one.live()
    old, new = await one.runs()
    assert (old.origin, new.origin) == (Origin.HISTORY, Origin.OUTSIDE)
    assert (old.home, new.home) == (NOWHERE, NOWHERE)
    assert (new.state, new.checkpoints) == (State.COMPLETED, (10, 20))
    assert one.world.chat.posts == []
    assert one.world.backend.asked == Counter()
