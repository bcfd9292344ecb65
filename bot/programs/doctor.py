"""`trainbot doctor`: looks at everything that could keep the bot from working, and says what to do about it."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from functools import partial

from bot import config
from bot.domain.errors import UserError
from bot.domain.places import Place
from bot.domain.recipes import RecipeError
from bot.domain.text import count
from bot.programs import services
from bot.programs.outbox import opened
from bot.programs.services import Service
from bot.recipe_files import read_recipes, recipe_folders
from bot.room import chat as room
from bot.settings import Settings, SettingsError
from bot.store import operator, room_roster
from bot.trainer.service import find_service

Say = Callable[[str], object]


async def run(settings: Settings, *, say: Say) -> None:
    """One line a thing that is well, one or more for a thing that is not; UserError when any is not."""
    settings, service = await asyncio.to_thread(_at_hand, settings)
    problems = 0
    for title, look in (
        ("Data folder", partial(_data_folder, settings)),
        ("Config", partial(_config, settings)),
        ("Recipes", partial(_recipes, settings, examples=isinstance(service, Service) and service.embedded)),
        ("Training service", partial(_service, settings, service)),
        *([("Place", partial(_place, settings, settings.place))] if settings.place else []),
        ("Outbox", partial(_outbox, settings)),
    ):
        wrong, well = await look()
        problems += len(wrong)
        say(f"{title}: {'; '.join(part for part in (count(len(wrong), 'problem') if wrong else '', well) if part)}")
        for sentence in wrong:
            say(f"  - {sentence}")
    if problems:
        raise UserError(f"{count(problems, 'problem')} found.")


Finding = tuple[Sequence[str], str]


def _at_hand(settings: Settings) -> tuple[Settings, Service | UserError]:
    """The settings with the data folder that is in use, and the service; of a demo where only a demo was ever there."""
    demo = settings.home / "demo"
    if settings.home.name == "demo" and (settings.home / "trainbot.db").exists():
        return settings, services.embedded("this is the folder of the demo")
    try:
        service = services.choose(settings, time.time())
    except UserError as error:
        return settings, error
    if service.embedded and not (settings.home / "trainbot.db").exists() and (demo / "trainbot.db").exists():
        return settings.model_copy(update={"data_dir": demo}), services.embedded("only the demo has run so far")
    return settings, service


async def _data_folder(settings: Settings) -> Finding:
    home = settings.home
    if not await asyncio.to_thread(home.is_dir):
        parent = next(one for one in home.parents if one.is_dir())
        if os.access(parent, os.W_OK | os.X_OK):
            return (), f"{home} is not there yet; the first start makes it"
        return (f"{home} cannot be made: {parent} cannot be written by this user.",), ""
    if not os.access(home, os.W_OK | os.X_OK):
        return (f"{home} cannot be written by this user.",), ""
    return (), f"{home} can be written"


async def _config(settings: Settings) -> Finding:
    try:
        read = await asyncio.to_thread(config.read, settings)
    except SettingsError as error:
        return str(error).splitlines(), ""
    if not settings.config_file.exists():
        return (), f"no {settings.config_file}; what the platforms let people do decides"
    operators = "no list of operators" if read.operators is None else count(len(read.operators), "operator")
    return (), (
        f"{settings.config_file}: {count(len(read.admins), 'admin')}, {operators}, "
        f"{count(len(read.prompts), 'default prompt')}"
    )


async def _recipes(settings: Settings, *, examples: bool) -> Finding:
    folders = recipe_folders(settings, examples=examples)
    found = await asyncio.to_thread(read_recipes, folders)
    broken = [line for one in found.values() if isinstance(one, RecipeError) for line in str(one).splitlines()]
    if not found:
        return (f"There is no recipe in {folders[0]}. README shows one.",), ""
    return broken, f"{count(len(found), 'recipe')} in {', '.join(str(one) for one in folders)}"


async def _service(settings: Settings, service: Service | UserError) -> Finding:
    if isinstance(service, UserError):
        return str(service).splitlines(), ""
    if service.embedded:
        living = await asyncio.to_thread(find_service, settings.home / "trainer")
        starter = "trainbot demo" if settings.home.name == "demo" else "trainbot run"
        now = f"listening on {living.url}" if living else f"not running now, `{starter}` starts it"
        return (), f"{service}; {now}"
    try:
        async with services.client(service) as client:
            return await client.check(), str(service)
    except UserError as error:
        return (str(error),), str(service)


async def _place(settings: Settings, place: Place) -> Finding:
    """Whether runs that were started elsewhere can be told where the settings want them."""
    known = room.place(place.channel)
    if place.platform != known.platform:
        return (f"TRAINBOT_PLACE is {place}, but no chat called {place.platform} is connected.",), ""
    if place != known:
        return (f"TRAINBOT_PLACE is {place}; the room's channel of that name is {known}.",), ""
    path = settings.home / "trainbot.db"
    if not settings.room and settings.home.name != "demo":
        return (f"TRAINBOT_PLACE is {place}, but the room is closed. Set TRAINBOT_ROOM=1, or name another place.",), ""
    if not path.exists():
        return (), f"{place}; no database yet, so nobody knows whether there is such a channel"
    async with opened(path) as database:
        there = await database.read(room_roster.channel(place.channel))
    return ((), str(place)) if there else ((f"TRAINBOT_PLACE is {place}, but the room has no such channel.",), "")


async def _outbox(settings: Settings) -> Finding:
    path = settings.home / "trainbot.db"
    if not path.exists():
        return (), "no database yet"
    async with opened(path) as database:
        counts = await database.read(operator.counts())
        entries = await database.read(operator.entries(time.time()))
    blocked = sorted({f"{one.place} refuses us: {one.error}" for one in entries if one.state == "blocked"})
    buried = counts["outbox_buried"]
    given_up = [f"{count(buried, 'message')} given up: `trainbot outbox list` says why."] if buried else []
    return [*blocked, *given_up], f"{counts['outbox_waiting']} waiting, {count(counts['runs_live'], 'live run')}"
