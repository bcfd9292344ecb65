"""`trainbot trainer`: the training service alone."""

import asyncio
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bot.domain.errors import UserError
from bot.domain.text import count
from bot.settings import Settings, SettingsError
from bot.trainer import service
from bot.trainer.options import Options, OptionsError

Say = Callable[[str], object]
OWN = "trainer.toml"  # in the data folder: the operator's own training programs


class InTheWay(UserError):
    """Another service has the data folder."""


def options(settings: Settings, *, host: str, port: int, roots: tuple[Path, ...], anonymous: bool) -> Options:
    """The service's options; SettingsError for those that would not work or not be safe."""
    token = settings.trainer_token.get_secret_value() if settings.trainer_token else None
    folders = tuple(root.expanduser().absolute() for root in roots) or (settings.home / "data",)
    if token is None and not anonymous:
        raise SettingsError("TRAINBOT_TRAINER_TOKEN is not set. Set it, or use --anonymous on this computer.")
    try:
        return Options(
            data_dir=settings.home,
            roots=folders,
            programs={"tiny": service.tiny(), **service.programs_from(_own_programs(settings.home / OWN))},
            token=token,
            anonymous=anonymous,
            host=host,
            port=port,
            hosts=_names(settings.public_host),
            concurrency=settings.concurrency,
        )
    except OptionsError as error:
        raise SettingsError(str(error)) from None


async def run(chosen: Options, stop: asyncio.Event, *, say: Say) -> None:
    """The service until `stop`."""

    def listening(url: str) -> None:
        say(f"The training service listens on {url}")

    try:
        await service.serve(chosen, listening, stop)
    except service.AlreadyRunning as error:
        raise InTheWay(str(error)) from None


async def stop_jobs(folder: Path, *, say: Say) -> None:
    """Cancels every job of the data folder."""
    stopped = await service.stop_jobs(folder)
    say(f"Cancelled {count(stopped, 'job')}.")


def _names(public_host: str | None) -> tuple[str, ...]:
    """The name in TRAINBOT_PUBLIC_HOST without its port, under which other computers may call."""
    if not public_host:
        return ()
    try:
        name = urlsplit(f"//{public_host}").hostname
    except ValueError:
        name = None
    if not name:
        raise SettingsError("TRAINBOT_PUBLIC_HOST is not a host name; write for example bot.example.org.")
    return (name,)


def _own_programs(path: Path) -> Mapping[str, object]:
    """The `[programs.NAME]` tables of the file, each with `train` and perhaps `answer`; none where it is missing."""
    try:
        read = tomllib.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be used: {error}.") from None
    programs = read.get("programs", {})
    if not isinstance(programs, dict):
        raise SettingsError(f"{path}: `programs` must be a table, with one [programs.NAME] for each training program.")
    return programs
