"""Recipes: what to train and how. The facts, what may be changed in them, and how two of them differ.

A recipe comes from a named TOML file (`recipe_text`) or from the config of a job that was started elsewhere; a run
keeps its own resolved copy, as JSON. Files are read and written by `recipe_files`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Self

from bot.domain import tokens
from bot.domain.errors import UserError
from bot.domain.hyper import HYPERS, Hyper, Value, find
from bot.domain.text import cut, one_line

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
MAX_PROMPTS = 10  # that are asked
MAX_PROMPT = 4000  # characters
MAX_EVER = 50  # prompts that one run had in its life
MAX_CONFIG = 64 * 1024  # bytes of a job's config as JSON
FAR = 100  # times the recipe's own value


class RecipeError(UserError):
    """A recipe that cannot be used; the text has one sentence per mistake."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question put to the base model and to every sampled checkpoint."""

    user: str
    system: str | None = None
    off: bool = False  # removed while the run went on: its place stays, for samples refer to it

    def messages(self) -> list[dict[str, str]]:
        """In the chat format of the training service."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": self.user}]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Limits of what is drawn: checkpoints a run, prompts a checkpoint, tokens an answer."""

    checkpoints: int = 12
    prompts: int = 3
    max_tokens: int = 200


@dataclass(frozen=True, slots=True)
class Notify:
    """What the run's home is told. `progress_every` in steps, 0 for never; `silent_minutes` before it counts as odd."""

    progress_every: int = 0
    failure: str = "here"
    silent_minutes: int = 15


_SAMPLING = Sampling()
_NOTIFY = Notify()


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what is trained, what is asked and who is told."""

    name: str
    model: str
    dataset: Mapping[str, str]
    description: str = ""
    settings: Mapping[str, Value] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)  # JSON, passed to the service unchanged
    open: tuple[str, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    samples: Sampling = field(default_factory=Sampling)
    notify: Notify = field(default_factory=Notify)
    price_per_hour: float | None = None
    match: tuple[str, ...] = ()  # patterns, in small letters, of runs that were started elsewhere

    @property
    def asked(self) -> tuple[int, ...]:
        """The prompts that are really put, after the recipe's limit, as indices into `prompts`."""
        return tuple(index for index, one in enumerate(self.prompts) if not one.off)[: self.samples.prompts]

    def fits(self, name: str) -> bool:
        """Whether a run of this name, started elsewhere, is one of this recipe."""
        return any(fnmatchcase(name.lower(), pattern) for pattern in self.match)

    def config(self) -> dict[str, Any]:
        """The job config of the training service. What is not set is absent; so is a token (see `tokens.filled`)."""
        named = {"model": self.model, "datasetSource": dict(self.dataset)}
        wired = {hyper.wire: self.settings[hyper.name] for hyper in HYPERS if hyper.name in self.settings}
        return {**{key: value for key, value in named.items() if value}, **wired, **self.extra}

    def as_dict(self) -> dict[str, Any]:
        """Plain data that `from_dict` reads back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The recipe that `as_dict` wrote, also that of an older version, without checking it again."""
        return cls(
            **{
                **data,
                "open": tuple(data["open"]),
                "prompts": tuple(Prompt(**prompt) for prompt in data["prompts"]),
                "samples": Sampling(**data["samples"]),
                "notify": Notify(**data["notify"]),
                "match": tuple(data.get("match", ())),
            }
        )


def from_config(name: str, config: Mapping[str, Any]) -> Recipe:
    """The recipe of a job that was started elsewhere: `config()` gives the same config back. What has no place of its
    own, or a value that a recipe would not take, is in `extra`. A config that is no JSON or too large counts as empty.
    Tokens, keys, secrets and passwords are not kept."""
    rest = _kept(config)
    model, source = rest.get("model"), rest.get("datasetSource")
    named = isinstance(model, str) and 0 < len(model) <= 200
    plain = isinstance(source, dict) and bool(source) and all(isinstance(one, str) for one in source.values())
    settings = {hyper.name: value for hyper in HYPERS if (value := hyper.check(rest.get(hyper.wire))) is not None}
    placed = {hyper.wire for hyper in HYPERS if hyper.name in settings}
    placed |= ({"model"} if named else set()) | ({"datasetSource"} if plain else set())
    return Recipe(
        name=one_line(name, 80).replace("`", "'") or "unnamed",  # what stands between backticks is shown as code
        model=str(model) if named else "",
        dataset=dict(source) if isinstance(source, dict) and plain else {},
        settings=settings,
        extra={key: value for key, value in rest.items() if key not in placed},
    )


