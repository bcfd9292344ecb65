"""The files of a job's folder, how they are written, and the locks that say who is alive.

Used by the service and by the keeper, so it imports the standard library only. It leaves out what
the files mean together; that is `jobs`.

    job.json       what was asked for (service, once)
    launch.json    the argv to run and the grace time (runner, once)
    keeper.lock    held by the keeper while it lives
    keeper.json    the keeper has begun; from here on the job is never started again
    program.lock   held by the training program, which inherits the open file
    program.json   process id, group and start stamp of the training program
    cancel.json    somebody wants the job to end
    exit.json      how it ended (keeper; or the service when the keeper was killed)
    events.jsonl   stdout of the training program
    stderr.log     stderr of the training program
    checkpoints/step-000050/
"""

import fcntl
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

JOB = "job.json"
LAUNCH = "launch.json"
KEEPER_LOCK = "keeper.lock"
KEEPER = "keeper.json"
PROGRAM_LOCK = "program.lock"
PROGRAM = "program.json"
CANCEL = "cancel.json"
EXIT = "exit.json"
EVENTS = "events.jsonl"
STDERR = "stderr.log"
CHECKPOINTS = "checkpoints"

# A version 4 UUID in the form `str(uuid4())` gives; nothing else may become part of a path.
JOB_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def now() -> str:
    """The time as the protocol writes it: ISO 8601, UTC, milliseconds, `Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_json(path: Path, value: dict[str, Any], *, mode: int = 0o600) -> None:
    """Write atomically: readers see the old file or the whole new one, also after a power cut."""
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(directory: Path) -> None:
    """Make a rename in this directory last."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in the file; None when there is no such file or it holds no JSON object."""
    try:
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def size(path: Path) -> int:
    """Bytes in the file, 0 when it does not exist."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def take(path: Path) -> int | None:
    """Take the lock on this file; the open descriptor, or None when somebody else holds it.

    flock belongs to the open file, not to a process: whoever inherits the descriptor holds the
    lock too, and the system lets go of it when the last holder is gone, however it died.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def held(path: Path) -> bool:
    """Whether some living process holds the lock on this file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def ask_to_cancel(folder: Path) -> None:
    """Note that the job shall end; the first note stays.

    `eventsBytes` marks how much the program had printed until then: a failure that it prints
    afterwards is the cancel's doing and is not told as a failure.
    """
    if not (folder / CANCEL).exists():
        write_json(folder / CANCEL, {"time": now(), "eventsBytes": size(folder / EVENTS)})


def write_exit(
    folder: Path,
    *,
    code: int | None = None,
    signal: int | None = None,
    reason: str = "",
    detail: str = "",
) -> None:
    """Close the books of a job: how it ended, when, and how long its files were at that moment.

    `code` and `signal` are the program's; `reason` is "" when it ended by itself or by a cancel,
    else "start" (it never ran), "stopped" (the keeper was asked to end) or "keeper" (the keeper
    was killed). The sizes keep ids and texts the same should a stray process still write.
    """
    facts = {
        "code": code,
        "signal": signal,
        "reason": reason,
        "detail": detail,
        "time": now(),
        "eventsBytes": size(folder / EVENTS),
        "stderrBytes": size(folder / STDERR),
    }
    write_json(folder / EXIT, facts)
