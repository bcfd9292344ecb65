"""Starts keepers on this computer, in a session of their own.

Used by the queue. The training program gets the service's environment without the names that
begin with a withheld prefix: it has no use for the tokens of chats and clouds.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import folder as files
from . import StartError

PATIENCE = 30.0  # seconds for a keeper to begin; Python's start on a busy disk
ROOT = Path(__file__).resolve().parents[3]  # where the package can be imported from
KEEPER = f"{__package__.rpartition('.')[0]}.keeper"


class LocalRunner:
    """Runs keepers as local processes; `grace` seconds lie between SIGTERM and SIGKILL."""

    def __init__(self, *, grace: float, withheld: Sequence[str] = ()) -> None:
        self.grace = grace
        self.withheld = tuple(withheld)

    async def start(self, folder: Path, argv: Sequence[str]) -> None:
        """Start the keeper and wait until it has begun."""
        await asyncio.to_thread(self._start, folder, list(argv))

    def _start(self, folder: Path, argv: list[str]) -> None:
        files.write_json(folder / files.LAUNCH, {"argv": argv, "graceSeconds": self.grace})
        with (folder / files.STDERR).open("ab") as errors:
            try:
                done = subprocess.run(  # noqa: S603 - our own module, argv is in launch.json
                    [sys.executable, "-P", "-m", KEEPER, str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    env=environment(os.environ, self.withheld),
                    start_new_session=True,
                    timeout=PATIENCE,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise StartError(f"the keeper did not start: {error}") from error
        if done.returncode and not (folder / files.KEEPER).exists():
            raise StartError(f"the keeper ended with exit code {done.returncode} before it began")


def environment(given: Mapping[str, str], withheld: tuple[str, ...]) -> dict[str, str]:
    """The program's environment: ours without the withheld names, able to import this package."""
    kept = {name: value for name, value in given.items() if not name.startswith(withheld)}
    if ROOT.name != "site-packages":  # run from a checkout, and programs run in the job's folder
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))
    return kept
