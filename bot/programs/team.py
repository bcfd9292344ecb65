"""`trainbot run`: the bot for a team, on the training service that `services.choose` finds."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from bot import logs
from bot.app import running
from bot.backend.client import ServiceClient
from bot.programs import embedded, services
from bot.programs.services import Service
from bot.recipe_files import recipe_folders
from bot.settings import Settings, SettingsError

log = structlog.get_logger()
Say = Callable[[str], object]


async def run(settings: Settings, stop: asyncio.Event, *, say: Say) -> None:
    """The bot until `stop`. SettingsError when no chat is set up, or no training service can be made of what is set."""
    if not settings.room:
        raise SettingsError(
            "No chat is set up. Set TRAINBOT_ROOM=1 for the browser room, or try `trainbot demo`; README says how."
        )
    service = await asyncio.to_thread(services.choose, settings, time.time())
    _tell(service, settings)
    recipe_folders(settings, examples=False)[0].mkdir(parents=True, exist_ok=True)
    async with (
        _client(service, settings) as backend,
        running(settings, backend, identity=service.identity, examples=service.embedded, room=settings.room) as bot,
    ):
        say(f"trainbot is running. Web port {bot.port}; data in {settings.home}.")
        if bot.address and settings.room_token is None:
            say(f"Room, for one browser: {bot.address}")
        elif bot.address:
            say(f"Room: {bot.address.partition('=')[0]}=<your TRAINBOT_ROOM_TOKEN>")
        await stop.wait()
        say("Stopping …")


def _tell(service: Service, settings: Settings) -> None:
    """The first line of the log: which service, and why. From here on the log leaves out the token of a login, too."""
    if service.token is not None:
        secrets = [*settings.secrets(), service.token.get_secret_value()]
        logs.set_up(settings.log_level, as_json=settings.log_json, secrets=secrets)
    log.info("training service", which=service.name, org=service.org, project=service.project, why=service.why)


@asynccontextmanager
async def _client(service: Service, settings: Settings) -> AsyncIterator[ServiceClient]:
    """The client of the training service; the embedded one is started for it."""
    if service.embedded:
        folder, roots = settings.home / "trainer", recipe_folders(settings, examples=True)
        async with embedded.service(folder, roots, settings.concurrency) as address, services.local(address) as client:
            log.info("the embedded training service listens", url=address.url)
            yield client
        return
    async with services.client(service) as client:
        for problem in await client.check():
            log.warning("training service", problem=problem)
        yield client
