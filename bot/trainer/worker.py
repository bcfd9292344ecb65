"""The process that answers with a model: one per engine, started when first asked, then kept.

Speaks JSON lines on stdin and stdout, one request at a time. Answering needs a lot of memory and
all of a core, so it happens in a process of its own and never in the event loop. The worker ends
with the service: at the latest when its stdin closes.
"""

import asyncio
import json
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .events import plain

LINE_CAP = 8 * 1024 * 1024  # bytes of one answer
FAREWELL = 2.0  # seconds between closing stdin and SIGKILL


class AnswerError(Exception):
    """The model gave no answer; the text is a sentence."""


class AnswerTimeout(AnswerError):
    """The model took too long."""


class Died(AnswerError):
    """The answering program ended while it was asked."""


def always() -> bool:
    """Yes."""
    return True


class Worker:
    """One engine's answering process; `ask` may be called from many tasks, which take turns."""

    def __init__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float) -> None:
        self.argv = tuple(argv)
        self.cwd = cwd
        self.env = dict(env)
        self.timeout = timeout
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._complaints: deque[str] = deque(maxlen=20)
        self._listener: asyncio.Task[None] | None = None
        self._count = 0
        self._closed = False

    async def ask(self, request: Mapping[str, Any], wanted: Callable[[], bool] = always) -> dict[str, Any]:
        """The worker's answer object; raises AnswerError. Seconds count from the request's turn on.

        `wanted` is asked when the turn comes: a caller who has gone by then costs nothing.
        """
        async with self._turn:
            if not wanted():
                raise AnswerError("Nobody waits for this answer any more.")
            fresh = await self._ready()
            try:
                return await self._exchange(request)
            except Died:
                await self.stop()
                if fresh:
                    raise
            await self._ready()  # it had died between two requests: that is nobody's fault
            try:
                return await self._exchange(request)
            except Died:
                await self.stop()
                raise

    async def _ready(self) -> bool:
        """Make sure a process is there; whether it had to be started."""
        if self._process is not None and self._process.returncode is None:
            return False
        if self._closed:
            raise AnswerError("The service is stopping.")
        await self.stop()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.argv,
                cwd=self.cwd,
                env=self.env,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                limit=LINE_CAP,
            )
        except OSError as error:
            raise AnswerError(f"The answering program could not be started: {error.strerror}.") from error
        self._complaints.clear()
        self._listener = asyncio.create_task(self._listen(self._process))
        return True

    async def _exchange(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._count += 1
        number = f"{self._count}"
        try:
            async with asyncio.timeout(self.timeout):
                return await self._answer({"id": number, **request}, number)
        except TimeoutError as error:
            await self.stop()
            raise AnswerTimeout(f"The model did not answer within {self.timeout:g} seconds.") from error
        except asyncio.CancelledError:
            await self.stop()  # it still works on a question that nobody waits for
            raise

    async def _answer(self, request: dict[str, Any], number: str) -> dict[str, Any]:
        """Write one line, read lines until the answer to it comes; other output is passed over."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise Died("The answering program is not there.")
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            await process.stdin.drain()
            while raw := await process.stdout.readline():
                answer = parsed(raw)
                if answer.get("id") == number:
                    return checked(answer)
        except (ConnectionError, ValueError) as error:  # ValueError: a line beyond the cap
            raise Died("The answering program could not be talked to.") from error
        code = await process.wait()
        if self._listener is not None:
            await self._listener
        last = f": {self._complaints[-1]}" if self._complaints else "."
        raise Died(f"The answering program {ending(code)}{last}")

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Keep the last lines of stderr; reading on is what keeps the pipe from filling up."""
        rest = b""
        while process.stderr is not None and (chunk := await process.stderr.read(4096)):
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[-4096:]
            self._complaints.extend(filter(None, (plain(line.decode("utf-8", "replace"), 300) for line in lines)))

    async def close(self) -> None:
        """End the process for good; who still waits for an answer is told so."""
        self._closed = True
        await self.stop()

    async def stop(self) -> None:
        """End the process and all it started."""
        process, self._process = self._process, None
        listener, self._listener = self._listener, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            if self._turn.locked() or process.returncode is not None or not await leaves(process):
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if listener is not None:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener


async def leaves(process: asyncio.subprocess.Process) -> bool:
    """Whether the process ends by itself within the time of a farewell."""
    try:
        await asyncio.wait_for(process.wait(), FAREWELL)
    except TimeoutError:
        return False
    return True


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def parsed(raw: bytes) -> dict[str, Any]:
    """The JSON object in a line, {} for anything else (a library may print to stdout)."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def checked(answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer if it is one; raises AnswerError with the worker's own words otherwise."""
    if isinstance(answer.get("error"), str):
        raise AnswerError(plain(answer["error"], 500))
    if not isinstance(answer.get("text"), str):
        raise AnswerError("The answering program gave an answer without text.")
    return answer
