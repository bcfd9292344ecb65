"""Every knob with its meaning, read from the environment and from `.env` in the folder trainbot is started in.

Read once, by the command line. Secrets are SecretStr: they appear in no log, row, message or error.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain import tokens
from bot.domain.errors import UserError
from bot.domain.places import Place


class SettingsError(UserError):
    """A setting that is wrong or missing; the text has one line per setting."""


def _place(value: Any) -> Any:
    """The place in a text; anything else is left to pydantic."""
    if not isinstance(value, str):
        return value
    try:
        return Place.parse(value.strip())
    except ValueError:
        raise PydanticCustomError("place", "Write platform/workspace/channel, for example slack/T0123/C0456") from None


class Settings(BaseSettings):
    """One field a knob; its description is what README prints. An empty variable counts as not set."""

    # The prefix keeps the fields' plain names (HOST, PORT, TZ) from being taken for variables of ours.
    model_config = SettingsConfigDict(
        env_file=".env", env_prefix="TRAINBOT_", env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    data_dir: Path = Field(
        Path("~/.trainbot"),
        validation_alias="TRAINBOT_DATA_DIR",
        description="Folder of the database, the recipes and the embedded service's jobs",
    )
    host: str = Field(
        "127.0.0.1",
        validation_alias="TRAINBOT_HOST",
        description="Address that the web port listens on",
    )
    port: int = Field(
        8717,
        ge=0,
        le=65535,
        validation_alias="TRAINBOT_PORT",
        description="Web port: room, /healthz, /metrics; 0 takes a free one",
    )
    recipes: Path | None = Field(
        None,
        validation_alias="TRAINBOT_RECIPES",
        description="Folder of your recipes and their data files; default: `recipes` in the data folder",
    )
    config: Path | None = Field(
        None,
        validation_alias="TRAINBOT_CONFIG",
        description="File that says who may do what, and the default prompts; default: `trainbot.toml` in the data "
        "folder",
    )
    # A Place is made of a text, not of JSON, which pydantic-settings expects of a variable with fields.
    place: Annotated[Place | None, NoDecode, BeforeValidator(_place)] = Field(
        None,
        validation_alias="TRAINBOT_PLACE",
        description="Default place of runs started outside chat, as `platform/workspace/channel`",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        validation_alias="TRAINBOT_LOG_LEVEL",
        description="debug, info, warning or error",
    )
    log_json: bool = Field(
        False,
        validation_alias="TRAINBOT_LOG_JSON",
        description="1 writes the log as JSON lines",
    )
    service_url: str | None = Field(
        None,
        validation_alias="ARKOR_CLOUD_API_URL",
        description="Training service that `trainbot run` uses; default: the one of your Arkor login, else "
        "https://api.arkor.ai",
    )
    service_token: SecretStr | None = Field(
        None,
        validation_alias="ARKOR_TOKEN",
        description="Its access token; default: your own Arkor login, `~/.arkor/credentials.json`",
    )
    service_org: str | None = Field(
        None,
        validation_alias="ARKOR_ORG",
        description="Slug of your organisation there; default: the one in `.arkor/state.json`",
    )
    service_project: str | None = Field(
        None,
        validation_alias="ARKOR_PROJECT",
        description="Slug of the project whose runs trainbot starts and follows; default: the one in "
        "`.arkor/state.json`",
    )
    arkor_dir: Path | None = Field(
        None,
        validation_alias="TRAINBOT_ARKOR_DIR",
        description="Folder with the `.arkor/state.json` to use; default: the folder trainbot is started in",
    )
    trainer: Literal["", "embedded"] = Field(
        "",
        validation_alias="TRAINBOT_TRAINER",
        description="`embedded` makes `trainbot run` use its own training service whatever else is set; it does "
        "so too where nothing names another one",
    )
    trainer_token: SecretStr | None = Field(
        None,
        validation_alias="TRAINBOT_TRAINER_TOKEN",
        description="Access token that `trainbot trainer` asks its callers for",
    )
    concurrency: int = Field(
        1,
        ge=1,
        le=64,
        validation_alias="TRAINBOT_CONCURRENCY",
        description="Jobs that the embedded service trains at the same time",
    )
    room: bool = Field(
        False,
        validation_alias="TRAINBOT_ROOM",
        description="1 opens the browser room in `trainbot run`",
    )
    room_token: SecretStr | None = Field(
        None,
        validation_alias="TRAINBOT_ROOM_TOKEN",
        min_length=16,
        description="Your own token for the room, 16 characters or more; needed when others can reach the port",
    )
    public_host: str | None = Field(
        None,
        validation_alias="TRAINBOT_PUBLIC_HOST",
        description="Name under which other computers reach the room or `trainbot trainer`",
    )
    metrics_token: SecretStr | None = Field(
        None,
        validation_alias="TRAINBOT_METRICS_TOKEN",
        description="Bearer token for /metrics from other computers",
    )
    progress: bool = Field(
        False,
        validation_alias="NOTIFY_PROGRESS",
        description="1 posts a progress line every 100 steps, also where the recipe does not ask for it",
    )

    @property
    def home(self) -> Path:
        """The data folder, with `~` resolved."""
        return self.data_dir.expanduser().absolute()

    @property
    def config_file(self) -> Path:
        """The config file, whether it is there or not."""
        return (self.config or self.home / "trainbot.toml").expanduser().absolute()

    def secrets(self) -> list[str]:
        """Every secret that is set, for the log to leave out."""
        values = [getattr(self, name) for name in type(self).model_fields]
        every = [*values, *dataset_tokens(os.environ, Path()).values()]
        return [value.get_secret_value() for value in every if isinstance(value, SecretStr)]


def dataset_tokens(environment: Mapping[str, str], folder: Path) -> dict[str, SecretStr]:
    """The tokens of data sets (see `domain.tokens`) by variable: of the environment, else of `.env` in the folder."""
    found = {**dotenv_values(folder / ".env"), **environment}
    return {name: SecretStr(value) for name, value in found.items() if name.startswith(tokens.PREFIX) and value}


def read(**given: object) -> Settings:
    """The settings, with what the command line gave (not None) before the environment. SettingsError names each bad
    variable."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError("\n".join(f"{_name(one['loc'])}: {one['msg']}." for one in error.errors())) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f".env cannot be read: {error}.") from None


def _name(loc: tuple[int | str, ...]) -> str:
    """The environment variable of a field, which is what people set."""
    first = str(loc[0]) if loc else "settings"
    return variable(first) if first in Settings.model_fields else first


def variable(field: str) -> str:
    """The environment variable that sets this field."""
    return str(Settings.model_fields[field].validation_alias)
