"""`trainbot run`: the bot for a team, on the training service that the settings name."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from bot.app import recipe_folders, running
from bot.backend.client import ServiceClient
from bot.programs import embedded, services
from bot.settings import Settings, SettingsError

log = structlog.get_logger()
Say = Callable[[str], object]


async def run(settings: Settings, stop: asyncio.Event, *, say: Say) -> None:
    """The bot until `stop`. SettingsError when no chat or no training service is set up."""
    if not settings.room:
        raise SettingsError(
            "No chat is set up. Set TRAINBOT_ROOM=1 for the browser room, or try `trainbot demo`; README says how."
        )
    recipe_folders(settings, examples=False)[0].mkdir(parents=True, exist_ok=True)
    async with (
        _service(settings) as backend,
        running(settings, backend, examples=settings.trainer == "embedded", room=settings.room) as bot,
    ):
        say(f"trainbot is running. Web port {bot.port}; data in {settings.home}.")
        if bot.address and settings.room_token is None:
            say(f"Room, for one browser: {bot.address}")
        elif bot.address:
            say(f"Room: {bot.address.partition('=')[0]}=<your TRAINBOT_ROOM_TOKEN>")
        await stop.wait()
        say("Stopping …")


@asynccontextmanager
async def _service(settings: Settings) -> AsyncIterator[ServiceClient]:
    """The client of the training service; its first log line says which one and why."""
    if settings.trainer == "embedded":
        folder, roots = settings.home / "trainer", recipe_folders(settings, examples=True)
        async with embedded.service(folder, roots, settings.concurrency) as address:
            log.info("training service", which="embedded", url=address.url, why="TRAINBOT_TRAINER=embedded")
            async with services.local(address) as client:
                yield client
        return
    named = services.named(settings)
    if named is None:
        raise SettingsError(
            "No training service is set up. Set ARKOR_TOKEN, ARKOR_ORG and ARKOR_PROJECT, or "
            "TRAINBOT_TRAINER=embedded to train on this computer."
        )
    where = {"url": settings.service_url, "org": settings.service_org, "project": settings.service_project}
    log.info("training service", **where, why="ARKOR_TOKEN is set")
    async with named as client:
        for problem in await client.check():
            log.warning("training service", problem=problem)
        yield client
