"""What can happen to a run, as past-tense facts. `backend/wire` and the commands make them, `decide` reads them."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.places import Person
from bot.domain.runs import Numbers


@dataclass(frozen=True, slots=True)
class JobCreated:
    """The training service took the run and calls it `job_id`."""

    at: datetime
    job_id: str


@dataclass(frozen=True, slots=True)
class JobRefused:
    """The training service would not start the run."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class QueueMoved:
    """The run waits at this position of the service's queue; 1 is next."""

    at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class TrainingStarted:
    at: datetime
    total_steps: int | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """Numbers at a step. Several may share a step."""

    at: datetime
    step: int
    numbers: Numbers = field(default_factory=Numbers)


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    at: datetime
    step: int


@dataclass(frozen=True, slots=True)
class TrainingCompleted:
    """`artifacts` is None where the outcome was learnt by asking the job, which does not list them."""

    at: datetime
    artifacts: int | None = None


@dataclass(frozen=True, slots=True)
class TrainingFailed:
    """`error` is the service's own text. `log_tail`: the last lines of the program's log, where it sent them."""

    at: datetime
    error: str
    step: int | None = None
    log_tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingCancelled:
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """A person asked for the end of the run."""

    at: datetime
    by: Person


@dataclass(frozen=True, slots=True)
class CancelRefused:
    """The service would not end the job."""

    at: datetime


@dataclass(frozen=True, slots=True)
class FellSilent:
    """Nothing was heard for longer than the recipe allows, though the connection stands."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ContactLost:
    """The service cannot be reached, or will not talk to us. `answered`: it does answer, only not about this job."""

    at: datetime
    answered: bool = False


@dataclass(frozen=True, slots=True)
class ContactRegained:
    at: datetime


StreamEvent = (
    QueueMoved | TrainingStarted | Logged | CheckpointSaved | TrainingCompleted | TrainingFailed | TrainingCancelled
)
Event = StreamEvent | JobCreated | JobRefused | CancelAsked | CancelRefused | FellSilent | ContactLost | ContactRegained
