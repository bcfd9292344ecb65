"""Server-sent events out of an HTTP response, with everything bounded.

Runs for job streams and for streamed answers. It hands a capped copy of the body to httpx-sse, which keeps an
unterminated line without limit (measured: 128 MiB of line grew the process by 433 MiB). What the events mean is left
to `wire` and `inference`.
"""

from collections.abc import AsyncGenerator, AsyncIterator

import httpx
from httpx_sse import EventSource, ServerSentEvent

from bot.backend.errors import TooLarge

MEDIA_TYPE = "text/event-stream"
FRAME_LIMIT = 1024 * 1024  # bytes between two blank lines
PIECE = 64 * 1024  # bytes handed on at once; a frame may exceed its limit by as much

# Two line ends with nothing between them, however each is written; CR LF is one line end, not two.
_BLANK = (b"\n\n", b"\n\r", b"\r\r")


class CappedBody(httpx.AsyncByteStream):
    """The decoded bytes of a response; raises TooLarge as soon as a frame is longer than the limit."""

    def __init__(self, response: httpx.Response, limit: int) -> None:
        self._response = response
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, last = 0, b""
        async for chunk in self._response.aiter_bytes():
            for start in range(0, len(chunk), PIECE):
                piece = chunk[start : start + PIECE]
                window = last + piece
                blank = max(window.rfind(pair) for pair in _BLANK)
                size = size + len(piece) if blank < 0 else len(window) - blank - 2
                if size > self._limit:
                    raise TooLarge(f"a frame of more than {self._limit} bytes")
                last = piece[-1:]
                yield piece

    async def aclose(self) -> None:
        await self._response.aclose()


def is_stream(response: httpx.Response) -> bool:
    """Whether the body is declared as server-sent events, exactly; httpx-sse is content with a substring."""
    declared: str = response.headers.get("Content-Type", "")
    return declared.partition(";")[0].strip().lower() == MEDIA_TYPE


def read(response: httpx.Response, limit: int = FRAME_LIMIT) -> AsyncGenerator[ServerSentEvent, None]:
    """The events of a response. The body is UTF-8 whatever the header says, a byte order mark is skipped (WHATWG)."""
    body = httpx.Response(
        200, headers={"Content-Type": f"{MEDIA_TYPE}; charset=utf-8-sig"}, stream=CappedBody(response, limit)
    )
    return EventSource(body).aiter_sse()
