"""How long questions take with a thousand finished runs: `python tests/bench/bench_questions.py`.

Every run has 200 rows of numbers, 36 samples, their posts and votes; one in ten is private. The yardstick is the
plainest read there is, of the same database in the same minute: what counts is how many of those a question costs. The
promise is 100 ms for a list, a completion and a status each, on an ordinary laptop. What asking costs without a clock
is held by `tests/commands/test_crowd.py`.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

RUNS, ROUNDS = 1000, 20
PROMISED = 100.0  # milliseconds
QUESTIONS = (
    "list",
    "list support state=failed since=30d",
    "list by=ada page=20",
    "list zebra state=failed by=ada",
    "status #500",
    "status support-bot",
    "best #500",
    "compare #502 #503 #504 #505",
    "samples #500",
    "votes #500",
    "",
)
HALVES = ("list ", "list by=", "status ", "status #5", "samples #500 step=", "compare #502 #", "plot sup")
LONG = "votes export all"  # no question: a file of everything, made in pieces


async def bench(path: Path) -> None:
    """Prints a line a question."""
    from commands import crowd
    from commands.office import opened

    from bot.store.database import Query

    async with opened(path) as office:
        await office.db.write(lambda connection: crowd.fill(connection, office, RUNS))
        yardstick, _ = await median(lambda: office.db.read(Query("SELECT 1", (), len)))
        tell(f"{RUNS} runs; the yardstick, one plain read: {yardstick:.3f} ms\n\n{'':44}{'ms':>8}{'reads':>8}")
        asked = [(f"/train {text}", lambda text=text: office.ask(text)) for text in QUESTIONS]
        asked += [(f"/train {text}…", lambda text=text: office.completed(text)) for text in HALVES]
        slow = []
        for name, ask in asked:
            took, answer = await median(ask)
            slow += [name] if took > PROMISED else []
            odd = "  NOT ANSWERED" if getattr(answer, "tone", "") == "odd" or not answer else ""
            tell(f"{name:44}{took:8.1f}{took / yardstick:8.0f}{odd}")
        took, held = await held_up(lambda: office.ask(LONG))
        tell(f"{f'/train {LONG}':44}{took:8.1f}{took / yardstick:8.0f}  nobody else waits longer than {held:.0f} ms")
    tell(f"\nMore than {PROMISED:.0f} ms: {', '.join(slow) or 'none'}")


async def median(ask: Callable[[], Awaitable[object]]) -> tuple[float, object]:
    """Milliseconds, and the answer; the first time is not counted."""
    answer = await ask()
    took = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took), answer


async def held_up(ask: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Milliseconds that it takes, and the longest time in which nobody else's turn came."""
    begin = last = time.perf_counter()
    longest, task = 0.0, asyncio.ensure_future(ask())
    while not task.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return (last - begin) * 1000, longest * 1000


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(bench(Path(folder) / "bench.db"))
