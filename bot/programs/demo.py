"""`trainbot demo`: bot, training service and browser room on one computer.

The service is a child in its own session, so that a Ctrl-C in the terminal reaches the bot alone; jobs outlive both.
"""

import asyncio
import errno
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from bot.app import Bot, running
from bot.backend.client import ServiceClient
from bot.programs import embedded, services, training
from bot.recipe_files import recipe_folders
from bot.settings import Settings
from bot.trainer.service import Living, count_jobs

Say = Callable[[str], object]
SECOND_CHANCE = 4.0  # seconds to press Ctrl-C once more


async def run(settings: Settings, stop: asyncio.Event, *, fixed_port: bool, stop_jobs: bool, say: Say) -> None:
    """The demo until `stop`. `fixed_port`: the port was asked for, so another one will not do."""
    settings = settings.model_copy(update={"data_dir": settings.home / "demo"})
    folder = settings.home / "trainer"
    folders = recipe_folders(settings, examples=True)
    folders[0].mkdir(parents=True, exist_ok=True)
    async with (
        embedded.service(folder, folders, settings.concurrency) as service,
        services.local(service) as backend,
        _bot(settings, backend, fixed_port=fixed_port) as bot,
    ):
        say(_welcome(settings, bot))
        await stop.wait()
        again = _heard_again()
        say("\nEnding the demo …")
    await _farewell(settings, again, stop_jobs=stop_jobs, say=say)


def _heard_again() -> asyncio.Event:
    """Set by the next Ctrl-C, which asks for the end of the jobs as well; one more ends everything at once."""
    again, loop, ending = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()

    def pressed() -> None:
        if again.is_set() and ending is not None:
            loop.remove_signal_handler(signal.SIGINT)
            ending.cancel()
        again.set()

    loop.add_signal_handler(signal.SIGINT, pressed)
    return again


@asynccontextmanager
async def _bot(settings: Settings, backend: ServiceClient, *, fixed_port: bool) -> AsyncIterator[Bot]:
    """The bot at its usual port, or at a free one where another program has that."""
    try:
        context = running(settings, backend, identity=services.EMBEDDED, examples=True, room=True)
        bot = await context.__aenter__()
    except OSError as error:
        if fixed_port or error.errno != errno.EADDRINUSE:
            raise
        anywhere = settings.model_copy(update={"port": 0})
        context = running(anywhere, backend, identity=services.EMBEDDED, examples=True, room=True)
        bot = await context.__aenter__()
    try:
        yield bot
    finally:
        await context.__aexit__(*sys.exc_info())


def _welcome(settings: Settings, bot: Bot) -> str:
    return (
        "trainbot demo is running: a chat room in your browser, and a training service on this computer.\n\n"
        f"  Open   {bot.address}\n"
        "  Type   /train start support-bot      a small real model learns to sort support tickets\n"
        "  Then   /train start too-hot          a run that fails, to see what that is like\n\n"
        f"Everything is kept in {settings.home}. Ctrl-C ends the demo.\n"
    )


async def _farewell(settings: Settings, again: asyncio.Event, *, stop_jobs: bool, say: Say) -> None:
    """Says what still trains; a second Ctrl-C, or the option, ends that too."""
    folder = settings.home / "trainer"
    living = await asyncio.to_thread(count_jobs, folder)
    count = living.running + living.queued
    if not count:
        return
    if not stop_jobs and not again.is_set():
        say(_left(living))
        if sys.stdin.isatty():
            await _second_chance(again, say)
    if stop_jobs or again.is_set():
        await training.stop_jobs(folder, say=say)


def _left(living: Living) -> str:
    count = living.running + living.queued
    noun = "job trains" if count == 1 else "jobs train"
    return (
        f"{count} {noun} on without the demo. The next `trainbot demo` goes on with "
        f"{'it' if count == 1 else 'them'}; `trainbot demo --stop-jobs` ends such jobs when it ends."
    )


async def _second_chance(again: asyncio.Event, say: Say) -> None:
    say(f"Press Ctrl-C again within {SECOND_CHANCE:.0f} seconds to cancel training as well.")
    with suppress(TimeoutError):
        await asyncio.wait_for(again.wait(), SECOND_CHANCE)
