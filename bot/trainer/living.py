"""The service and its jobs seen from outside, through the data folder alone.

For whoever starts or stops the service: find a living one to use it again, count jobs that are
still alive, cancel them all. Works with and without a running service.
"""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import folder as files
from .jobs import Job, Phase, read_all

SERVICE = "service.json"
SERVICE_LOCK = "service.lock"
JOBS = "jobs"


class AlreadyRunning(RuntimeError):
    """Another service holds this data folder; `find_service` tells where it listens."""


@dataclass(frozen=True, slots=True)
class Running:
    """A living service: `url` such as "http://127.0.0.1:41234", `token` None when anyone may call."""

    url: str
    port: int
    pid: int
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Living:
    """How many jobs run and how many wait."""

    running: int
    queued: int


def is_taken(data_dir: Path) -> bool:
    """Whether a service holds this data folder, also one that does not listen yet or any more; blocking."""
    return files.held(data_dir / SERVICE_LOCK)


def find_service(data_dir: Path) -> Running | None:
    """The service that holds this data folder and listens, or None; blocking, but only for a file."""
    if not is_taken(data_dir):
        return None
    match files.read_json(data_dir / SERVICE):
        case {"url": str(url), "port": int(port), "pid": int(pid), "token": str() | None as token}:
            return Running(url, port, pid, token)
    return None


def count_jobs(data_dir: Path) -> Living:
    """Count the jobs that are alive; blocking, reads the small files of all job folders."""
    phases = [job.phase() for job in read_all(data_dir / JOBS)]
    return Living(running=phases.count(Phase.living), queued=phases.count(Phase.waiting))


async def stop_jobs(data_dir: Path, *, patience: float = 15.0) -> int:
    """Cancel every job that runs or waits; how many there were.

    Waits at most `patience` seconds for the running ones to end. A job that outlives that is ended
    by its keeper all the same, when its grace time is over.
    """
    return await asyncio.to_thread(_stop_jobs, data_dir, patience)


def _stop_jobs(data_dir: Path, patience: float) -> int:
    alive = [job for job in read_all(data_dir / JOBS) if is_alive(job)]
    for job in alive:
        files.ask_to_cancel(job.folder)
    until = time.monotonic() + patience
    while time.monotonic() < until and any(job.occupied() for job in alive):
        time.sleep(0.05)
    return len(alive)


def is_alive(job: Job) -> bool:
    """Whether the job waits, runs, or its program is still there."""
    return job.phase() in {Phase.waiting, Phase.living} or job.occupied()
