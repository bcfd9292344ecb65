"""The effects that are replies below a run's card. All others, and how effects are kept, are in `effects`."""

from dataclasses import dataclass
from typing import ClassVar

from bot.domain.lanes import InThread, Rank, outcome_key


@dataclass(frozen=True, slots=True)
class PostSample(InThread):
    """One prompt and its answer, to be voted on."""

    step: int
    prompt: int

    @property
    def once(self) -> str:
        return f"sample:{self.run}:{self.step}:{self.prompt}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostMissing(InThread):
    """One line: no sample at this step, and why. Once a step, however many prompts it misses."""

    step: int
    prompt: int

    @property
    def once(self) -> str:
        return f"missing:{self.run}:{self.step}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostBacklog(InThread):
    """Several steps' samples as one message, after an outage. `steps` are written with commas between."""

    steps: str

    @property
    def once(self) -> str:
        return f"backlog:{self.run}:{self.steps.split(',')[0]}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostProgress(InThread):
    """One line of numbers."""

    step: int

    @property
    def once(self) -> str:
        return f"progress:{self.run}:{self.step}:{self.where}"

    @property
    def fold(self) -> str:
        return f"progress:{self.run}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostOutcome(InThread):
    """The quiet end of a run, in its thread."""

    rank: ClassVar[Rank] = Rank.OUTCOME

    @property
    def once(self) -> str:
        return outcome_key(self.run, self.where)


@dataclass(frozen=True, slots=True)
class PostLog(InThread):
    """The last lines of a failed run's log."""

    @property
    def once(self) -> str:
        return f"log:{self.run}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostJoined(InThread):
    """One line for a place that begins to follow in the middle of a run: where to find what came before."""

    @property
    def once(self) -> str:
        return f"joined:{self.run}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostHint(InThread):
    """One line for a run that has nothing to be asked: how to add prompts."""

    @property
    def once(self) -> str:
        return f"hint:{self.run}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostPrompts(InThread):
    """One line: who changed the run's prompts, and how. `change` is a row of the store."""

    change: int

    @property
    def once(self) -> str:
        return f"prompts:{self.run}:{self.change}:{self.where}"
