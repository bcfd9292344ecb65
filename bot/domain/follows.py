"""Who wants to hear what of which runs, and how several wishes of one place become one."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self

from bot.domain.places import Person, Place

_MENTION_ORDER = ("here", "starter", "nobody")


@dataclass(frozen=True, slots=True)
class Wants:
    """What a follow asks for. `progress_every` in steps, 0 for never; `failure` says who is mentioned."""

    samples: bool = True
    outcome: bool = True
    progress_every: int = 0
    failure: str = "nobody"

    def merged(self, other: "Wants") -> "Wants":
        """The union: every event that one of both wants, the smallest distance, the loudest mention."""
        distances = [every for every in (self.progress_every, other.progress_every) if every > 0]
        return Wants(
            samples=self.samples or other.samples,
            outcome=self.outcome or other.outcome,
            progress_every=min(distances, default=0),
            failure=min(self.failure, other.failure, key=_MENTION_ORDER.index),
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Follow:
    """A subscription: `place` wants `wants` of one run."""

    place: Place
    run: int
    wants: Wants
    set_by: Person
    set_at: datetime

    @classmethod
    def home(cls, run: int, place: Place, wants: Wants, by: Person, at: datetime) -> Self:
        """The follow that every started run's own place has."""
        return cls(place, run, wants, by, at)


@dataclass(frozen=True, slots=True)
class Follower:
    """One place that follows one run, its overlapping wishes merged."""

    place: Place
    wants: Wants


def followers(follows: Iterable[Follow]) -> tuple[Follower, ...]:
    """One follower a place, in the order in which the places began to follow."""
    merged: dict[Place, Follower] = {}
    for follow in follows:
        known = merged.get(follow.place)
        merged[follow.place] = (
            replace(known, wants=known.wants.merged(follow.wants)) if known else Follower(follow.place, follow.wants)
        )
    return tuple(merged.values())
