"""The three kinds of error, mapped from the outside world at its border and nowhere else.

TrainbotError
  UserError      a sentence for the person; nothing was changed
  Unavailable    try again later; says whether the attempt may have arrived
  Rejected       the other side said no, with a scope that tells what to do next
"""

from enum import StrEnum


class TrainbotError(Exception):
    """Something the program knows how to handle."""


class UserError(TrainbotError):
    """A sentence for the person who asked. It says what is wrong and what to do next."""


class Unavailable(TrainbotError):
    """The other side cannot be reached, or asks for patience.

    `after`: seconds to wait before the next attempt, None when the other side did not say.
    `pace`: the limit that is exhausted; it holds every lane that needs it. None holds only this effect.
    `ambiguous`: the attempt may have arrived, so look before repeating it.
    """

    def __init__(
        self, reason: str, *, after: float | None = None, pace: str | None = None, ambiguous: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after
        self.pace = pace
        self.ambiguous = ambiguous


class Scope(StrEnum):
    """How much of the world a rejection is about."""

    CONTENT = "content"  # this payload: once more as plain summary
    PLACE = "place"  # this channel: its rows wait until someone unblocks it
    GONE = "gone"  # this message or job no longer exists
    TOKEN = "token"  # noqa: S105 (the name of a scope, not a secret): the whole side pauses


class Rejected(TrainbotError):
    """The other side refused. `status` is its HTTP status where it has one."""

    def __init__(self, scope: Scope, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.scope = scope
        self.reason = reason
        self.status = status
