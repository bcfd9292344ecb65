"""The embedded service as the bot keeps it: started, found again, restarted where it was, and ended."""

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from fakes.process import alive, nothing_left
from structlog.testing import capture_logs

from bot.domain.errors import UserError
from bot.programs import embedded
from bot.trainer.service import find_service


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with nothing_left(tmp_path):
        yield tmp_path / "trainer"


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not look():
            await asyncio.sleep(0.05)


def pid(folder: Path) -> int:
    found = find_service(folder)
    return found.pid if found else 0


async def answers(address: embedded.Address) -> int:
    async with httpx.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": f"Bearer {address.token}"}
        return (await http.get(f"{address.url}/v1/jobs?orgSlug=local&projectSlug=local", headers=headers)).status_code


@contextmanager
def starting(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A service that has its folder and does not listen yet; it holds the lock as long as it lives."""
    folder.mkdir(parents=True)
    lock = os.open(folder / "service.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    waits = [sys.executable, "-c", "import signal; signal.pause()"]
    process = subprocess.Popen(waits, pass_fds=(lock,))
    os.close(lock)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def taken(folder: Path) -> int:
    """The folder's lock, as soon as it can be had."""
    lock = os.open(folder / "service.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    (folder / "service.json").unlink(missing_ok=True)
    return lock


async def test_a_service_is_started_with_a_secret_of_its_own_and_ended(folder: Path) -> None:
    async with embedded.service(folder, (), 1) as address:
        process = pid(folder)
        assert await answers(address) == 200
        assert await answers(embedded.Address(address.url, "guessed")) == 401
        assert address.token not in repr(address)
        assert (folder / "service.json").stat().st_mode & 0o077 == 0
    assert not alive(process)
    assert find_service(folder) is None


async def test_a_service_that_is_killed_comes_back_where_it_was(folder: Path) -> None:
    async with embedded.service(folder, (), 1) as address:
        first = pid(folder)
        os.kill(first, signal.SIGKILL)
        await until(lambda: pid(folder) not in {0, first})
        assert await answers(address) == 200
        second = pid(folder)
    assert not alive(second)


async def test_a_service_that_an_earlier_bot_left_is_used_kept_alive_and_ended(folder: Path) -> None:
    async with embedded.service(folder, (), 1) as earlier:
        first = pid(folder)
        async with embedded.service(folder, (), 1) as address:
            assert address == earlier
            assert pid(folder) == first
        assert not alive(first) or not pid(folder)
    assert find_service(folder) is None


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are counted in /proc")
async def test_a_service_that_is_just_starting_is_waited_for_and_used(folder: Path) -> None:
    with starting(folder) as other:
        facts = {"url": "http://127.0.0.1:9", "port": 9, "pid": other.pid, "token": "theirs"}

        async with embedded_beside(folder, facts) as address:
            assert address == embedded.Address("http://127.0.0.1:9", "theirs")
        assert other.wait(10) == -signal.SIGTERM


@asynccontextmanager
async def embedded_beside(folder: Path, facts: dict[str, object]) -> AsyncIterator[embedded.Address]:
    """Our service while the other one begins to listen only after ours has run into it."""
    service = embedded.service(folder, (), 1)
    entering = asyncio.create_task(service.__aenter__())
    await until(lambda: children() > 1)
    await until(lambda: children() == 1)
    (folder / "service.json").write_text(json.dumps(facts))
    try:
        yield await entering
    finally:
        await service.__aexit__(None, None, None)


def children() -> int:
    """How many processes are ours: the other service, and the one that runs into it."""
    mine = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return sum(alive(int(one)) for one in mine)


async def test_a_service_that_cannot_start_is_a_sentence(folder: Path) -> None:
    folder.mkdir()
    (folder / "trainer.toml").write_text("nonsense")
    with pytest.raises(UserError, match=r"The training service ended at its start \(exit code 78\)"):
        async with embedded.service(folder, (), 1):
            raise AssertionError
    assert find_service(folder) is None


async def test_a_service_whose_own_folder_is_in_its_way_is_not_taken_for_another_one(folder: Path) -> None:
    folder.mkdir()
    (folder / "jobs").write_text("")
    async with asyncio.timeout(15):
        with pytest.raises(UserError, match=r"The training service ended at its start \(exit code 69\)"):
            async with embedded.service(folder, (), 1):
                raise AssertionError


async def test_a_service_in_the_way_that_ends_without_listening_makes_room_for_ours(folder: Path) -> None:
    with starting(folder) as other:
        service = embedded.service(folder, (), 1)
        entering = asyncio.create_task(service.__aenter__())
        await until(lambda: children() > 1)
        await until(lambda: children() == 1)
        other.kill()
        other.wait()
        try:
            assert await answers(await entering) == 200
        finally:
            await service.__aexit__(None, None, None)


async def test_a_service_whose_restart_the_system_refuses_is_tried_again(folder: Path) -> None:
    async with embedded.service(folder, (), 1) as address:
        with capture_logs() as told:
            first = pid(folder)
            os.kill(first, signal.SIGKILL)
            await until(lambda: not alive(first))
            (folder / "service.lock").unlink()
            (folder / "service.lock").mkdir()  # no file: every look at it is an OSError
            await until(lambda: any("could not be looked after" in one["event"] for one in told))
        (folder / "service.lock").rmdir()
        await until(lambda: pid(folder) not in {0, first})
        assert await answers(address) == 200


async def test_a_service_that_took_the_folder_while_ours_was_gone_is_watched_like_our_own(folder: Path) -> None:
    async with embedded.service(folder, (), 1) as address:
        os.kill(pid(folder), signal.SIGKILL)
        lock = await asyncio.to_thread(taken, folder)
        with capture_logs() as told:
            await until(lambda: any("Another training service" in one.get("problem", "") for one in told))
        os.close(lock)
        await until(lambda: pid(folder))
        assert await answers(address) == 200
