"""Fixtures: a stage with nothing on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from runtime.stage import Stage, stage


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path / "bot.db") as one:
        yield one
