"""The only things with several implementations: a chat, a training service, a one-way destination, a clock.

Each port has one contract suite under `tests/`, run against every implementation and its fake. Implementations
map their platform's errors to `domain.errors` and raise nothing else.
"""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.domain.effects import Effect
from bot.domain.events import StreamEvent
from bot.domain.places import Person, Place, PostRef
from bot.messages.model import Message


class Clock(Protocol):
    """Time, passed in so that tests own it."""

    def now(self) -> datetime:
        """The wall clock, UTC, aware."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never steps back."""

    async def sleep(self, seconds: float) -> None:
        """Waits on the monotonic clock."""


class Chat(Protocol):
    """A two-way platform. Raises Unavailable or Rejected (content, place, gone, token)."""

    platform: str
    sure: bool  # whether `post` can find an earlier message by its key

    async def post(
        self, place: Place, message: Message, *, thread: PostRef | None, key: str, tried_at: datetime | None
    ) -> PostRef:
        """Posts a message, below `thread` where given. With `tried_at` looks for `key` first (find before repeat)."""

    async def edit(self, ref: PostRef, message: Message) -> None:
        """Replaces the content of an own message."""

    async def react(self, ref: PostRef, emoji: Sequence[str]) -> None:
        """Puts the bot's own reactions below a message; those already there count as done."""

    async def reactions(self, ref: PostRef) -> Sequence[tuple[Person, str]]:
        """Who reacted with what, without the bot."""

    async def link(self, ref: PostRef) -> str | None:
        """An address that opens the message."""

    async def check(self, place: Place) -> Sequence[str]:
        """What would keep the bot from working here, as sentences; empty when nothing does."""

    async def direct(self, person: Person) -> Place:
        """Where the bot talks to this person alone; Rejected(place) where it may not."""

    def paces(self, effect: Effect) -> Iterable[str]:
        """The limits that this effect is counted against."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What to train: the job's name without its tag, and the config as it goes over the wire."""

    name: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the training service knows it. `status`: queued, running, completed, failed or cancelled.

    `config` is what it was made with, as the service stores it (reference 6.3); empty where it does not say.
    """

    id: str
    name: str
    status: str
    created_at: datetime
    error: str | None = None
    ended_at: datetime | None = None
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)  # others may have put secrets there
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing the stream said. `event` is None for what was not understood; `end` is the end of the stream.

    `id` is the cursor after this frame, None where the frame has none.
    """

    id: str | None
    event: StreamEvent | None
    end: bool = False
    data: bool = True  # False for a ping, which is no progress


class Backend(Protocol):
    """A training service. Raises Unavailable or Rejected: content for a request it refuses, gone for a job
    that is not there (404, 410), token for 401, 403 and 426, when it will not talk to us at all."""

    async def start(self, spec: Spec, *, key: str, tried_at: datetime | None) -> str:
        """Creates the job `<name> [<key>]` and returns its id. With `tried_at`, searches for that name first."""

    async def cancel(self, job: str) -> None:
        """Asks for the job's end. A job that has already ended is no error."""

    async def job(self, job: str) -> Job:
        """The job as it stands."""

    async def jobs(self) -> Sequence[Job]:
        """All jobs of the project, newest first."""

    def events(self, job: str, after: str | None) -> AsyncGenerator[Frame, None]:
        """The stream from after this cursor; ends on a clean end of the connection, raises on a break. Who stops
        reading earlier closes it."""

    async def ask(self, job: str, step: int, model: str, messages: Sequence[Mapping[str, str]], *, limit: int) -> str:
        """What the checkpoint at `step` (at 0: the base model `model`) answers, greedily, in `limit` tokens at most."""

    async def check(self) -> Sequence[str]:
        """What would keep the bot from working with this service, as sentences."""