def _kept(config: Mapping[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(dict(config), allow_nan=False)
        rest: dict[str, Any] = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    if len(text) > MAX_CONFIG:
        return {}
    kept: dict[str, Any] = tokens.masked(rest)
    source = kept.get("datasetSource")
    if isinstance(source, dict) and "token" in source:
        kept["datasetSource"] = source | {"token": tokens.WITHHELD}
    return kept


@dataclass(frozen=True, slots=True)
class Change:
    """What is not the same in two recipes; None where one of them does not say it."""

    name: str
    before: Value | None
    after: Value | None


def differences(before: Recipe, after: Recipe) -> tuple[Change, ...]:
    """What is trained differently: model, data set, settings, extra, in this order. Nested values as JSON; of the data
    set's address only what is no key to it."""
    old, new = dict(_told(before)), dict(_told(after))
    names = dict.fromkeys((*(name for name, _ in _told(before)), *new))
    ranked = sorted(names, key=lambda name: _RANKS.get(name, 1 if name.startswith("dataset.") else len(_RANKS) + 2))
    changed = [name for name in ranked if _differs(old.get(name), new.get(name))]
    return tuple(Change(name, _flat(name, old.get(name)), _flat(name, new.get(name))) for name in changed)


_RANKS = {"model": 0, **{hyper.name: rank for rank, hyper in enumerate(HYPERS, start=2)}}


def _told(recipe: Recipe) -> Iterator[tuple[str, Any]]:
    if recipe.model:
        yield "model", recipe.model
    yield from ((f"dataset.{key}", value) for key, value in recipe.dataset.items())
    yield from recipe.settings.items()
    yield from ((f"extra.{key}" if key in _RANKS else key, value) for key, value in recipe.extra.items())


def _differs(one: Any, other: Any) -> bool:
    return one != other or isinstance(one, bool) is not isinstance(other, bool)  # 1 is not true


def _flat(name: str, value: Any) -> Value | None:
    if name == "dataset.url" and isinstance(value, str):
        return re.sub(r"//[^/?#]*@", "//", re.sub(r"[?#].*", "?…", value, flags=re.DOTALL))
    if value is None or isinstance(value, int | float | str):
        return value
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Odd:
    """A value that is allowed and far from the recipe's own. `name` and `text` as they were typed."""

    name: str
    text: str
    own: Value


def far_off(recipe: Recipe, typed: Mapping[str, str]) -> tuple[Odd, ...]:
    """What somebody may have mistyped: numbers 100 times the recipe's own value or more, or a hundredth of it or less.
    A nought switches something off and a seed is any number: neither is odd."""
    found = ((name, text, find(name)) for name, text in typed.items())
    return tuple(
        Odd(name, text, recipe.settings[hyper.name])
        for name, text, hyper in found
        if hyper.name in recipe.settings and _far(hyper, hyper.read(text), recipe.settings[hyper.name])
    )


def _far(hyper: Hyper, value: Value | None, own: Value) -> bool:
    if hyper.name == "seed" or hyper.kind not in {int, float} or not value or not own:
        return False
    assert isinstance(value, int | float)
    assert isinstance(own, int | float)
    ratio = abs(value / own)
    near = 1 - 1e-9  # 2e-2 is a hundred times 2e-4, though not in binary
    return ratio >= FAR * near or ratio * near <= 1 / FAR


def override(recipe: Recipe, typed: Mapping[str, str]) -> Recipe:
    """The recipe with settings from chat. Numbers and switches are free; a word only where the recipe opens it."""
    settings = dict(recipe.settings)
    given: dict[str, str] = {}
    for name, text in typed.items():
        hyper = find(name)
        if hyper.kind is str and hyper.name not in recipe.open:
            raise UserError(
                f"`{hyper.name}` cannot be changed from chat: recipe `{recipe.name}` does not list it under `open`."
            )
        if hyper.name in given:
            raise UserError(f"`{hyper.name}` is given twice: as `{given[hyper.name]}` and as `{name}`.")
        value = hyper.read(text)
        if value is None:
            raise UserError(f"`{name}={cut(text, 40)}` does not fit: `{hyper.name}` takes {hyper.allowed}.")
        settings[hyper.name] = value
        given[hyper.name] = name
    return replace(recipe, settings=settings)
