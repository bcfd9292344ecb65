"""The command about the recipes: lists them, shows one, and makes one of a run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace as changed
from typing import Annotated, Any

from bot.commands import access, find
from bot.commands.desk import Desk, Write
from bot.commands.roles import Standing
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, Words, command
from bot.commands.start import usable
from bot.domain import tokens
from bot.domain.errors import UserError
from bot.domain.recipes import NAME, Recipe, RecipeError
from bot.domain.runs import Run
from bot.domain.text import cut
from bot.messages import recipes as messages
from bot.messages.model import Message

NO_WORDS = Words("")
ACTIONS = ("list", "show", "save")
# `#42 as name`; a button cannot carry blanks and says `42:name`.
_SAVE = re.compile(r"(?:(?P<run>.*?)\s*\b[aA][sS]\s+|(?P<number>#?[0-9]+):)(?P<name>\S+)")


async def _words(incoming: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """For `show` a recipe's name; for `save` a run, the word `as`, and the name it had."""
    action, done = args.get("action", "list").lower(), args.get("words", "").split()
    if action == "show" and not done:
        return await find.complete_recipe(incoming, desk, last, args)
    if action != "save":
        return []
    if not done:
        return await find.complete_run(incoming, desk, last, args)
    if "as" not in done:
        return [Choice("as", "as NAME: what the recipe is to be called")]
    return await find.complete_recipe(incoming, desk, last, args) if done[-1] == "as" else []


@command(examples=("recipes", "recipes show support-bot", "recipes save #42 as support-bot-2"))
async def recipes_(
    request: Request,
    action: Annotated[str, Arg("What to do", choices=ACTIONS)] = "list",
    words: Annotated[Words, Arg("The recipe to show, or what to save: #42 as NAME", complete=_words)] = NO_WORDS,
    *,
    replace: Annotated[bool, Arg("Save over the recipe that has this name")] = False,
) -> Message:
    """List the recipes, show one, or save a run's recipe under a name."""
    if action == "save":
        access.act(request.incoming, "recipes save")
        return await _save(request, words, replace=replace)
    if action == "show":
        if not words.strip():
            raise UserError("Which recipe? Type for example `/train recipes show support-bot`.")
        return messages.shown(await usable(request, words.strip()))
    if words.strip():
        raise UserError(f"`{cut(words, 40)}` is one word too many. `/train recipes show` explains one recipe.")
    found = await request.desk.recipes()
    good = [one for one in found.values() if isinstance(one, Recipe)]
    return messages.listed(good, {name: str(one) for name, one in found.items() if isinstance(one, RecipeError)})


async def _save(request: Request, text: str, *, replace: bool) -> Message:
    asked = _SAVE.fullmatch(text.strip())
    if asked is None:
        raise UserError("Which run, and as what? Type for example `/train recipes save #42 as support-bot-2`.")
    name = asked["name"].lower()
    if not NAME.fullmatch(name):
        raise UserError(
            f"`{cut(name, 40)}` cannot be a recipe's name: small letters, digits, `-`, `_` and `.`, at most 40 of them."
        )
    ref = RunRef(asked["run"] or asked["number"] or "")

    async def begin() -> Write | Message:
        run = await find.run(request, ref)
        _may_save(request, run)
        if not await _saved(request, run, name, replace=replace):
            return messages.ask_replace(run, name)
        return lambda _: {"run": run.number}

    async def tell(kept: dict[str, Any]) -> Message:
        return messages.saved(await find.kept(request, kept["run"]), name)

    return await request.settle(begin, tell)


async def _saved(request: Request, run: Run, name: str, *, replace: bool) -> bool:
    """Whether the file is the run's now; also where an earlier delivery, which broke off, had written it."""
    wanted = _kept(run, name)
    try:
        return await request.desk.book.save(wanted, replace=replace) or (await request.desk.recipes())[name] == wanted
    except RecipeError as error:
        raise UserError(f"`{run.title}` cannot be saved as a recipe. {error}") from None


def _may_save(request: Request, run: Run) -> None:
    """Everybody sees the recipes: to save one is to publish it."""
    alone = request.person == run.starter or request.incoming.standing is Standing.ADMIN
    if not access.publishable(run, request.incoming) or (run.private and not alone):
        raise UserError(
            f"`{run.title}` is private, and everybody sees the recipes. "
            f"`/train share {run.number}` publishes it first; its starter or an admin may."
        )
    if tokens.may_be_key(str(run.recipe.dataset.get("url", ""))):
        raise UserError(
            f"The address of the data set of `{run.title}` may hold a key to it, so it is not written to a file. "
            "Write the recipe by hand, with an address that everybody may know."
        )


def _kept(run: Run, name: str) -> Recipe:
    """The run's recipe under a name of its own; the patterns stay with the recipe they came from."""
    return changed(run.recipe, name=name, match=())
