"""The commands that start, stop and show runs. A handler's signature is its command (see `spec`)."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from bot.commands import find
from bot.commands.desk import PROGRESS_EVERY
from bot.commands.spec import Arg, Request, RunRef, Settings, command
from bot.domain import decide, hyper, recipes
from bot.domain.errors import UserError
from bot.domain.events import CancelAsked
from bot.domain.follows import Follow, Wants, followers
from bot.domain.recipes import Recipe, RecipeError
from bot.domain.runs import Run
from bot.domain.text import cut
from bot.messages import replies, words
from bot.messages import samples as sample_messages
from bot.messages.model import Message
from bot.store import follows, ingest, outbox, people, posts, runs, views

ANY_RUN = Arg("Run: #42, its name, or nothing for the one that fits here", complete=find.complete_run)
LIVE_RUN = replace(ANY_RUN, complete=find.complete_live_run)
NO_RUN = RunRef("")


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


@command(examples=("status", "status #42"))
async def status(request: Request, run: Annotated[RunRef, ANY_RUN] = NO_RUN) -> Message:
    """Show a run's settings, numbers and links."""
    view = await _view(request, run, views.CARD_POINTS)
    home = view.run.home
    card = await request.desk.db.read(posts.card(view.run.number, home))
    chat = request.desk.chats.get(home.platform)
    link = await chat.link(card.ref) if card and chat else None
    return replies.status(view.run, now=request.desk.clock.now(), points=view.points, votes=view.by_step, link=link)


@command(acts=True, examples=("cancel #42", "cancel #42 sure"))
async def cancel(
    request: Request,
    run: Annotated[RunRef, LIVE_RUN] = NO_RUN,
    sure: Annotated[bool, Arg("Cancel without asking")] = False,
) -> Message:
    """Cancel a run, after asking."""
    found = await find.run(request, run)
    now = request.desk.clock.now()
    if await request.desk.earlier(request.incoming.id):
        return replies.cancelling(found)
    if found.state.final:
        return replies.already_ended(found)
    if found.cancel_by is not None:
        return replies.already_cancelling(found)
    if not sure:
        return replies.ask_cancel(found, now=now)

    def write(connection: sqlite3.Connection) -> bool:
        people.see(connection, request.person, now)
        after = ingest.take(connection, found.number, CancelAsked(now, request.person), now)
        return after is not None and not after.state.final

    live = await request.desk.once(request.incoming.id, write)
    after = await request.desk.db.read(runs.get(found.number)) or found
    return replies.cancelling(after) if live else replies.already_ended(after)


@command(examples=("samples #42",))
async def samples(request: Request, run: Annotated[RunRef, ANY_RUN] = NO_RUN) -> Message:
    """Show what the checkpoints answered, with their votes."""
    found = await find.run(request, run)
    drawn = await request.desk.db.read(runs.samples(found.number))
    return sample_messages.grid(found, drawn, await request.desk.db.read(posts.votes(found.number)))


@command(examples=("plot #42",))
async def plot(request: Request, run: Annotated[RunRef, ANY_RUN] = NO_RUN) -> Message:
    """Draw a run's loss curve."""
    view = await _view(request, run, views.PLOT_POINTS)
    return replies.plot(view.run, await request.desk.plot(view.run, view.points))


@command(examples=("recipes",))
async def recipes_(request: Request) -> Message:
    """List the recipes, with what is wrong with the broken ones."""
    found = await request.desk.recipes()
    good = [one for one in found.values() if isinstance(one, Recipe)]
    return replies.recipe_list(good, {name: str(one) for name, one in found.items() if isinstance(one, RecipeError)})


@command(examples=("help", "help start"))
async def help_(
    request: Request, command: Annotated[str, Arg("Command to explain", complete=find.complete_command)] = ""
) -> Message:
    """Explain the commands."""
    entries = request.desk.commands()
    word = command.lower().removeprefix("/")
    for entry in entries:
        if entry.name == word:
            return replies.help_one(entry.usage, entry.help, entry.arguments, entry.examples)
    if word:
        near = hyper.nearest(word, [entry.name for entry in entries])
        hint = f"Did you mean `/train help {near}`?" if near else "`/train help` lists what there is."
        raise UserError(f"There is no command `{cut(word, 40)}`. {hint}")
    return replies.help_list([(entry.usage, entry.help) for entry in entries])


@command(hidden=True)
async def home(request: Request) -> Message:
    """Show what is running here, and how to begin."""
    here = await request.desk.db.read(runs.of_place(request.place, find.LOOK_BACK))
    used = list(dict.fromkeys(one.name for one in here))
    good = [name for name, one in (await request.desk.recipes()).items() if isinstance(one, Recipe)]
    names = sorted(good, key=lambda name: used.index(name) if name in used else len(used))
    first = names[0] if names else "my-recipe"
    return replies.running(
        [one for one in here if not one.state.final],
        now=request.desk.clock.now(),
        recipes=names,
        examples=(f"/train start {first}", "/train status", "/train help start"),
    )


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
    wants = Wants(progress_every=every, failure=recipe.notify.failure)
    follow = Follow.home(run.number, request.place, wants, request.person, now)
    follows.add(connection, follow)
    outbox.add(connection, decide.opening(run, followers([follow])), now)
    return run.number


def _names(typed: Mapping[str, str]) -> list[str]:
    """The settings that were typed, by their full names."""
    return [hyper.find(name).name for name in typed]


async def _view(request: Request, ref: RunRef, most: int) -> views.View:
    found = await find.run(request, ref)
    view = await views.of_run(request.desk.db, found.number, most)
    if view is None:
        raise LookupError(f"run {found.number} is gone")
    return view


COMMANDS = (start, status, cancel, samples, plot, recipes_, help_, home)
