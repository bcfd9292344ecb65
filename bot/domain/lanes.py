"""What every effect has in common: its run or place, its lane (order is kept within one), its rank (the most urgent
lane goes first), and, where it has them, the key that lets it happen only once, the key that folds it into a waiting
one, and the effect whose end it waits for. The effects themselves are in `effects`.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

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
    kind: ClassVar[str] = "job"  # job, draw, conclude, card, thread, alert, news, direct, outage or react

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
class InThread(AtPlace):
    """A reply below the card, which must be there first."""

    kind: ClassVar[str] = "thread"
    rank: ClassVar[Rank] = Rank.REPLY

    @property
    def after(self) -> str:
        return announce_key(self.run, self.where)


def announce_key(run: int, place: Place) -> str:
    """The key of the card's first posting, which everything in its thread waits for."""
    return f"announce:{run}:{place}"


def outcome_key(run: int, place: Place) -> str:
    """The key of the word of a run's end in one place, quiet or loud."""
    return f"outcome:{run}:{place}"
