"""Tells the open pages of the room that something changed. In memory; what changed is read from the store.

A page that misses a wake-up misses nothing: it asks for everything after the revision it has.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import WSCloseCode, web


class Hub:
    """The open WebSockets and the wake-up they share."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._sockets: set[web.WebSocketResponse] = set()
        self._closed = False

    @property
    def closed(self) -> bool:
        return self._closed

    def wake(self) -> None:
        """Something was committed."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def changed(self) -> asyncio.Event:
        """Set at the next wake-up. Take it before reading, wait for it after."""
        return self._changed

    @contextmanager
    def attached(self, socket: web.WebSocketResponse) -> Iterator[None]:
        """Keeps the socket where `close` finds it."""
        self._sockets.add(socket)
        try:
            yield
        finally:
            self._sockets.discard(socket)

    async def hang_up(self) -> None:
        """Closes every page's socket; the pages connect again and catch up."""
        closing = [socket.close(code=WSCloseCode.GOING_AWAY) for socket in self._sockets]
        await asyncio.gather(*closing, return_exceptions=True)

    async def close(self) -> None:
        """Hangs up for good, so that nothing waits for the browsers when the bot stops."""
        self._closed = True
        await self.hang_up()
