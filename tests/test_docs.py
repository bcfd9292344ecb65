"""README is held against the code: its tables are what the code says, its commands are the ones that work."""

import re
from pathlib import Path

from click import Group
from pydantic import SecretStr

from bot import cli
from bot.commands import table
from bot.settings import Settings, variable

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def between(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", README, re.S)
    assert found, f"README has no {mark}"
    return found[1].strip()


def settings_table() -> str:
    rows = ["| variable | what it does | default |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "") or isinstance(field.default, SecretStr) else f"`{field.default}`"
        shown = {"`True`": "`1`", "`False`": "off"}.get(default, default)
        rows.append(f"| `{variable(name)}` | {field.description} | {shown} |")
    return "\n".join(rows)


def test_readme_lists_every_command_as_the_registry_has_it() -> None:
    assert between("commands") == table.markdown()


def test_readme_lists_every_setting_of_a_recipe() -> None:
    assert between("hypers") == table.settings()


def test_readme_lists_every_knob_as_the_settings_have_it() -> None:
    assert between("settings") == settings_table()


def test_readme_names_every_program_of_the_command_line() -> None:
    for name, command in cli.main.commands.items():
        assert f"trainbot {name}" in README, name
        if isinstance(command, Group):
            for below in command.commands:
                assert f"trainbot {name} {below}" in README, below


def test_every_picture_and_file_that_readme_shows_is_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)|<img src=\"([^\"]+)\" alt=\"[^\"]", README)
    named = [*("".join(one) for one in shown), "tests/data/holdout.jsonl", "tests/test_crash.py"]
    assert len(named) >= 4
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_folder_of_the_house_is_on_the_map() -> None:
    rooms = {path.name for path in (ROOT / "bot").iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert [name for name in sorted(rooms) if f"`bot/{name}`" not in README] == []


def test_every_metric_is_explained() -> None:
    from bot.store import operator

    names = re.findall(r" AS (\w+)", operator.counts().sql)
    assert names
    assert [name for name in names if f"`trainbot_{name}`" not in README] == []
