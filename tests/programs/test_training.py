"""The training service alone: what its options may be, and what is said of those that may not."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
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
    settings = read(data_dir=home, trainer_token=token, public_host=given.pop("public_host", None))
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


@pytest.mark.parametrize(("public", "names"), [
    (None, ()), ("bot.lan", ("bot.lan",)), ("Bot.LAN:8717", ("bot.lan",)), ("192.168.1.5:80", ("192.168.1.5",)),
])  # fmt: skip
def test_other_computers_may_call_under_the_public_host(
    tmp_path: Path, public: str | None, names: tuple[str, ...]
) -> None:
    assert options(tmp_path, public_host=public, host="0.0.0.0").hosts == names


@pytest.mark.parametrize("wrong", ["[::1", ":8717"])
def test_a_public_host_that_is_no_name_is_a_sentence(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SettingsError, match="TRAINBOT_PUBLIC_HOST is not a host name"):
        options(tmp_path, public_host=wrong)


async def test_a_service_bound_to_every_address_answers_under_its_public_name_alone(tmp_path: Path) -> None:
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    chosen = options(tmp_path, public_host="bot.lan", host="0.0.0.0")
    serving = asyncio.create_task(training.run(chosen, stop, say=listening.set_result))
    url = str(await listening).rpartition(" ")[2]
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            for host, status in (("bot.lan", 200), ("bot.lan:1", 200), ("evil.example", 403)):
                headers = {"Host": host, "Authorization": "Bearer t"}
                assert (await http.get(f"{url}/v1/me", headers=headers)).status_code == status
    finally:
        stop.set()
        await serving
