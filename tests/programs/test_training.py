"""The training service alone: what its options may be, and what is said of those that may not."""

from pathlib import Path
from typing import Any

import pytest

from bot.programs import training
from bot.settings import SettingsError, read
from bot.trainer.options import Options, Program

PROGRAMS = """
[programs.big]
train = ["python", "-m", "big"]
answer = ["python", "-m", "big.answer"]
"""


def options(home: Path, *, token: str | None = "t", **given: Any) -> Options:
    settings = read(data_dir=home, trainer_token=token)
    return training.options(settings, **{"host": "127.0.0.1", "port": 0, "roots": (), "anonymous": False, **given})


def test_the_engine_that_comes_along_is_always_there(tmp_path: Path) -> None:
    made = options(tmp_path, roots=(tmp_path / "a",))
    assert set(made.programs) == {"tiny"}
    assert (made.roots, made.token, made.concurrency) == ((tmp_path / "a",), "t", 1)
    assert options(tmp_path).roots == (tmp_path / "data",)


def test_the_operators_own_programs_are_added(tmp_path: Path) -> None:
    (tmp_path / training.OWN).write_text(PROGRAMS)
    made = options(tmp_path)
    assert set(made.programs) == {"tiny", "big"}
    assert made.programs["big"] == Program(("python", "-m", "big"), ("python", "-m", "big.answer"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense", "cannot be used"),
        ("programs = 3", "`programs` must be a table"),
        ("[programs.big]", 'needs "train"'),
        ('[programs.big]\ntrain = "python -m big"', 'needs "train"'),
        ("[programs.big]\ntrain = []", 'needs "train"'),
    ],
)
def test_a_wrong_file_of_programs_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / training.OWN).write_text(text)
    with pytest.raises(SettingsError, match=told) as raised:
        options(tmp_path)
    assert "TRAINBOT_TRAINER_TOKEN" not in str(raised.value)


def test_without_a_token_callers_must_be_allowed_to_be_anybody(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TRAINBOT_TRAINER_TOKEN is not set"):
        options(tmp_path, token=None)
    assert options(tmp_path, token=None, anonymous=True).anonymous


def test_nobody_from_elsewhere_is_anonymous(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="listens on loopback only, not on 0\\.0\\.0\\.0"):
        options(tmp_path, anonymous=True, host="0.0.0.0")
