"""Reads a recipe from the text of its TOML file and checks it. Pure: the files are read by `recipe_files`.

Every complaint names the file, the key and what is allowed, and all of a file's mistakes are told together.
"""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from bot.domain import tokens
from bot.domain.hyper import BY_NAME, HYPERS, Value
from bot.domain.recipes import MAX_PROMPT, MAX_PROMPTS, NAME, Notify, Prompt, Recipe, RecipeError, Sampling
from bot.domain.text import clean, cut

MENTIONS = ("here", "starter", "nobody")
SOURCES = {"file": ("name",), "huggingface": ("name", "split", "subset"), "blob": ("url", "token")}
MAX_NUMBER = 1e300  # of `extra`, so that JSON carries it: no inf, no nan
MAX_PATTERNS = 20
_SAMPLING = Sampling()
_NOTIFY = Notify()


def parse(name: str, text: str, file: str) -> Recipe:
    """The recipe in a TOML text. `file` is how complaints call it. RecipeError lists every mistake."""
    if not NAME.fullmatch(name):
        raise RecipeError(
            f"{file}: a recipe's file name is its name: small letters, digits, `-`, `_` and `.`, at most 40 of them."
        )
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise RecipeError(f"{file} is nested too deeply.") from None
    except ValueError as error:  # TOMLDecodeError, or a number of more digits than Python reads
        raise RecipeError(f"{file} is not TOML: {str(error).rstrip('.')}.") from None
    reader = _Reader(file)
    recipe = reader.recipe(name, data)
    if reader.mistakes:
        raise RecipeError("\n".join(reader.mistakes))
    return recipe


