"""The rules of the house that a machine can hold: floors, sizes, docstrings, words, what lies at the top."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "bot").rglob("*.py"))
MOST_LINES = 300
TOP = {"pyproject.toml", "bot", "tests", "manifest.yml", "README.md", "LICENSE"}
LOCK_FILES = {"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "requirements.lock"}
VAGUE = {"util", "utils", "helper", "helpers", "manager", "managers", "base"}
WRITTEN_BY_US = {".py", ".toml", ".md", ".sql", ".js", ".css", ".html", ".yml"}
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


def tracked() -> list[Path]:
    """The files of the repository, relative to its top."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what belongs to the repository is not known")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(name) for name in listed.stdout.split("\0") if name]


def test_a_room_imports_only_from_floors_below_its_own() -> None:
    lint = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_logo=True))"
    done = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@each_module
def test_a_module_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@each_module
def test_a_module_begins_with_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@each_module
def test_nothing_is_printed_past_the_log_and_the_command_line(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [call.lineno for call in calls if isinstance(call, ast.Name) and call.id == "print"]


@each_module
def test_a_module_has_a_name_that_says_something(path: Path) -> None:
    words = {word for part in path.relative_to(ROOT).with_suffix("").parts for word in part.strip("_").split("_")}
    assert not words & VAGUE


def test_every_folder_of_code_is_a_package() -> None:
    assert not [path for path in MODULES if not (path.parent / "__init__.py").exists()]


def test_nothing_is_left_for_later() -> None:
    ours = [path for path in tracked() if path.suffix in WRITTEN_BY_US and (ROOT / path).is_file()]
    assert ours
    assert not [path for path in ours if UNFINISHED.search((ROOT / path).read_text())]


def test_the_top_holds_only_what_belongs_there() -> None:
    top = {path.parts[0] for path in tracked()}
    assert not {name for name in top - TOP - LOCK_FILES if not name.startswith(".")}


def test_the_tests_are_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
