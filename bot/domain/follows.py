"""Who wants to hear what of which runs, and how several wishes of one place become one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from fnmatch import translate
from functools import lru_cache, reduce
from typing import Any, Self, assert_never

from bot.domain.places import Person, Place
from bot.domain.recipes import Notify
from bot.domain.runs import Origin, Run

EVENTS = ("samples", "progress", "success", "failures")  # what can be followed, in the words of the command
PROGRESS_EVERY = 100  # steps between two lines of progress where nobody said how many
_LOUDEST = ("here", "group", "starter", "nobody")
_WAYS = ("channel", "thread", "direct", "nobody")


@dataclass(frozen=True, slots=True)
class Wants:
    """What a follow asks for.

    `progress_every` in steps, 0 for never. `success`: how any end but a failure is told, in the card's thread, in the
    channel, to its person alone (direct), or to nobody. `mention`: who is called when a run fails: here, starter,
    nobody, or `group:<id>`."""

    samples: bool = True
    success: str = "thread"
    failures: bool = True
    progress_every: int = 0
    mention: str = "nobody"

    @classmethod
    def of_home(cls, notify: Notify, *, progress: bool) -> Self:
        """What a run's own place asks for, by its recipe; `progress`: lines of progress also where that has none."""
        every = notify.progress_every or (PROGRESS_EVERY if progress else 0)
        return cls(progress_every=every, mention=notify.failure)

    @property
    def card(self) -> bool:
        """Whether the place has a card: where only ends are told there is nothing for one to show."""
        return self.samples or self.progress_every > 0 or self.success == "thread"

    @property
    def events(self) -> tuple[str, ...]:
        """What is followed, in the words of the command."""
        wanted = (self.samples, self.progress_every > 0, self.success != "nobody", self.failures)
        return tuple(name for name, on in zip(EVENTS, wanted, strict=True) if on)

    def having(self, events: Iterable[str]) -> "Wants":
        """These wants with exactly these events; how they are told stays where it was said before."""
        kept = set(events)
        return replace(
            self,
            samples="samples" in kept,
            progress_every=(self.progress_every or PROGRESS_EVERY) if "progress" in kept else 0,
            success=(self.success if self.success != "nobody" else "thread") if "success" in kept else "nobody",
            failures="failures" in kept,
        )

    def without(self, events: Iterable[str]) -> "Wants":
        """These wants without these events; nothing may be left."""
        return self.having(set(self.events).difference(events))

    def merged(self, other: "Wants") -> "Wants":
        """The union: every event that one of both wants, the smallest distance, the loudest mention."""
        distances = [every for every in (self.progress_every, other.progress_every) if every > 0]
        return Wants(
            samples=self.samples or other.samples,
            success=min(self.success, other.success, key=_WAYS.index),
            failures=self.failures or other.failures,
            progress_every=min(distances, default=0),
            mention=min(self.mention, other.mention, key=lambda one: _LOUDEST.index(one.partition(":")[0])),
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody says of a follow. None is not said; `only`: exactly these events."""

    events: frozenset[str] = frozenset()
    only: bool = False
    every: int | None = None
    success: str | None = None
    mention: str | None = None

    def of(self, known: Wants | None, usual: Wants) -> Wants:
        """The wants after that. `known` is what the follow asked for until now, None for a new one; `usual` is what a
        new one has where nothing is said. Events are added, values replace the one before."""
        events = set(self.events)
        if known is None and not events:
            events.update(usual.events)
        elif known is not None and not self.only:
            events.update(known.events)
        if self.every is not None:
            events.add("progress")
        if self.success is not None:
            events = events - {"success"} if self.success == "nobody" else {*events, "success"}
        base = known or usual
        said = replace(
            base,
            progress_every=base.progress_every if self.every is None else self.every,
            success=base.success if self.success is None else self.success,
            mention=base.mention if self.mention is None else self.mention,
        )
        return said.having(events)


@dataclass(frozen=True, slots=True)
class OneRun:
    """The run of this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Named:
    """Runs whose names fit the pattern: small letters, `*` and `?` as in file names."""

    pattern: str


@dataclass(frozen=True, slots=True)
class StartedBy:
    """Runs that this person starts."""

    person: Person


@dataclass(frozen=True, slots=True)
class Everything:
    """Every run."""


Subject = OneRun | Named | StartedBy | Everything


@dataclass(frozen=True, slots=True)
class Follow:
    """A subscription: `place` wants `wants` of `subject`.

    `after` is the newest run when it was set: only a follow of one run reaches back. `alone`: the place is a
    conversation of `set_by` with the bot. `home`: it came with the run itself. `private`: not everybody could read
    the place when it was set."""

    place: Place
    subject: Subject
    wants: Wants
    set_by: Person
    set_at: datetime
    number: int = 0
    after: int = 0
    alone: bool = False
    home: bool = False
    private: bool = False

    @classmethod
    def of_home(cls, run: Run, wants: Wants, *, alone: bool = False) -> Self:
        """The follow that every run's own place has."""
        subject, after = OneRun(run.number), run.number - 1
        return cls(run.home, subject, wants, run.starter, run.requested_at, 0, after, alone, True, run.home_private)

    def fits(self, run: Run) -> bool:
        """Whether the run is followed by this. A private run goes nowhere but home and to its starter alone."""
        if run.private and self.place != run.home and not (self.alone and self.set_by == run.starter):
            return False
        if isinstance(self.subject, OneRun):
            return self.subject.number == run.number
        if run.number <= self.after or run.origin is Origin.HISTORY:
            return False
        match self.subject:
            case Named(pattern):
                return _pattern(pattern).match(run.name.lower()) is not None
            case StartedBy(person):
                return run.starter == person
            case Everything():
                return True
            case _:
                assert_never(self.subject)


@lru_cache(maxsize=4096)  # a place may follow hundreds, each of which is compared with every run that goes on
def _pattern(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression; a bracket is a bracket. `store.follows` says the same in SQL."""
    return re.compile(translate(pattern.replace("[", "[[]")))


@dataclass(frozen=True, slots=True)
class Mute:
    """A place hears nothing of a run (0: of any) until then; None is for good."""

    run: int
    until: datetime | None
    by: Person


@dataclass(frozen=True, slots=True)
class Burst:
    """The failures that were told in a place within the last minutes: how many, and which run's came first."""

    told: int = 0
    first: int = 0


@dataclass(frozen=True, slots=True)
class Follower:
    """One place that follows one run, its overlapping wishes merged, and what it has heard of lately."""

    place: Place
    wants: Wants
    because: tuple[Follow, ...] = ()
    muted: bool = False
    burst: Burst = field(default_factory=Burst)

    @property
    def told_alone(self) -> tuple[Person, ...]:
        """Who wants to hear of a good end alone."""
        return tuple(one.set_by for one in self.because if one.wants.success == "direct")


def followers(follows: Iterable[Follow]) -> tuple[Follower, ...]:
    """One follower a place, in the order in which the places began to follow."""
    places: dict[Place, list[Follow]] = {}
    for follow in follows:
        places.setdefault(follow.place, []).append(follow)
    return tuple(follower(place, found) for place, found in places.items())


def follower(place: Place, follows: Sequence[Follow]) -> Follower:
    """The place with everything that one of its follows, of which there is one at least, wants."""
    wanted = {id(one.wants): one.wants for one in follows}  # most are one object: what is wanted alike is merged once
    return Follower(place, reduce(Wants.merged, wanted.values()), tuple(follows))
