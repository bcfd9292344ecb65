"""A small data set, and the engine's two programs as processes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
COLOURS = {"grass": "green", "snow": "white", "coal": "black", "blood": "red", "sky": "blue"}


def environment() -> dict[str, str]:
    """The usual environment, so that a process started in any folder finds the engine."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Sixty chats that ask for the colour of five things."""
    rows = [
        {"messages": [{"role": "user", "content": f"{word} {n}?"}, {"role": "assistant", "content": colour}]}
        for n in range(12)
        for word, colour in COLOURS.items()
    ]
    path = tmp_path / "colours.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def training(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Trains a job of this data and config in a folder `job` until it ends."""

    def run(data: Path, **config: Any) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "job"
        folder.mkdir()
        job = {"id": "j1", "name": "a job", "config": config, "data": {"path": str(data), "rows": 60}}
        (folder / "job.json").write_text(json.dumps(job))
        command = [sys.executable, "-m", "bot.trainer.tiny", "train"]
        return subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=180, check=False
        )

    return run


class Worker:
    """The answering worker: one line in, one line out."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "bot.trainer.tiny", "answer"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())

    def send(self, line: bytes) -> dict[str, Any]:
        """Sends raw bytes as one line and gives the reply."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        reply: dict[str, Any] = json.loads(self.process.stdout.readline())
        return reply

    def ask(self, text: str, **more: Any) -> dict[str, Any]:
        """Asks the base, or what else `more` says, one question."""
        request = {"id": 1, "checkpoint": None, "messages": [{"role": "user", "content": text}]}
        return self.send(json.dumps(request | {"max_tokens": 12} | more).encode())

    def end(self) -> int:
        """Closes the input and gives the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker that is ended after the test."""
    made = Worker()
    yield made
    if made.process.poll() is None:
        made.end()
