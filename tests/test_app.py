"""The composition root: what is put together runs, says where it is, and is taken apart again in order."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.backend import FakeBackend
from fakes.clock import VirtualClock
from structlog.testing import capture_logs

from bot import app
from bot.domain.errors import UserError
from bot.settings import Settings, SettingsError, read
from bot.store.database import Database, DatabaseInUse


def settings(path: Path, **given: Any) -> Settings:
    return read(**{"data_dir": path, "port": 0, "host": "127.0.0.1", **given})


def running(path: Path, *, room: bool = True, **given: Any) -> Any:
    backend = FakeBackend(clock=VirtualClock())
    return app.running(settings(path, **given), backend, identity="fake", examples=False, room=room)


async def test_a_bot_answers_health_and_lets_one_browser_into_its_room(tmp_path: Path) -> None:
    async with running(tmp_path) as bot, httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"http://127.0.0.1:{bot.port}/healthz")).json()["ok"] is True
        entered = await http.get(str(bot.address))
        assert (entered.status_code, entered.headers["Location"]) == (303, "/")
        assert (await http.get(str(bot.address))).status_code in {303, 403}
        async with httpx.AsyncClient(trust_env=False) as other:
            assert (await other.get(str(bot.address))).status_code == 403


async def test_without_a_room_there_is_no_page_and_no_address(tmp_path: Path) -> None:
    async with running(tmp_path, room=False) as bot, httpx.AsyncClient(trust_env=False) as http:
        assert bot.address is None
        assert (await http.get(f"http://127.0.0.1:{bot.port}/")).status_code == 404


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("slak/T1/C1", "No chat called slak is connected."),
        ("room/local/nowhere", "There is no channel #nowhere in the room. Add it there, or name another one."),
        ("room/local/training", None),
        (None, None),
    ],
)
async def test_a_place_that_nothing_can_be_told_at_is_in_the_log_from_the_start(
    tmp_path: Path, place: str | None, problem: str | None
) -> None:
    with capture_logs() as logs:
        async with running(tmp_path, place=place):
            pass
    assert [one["problem"] for one in logs if "problem" in one] == ([problem] if problem else [])


async def test_everything_is_given_back_at_the_end(tmp_path: Path) -> None:
    for _ in range(2):
        async with running(tmp_path) as bot:
            port = bot.port
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    await (await Database.open(tmp_path / "trainbot.db")).close()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_a_second_bot_on_the_same_data_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path):
        with pytest.raises(DatabaseInUse):
            async with running(tmp_path):
                raise AssertionError


async def test_a_port_that_is_taken_is_an_os_error_and_everything_is_given_back(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for _ in range(2):
            with pytest.raises(OSError, match="address already in use"):
                async with running(tmp_path, port=taken.getsockname()[1]):
                    raise AssertionError


async def test_what_the_block_raises_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^mine$"):
        async with running(tmp_path):
            raise UserError("mine")


async def test_a_cancelled_bot_ends_as_cancelled(tmp_path: Path) -> None:
    ready = asyncio.Event()

    async def live() -> None:
        async with running(tmp_path):
            ready.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(live())
    await ready.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await (await Database.open(tmp_path / "trainbot.db")).close()


async def test_a_room_that_others_reach_wants_a_token(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="set TRAINBOT_ROOM_TOKEN first"):
        async with running(tmp_path, host="0.0.0.0"):
            raise AssertionError
    assert not (tmp_path / "trainbot.db").exists()
    async with running(tmp_path, host="0.0.0.0", room_token="s3cret-and-long-enough") as bot:
        assert str(bot.address).startswith(f"http://127.0.0.1:{bot.port}/room?token=")


async def test_a_database_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "trainbot.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(UserError, match=r"The database .*trainbot\.db cannot be used"):
        async with running(tmp_path):
            raise AssertionError


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("bot.example", "http://bot.example:80"),
    ],
)
def test_the_address_of_the_web_port_can_be_opened(host: str, url: str) -> None:
    assert app.base_url(host, 80) == url


async def test_the_clock_is_the_machines_own() -> None:
    clock = app.SystemClock()
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.monotonic() >= before
    assert clock.now().utcoffset() is not None
