"""Everything that can be done to the outside world, as thin facts: ids only, words are made when it is done.

Lanes, ranks and keys are those of `lanes`. `runtime/perform` does them, `store/outbox` keeps them.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, get_args

from bot.domain.lanes import AtPlace, OfRun, Rank, announce_key, outcome_key
from bot.domain.places import Person, Place
from bot.domain.thread import (
    PostBacklog,
    PostHint,
    PostJoined,
    PostLog,
    PostMissing,
    PostOutcome,
    PostProgress,
    PostPrompts,
    PostSample,
)

__all__ = [
    "KINDS",
    "Announce",
    "Conclude",
    "DrawSample",
    "EditCard",
    "EditOutage",
    "EditStorm",
    "Effect",
    "PostBacklog",
    "PostDirect",
    "PostFailure",
    "PostHint",
    "PostJoined",
    "PostLog",
    "PostMissing",
    "PostOutage",
    "PostOutcome",
    "PostProgress",
    "PostPrompts",
    "PostSample",
    "PostStorm",
    "PostSuccess",
    "SeedReactions",
    "StartRun",
    "StopRun",
    "dump",
    "load",
    "outage_key",
    "storm_key",
]


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
class PostFailure(AtPlace):
    """The loud end of a run: a new message in the channel. Waits for nothing."""

    kind: ClassVar[str] = "alert"
    rank: ClassVar[Rank] = Rank.FAILURE

    @property
    def once(self) -> str:
        return outcome_key(self.run, self.where)


@dataclass(frozen=True, slots=True)
class PostSuccess(AtPlace):
    """The quiet end of a run, in the channel, for a place that asked for it there. Mentions nobody."""

    kind: ClassVar[str] = "news"
    rank: ClassVar[Rank] = Rank.OUTCOME

    @property
    def once(self) -> str:
        return outcome_key(self.run, self.where)


@dataclass(frozen=True, slots=True)
class PostDirect(OfRun):
    """The end of a run, told to one person alone. `person` is a Person's key."""

    person: str

    kind: ClassVar[str] = "direct"
    rank: ClassVar[Rank] = Rank.OUTCOME

    @property
    def to(self) -> Person:
        return Person.parse(self.person)

    @property
    def lane(self) -> str:
        return f"{self.kind}:{self.run}:{self.person}"

    @property
    def once(self) -> str:
        return f"direct:{self.run}:{self.person}"


@dataclass(frozen=True, slots=True)
class PostStorm(AtPlace):
    """The message that a burst of failures folds into; `run` is the one that began it."""

    kind: ClassVar[str] = "storm"
    rank: ClassVar[Rank] = Rank.FAILURE

    @property
    def once(self) -> str:
        return storm_key(self.run, self.where)


@dataclass(frozen=True, slots=True)
class EditStorm(AtPlace):
    """One more failure for the message of the burst."""

    kind: ClassVar[str] = "storm"
    rank: ClassVar[Rank] = Rank.FAILURE

    @property
    def fold(self) -> str:
        return f"edit-{storm_key(self.run, self.where)}"


@dataclass(frozen=True, slots=True)
class OfOutage(AtPlace):
    """An effect about an outage of the training service; `run` is the one that noticed it."""

    outage: int

    kind: ClassVar[str] = "outage"

    @property
    def lane(self) -> str:
        return f"{self.kind}:{self.outage}:{self.where}"


@dataclass(frozen=True, slots=True)
class PostOutage(OfOutage):
    """The notice that the training service is away."""

    rank: ClassVar[Rank] = Rank.REPLY

    @property
    def once(self) -> str:
        return outage_key(self.outage, self.where)


@dataclass(frozen=True, slots=True)
class EditOutage(OfOutage):
    """The notice as it stands now: the service is back, or away again."""

    rank: ClassVar[Rank] = Rank.EDIT

    @property
    def fold(self) -> str:
        return f"edit-{outage_key(self.outage, self.where)}"


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
    | PostProgress | PostOutcome | PostFailure | PostLog | PostJoined | PostHint | PostPrompts | PostSuccess
    | PostDirect | PostStorm | EditStorm | PostOutage | EditOutage | SeedReactions
)  # fmt: skip
KINDS: dict[str, type[Effect]] = {kind.__name__: kind for kind in get_args(Effect)}


def storm_key(first: int, place: Place) -> str:
    """The key of the message that the burst of failures which this run began folds into."""
    return f"storm:{first}:{place}"


def outage_key(outage: int, place: Place) -> str:
    """The key of an outage's notice in one place."""
    return f"outage:{outage}:{place}"


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
