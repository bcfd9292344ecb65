"""A job's event stream: every told line as an SSE frame, from any id on, until the job is over.

One `follow` per listener, each with a tail of its own: a slow listener slows nobody. It looks for
new lines a few times a second and only while somebody listens. When the service stops, streams
just close; `end` is kept for jobs that are over (reference 7.3).
"""

import asyncio
import json
import time
from typing import Any

from aiohttp import web

from . import events
from . import folder as files
from .jobs import Job, Status, View, told
from .queue import Queue

POLL = 0.2  # seconds between looks for new lines
BATCH = 500  # lines
HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


def frame(name: str, data: dict[str, Any], number: int | None = None) -> bytes:
    """One SSE frame: LF, compact JSON in one data line, a blank line (reference 7.7)."""
    head = "" if number is None else f"id: {number}\n"
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return f"{head}event: {name}\ndata: {text}\n\n".encode()


def resume_point(header: str | None, last_id: int) -> int:
    """The id to continue after; 0, the start, when the given one was never ours."""
    known = header is not None and header.isascii() and header.isdecimal() and len(header) <= 12
    given = int(header) if known and header is not None else 0
    return given if given <= last_id else 0


class Stream:
    """One listener's connection to one job."""

    def __init__(self, job: Job, queue: Queue, response: web.StreamResponse, *, ping: float) -> None:
        self.job = job
        self.queue = queue
        self.response = response
        self.ping = ping
        self._pinged = 0.0
        self._position: int | None = None

    async def follow(self, last_event_id: str | None, stopping: asyncio.Event) -> None:
        """Send everything after the id, then what comes; returns when over or when the service stops."""
        tail = events.Tail(self.job.folder / files.EVENTS)
        after: int | None = None
        while not stopping.is_set() and self.job.exists():
            view = await asyncio.to_thread(self.job.look)
            if after is None:
                after = resume_point(last_event_id, view.last_id)
            await self._keep_alive(view)
            lines = await asyncio.to_thread(tail.read, end=view.end, most=BATCH)
            chunk, over = await asyncio.to_thread(self._frames, lines, view, after)
            if chunk:
                await self.response.write(chunk)
            if over or (view.over and not lines):
                await self._finish(view, after)
                return
            if not lines:
                await pause(stopping)

    def _frames(self, lines: list[events.Line], view: View, after: int) -> tuple[bytes, bool]:
        """These lines as frames, and whether the terminal event is among them; for a worker thread."""
        chunk = bytearray()
        for line in lines:
            if view.over and line.number > view.last_id:
                return bytes(chunk), True
            if line.number <= after and not events.may_be_final(line.raw):
                continue
            event = told(line, self.job.id, view.withheld)
            if event is not None and line.number > after:
                chunk += frame(event["type"], event, line.number)
            if event is not None and event["type"] in events.FINAL:
                return bytes(chunk), True
        return bytes(chunk), False

    async def _finish(self, view: View, after: int) -> None:
        """The terminal event that the program did not print, then `end`."""
        last = b""
        if view.derived is not None and view.last_id > after:
            last = frame(view.derived["type"], view.derived, view.last_id)
        await self.response.write(last + frame("end", {}))

    async def _keep_alive(self, view: View) -> None:
        """A ping at the start and every so often; for a waiting job also when it moves up."""
        position = self.queue.position(self.job) if view.status is Status.queued else None
        now = time.monotonic()
        moved = position is not None and position != self._position
        if self._pinged and now - self._pinged < self.ping and not moved:
            return
        self._pinged, self._position = now, position
        await self.response.write(frame("ping", {} if position is None else {"queuePosition": position}))


async def pause(stopping: asyncio.Event) -> None:
    """Wait a moment, less when the service stops."""
    try:
        await asyncio.wait_for(stopping.wait(), POLL)
    except TimeoutError:
        return
