"""How the prompts of a recipe change: of the file, for the runs to come, and of a run's own copy, while it goes on.

In a run's copy every prompt keeps its place for ever, because samples refer to it; one that is removed is only off.
In both, what was asked before is asked after, but for the one that was added or removed.
"""

from dataclasses import replace

from bot.domain.errors import UserError
from bot.domain.recipes import MAX_EVER, MAX_PROMPT, MAX_PROMPTS, Prompt, Recipe
from bot.domain.text import clean, one_line


def prompt(text: str) -> Prompt:
    """The prompt that somebody typed; UserError for one that is empty or too long."""
    plain = clean(text).strip()
    if not plain:
        raise UserError("Which prompt? Type `/train prompts add` and then the question to put.")
    if len(plain) > MAX_PROMPT:
        raise UserError(f"That prompt has {len(plain)} characters; {MAX_PROMPT} is the most. Nothing was changed.")
    return Prompt(plain)


def added_to_run(recipe: Recipe, new: Prompt) -> Recipe:
    """The run's copy with one more prompt that is asked. One that was removed is asked again in its place."""
    asked = _room(recipe, new)
    known = next((index for index, one in enumerate(recipe.prompts) if _same(one, new)), None)
    if known is None and len(recipe.prompts) >= MAX_EVER:
        raise UserError(f"This run has had {MAX_EVER} prompts already. Add it to the recipe, for the next run.")
    prompts = recipe.prompts if known is not None else (*recipe.prompts, new)
    return _asking(replace(recipe, prompts=prompts), {*asked, len(recipe.prompts) if known is None else known})


def removed_from_run(recipe: Recipe, number: int) -> Recipe:
    """The run's copy without the prompt of this number, which is its place, counted from 1."""
    return _asking(recipe, set(recipe.asked) - {_place(recipe, number)})


def added_to_recipe(recipe: Recipe, new: Prompt) -> Recipe:
    """The recipe with one more prompt, behind the last one that is asked."""
    at = len(_room(recipe, new))
    rest = tuple(one for one in recipe.prompts if not _same(one, new))
    limit = max(recipe.samples.prompts, at + 1)
    return replace(recipe, prompts=(*rest[:at], new, *rest[at:]), samples=replace(recipe.samples, prompts=limit))


def removed_from_recipe(recipe: Recipe, gone: Prompt) -> Recipe:
    """The recipe without this prompt; the same one where it has none."""
    limited = has(recipe, gone) and len(recipe.prompts) > recipe.samples.prompts
    limit = recipe.samples.prompts - limited  # or the next one would move up
    left = tuple(one for one in recipe.prompts if not _same(one, gone))
    return replace(recipe, prompts=left, samples=replace(recipe.samples, prompts=limit))


def asked_at(recipe: Recipe, number: int) -> Prompt:
    """The prompt of this number; UserError where none of that number is asked."""
    return recipe.prompts[_place(recipe, number)]


def has(recipe: Recipe, one: Prompt) -> bool:
    """Whether this prompt is asked."""
    return any(_same(recipe.prompts[index], one) for index in recipe.asked)


def _room(recipe: Recipe, new: Prompt) -> tuple[int, ...]:
    asked = recipe.asked
    if has(recipe, new):
        told = one_line(new.user, 60).replace("`", "'")
        raise UserError(f"That is asked already: {told}. Nothing was changed.")
    if len(asked) >= MAX_PROMPTS:
        raise UserError(f"{MAX_PROMPTS} prompts are asked already, which is the most. Remove one of them first.")
    return asked


def _place(recipe: Recipe, number: int) -> int:
    if number - 1 not in recipe.asked:
        numbers = ", ".join(str(index + 1) for index in recipe.asked)
        hint = f"There are {numbers}." if numbers else "None is asked."
        raise UserError(f"There is no prompt {number}. {hint} `/train prompts` shows them.")
    return number - 1


def _asking(recipe: Recipe, places: set[int]) -> Recipe:
    prompts = tuple(replace(one, off=index not in places) for index, one in enumerate(recipe.prompts))
    return replace(recipe, prompts=prompts, samples=replace(recipe.samples, prompts=len(places)))


def _same(one: Prompt, other: Prompt) -> bool:
    return (one.user, one.system) == (other.user, other.system)
