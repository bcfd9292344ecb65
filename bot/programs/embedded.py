"""Keeps the embedded training service alive: starts it as a child of its own session, restarts it with back-off,
or uses one that already lives on the same data folder.

The address and the token stay the same over restarts, so the bot's client never notices more than a broken stream.
At the end of the block it ends too. Jobs are not ours to stop: they live under their own keepers.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bot.domain.errors import UserError
from bot.trainer.service import Running, find_service, is_taken

log = structlog.get_logger()
READY = 20.0  # seconds that a start may take
LOOK = 0.05  # seconds between two looks at whether it is there
SHORTEST, LONGEST = 0.5, 30.0  # seconds before a restart
STEADY = 60.0  # seconds after which a service counts as healthy again
FAREWELL = 5.0  # seconds between SIGTERM and SIGKILL
IN_THE_WAY = 75  # exit code of a service that finds another one on its folder (see `cli`)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service listens, and the token that it asks for."""

    url: str
    token: str = field(repr=False)


@asynccontextmanager
async def service(folder: Path, roots: tuple[Path, ...], concurrency: int) -> AsyncIterator[Address]:
    """The service of this data folder while the block runs; UserError when it does not start."""
    living = await asyncio.to_thread(find_service, folder)
    child = _Child(folder, roots, concurrency)
    try:
        while living is None:
            try:
                await child.start()
                break
            except _InTheWay:  # another one starts or ends; it is not to be seen then
                living = await child.other()
        if living is not None:
            log.info("using the training service that is already there", url=living.url)
            child.stands_in_for(living)
        watching = asyncio.create_task(child.watch(), name="embedded service")
        try:
            yield Address(living.url if living else f"http://127.0.0.1:{child.port}", child.token)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await child.end_other()  # the bot that used it ran to its end, and there is one bot on these data
    finally:
        await child.stop()


class _InTheWay(UserError):
    """Another service has the data folder."""


class _Child:
    """The service's process, when it is ours."""

    def __init__(self, folder: Path, roots: tuple[Path, ...], concurrency: int) -> None:
        self._folder = folder
        self._options = ["--concurrency", str(concurrency)]
        self._options += [word for root in roots for word in ("--data", str(root))]
        self.port, self.token = _free_port(), secrets.token_urlsafe(24)
        self._process: asyncio.subprocess.Process | None = None

    def stands_in_for(self, living: Running) -> None:
        """When that service is gone, ours takes its address and its token."""
        self.port, self.token = living.port, living.token or "anonymous"
        self._process = None

    async def other(self) -> Running | None:
        """The service that was in our way, once it listens; None when it went away, UserError when it does neither."""
        deadline = asyncio.get_running_loop().time() + READY
        while (living := await asyncio.to_thread(find_service, self._folder)) is None:
            if not await asyncio.to_thread(is_taken, self._folder):
                return None
            if asyncio.get_running_loop().time() > deadline:
                raise UserError(f"Another training service has {self._folder}, and does not answer.")
            await asyncio.sleep(LOOK)
        return living

    async def start(self) -> None:
        """Starts the process and returns when it listens; UserError when it ends instead."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "bot", "trainer", "--data-dir", str(self._folder), "--port", str(self.port)),
            *self._options,
            env={"TRAINBOT_LOG_LEVEL": "warning", **os.environ, "TRAINBOT_TRAINER_TOKEN": self.token},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = asyncio.get_running_loop().time() + READY
        while not await self._listens():
            if self._process.returncode == IN_THE_WAY:
                self._process = None  # the other one is to be watched now
                raise _InTheWay(f"Another training service has {self._folder}.")
            if self._process.returncode is not None:
                code = self._process.returncode
                raise UserError(f"The training service ended at its start (exit code {code}); its reason stands above.")
            if asyncio.get_running_loop().time() > deadline:
                raise UserError(f"The training service did not start within {READY:.0f} seconds.")
            await asyncio.sleep(LOOK)

    async def _listens(self) -> bool:
        living = await asyncio.to_thread(find_service, self._folder)
        return living is not None and self._process is not None and living.pid == self._process.pid

    async def watch(self) -> None:
        """Starts it again whenever it is gone, for as long as it is let."""
        wait, loop = SHORTEST, asyncio.get_running_loop()
        while True:
            began = loop.time()
            with _noted():
                await self._gone()
            wait = SHORTEST if loop.time() - began > STEADY else wait
            log.warning("the training service is gone, starting it again", wait=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST)
            with _noted():
                await self.start()

    async def _gone(self) -> None:
        if self._process is not None:
            await self._process.wait()
            return
        while await asyncio.to_thread(find_service, self._folder) is not None:  # noqa: ASYNC110 (not our child)
            await asyncio.sleep(1.0)

    async def end_other(self) -> None:
        """Ends the service that was there before, and waits for that: the one of a bot that was killed."""
        other = await asyncio.to_thread(find_service, self._folder)
        if self._process is not None or other is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(other.pid, signal.SIGTERM)
        deadline = asyncio.get_running_loop().time() + FAREWELL
        while await asyncio.to_thread(find_service, self._folder) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(LOOK)

    async def stop(self) -> None:
        """Ends our own child."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), FAREWELL)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextmanager
def _noted() -> Iterator[None]:
    """What fails while the service is watched is for the log: the next turn tries again."""
    try:
        yield
    except (UserError, OSError) as error:
        log.warning("the training service could not be looked after", problem=str(error))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
