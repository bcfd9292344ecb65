"""The demo as people meet it: real processes, real training, the room over HTTP; and what is left after a kill."""

import json
import os
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fakes.process import Program, alive, kill, nothing_left, program, trainbot, until
from fakes.visitor import Message, Visitor, words

RECIPE = """
description = "Sorts a few tickets"
model = "tiny"
[dataset]
type = "file"
name = "support-tickets.jsonl"
[settings]
max_steps = {steps}
batch_size = 8
max_length = 96
logging_steps = 5
save_steps = {save}
seed = 3
[samples]
prompts = 2
max_tokens = 8
[[prompts]]
user = "My parcel is late."
[[prompts]]
user = "I want my money back."
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data folder with a recipe of some seconds and one of minutes."""
    home = tmp_path / "data"
    recipes = home / "demo" / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "quick.toml").write_text(RECIPE.format(steps=30, save=10))
    (recipes / "middle.toml").write_text(RECIPE.format(steps=480, save=160))
    (recipes / "endless.toml").write_text(RECIPE.format(steps=100_000, save=50_000))
    with nothing_left(home):
        yield home


def demo(home: Path, *words: str) -> AbstractContextManager[Program]:
    return program("demo", "--data-dir", str(home), "--port", "0", *words, cwd=home.parent)


def service(home: Path) -> int:
    """The process id of the training service that listens."""
    path = home / "demo" / "trainer" / "service.json"
    return until(lambda: int(json.loads(path.read_text())["pid"]) if path.exists() else None, "the service")


def training(home: Path) -> int:
    """The process id of the training program."""

    def look() -> int | None:
        for path in (home / "demo" / "trainer" / "jobs").glob("*/program.json"):
            pid = int(json.loads(path.read_text())["pid"])
            if alive(pid):
                return pid
        return None

    return until(look, "a training program")


def heads(thread: list[Message]) -> list[str]:
    """The first block of each message as text."""
    return ["".join(span["text"] for span in one["body"]["blocks"][0]["line"]) for one in thread]


def finished(visitor: Visitor, title: str) -> list[Message]:
    """The thread of the card, once the quiet end stands in it."""
    card = visitor.card(title)
    until(lambda: f"{title} completed" in str(heads(visitor.thread(card))), f"the end of {title}")
    return visitor.thread(card)


def samples(title: str, steps: int, save: int) -> list[str]:
    before = [f"{title} · before training, base model tiny"] * 2
    return before + [f"{title} · step {step} of {steps}" for step in range(save, steps + 1, save) for _ in range(2)]


def nobody_listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0


def test_a_run_has_a_card_and_a_thread_in_order_and_a_killed_one_fails_loudly(home: Path) -> None:
    with demo(home) as bot, Visitor(bot) as ada:
        told = ada.hears("start quick")
        assert told["body"]["summary"].startswith("quick #1: ")
        thread = finished(ada, "quick #1")
        assert [head for head in heads(thread) if " · " in head] == samples("quick #1", 30, 10)
        assert heads(thread)[-1].startswith("quick #1 completed in ")
        assert len(thread) == 9
        assert ada.state("quick #1", "completed")["body"]["tone"] == "good"
        assert [one["ping"] for one in ada.channel()] == [None]

        assert ada.train("start endless").startswith("Starting endless #2.")
        ada.state("endless #2", "step")
        kill(training(home))
        card = ada.state("endless #2", "failed")
        loud = until(lambda: next((one for one in ada.channel() if one["ping"]), None), "the failure")
        assert loud["thread"] is None
        assert "endless #2 failed after" in heads([loud])[0]
        assert "@here" in words(loud)
        assert "SIGKILL" in words(loud)
        assert card["body"]["tone"] == "bad"
        url = ada.url
        assert bot.ends(signal.SIGINT) == 0
        assert "job" not in bot.out.partition("Ending the demo")[2]
        assert "Traceback" not in bot.err
    assert nobody_listens(url)
    assert not (home / "demo" / "trainer" / "service.json").exists()


def test_training_outlives_the_bot_and_the_service_and_everything_is_told_once(home: Path) -> None:
    with demo(home) as bot, Visitor(bot) as ada:
        ada.train("start middle", number="0" * 8)
        ada.state("middle #1", "step")
        job, first = training(home), service(home)
        kill(bot.process.pid)
        bot.process.wait(10)
    assert alive(job)
    assert alive(first)
    with demo(home) as bot, Visitor(bot) as ada:
        assert service(home) == first
        assert training(home) == job
        ada.train("start middle", number="0" * 8)
        kill(first)
        until(lambda: service(home) != first and alive(service(home)), "another service")
        assert alive(job)
        thread = finished(ada, "middle #1")
        assert [head for head in heads(thread) if " · " in head] == samples("middle #1", 480, 160)
        assert Counter(heads(thread)).most_common(1)[0][1] == 2
        assert [one["body"]["summary"].split(":")[0] for one in ada.channel()] == ["middle #1"]
        assert bot.ends(signal.SIGINT) == 0
        assert "Traceback" not in bot.err


def test_ctrl_c_leaves_jobs_running_and_says_how_to_end_them(home: Path) -> None:
    with demo(home) as bot, Visitor(bot) as ada:
        ada.train("start endless")
        ada.state("endless #1", "step")
        ada.train("start endless")
        ada.state("endless #2", "waiting in the queue")
        job = training(home)
        assert bot.ends(signal.SIGINT) == 0
        assert "2 jobs train on without the demo." in bot.out
        assert "`trainbot demo --stop-jobs` ends such jobs" in bot.out
    assert alive(job)
    with demo(home, "--stop-jobs") as bot, Visitor(bot) as ada:
        assert ada.card("endless #1")
        assert bot.ends(signal.SIGINT, patience=30) == 0
        assert "Cancelled 2 jobs." in bot.out
    until(lambda: not alive(job), "the training program to end")


def test_a_second_ctrl_c_ends_the_jobs_as_well(home: Path) -> None:
    with demo(home) as bot, Visitor(bot) as ada:
        ada.train("start endless")
        job = training(home)
        os.kill(bot.process.pid, signal.SIGINT)
        bot.says("Ending the demo")
        assert bot.ends(signal.SIGINT, patience=30) == 0
        assert "Cancelled 1 job." in bot.out
    until(lambda: not alive(job), "the training program to end")


def test_a_demo_of_the_same_folder_is_told_of_the_first_one_and_leaves_it_alone(home: Path) -> None:
    with demo(home) as bot, Visitor(bot) as ada:
        first = service(home)
        second = trainbot("demo", "--data-dir", str(home), "--port", "0", cwd=home.parent)
        assert second.returncode == 69
        assert "Another trainbot is using" in second.stderr
        assert service(home) == first
        assert "What I can do" in ada.train("help")
