"""The service as a whole: takes its folder, puts the parts together, listens, stops.

`serve` runs until told to stop. Stopping closes streams and the answering workers and leaves
training jobs running; the next service adopts them. What can be learnt and done from outside, with
or without a service, is in `living`.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from . import folder as files
from .auth import middleware
from .bodies import BODY_CAP
from .chat import Chat
from .jobs import Jobs
from .living import (
    JOBS,
    SERVICE,
    SERVICE_LOCK,
    AlreadyRunning,
    Living,
    Running,
    count_jobs,
    find_service,
    is_taken,
    stop_jobs,
)
from .options import Options, OptionsError, Program, programs_from, tiny
from .queue import Queue
from .routes import Routes
from .runners.local import LocalRunner, environment

__all__ = [
    "AlreadyRunning",
    "Living",
    "Options",
    "OptionsError",
    "Program",
    "Running",
    "count_jobs",
    "find_service",
    "is_taken",
    "programs_from",
    "serve",
    "stop_jobs",
    "tiny",
]

log = logging.getLogger(__name__)

FAREWELL = 2.0  # seconds for requests in progress when the service stops


async def serve(options: Options, ready: Callable[[str], None] | None, stop: asyncio.Event) -> None:
    """Run the service until `stop` is set; `ready` gets its URL once it listens.

    Raises AlreadyRunning when another service holds the data folder, OSError when the port cannot
    be had or the folder cannot be written. SIGTERM and SIGINT are the caller's to turn into `stop`.
    """
    await asyncio.to_thread(options.data_dir.mkdir, parents=True, exist_ok=True, mode=0o700)
    lock = await asyncio.to_thread(files.take, options.data_dir / SERVICE_LOCK)
    if lock is None:
        raise AlreadyRunning(f"Another training service already uses {options.data_dir}.")
    try:
        # What a killed service left would send people to a port that is no longer ours.
        await asyncio.to_thread((options.data_dir / SERVICE).unlink, missing_ok=True)
        async with running(options) as (url, turning):
            if ready is not None:
                ready(url)
            await either(stop, turning)
    finally:
        os.close(lock)


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[tuple[str, asyncio.Task[None]]]:
    """The service while it listens; yields its URL and the queue's task. The caller holds the lock."""
    jobs = Jobs(options.data_dir / JOBS)
    await asyncio.to_thread(jobs.load)
    runner = LocalRunner(grace=options.grace, withheld=options.withheld)
    queue = Queue(jobs, options, runner)
    chat = Chat(options, jobs, environment(os.environ, options.withheld))
    stopping = asyncio.Event()
    await queue.adopt()
    app = web.Application(middlewares=[middleware(options)], client_max_size=BODY_CAP)
    app.add_routes(Routes(options, jobs, queue, chat, stopping).table())
    site = web.AppRunner(app, access_log=None, shutdown_timeout=FAREWELL)
    turning = asyncio.create_task(queue.run(), name="queue")
    try:
        url = await listen(site, options)
        log.info("the training service listens on %s", url)
        yield url, turning
    finally:
        stopping.set()
        turning.cancel()
        with suppress(asyncio.CancelledError):
            await turning
        await chat.stop()
        await site.cleanup()
        await asyncio.to_thread((options.data_dir / SERVICE).unlink, missing_ok=True)


async def either(stop: asyncio.Event, turning: asyncio.Task[None]) -> None:
    """Wait for the stop; a queue that fails ends the service with its error."""
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopped, turning}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
    if turning.done():
        turning.result()


async def listen(site: web.AppRunner, options: Options) -> str:
    """Open the port and write down where it is; the URL."""
    await site.setup()
    # One address: "localhost" may be two, and each would take a free port of its own.
    await web.TCPSite(site, "127.0.0.1" if options.host == "localhost" else options.host, options.port).start()
    port: int = site.addresses[0][1]
    url = f"http://{reachable(options.host)}:{port}"
    token = None if options.anonymous else options.token
    facts = {"url": url, "port": port, "pid": os.getpid(), "token": token}
    await asyncio.to_thread(files.write_json, options.data_dir / SERVICE, facts)
    return url


def reachable(host: str) -> str:
    """The host part of a URL that reaches this bind address from this computer."""
    if host in {"0.0.0.0", ""}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
