"""What the doctor says of folders, recipes, services and outboxes."""

import os
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


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home without an Arkor login, a folder without a project, and none of our variables."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.chdir(tmp_path / "empty")
    for name in [name for name in os.environ if name.startswith(("ARKOR_", "TRAINBOT_"))]:
        monkeypatch.delenv(name)


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
        assert "Training service: embedded, organisation local, project local, because " in text
        assert "; not running now, `trainbot demo` starts it" in text
        assert "0 waiting, 0 live runs" in text


async def test_what_was_given_up_is_a_problem_until_somebody_looks(tmp_path: Path) -> None:
    await made(tmp_path / "trainbot.db", buried=True)
    text, well = await told(read(data_dir=tmp_path, trainer="embedded"))
    assert not well
    assert "1 message given up: `trainbot outbox list` says why." in text


async def test_a_service_without_its_project_and_a_broken_recipe_are_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "odd.toml").write_text("modle = 1\ncolour = 2\n")
    text, well = await told(read(data_dir=tmp_path, service_token="s3cret-token"))
    assert not well
    assert "Training service: 1 problem\n  - ARKOR_TOKEN is set, but not ARKOR_ORG and ARKOR_PROJECT, " in text
    assert all(line.startswith("  - odd.toml: ") for line in text.splitlines() if "odd.toml" in line)
    assert text.count("odd.toml") >= 3
    assert "s3cret" not in text


async def test_with_nothing_set_the_embedded_service_is_told_with_the_reason(tmp_path: Path) -> None:
    text, well = await told(read(data_dir=tmp_path))
    assert well, text
    service = next(line for line in text.splitlines() if line.startswith("Training service: "))
    assert service.startswith("Training service: embedded, organisation local, project local, because ARKOR_TOKEN is ")
    assert service.endswith("; not running now, `trainbot run` starts it")
    assert "Recipes: 2 recipes in " in text


async def test_a_service_that_does_not_answer_is_told_with_its_name_and_the_reason(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "mine.toml").write_text('model = "m"\n[dataset]\ntype = "file"\nname = "d.jsonl"\n')
    given = {"service_token": "s3cret-token", "service_org": "acme", "service_project": "tickets"}
    text, well = await told(read(data_dir=tmp_path, service_url="http://127.0.0.1:9", **given))
    assert not well
    assert (
        "Training service: 1 problem; http://127.0.0.1:9, organisation acme, project tickets, because ARKOR_TOKEN is "
        "set and ARKOR_ORG and ARKOR_PROJECT name the project\n  - The training service at 127.0.0.1:9 cannot be "
    ) in text
    assert "1 problem found" not in text
    assert "Recipes: 1 recipe in " in text
    text, well = await told(read(data_dir=tmp_path, **{**given, "service_token": "s3cret\u00e9"}))
    assert not well
    assert "contains characters that cannot be sent" in text
    assert "s3cret" not in text


async def test_a_demo_is_looked_at_only_where_no_other_service_is_named(tmp_path: Path) -> None:
    await made(tmp_path / "demo" / "trainbot.db")
    text, _ = await told(read(data_dir=tmp_path, service_token="s3cret-token"))
    assert "Outbox: no database yet" in text
    assert "ARKOR_TOKEN is set, but not" in text


async def test_the_config_is_counted_and_its_mistakes_are_problems(tmp_path: Path) -> None:
    path = tmp_path / "trainbot.toml"
    text, well = await told(read(data_dir=tmp_path, trainer="embedded"))
    assert well
    assert f"Config: no {path}; what the platforms let people do decides" in text
    path.write_text('[access]\nadmins = ["slack/T/U"]\noperators = []\n[[prompts]]\nuser = "Hello?"\n')
    text, well = await told(read(data_dir=tmp_path, trainer="embedded"))
    assert well
    assert f"Config: {path}: 1 admin, 0 operators, 1 default prompt" in text
    path.write_text("[access]\nadmins = []\n")
    text, _ = await told(read(data_dir=tmp_path, trainer="embedded"))
    assert f"Config: {path}: 0 admins, no list of operators, 0 default prompts" in text
    path.write_text("[access]\nadmins = 1\n[limits]\n")
    text, well = await told(read(data_dir=tmp_path, trainer="embedded"))
    assert not well
    assert f"Config: 2 problems\n  - {path}: unknown key `limits`. Allowed: access, prompts.\n" in text


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder in which nobody can make one")
async def test_a_folder_that_cannot_be_made_is_a_problem() -> None:
    settings = read(data_dir="/proc/self/fdinfo/nope", trainer="embedded")
    text, well = await told(settings)
    assert ("cannot be made" in text) is not well


@pytest.mark.parametrize(
    ("place", "room", "said"),
    [
        ("room/local/training", True, "Place: room/local/training"),
        ("room/local/trainning", True, "TRAINBOT_PLACE is room/local/trainning, but the room has no such channel."),
        (
            "room/local/training",
            False,
            "TRAINBOT_PLACE is room/local/training, but the room is closed.",
        ),
        (
            "room/team/training",
            True,
            "TRAINBOT_PLACE is room/team/training; the room's channel",
        ),
        ("slak/T1/C1", True, "TRAINBOT_PLACE is slak/T1/C1, but no chat called slak is connected."),
        (None, True, ""),
    ],
)
async def test_a_place_for_other_runs_that_cannot_be_told_anything_is_a_problem(
    tmp_path: Path, place: str | None, room: bool, said: str
) -> None:
    given = read(data_dir=tmp_path, trainer="embedded", room=room, place=place)
    if place and room and place.startswith("room/local"):
        text, well = await told(given)
        assert well, "there is no room yet"
        assert "no database yet" in text
    await made(tmp_path / "trainbot.db")
    text, well = await told(given)
    assert said in text
    assert well is (not said or said.startswith("Place: "))
    assert ("Place: " in text) is (place is not None)
