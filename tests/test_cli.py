"""The command line as an operator meets it: what it says, its exit codes, and how it ends."""

import os
import re
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fakes.process import nothing_left, program, trainbot, until

from bot import cli
from bot.commands.table import markdown
from bot.store.database import migrations

CONFIG, UNAVAILABLE, TAKEN, USAGE = 78, 69, 75, 2
COMMANDS = ([], ["demo"], ["run"], ["trainer"], ["outbox"], ["outbox", "list"], ["outbox", "retry"],
            ["outbox", "drop"], ["doctor"], ["recipes"], ["recipes", "check"], ["commands"])  # fmt: skip
EMBEDDED = {"TRAINBOT_ROOM": "1", "TRAINBOT_TRAINER": "embedded", "TRAINBOT_PORT": "0"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data folder in which nothing lives on after the test."""
    with nothing_left(tmp_path / "data"):
        yield tmp_path / "data"


def no_traceback(text: str) -> bool:
    return "Traceback" not in text and "  File " not in text


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "trainbot")
def test_the_help_of_every_command_says_what_it_does(words: list[str]) -> None:
    command: object = cli.main
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    text = command.get_help(cli.click.Context(command, info_name="trainbot"))  # type: ignore[attr-defined]
    first = text.split("\n\n")[1].strip()
    assert first.endswith((".", ":"))
    assert len(first.split()) >= 4
    for option in re.findall(r"^  (--?\w[^\n]*)$", text, re.MULTILINE):
        assert re.search(r"\s{2,}\S|\n", option) or f"{option}\n   " in text, f"{option} is not explained"


def test_every_command_is_known_here() -> None:
    assert set(cli.main.commands) == {words[0] for words in COMMANDS if words}
    for group in ("outbox", "recipes"):
        below = cli.main.commands[group].commands  # type: ignore[attr-defined]
        assert set(below) == {words[1] for words in COMMANDS if len(words) == 2 and words[0] == group}


def test_recipes_are_checked_for_a_pipeline(tmp_path: Path) -> None:
    good, odd = tmp_path / "good.toml", tmp_path / "odd.toml"
    good.write_text('model = "tiny"\n[dataset]\ntype = "huggingface"\nname = "acme/t"\n')
    odd.write_text("modle = 1")
    done = trainbot("recipes", "check", str(good), "--data-dir", str(tmp_path), cwd=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "good.toml: well")
    done = trainbot("recipes", "check", str(good), str(odd), "--data-dir", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 1
    assert "odd.toml: `model` is missing" in done.stdout
    assert no_traceback(done.stdout + done.stderr)
    nothing = trainbot("recipes", "check", "--data-dir", str(tmp_path), cwd=tmp_path)
    assert nothing.returncode == UNAVAILABLE
    assert "There is no recipe in" in nothing.stderr


def test_the_first_words_are_help_and_wrong_words_are_told(tmp_path: Path) -> None:
    helped = trainbot("--help", cwd=tmp_path)
    assert helped.returncode == 0
    assert "Begin with `trainbot demo`" in helped.stdout
    wrong = trainbot("dmeo", cwd=tmp_path)
    assert wrong.returncode == USAGE
    assert "dmeo" in wrong.stderr


def test_commands_prints_the_table(tmp_path: Path) -> None:
    done = trainbot("commands", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, markdown() + "\n")


@pytest.mark.parametrize(
    ("words", "given", "code", "told"),
    [
        (["run"], {}, CONFIG, "No chat is set up. Set TRAINBOT_ROOM=1"),
        (
            ["run"],
            {"TRAINBOT_ROOM": "1", "ARKOR_TOKEN": "t"},
            CONFIG,
            "ARKOR_TOKEN is set, but not ARKOR_ORG and ARKOR_PROJECT",
        ),
        (["run"], {"TRAINBOT_PORT": "http"}, CONFIG, "TRAINBOT_PORT: "),
        (["demo"], {"TRAINBOT_LOG_LEVEL": "loud"}, CONFIG, "TRAINBOT_LOG_LEVEL: "),
        (["run"], {**EMBEDDED, "TRAINBOT_HOST": "0.0.0.0"}, CONFIG, "set TRAINBOT_ROOM_TOKEN first"),
        (["trainer"], {}, CONFIG, "TRAINBOT_TRAINER_TOKEN is not set"),
        (["trainer", "--anonymous", "--host", "0.0.0.0"], {}, CONFIG, "listens on loopback only"),
        (["outbox", "list"], {}, UNAVAILABLE, "There is no trainbot database in"),
        (["outbox", "retry", "x"], {}, USAGE, "'x' is not a valid integer"),
        (["run", "--port", "70000"], {}, USAGE, "70000 is not in the range"),
        (["demo", "--data-dir", "."], {"TRAINBOT_LOG_LEVEL": "loud"}, CONFIG, "TRAINBOT_LOG_LEVEL: "),
    ],
)
def test_what_is_missing_or_wrong_is_a_sentence_with_its_exit_code(
    words: list[str], given: dict[str, str], code: int, told: str, tmp_path: Path
) -> None:
    done = trainbot(*words, cwd=tmp_path, **{"TRAINBOT_DATA_DIR": str(tmp_path / "data"), **given})
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert no_traceback(done.stderr)


@pytest.mark.parametrize("command", ["demo", "run", "trainer"])
def test_a_data_folder_that_cannot_be_is_a_sentence(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    given = {**EMBEDDED, "TRAINBOT_TRAINER_TOKEN": "t", "TRAINBOT_DATA_DIR": str(tmp_path / "file" / "data")}
    done = trainbot(command, cwd=tmp_path, **given)
    assert done.returncode == UNAVAILABLE
    assert "Not a directory" in done.stderr or "ended at its start" in done.stderr
    assert no_traceback(done.stderr)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    done = trainbot("demo", cwd=tmp_path, TRAINBOT_DATA_DIR=str(tmp_path / "locked" / "data"))
    assert done.returncode == UNAVAILABLE
    assert "Permission denied" in done.stderr
    assert no_traceback(done.stderr)


def test_a_database_that_is_none_is_a_sentence(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "trainbot.db").write_bytes(b"this is no database" * 500)
    for words in (["run"], ["outbox", "list"]):
        done = trainbot(*words, cwd=tmp_path, **EMBEDDED, TRAINBOT_DATA_DIR=str(home))
        assert done.returncode == UNAVAILABLE
        assert f"The database {home}/trainbot.db cannot be used: file is not a database." in done.stderr
        assert no_traceback(done.stderr)


def test_a_port_that_is_taken_is_a_sentence(home: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = (["demo", "--port", port], ["trainer", "--port", port])
        for one in words:
            done = trainbot(*one, cwd=tmp_path, TRAINBOT_TRAINER_TOKEN="t", TRAINBOT_DATA_DIR=str(home))
            assert done.returncode == UNAVAILABLE, done.stderr
            assert "address already in use" in done.stderr
            assert "--port" in done.stderr
            assert no_traceback(done.stderr)


def test_run_works_beside_operator_commands_and_ends_cleanly(home: Path, tmp_path: Path) -> None:
    given = {**EMBEDDED, "TRAINBOT_DATA_DIR": str(home)}
    with program("run", cwd=tmp_path, **given) as bot:
        url, _ = bot.address()
        assert httpx.get(f"{url}/healthz", trust_env=False).json()["ok"] is True
        until(lambda: "trainbot_runs_live 0" in httpx.get(f"{url}/metrics", trust_env=False).text, "numbers")
        listed = trainbot("outbox", "list", cwd=tmp_path, **given)
        assert (listed.returncode, listed.stdout) == (0, "Nothing waits and nothing was given up.\n")
        insert_row(home / "trainbot.db")
        assert "StartRun       run #1" in trainbot("outbox", "list", cwd=tmp_path, **given).stdout
        assert trainbot("outbox", "retry", "1", cwd=tmp_path, **given).stdout == "1 row will be tried again.\n"
        assert trainbot("outbox", "drop", "1", cwd=tmp_path, **given).stdout == "Row 1 is dropped.\n"
        again = trainbot("outbox", "drop", "1", cwd=tmp_path, **given)
        assert again.returncode == UNAVAILABLE
        assert "Row 1 does not wait." in again.stderr
        second = trainbot("run", cwd=tmp_path, **given)
        assert second.returncode == UNAVAILABLE
        assert "Another trainbot is using" in second.stderr
        assert no_traceback(second.stderr)
        assert bot.ends(signal.SIGTERM) == 0, bot.err
        assert no_traceback(bot.err)
    assert not (home / "trainer" / "service.json").exists()


def insert_row(path: Path) -> None:
    """A row that waits for a moment far away."""
    connection = sqlite3.connect(path)
    with connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(outbox)")]
        known = {
            "id": 1, "run": 1, "effect": '{"effect": "StartRun", "run": 1}', "lane": "job:1", "rank": 1,
            "state": "waiting", "once": "start:1", "due_at": 9e9, "created_at": 1.0, "place": None,
        }  # fmt: skip
        given = {name: value for name, value in known.items() if name in columns}
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(
            f"INSERT INTO outbox ({', '.join(given)}) VALUES ({', '.join('?' * len(given))})", tuple(given.values())
        )
    connection.close()


@pytest.mark.parametrize("version", [len(migrations()) - 1, len(migrations()) + 1], ids=["older", "newer"])
def test_operator_commands_leave_another_schema_alone(version: int, home: Path, tmp_path: Path) -> None:
    if version < 1:
        pytest.skip("there is no older schema yet")
    home.mkdir()
    connection = sqlite3.connect(home / "trainbot.db")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    done = trainbot("outbox", "list", cwd=tmp_path, TRAINBOT_DATA_DIR=str(home))
    assert done.returncode == UNAVAILABLE
    assert f"(schema {version}, " in done.stderr
    connection = sqlite3.connect(home / "trainbot.db")
    assert connection.execute("PRAGMA user_version").fetchone()[0] == version
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_service_alone_asks_for_its_token_and_ends_cleanly(
    number: signal.Signals, home: Path, tmp_path: Path
) -> None:
    given = {"TRAINBOT_DATA_DIR": str(home), "TRAINBOT_TRAINER_TOKEN": "s3cret"}
    with program("trainer", cwd=tmp_path, **given) as service:
        url = re.search(r"http://\S+", service.says("listens on http"))[0]  # type: ignore[index]
        jobs = f"{url}/v1/jobs?orgSlug=local&projectSlug=local"
        assert httpx.get(jobs, trust_env=False).status_code == 401
        assert httpx.get(jobs, headers={"Authorization": "Bearer s3cret"}, trust_env=False).status_code != 401
        second = trainbot("trainer", cwd=tmp_path, **given)
        assert second.returncode == TAKEN
        assert "Another training service already uses" in second.stderr
        assert service.ends(number) == 0
        assert "s3cret" not in service.out + service.err


def test_the_service_alone_takes_anybody_where_it_is_told_to(home: Path, tmp_path: Path) -> None:
    with program("trainer", "--anonymous", cwd=tmp_path, TRAINBOT_DATA_DIR=str(home)) as service:
        url = re.search(r"http://\S+", service.says("listens on http"))[0]  # type: ignore[index]
        jobs = f"{url}/v1/jobs?orgSlug=local&projectSlug=local"
        assert httpx.get(jobs, trust_env=False).status_code != 401
        stopped = trainbot("trainer", "--stop-jobs", cwd=tmp_path, TRAINBOT_DATA_DIR=str(home))
        assert (stopped.returncode, stopped.stdout) == (0, "Cancelled 0 jobs.\n")
        assert service.ends() == 0


def test_many_signals_at_once_end_it_too(home: Path, tmp_path: Path) -> None:
    with program("run", cwd=tmp_path, **EMBEDDED, TRAINBOT_DATA_DIR=str(home)) as bot:
        bot.address()
        for _ in range(5):
            os.kill(bot.process.pid, signal.SIGINT)
        assert bot.process.wait(20) in {0, 130}
        assert "Another" not in bot.err


def test_a_programs_file_that_is_wrong_is_a_sentence(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    for text, told in (("x = [", "cannot be used"), ("programs = 3", "must be a table"), ("[programs.a]", '"train"')):
        (home / "trainer.toml").write_text(text)
        done = trainbot("trainer", "--anonymous", cwd=tmp_path, TRAINBOT_DATA_DIR=str(home))
        assert done.returncode == CONFIG
        assert told in done.stderr
        assert no_traceback(done.stderr)


def test_the_doctor_says_what_is_well_and_what_is_not(home: Path, tmp_path: Path) -> None:
    well = trainbot("doctor", cwd=tmp_path, TRAINBOT_TRAINER="embedded", TRAINBOT_DATA_DIR=str(home))
    assert well.returncode == 0, well.stdout + well.stderr
    assert "Training service: embedded" in well.stdout
    (home / "recipes").mkdir(parents=True)
    (home / "recipes" / "bad.toml").write_text("model = 3")
    (home / "trainbot.db").write_bytes(b"nonsense" * 1000)
    for given in ({"TRAINBOT_TRAINER": "embedded"}, {"ARKOR_TOKEN": "s3cret"}):
        ill = trainbot("doctor", cwd=tmp_path, **given, TRAINBOT_DATA_DIR=str(home))
        assert ill.returncode == UNAVAILABLE
        assert "bad.toml" in ill.stdout
        assert no_traceback(ill.stderr)
        assert "s3cret" not in ill.stdout + ill.stderr
