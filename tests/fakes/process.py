"""trainbot as a process of its own, as an operator starts it; ended by its id, whatever happens."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 40.0  # seconds; how long a busy machine may take for one thing
OURS = ("TRAINBOT_", "ARKOR_", "NOTIFY_", "SLACK_", "DISCORD_")
LETS_IN = re.compile(r"(http://\S+)/room\?token=(\S+)")


def until(look: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """What `look` finds, as soon as it finds it; AssertionError when it does not in time."""
    deadline = time.monotonic() + patience
    while (found := look()) is None or found is False:
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(0.05)
    return found


def alive(pid: int) -> bool:
    """Whether the process is there and not only waits to be buried."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Sends a signal; a process that is gone is fine."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def environment(given: dict[str, str]) -> dict[str, str]:
    """The environment without what would set trainbot up, and with what is given."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", **given}


def trainbot(*words: str, cwd: Path, patience: float = PATIENCE, **given: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=cwd, env=environment(given), capture_output=True, text=True, timeout=patience, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


class Program:
    """A command that goes on. What it says lies in two files."""

    def __init__(self, words: tuple[str, ...], cwd: Path, given: dict[str, str]) -> None:
        self._out, self._err = (cwd / f"{time.monotonic_ns()}.{end}" for end in ("out", "err"))
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", *words],
                cwd=cwd, env=environment(given), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def says(self, text: str) -> str:
        """All it said, once it has said this."""

        def look() -> str | None:
            if text not in self.out and self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.out}{self.err}")
            return self.out if text in self.out else None

        return until(look, f"{text!r} in {self.out!r} {self.err!r}")

    def address(self) -> tuple[str, str]:
        """Where the room is, and the token that lets one browser in."""
        self.says("/room?token=")
        found = LETS_IN.search(self.out)
        assert found is not None
        return found[1], found[2]

    def ends(self, number: int = signal.SIGTERM, patience: float = 15.0) -> int:
        """Sends the signal; the exit code, which must come soon."""
        kill(self.process.pid, number)
        return self.process.wait(patience)


@contextmanager
def program(*words: str, cwd: Path, **given: str) -> Iterator[Program]:
    """A command while the block runs; killed at its end where it still runs."""
    one = Program(words, cwd, given)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait(PATIENCE)


@contextmanager
def nothing_left(home: Path) -> Iterator[None]:
    """Ends, whatever happened, the service and the jobs that live in this data folder, by their ids."""
    try:
        yield
    finally:
        for name in ("program.json", "keeper.json", "service.json"):
            for path in home.rglob(name):
                found = re.search(r'"pid": (\d+)', path.read_text())
                if found and runs_ours(int(found[1]), home):
                    kill(int(found[1]))


def runs_ours(pid: int, home: Path) -> bool:
    """Whether this process was started on this folder: an id may have gone to somebody else."""
    with suppress(OSError):
        said = Path(f"/proc/{pid}/cmdline").read_bytes() + os.fsencode(Path(f"/proc/{pid}/cwd").readlink())
        return os.fsencode(home) in said
    return False
