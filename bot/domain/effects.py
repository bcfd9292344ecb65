"""Everything that can be done to the outside world, as thin facts: ids only, words are made when it is done.

Each effect names its lane (order is kept within one), its rank (the most urgent lane goes first), and, where it
has them, the key that lets it happen only once, the key that folds it into a waiting one, and the effect whose
end it waits for. `runtime/perform` does them, `store/outbox` keeps them.
"""

from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from typing import Any, ClassVar

from bot.domain.places import Place


class Rank(IntEnum):
    """What goes first among lanes that are due."""

    FAILURE = 0
    ANNOUNCE = 1
    JOB = 2
    OUTCOME = 3
    REPLY = 4
    DRAW = 5
    EDIT = 6
    REACTION = 7


@dataclass(frozen=True, slots=True)
class OfRun:
    """What every effect has: the run it is about."""

    run: int

    rank: ClassVar[Rank]
    kind: ClassVar[str] = "job"  # job, draw, card, thread, alert or react

    @property
    def place(self) -> Place | None:
        """Where it will be seen, None when it goes to the training service."""
        return None

    @property
    def lane(self) -> str:
        return f"{self.kind}:{self.run}"

    @property
    def once(self) -> str | None:
        """Known to the outbox for ever: a second effect with this key is not inserted."""
        return None

    @property
    def fold(self) -> str | None:
        """A waiting effect with this key takes this one in, keeping its id and due time."""
        return None

    @property
    def after(self) -> str | None:
        """The `once` key of an effect that must be settled first."""
        return None


@dataclass(frozen=True, slots=True)
class AtPlace(OfRun):
    """An effect that is seen in one place."""

    where: Place

    @property
    def place(self) -> Place:
        return self.where

    @property
    def lane(self) -> str:
        return f"{self.kind}:{self.run}:{self.where}"


@dataclass(frozen=True, slots=True)
class StartRun(OfRun):
    """Create the job on the training service."""

    rank: ClassVar[Rank] = Rank.JOB

    @property
    def once(self) -> str:
        return f"start:{self.run}"


@dataclass(frozen=True, slots=True)
class StopRun(OfRun):
    """Cancel the job on the training service."""

    rank: ClassVar[Rank] = Rank.JOB

    @property
    def fold(self) -> str:
        return f"stop:{self.run}"


@dataclass(frozen=True, slots=True)
class DrawSample(OfRun):
    """Ask one checkpoint (or the base model, at step 0) one of the run's prompts."""

    step: int
    prompt: int

    kind: ClassVar[str] = "draw"
    rank: ClassVar[Rank] = Rank.DRAW

    @property
    def once(self) -> str:
        return f"draw:{self.run}:{self.step}:{self.prompt}"


@dataclass(frozen=True, slots=True)
class Conclude(OfRun):
    """Tell the quiet outcome to everyone who follows; waits for the draws, two minutes at most."""

    kind: ClassVar[str] = "conclude"
    rank: ClassVar[Rank] = Rank.OUTCOME

    @property
    def once(self) -> str:
        return f"conclude:{self.run}"


@dataclass(frozen=True, slots=True)
class Announce(AtPlace):
    """Post the card."""

    kind: ClassVar[str] = "card"
    rank: ClassVar[Rank] = Rank.ANNOUNCE

    @property
    def once(self) -> str:
        return announce_key(self.run, self.where)


@dataclass(frozen=True, slots=True)
class EditCard(AtPlace):
    """Show the newest state on the card. `soon`: do not wait for the throttle."""

    soon: bool = False

    kind: ClassVar[str] = "card"
    rank: ClassVar[Rank] = Rank.EDIT

    @property
    def fold(self) -> str:
        return f"card:{self.run}:{self.where}"


@dataclass(frozen=True, slots=True)
class InThread(AtPlace):
    """A reply below the card, which must be there first."""

    kind: ClassVar[str] = "thread"
    rank: ClassVar[Rank] = Rank.REPLY

    @property
    def after(self) -> str:
        return announce_key(self.run, self.where)


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
        return f"outcome:{self.run}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostFailure(AtPlace):
    """The loud end of a run: a new message in the channel. Waits for nothing."""

    kind: ClassVar[str] = "alert"
    rank: ClassVar[Rank] = Rank.FAILURE

    @property
    def once(self) -> str:
        return f"outcome:{self.run}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostLog(InThread):
    """The last lines of a failed run's log."""

    @property
    def once(self) -> str:
        return f"log:{self.run}:{self.where}"


@dataclass(frozen=True, slots=True)
class SeedReactions(AtPlace):
    """Put the bot's own thumbs under a sample, for others to click."""

    step: int
    prompt: int

    kind: ClassVar[str] = "react"
    rank: ClassVar[Rank] = Rank.REACTION

    @property
    def once(self) -> str:
        return f"seed:{self.run}:{self.step}:{self.prompt}:{self.where}"


Effect = (
    StartRun | StopRun | DrawSample | Conclude | Announce | EditCard | PostSample | PostMissing | PostBacklog
    | PostProgress | PostOutcome | PostFailure | PostLog | SeedReactions
)  # fmt: skip
KINDS: dict[str, type[Effect]] = {
    kind.__name__: kind
    for kind in (
        StartRun, StopRun, DrawSample, Conclude, Announce, EditCard, PostSample, PostMissing, PostBacklog,
        PostProgress, PostOutcome, PostFailure, PostLog, SeedReactions,
    )
}  # fmt: skip


def announce_key(run: int, place: Place) -> str:
    """The key of the card's first posting, which everything in its thread waits for."""
    return f"announce:{run}:{place}"


def dump(effect: Effect) -> dict[str, Any]:
    """Plain data that `load` reads back."""
    data = asdict(effect)
    if effect.place is not None:
        data["where"] = str(effect.place)
    return {"effect": type(effect).__name__, **data}


def load(data: dict[str, Any]) -> Effect:
    """The effect that `dump` wrote; KeyError for one that this version does not know."""
    kind = KINDS[data["effect"]]
    args = {one.name: data[one.name] for one in fields(kind) if one.name in data}
    if "where" in args:
        args["where"] = Place.parse(args["where"])
    return kind(**args)
