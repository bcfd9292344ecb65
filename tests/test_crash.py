"""Kills the bot at every step of a scripted run and starts it again: every message once, in order, nothing lost.

The story has a person start the run, two people vote, and the service replay its stream from the cursor. The long
form also has opaque ids and a service that replays everything, more checkpoints, and a second crash in the next life.
"""

from collections import Counter
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
from bot.domain.lanes import announce_key
from bot.domain.places import Person, Place
from bot.domain.ratings import Tally
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Numbers, Run, State
from bot.messages.model import Message
from bot.store import posts, runs
from bot.store.database import Database

HERE = Place("fake", "team", "training")
ADA, GRACE = Person("fake", "team", "ada", "Ada"), Person("fake", "team", "grace", "Grace")
ASK = (Incoming("delivery-1", ADA, HERE), "start tickets")


def recipe(prompts: int = 2) -> Recipe:
    asked = tuple(Prompt(f"question {number}") for number in range(1, prompts + 1))
    return Recipe("tickets", "tiny", {"type": "file", "name": "t.jsonl"}, settings={"max_steps": 20}, prompts=asked)


def story(end: StreamEvent, checkpoints: int = 2) -> list[StreamEvent]:
    def at(seconds: int) -> object:
        return BEGIN + timedelta(seconds=seconds)

    events: list[StreamEvent] = [TrainingStarted(at(1), total_steps=10 * checkpoints)]
    for number in range(1, checkpoints + 1):
        events += [
            Logged(at(10 * number), 10 * number, Numbers(loss=2.0 / number)),
            CheckpointSaved(at(10 * number + 1), 10 * number),
        ]
    return [*events, end]


COMPLETED = TrainingCompleted(BEGIN + timedelta(seconds=90), artifacts=2)
FAILED = TrainingFailed(BEGIN + timedelta(seconds=90), "CUDA out of memory <!here>", 20, ("line 1", "line 2"))


def vote_when_posted(world: World) -> None:
    """Ada is for the first answer at step 10, Grace against it; Ada is told of once the message stands."""

    def react(posted: Posted) -> None:
        if posted.key == f"sample:1:10:0:{HERE}":
            for person, emoji in ((ADA, "👍"), (GRACE, "👎🏽")):
                posted.reactions.append((person, emoji))
                if world.listener:
                    world.tell(world.listener.record(posted.ref, person, emoji, True))

    world.chat.on_post = react


def world_at(path: Path, end: StreamEvent, **service: bool) -> World:
    clock = VirtualClock()
    world = World(path, clock, FakeBackend(story(end), clock=clock, **service), [recipe()])
    vote_when_posted(world)
    return world


async def live(world: World, fuse: Fuse | None = None) -> Fuse:
    """One life. The person asks again with the same delivery until somebody answered."""
    life = await Life.begin(world, fuse)
    await life.run([] if world.answers else [ASK])
    world.hang_up()
    return life.fuse


async def crash_at(step: int, path: Path, end: StreamEvent, **service: bool) -> World:
    world = world_at(path, end, **service)
    await live(world, Fuse(step))
    await live(world)
    return world


def thread_of(world: World) -> list[str]:
    return [one.key.removesuffix(f":{HERE}") for one in world.chat.posts if one.ref.thread is not None]


THREAD = [f"sample:1:{step}:{prompt}" for step in (0, 10, 20) for prompt in (0, 1)]


async def facts(world: World) -> tuple[Run | None, dict[tuple[int, int], Tally]]:
    database = await Database.open(world.path)
    try:
        return await database.read(runs.get(1)), await database.read(posts.votes(1))
    finally:
        await database.close()


async def check(world: World, end: StreamEvent) -> None:
    """What must hold after any number of lives."""
    run, votes = await facts(world)
    assert run is not None
    keys = Counter(one.key for one in world.chat.posts)
    assert {key: count for key, count in keys.items() if count > 1} == {}, "posted twice"
    assert world.backend.created.total() == 1, "started twice"
    assert world.chat.posts[0].key == announce_key(1, HERE) or isinstance(end, TrainingFailed)
    card = world.chat.by_key(announce_key(1, HERE))[0]
    thread = thread_of(world)
    samples = [key for key in thread if key.startswith("sample")]
    assert samples == THREAD, "samples lost or out of order"
    assert votes == {(10, 0): Tally(1, 1)}
    for one in world.chat.posts:
        if one.key.startswith("sample"):
            assert one.own == ["👍", "👎"], "thumbs are missing"
    if isinstance(end, TrainingCompleted):
        assert run.state is State.COMPLETED
        assert thread == [*THREAD, "outcome:1"], "the quiet outcome comes last"
        assert "2 artifacts" in plain(world.chat.posts[-1].shown)
    else:
        assert run.state is State.FAILED
        loud = world.chat.by_key(f"outcome:1:{HERE}")
        assert [one.ref.thread for one in loud] == [None], "the failure stands in the channel"
        assert "CUDA out of memory" in plain(loud[0].shown)
        assert sum(key == "log:1" for key in thread) == 1
    assert_card_is_right(card.shown, run)


def assert_card_is_right(card: Message, run: Run) -> None:
    text = plain(card)
    assert run.state.value in text
    assert "👍 1" in text, "the card forgot a vote"
    assert "👎 1" in text, "the card forgot a vote"
    assert str(run.job_id) in text


async def steps_of(path: Path, end: StreamEvent) -> int:
    world = world_at(path, end)
    fuse = await live(world)
    await check(world, end)
    return len(fuse.steps)


@pytest.mark.parametrize("end", [COMPLETED, FAILED], ids=["completed", "failed"])
async def test_a_crash_at_any_step_loses_nothing_and_repeats_nothing(tmp_path: Path, end: StreamEvent) -> None:
    steps = await steps_of(tmp_path / "whole.db", end)
    assert steps > 80
    for step in range(1, steps + 1):
        world = await crash_at(step, tmp_path / f"{step}.db", end)
        await check(world, end)


@pytest.mark.long
@pytest.mark.parametrize("end", [COMPLETED, FAILED], ids=["completed", "failed"])
@pytest.mark.parametrize("service", [{"opaque": True}, {"ignores_cursor": True}], ids=["opaque ids", "replays all"])
async def test_a_crash_is_as_harmless_with_a_service_of_other_habits(
    tmp_path: Path, end: StreamEvent, service: dict[str, bool]
) -> None:
    steps = await steps_of(tmp_path / "whole.db", end)
    for step in range(1, steps + 1):
        world = await crash_at(step, tmp_path / f"{step}.db", end, **service)
        await check(world, end)


@pytest.mark.long
@pytest.mark.parametrize("end", [COMPLETED, FAILED], ids=["completed", "failed"])
@pytest.mark.parametrize("second", [3, 7, 15, 30])
async def test_a_second_crash_soon_after_the_first_is_as_harmless(
    tmp_path: Path, end: StreamEvent, second: int
) -> None:
    steps = await steps_of(tmp_path / "whole.db", end)
    for step in range(1, steps + 1):
        world = world_at(tmp_path / f"{step}.db", end)
        await live(world, Fuse(step))
        await live(world, Fuse(second))
        await live(world)
        await check(world, end)
