"""A whole training as a process: its events, its checkpoints, how it ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.trainer.tiny.checkpoint import CheckpointError, base, load, save
from bot.trainer.tiny.events import say

ROOT = Path(__file__).parents[3]
Training = Callable[..., subprocess.CompletedProcess[str]]
SMALL = {"maxSteps": 40, "batchSize": 16, "loggingSteps": 5, "saveSteps": 20, "evalSteps": 20, "seed": 3}


def events_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """The printed events; whatever is no JSON object fails the test."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_training_tells_its_story_in_order(training: Training, colours: Path, tmp_path: Path) -> None:
    done = training(colours, **SMALL)
    events = events_of(done)
    assert (done.returncode, done.stderr) == (0, "")
    assert [e["type"] for e in events if e["type"] != "training.log"] == [
        "training.started",
        "checkpoint.saved",
        "checkpoint.saved",
        "training.completed",
    ]
    assert events[0]["metadata"] == {"totalSteps": 40, "rows": 56, "parameters": base().flat.size}
    assert [e["step"] for e in events if e["type"] == "checkpoint.saved"] == [20, 40]
    assert [a["pathname"] for a in events[-1]["artifacts"]] == [
        "checkpoints/step-000020/model.npz",
        "checkpoints/step-000040/model.npz",
    ]
    assert all(e["timestamp"].endswith("Z") and len(e["timestamp"]) == 24 for e in events)
    times = [datetime.fromisoformat(e["timestamp"]) for e in events]
    assert times == sorted(times)
    assert sorted(p.name for p in (tmp_path / "job" / "checkpoints").iterdir()) == [
        "step-000020",
        "step-000040",
    ]


def test_the_loss_falls_and_the_checkpoints_differ(training: Training, colours: Path, tmp_path: Path) -> None:
    logs = [e for e in events_of(training(colours, **SMALL)) if e["type"] == "training.log"]
    losses = [e["loss"] for e in logs if "loss" in e]
    held = [e["evalLoss"] for e in logs if "evalLoss" in e]
    assert [e["step"] for e in logs] == list(range(5, 45, 5))
    assert losses[-1] < losses[0] / 2
    assert held[1] < held[0]
    assert all(e["samplesPerSecond"] > 0 and 0 < e["epoch"] < 13 for e in logs)
    early, late = (load(tmp_path / "job" / "checkpoints" / f"step-0000{n}").flat for n in (20, 40))
    assert np.abs(late - early).max() > 1e-3


def test_the_last_step_is_a_checkpoint_and_a_log(training: Training, colours: Path) -> None:
    events = events_of(training(colours, maxSteps=7, batchSize=4, saveSteps=5, loggingSteps=100))
    assert [e["step"] for e in events if e["type"] == "checkpoint.saved"] == [5, 7]
    assert events[-1]["metrics"].keys() == {"trainLoss", "evalLoss"}


def test_a_dry_run_takes_ten_steps_over_fifty_rows(training: Training, colours: Path) -> None:
    events = events_of(training(colours, dryRun=True, maxSteps=5000))
    assert events[0]["metadata"]["totalSteps"] == 10
    assert events[0]["metadata"]["rows"] == 47


def test_a_rate_far_too_high_ends_with_three_and_says_where(training: Training, colours: Path) -> None:
    config = {"maxSteps": 60, "batchSize": 8, "learningRate": 1e9, "loggingSteps": 1, "saveSteps": 1}
    done = training(colours, lrSchedulerType="constant", warmupSteps=0, **config)
    assert done.returncode == 3
    last = done.stderr.splitlines()[-1]
    assert last.startswith("loss is not finite at step ")
    assert last.endswith(" (learning rate 1e+09): training diverged")
    assert "training.completed" not in done.stdout
    assert all("NaN" not in line and "Infinity" not in line for line in done.stdout.splitlines())


def test_a_bad_setting_ends_with_two_and_a_sentence(training: Training, colours: Path) -> None:
    done = training(colours, maxSteps=-4)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "maxSteps must be from 1 to 1e+06, not -4\n"


def test_a_missing_data_set_ends_with_two_and_a_sentence(training: Training, tmp_path: Path) -> None:
    done = training(tmp_path / "nowhere.jsonl")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("the data set cannot be read: ")


def test_a_training_that_is_told_to_end_ends_and_leaves_whole_checkpoints(colours: Path, tmp_path: Path) -> None:
    config = {"maxSteps": 100_000, "batchSize": 4, "saveSteps": 1}
    (tmp_path / "job.json").write_text(json.dumps({"config": config, "data": {"path": str(colours)}}))
    command = [sys.executable, "-m", "bot.trainer.tiny", "train"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        saved = next(line for line in process.stdout if b"checkpoint.saved" in line)
        process.terminate()
        process.stdout.read()
        assert process.wait(timeout=20) == -signal.SIGTERM
    assert (tmp_path / json.loads(saved)["artifacts"][0]["pathname"]).is_file()
    for folder in (tmp_path / "checkpoints").glob("step-*"):
        assert load(folder).flat.size == base().flat.size


def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    weights = base()
    assert save(tmp_path, 5, weights) == "checkpoints/step-000005/model.npz"
    save(tmp_path, 5, weights)
    assert np.array_equal(load(tmp_path / "checkpoints" / "step-000005").flat, weights.flat)
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["step-000005"]


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 half an archive"])
def test_a_spoiled_checkpoint_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read"):
        load(tmp_path)


def test_what_is_no_number_is_never_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        say({"loss": float("nan")})
    assert capsys.readouterr().out == ""
