"""The one HTTP port: health, metrics, headers, and an end that waits for no browser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bot.web import serve


@asynccontextmanager
async def open_port(routes: list[web.RouteDef] | None = None, **options: object) -> AsyncIterator[str]:
    given = {"health": lambda: {"ok": True, "runs": 2}, "metrics": lambda: "trainbot_runs 2\n", **options}
    async with serve("127.0.0.1", 0, routes or [], **given) as port:  # type: ignore[arg-type]
        yield f"http://127.0.0.1:{port}"


async def get(url: str, **headers: str) -> tuple[int, str, aiohttp.typedefs.LooseHeaders]:
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as response:
        return response.status, await response.text(), response.headers


async def test_health_is_what_the_callable_says_and_its_status_follows() -> None:
    async with open_port() as url:
        status, text, _ = await get(f"{url}/healthz")
    assert (status, text) == (200, '{"ok": true, "runs": 2}')
    async with open_port(health=lambda: {"ok": False}) as url:
        assert (await get(f"{url}/healthz"))[0] == 503


async def test_metrics_answer_a_loopback_peer() -> None:
    async with open_port() as url:
        status, text, headers = await get(f"{url}/metrics")
    assert (status, text) == (200, "trainbot_runs 2\n")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(("token", "given", "status"), [
    (None, "Bearer ", 403), ("s3cret", "Bearer wrong", 403), ("s3cret", "s3cret", 403),
    ("s3cret", "Bearer s3cret", 200),
])  # fmt: skip
async def test_metrics_want_the_token_of_whoever_comes_through_a_proxy(token: str, given: str, status: int) -> None:
    async with open_port(metrics_token=token) as url:
        got = await get(f"{url}/metrics", **{"X-Forwarded-For": "203.0.113.9", "Authorization": given})
    assert got[0] == status


@pytest.mark.parametrize("path", ["healthz", "metrics"])
@pytest.mark.parametrize(("host", "status"), [
    ("localhost:8717", 200), ("LOCALHOST", 200), ("192.168.1.5:8717", 200), ("[fe80::1]:80", 200), ("bot.lan", 200),
    ("bot.lan:1", 200), ("evil.example", 403), ("127.0.0.1.evil.example:8717", 403), ("127.0.0.1@evil.example", 403),
    ("[::1", 403), ("", 403),
])  # fmt: skip
async def test_a_name_that_another_page_pointed_here_reads_no_counts(path: str, host: str, status: int) -> None:
    async with open_port(public_host="bot.lan:8717") as url:
        got, text, _ = await get(f"{url}/{path}", Host=host)
    # A Host that is none at all may end in the HTTP parser.
    assert got == status or (status, got) == (403, 400)
    assert ("2" in text) == (status == 200)


async def test_the_bearer_token_reads_metrics_under_any_name() -> None:
    async with open_port(metrics_token="s3cret") as url:
        for token, status in (("s3cret", 200), ("wrong", 403)):
            assert (await get(f"{url}/metrics", Host="trainbot", Authorization=f"Bearer {token}"))[0] == status


async def test_a_token_that_is_no_text_is_a_wrong_one() -> None:
    async with open_port(metrics_token="s3cret") as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"403"
        writer.close()
        await writer.wait_closed()


async def test_every_answer_carries_the_security_headers_also_an_error() -> None:
    async with open_port() as url:
        for path in ("/healthz", "/nowhere"):
            headers = (await get(url + path))[2]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            policy = headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'")
            assert "unsafe" not in policy


async def test_a_port_that_is_taken_is_an_error() -> None:
    async with open_port() as url:
        with pytest.raises(OSError, match="address already in use"):
            async with serve("127.0.0.1", int(url.rpartition(":")[2]), [], health=dict, metrics=str):
                pass


async def test_closing_hangs_up_on_open_sockets_before_waiting_for_them() -> None:
    sockets: list[web.WebSocketResponse] = []

    async def live(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        sockets.append(socket)
        async for _ in socket:
            pass
        return socket

    async def hang_up() -> None:
        for socket in sockets:
            await socket.close()

    async with aiohttp.ClientSession() as http:
        async with open_port([web.get("/live", live)], closing=[hang_up]) as url:
            socket = await http.ws_connect(f"{url}/live")
            ended = asyncio.create_task(socket.receive())
        async with asyncio.timeout(1):
            assert (await ended).type is aiohttp.WSMsgType.CLOSE
