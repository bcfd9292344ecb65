"""A job as its folder tells it: what was asked for, how far it is, how it ended.

`Job.look` derives everything from the files and is called in worker threads; what was already read
of a finished or growing file is remembered, nothing else. `Jobs` is all of them, newest first.
Starting and ending jobs is left to `queue`.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import uuid4

from . import events
from . import folder as files


class Status(StrEnum):
    """The protocol's words (reference 6.1)."""

    queued = "queued"
    running = "running"
    completed = "completed"
    failed = "failed"
    cancelled = "cancelled"


class Phase(StrEnum):
    """What the lock and the small files say, without reading events."""

    waiting = "waiting"  # no keeper has begun
    living = "living"  # a keeper holds the lock
    lost = "lost"  # a keeper had begun, holds no lock and left no exit.json
    over = "over"


@dataclass(frozen=True, slots=True)
class View:
    """A job at one moment. `last_id` is the highest id on its stream so far.

    `derived` is the terminal event that the program did not print, if there is one.
    """

    status: Status
    error: str | None
    started: str | None
    ended: str | None
    last_id: int
    end: int | None  # how many bytes of events.jsonl count; None while it may grow
    withheld: int | None  # from this byte on a printed failure is a cancel's doing
    derived: dict[str, Any] | None

    @property
    def over(self) -> bool:
        """Whether nothing can come any more."""
        return self.status not in {Status.queued, Status.running}


class Job:
    """One job folder. `asked` is its job.json."""

    def __init__(self, folder: Path, asked: dict[str, Any]) -> None:
        self.folder = folder
        self.asked = asked
        self.id: str = asked["id"]
        self._tail = events.Tail(folder / files.EVENTS)
        self._step: int | None = None
        self._final: dict[str, Any] | None = None  # the printed terminal event
        self._closed: View | None = None
        self._guard = threading.Lock()

    def phase(self) -> Phase:
        """Where the job stands, from locks and small files; the lock is asked before exit.json."""
        alive = files.held(self.folder / files.KEEPER_LOCK)
        if (self.folder / files.EXIT).exists():
            return Phase.over
        if (self.folder / files.KEEPER).exists():
            return Phase.living if alive else Phase.lost
        return Phase.over if (self.folder / files.CANCEL).exists() else Phase.waiting

    def exists(self) -> bool:
        """Whether the folder is still there."""
        return self.folder.is_dir()

    def occupied(self) -> bool:
        """Whether a keeper or a training program of this job lives."""
        return any(files.held(self.folder / lock) for lock in (files.KEEPER_LOCK, files.PROGRAM_LOCK))

    def look(self) -> View:
        """Read what is new and say how the job stands; blocking, safe from several threads."""
        with self._guard:
            if self._closed is None:
                view = self._look(self.phase())
                if view.over:
                    self._closed = view
                return view
            return self._closed

    def _look(self, phase: Phase) -> View:
        ended = files.read_json(self.folder / files.EXIT)
        keeper = files.read_json(self.folder / files.KEEPER) or {}
        cancel = files.read_json(self.folder / files.CANCEL)
        withheld = None if cancel is None else int(cancel.get("eventsBytes", 0))
        end = None if ended is None else int(ended.get("eventsBytes", 0))
        self._read_on(end, withheld)
        final, status, derived = self._final, Status.running, None
        over = {} if ended is None else ended
        if final is not None:
            status = Status.completed if final["type"] == "training.completed" else Status.failed
            over = final if isinstance(final.get("timestamp"), str) else over
        elif cancel is not None and (ended is not None or phase is Phase.over):
            status, over = Status.cancelled, ended or cancel
        elif ended is not None:
            log = events.log_tail(self.folder / files.STDERR, ended.get("stderrBytes"))
            status, derived = Status.failed, events.failure(self.id, ended, step=self._step, log=log)
            final = derived
        elif phase is Phase.waiting:
            status = Status.queued
        return View(
            status=status,
            error=final["error"] if final and status is Status.failed else None,
            started=keeper.get("time"),
            ended=over.get("timestamp") or over.get("time"),
            last_id=self._tail.number + (derived is not None),
            end=end,
            withheld=withheld,
            derived=derived,
        )

    def _read_on(self, end: int | None, withheld: int | None) -> None:
        """Read new lines up to the first terminal event."""
        while self._final is None and (lines := self._tail.read(end=end, most=200)):
            for line in lines:
                event = told(line, self.id, withheld) if events.may_be_final(line.raw) else None
                if event is not None and event["type"] in events.FINAL:
                    self._final = event
                    self._tail.number, self._tail.offset = line.number, line.offset
                    break
            else:
                steps = (events.step_in(line.raw) for line in reversed(lines))
                self._step = next((step for step in steps if step is not None), self._step)

    def history(self, most: int) -> tuple[list[dict[str, Any]], int]:
        """The newest events in order, at most `most`, and how many older ones are left out; blocking."""
        view, found, total = self.look(), [], 0
        tail = events.Tail(self.folder / files.EVENTS)
        while tail.number < view.last_id and (lines := tail.read(end=view.end)):
            batch = [told(line, self.id, view.withheld) for line in lines if line.number <= view.last_id]
            found += [event for event in batch if event is not None]
            total += len(batch) - batch.count(None)
            del found[:-most]
        if view.derived is not None:
            found, total = [*found, view.derived], total + 1
        return found[-most:], total - len(found[-most:])

    def checkpoint(self, step: int) -> Path | None:
        """The folder of the checkpoint of this step, if it is there."""
        path = self.folder / files.CHECKPOINTS / f"step-{step:06d}"
        return path if path.is_dir() else None

    def newest_checkpoint(self) -> Path | None:
        """The checkpoint with the highest step."""
        found = (self.folder / files.CHECKPOINTS).glob("step-[0-9]*")
        whole = [path for path in found if path.name[5:].isdecimal() and path.is_dir()]
        return max(whole, key=lambda path: int(path.name[5:]), default=None)


