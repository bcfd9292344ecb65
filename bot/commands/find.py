"""Which run a person means, and what completions offer. A run that may not be seen here does not exist here."""

import re
from collections.abc import Mapping, Sequence

from bot.commands import access
from bot.commands.desk import Desk
from bot.commands.spec import Choice, Incoming, Request, RunRef
from bot.domain import hyper
from bot.domain.errors import UserError
from bot.domain.recipes import Recipe
from bot.domain.runs import Run
from bot.domain.text import cut
from bot.messages import words
from bot.store import posts, runs

_NUMBER = re.compile(r"(?:([a-z0-9._-]*)\s*#|)([0-9]{1,12})")
LOOK_BACK = 50  # runs that a completion looks through


async def run(request: Request, ref: RunRef) -> Run:
    """The run that is meant: by number, by name (the newest one here), or without a word the one that fits here."""
    word = ref.strip().lower()
    if not word:
        return await _here(request)
    number = _NUMBER.fullmatch(word)
    if number:
        return await _numbered(request, int(number[2]), number[1])
    for one in await request.desk.db.read(runs.named(word, LOOK_BACK)):
        if access.visible(one, request.incoming):
            return one
    raise UserError(f"There is no run called `{cut(word, 40)}` here. `/train` lists what is running.")


async def _numbered(request: Request, number: int, name: str | None) -> Run:
    found = await request.desk.db.read(runs.get(number))
    if found is None or not access.visible(found, request.incoming):
        raise UserError(f"There is no run #{number} here. `/train status` shows the newest one.")
    if name and name != found.name:
        raise UserError(f"Run #{number} is not `{cut(name, 40)}` but `{found.title}`. Which one do you mean?")
    return found


async def _here(request: Request) -> Run:
    message = request.incoming.message
    if message is not None:
        root = message.thread or message.message
        number = await request.desk.db.read(posts.run_of_thread(request.place, root))
        found = await request.desk.db.read(runs.get(number)) if number else None
        if found is not None:
            return found
    recent = await request.desk.db.read(runs.of_place(request.place, LOOK_BACK))
    live = [one for one in recent if not one.state.final]
    if len(live) > 1:
        names = ", ".join(f"`{one.title}`" for one in live[:5])
        raise UserError(f"Which run? {names} are all going. Say its number, for example `#{live[0].number}`.")
    if not recent:
        raise UserError("No run has been started here yet. `/train start` begins one.")
    return (live or recent)[0]


async def complete_run(incoming: Incoming, desk: Desk, last: str, _: Mapping[str, str]) -> Sequence[Choice]:
    """Runs that may be seen here, live and newest first."""
    found = await desk.db.read(runs.newest(LOOK_BACK))
    return [
        Choice(f"#{one.number}", f"{one.title} · {one.state.value}")
        for one in found
        if access.visible(one, incoming) and last.lower() in f"{one.name}#{one.number}"
    ]


async def complete_command(_: Incoming, desk: Desk, last: str, __: Mapping[str, str]) -> Sequence[Choice]:
    """Commands that help explains."""
    return [
        Choice(one.name, f"{one.usage} · {one.help}") for one in desk.commands() if one.name.startswith(last.lower())
    ]


async def complete_live_run(incoming: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """Runs that may be seen here and are not over."""
    live = {f"#{one.number}" for one in await desk.db.read(runs.live())}
    return [choice for choice in await complete_run(incoming, desk, last, args) if choice.value in live]


async def complete_recipe(_: Incoming, desk: Desk, last: str, __: Mapping[str, str]) -> Sequence[Choice]:
    """Recipes that can be used."""
    found = await desk.recipes()
    return [
        Choice(name, f"{name} · {one.description}" if one.description else name)
        for name, one in found.items()
        if isinstance(one, Recipe) and name.startswith(last.lower())
    ]


async def complete_setting(_: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """Settings that the recipe named before lets people change, with its own values."""
    recipe = (await desk.recipes()).get(args.get("recipe", ""))
    if not isinstance(recipe, Recipe) or "=" in last:
        return []
    return [
        Choice(f"{one.name}=", f"{one.name}={_own(recipe, one.name)} · {one.meaning}")
        for one in hyper.HYPERS
        if (one.kind is not str or one.name in recipe.open)
        and one.name not in args
        and any(name.startswith(last.lower()) for name in (one.name, *one.aliases))
    ]


def _own(recipe: Recipe, name: str) -> str:
    """The recipe's own value, as it is shown everywhere."""
    return words.setting(recipe.settings[name]) if name in recipe.settings else "…"
