"""The whole runtime on fakes, under a clock that jumps: one life of the bot, and its sudden end at any step.

A step is a moment before or after something leaves the process: a commit, a call to the chat, a call to the
training service. When the fuse blows at a step, nothing after it happens in that life: whoever waits, waits for ever,
as if the process had been killed there. A new life on the same file shows what was lost or repeated.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from fakes.backend import FakeBackend
from fakes.book import FakeBook
from fakes.chat import FakeChat
from fakes.clock import VirtualClock

from bot.commands.catalog import COMMANDS
from bot.commands.desk import Desk
from bot.commands.registry import Registry
from bot.commands.spec import Incoming
from bot.domain.places import Place
from bot.domain.recipes import Recipe
from bot.domain.runs import Point, Run
from bot.messages.model import Message, Picture
from bot.runtime.deliver import Deliverer
from bot.runtime.discover import Discoverer
from bot.runtime.jobs import Jobs
from bot.runtime.perform import Performer
from bot.runtime.reactions import Reactions
from bot.runtime.sending import Sender
from bot.runtime.watch import Watcher
from bot.store import history, people, runs
from bot.store.database import Database, Query

T = TypeVar("T")
QUIET = 40  # turns of the loop in which nothing is under way
PIXEL = b"\x89PNG\r\n\x1a\n"


class Fuse:
    """Counts the steps of a life and ends it at one of them; None for a life without an end."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.steps: list[str] = []
        self.blown = asyncio.Event()

    async def step(self, what: str) -> None:
        if not self.blown.is_set():
            self.steps.append(what)
            if len(self.steps) == self.at:
                self.blown.set()
        if self.blown.is_set():
            await asyncio.Event().wait()


class FusedDatabase(Database):
    """A database whose commits are steps, and which knows whether anything is under way."""

    synchronous = "OFF"  # a life ends, the computer does not
    fuse: Fuse
    busy = 0
    reads = 0

    async def write(self, function: Callable[[sqlite3.Connection], T]) -> T:
        await self.fuse.step("before commit")
        self.busy += 1
        try:
            result = await super().write(function)
        finally:
            self.busy -= 1
        await self.fuse.step("after commit")
        return result

    async def read(self, query: Query[T]) -> T:
        self.busy += 1
        self.reads += 1
        try:
            return await super().read(query)
        finally:
            self.busy -= 1


class FusedBackend:
    """A training service whose calls are steps."""

    def __init__(self, backend: FakeBackend, fuse: Fuse) -> None:
        self._backend = backend
        self._fuse = fuse

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        method = getattr(self._backend, name)
        if name == "events":
            return method

        async def call(*args: object, **named: object) -> object:
            await self._fuse.step(f"before {name}")
            result = await method(*args, **named)
            await self._fuse.step(f"after {name}")
            return result

        return call


class FakePlotter:
    """Draws nothing, at once."""

    async def picture(self, run: Run, points: Sequence[Point]) -> Picture | None:
        return Picture(PIXEL, f"{run.title}: {len(points)} points") if points else None

    def close(self) -> None:
        pass


