"""Fixtures: a new database as its one writer sees it, and a run in it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from store.made import ADA, HERE, NOW, RECIPE

from bot.domain.runs import Run
from bot.store import people, runs
from bot.store.database import migrate, migrations


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    opened.row_factory = sqlite3.Row
    opened.execute("PRAGMA foreign_keys = ON")
    opened.execute("PRAGMA synchronous = OFF")
    migrate(opened, migrations())
    people.see(opened, ADA, NOW)
    yield opened
    opened.close()


@pytest.fixture
def run(connection: sqlite3.Connection) -> Run:
    return runs.add(
        connection, lambda number: Run(number=number, recipe=RECIPE, home=HERE, starter=ADA, requested_at=NOW)
    )
