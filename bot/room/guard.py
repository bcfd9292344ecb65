"""The checks around each of the room's handlers, and how a refusal is told.

Runs at every request, before anything is read or done. What is checked is in `doors`; what a person may see or do is
decided by the act itself.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from bot.domain.errors import Rejected, UserError
from bot.room.doors import Doors

BODY_LIMIT = 64 * 1024
T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """Wraps handlers into their checks. `entrance` answers those who are not let in."""

    def __init__(self, doors: Doors, entrance: Callable[[web.Request], web.Response]) -> None:
        self._doors = doors
        self._entrance = entrance

    def host(self, handler: Handler) -> Handler:
        """Host alone: for what holds no secret."""

        async def checked(request: web.Request) -> web.StreamResponse:
            if not self._doors.host_fits(request):
                return refuse(403, "This name is not one of trainbot's. Set TRAINBOT_PUBLIC_HOST to allow it.")
            return await handler(request)

        return checked

    def read(self, handler: Handler) -> Handler:
        """Host and cookie."""

        async def checked(request: web.Request) -> web.StreamResponse:
            if not await self._doors.knows(request):
                return self._entrance(request)
            return await _spoken(handler(request))

        return self.host(checked)

    def live(self, handler: Handler) -> Handler:
        """Host, Origin and cookie."""

        async def checked(request: web.Request) -> web.StreamResponse:
            if not self._doors.origin_fits(request):
                return refuse(403, "This request does not come from the room's own page.")
            return await handler(request)

        return self.read(checked)

    def post(self, handler: Handler) -> Handler:
        """Host, Origin, cookie, and a type that no form of another page can send."""

        async def checked(request: web.Request) -> web.StreamResponse:
            if request.content_type != "application/json":
                return refuse(415, "Only JSON is taken here.")
            return await handler(request)

        return self.live(checked)

    def write(self, kind: type[T], act: Callable[[T], Awaitable[dict[str, Any]]]) -> Handler:
        """All checks, and the body as this type."""

        async def handler(request: web.Request) -> web.StreamResponse:
            raw = await _body(request)
            if raw is None:
                return refuse(413, "That is too long.")
            try:
                asked = msgspec.json.decode(raw, type=kind)
            except msgspec.DecodeError as error:
                return refuse(400, f"That request cannot be read: {error}")
            return web.json_response(await act(asked))

        return self.post(handler)


def refuse(status: int, reason: str) -> web.Response:
    """An answer that says what is wrong."""
    return web.json_response({"error": reason}, status=status, headers={"Cache-Control": "no-store"})


async def _spoken(answer: Awaitable[web.StreamResponse]) -> web.StreamResponse:
    """The answer, or the sentence of what went wrong."""
    try:
        return await answer
    except UserError as error:
        return refuse(400, str(error))
    except Rejected as error:
        return refuse(400, f"That did not work: {error.reason}.")


async def _body(request: web.Request) -> bytes | None:
    """The body, None when it is too long; read no further than needed."""
    raw = b""
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > BODY_LIMIT:
            return None
    return raw
