"""Kills the bot at every step of a day on which much happens at once, and starts it again.

Two people begin three runs which all fail after a quarter of an hour for one cause; a second channel follows failures
only, a third joins in the middle, and the service is away for a while. Every message once, one call a place, the burst
whole, each starter told alone once. The long form kills the second life as well.
"""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.backend import FakeBackend
from fakes.clock import BEGIN, VirtualClock
from fakes.life import Fuse, Life, World
from messages.made import pings, plain

from bot.commands.spec import Incoming
from bot.domain.effects import PostDirect, PostFailure, PostOutage, PostStorm, PostSuccess
from bot.domain.errors import Unavailable
from bot.domain.events import CheckpointSaved, Logged, StreamEvent, TrainingCompleted, TrainingFailed, TrainingStarted
from bot.domain.lanes import announce_key
from bot.domain.places import Person, Place
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Numbers, State
from bot.store import runs
from bot.store.database import Database

HOME, WATCH, LATE = (Place("fake", "team", name) for name in ("training", "watch", "late"))
ADA, GRACE = Person("fake", "team", "ada", "Ada"), Person("fake", "team", "grace", "Grace")
RUNS = (1, 2, 3, 4)
BEGINNING = (
    (Incoming("d1", GRACE, WATCH), "follow tickets failures only mention=here"),
    (Incoming("d2", ADA, HOME), "start tickets"),
    (Incoming("d3", GRACE, HOME), "start tickets"),
    (Incoming("d4", ADA, HOME), "start tickets"),
    (Incoming("d5", ADA, HOME), "start tickets"),
    (Incoming("d6", GRACE, LATE), "follow #1 success=channel"),
)
RECIPE = Recipe(
    "tickets",
    "tiny",
    {"type": "file", "name": "t.jsonl"},
    settings={"max_steps": 20},
    prompts=(Prompt("question 1"),),
)


def after(seconds: int) -> object:
    return BEGIN + timedelta(seconds=seconds)


def story(end: StreamEvent) -> list[StreamEvent]:
    return [
        TrainingStarted(after(1), total_steps=20),  # type: ignore[arg-type]
        Logged(after(10), 10, Numbers(loss=1.0)),  # type: ignore[arg-type]
        CheckpointSaved(after(11), 10),  # type: ignore[arg-type]
        end,
    ]


FAILED = TrainingFailed(BEGIN + timedelta(seconds=900), "CUDA out of memory", 20, ("line 1",))
COMPLETED = TrainingCompleted(BEGIN + timedelta(seconds=900), artifacts=2)


def world_at(path: Path, end: StreamEvent) -> World:
    clock = VirtualClock()
    backend = FakeBackend(story(end), clock=clock)
    for _ in range(20):  # long enough for the cards to say that contact is lost
        backend.fail("events", Unavailable("connection refused"))
    return World(path, clock, backend, [RECIPE])


async def live(world: World, fuse: Fuse | None = None) -> Fuse:
    """One life; who was not answered asks again, with the same delivery."""
    life = await Life.begin(world, fuse)
    await life.run(BEGINNING[len(world.answers) :])
    world.hang_up()
    return life.fuse


def called(world: World, place: Place) -> int:
    """How many messages of a place call for somebody."""
    return sum(
        any(pings(message) for message in (one.message, *one.edits))
        for one in world.chat.posts
        if one.ref.place == place
    )


async def check(world: World, end: StreamEvent) -> None:
    """What must hold after any number of lives."""
    assert len(world.answers) == len(BEGINNING)
    keys = Counter(one.key for one in world.chat.posts)
    assert {key: count for key, count in keys.items() if count > 1} == {}, "posted twice"
    assert sorted(world.backend.created.values()) == [1] * len(RUNS), "started twice"
    final = State.FAILED if isinstance(end, TrainingFailed) else State.COMPLETED
    database = await Database.open(world.path)
    try:
        found = [await database.read(runs.get(number)) for number in RUNS]
    finally:
        await database.close()
    assert [run.state for run in found if run] == [final] * len(RUNS)
    assert [keys[announce_key(number, HOME)] for number in RUNS] == [1] * len(RUNS)
    assert keys[announce_key(1, LATE)] == 1
    assert keys[announce_key(1, WATCH)] == 0, "failures only has no card"
    alone = {key for key in keys if key.startswith("direct")}
    assert alone == {PostDirect(number, (GRACE if number == 2 else ADA).key).once for number in RUNS}
    if isinstance(end, TrainingFailed):
        check_burst(world, keys)
    else:
        assert [called(world, place) for place in (HOME, WATCH, LATE)] == [0, 0, 0]
        assert not [key for key in keys if key.endswith(str(WATCH))]
        assert keys[PostSuccess(1, LATE).once] == 1
        assert [keys[PostFailure(number, HOME).once] for number in RUNS] == [1] * len(RUNS)  # the quiet end, by its key
    check_outages(world)


def check_burst(world: World, keys: Counter[str]) -> None:
    assert [called(world, place) for place in (HOME, WATCH, LATE)] == [1, 1, 0], "one call a place, none unasked"
    for place in (HOME, WATCH):
        single = [number for number in RUNS if keys[PostFailure(number, place).once]]
        storms = [PostStorm(number, place).once for number in RUNS if keys[PostStorm(number, place).once]]
        assert (len(single), len(storms)) == (2, 1)
        text = plain(world.chat.by_key(storms[0])[0].shown)
        assert "4 × CUDA out of memory" in text
        assert all(f"tickets #{number}" in text for number in RUNS)
    logs = Counter(key.split(":")[1] for key in keys if key.startswith("log") and key.endswith(str(HOME)))
    assert logs == {str(number): 1 for number in RUNS}


def check_outages(world: World) -> None:
    """Whatever was told of the outage was taken back in the same message."""
    notices = [one for one in world.chat.posts if one.key.startswith("outage")]
    assert {one.key for one in notices} <= {
        PostOutage(1, place, number).once for place in (HOME, LATE) for number in (1, 2)
    }
    assert all("is back" in plain(one.shown) for one in notices)


@pytest.mark.parametrize(("end", "stride"), [(FAILED, 11), (COMPLETED, 17)], ids=["failed", "completed"])
async def test_a_crash_at_any_step_of_a_crowded_day_loses_nothing_and_repeats_nothing(
    tmp_path: Path, end: StreamEvent, stride: int
) -> None:
    world = world_at(tmp_path / "whole.db", end)
    steps = len((await live(world)).steps)
    await check(world, end)
    assert steps > 150
    for step in range(1, steps + 1, stride):  # all of them in the long form
        world = world_at(tmp_path / f"{step}.db", end)
        await live(world, Fuse(step))
        await live(world)
        await check(world, end)


@pytest.mark.long
@pytest.mark.parametrize("end", [FAILED, COMPLETED], ids=["failed", "completed"])
@pytest.mark.parametrize("second", [None, 4, 20])
async def test_a_second_crash_on_a_crowded_day_is_as_harmless(
    tmp_path: Path, end: StreamEvent, second: int | None
) -> None:
    world = world_at(tmp_path / "whole.db", end)
    steps = len((await live(world)).steps)
    for step in range(1, steps + 1):
        world = world_at(tmp_path / f"{step}.db", end)
        await live(world, Fuse(step))
        if second is not None:
            await live(world, Fuse(second))
        await live(world)
        await check(world, end)
