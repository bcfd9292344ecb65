"""One service per folder, how it is found, what options it refuses."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from bot.trainer.options import programs_from
from bot.trainer.service import AlreadyRunning, OptionsError, Program, Running, find_service
from tests.trainer.conftest import TOKEN, Place, running


async def test_a_living_service_can_be_found_and_a_gone_one_cannot(place: Place) -> None:
    assert find_service(place.data) is None
    async with running(place.options()) as client:
        found = find_service(place.data)
        assert isinstance(found, Running)
        assert (found.url, found.token) == (client.url, TOKEN)
        assert TOKEN not in repr(found)
        facts = place.data / "service.json"
        assert stat.S_IMODE(facts.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.data.stat().st_mode) == 0o700
        text = facts.read_text()
    assert find_service(place.data) is None
    (place.data / "service.json").write_text(text)  # as a killed one leaves it
    assert find_service(place.data) is None


async def test_a_second_service_on_the_same_folder_is_refused(place: Place) -> None:
    async with running(place.options()):
        with pytest.raises(AlreadyRunning):
            async with running(place.options()):
                pass
    async with running(place.options()):
        assert find_service(place.data)


async def test_a_taken_port_is_an_error_and_leaves_the_folder_free(place: Place, tmp_path: Path) -> None:
    async with running(place.options()) as client:
        port = int(client.url.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"):
            async with running(place.options(data_dir=tmp_path / "other", port=port)):
                pass
    async with running(place.options(data_dir=tmp_path / "other")):
        assert find_service(tmp_path / "other")


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "127.0.0.2"])
async def test_the_url_reaches_the_service_whatever_it_is_bound_to(place: Place, host: str) -> None:
    async with running(place.options(host=host)) as client:
        assert (await client.get("/v1/me"))[0] == 200
        assert client.url.startswith(f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:")


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": None},
        {"token": ""},
        {"token": None, "anonymous": True, "host": "0.0.0.0"},
        {"concurrency": 0},
        {"aliases": {"gemma": "nothing"}},
    ],
)
def test_options_that_are_not_safe_or_make_no_sense_are_refused(place: Place, wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionsError):
        place.options(**wrong)


def test_the_token_does_not_show_in_the_options(place: Place) -> None:
    assert TOKEN not in repr(place.options())


def test_programs_are_read_from_a_configuration() -> None:
    value = json.loads('{"tiny": {"train": ["python", "t"], "answer": ["python", "a"]}, "mute": {"train": ["x"]}}')
    assert programs_from(value) == {"tiny": Program(("python", "t"), ("python", "a")), "mute": Program(("x",))}


@pytest.mark.parametrize(
    "entry", [None, {}, {"train": "python t"}, {"train": []}, {"train": [1]}, {"train": ["x"], "answer": 1}]
)
def test_a_program_without_an_argv_is_refused(entry: Any) -> None:
    with pytest.raises(OptionsError):
        programs_from({"tiny": entry})
