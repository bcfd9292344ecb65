"""Draws loss curves in a process of its own: matplotlib's import alone would hold the event loop for most of a second.

The process starts at the first plot and is started anew when it dies. A plot that cannot be drawn is None: the
message goes without it.
"""

import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

import structlog

from bot.domain.runs import Point, Run
from bot.messages import facts, plots
from bot.messages.model import Picture

log = structlog.get_logger()
PATIENCE = 30.0  # seconds
FEWEST = 1  # points of a curve


class Plotter:
    """Holds the one worker process."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def picture(self, run: Run, points: Sequence[Point]) -> Picture | None:
        """The run's loss curve with its alt text."""
        rows, title = plots.rows(points), facts.title(run)
        if len(rows) < FEWEST:
            return None
        png = await self._drawn([run], plots.draw, title, rows)
        return Picture(png, plots.alt_text(title, rows), f"loss-{run.number}.png") if png else None

    async def pictures(self, curves: Sequence[tuple[Run, Sequence[Point]]]) -> Picture | None:
        """The loss curves of several runs in one picture; those without a number are left out."""
        shown = [(run, rows) for run, points in curves if len(rows := plots.rows(points)) >= FEWEST][: plots.MOST_RUNS]
        if not shown:
            return None
        named = [(facts.title(run), rows) for run, rows in shown]
        png = await self._drawn([run for run, _ in shown], plots.draw_several, named)
        name = "-".join(str(run.number) for run, _ in shown)
        return Picture(png, plots.alt_texts(named), f"loss-{name}.png") if png else None

    async def _drawn(self, runs: Sequence[Run], draw: Callable[..., bytes], *what: object) -> bytes | None:
        """What the worker makes of it; None where it cannot be drawn."""
        pool = self._pool
        try:
            pool = pool or self._start()
            drawing = asyncio.get_running_loop().run_in_executor(pool, draw, *what)
            return await asyncio.wait_for(drawing, PATIENCE)
        except Exception as error:  # the border of another process: whatever it raises comes out here, and no message
            # may wait for ever for its picture
            log.warning("a plot could not be drawn", runs=[run.number for run in runs], error=repr(error))
            if self._pool is pool:  # and not one that was started since
                self.close()
            return None

    def close(self) -> None:
        """Ends the worker process, also in the middle of a plot."""
        pool, self._pool = self._pool, None
        if pool is not None:
            for worker in list((pool._processes or {}).values()):  # `kill_workers` from Python 3.14 on
                worker.kill()
            pool.shutdown(wait=False)  # futures break with their worker; to cancel them would cancel who waits

    def _start(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_end_with, initargs=(os.getpid(),))
        return self._pool


def _end_with(parent: int) -> None:
    """In the worker: ends it soon after its parent was killed, which its own end of their pipe does not tell."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
