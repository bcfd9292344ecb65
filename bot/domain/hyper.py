"""The hyper-parameters a recipe may set: their names, types, ranges, and their names on the wire.

Wire names are those of the Arkor job config (SDK types, commit 314c6e3); the service's own defaults apply to
what is not set. A key that is not listed here goes into the recipe's `[extra]` table and is passed unchanged.
"""

import difflib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from bot.domain.errors import UserError
from bot.domain.text import cut

Value = int | float | bool | str
# To compare two words letter by letter takes the product of their lengths, and there may be a thousand names.
_COMPARED = 60  # letters of a word
_LIKELY = 50  # words, those that share the most pairs of letters


@dataclass(frozen=True, slots=True)
class Hyper:
    """One hyper-parameter. `low` and `high` are inclusive."""

    name: str
    wire: str
    kind: type[int] | type[float] | type[bool] | type[str]
    meaning: str
    low: float = 0
    high: float = 1e9
    aliases: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The allowed values, for a sentence."""
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return "a word"
        if self.kind is int:
            return f"a whole number from {int(self.low)} to {int(self.high)}"
        return f"a number from {_short(self.low)} to {_short(self.high)}"

    def check(self, value: object) -> Value | None:
        """The value in its own type, or None when it is not allowed."""
        if self.kind is bool or isinstance(value, bool):
            return value if self.kind is bool and isinstance(value, bool) else None
        if self.kind is str:
            return value if isinstance(value, str) and 0 < len(value) <= 60 and value.isprintable() else None
        if not isinstance(value, int | float) or not self.low <= value <= self.high:  # nan is in no range
            return None
        if self.kind is int:
            return int(value) if value == int(value) else None
        return float(value)

    def read(self, text: str) -> Value | None:
        """The value that a person typed, or None when it is not allowed. `1e3` and `1_000` are numbers."""
        text = text.strip()
        if not text.isascii():
            return None
        if self.kind is bool:
            return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(text.lower())
        if self.kind is str:
            return self.check(text)
        try:
            return self.check(float(text))
        except (ValueError, OverflowError):
            return None


HYPERS = (
    Hyper("max_steps", "maxSteps", int, "stop after so many steps", 1, 10_000_000, ("steps",)),
    Hyper("epochs", "numTrainEpochs", float, "passes over the data", 0.001, 10_000),
    Hyper("learning_rate", "learningRate", float, "peak learning rate", 1e-9, 1e6, ("lr",)),
    Hyper("batch_size", "batchSize", int, "rows per step and device", 1, 4096, ("batch",)),
    Hyper("optimizer", "optim", str, "optimizer"),
    Hyper("scheduler", "lrSchedulerType", str, "learning-rate schedule"),
    Hyper("weight_decay", "weightDecay", float, "weight decay", 0, 10),
    Hyper("warmup_steps", "warmupSteps", int, "steps of warm-up", 0, 1_000_000, ("warmup",)),
    Hyper("logging_steps", "loggingSteps", int, "steps between two log lines", 1, 1_000_000),
    Hyper("save_steps", "saveSteps", int, "steps between two checkpoints", 1, 10_000_000),
    Hyper("eval_steps", "evalSteps", int, "steps between two evaluations", 1, 10_000_000),
    Hyper("lora_r", "loraR", int, "rank of the adapter", 1, 4096),
    Hyper("lora_alpha", "loraAlpha", float, "scale of the adapter", 0.001, 100_000),
    Hyper("max_length", "maxLength", int, "tokens per row", 8, 1_000_000),
    Hyper("load_in_4bit", "loadIn4bit", bool, "QLoRA"),
    Hyper("train_on_responses_only", "trainOnResponsesOnly", bool, "learn from the answers only"),
    Hyper("dry_run", "dryRun", bool, "a smoke test: little data, few steps"),
    Hyper("seed", "seed", int, "seed of the random numbers", 0, 2**31 - 1),
)
BY_NAME = {name: hyper for hyper in HYPERS for name in (hyper.name, *hyper.aliases)}


def _short(number: float) -> str:
    """`1e-9` rather than `1e-09`, `1000000` rather than `1e+06`."""
    return str(int(number)) if number == int(number) else f"{number:g}".replace("e-0", "e-")


def find(name: str) -> Hyper:
    """The hyper-parameter of this name or alias; UserError with the nearest name."""
    hyper = BY_NAME.get(name.lower().replace("-", "_"))
    if hyper is None:
        near = nearest(name.lower(), BY_NAME)
        hint = f" Did you mean `{near}`?" if near else f" Known settings: {', '.join(h.name for h in HYPERS)}."
        raise UserError(f"There is no setting `{cut(name, 40)}`.{hint}")
    return hyper


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant; None when nothing is near."""
    word, names = word[:_COMPARED], {one[:_COMPARED]: one for one in known}
    some: Iterable[str] = names
    if len(names) > _LIKELY:
        letters = _pairs(word)
        some = heapq.nlargest(_LIKELY, names, lambda one: len(letters & _pairs(one)) / (len(letters) + len(one) + 1))
    near = difflib.get_close_matches(word, some, n=1)
    return names[near[0]] if near else None


def _pairs(word: str) -> set[tuple[str, str]]:
    return set(pairwise(word))
