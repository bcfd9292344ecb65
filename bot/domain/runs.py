"""A run as the team sees it: its facts, its numbers, its samples. How it changes is in `decide`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.places import Person, Place
from bot.domain.recipes import Recipe

BASE_STEP = 0  # the step at which the base model answers, before training


class State(StrEnum):
    """What a run is. The last five are final: such a run accepts no event."""

    REQUESTED = "requested"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    REFUSED = "refused"

    @property
    def final(self) -> bool:
        return self in _FINAL


_FINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED, State.STOPPED, State.REFUSED})


class Condition(StrEnum):
    """What is odd about a live run; taken back when it speaks."""

    SILENT = "silent"
    LOST_CONTACT = "lost contact"


class Origin(StrEnum):
    """Where a run was started: in a chat, elsewhere, or elsewhere before anybody here looked."""

    CHAT = "chat"
    OUTSIDE = "outside"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Numbers:
    """One row of metrics. Loss in nats, rate in samples per second; None means not said."""

    loss: float | None = None
    eval_loss: float | None = None
    learning_rate: float | None = None
    epoch: float | None = None
    rate: float | None = None

    def updated(self, later: "Numbers") -> "Numbers":
        """These numbers with every later number that is not None in its place."""
        pairs = ((getattr(later, name), getattr(self, name)) for name in NUMBER_NAMES)
        return Numbers(*(new if new is not None else old for new, old in pairs))


NUMBER_NAMES = ("loss", "eval_loss", "learning_rate", "epoch", "rate")


@dataclass(frozen=True, slots=True)
class Run:
    """One training job as the team sees it. Times are UTC."""

    number: int
    recipe: Recipe
    home: Place
    starter: Person
    requested_at: datetime
    state: State = State.REQUESTED
    private: bool = False
    home_private: bool = False  # where it was started not everybody reads; `share` does not change that
    origin: Origin = Origin.CHAT
    parent: int | None = None  # the run that it does again
    note: str = ""  # what its starter said of it
    changes: tuple[str, ...] = ()  # the settings given with the command, as `key=value`
    job_id: str | None = None
    cursor: str | None = None  # the id of the last stream frame that was handled
    queue_position: int | None = None  # 1 is next
    started_at: datetime | None = None
    ended_at: datetime | None = None
    heard_at: datetime | None = None  # when the service last said something new about it
    step: int = 0
    total_steps: int | None = None
    numbers: Numbers = field(default_factory=Numbers)
    checkpoints: tuple[int, ...] = ()
    sampled: tuple[int, ...] = ()  # the checkpoints that were chosen for samples
    condition: Condition | None = None
    cancel_by: Person | None = None
    error: str | None = None
    log_tail: tuple[str, ...] = ()
    artifacts: int | None = None

    @property
    def name(self) -> str:
        return self.recipe.name

    @property
    def title(self) -> str:
        """`support-bot #42`: shown wherever the run is named, and accepted by every command."""
        return f"{self.recipe.name} #{self.number}"

    def opens_from(self, place: Place) -> bool:
        """Whether what is said in this place may link to the card at home: an address shows where that is."""
        return place == self.home or not (self.private or self.home_private)

    def duration(self, now: datetime) -> timedelta:
        """How long it trained so far, or in all; counted from the request where it never started."""
        begin = self.started_at or self.requested_at
        return max((self.ended_at or now) - begin, timedelta(0))


@dataclass(frozen=True, slots=True)
class Sample:
    """What one checkpoint answered to one prompt. `error` is set where nothing could be drawn."""

    run: int
    step: int
    prompt: int  # index into the run's prompts
    answer: str | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """The numbers at one step, as a curve wants them."""

    step: int
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose eyes a reply is for, and where it is read. `store.runs` says the same in SQL."""

    person: Person
    place: Place
    admin: bool = False

    def sees(self, run: Run) -> bool:
        """A run of a private place is seen there, by its starter and by admins."""
        return not run.private or run.home == self.place or run.starter == self.person or self.admin
