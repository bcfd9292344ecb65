"""HTTP clients for one service: one for requests, as many as needed for streams, one TLS context for all.

Opening a stream costs time in proportion to the streams already open on the same httpx client, and idle streams push
posts out of its keep-alive pool (both measured; httpcore 1.0.9). Hence at most 100 streams a client, and a client of
their own for requests. Proxies and certificate authorities come from the environment, as httpx reads it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from bot.domain.errors import UserError

STREAMS_PER_CLIENT = 100
CONNECT = 10.0  # seconds, also for writing

Hook = Callable[[httpx.Response], Awaitable[None]]
Auth = Callable[[httpx.Request], httpx.Request]


@dataclass(slots=True)
class _Seat:
    client: httpx.AsyncClient
    open: int = 0


class Pool:
    """Hands out clients; closes them all."""

    def __init__(self, headers: Mapping[str, str], auth: Auth, hook: Hook, *, silence: float) -> None:
        """`silence`: seconds without a byte after which a stream counts as broken.

        UserError when the environment names a proxy or a certificate file that cannot be used.
        """
        self._options: dict[str, Any] = {"headers": dict(headers), "auth": auth, "event_hooks": {"response": [hook]}}
        self._silence = silence
        self._streams: list[_Seat] = []
        try:
            self._tls = httpx.create_ssl_context()
            self.requests = self._client(timeout(CONNECT))
        except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
            raise UserError(f"The proxy or certificate settings of the environment cannot be used: {error}") from None

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client with room for one more stream, for as long as that lasts. After `aclose` a closed one."""
        if self.requests.is_closed:
            yield self.requests
            return
        seat = next((seat for seat in self._streams if seat.open < STREAMS_PER_CLIENT), None)
        if seat is None:
            seat = _Seat(self._client(timeout(self._silence), limits=httpx.Limits(max_connections=None)))
            self._streams.append(seat)
        seat.open += 1
        try:
            yield seat.client
        finally:
            seat.open -= 1

    @property
    def stream_clients(self) -> int:
        """How many clients streams have needed so far."""
        return len(self._streams)

    async def aclose(self) -> None:
        """Closes every connection; streams that are still read break."""
        for client in (self.requests, *(seat.client for seat in self._streams)):
            await client.aclose()

    def _client(self, patience: httpx.Timeout, **more: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=self._tls, timeout=patience, **self._options, **more)


def timeout(read: float) -> httpx.Timeout:
    """Seconds: `read` without a byte, ten to connect, ten to write; no limit for waiting in a pool."""
    return httpx.Timeout(connect=CONNECT, write=CONNECT, read=read, pool=None)
