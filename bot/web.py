"""The one HTTP port: the routes that the chat folders hand over, /healthz and /metrics.

Runs as long as the bot does, inside `async with serve(...)`. Signals are handled by app; who may use a route is
decided by the route itself. Every answer carries the headers that keep a browser from being clever.
"""

import hmac
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.domain.urls import LOOPBACK

BODY_LIMIT = 1024 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
STRANGE = "This name is not one of trainbot's. Set TRAINBOT_PUBLIC_HOST to allow it, or use the address.\n"
CLOSING = 2.0  # seconds that open requests get when the bot stops

Health = Callable[[], Mapping[str, Any]]
Metrics = Callable[[], str]


@asynccontextmanager
async def serve(
    host: str,
    port: int,
    routes: Sequence[web.RouteDef],
    *,
    health: Health,
    metrics: Metrics,
    metrics_token: str | None = None,
    public_host: str | None = None,
    closing: Sequence[Callable[[], Awaitable[None]]] = (),
) -> AsyncIterator[int]:
    """Serves until the block ends; gives the real port (port 0 takes a free one). OSError when the port is taken.

    `health`: cheap, not blocking; `{"ok": false, ...}` answers 503. `metrics`: Prometheus text, for loopback peers and
    for `Authorization: Bearer <metrics_token>`. `public_host`: a name, or name:port, under which both are answered
    besides loopback names, `host` and addresses. `closing`: done first at the end, to hang up on who would not go.
    """
    app = web.Application(client_max_size=BODY_LIMIT)
    app.add_routes(routes)
    names = LOOPBACK | {host.lower(), _name(public_host or "")}
    app.router.add_get("/healthz", _healthz(health, names))
    app.router.add_get("/metrics", _metrics(metrics, metrics_token, names))
    app.on_response_prepare.append(_add_headers)

    async def hang_up(_: web.Application) -> None:
        for close in closing:
            await close()

    app.on_shutdown.append(hang_up)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSING)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _healthz(health: Health, names: frozenset[str]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        if not _meant(request, names):
            return web.Response(status=403, text=STRANGE)
        told = health()
        return web.json_response(told, status=200 if told.get("ok", True) else 503)

    return handler


def _metrics(
    metrics: Metrics, token: str | None, names: frozenset[str]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        if not _carries(request, token):
            if not _near(request):
                return web.Response(status=403, text="Metrics are for loopback, or for the bearer token.\n")
            if not _meant(request, names):
                return web.Response(status=403, text=STRANGE)
        # Prometheus text exposition format, version 0.0.4.
        body = metrics().encode()
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    return handler


def _meant(request: web.Request, names: frozenset[str]) -> bool:
    """Whether the request was meant for us: a page elsewhere can point a name of its own at this computer, but no
    address, and a browser never leaves Host out."""
    given = request.headers.get("Host")
    name = "" if given is None else _name(given)
    if given is None or (name and name in names):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """The name in a Host, without port and brackets, in lower case; empty where there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _near(request: web.Request) -> bool:
    """Whether the peer is this computer and speaks for itself: a proxy's peers come from anywhere."""
    if request.remote is None or "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    return ipaddress.ip_address(request.remote.partition("%")[0]).is_loopback


def _carries(request: web.Request, token: str | None) -> bool:
    given = request.headers.get("Authorization", "")
    return token is not None and hmac.compare_digest(_bytes(given), _bytes(f"Bearer {token}"))


def _bytes(text: str) -> bytes:
    """Headers and environment bring bytes that are no UTF-8 as lone surrogates."""
    return text.encode("utf-8", "surrogatepass")
