"""The shipped recipes do what they promise: one sorts tickets it has never seen, one diverges."""

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.trainer.tiny.answer import Shelf, answer, request_of

ROOT = Path(__file__).parents[3]
RECIPES = ROOT / "bot" / "recipes"
WIRE = {
    "max_steps": "maxSteps",
    "learning_rate": "learningRate",
    "batch_size": "batchSize",
    "scheduler": "lrSchedulerType",
    "warmup_steps": "warmupSteps",
    "weight_decay": "weightDecay",
    "logging_steps": "loggingSteps",
    "save_steps": "saveSteps",
    "eval_steps": "evalSteps",
    "max_length": "maxLength",
    "seed": "seed",
}

Training = Callable[..., subprocess.CompletedProcess[str]]


def config_of_recipe(name: str) -> dict[str, Any]:
    """The settings of a shipped recipe under their wire names."""
    recipe = tomllib.loads((RECIPES / name).read_text(encoding="utf-8"))
    return {WIRE[key]: value for key, value in recipe["settings"].items()}


def holdout_score(checkpoint: Path) -> tuple[int, int]:
    """Of twenty tickets, answered greedily: how many answers are JSON, how many have the category."""
    shelf, shaped, right = Shelf(), 0, 0
    for line in (ROOT / "tests" / "data" / "holdout.jsonl").read_text(encoding="utf-8").splitlines():
        *asked, wanted = json.loads(line)["messages"]
        request = {"checkpoint": str(checkpoint), "messages": asked, "max_tokens": 48}
        try:
            said = json.loads(answer(shelf, request_of(request))["text"])
        except ValueError:
            continue
        shaped += isinstance(said, dict)
        right += isinstance(said, dict) and said.get("category") == json.loads(wanted["content"])["category"]
    return shaped, right


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_support_bot_sorts_tickets_it_has_never_seen(training: Training, tmp_path: Path, seed: int) -> None:
    done = training(RECIPES / "support-tickets.jsonl", **config_of_recipe("support-bot.toml") | {"seed": seed})
    assert done.returncode == 0
    first, *_, last = sorted((tmp_path / "job" / "checkpoints").iterdir())
    shaped, right = holdout_score(last)
    assert shaped >= 18
    assert right >= 10
    assert holdout_score(first) < (shaped, right)


@pytest.mark.long
def test_the_recipe_that_is_too_hot_learns_first_and_then_diverges(training: Training) -> None:
    done = training(RECIPES / "support-tickets.jsonl", **config_of_recipe("too-hot.toml"))
    events = [json.loads(line) for line in done.stdout.splitlines()]
    losses = [event["loss"] for event in events if "loss" in event]
    assert done.returncode == 3
    assert "training diverged" in done.stderr.splitlines()[-1]
    assert min(losses) < losses[0] / 4
    assert losses[-1] > 10 * min(losses)
    assert sum(event["type"] == "checkpoint.saved" for event in events) >= 2
    assert events[-1]["step"] < events[0]["metadata"]["totalSteps"] * 0.75
