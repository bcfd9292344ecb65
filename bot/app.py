"""The composition root: settings become objects, the objects one task group. Start and stop order live here.

Start: database, chats, commands, then reactions missed while we were away, then delivery, watching and discovery, then
the web port. Stop: the web port first (no new requests), then discovery and watching, then what is in hand, then the
database.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from bot import config, web
from bot.commands.catalog import COMMANDS
from bot.commands.desk import Ask, Desk
from bot.commands.registry import Registry
from bot.commands.roles import Roles
from bot.config import Config
from bot.domain.errors import TrainbotError, UserError
from bot.domain.places import Place
from bot.domain.tokens import Secrets
from bot.domain.urls import LOOPBACK
from bot.metrics import Gauges
from bot.ports import Backend, Chat
from bot.recipe_files import RecipeFiles, recipe_folders
from bot.room.chat import RoomChat
from bot.room.hub import Hub
from bot.room.room import Room
from bot.room.routes import routes
from bot.runtime.deliver import Deliverer
from bot.runtime.discover import Discoverer
from bot.runtime.discreet import Discreet
from bot.runtime.jobs import Jobs
from bot.runtime.perform import Performer
from bot.runtime.plotting import Plotter
from bot.runtime.reactions import Reactions
from bot.runtime.sending import Sender
from bot.runtime.watch import Watcher
from bot.settings import Settings, SettingsError, dataset_tokens
from bot.store import elsewhere, people, upkeep
from bot.store.database import Database

log = structlog.get_logger()


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Working(Protocol):
    """Something that runs by itself until it is stopped."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Bot:
    """What is running, for whoever started it. `address` lets one browser into the room."""

    registry: Registry
    port: int
    address: str | None


@asynccontextmanager
async def running(
    settings: Settings, backend: Backend, *, identity: str, examples: bool, room: bool
) -> AsyncIterator[Bot]:
    """The bot while the block runs. `identity` tells the backend's service from others, `examples` adds the packaged
    recipes. UserError for what keeps it from starting, OSError when the web port is taken."""
    if room and settings.host not in LOOPBACK and settings.room_token is None:
        raise SettingsError("The room is open to other computers at this TRAINBOT_HOST: set TRAINBOT_ROOM_TOKEN first.")
    path = settings.home / "trainbot.db"
    given = await asyncio.to_thread(config.read, settings)
    try:
        database = await Database.open(path)
    except sqlite3.Error as error:
        raise UserError(f"The database {path} cannot be used: {error}.") from None
    plotter = Plotter()
    try:
        async with _parts(
            settings, given, database, backend, plotter, identity=identity, examples=examples, room=room
        ) as bot:
            yield bot
    finally:
        plotter.close()
        await database.close()


@asynccontextmanager
async def _parts(
    settings: Settings,
    given: Config,
    database: Database,
    backend: Backend,
    plotter: Plotter,
    *,
    identity: str,
    examples: bool,
    room: bool,
) -> AsyncIterator[Bot]:
    clock, hub = SystemClock(), Hub()
    installation = await database.write(people.installation)
    await database.write(lambda connection: upkeep.tidy(connection, clock.now()))
    await database.write(lambda connection: elsewhere.arrive(connection, identity, clock.now()))
    away = frozenset(await database.read(elsewhere.numbers()))
    chats: dict[str, Chat] = {"room": RoomChat(database, clock, hub)} if room else {}
    await _look_at_place(settings.place, chats)
    found = dataset_tokens(os.environ, Path())
    tokens = {name: one.get_secret_value() for name, one in found.items()}
    own = [settings.service_token.get_secret_value()] if settings.service_token else []
    backend = Discreet(backend, Secrets([*tokens.values(), *own]))
    jobs, sender = Jobs(database, backend, clock, installation, tokens), Sender(database, chats, clock)
    performer = Performer(jobs, sender, plotter, clock, away)
    deliverer = Deliverer(database, performer, clock, started=lambda: watcher.wake())  # noqa: PLW0108 (made on the next line)
    watcher = Watcher(database, backend, clock, changed=deliverer.wake, elsewhere=away)
    reactions = Reactions(database, chats, clock, changed=deliverer.wake)
    book = RecipeFiles(recipe_folders(settings, examples=examples))

    def woken() -> None:
        watcher.wake()
        deliverer.wake()

    discoverer = Discoverer(
        database,
        backend,
        clock,
        identity=identity,
        installation=installation,
        place=settings.place,
        recipes=book.read,
        prompts=given.prompts,
        changed=woken,
        progress=settings.progress,
    )
    desk = Desk(
        db=database,
        clock=clock,
        chats=chats,
        book=book,
        plot=plotter.picture,
        wake=deliverer.wake,
        progress=settings.progress,
        roles=Roles(given.admins, given.operators),
        plots=plotter.pictures,
        tokens=frozenset(tokens),
        ask=_asking(backend),
    )
    registry = Registry(COMMANDS, desk)
    gauges = Gauges(database)
    doors: list[Room] = []
    if room:
        token = settings.room_token.get_secret_value() if settings.room_token else None
        doors.append(
            Room(
                database,
                registry,
                clock=clock,
                hub=hub,
                on_reaction=reactions.record,
                public_host=settings.public_host or settings.host,
                operator_token=token,
            )
        )
    async with (
        _tasks([discoverer, watcher, deliverer], gauges, reactions, list(chats)),
        web.serve(
            settings.host,
            settings.port,
            [route for one in doors for route in routes(one)],
            health=gauges.health,
            metrics=gauges.text,
            public_host=settings.public_host,
            metrics_token=settings.metrics_token.get_secret_value() if settings.metrics_token else None,
            closing=[hub.close],
        ) as port,
    ):
        yield Bot(registry, port, await doors[0].address(base_url(settings.host, port)) if doors else None)


@asynccontextmanager
async def _tasks(
    working: Sequence[Working], gauges: Gauges, reactions: Reactions, platforms: Sequence[str]
) -> AsyncIterator[None]:
    """Everything that runs by itself, stopped in this order at the end; a task that breaks ends the bot."""
    for platform in platforms:
        await reactions.catch_up(platform)
    try:
        async with asyncio.TaskGroup() as group:
            for one in working:
                group.create_task(one.run(), name=type(one).__name__.lower())
            counting = group.create_task(gauges.run(), name="gauges")
            try:
                yield
            finally:
                for one in working:
                    one.stop()
                counting.cancel()
    except BaseExceptionGroup as errors:  # also around what the block raised, a port that is taken for example
        if len(errors.exceptions) == 1:
            raise errors.exceptions[0] from None
        raise


async def _look_at_place(place: Place | None, chats: Mapping[str, Chat]) -> None:
    """Says in the log why runs that were started elsewhere cannot be told where the settings want them. It may be
    mended while the bot runs."""
    if place is None:
        return
    chat = chats.get(place.platform)
    try:
        problems = await chat.check(place) if chat else [f"No chat called {place.platform} is connected."]
    except TrainbotError as error:
        problems = [str(error)]
    for problem in problems:
        log.warning("nothing can be told at TRAINBOT_PLACE", place=str(place), problem=problem)


def _asking(backend: Backend) -> Ask:
    """The backend's `ask` as commands use it."""

    async def ask(job: str, step: int, model: str, messages: Sequence[Mapping[str, str]], limit: int) -> str:
        return await backend.ask(job, step, model, messages, limit=limit)

    return ask


def base_url(host: str, port: int) -> str:
    """How a browser on this computer reaches the web port."""
    name = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 (compared, not bound)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
