"""The recipe folders: reads every recipe anew when asked, and writes the team's own. `commands/desk` says what for.

The team's folder comes first; the packaged examples are only read, and a change to one of them becomes a file of the
team's own. A file is replaced as a whole or not at all, and what was not changed in it stays as the team wrote it,
comments too. Blocking work runs in threads, one change at a time. What a recipe may say is in `domain/recipe_text`.
"""

import asyncio
import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Item, Table

from bot.commands.desk import Recipes
from bot.domain.errors import UserError
from bot.domain.recipe_text import parse
from bot.domain.recipes import NAME, Notify, Prompt, Recipe, RecipeError, Sampling
from bot.settings import Settings

RECIPE_LIMIT = 256 * 1024  # bytes of one file


def recipe_folders(settings: Settings, *, examples: bool) -> tuple[Path, ...]:
    """Where recipes and their data files lie; of two recipes with one name the first folder's counts."""
    own = (settings.recipes or settings.home / "recipes").expanduser().absolute()
    packaged = Path(str(resources.files("bot") / "recipes"))
    return (own, packaged) if examples else (own,)


def read_recipes(folders: Sequence[Path]) -> Recipes:
    """Every recipe of the folders by name, the broken ones as their errors. Blocking."""
    found: dict[str, Recipe | RecipeError] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            if path.stem not in found:
                found[path.stem] = read_recipe(path)
    return found


def read_recipe(path: Path) -> Recipe | RecipeError:
    """The recipe in a file, or what is wrong with it. Blocking."""
    try:
        return parse(path.stem, _text(path), path.name)
    except RecipeError as error:
        return error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(RECIPE_LIMIT + 1)
        if len(raw) > RECIPE_LIMIT:
            raise RecipeError(f"{path.name} is larger than {RECIPE_LIMIT // 1024} KiB.")
        return raw.decode()
    except UnicodeDecodeError:
        raise RecipeError(f"{path.name} is not UTF-8 text.") from None
    except OSError as error:
        raise RecipeError(f"{path.name} cannot be read: {error.strerror}.") from None


class RecipeFiles:
    """The recipes of these folders, as commands use them. Files change in the first folder only."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._changing = threading.Lock()

    async def read(self) -> Recipes:
        """Every recipe by name, the broken ones as their errors."""
        return await asyncio.to_thread(read_recipes, self._folders)

    async def save(self, recipe: Recipe, *, replace: bool) -> bool:
        """Writes the recipe into the team's folder. False, and nothing is done, where the team has one of this name and
        `replace` was not said. UserError for a recipe that no file can say, and for a folder that cannot be written."""
        text = to_toml(recipe)
        return await asyncio.to_thread(self._write, recipe.name, text, replace=replace)

    async def change_prompts(self, name: str, change: Callable[[Recipe], Recipe]) -> Recipe:
        """Changes the prompts of a recipe and how many are asked, in the team's folder; gives the recipe after.

        `change` sees the recipe as the file has it now, and may raise UserError: nothing is changed then."""
        return await asyncio.to_thread(self._change_prompts, name, change)

    def _change_prompts(self, name: str, change: Callable[[Recipe], Recipe]) -> Recipe:
        with self._changing:
            path = self._path(name)
            text = _text(path)
            before = parse(name, text, path.name)
            after = change(before)
            if after != before:
                self._put(name, _with_prompts(text, before, after, path.name), replace=True)
            return after

    def _path(self, name: str) -> Path:
        """The file that counts for this name."""
        paths = [folder / f"{name}.toml" for folder in self._folders if NAME.fullmatch(name)]
        found = next((path for path in paths if os.path.lexists(path)), None)
        if found is None:
            raise UserError(f"There is no recipe `{name}`. `/train recipes` lists what there is.")
        return found

    def _write(self, name: str, text: str, *, replace: bool) -> bool:
        with self._changing:
            return self._put(name, text, replace=replace)

    def _put(self, name: str, text: str, *, replace: bool) -> bool:
        """The file as a whole, and on disk before it has its name: a power cut leaves the old one or the new one."""
        own = self._folders[0]
        part = own / f".{name}.{secrets.token_hex(4)}.part"
        try:
            own.mkdir(parents=True, exist_ok=True)
            with part.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            return _named(part, own / f"{name}.toml", replace=replace)
        except OSError as error:
            raise UserError(f"{name}.toml cannot be written in {own}: {error.strerror}. Nothing was changed.") from None
        finally:
            _remove(part)


def _named(part: Path, path: Path, *, replace: bool) -> bool:
    if replace:
        part.replace(path)
        return True
    try:
        os.link(part, path)  # unlike a rename, it takes nobody's place
    except FileExistsError:
        return False
    return True


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # the folder is not there, or not ours to write: there is nothing to remove
        return


def to_toml(recipe: Recipe) -> str:
    """The text of the recipe's file. RecipeError for one that no file can say, with what stands in the way."""
    document = tomlkit.document()
    plain: dict[str, Any] = {"description": recipe.description, "model": recipe.model, "match": list(recipe.match)}
    plain |= {"open": list(recipe.open), "price_per_hour": recipe.price_per_hour}
    tables: dict[str, Mapping[str, Any]] = {
        "dataset": recipe.dataset,
        "settings": recipe.settings,
        "extra": {key: value for key, value in recipe.extra.items() if value is not None},
        "samples": _set(recipe.samples, Sampling(), ("checkpoints", "prompts", "max_tokens")),
        "notify": _set(recipe.notify, Notify(), ("progress_every", "failure", "silent_minutes")),
    }
    try:
        for key, value in {**plain, **tables}.items():
            if value not in (None, "", [], {}):
                document[key] = value
        prompts = tomlkit.aot()
        for one in recipe.prompts:
            if not one.off:
                prompts.append(_prompt(one))
        if prompts:
            document["prompts"] = prompts
        text = tomlkit.dumps(document)
    except (TOMLKitError, ValueError, TypeError, RecursionError):
        raise RecipeError(f"`{recipe.name}` holds values that TOML cannot say.") from None
    parse(recipe.name, text, f"{recipe.name}.toml")
    return text