class Life:
    """One process's worth of bot. The clock, the chat and the service outlive it, as they would."""

    def __init__(self, database: FusedDatabase, world: "World", fuse: Fuse) -> None:
        self.database = database
        self.world = world
        self.fuse = fuse
        self._backend = FusedBackend(world.backend, fuse)
        world.chat.step = fuse.step

    @classmethod
    async def begin(cls, world: "World", fuse: Fuse | None = None) -> Self:
        fuse = fuse or Fuse()
        database = await FusedDatabase.open(world.path)
        database.fuse = fuse
        return cls(database, world, fuse)

    async def run(self, asks: Sequence[tuple[Incoming, str]] = (), until: Callable[[], bool] | None = None) -> None:
        """Lives until everything is done (or `until`), or until the fuse blows. `asks` are requests to answer first."""
        living = asyncio.create_task(self._live(asks))
        driving = asyncio.create_task(self._drive(living, until))
        blown = asyncio.create_task(self.fuse.blown.wait())
        await asyncio.wait({living, driving, blown}, return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in (living, driving) if task.done() and not task.cancelled() and task.exception()]
        for task in (living, driving, blown):
            task.cancel()
        await asyncio.gather(living, driving, blown, return_exceptions=True)
        await self.database.close()
        if failed:
            raise failed[0].exception() or AssertionError

    async def _live(self, asks: Sequence[tuple[Incoming, str]]) -> None:
        clock, chats = self.world.clock, {self.world.chat.platform: self.world.chat}
        installation = await self.database.write(people.installation)
        sender = Sender(self.database, chats, clock)
        jobs = Jobs(self.database, self._backend, clock, installation)  # type: ignore[arg-type]
        performer = Performer(jobs, sender, FakePlotter(), clock)  # type: ignore[arg-type]
        self.deliverer = Deliverer(self.database, performer, clock, started=self._started)
        self.watcher = Watcher(
            self.database,
            self._backend,
            clock,
            changed=self.deliverer.wake,
            jitter=lambda: 0.0,  # type: ignore[arg-type]
        )
        self.reactions = Reactions(self.database, chats, clock, changed=self.deliverer.wake)
        self.world.listener = self.reactions
        self.registry = Registry(COMMANDS, self._desk(chats))
        await self.reactions.catch_up(self.world.chat.platform)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.deliverer.run())
            group.create_task(self.watcher.run())
            if self.world.discovers:
                group.create_task(self._discoverer(installation).run())
            for incoming, text in asks:
                self.world.answers.append(await self.registry.answer(incoming, text))

    def _started(self) -> None:
        self.watcher.wake()

    def _discoverer(self, installation: str) -> Discoverer:
        def changed() -> None:
            self.watcher.wake()
            self.deliverer.wake()

        return Discoverer(
            self.database,
            self._backend,  # type: ignore[arg-type]
            self.world.clock,
            identity="fake",
            installation=installation,
            place=self.world.place,
            recipes=FakeBook({**self.world.recipes}).read,
            prompts=(),
            changed=changed,
        )

    def _desk(self, chats: Mapping[str, FakeChat]) -> Desk:
        return Desk(
            db=self.database,
            clock=self.world.clock,
            chats=chats,
            book=FakeBook({**self.world.recipes}),
            plot=FakePlotter().picture,
            wake=self.deliverer.wake,
        )

    async def _drive(self, living: asyncio.Task[None], until: Callable[[], bool] | None) -> None:
        """Lets time pass whenever nobody has anything to do, until all is done."""
        while not living.done() and not self.fuse.blown.is_set():
            await self._quiet()
            if until is not None and until():
                return
            if until is None and await self._finished():
                return
            if not self.world.clock.advance():
                raise AssertionError("nothing is left to happen, and not everything is done")

    async def _quiet(self) -> None:
        turns = 0
        while turns < QUIET:
            await asyncio.sleep(0)
            turns = 0 if self.database.busy or self.world.talking() else turns + 1

    async def _finished(self) -> bool:
        live = await self.database.read(runs.live()) or await self.database.read(history.unheard())
        left = await self.database.read(_left())
        return not live and not left


class World:
    """What outlives the bot: the file, the clock, the chat with its people, the training service."""

    def __init__(self, path: Path, clock: VirtualClock, backend: FakeBackend, recipes: Sequence[Recipe]) -> None:
        self.path = path
        self.clock = clock
        self.chat = FakeChat()
        self.backend = backend
        self.answers: list[Message] = []
        self.listener: Reactions | None = None
        self.recipes = {recipe.name: recipe for recipe in recipes}
        self.discovers = False  # whether jobs of others are looked for, and which place is theirs
        self.place: Place | None = None
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, telling: Awaitable[None]) -> None:
        """Something that the platform tells the bot, in its own time."""
        task = asyncio.ensure_future(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def talking(self) -> bool:
        return bool(self._telling)

    def hang_up(self) -> None:
        """The bot is dead: what the platform was telling it is lost."""
        for task in self._telling:
            task.cancel()
        self._telling.clear()


def _left() -> Query[bool]:
    return Query("SELECT 1 FROM outbox WHERE state = 'waiting' LIMIT 1", (), bool)
