"""One training run: reads `job.json` in the working folder, learns, logs, keeps checkpoints.

Runs as a process of its own, once per job. It ends with 0 when all steps are done, 2 when the job makes no
sense and 3 when the loss is no longer a number; the reason is the last line on standard error. It prints
no failure event: whoever started the process knows how it ended. Left out: resuming, stopping early.
"""

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from bot.trainer.tiny.checkpoint import base, save
from bot.trainer.tiny.config import DRY_ROWS, Config, ConfigError, config_of
from bot.trainer.tiny.data import DataError, Dealer, Noise, evaluation, hold_back, read
from bot.trainer.tiny.events import event
from bot.trainer.tiny.model import Batch, Drop, Weights, loss_and_gradient
from bot.trainer.tiny.optimiser import AdamW, rate
from bot.trainer.tiny.tokens import tokenizer

DROPOUT: Final = 0.1
CLIP: Final = 1.0
_USUAL_CHECKPOINTS: Final = 7
_FACTS_KEPT: Final = 6


class Diverged(ArithmeticError):
    """The loss stopped being a number; its text is a sentence with the step."""


class JobError(ValueError):
    """A job that cannot be trained as it stands; its text is a sentence."""


def job(folder: Path) -> tuple[Config, Path]:
    """Reads `job.json`: the checked settings and the path of the data; raises JobError."""
    try:
        told = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        wire, data = told["config"], told["data"]["path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JobError(f"job.json cannot be read: {error}") from error
    if not isinstance(wire, dict) or not isinstance(data, str):
        raise JobError("job.json must have an object config and a text data.path")
    try:
        return config_of(wire), Path(data)
    except ConfigError as error:
        raise JobError(str(error)) from error


class Run:
    """What one training run holds: weights, optimiser, data, and the clock of its last log."""

    def __init__(self, folder: Path, config: Config, data: Path) -> None:
        tok = tokenizer()
        try:
            rows = read(data, tok, config.max_length, DRY_ROWS if config.dry_run else None)
        except DataError as error:
            raise JobError(str(error)) from error
        learned, held = hold_back(rows)
        self.folder, self.config, self.rows = folder, config, len(learned)
        self.total = config.steps(len(learned))
        self.dealer = Dealer(learned, config.batch_size, Noise(), tok, config.seed)
        self.held = evaluation(held, config.batch_size)
        self.weights = base()
        self.grads = Weights.zeros(self.weights.shape)
        self.optimiser = AdamW(self.weights.flat, decay=config.weight_decay, clip=CLIP)
        self.drop = Drop(DROPOUT, np.random.default_rng([config.seed, 1]))
        self.losses: list[float] = []
        self.artifacts: list[dict[str, str]] = []
        self.since = time.monotonic()

    def go(self) -> None:
        """All steps from the first to the last; raises Diverged."""
        event("training.started", metadata=self._about())
        save_every = self.config.save_steps or max(1, self.total // _USUAL_CHECKPOINTS)
        eval_every = self.config.eval_steps or save_every
        batches: Iterator[Batch] = iter(self.dealer)
        metrics: dict[str, float] = {}
        for step in range(1, self.total + 1):
            now = self._step(step, next(batches))
            last = step == self.total
            facts = self._log(step, now) if last or step % self.config.logging_steps == 0 else {}
            if last or step % eval_every == 0:
                facts["evalLoss"] = self._evaluate(step, now)
            if facts:
                event("training.log", step=step, **facts)
                metrics |= {"trainLoss" if k == "loss" else k: v for k, v in facts.items()}
            if last or step % save_every == 0:
                self._save(step)
        chosen = {k: metrics[k] for k in ("trainLoss", "evalLoss")}
        event("training.completed", metrics=chosen, artifacts=self.artifacts)

    def _about(self) -> dict[str, Any]:
        return {"totalSteps": self.total, "rows": self.rows, "parameters": self.weights.flat.size}

    def _step(self, step: int, batch: Batch) -> float:
        """One step; gives its learning rate."""
        c = self.config
        now = rate(c.schedule, c.learning_rate, step, self.total, min(c.warmup_steps, self.total // 2))
        loss = loss_and_gradient(self.weights, batch, self.drop, self.grads)
        _must_be_finite(loss, step, now)
        self.losses.append(loss)
        self.optimiser.step(self.grads.flat, now)
        return now

    def _log(self, step: int, now: float) -> dict[str, float]:
        """Facts since the last log: the mean loss, the rate, how far and how fast."""
        at = time.monotonic()
        seen, seconds = len(self.losses) * self.dealer.size, max(at - self.since, 1e-6)
        facts = {
            "loss": round(float(np.mean(self.losses)), _FACTS_KEPT),
            "learningRate": float(f"{now:.6g}"),
            "epoch": round(step * self.dealer.size / self.rows, 3),
            "samplesPerSecond": round(seen / seconds, 1),
        }
        self.losses, self.since = [], at
        return facts

    def _evaluate(self, step: int, now: float) -> float:
        """Mean loss per token said in the held-back rows."""
        still = Drop(0.0, None)
        total = sum(loss_and_gradient(self.weights, b, still, None) * len(b.targets) for b in self.held)
        loss = total / sum(len(b.targets) for b in self.held)
        _must_be_finite(loss, step, now)
        return round(loss, _FACTS_KEPT)

    def _save(self, step: int) -> None:
        pathname = save(self.folder, step, self.weights)
        self.artifacts.append({"pathname": pathname})
        event("checkpoint.saved", step=step, artifacts=[{"pathname": pathname}])


def _must_be_finite(loss: float, step: int, now: float) -> None:
    if not math.isfinite(loss):
        raise Diverged(f"loss is not finite at step {step} (learning rate {now:.3g}): training diverged")


def train(folder: Path) -> None:
    """Trains the job of that folder; raises JobError before the first step, Diverged after it."""
    config, data = job(folder)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        Run(folder, config, data).go()
