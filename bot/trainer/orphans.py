"""Ending a training program whose keeper was killed.

Runs in the service, when it finds a job whose keeper is gone without `exit.json`. A process id
alone proves nothing (ids are used again), so a program is ended only when its lock is still held
and the recorded start stamp is that of the living process, or, on Linux, when the process is seen
to hold the lock's file open. Where the system kills the program with its keeper there is nothing
left to do.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from . import folder as files

LINUX: bool = sys.platform.startswith("linux")
PATIENCE = 5.0  # seconds for killed processes to let go of the lock


def start_stamp(pid: int) -> str:
    """When this process began, in the system's own words; "" when no such process is alive."""
    if LINUX:
        try:
            # Fields 3 (state) and 22 (start time) of proc(5) stat; field 2 may hold blanks and brackets.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] in {"Z", "X"} else fields[19]
    ps = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603


def end_orphan(folder: Path) -> str:
    """Kill what is left of a job's program; blocking. A sentence when it could not be done, else ""."""
    lock = folder / files.PROGRAM_LOCK
    until = time.monotonic() + PATIENCE
    while files.held(lock):
        kill_recorded(folder)
        for pid in holders(lock):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > until:
            pid = (files.read_json(folder / files.PROGRAM) or {}).get("pid", "unknown")
            return f"Its training program (process {pid}) may still be running."
        time.sleep(0.02)
    return ""


def kill_recorded(folder: Path) -> None:
    """Kill the recorded process group, if its leader is the very process that was recorded."""
    record = files.read_json(folder / files.PROGRAM) or {}
    pid, stamp = record.get("pid"), record.get("start")
    if isinstance(pid, int) and pid > 1 and stamp and start_stamp(pid) == stamp:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def holders(lock: Path) -> list[int]:
    """The processes that have this file open (Linux; elsewhere nobody knows)."""
    if not LINUX:
        return []
    wanted = lock.stat()
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != os.getpid() and has_open(entry / "fd", wanted)
    ]


def has_open(descriptors: Path, wanted: os.stat_result) -> bool:
    """Whether one of these open files is the wanted one; no for processes we may not look into."""
    try:
        for descriptor in descriptors.iterdir():
            with suppress(FileNotFoundError):
                if os.path.samestat(descriptor.stat(), wanted):
                    return True
    except OSError:
        return False
    return False
