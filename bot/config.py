"""trainbot.toml: who may do what, and the prompts of runs that no recipe fits.

Read at the start, beside the settings, from the data folder or from the file that TRAINBOT_CONFIG names. Every mistake
is told at once, with its file, its key and what is allowed. The lists are made of ids and say nothing about names;
what they allow is decided in `commands`.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.places import Person
from bot.domain.recipes import MAX_PROMPT, MAX_PROMPTS, Prompt
from bot.domain.text import clean, cut
from bot.settings import Settings, SettingsError, variable

FILE_LIMIT = 256 * 1024  # bytes
SECTIONS = ("access", "prompts")
ROLE = "role:"
AN_ID = "an id written platform/workspace/user, or platform/workspace/role:ID for a role or user group"

_ID = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says. `admins` and `operators` hold `platform/workspace/user` for persons and
    `platform/workspace/role:ID` for roles and user groups.

    `operators` None: no list is kept and the platform's standing decides; an empty list lets nobody.
    """

    admins: frozenset[str] = frozenset()
    operators: frozenset[str] | None = None
    prompts: tuple[Prompt, ...] = ()


def read(settings: Settings) -> Config:
    """The config as the file stands now; an empty one where no file is there and none was named. Blocking.

    SettingsError has one line a mistake.
    """
    path = settings.config_file
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        if settings.config is None:
            return Config()
        raise SettingsError(f"{variable('config')} names {path}, which is not there.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    if len(raw) > FILE_LIMIT:
        raise SettingsError(f"{path} is larger than {FILE_LIMIT // 1024} KiB.")
    try:
        return parse(raw.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text.") from None


def parse(text: str, file: str) -> Config:
    """The config in a TOML text. `file` is how complaints call it."""
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise SettingsError(f"{file} is nested too deeply.") from None
    except ValueError as error:  # TOMLDecodeError, or a number of more digits than Python reads
        raise SettingsError(f"{file} is not TOML: {cut(clean(str(error)).rstrip('.'), 200)}.") from None
    reader = _Reader(file)
    config = reader.config(data)
    if reader.mistakes:
        raise SettingsError("\n".join(reader.mistakes))
    return config


class _Reader:
    """Reads the file's tables and collects every mistake on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[str] = []

    def config(self, data: Mapping[str, Any]) -> Config:
        self._known(data, SECTIONS)
        access = data.get("access", {})
        if not isinstance(access, Mapping):
            self._wrong("access", "a table, written as [access]")
            access = {}
        self._known(access, ("admins", "operators"), "access.")
        return Config(self._ids(access, "admins") or frozenset(), self._ids(access, "operators"), self._prompts(data))

    def _ids(self, table: Mapping[str, Any], key: str) -> frozenset[str] | None:
        """The list under this key; None where there is none."""
        value = table.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self._wrong(f"access.{key}", f'a list, each entry {AN_ID}, for example ["slack/T0123/U0456"]')
            return None
        for index, one in enumerate(value, start=1):
            if not _is_id(one):
                self._wrong(f"access.{key}[{index}]", AN_ID)
        return frozenset(one for one in value if _is_id(one))

    def _prompts(self, data: Mapping[str, Any]) -> tuple[Prompt, ...]:
        rows = data.get("prompts", [])
        if not isinstance(rows, list) or len(rows) > MAX_PROMPTS or not all(isinstance(row, Mapping) for row in rows):
            self._wrong("prompts", f"at most {MAX_PROMPTS} tables, each written as [[prompts]]")
            return ()
        return tuple(self._prompt(row, f"prompts[{index}].") for index, row in enumerate(rows, start=1))

    def _prompt(self, row: Mapping[str, Any], where: str) -> Prompt:
        self._known(row, ("user", "system"), where)
        if "user" not in row:
            self.mistakes.append(f"{self.file}: `{where}user` is missing: the question to put.")
        return Prompt(self._text(row, "user", where) or "", self._text(row, "system", where))

    def _text(self, row: Mapping[str, Any], key: str, where: str) -> str | None:
        value = row.get(key)
        if value is None:
            return None
        if isinstance(value, str) and clean(value).strip() and len(value) <= MAX_PROMPT:
            return clean(value)
        self._wrong(where + key, f"a text of 1 to {MAX_PROMPT} characters")
        return None

    def _wrong(self, key: str, allowed: str) -> None:
        self.mistakes.append(f"{self.file}: `{key}` must be {allowed}.")

    def _known(self, table: Mapping[str, Any], keys: Iterable[str], where: str = "") -> None:
        for key in (key for key in table if key not in keys):
            shown = cut(clean(key).replace("\n", " "), 40)
            self.mistakes.append(f"{self.file}: unknown key `{where}{shown}`. Allowed: {', '.join(keys)}.")


def _is_id(value: Any) -> bool:
    """Whether this is a person's or a role's id. A role without its ID would be a user called `role:`."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        return False
    try:
        return Person.parse(value).user != ROLE
    except ValueError:
        return False
