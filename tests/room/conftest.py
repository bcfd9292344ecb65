"""Fixtures: a room on a real port with a real database, and a browser that was let in."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from room.house import Builder, House, Visitor


@pytest.fixture
async def build() -> AsyncIterator[Builder]:
    async with AsyncExitStack() as stack:
        yield Builder(stack)


@pytest.fixture
async def house(build: Builder, tmp_path: Path) -> House:
    return await build(tmp_path / "bot.db")


@pytest.fixture
async def ada(house: House) -> AsyncIterator[Visitor]:
    async with await house.visitor() as visitor:
        yield visitor
