"""What a command handler works with: the database, the clock, the recipes, and the wake-ups of the runtime."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakValueDictionary

from bot.commands.roles import Roles
from bot.domain.errors import UserError
from bot.domain.recipes import Recipe, RecipeError
from bot.domain.runs import Point, Run
from bot.messages.model import Message, Picture
from bot.ports import Chat, Clock
from bot.store import requests
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """What help says of one command; `arguments` are names with their meanings."""

    name: str
    usage: str
    help: str
    arguments: tuple[tuple[str, str], ...]
    examples: tuple[str, ...]


Recipes = Mapping[str, Recipe | RecipeError]
Curve = tuple[Run, Sequence[Point]]
Write = Callable[[sqlite3.Connection], Any]
Ask = Callable[[str, int, str, Sequence[Mapping[str, str]], int], Awaitable[str]]


async def nobody_to_ask(job: str, step: int, model: str, messages: Sequence[Mapping[str, str]], limit: int) -> str:
    """Stands in where there is no training service."""
    raise UserError("No training service is connected, so no checkpoint can be asked. `trainbot doctor` says why.")


async def no_picture(curves: Sequence[Curve]) -> Picture | None:
    """Stands in where nothing draws."""
    return None


class RecipeBook(Protocol):
    """The team's recipes: files, which are read anew at each call."""

    async def read(self) -> Recipes:
        """Every recipe by name, the broken ones as their errors."""

    async def save(self, recipe: Recipe, *, replace: bool) -> bool:
        """Writes it under its name into the team's folder. False where one is there and `replace` was not said."""

    async def change_prompts(self, name: str, change: Callable[[Recipe], Recipe]) -> Recipe:
        """Changes the prompts of the recipe as it is now, and gives the recipe after. UserError of `change` passes."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to every handler by the registry. `tokens` are the names of the data-set tokens that the environment has
    (see `domain.tokens`), never the tokens."""

    db: Database
    clock: Clock
    chats: Mapping[str, Chat]
    book: RecipeBook
    plot: Callable[[Run, Sequence[Point]], Awaitable[Picture | None]]
    wake: Callable[[], None]
    commands: Callable[[], Sequence[HelpEntry]] = list  # filled in by the registry
    progress: bool = False  # progress lines also where the recipe does not ask for them
    roles: Roles = field(default_factory=Roles)
    tokens: frozenset[str] = frozenset()
    plots: Callable[[Sequence[Curve]], Awaitable[Picture | None]] = no_picture  # several runs in one picture
    ask: Ask = nobody_to_ask  # as `Backend.ask`: job, step (0 is the base model), model, messages, limit in tokens
    turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)  # by request

    async def recipes(self) -> Recipes:
        """Every recipe by name, the broken ones as their errors."""
        return await self.book.read()

    async def once(self, request: str, function: Write) -> Any:
        """Does the write for the first delivery of this request, and gives its result to every later one.

        The result must be JSON. The function and the note of its result commit together."""
        at = self.clock.now().timestamp()

        result = await self.db.write(lambda connection: requests.once(connection, request, at, function))
        self.wake()
        return result

    async def earlier(self, request: str) -> Any | None:
        """What `once` gave an earlier delivery of this request; None for the first. What has changed since then, also
        by that delivery, does not matter to the answer."""
        return await self.db.read(requests.earlier(request))

    async def settled(self, request: str, begin: Callable[[], Awaitable[Write | Message]]) -> Any:
        """What this request came to: the kept result of an earlier delivery, else of the write that `begin` gives now.

        `begin` finds what is meant, checks it and changes nothing; where there is nothing to write it gives the answer
        instead, which is not kept. Deliveries of one request take turns, so that one alone begins."""
        turn = self.turns.setdefault(request, asyncio.Lock())
        async with turn:
            kept = await self.earlier(request)
            if kept is not None:
                return kept
            found = await begin()
            return found if isinstance(found, Message) else await self.once(request, found)
