"""`trainbot recipes check`: reads recipe files as the bot would, for a person or a pipeline. Changes nothing."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.domain.errors import UserError
from bot.domain.recipes import Recipe, RecipeError
from bot.domain.text import one_line
from bot.recipe_files import read_recipe, recipe_folders
from bot.settings import Settings
from bot.trainer.datasets import DatasetError, file_name, find

Say = Callable[[str], object]


async def check(settings: Settings, files: Sequence[Path], *, say: Say) -> bool:
    """One line a file that is well, one a mistake of the others; whether all are well. Without files those of the
    recipe folder. UserError where there is nothing to check."""
    return await asyncio.to_thread(_check, settings, files, say)


def _check(settings: Settings, files: Sequence[Path], say: Say) -> bool:
    own, packaged = recipe_folders(settings, examples=True)
    paths = [Path(one) for one in files] or sorted(own.glob("*.toml"))
    if not paths:
        raise UserError(f"There is no recipe in {own}. Name the files to check, or the folder as TRAINBOT_RECIPES.")
    mistakes = {path: _mistakes(path, packaged) for path in paths}
    for path, lines in mistakes.items():
        for line in lines or [f"{path.name}: well"]:
            say(one_line(line, 500))
    return not any(mistakes.values())


def _mistakes(path: Path, packaged: Path) -> list[str]:
    if path.suffix != ".toml":
        return [f"{path.name}: the name of a recipe file ends in .toml."]
    found = read_recipe(path)
    return str(found).splitlines() if isinstance(found, RecipeError) else _missing(path, found, packaged)


def _missing(path: Path, recipe: Recipe, packaged: Path) -> list[str]:
    """A data file lies beside its recipe, or among the packaged examples'."""
    if recipe.dataset.get("type") != "file":
        return []
    try:
        find(file_name(dict(recipe.dataset)), (path.parent, packaged))
    except (DatasetError, OSError) as error:
        return [f"{path.name}: {error}"]
    return []
