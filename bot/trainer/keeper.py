"""The keeper: one small process per job, in its own session, between the service and the program.

Runs as `python -m bot.trainer.keeper <job folder>`. It puts itself into the background (the
starting process ends with code 0 once the keeper holds its lock), opens `events.jsonl` and
`stderr.log` for the training program, waits for it, passes a cancel on (SIGTERM to the program's
group, after the grace time SIGKILL) and writes `exit.json`. It knows nothing of HTTP, queues or
the meaning of events, and survives the end of the service and of the bot.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import folder as files
from .orphans import LINUX, start_stamp

POLL = 0.2  # seconds between looks for cancel.json; signals wake at once
LOCK_PATIENCE = 2.0  # seconds; a look at the lock holds it for an instant
DISK_PATIENCE = 60.0  # seconds
GRACE = 10.0  # seconds from SIGTERM to SIGKILL when launch.json names none
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(argv: list[str]) -> int:
    """Start the keeper in the background; 0 once it runs, 1 when there is nothing to do."""
    folder = Path(argv[1]).resolve()
    ready, tell = os.pipe()
    if os.fork():
        os.close(tell)
        return 0 if os.read(ready, 1) else 1
    os.close(ready)

    def begun() -> None:
        os.write(tell, b"+")
        os.close(tell)

    keep(folder, begun)
    return 0


def keep(folder: Path, begun: Callable[[], None]) -> None:
    """Run the job of this folder once, from taking the lock to exit.json."""
    lock = patient_take(folder / files.KEEPER_LOCK)
    if lock is None or any((folder / name).exists() for name in (files.KEEPER, files.CANCEL, files.EXIT)):
        return
    files.write_json(folder / files.KEEPER, {"pid": os.getpid(), "time": files.now()})
    begun()
    wake = watch_signals()
    launch = files.read_json(folder / files.LAUNCH) or {}
    try:
        program = start(folder, launch["argv"])
    except (OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
        close_books(folder, reason="start", detail=f"{error}")
        return
    stopped = wait(folder, program, wake, float(launch.get("graceSeconds", GRACE)))
    end_group(program.pid, signal.SIGKILL)  # whatever it left behind
    code = program.returncode
    close_books(
        folder,
        code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        reason="stopped" if stopped else "",
    )


def close_books(folder: Path, **facts: Any) -> None:
    """Write exit.json; a full disk, which is what ends many a training, gets some time to be cleared."""
    until = time.monotonic() + DISK_PATIENCE
    while True:
        try:
            files.write_exit(folder, **facts)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(1)
        else:
            return


def patient_take(path: Path) -> int | None:
    """The lock's descriptor; tries again for a moment, because a look at the lock holds it too."""
    until = time.monotonic() + LOCK_PATIENCE
    while (lock := files.take(path)) is None and time.monotonic() < until:
        time.sleep(0.02)
    return lock


def start(folder: Path, argv: list[str]) -> subprocess.Popen[bytes]:
    """Start the training program with its output in the job's files and its lock in its hands."""
    lock = patient_take(folder / files.PROGRAM_LOCK)
    if lock is None:
        raise OSError("another program of this job is still running")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    events = os.open(folder / files.EVENTS, flags, 0o600)
    errors = os.open(folder / files.STDERR, flags, 0o600)
    try:
        program = subprocess.Popen(  # noqa: S603 - argv comes from the service's own configuration
            argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=events,
            stderr=errors,
            pass_fds=(lock,),
            process_group=0,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - the keeper has one thread
        )
    finally:
        for descriptor in (events, errors, lock):
            os.close(descriptor)
    try:
        record = {"pid": program.pid, "start": start_stamp(program.pid), "time": files.now()}
        files.write_json(folder / files.PROGRAM, record)
    except OSError:
        program.kill()
        program.wait()
        raise
    return program


def die_with_parent() -> Callable[[], None] | None:
    """What makes the program die with the keeper where the system can do that (Linux)."""
    if not LINUX:
        return None
    prctl = ctypes.CDLL(None).prctl
    keeper = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != keeper:  # the keeper died before the request
            os._exit(1)

    return ask


def watch_signals() -> int:
    """Turn SIGTERM, SIGINT and SIGCHLD into bytes on a pipe; its reading end."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, ignore)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return reading


def ignore(_number: int, _frame: Any) -> None:
    """A handler has to exist for the wake-up byte to be written."""


def wait(folder: Path, program: subprocess.Popen[bytes], wake: int, grace: float) -> bool:
    """Wait until the program is gone, ending it when asked to; whether the keeper itself was asked."""
    stopped, deadline, killed = False, None, False
    while program.poll() is None:
        readable, _, _ = select.select([wake], [], [], POLL)
        if readable:
            stopped |= bool({signal.SIGTERM, signal.SIGINT} & set(os.read(wake, 64)))
        if deadline is None and (stopped or (folder / files.CANCEL).exists()):
            deadline = time.monotonic() + grace
            end_group(program.pid, signal.SIGTERM)
        if deadline is not None and not killed and time.monotonic() >= deadline:
            killed = True
            end_group(program.pid, signal.SIGKILL)
    return stopped


def end_group(group: int, number: signal.Signals) -> None:
    """Send a signal to the program and what it started; nobody left is fine."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv))
