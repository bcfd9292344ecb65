"""Fixture: an office of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from commands.office import Office, opened


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path / "bot.db") as one:
        yield one
