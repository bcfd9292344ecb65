"""The command line: what an operator types. Only here are settings read and signals caught.

Exit codes: 0 done; 1 something broke that should not, or a recipe cannot be used (`recipes check`); 2 the words of the
command are wrong; 69 another bot is in the way, or something needed is not there; 75 another training service has the
data folder (`trainer` only); 78 a setting is wrong or missing; 130 ended at once by another signal, before everything
was in order.
"""

import asyncio
import contextlib
import errno
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import IO, Any

import click

from bot import __version__
from bot.domain.errors import UserError
from bot.settings import Settings, SettingsError, read

CONFIG, UNAVAILABLE, TAKEN = 78, 69, 75  # sysexits.h: EX_CONFIG, EX_UNAVAILABLE, EX_TEMPFAIL

data_dir_option = click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Folder for everything that is kept."
)
port_option = click.option("--port", type=click.IntRange(0, 65535), help="Web port; 0 takes a free one.")


class Failed(click.ClickException):
    """A sentence on standard error, and an exit code that means something."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code

    def show(self, file: IO[Any] | None = None) -> None:
        super().show(file)
        sys.exit(self.code)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="trainbot")
def main() -> None:
    """Runs an ML team's fine-tuning from the team's chat.

    Begin with `trainbot demo`: it needs no account, trains a small real model on this computer, and opens a chat
    room in the browser that stands in for Slack and Discord.
    """


@main.command()
@data_dir_option
@port_option
@click.option("--stop-jobs", is_flag=True, help="Cancel the jobs that still train when the demo ends.")
def demo(data_dir: Path | None, port: int | None, *, stop_jobs: bool) -> None:
    """Try everything on this computer: no account, no token.

    Prints an address to open in the browser. Everything is kept in the data folder, so a new demo goes on where
    the last one ended. Ctrl-C ends the demo and lets jobs train on; press it again to end those too.
    """
    from bot.programs import demo as demo_program

    settings = _settings(data_dir=data_dir, port=port)
    fixed = port is not None or "port" in settings.model_fields_set
    _run(lambda stop: demo_program.run(settings, stop, fixed_port=fixed, stop_jobs=stop_jobs, say=click.echo), settings)


@main.command()
@data_dir_option
@port_option
def run(data_dir: Path | None, port: int | None) -> None:
    """Run the bot for the team, until SIGTERM or Ctrl-C.

    Uses the training service of ARKOR_TOKEN, ARKOR_ORG and ARKOR_PROJECT, else your own Arkor login with the project
    of this folder, else an embedded one. README explains every setting.
    """
    from bot.programs import team

    settings = _settings(data_dir=data_dir, port=port)
    _run(lambda stop: team.run(settings, stop, say=click.echo), settings)


@main.command()
@data_dir_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Other computers are answered under the name of TRAINBOT_PUBLIC_HOST.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; 0 takes a free one.")
@click.option("--data", "roots", type=click.Path(path_type=Path), multiple=True, help="Folder whose files may be data.")
@click.option("--concurrency", type=click.IntRange(1, 64), help="Jobs that train at the same time.")
@click.option("--anonymous", is_flag=True, help="Ask callers for no token; on a loopback address only.")
@click.option("--stop-jobs", is_flag=True, help="Cancel every job of this data folder, and end.")
def trainer(  # noqa: PLR0917 (one argument an option)
    data_dir: Path | None,
    host: str,
    port: int,
    roots: tuple[Path, ...],
    concurrency: int | None,
    anonymous: bool,
    stop_jobs: bool,
) -> None:
    """Run the training service alone; it speaks the Arkor protocol.

    `trainbot demo` starts one by itself. Callers need the token of TRAINBOT_TRAINER_TOKEN, unless --anonymous. The
    address is printed and written to service.json in the data folder. Jobs outlive the service.
    """
    from bot.programs import training

    settings = _settings(data_dir=data_dir, concurrency=concurrency)
    if stop_jobs:
        _run(lambda _: training.stop_jobs(settings.home, say=click.echo), settings)
        return
    try:
        options = training.options(settings, host=host, port=port, roots=roots, anonymous=anonymous)
    except SettingsError as error:
        raise Failed(str(error), CONFIG) from None

    async def serve(stop: asyncio.Event) -> None:
        try:
            await training.run(options, stop, say=click.echo)
        except training.InTheWay as error:
            raise Failed(str(error), TAKEN) from None

    _run(serve, settings)


@main.group()
def outbox() -> None:
    """See and mend what waits to be sent.

    Works while the bot runs: it notices within seconds.
    """


@outbox.command("list")
@data_dir_option
def outbox_list(data_dir: Path | None) -> None:
    """List what waits and what was given up, with the reason."""
    from bot.programs import outbox as outbox_program

    settings = _settings(data_dir=data_dir)
    _run(lambda _: outbox_program.show(_database(settings), say=click.echo), settings)


@outbox.command("retry")
@data_dir_option
@click.argument("number", type=int, required=False)
def outbox_retry(data_dir: Path | None, number: int | None) -> None:
    """Try row NUMBER again now, or everything; unblocks the places concerned."""
    from bot.programs import outbox as outbox_program

    settings = _settings(data_dir=data_dir)
    _run(lambda _: outbox_program.retry(_database(settings), number, say=click.echo), settings)


@outbox.command("drop")
@data_dir_option
@click.argument("number", type=int)
def outbox_drop(data_dir: Path | None, number: int) -> None:
    """Give row NUMBER up for good."""
    from bot.programs import outbox as outbox_program

    settings = _settings(data_dir=data_dir)
    _run(lambda _: outbox_program.drop(_database(settings), number, say=click.echo), settings)


@main.command()
@data_dir_option
def doctor(data_dir: Path | None) -> None:
    """Check data folder, config, recipes, training service and outbox, and say what to do.

    Ends with 0 when all is well, with 69 when something is not.
    """
    from bot.programs import doctor as doctor_program

    settings = _settings(data_dir=data_dir)
    _run(lambda _: doctor_program.run(settings, say=click.echo), settings)


@main.group()
def recipes() -> None:
    """See whether recipe files can be used.

    For yourself before a start, and for the pipeline of a repository that keeps recipes.
    """


@recipes.command("check")
@data_dir_option
@click.argument("files", type=click.Path(path_type=Path), nargs=-1)
def recipes_check(data_dir: Path | None, files: tuple[Path, ...]) -> None:
    """Check FILES, or every recipe of the recipe folder: one line each.

    Ends with 0 when all can be used, with 1 when one cannot. A data file that is missing is a mistake too.
    """
    from bot.programs import recipes as recipes_program

    settings = _settings(data_dir=data_dir)

    async def check(_: asyncio.Event) -> None:
        if not await recipes_program.check(settings, files, say=click.echo):
            sys.exit(1)

    _run(check, settings)


@main.command()
def commands() -> None:
    """Print what people can type in the chat, as a table for documents."""
    from bot.commands.table import markdown

    click.echo(markdown())


def _settings(**given: object) -> Settings:
    try:
        return read(**given)
    except SettingsError as error:
        raise Failed(str(error), CONFIG) from None


def _database(settings: Settings) -> Path:
    """The database that is there; a sentence where there is none."""
    home = settings.home
    for path in (home / "trainbot.db", home / "demo" / "trainbot.db"):
        if path.exists():
            return path
    raise Failed(f"There is no trainbot database in {home}. Name its folder with --data-dir.", UNAVAILABLE)


def _run(main_: Callable[[asyncio.Event], Coroutine[Any, Any, None]], settings: Settings) -> None:
    """Runs a program until it ends or a signal asks for its end, and turns errors into sentences."""
    from bot import logs

    logs.set_up(settings.log_level, as_json=settings.log_json, secrets=settings.secrets())
    try:
        asyncio.run(_until_signal(main_))
    except SettingsError as error:
        raise Failed(str(error), CONFIG) from None
    except UserError as error:
        raise Failed(str(error), UNAVAILABLE) from None
    except OSError as error:
        raise Failed(_sentence(error), UNAVAILABLE) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)


def _sentence(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{error.strerror}. Choose another one with --port; 0 takes a free one."
    return f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")


async def _until_signal(main_: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """The first signal asks for the end, the second cancels what is not done with it, the third is Python's own."""
    stop, loop, running = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()

    def asked() -> None:
        if stop.is_set() and running is not None:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            running.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, asked)
    await main_(stop)