def told(line: events.Line, job_id: str, withheld: int | None) -> dict[str, Any] | None:
    """The event of a line as it goes on the stream; None for what is not told."""
    event = events.decode(line.raw, job_id)
    if event is None:
        return None
    late = withheld is not None and line.offset >= withheld
    return None if late and event["type"] == "training.failed" else event


class Jobs:
    """All jobs below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._jobs: dict[str, Job] = {}
        self._next = 1
        self._guard = threading.Lock()

    def load(self) -> None:
        """Read all job folders; blocking. A folder without a whole job.json was never promised."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for job in sorted(read_all(self.root), key=number):
            self._jobs[job.id] = job
            self._next = number(job) + 1

    def create(self, facts: dict[str, Any]) -> Job:
        """Make the folder of a new job; blocking until it is safe on disk."""
        job_id = str(uuid4())
        with self._guard:
            order, self._next = self._next, self._next + 1
        asked = {"id": job_id, **facts, "number": order, "createdAt": files.now()}
        folder = self.root / job_id
        folder.mkdir(mode=0o700)
        files.write_json(folder / files.JOB, asked)
        files.sync(self.root)
        job = self._jobs[job_id] = Job(folder, asked)
        return job

    def get(self, job_id: str) -> Job | None:
        """The job of this id; None when there is none, or when somebody removed its folder."""
        job = self._jobs.get(job_id)
        return job if job is not None and job.exists() else None

    def oldest_first(self) -> list[Job]:
        """All jobs in the order they were asked for; blocking, looks at every folder."""
        return sorted((job for job in list(self._jobs.values()) if job.exists()), key=number)


def read_all(root: Path) -> Iterator[Job]:
    """The jobs below a folder, in no order; blocking."""
    for folder in root.iterdir() if root.is_dir() else ():
        asked = files.read_json(folder / files.JOB) if files.JOB_ID.fullmatch(folder.name) else None
        if asked is not None and asked.get("id") == folder.name:
            yield Job(folder, asked)


def number(job: Job) -> int:
    """The job's place in the order of asking."""
    order = job.asked.get("number")
    return order if isinstance(order, int) else 0
