"""What thousands of follows cost those who write and those who read: `python tests/bench/bench_follows.py`.

The yardstick is the plainest read there is, of the same database in the same minute: what counts is how many of those
a step costs. The promise is 10 ms for an event of a run that none of 10,000 follows fits, and for the look-up that each
edit of a card makes; 300 ms for the end of a follow that fits 200 live runs, in a place that follows 500 patterns, and
for the beginning of an outage then. What is read for it at all is held by `tests/store/test_fitting.py`.
"""

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

MANY, PATTERNS, LIVE, ROUNDS = 10_000, 500, 200, 9
QUICK, SLOW = 10.0, 300.0  # milliseconds that are promised


async def bench(folder: Path) -> None:
    """Prints a line a step."""
    from bot.store.database import Database, Query

    database = await Database.open(folder / "bench.db")
    took = []
    for _ in range(50):
        begin = time.perf_counter()
        await database.read(Query("SELECT 1", (), len))
        took.append((time.perf_counter() - begin) * 1000)
    await database.close()
    yardstick = statistics.median(took)
    tell(f"the yardstick, one plain read: {yardstick:.3f} ms\n\n{'':72}{'ms':>8}{'reads':>8}")
    slow = []
    for name, promised, measure in _steps():
        path = folder / f"{len(name)}-{abs(hash(name))}.db"
        cost = measured(path, measure)
        slow += [name] if cost > promised else []
        tell(f"{name:72}{cost:8.1f}{cost / yardstick:8.0f}")
    tell(f"\nLonger than promised: {', '.join(slow) or 'none'}")


def _steps() -> Iterator[tuple[str, float, "Measure"]]:
    yield f"a log event, {MANY} follows that do not fit", QUICK, event
    yield f"the follows of a run, {MANY} follows that do not fit", QUICK, look_up
    yield f"unfollow, {LIVE} live runs, {PATTERNS} patterns of one place that fit them all", SLOW, unfollow_one_place
    yield f"unfollow, {LIVE} live runs, {PATTERNS} patterns of one place that fit none", SLOW, unfollow_beside_others
    yield f"unfollow, {LIVE} live runs, {PATTERNS} places that follow them all", SLOW, unfollow_many_places
    yield f"an outage begins, {LIVE} live runs, {PATTERNS} places that follow them all", SLOW, outage
    yield f"an outage begins, {LIVE} live runs, {MANY} follows that do not fit", SLOW, outage_beside_others


Step = Callable[[], object]
Measure = Callable[[sqlite3.Connection], Step]


def measured(path: Path, measure: Measure) -> float:
    """Milliseconds of the step, each time on the same beginning; the first time is not counted."""
    from bot.store import people
    from bot.store.database import migrate, migrations

    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    migrate(connection, migrations())
    connection.execute("BEGIN")
    for person in (_ada(), _grace()):
        people.see(connection, person, _now())
    step = measure(connection)
    connection.execute("COMMIT")
    took = []
    for _ in range(ROUNDS + 1):
        connection.execute("BEGIN IMMEDIATE")
        begin = time.perf_counter()
        step()
        took.append((time.perf_counter() - begin) * 1000)
        connection.execute("ROLLBACK")
    connection.close()
    return statistics.median(took[1:])


def event(connection: sqlite3.Connection) -> Step:
    from bot.domain.events import Logged
    from bot.domain.runs import Numbers
    from bot.store import ingest

    strangers(connection)
    (run,) = live(connection, 1)
    return lambda: ingest.take(connection, run.number, Logged(_now(), 10, Numbers(loss=1.0)), _now())


def look_up(connection: sqlite3.Connection) -> Step:
    from bot.store import follows

    strangers(connection)
    (run,) = live(connection, 1)
    return lambda: follows.of_run(run).on(connection)


def unfollow_one_place(connection: sqlite3.Connection) -> Step:
    return _unfollow(connection, ["t*" + "*" * (number % 3) for number in range(PATTERNS)])


def unfollow_beside_others(connection: sqlite3.Connection) -> Step:
    return _unfollow(connection, ["t*", *(f"x{number}*" for number in range(PATTERNS - 1))])


def unfollow_many_places(connection: sqlite3.Connection) -> Step:
    return _unfollow(connection, ["t*"] * PATTERNS, spread=True)


def _unfollow(connection: sqlite3.Connection, patterns: list[str], *, spread: bool = False) -> Step:
    from bot.store import wishes

    first, *_ = [follow(connection, one, number if spread else 0) for number, one in enumerate(patterns)]
    live(connection, LIVE)
    return lambda: wishes.end(connection, first, _now())


def outage(connection: sqlite3.Connection) -> Step:
    for number in range(PATTERNS):
        follow(connection, "t*", number)
    return _lost(connection)


def outage_beside_others(connection: sqlite3.Connection) -> Step:
    strangers(connection)
    return _lost(connection)


def _lost(connection: sqlite3.Connection) -> Step:
    from bot.domain.events import ContactLost
    from bot.domain.runs import Condition
    from bot.store import ingest, runs

    *others, last = live(connection, LIVE)
    for run in others:
        runs.save(connection, replace(run, condition=Condition.LOST_CONTACT))
    return lambda: ingest.take(connection, last.number, ContactLost(_now()), _now())


def strangers(connection: sqlite3.Connection) -> None:
    """Follows that fit nothing, a tenth of them of what somebody else starts."""
    for number in range(MANY):
        follow(connection, f"other-{number}-*" if number % 10 else None, number)


def follow(connection, pattern, place):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """A follow of the pattern, or of what Grace starts, in the place of this number."""
    from bot.domain.follows import Follow, Named, StartedBy, Wants
    from bot.domain.places import Place
    from bot.store import follows

    subject = Named(pattern) if pattern else StartedBy(_grace())
    new = Follow(Place("fake", "team", f"c{place}"), subject, Wants(), _ada(), _now())
    return replace(new, number=follows.add(connection, new))


def live(connection, many):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Runs that go on, each followed by its home."""
    from bot.domain.follows import Follow, Wants
    from bot.domain.places import Place
    from bot.domain.recipes import Recipe
    from bot.domain.runs import Run, State
    from bot.store import follows, runs

    home = Place("fake", "team", "home")
    made = []
    for index in range(many):
        recipe = Recipe(f"tickets-{index}", "tiny", {"type": "file", "name": "t.jsonl"})
        job = f"job-{index}"
        run = runs.add(
            connection,
            lambda number, recipe=recipe, job=job: Run(number, recipe, home, _ada(), _now(), State.RUNNING, job_id=job),
        )
        follows.add(connection, Follow.of_home(run, Wants()))
        made.append(run)
    return made


def _now():  # type: ignore[no-untyped-def]  # noqa: ANN202
    from fakes.clock import BEGIN

    return BEGIN


def _ada():  # type: ignore[no-untyped-def]  # noqa: ANN202
    from runtime.stage import ADA

    return ADA


def _grace():  # type: ignore[no-untyped-def]  # noqa: ANN202
    from runtime.stage import GRACE

    return GRACE


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(bench(Path(folder)))
