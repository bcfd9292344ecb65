"""Checking recipe files from the command line."""

from pathlib import Path

import pytest

from bot.domain.errors import UserError
from bot.programs import recipes
from bot.settings import read

GOOD = 'model = "tiny"\n[dataset]\ntype = "file"\nname = "a.jsonl"\n'


async def told(home: Path, *files: Path) -> tuple[list[str], bool]:
    said: list[str] = []
    return said, await recipes.check(read(data_dir=home), files, say=said.append)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recipe folder with a data file."""
    path = tmp_path / "recipes"
    path.mkdir()
    (path / "a.jsonl").write_text("{}\n")
    return path


async def test_recipes_that_can_be_used_are_a_line_each(tmp_path: Path, folder: Path) -> None:
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text(GOOD)
    (folder / "example.toml").write_text(GOOD.replace("a.jsonl", "support-tickets.jsonl"))
    (folder / "hub.toml").write_text(GOOD.replace('"file"', '"huggingface"'))
    assert await told(tmp_path) == (
        ["example.toml: well", "hub.toml: well", "one.toml: well", "two.toml: well"],
        True,
    )


async def test_every_mistake_is_a_line(tmp_path: Path, folder: Path) -> None:
    (folder / "odd.toml").write_text("modle = 1\ncolour = 2\n")
    (folder / "well.toml").write_text(GOOD)
    said, well = await told(tmp_path)
    assert not well
    assert len([line for line in said if line.startswith("odd.toml: ")]) >= 3
    assert said[-1] == "well.toml: well"


@pytest.mark.parametrize("name", ["missing.jsonl", "../a.jsonl", "/etc/passwd", "a.jsonl/x"])
async def test_a_data_file_that_is_not_beside_its_recipe_is_a_mistake(tmp_path: Path, folder: Path, name: str) -> None:
    (folder / "one.toml").write_text(GOOD.replace("a.jsonl", name))
    said, well = await told(tmp_path)
    assert not well
    assert len(said) == 1
    assert said[0].startswith("one.toml: ")


async def test_named_files_are_checked_wherever_they_lie(tmp_path: Path, folder: Path) -> None:
    good, text = folder / "one.toml", folder / "notes.txt"
    good.write_text(GOOD)
    text.write_text(GOOD)
    assert await told(tmp_path / "elsewhere", good) == (["one.toml: well"], True)
    said, well = await told(tmp_path / "elsewhere", good, text, folder / "gone.toml")
    assert not well
    assert said[1] == "notes.txt: the name of a recipe file ends in .toml."
    assert said[2] == "gone.toml cannot be read: No such file or directory."


async def test_where_there_is_nothing_to_check_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no recipe in"):
        await told(tmp_path)
