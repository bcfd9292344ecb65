"""What the doctor says of folders, recipes, services and outboxes."""

from pathlib import Path

import pytest
from fakes.clock import BEGIN

from bot.domain.effects import PostLog
from bot.domain.errors import UserError
from bot.domain.places import Place
from bot.programs import doctor
from bot.settings import Settings, read
from bot.store import outbox
from bot.store.database import Database


async def told(settings: Settings) -> tuple[str, bool]:
    said: list[str] = []
    try:
        await doctor.run(settings, say=said.append)
    except UserError:
        return "\n".join(said), False
    return "\n".join(said), True


async def made(path: Path, *, buried: bool = False) -> None:
    """A database, with a message that was given up in it."""
    database = await Database.open(path)
    if buried:
        effect = PostLog(1, Place("fake", "team", "training"))
        await database.write(lambda connection: outbox.add(connection, [effect], BEGIN))
        row = (await database.read(outbox.heads(BEGIN)))[0]
        await database.write(lambda connection: outbox.give_up(connection, row, "refused", BEGIN, told=False))
    await database.close()


async def test_a_demos_folder_is_looked_at_as_the_demo_has_it(tmp_path: Path) -> None:
    await made(tmp_path / "demo" / "trainbot.db")
    for folder in (tmp_path, tmp_path / "demo"):
        text, well = await told(read(data_dir=folder))
        assert well, text
        assert "Training service: embedded, not running" in text
        assert "0 waiting, 0 live runs" in text


async def test_what_was_given_up_is_a_problem_until_somebody_looks(tmp_path: Path) -> None:
    await made(tmp_path / "trainbot.db", buried=True)
    text, well = await told(read(data_dir=tmp_path, trainer="embedded"))
    assert not well
    assert "1 message given up: `trainbot outbox list` says why." in text


async def test_a_missing_service_and_a_broken_recipe_are_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "odd.toml").write_text("modle = 1\ncolour = 2\n")
    text, well = await told(read(data_dir=tmp_path))
    assert not well
    assert "Set ARKOR_TOKEN, ARKOR_ORG and ARKOR_PROJECT, or TRAINBOT_TRAINER=embedded." in text
    assert all(line.startswith("  - odd.toml: ") for line in text.splitlines() if "odd.toml" in line)
    assert text.count("odd.toml") >= 3


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder in which nobody can make one")
async def test_a_folder_that_cannot_be_made_is_a_problem() -> None:
    settings = read(data_dir="/proc/self/fdinfo/nope", trainer="embedded")
    text, well = await told(settings)
    assert ("cannot be made" in text) is not well