class _Reader:
    """Reads one file's tables and collects every mistake on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[str] = []

    def wrong(self, key: str, allowed: str) -> None:
        self.mistakes.append(f"{self.file}: `{key}` must be {allowed}.")

    def known(self, table: Mapping[str, Any], keys: Iterable[str], where: str = "") -> None:
        keys = list(keys)
        for key in (key for key in table if key not in keys):
            self.mistakes.append(f"{self.file}: unknown key `{where}{cut(key, 40)}`. Allowed: {', '.join(keys)}.")

    def table(self, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = data.get(key, {})
        if isinstance(value, Mapping):
            return value
        self.wrong(key, f"a table, written as [{key}]")
        return {}

    def text(self, data: Mapping[str, Any], key: str, *, where: str = "", limit: int = 200) -> str | None:
        value = data.get(key)
        if value is None:
            return None
        if isinstance(value, str) and clean(value).strip() and len(value) <= limit:
            return clean(value)
        self.wrong(where + key, f"a text of 1 to {limit} characters")
        return None

    def whole(self, data: Mapping[str, Any], key: str, default: int, *, low: int, high: int, where: str) -> int:
        value = data.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.wrong(where + key, f"a whole number from {low} to {high}")
        return default

    def recipe(self, name: str, data: Mapping[str, Any]) -> Recipe:
        self.known(
            data,
            ("description", "model", "dataset", "settings", "extra", "open", "prompts", "samples", "notify",
             "price_per_hour", "match"),
        )  # fmt: skip
        model = self.text(data, "model")
        if model is None and "model" not in data:
            self.mistakes.append(f'{self.file}: `model` is missing, for example model = "tiny".')
        return Recipe(
            name=name,
            model=model or "",
            dataset=self.dataset(data),
            description=self.text(data, "description") or "",
            settings=self.settings(self.table(data, "settings")),
            extra=self.extra(self.table(data, "extra")),
            open=self.open(data),
            prompts=self.prompts(data),
            samples=self.samples(self.table(data, "samples")),
            notify=self.notify(self.table(data, "notify")),
            price_per_hour=self.price(data),
            match=self.match(data),
        )

    def dataset(self, data: Mapping[str, Any]) -> dict[str, str]:
        table = self.table(data, "dataset")
        kind = table.get("type")
        if not isinstance(kind, str) or kind not in SOURCES:
            self.wrong("dataset.type", "one of " + ", ".join(SOURCES))
            return {}
        allowed = SOURCES[kind]
        self.known(table, ("type", *allowed), "dataset.")
        if allowed[0] not in table:
            self.mistakes.append(f"{self.file}: `dataset.{allowed[0]}` is missing.")
        read = {key: self.text(table, key, where="dataset.", limit=1000) for key in allowed if key in table}
        table = {"type": kind, **{key: value for key, value in read.items() if value is not None}}
        if table.get("token", tokens.WITHHELD) != tokens.WITHHELD:
            self.wrong("dataset.token", f'"{tokens.WITHHELD}": {tokens.where(table)}')
            table["token"] = tokens.WITHHELD
        return table

    def settings(self, table: Mapping[str, Any]) -> dict[str, Value]:
        self.known(table, [hyper.name for hyper in HYPERS], "settings.")
        settings: dict[str, Value] = {}
        for hyper in HYPERS:
            if hyper.name in table:
                value = hyper.check(table[hyper.name])
                if value is None:
                    self.wrong(f"settings.{hyper.name}", hyper.allowed)
                else:
                    settings[hyper.name] = value
        return settings

    def extra(self, table: Mapping[str, Any]) -> dict[str, Value]:
        taken = {hyper.wire for hyper in HYPERS} | {"model", "datasetSource"}
        for key, value in table.items():
            if key in taken:
                self.mistakes.append(f"{self.file}: `extra.{key}` has a place of its own in the recipe; put it there.")
            elif not _is_json(value):
                self.wrong(
                    f"extra.{cut(key, 40)}", "finite numbers, texts, true or false, or lists and tables of these"
                )
        return dict(table)

    def open(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        keys = data.get("open", [])
        if isinstance(keys, list) and all(isinstance(key, str) and key in BY_NAME for key in keys):
            return tuple(BY_NAME[key].name for key in keys)
        self.wrong("open", "a list of settings that may be changed from chat: " + ", ".join(h.name for h in HYPERS))
        return ()

    def prompts(self, data: Mapping[str, Any]) -> tuple[Prompt, ...]:
        rows = data.get("prompts", [])
        if not isinstance(rows, list) or len(rows) > MAX_PROMPTS or not all(isinstance(row, Mapping) for row in rows):
            self.wrong("prompts", f"at most {MAX_PROMPTS} tables, each written as [[prompts]]")
            return ()
        prompts = []
        for index, row in enumerate(rows, start=1):
            where = f"prompts[{index}]."
            self.known(row, ("user", "system"), where)
            user = self.text(row, "user", where=where, limit=MAX_PROMPT)
            if user is None and "user" not in row:
                self.mistakes.append(f"{self.file}: `{where}user` is missing: the question to put.")
            prompts.append(Prompt(user or "", self.text(row, "system", where=where, limit=MAX_PROMPT)))
        return tuple(prompts)

    def samples(self, table: Mapping[str, Any]) -> Sampling:
        self.known(table, ("checkpoints", "prompts", "max_tokens"), "samples.")
        return Sampling(
            self.whole(table, "checkpoints", _SAMPLING.checkpoints, low=0, high=1000, where="samples."),
            self.whole(table, "prompts", _SAMPLING.prompts, low=0, high=MAX_PROMPTS, where="samples."),
            self.whole(table, "max_tokens", _SAMPLING.max_tokens, low=1, high=4096, where="samples."),
        )

    def notify(self, table: Mapping[str, Any]) -> Notify:
        self.known(table, ("progress_every", "failure", "silent_minutes"), "notify.")
        failure = table.get("failure", _NOTIFY.failure)
        if failure not in MENTIONS:
            self.wrong("notify.failure", "one of " + ", ".join(MENTIONS))
            failure = _NOTIFY.failure
        return Notify(
            self.whole(table, "progress_every", _NOTIFY.progress_every, low=0, high=10_000_000, where="notify."),
            str(failure),
            self.whole(table, "silent_minutes", _NOTIFY.silent_minutes, low=1, high=10_000, where="notify."),
        )

    def price(self, data: Mapping[str, Any]) -> float | None:
        price = data.get("price_per_hour")
        if price is None:
            return None
        if isinstance(price, int | float) and not isinstance(price, bool) and 0 <= price < 1e6:
            return float(price)
        self.wrong("price_per_hour", "a number from 0 to 999999")
        return None

    def match(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        given = data.get("match", [])
        patterns = [given] if isinstance(given, str) else given
        fit = isinstance(patterns, list) and len(patterns) <= MAX_PATTERNS
        if fit and all(isinstance(one, str) and clean(one).strip() and len(one) <= 100 for one in patterns):
            return tuple(clean(one).strip().lower() for one in patterns)
        self.wrong("match", f'a pattern of run names such as "support-*", or a list of at most {MAX_PATTERNS}')
        return ()


def _is_json(value: Any) -> bool:
    """Whether JSON can say it: TOML has dates as well, and numbers that are none."""
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, Mapping):
        return all(map(_is_json, value.values()))
    return isinstance(value, str) or (isinstance(value, int | float) and abs(value) <= MAX_NUMBER)
