"""The command about prompts: of a run, from its next checkpoint on, or of a recipe, for the runs to come.

What is removed from a recipe is kept by its text with the request, so that the same delivery, coming again, does not
remove the one that moved up.
"""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from bot.commands import access, find
from bot.commands.desk import Desk, Write
from bot.commands.find import ANY_RUN, NO_RUN
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, Typed, command
from bot.commands.start import usable
from bot.domain import prompts
from bot.domain.calls import Call
from bot.domain.effects import PostPrompts
from bot.domain.errors import UserError
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Run
from bot.domain.text import cut, one_line
from bot.messages import recipes as messages
from bot.messages.model import Message
from bot.store import ingest, outbox, people, runs
from bot.store import prompts as changes

ACTIONS = ("show", "add", "remove")
_BEHIND = re.compile(r"(#[0-9]+)\s+(.*)", re.DOTALL)
NOTHING = Typed("")
Change = Callable[[Recipe], Recipe]


async def _actions(_: Incoming, __: Desk, last: str, ___: Mapping[str, str]) -> Sequence[Choice]:
    return [Choice(one, one) for one in ACTIONS if one.startswith(last.lower())]


async def _numbers(incoming: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """For `remove` the numbers of what is asked."""
    request = Request(incoming, desk, Call("prompts", args))
    asked = _placed(args.get("run", ""), args.get("action", ""), args.get("words", ""), args.get("recipe", ""))
    if asked[1] != "remove" or asked[2]:
        return []
    name = args.get("recipe", "")
    try:
        recipe = await usable(request, name) if name else (await find.run(request, RunRef(asked[0]))).recipe
    except UserError:
        return []
    return [
        Choice(str(index + 1), f"{index + 1} · {one_line(recipe.prompts[index].user, 60)}")
        for index in recipe.asked
        if str(index + 1).startswith(last)
    ]


@command(examples=("prompts #42", "prompts #42 add Where is my parcel?", "prompts recipe=support-bot remove 2"))
async def prompts_(
    request: Request,
    run: Annotated[RunRef, ANY_RUN] = NO_RUN,
    action: Annotated[str, Arg("What to do: show, add or remove", complete=_actions, marks=ACTIONS)] = "",
    words: Annotated[Typed, Arg("The question to add, or the number to remove", complete=_numbers)] = NOTHING,
    *,
    recipe: Annotated[str, Arg("A recipe, in place of a run", complete=find.complete_recipe)] = "",
) -> Message:
    """Show what a run or a recipe is asked, or change it."""
    ref, what, text = _placed(run, action, words, recipe)
    if what not in ACTIONS:
        raise UserError(f"`{cut(what, 40)}` does not fit: it is {', '.join(ACTIONS[:-1])} or {ACTIONS[-1]}.")
    if ref and recipe:
        raise UserError("The prompts of a run or of a recipe? Leave one of them out.")
    if what == "show":
        if recipe:
            return messages.of_recipe(await usable(request, recipe))
        return messages.of_run(await find.run(request, RunRef(ref)))
    access.act(request.incoming, f"prompts {what}")
    if recipe:
        return await _of_recipe(request, recipe.lower(), text, adding=what == "add")
    return await _of_run(request, RunRef(ref), text, adding=what == "add")


def _placed(run: str, action: str, words: str, recipe: str) -> tuple[str, str, str]:
    """Run, action and words, where the run stands behind the action: `prompts add #42 Where is my parcel?`. A number
    that is all there is belongs to the action, but where the prompts are shown."""
    ref, what, text = run.strip(), (action or "show").lower(), words.strip()
    if ref or recipe:
        return ref, what, text
    if what == "show":
        return text, what, ""
    behind = _BEHIND.fullmatch(text)
    return (behind[1], what, behind[2]) if behind else ("", what, text)


def _number(text: str) -> int:
    digits = text.strip().lstrip("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 6):
        raise UserError("Which prompt? Type its number; `/train prompts` shows them.")
    return int(digits)


async def _of_run(request: Request, ref: RunRef, text: str, *, adding: bool) -> Message:
    async def begin() -> Write:
        found = await find.run(request, ref)
        change = _adding(prompts.prompt(text)) if adding else _removing(_number(text))
        return partial(_change, request=request, found=found, change=change, now=request.desk.clock.now())

    async def tell(kept: dict[str, Any]) -> Message:
        run = await find.kept(request, kept["run"])
        return messages.run_changed(run, run.recipe.prompts[kept["prompt"]], kept["asked"], added=adding)

    return await request.settle(begin, tell)


def _adding(new: Prompt) -> Change:
    return lambda recipe: prompts.added_to_run(recipe, new)


def _removing(number: int) -> Change:
    return lambda recipe: prompts.removed_from_run(recipe, number)


def _change(
    connection: sqlite3.Connection, *, request: Request, found: Run, change: Change, now: datetime
) -> dict[str, int]:
    """Changes the run's prompts and tells its threads. Gives which prompt it is, and how many are asked after."""
    run = runs.get(found.number).on(connection)
    if run is None or run.state.final:
        raise UserError(messages.over(found))
    people.see(connection, request.person, now)
    recipe = change(run.recipe)
    index = next(iter(set(recipe.asked) ^ set(run.recipe.asked)))
    after = replace(run, recipe=recipe)
    runs.save(connection, after)
    added = index in recipe.asked
    noted = changes.add_change(connection, run.number, request.person, now, added=added, prompt=index)
    told = [one.place for one in ingest.following(connection, after, now) if one.wants.card and not one.muted]
    outbox.add(connection, [PostPrompts(run.number, place, noted) for place in told], now)
    return {"run": run.number, "prompt": index, "asked": len(recipe.asked)}


async def _of_recipe(request: Request, name: str, text: str, *, adding: bool) -> Message:
    """First it is kept which prompt is meant, then the file is changed, then that it was."""
    desk, delivery = request.desk, request.incoming.id

    async def choose() -> Write:
        own = await usable(request, name)
        wanted = prompts.prompt(text) if adding else prompts.asked_at(own, _number(text))
        if adding:
            prompts.added_to_recipe(own, wanted)  # refused now, it was never asked for
        return lambda _: asdict(wanted)

    one = Prompt(**await desk.settled(delivery, choose))

    def change(recipe: Recipe) -> Recipe:
        if not adding:
            return prompts.removed_from_recipe(recipe, one)
        return recipe if prompts.has(recipe, one) else prompts.added_to_recipe(recipe, one)

    async def write() -> Write:
        after = await desk.book.change_prompts(name, change)
        return lambda _: {"asked": len(after.asked)}

    kept = await desk.settled(f"{delivery} written", write)
    return messages.recipe_changed(name, one, kept["asked"], added=adding)
