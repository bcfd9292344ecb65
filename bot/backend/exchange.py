"""One HTTP exchange with the training service: scope, headers, status, bounded bodies, errors mapped.

Under every method of `ServiceClient`. Never repeats a request and follows no redirect: the token belongs to one host.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bot.backend import wire
from bot.backend.errors import Border, Errand, TooLarge
from bot.domain.errors import Rejected, Scope

TOTAL = 120.0  # seconds for a whole exchange, however steadily its answer trickles
BODY_LIMIT = 16 * 1024 * 1024  # bytes of an answer
PORT_LIMIT = 65535
ERROR_BODY_LIMIT = 64 * 1024  # bytes of an error's body that are read


class Exchange:
    """Sends requests to one project of one service. `root`: its address without a slash at the end."""

    def __init__(self, client: httpx.AsyncClient, border: Border, root: str, scope: Mapping[str, str]) -> None:
        self._client = client
        self._border = border
        self._root = root
        self._scope = dict(scope)

    async def fetch(self, method: str, path: str, errand: Errand, *, body: Any = None) -> Any:
        """The JSON of an answer."""
        with self._border.watched(errand):
            async with asyncio.timeout(TOTAL), self.open(method, path, errand, body=body) as response:
                return await self.json(response, errand)

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        errand: Errand,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        patience: httpx.Timeout | None = None,
        client: httpx.AsyncClient | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """An answer with a status of success, its body not read yet. Errors of the reader inside are mapped too."""
        content = None if body is None else _encode(body)
        typed = {} if content is None else {"Content-Type": "application/json"}
        # An id may hold any letter, and httpx takes a text for ASCII: hence bytes, UTF-8 as in the WHATWG standard.
        sent = [(name.encode(), value.encode()) for name, value in {**typed, **(headers or {})}.items()]
        client = client or self._client
        if client.is_closed:
            raise self._border.closed()
        with self._border.watched(errand):
            request = client.build_request(
                method,
                self._root + path,
                params=self._scope,
                content=content,
                headers=sent,
                timeout=patience or httpx.USE_CLIENT_DEFAULT,
            )
            if (request.url.port or 0) > PORT_LIMIT:
                raise httpx.InvalidURL("There is no such port.")  # anyio would let out a group of OverflowErrors
            response = await client.send(request, stream=True)
            try:
                if not response.is_success:
                    raise self._border.refused(response, await _read_error(response), errand)
                yield response
            finally:
                await response.aclose()

    async def json(self, response: httpx.Response, errand: Errand) -> Any:
        """The value in the body."""
        try:
            return wire.loads(await _read(response))
        except ValueError:
            raise self._border.unreadable("no JSON", errand) from None


def _encode(body: Any) -> bytes:
    """JSON as the protocol wants it; a number that JSON does not know is the request's fault."""
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Rejected(Scope.CONTENT, f"The request cannot be written as JSON: {error}") from None


async def _read(response: httpx.Response) -> bytes:
    """The whole body."""
    parts, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > BODY_LIMIT:
            raise TooLarge(f"an answer of more than {BODY_LIMIT} bytes")
        parts.append(chunk)
    return b"".join(parts)


async def _read_error(response: httpx.Response) -> bytes:
    """The beginning of an error's body; the status counts even where the body breaks."""
    body = b""
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) >= ERROR_BODY_LIMIT:
                break
    except httpx.HTTPError:
        pass
    return body[:ERROR_BODY_LIMIT]
