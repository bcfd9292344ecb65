"""`trainbot doctor`: looks at everything that could keep the bot from working, and says what to do about it."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence

from bot.app import read_recipes, recipe_folders
from bot.domain.errors import UserError
from bot.domain.recipes import RecipeError
from bot.domain.text import count
from bot.programs import services
from bot.programs.outbox import opened
from bot.settings import Settings
from bot.store import operator
from bot.trainer.service import find_service

Say = Callable[[str], object]


async def run(settings: Settings, *, say: Say) -> None:
    """One line a thing that is well, one or more for a thing that is not; UserError when any is not."""
    settings = _of_the_demo(settings)
    problems = 0
    for title, look in (
        ("Data folder", _data_folder),
        ("Recipes", _recipes),
        ("Training service", _service),
        ("Outbox", _outbox),
    ):
        wrong, well = await look(settings)
        problems += len(wrong)
        say(f"{title}: {well}" if not wrong else f"{title}: {count(len(wrong), 'problem')}")
        for sentence in wrong:
            say(f"  - {sentence}")
    if problems:
        raise UserError(f"{count(problems, 'problem')} found.")


Finding = tuple[Sequence[str], str]


def _of_the_demo(settings: Settings) -> Settings:
    """The settings as the demo has them, where the data folder is the demo's or holds nothing but it."""
    for home in (settings.home, settings.home / "demo"):
        if (home / "trainbot.db").exists():
            embedded = settings.trainer == "embedded" or home.name == "demo"
            return settings.model_copy(update={"data_dir": home, "trainer": "embedded" if embedded else ""})
    return settings


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


async def _recipes(settings: Settings) -> Finding:
    folders = recipe_folders(settings, examples=settings.trainer == "embedded")
    found = await asyncio.to_thread(read_recipes, folders)
    broken = [line for one in found.values() if isinstance(one, RecipeError) for line in str(one).splitlines()]
    if not found:
        return (f"There is no recipe in {folders[0]}. README shows one.",), ""
    return broken, f"{count(len(found), 'recipe')} in {', '.join(str(one) for one in folders)}"


async def _service(settings: Settings) -> Finding:
    if settings.trainer == "embedded":
        living = await asyncio.to_thread(find_service, settings.home / "trainer")
        return (), f"embedded, {f'listening on {living.url}' if living else 'not running; `trainbot run` starts it'}"
    named = services.named(settings)
    if named is None:
        return ("Set ARKOR_TOKEN, ARKOR_ORG and ARKOR_PROJECT, or TRAINBOT_TRAINER=embedded.",), ""
    async with named as client:
        where = f"{settings.service_url}, organisation {settings.service_org}, project {settings.service_project}"
        return await client.check(), where


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
