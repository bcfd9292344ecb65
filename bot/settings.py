"""Every knob with its meaning, read from the environment and from `.env` in the folder trainbot is started in.

Read once, by the command line. Secrets are SecretStr: they appear in no log, row, message or error.
"""

from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.domain.errors import UserError


class Settings(BaseSettings):
    """One field a knob; its description is what README prints."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    data_dir: Path = Field(
        Path("~/.trainbot"),
        validation_alias=AliasChoices("TRAINBOT_DATA_DIR", "data_dir"),
        description="Folder of the database, the recipes and the embedded service's jobs",
    )
    host: str = Field(
        "127.0.0.1",
        validation_alias=AliasChoices("TRAINBOT_HOST", "host"),
        description="Address that the web port listens on",
    )
    port: int = Field(
        8717,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("TRAINBOT_PORT", "port"),
        description="Web port: room, /healthz, /metrics; 0 takes a free one",
    )
    recipes: Path | None = Field(
        None,
        validation_alias=AliasChoices("TRAINBOT_RECIPES", "recipes"),
        description="Folder of your recipes and their data files; default: `recipes` in the data folder",
    )
    tz: str = Field(
        "UTC",
        validation_alias=AliasChoices("TRAINBOT_TZ", "tz"),
        description="Time zone for times in places that cannot show the reader's own",
    )
    log_level: str = Field(
        "info",
        pattern="^(debug|info|warning|error)$",
        validation_alias=AliasChoices("TRAINBOT_LOG_LEVEL", "log_level"),
        description="debug, info, warning or error",
    )
    log_json: bool = Field(
        False,
        validation_alias=AliasChoices("TRAINBOT_LOG_JSON", "log_json"),
        description="1 writes the log as JSON lines",
    )
    service_url: str = Field(
        "https://api.arkor.ai",
        validation_alias=AliasChoices("ARKOR_CLOUD_API_URL", "service_url"),
        description="Training service that `trainbot run` uses",
    )
    service_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("ARKOR_TOKEN", "service_token"),
        description="Its access token",
    )
    service_org: str | None = Field(
        None, validation_alias=AliasChoices("ARKOR_ORG", "service_org"), description="Slug of your organisation there"
    )
    service_project: str | None = Field(
        None,
        validation_alias=AliasChoices("ARKOR_PROJECT", "service_project"),
        description="Slug of the project whose runs trainbot starts and follows",
    )
    trainer: str = Field(
        "",
        pattern="^(|embedded)$",
        validation_alias=AliasChoices("TRAINBOT_TRAINER", "trainer"),
        description="`embedded` makes `trainbot run` start its own training service",
    )
    trainer_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("TRAINBOT_TRAINER_TOKEN", "trainer_token"),
        description="Access token that `trainbot trainer` asks its callers for",
    )
    concurrency: int = Field(
        1,
        ge=1,
        le=64,
        validation_alias=AliasChoices("TRAINBOT_CONCURRENCY", "concurrency"),
        description="Jobs that the embedded service trains at the same time",
    )
    room: bool = Field(
        False,
        validation_alias=AliasChoices("TRAINBOT_ROOM", "room"),
        description="1 opens the browser room in `trainbot run`",
    )
    room_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("TRAINBOT_ROOM_TOKEN", "room_token"),
        description="Token of the room's address; needed when the web port is not on this computer alone",
    )
    public_host: str | None = Field(
        None,
        validation_alias=AliasChoices("TRAINBOT_PUBLIC_HOST", "public_host"),
        description="Name under which browsers reach the room, when it is not a loopback one",
    )
    metrics_token: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("TRAINBOT_METRICS_TOKEN", "metrics_token"),
        description="Bearer token for /metrics from other computers",
    )
    progress: bool = Field(
        False,
        validation_alias=AliasChoices("NOTIFY_PROGRESS", "progress"),
        description="1 posts a progress line every 100 steps, also where the recipe does not ask for it",
    )

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("not a time zone; write for example Europe/Berlin")
        return name

    @property
    def home(self) -> Path:
        """The data folder, with `~` resolved."""
        return self.data_dir.expanduser().absolute()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)

    def secrets(self) -> list[str]:
        """Every secret that is set, for the log to leave out."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def read(**given: object) -> Settings:
    """The settings, with what the command line gave (not None) before the environment. UserError names each bad key."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise UserError("\n".join(f"{_name(one['loc'])}: {one['msg']}." for one in error.errors())) from None


def _name(loc: tuple[int | str, ...]) -> str:
    """The environment variable of a field, which is what people set."""
    first = str(loc[0]) if loc else "settings"
    field = Settings.model_fields.get(first)
    return variable(first) if field else first


def variable(field: str) -> str:
    """The environment variable that sets this field."""
    alias = Settings.model_fields[field].validation_alias
    if not isinstance(alias, AliasChoices):
        raise TypeError(f"{field} has no environment variable")
    return str(alias.choices[0])
