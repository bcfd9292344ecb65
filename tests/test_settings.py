"""Every knob by its variable; a bad one is named; secrets are never written out."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.domain.places import Place
from bot.settings import Settings, SettingsError, read, variable

KNOBS: dict[str, tuple[str, str, Any]] = {
    "data_dir": ("TRAINBOT_DATA_DIR", "/data", Path("/data")),
    "host": ("TRAINBOT_HOST", "0.0.0.0", "0.0.0.0"),
    "port": ("TRAINBOT_PORT", "9000", 9000),
    "recipes": ("TRAINBOT_RECIPES", "/recipes", Path("/recipes")),
    "config": ("TRAINBOT_CONFIG", "/etc/trainbot.toml", Path("/etc/trainbot.toml")),
    "place": ("TRAINBOT_PLACE", "slack/T0123/C0456", Place("slack", "T0123", "C0456")),
    "log_level": ("TRAINBOT_LOG_LEVEL", "debug", "debug"),
    "log_json": ("TRAINBOT_LOG_JSON", "1", True),
    "service_url": ("ARKOR_CLOUD_API_URL", "https://api.example", "https://api.example"),
    "service_token": ("ARKOR_TOKEN", "s3cret-token", SecretStr("s3cret-token")),
    "service_org": ("ARKOR_ORG", "team", "team"),
    "service_project": ("ARKOR_PROJECT", "bots", "bots"),
    "arkor_dir": ("TRAINBOT_ARKOR_DIR", "/project", Path("/project")),
    "trainer": ("TRAINBOT_TRAINER", "embedded", "embedded"),
    "trainer_token": ("TRAINBOT_TRAINER_TOKEN", "s3cret-trainer", SecretStr("s3cret-trainer")),
    "concurrency": ("TRAINBOT_CONCURRENCY", "4", 4),
    "room": ("TRAINBOT_ROOM", "1", True),
    "room_token": ("TRAINBOT_ROOM_TOKEN", "s3cret-room-of-mine", SecretStr("s3cret-room-of-mine")),
    "public_host": ("TRAINBOT_PUBLIC_HOST", "room.example", "room.example"),
    "metrics_token": ("TRAINBOT_METRICS_TOKEN", "s3cret-metrics", SecretStr("s3cret-metrics")),
    "progress": ("NOTIFY_PROGRESS", "1", True),
}
WRONG = {
    "TRAINBOT_PORT": ("eighty", "65536", "-1"),
    "TRAINBOT_ROOM_TOKEN": ("short",),
    "TRAINBOT_PLACE": ("training", "slack/T0123", "slack/T0123/C0456/7", "slack//C0456", "[1]", "{}"),
    "TRAINBOT_LOG_LEVEL": ("loud",),
    "TRAINBOT_LOG_JSON": ("perhaps",),
    "TRAINBOT_TRAINER": ("cloud",),
    "TRAINBOT_CONCURRENCY": ("0", "65", "many"),
    "TRAINBOT_ROOM": ("perhaps",),
    "NOTIFY_PROGRESS": ("perhaps",),
}


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder without .env, and none of our variables."""
    monkeypatch.chdir(tmp_path)
    for name, _, _ in KNOBS.values():
        monkeypatch.delenv(name, raising=False)


def test_every_knob_is_known_here() -> None:
    assert set(KNOBS) == set(Settings.model_fields)


@pytest.mark.parametrize("field", KNOBS)
def test_a_knob_is_set_by_its_variable(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, text, value = KNOBS[field]
    assert getattr(read(), field) != value
    monkeypatch.setenv(name, text)
    assert getattr(read(), field) == value
    assert variable(field) == name
    assert Settings.model_fields[field].description


@pytest.mark.parametrize("field", KNOBS)
def test_a_knob_is_set_by_the_env_file_and_the_environment_wins(
    field: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, text, value = KNOBS[field]
    (tmp_path / ".env").write_text(f"# ours\n{name}={text}\nSOMETHING_ELSE=1\n")
    assert getattr(read(), field) == value
    monkeypatch.setenv(name, {"NOTIFY_PROGRESS": "0"}.get(name, text))
    assert getattr(read(), field) == (False if name == "NOTIFY_PROGRESS" else value)


@pytest.mark.parametrize("field", KNOBS)
def test_an_empty_variable_is_not_set(field: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name, _, _ = KNOBS[field]
    untouched = read()
    monkeypatch.setenv(name, "")
    assert getattr(read(), field) == getattr(untouched, field)
    monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"{name}=\n")
    assert getattr(read(), field) == getattr(untouched, field)


@pytest.mark.parametrize("name", ["HOST", "PORT", "ROOM", "RECIPES", "PROGRESS", "TRAINER", "DATA_DIR", "host"])
def test_a_variable_of_somebody_elses_sets_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    untouched = read()
    monkeypatch.setenv(name, "1")
    assert read() == untouched


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_a_wrong_value_is_named_by_its_variable(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError) as raised:
        read()
    assert str(raised.value).startswith(f"{name}: ")
    assert "\n" not in str(raised.value)


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, texts in WRONG.items():
        monkeypatch.setenv(name, texts[0])
    with pytest.raises(SettingsError) as raised:
        read()
    assert {one.partition(":")[0] for one in str(raised.value).splitlines()} == set(WRONG)


def test_the_command_line_wins_and_what_it_does_not_say_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINBOT_PORT", "9000")
    assert read(port=9001, data_dir=None).port == 9001
    assert read(port=None).port == 9000
    with pytest.raises(SettingsError, match="TRAINBOT_PORT: "):
        read(port=70000)


def test_whether_the_port_was_asked_for_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "port" not in read().model_fields_set
    monkeypatch.setenv("TRAINBOT_PORT", "9000")
    assert "port" in read().model_fields_set


def test_an_env_file_that_is_no_text_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TRAINBOT_PORT=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        read()


def test_secrets_are_told_to_the_log_and_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text, _ in KNOBS.values():
        monkeypatch.setenv(name, text)
    settings = read()
    assert sorted(settings.secrets()) == ["s3cret-metrics", "s3cret-room-of-mine", "s3cret-token", "s3cret-trainer"]
    for shown in (
        repr(settings),
        str(settings),
        f"{settings}",
        repr(settings.model_dump()),
        settings.model_dump_json(),
    ):
        assert "s3cret" not in shown


def test_no_secret_is_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text, _ in KNOBS.values():
        monkeypatch.setenv(name, text)
    for name, texts in WRONG.items():
        monkeypatch.setenv(name, texts[0])
    with pytest.raises(SettingsError) as raised:
        read()
    assert "s3cret" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_the_data_folder_is_absolute_and_knows_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert read().home == Path("/home/ada/.trainbot")
    assert read(data_dir=Path("data")).home == tmp_path / "data"


def test_a_place_that_is_none_is_told_how_to_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINBOT_PLACE", "#training")
    with pytest.raises(SettingsError) as raised:
        read()
    assert str(raised.value) == ("TRAINBOT_PLACE: Write platform/workspace/channel, for example slack/T0123/C0456.")
    monkeypatch.setenv("TRAINBOT_PLACE", " discord/1/2 ")
    assert read().place == Place("discord", "1", "2")


def test_the_config_file_lies_in_the_data_folder_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert read().config_file == Path("/home/ada/.trainbot/trainbot.toml")
    assert read(data_dir=Path("data")).config_file == tmp_path / "data" / "trainbot.toml"
    monkeypatch.setenv("TRAINBOT_CONFIG", "~/ours.toml")
    assert read().config_file == Path("/home/ada/ours.toml")
