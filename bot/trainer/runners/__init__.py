"""Where a job's keeper is started: one module per way.

A runner puts a keeper to work on a prepared job folder and returns once it holds its lock. From
then on the files of the folder tell everything, so a runner has nothing else to offer.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class StartError(Exception):
    """The keeper could not be started; the text says why."""


class Runner(Protocol):
    """Starts a keeper for the job in `folder` that runs `argv`; raises StartError."""

    async def start(self, folder: Path, argv: Sequence[str]) -> None: ...
