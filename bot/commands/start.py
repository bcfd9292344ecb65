"""The command that starts runs. The run, its home's follow and its first effects are one transaction."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from bot.commands import find
from bot.commands.spec import Arg, Request, Settings, command
from bot.domain import hyper, recipes
from bot.domain.errors import UserError
from bot.domain.follows import PROGRESS_EVERY, Wants
from bot.domain.recipes import Recipe, RecipeError
from bot.domain.runs import Run
from bot.domain.text import cut
from bot.messages import replies, words
from bot.messages.model import Message
from bot.store import ingest, people, runs


@command(acts=True, examples=("start support-bot", "start support-bot steps=200 lr=1e-3"))
async def start(
    request: Request,
    recipe: Annotated[str, Arg("Recipe to run", complete=find.complete_recipe)],
    settings: Annotated[Settings, Arg("Settings to change, as key=value", complete=find.complete_setting)],
) -> Message:
    """Start a training run."""
    number = await request.desk.earlier(request.incoming.id)
    if number is None:
        chosen = recipes.override(await _recipe(request, recipe), settings)
        await _can_post(request)
        now = request.desk.clock.now()
        number = await request.desk.once(
            request.incoming.id, lambda connection: _open(connection, request, chosen, settings, now)
        )
    run = await request.desk.db.read(runs.get(number))
    if run is None:
        raise LookupError(f"run {number} was not stored")
    return replies.starting(run)


async def _recipe(request: Request, name: str) -> Recipe:
    found = await request.desk.recipes()
    one = found.get(name.lower())
    if isinstance(one, RecipeError):
        raise one
    if one is None:
        near = hyper.nearest(name.lower(), found)
        hint = f"Did you mean `{near}`?" if near else "`/train recipes` lists what there is."
        raise UserError(f"There is no recipe `{cut(name, 40)}`. {hint}")
    return one


async def _can_post(request: Request) -> None:
    """Nothing starts where its card could not be posted."""
    chat = request.desk.chats.get(request.place.platform)
    problems = await chat.check(request.place) if chat else ["this chat is not connected"]
    if problems:
        raise UserError("I cannot report here, so nothing was started: " + " ".join(problems))


def _open(
    connection: sqlite3.Connection, request: Request, recipe: Recipe, typed: Mapping[str, str], now: datetime
) -> int:
    """The run, its home's follow and its first effects, in one transaction; gives the run's number."""
    people.see(connection, request.person, now)
    run = runs.add(
        connection,
        lambda number: Run(
            number=number,
            recipe=recipe,
            home=request.place,
            starter=request.person,
            requested_at=now,
            private=request.incoming.private,
            changes=tuple(f"{name}={words.setting(recipe.settings[name])}" for name in _names(typed)),
        ),
    )
    every = recipe.notify.progress_every or (PROGRESS_EVERY if request.desk.progress else 0)
    wants = Wants(progress_every=every, mention=recipe.notify.failure)
    ingest.begin(connection, run, wants, now, alone=request.incoming.direct)
    return run.number


def _names(typed: Mapping[str, str]) -> list[str]:
    """The settings that were typed, by their full names."""
    return [hyper.find(name).name for name in typed]
