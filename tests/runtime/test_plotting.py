"""Plots come from a process of their own, which may die."""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from messages.made import RUNNING, curve
from structlog.testing import capture_logs

from bot.domain.runs import Numbers
from bot.runtime.plotting import Plotter


class Unsendable(float):
    """A number that no other process can be given."""

    def __reduce__(self) -> str:
        raise OSError("out of descriptors")


class Nonsense(float):
    """A number that is none when it arrives."""

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return str, ("nonsense",)


async def test_a_curve_is_drawn_by_a_worker_that_may_die_and_is_started_anew() -> None:
    plotter = Plotter()
    try:
        picture = await plotter.picture(RUNNING, curve())
        assert picture is not None
        assert picture.png.startswith(b"\x89PNG")
        assert (picture.name, "lowest" in picture.alt) == ("loss-42.png", True)
        (worker,) = _workers(plotter)
        os.kill(worker, signal.SIGKILL)
        assert await plotter.picture(RUNNING, curve()) is None
        assert await plotter.picture(replace(RUNNING, number=43), curve()) is not None
        (second,) = _workers(plotter)
        assert second != worker
    finally:
        plotter.close()
    assert plotter._pool is None
    plotter.close()


async def test_an_end_in_the_middle_of_a_plot_ends_the_worker_and_breaks_only_that_plot() -> None:
    plotter = Plotter()
    assert await plotter.picture(RUNNING, curve()) is not None
    (worker,) = _workers(plotter)
    os.kill(worker, signal.SIGSTOP)
    drawing = [asyncio.create_task(plotter.picture(RUNNING, curve())) for _ in range(3)]
    await asyncio.sleep(0)
    pool = plotter._pool
    assert pool is not None
    process = pool._processes[worker]
    plotter.close()
    assert await asyncio.gather(*drawing) == [None, None, None]
    await asyncio.to_thread(process.join, 10)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


async def test_a_plot_that_cannot_be_drawn_for_any_reason_is_none_and_the_next_one_is_drawn() -> None:
    plotter = Plotter()
    try:
        for loss in (Unsendable(), Nonsense()):
            points = [replace(point, numbers=Numbers(loss=loss)) for point in curve()]
            with capture_logs() as logs:
                assert await plotter.picture(RUNNING, points) is None
            assert [one["runs"] for one in logs] == [[RUNNING.number]]
        assert await plotter.picture(RUNNING, curve()) is not None
    finally:
        plotter.close()


async def test_a_run_without_a_point_starts_no_worker() -> None:
    plotter = Plotter()
    assert await plotter.picture(RUNNING, []) is None
    assert await plotter.pictures([]) is None
    assert await plotter.pictures([(RUNNING, [])]) is None
    assert plotter._pool is None


async def test_several_runs_come_in_one_picture_without_those_that_have_no_numbers() -> None:
    plotter = Plotter()
    runs = [replace(RUNNING, number=number) for number in range(42, 50)]
    try:
        picture = await plotter.pictures([(run, curve() if run.number != 43 else []) for run in runs])
        assert picture is not None
        assert picture.png.startswith(b"\x89PNG")
        assert picture.name == "loss-42-44-45-46-47-48.png"
        assert picture.alt.count("lowest") == 6
        assert "support-bot #43" not in picture.alt
    finally:
        plotter.close()


async def test_a_run_that_was_named_elsewhere_is_drawn_under_its_name_on_one_line() -> None:
    plotter = Plotter()
    try:
        odd = replace(RUNNING, recipe=replace(RUNNING.recipe, name="späte\n" + "x" * 200))
        picture = await plotter.picture(odd, curve())
        assert picture is not None
        assert picture.alt.startswith("späte xxx")
        assert "#42: loss" in picture.alt
    finally:
        plotter.close()


LONE = """
import asyncio, os, signal
from messages.made import RUNNING, curve
from bot.runtime.plotting import Plotter

async def main():
    plotter = Plotter()
    assert await plotter.picture(RUNNING, curve()) is not None
    print(*plotter._pool._processes, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_a_worker_whose_bot_was_killed_ends_by_itself(tmp_path: Path) -> None:
    script = tmp_path / "lone.py"
    script.write_text(LONE)
    tests = str(Path(__file__).parents[1])
    killed = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": tests}
    )
    assert killed.stdout is not None
    async with asyncio.timeout(60):
        assert int(await killed.stdout.readline()) > 0
        assert await killed.wait() == -signal.SIGKILL
        assert await killed.stdout.read() == b"", "its end comes when the worker, which holds the pipe too, is gone"


def _workers(plotter: Plotter) -> list[int]:
    assert plotter._pool is not None
    return list(plotter._pool._processes)
