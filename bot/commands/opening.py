"""What every way to start a run shares: the checks before it, and the one transaction that begins it.

Used by `start` and `again`. The run, its home's follow and its first effects commit together, once a delivery.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.commands import access, find
from bot.commands.desk import Write
from bot.commands.spec import Request
from bot.domain import tokens
from bot.domain.errors import UserError
from bot.domain.follows import Wants
from bot.domain.recipes import Recipe
from bot.domain.runs import Run
from bot.domain.text import one_line
from bot.messages import starts, words
from bot.messages.model import Message
from bot.store import ingest, people, runs

NOTE = 200  # characters


@dataclass(frozen=True, slots=True)
class Wish:
    """A run that somebody asks for. `changes` as the card shows them; `parent` is the run that it does again."""

    recipe: Recipe
    changes: tuple[str, ...] = ()
    note: str = ""
    parent: int | None = None


async def begin(request: Request, wish: Wish) -> Write:
    """What stores the run, with everything that its beginning causes. UserError where it cannot be reported here."""
    await access.check_told(request, "nothing was started")
    return partial(_store, request=request, wish=wish, now=request.desk.clock.now())


async def tell(request: Request, number: int) -> Message:
    """The promise that this run exists."""
    return starts.starting(await find.kept(request, number), direct=request.incoming.direct)


def _store(connection: sqlite3.Connection, *, request: Request, wish: Wish, now: datetime) -> int:
    people.see(connection, request.person, now)
    run = runs.add(
        connection,
        lambda number: Run(
            number=number,
            recipe=wish.recipe,
            home=request.place,
            starter=request.person,
            requested_at=now,
            private=request.incoming.private,
            home_private=request.incoming.private,
            parent=wish.parent,
            note=wish.note,
            changes=wish.changes,
        ),
    )
    wants = Wants.of_home(wish.recipe.notify, progress=request.desk.progress)
    ingest.begin(connection, run, wants, now, alone=request.incoming.direct)
    return run.number


def note(text: str) -> str:
    """What somebody said of the run, on one line; UserError for one that is too long."""
    plain = one_line(text, len(text) + 1)
    if len(plain) > NOTE:
        raise UserError(f"That note has {len(plain)} characters; {NOTE} is the most. Nothing was started.")
    return plain


def check_token(request: Request, recipe: Recipe, whose: str) -> None:
    """UserError where the data set needs a token that the environment lacks, or the config something that was not kept.
    Nobody is asked for it in a chat."""
    config = recipe.config()
    if gone := tokens.missing(config):
        names = words.listed(["`" + one_line(name, 60).replace("`", "'") + "`" for name in gone[:5]])
        raise UserError(
            f"A value that may be a secret is not kept here, so {names} of `{recipe.name}` cannot be sent again. "
            "Nothing was started. Start it where it was started first, or put the setting, if it is no secret, under "
            "`[extra]` in a recipe; do not type it here."
        )
    source = config.get("datasetSource")
    name = tokens.wanted(source) if isinstance(source, dict) else None
    if name is None or name in request.desk.tokens:
        return
    if name == tokens.PREFIX:
        raise UserError(f"{whose} Nothing was started: a token goes only to an address that begins with https.")
    raise UserError(
        f"{whose} Nothing was started. Whoever runs this bot can set the token in its environment as `{name}`; "
        "do not type it here."
    )