def _set(given: object, usual: object, names: Sequence[str]) -> dict[str, Any]:
    """What differs from what counts without a word."""
    return {name: getattr(given, name) for name in names if getattr(given, name) != getattr(usual, name)}


def _prompt(one: Prompt, table: Table | InlineTable | None = None) -> Table | InlineTable:
    table = tomlkit.table() if table is None else table
    if one.system:
        table["system"] = one.system
    table["user"] = one.user
    return table


def _with_prompts(text: str, before: Recipe, after: Recipe, file: str) -> str:
    """The file's text with the prompts of `after`; all else as it was written."""
    try:
        document = tomlkit.parse(text)
        if after.samples != before.samples:
            document.setdefault("samples", tomlkit.table())["prompts"] = after.samples.prompts
        _arrange(document, before.prompts, after.prompts)
        changed = tomlkit.dumps(document)
        if parse(before.name, changed, file) == after:
            return changed
    except (TOMLKitError, ValueError, TypeError, RecipeError, RecursionError):
        pass
    raise UserError(f"The prompts of {file} are written in a way that cannot be changed from chat. Edit the file.")


def _arrange(document: TOMLDocument, before: Sequence[Prompt], after: Sequence[Prompt]) -> None:
    """Takes out and puts in one prompt after the other, so that those that stay are not written anew."""
    rows = document.setdefault("prompts", tomlkit.aot())
    for index in reversed([index for index, one in enumerate(before) if one not in after]):
        _take_out(rows, index)
    left = [one for one in before if one in after]
    for index, one in enumerate(after):
        if index >= len(left) or left[index] != one:
            left.insert(index, one)
            _put_in(rows, index, one)
    if not after:
        del document["prompts"]


def _take_out(rows: AoT | Array, index: int) -> None:
    """One prompt out. What stands below it is about the next one, and stays."""
    tail = _tail(rows[index]) if isinstance(rows, AoT) else []
    del rows[index]
    if index > 0:
        _append(rows[index - 1], tail)
    elif rows and tail:
        rows[0].trivia.indent = "".join(one.as_string() for one in tail) + rows[0].trivia.indent


def _put_in(rows: AoT | Array, index: int, one: Prompt) -> None:
    """One prompt in, above what stands below the one before it."""
    if isinstance(rows, Array):
        rows.insert(index, _prompt(one, tomlkit.inline_table()))
        return
    table = _prompt(one)
    tail = _tail(rows[index - 1]) if index > 0 else []
    if index > 0:
        rows[index - 1].add(tomlkit.nl())
    rows.insert(index, table)
    _append(rows[index], tail or [tomlkit.nl()])


def _tail(table: Any) -> list[Item]:
    """Blank lines and comments at the end of a table, taken off it."""
    found: list[Item] = []
    body = table.value.body
    while body and body[-1][0] is None:
        found.insert(0, body.pop()[1])
    return found


def _append(table: Any, items: Sequence[Item]) -> None:
    for one in items:
        table.value.append(None, one)
