"""What a command handler works with: the database, the clock, the recipes, and the wake-ups of the runtime."""

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.commands.roles import Roles
from bot.domain.recipes import Recipe, RecipeError
from bot.domain.runs import Point, Run
from bot.messages.model import Picture
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


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to every handler by the registry. `recipes` reads the files anew at each call."""

    db: Database
    clock: Clock
    chats: Mapping[str, Chat]
    recipes: Callable[[], Awaitable[Recipes]]
    plot: Callable[[Run, Sequence[Point]], Awaitable[Picture | None]]
    wake: Callable[[], None]
    commands: Callable[[], Sequence[HelpEntry]] = list  # filled in by the registry
    progress: bool = False  # progress lines also where the recipe does not ask for them
    roles: Roles = field(default_factory=Roles)

    async def once(self, request: str, function: Callable[[sqlite3.Connection], Any]) -> Any:
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
