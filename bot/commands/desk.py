"""What a command handler works with: the database, the clock, the recipes, and the wake-ups of the runtime."""

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.recipes import Recipe, RecipeError
from bot.domain.runs import Point, Run
from bot.ports import Chat, Clock
from bot.store import requests
from bot.store.database import Database

Recipes = Mapping[str, Recipe | RecipeError]


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to every handler by the registry. `recipes` reads the files anew at each call."""

    db: Database
    clock: Clock
    chats: Mapping[str, Chat]
    recipes: Callable[[], Awaitable[Recipes]]
    plot: Callable[[Run, Sequence[Point]], Awaitable[bytes]]
    wake: Callable[[], None]

    async def once(self, request: str, function: Callable[[sqlite3.Connection], Any]) -> Any:
        """Does the write for the first delivery of this request, and gives its result to every later one.

        The result must be JSON. The function and the note of its result commit together."""
        at = self.clock.now().timestamp()

        result = await self.db.write(lambda connection: requests.once(connection, request, at, function))
        self.wake()
        return result
