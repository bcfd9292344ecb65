"""The runtime's parts on a real database, with fakes at the ports and a clock that the test moves."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from fakes.backend import FakeBackend
from fakes.chat import FakeChat
from fakes.clock import BEGIN, VirtualClock
from fakes.life import FakePlotter, Fuse, FusedDatabase

from bot.domain.effects import Effect
from bot.domain.events import CancelAsked, Event
from bot.domain.follows import Follow, OneRun, Wants
from bot.domain.lanes import announce_key
from bot.domain.places import Person, Place, PostRef
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Run, State
from bot.domain.tokens import Secrets
from bot.messages.model import say
from bot.ports import Backend, Spec
from bot.runtime.deliver import Deliverer
from bot.runtime.discreet import Discreet
from bot.runtime.jobs import Jobs
from bot.runtime.perform import Performer
from bot.runtime.reactions import Reactions
from bot.runtime.sending import Sender
from bot.runtime.watch import Watcher
from bot.store import follows, ingest, outbox, people, posts, runs
from bot.store.database import Query
from bot.store.posts import Post

T = TypeVar("T")
HERE, THERE = Place("fake", "team", "training"), Place("fake", "team", "general")
FAR = Place("far", "team", "training")  # on another platform
ADA, GRACE = Person("fake", "team", "ada", "Ada"), Person("fake", "team", "grace", "Grace")
QUIET = 25  # turns of the loop in which nothing is under way


def recipe(prompts: int = 1, **more: Any) -> Recipe:
    asked = tuple(Prompt(f"question {number}") for number in range(1, prompts + 1))
    return Recipe("tickets", "tiny", {"type": "file", "name": "t.jsonl"}, prompts=asked, **more)


class TroubledDatabase(FusedDatabase):
    """A database that raises as long as it is in trouble, and counts its writes."""

    trouble: Exception | None = None
    write_trouble: Exception | None = None
    writes = 0

    async def write(self, function: Callable[[sqlite3.Connection], T]) -> T:
        if trouble := self.trouble or self.write_trouble:
            raise trouble
        self.writes += 1
        return await super().write(function)

    async def read(self, query: Query[T]) -> T:
        if self.trouble is not None:
            raise self.trouble
        return await super().read(query)


class Stage:
    """What a test moves. `parts` are started by `start`, and again after `kill`, as a new process would."""

    def __init__(self, database: TroubledDatabase, clock: VirtualClock, backend: Backend) -> None:
        self.database = database
        self.clock = clock
        self.backend = backend
        self.chat, self.far = FakeChat(), FakeChat()
        self.far.platform = FAR.platform
        self.chats = {"fake": self.chat, "far": self.far}
        self.steps: list[tuple[float, str]] = []
        for chat in self.chats.values():
            chat.step = self._step
        self.gates: dict[str, asyncio.Event] = {}
        self.plotter: Any = FakePlotter()
        self.secrets: dict[str, str] = {}  # tokens of data sets
        self.elsewhere: frozenset[int] = frozenset()  # runs of another service
        self._tasks: list[asyncio.Task[None]] = []

    async def _step(self, what: str) -> None:
        self.steps.append((self.clock.monotonic(), what))
        if what in self.gates:
            await self.gates[what].wait()

    def hold(self, what: str) -> asyncio.Event:
        """The chat stands still at this step until the event is set."""
        return self.gates.setdefault(what, asyncio.Event())

    def times(self, what: str) -> list[float]:
        """When the chat came to this step."""
        return [at for at, step in self.steps if step == what]

    def service(self) -> Backend:
        """The training service as the runtime has it."""
        return Discreet(self.backend, Secrets(self.secrets.values()))

    async def start(self, *parts: str) -> None:
        """Starts `deliver`, `watch` or both."""
        service = self.service()
        jobs = Jobs(self.database, service, self.clock, "i", self.secrets)
        sender = Sender(self.database, self.chats, self.clock)
        self.performer = Performer(jobs, sender, self.plotter, self.clock, self.elsewhere)
        self.deliverer = Deliverer(
            self.database, self.performer, self.clock, started=lambda: self.watcher.wake()  # noqa: PLW0108
        )  # fmt: skip
        self.watcher = Watcher(
            self.database, service, self.clock, self.deliverer.wake, jitter=lambda: 0.0, elsewhere=self.elsewhere
        )
        self.reactions = Reactions(self.database, self.chats, self.clock, changed=self.deliverer.wake)
        running = {"deliver": self.deliverer.run, "watch": self.watcher.run}
        self._tasks = [asyncio.create_task(running[part]()) for part in parts or ("deliver",)]
        await self.settle()

    async def kill(self) -> None:
        """The process ends in the middle of whatever it does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Until nobody has anything to do at this moment."""
        turns = 0
        while turns < QUIET:
            await asyncio.sleep(0)
            turns = 0 if self.database.busy else turns + 1
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def go(self, seconds: float) -> None:
        """Lets so much time pass, from sleeper to sleeper."""
        end = self.clock.monotonic() + seconds
        await self.settle()
        while (due := self.clock.upcoming()) is not None and due <= end:
            self.clock.move_to(due)
            await self.settle()
        self.clock.move_to(end)
        await self.settle()

    async def leap(self, seconds: float) -> None:
        """Lets so much time pass at once, as when the computer slept; everybody who is due wakes up after it."""
        self.clock.move(seconds)
        await self.settle()

    async def run(self, *, wants: Wants | None = None, places: Sequence[Place] = (HERE,), **facts: Any) -> Run:
        """A run that is there, with its job, followed in these places."""
        now = self.clock.now()
        facts = {"recipe": recipe(), "state": State.RUNNING, "started_at": now, "heard_at": now, **facts}

        def write(connection: sqlite3.Connection) -> Run:
            people.see(connection, ADA, now)
            people.see(connection, GRACE, now)
            run = runs.add(
                connection, lambda number: Run(number=number, home=HERE, starter=ADA, requested_at=now, **facts)
            )
            for place in places:
                follow = Follow(place, OneRun(run.number), wants or Wants(), ADA, now, home=place == HERE)
                follows.add(connection, follow)
            return run

        run = await self.database.write(write)
        if run.state is State.REQUESTED or run.job_id is not None:
            return run
        job = await self.backend.start(Spec(run.name, {}), key=f"tb-i-{run.number}", tried_at=None)
        await self.save(replace(run, job_id=job))
        return replace(run, job_id=job)

    async def save(self, run: Run) -> None:
        await self.database.write(lambda connection: runs.save(connection, run))

    async def card(self, run: Run, place: Place = HERE) -> PostRef:
        """The run's card, posted already."""
        chat = self.chats[place.platform]
        key = announce_key(run.number, place)
        ref = await chat.post(place, _BLANK, thread=None, key=key, tried_at=None)
        chat.calls.clear()
        await self.database.write(
            lambda connection: posts.add(connection, Post(key, run.number, ref), self.clock.now())
        )
        return ref

    async def add(self, *effects: Effect) -> None:
        """These effects are committed, and the deliverer hears of it."""
        now = self.clock.now()
        await self.database.write(lambda connection: outbox.add(connection, effects, now))
        if self._tasks:
            self.deliverer.wake()
            await self.settle()

    async def take(self, number: int, event: Event) -> None:
        """This happens to the run."""
        now = self.clock.now()
        await self.database.write(lambda connection: ingest.take(connection, number, event, now))
        if self._tasks:
            self.deliverer.wake()
            await self.settle()

    async def cancel(self, number: int) -> None:
        await self.take(number, CancelAsked(self.clock.now(), ADA))

    async def read(self, query: Query[T]) -> T:
        return await self.database.read(query)

    async def seen(self, number: int) -> Run:
        run = await self.read(runs.get(number))
        assert run is not None
        return run

    async def rows(self) -> list[dict[str, Any]]:
        """The outbox as it is."""
        return await self.read(
            Query("SELECT * FROM outbox ORDER BY id", (), lambda found: [dict(row) for row in found])
        )

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.rows()]

    def posted(self, *chats: FakeChat) -> list[str]:
        """The keys of what was posted for everyone, in order; what one person alone is told is in `alone`."""
        return [one.key for chat in chats or (self.chat,) for one in chat.posts if not _alone(one.key)]

    def alone(self) -> list[str]:
        """The keys of the direct messages, in order."""
        return [one.key for one in self.chat.posts if _alone(one.key)]


_BLANK = say("card")


def _alone(key: str) -> bool:
    return key.startswith("direct:")


@asynccontextmanager
async def stage(path: Path, make: Callable[[VirtualClock], Backend] | None = None) -> AsyncIterator[Stage]:
    clock = VirtualClock(BEGIN)
    database = await TroubledDatabase.open(path)
    database.fuse = Fuse()
    backend = make(clock) if make else FakeBackend(clock=clock, live=True)
    one = Stage(database, clock, backend)
    try:
        yield one
    finally:
        with suppress(asyncio.CancelledError):
            await one.kill()
        await database.close()
