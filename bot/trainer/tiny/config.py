"""What a training run is told to do: the wire names of `job.json`, checked, with this engine's defaults.

Runs once, before anything else of a training run. Absent or null values take the default. Left out:
settings of larger engines (adapters, quantisation), which are ignored here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.trainer.tiny.optimiser import SCHEDULES

CONTEXT: Final = 256
DRY_STEPS: Final = 10
DRY_ROWS: Final = 50
_MOST_STEPS: Final = 1_000_000


class ConfigError(ValueError):
    """A setting with a value that makes no sense; its text is a sentence."""


@dataclass(frozen=True, slots=True)
class Config:
    """One run: counts in steps or rows, `max_length` in tokens, the learning rate per step.

    The warm-up takes at most half of the steps, however short the run has been made.
    """

    max_steps: int | None
    epochs: float
    learning_rate: float
    batch_size: int
    schedule: str
    weight_decay: float
    warmup_steps: int
    logging_steps: int
    save_steps: int | None
    eval_steps: int | None
    max_length: int
    seed: int
    dry_run: bool

    def steps(self, rows: int) -> int:
        """How many steps the run takes for so many rows to learn from."""
        if self.dry_run:
            return DRY_STEPS
        if self.max_steps is not None:
            return self.max_steps
        return max(1, math.ceil(rows / min(self.batch_size, rows) * self.epochs))


def config_of(wire: Mapping[str, Any]) -> Config:
    """Checks the wire names; raises ConfigError with a sentence for the first that is wrong."""
    schedule = wire.get("lrSchedulerType")
    if schedule is not None and schedule not in SCHEDULES:
        raise ConfigError(f"lrSchedulerType must be one of {', '.join(SCHEDULES)}, not {schedule!r:.60}")
    model = wire.get("model")
    if model not in (None, "tiny"):
        raise ConfigError(f"this engine trains the model tiny only, not {model!r:.60}")
    dry = wire.get("dryRun")
    if dry not in (None, True, False):
        raise ConfigError("dryRun must be true or false")
    whole, real = _Numbers(wire, whole=True), _Numbers(wire, whole=False)
    return Config(
        max_steps=whole.get("maxSteps", 1, _MOST_STEPS),
        epochs=real.need("numTrainEpochs", 0.001, 10_000, 4.0),
        learning_rate=real.need("learningRate", 1e-9, 1e9, 3e-3),
        batch_size=int(whole.need("batchSize", 1, 512, 32)),
        schedule=schedule or "cosine",
        weight_decay=real.need("weightDecay", 0, 100, 0.05),
        warmup_steps=int(whole.need("warmupSteps", 0, _MOST_STEPS, 20)),
        logging_steps=int(whole.need("loggingSteps", 1, _MOST_STEPS, 10)),
        save_steps=whole.get("saveSteps", 1, _MOST_STEPS),
        eval_steps=whole.get("evalSteps", 1, _MOST_STEPS),
        max_length=int(whole.need("maxLength", 8, CONTEXT, 160)),
        seed=int(whole.need("seed", 0, 2**32 - 1, 0)),
        dry_run=bool(dry),
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Reads numbers from the wire, either whole ones or any."""

    wire: Mapping[str, Any]
    whole: bool

    def get(self, name: str, least: float, most: float) -> Any:
        """The number of that name or None; raises ConfigError when it is none or out of range."""
        value = self.wire.get(name)
        if value is None:
            return None
        kind = "a whole number" if self.whole else "a number"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{name} must be {kind}, not {value!r:.60}")
        if not least <= value <= most:
            raise ConfigError(f"{name} must be from {least:g} to {most:g}, not {value!r:.60}")
        if self.whole and value != int(value):
            raise ConfigError(f"{name} must be a whole number, not {value!r:.60}")
        return int(value) if self.whole else float(value)

    def need(self, name: str, least: float, most: float, default: float) -> float:
        """The number of that name or the default."""
        value: float | None = self.get(name, least, most)
        return default if value is None else value
