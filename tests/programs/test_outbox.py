"""The operator's commands on the outbox: what they print, and that they change only what is meant."""

import sqlite3
from pathlib import Path

import pytest
from commands.office import opened

from bot.domain.errors import UserError
from bot.programs import outbox
from bot.store.database import migrations


async def filled(path: Path) -> None:
    """A database with one run and its two effects."""
    async with opened(path) as office:
        await office.ask("start support-bot")


async def shown(path: Path) -> list[str]:
    said: list[str] = []
    await outbox.show(path, say=said.append)
    return said


async def test_an_empty_outbox_is_said_to_be_so(tmp_path: Path) -> None:
    async with opened(tmp_path / "bot.db"):
        pass
    assert await shown(tmp_path / "bot.db") == ["Nothing waits and nothing was given up."]


async def test_what_waits_is_a_line_each_with_where_it_goes(tmp_path: Path) -> None:
    await filled(tmp_path / "bot.db")
    announce, start, many = await shown(tmp_path / "bot.db")
    assert "waiting" in announce
    assert "Announce" in announce
    assert "run #1" in announce
    assert "fake/team/training" in announce
    assert "StartRun" in start
    assert "training service" in start
    assert many.startswith("2 rows.")


async def test_a_dropped_row_is_done_with_and_what_did_not_fail_is_left_alone(tmp_path: Path) -> None:
    path, said = tmp_path / "bot.db", []
    await filled(path)
    await outbox.drop(path, 1, say=said.append)
    with pytest.raises(UserError, match="Row 1 does not wait"):
        await outbox.retry(path, 1, say=said.append)
    await outbox.retry(path, None, say=said.append)
    assert said == ["Row 1 is dropped.", "Nothing failed. What waits goes by itself."]


async def test_a_number_that_does_not_wait_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    await filled(path)
    for act in (outbox.drop(path, 7, say=str), outbox.retry(path, 7, say=str)):
        with pytest.raises(UserError, match="Row 7 does not wait"):
            await act


async def test_a_bot_that_runs_is_not_disturbed(tmp_path: Path) -> None:
    async with opened(tmp_path / "bot.db") as office:
        await office.ask("start support-bot")
        assert len(await shown(tmp_path / "bot.db")) == 3
        await outbox.drop(tmp_path / "bot.db", 2, say=str)
        assert "StartRun 1" not in await office.effects()
        await office.ask("start tickets")
        assert await office.runs() == [1, 2]


@pytest.mark.parametrize("version", [len(migrations()) + 1, *range(1, len(migrations()))])
async def test_another_schema_is_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "bot.db"
    await filled(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(UserError, match=f"schema {version}, this one"):
        await shown(path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == version
    connection.close()


async def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bot.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(UserError, match=r"bot\.db cannot be used: file is not a database"):
        await shown(tmp_path / "bot.db")
