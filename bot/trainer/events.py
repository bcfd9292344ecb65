"""Reading what training programs print, and wording the end that they did not print.

Pure functions over lines, and `Tail`, which reads a growing file line by line. Used by `jobs` and
`stream` in worker threads. It decides nothing about a job's state; that is `jobs`.
"""

import json
import math
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LINE_CAP = 1024 * 1024  # bytes; a longer line is skipped but counted
CHUNK = 256 * 1024
BATCH = 4 * 1024 * 1024  # bytes a single read may hold, plus a line
LOG_BYTES = 32 * 1024  # how much of stderr's end is looked at
LOG_LINES = 20
LOG_WIDTH = 400

FINAL = frozenset({"training.completed", "training.failed"})
# Names with a meaning of their own on the stream or in a browser's EventSource.
RESERVED = frozenset({"ping", "end", "error", "open", "message"})
NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
# ANSI sequences first, so that their letters go too, then all other control characters.
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Line:
    """A complete line: its number (from 1), where it begins, its bytes (None: longer than the cap)."""

    number: int
    offset: int
    raw: bytes | None


@dataclass(slots=True)
class Tail:
    """Reads the complete lines of a growing file, from the start, a batch at a time."""

    path: Path
    offset: int = 0
    number: int = 0
    _begin: int | None = field(default=None)  # where the overlong line began that is being skipped

    def read(self, *, end: int | None = None, most: int = 1000) -> list[Line]:
        """The next lines, at most `most`, none that ends beyond byte `end`; [] when there are none."""
        lines: list[Line] = []
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return lines
        with file:
            room, stop = CHUNK, self.offset + BATCH
            while len(lines) < most and (self.offset < stop or not lines):
                file.seek(self.offset)
                chunk = file.read(room if end is None else max(0, min(room, end - self.offset)))
                if b"\n" in chunk:
                    self._take(chunk, most, lines)
                    room = CHUNK
                elif len(chunk) > LINE_CAP or (chunk and self._begin is not None):
                    self._begin = self.offset if self._begin is None else self._begin
                    self.offset += len(chunk)
                elif len(chunk) == room:
                    room = LINE_CAP + 1
                else:
                    break
        return lines

    def _take(self, chunk: bytes, most: int, lines: list[Line]) -> None:
        """Cut the chunk into lines, as many as are wanted."""
        at = 0
        while len(lines) < most and (stop := chunk.find(b"\n", at)) >= 0:
            self.number += 1
            if self._begin is None:
                raw = chunk[at:stop] if stop - at <= LINE_CAP else None
                lines.append(Line(self.number, self.offset, raw))
            else:
                lines.append(Line(self.number, self._begin, None))
                self._begin = None
            self.offset += stop + 1 - at
            at = stop + 1


def decode(raw: bytes | None, job_id: str) -> dict[str, Any] | None:
    """The event in a line, with the job's id; None for what is not sent.

    Numbers that JSON does not know become null, and the names of such fields are listed in
    `nonFinite`, so that a diverged loss can be told from an absent one.
    """
    if raw is None:
        return None
    try:
        value = json.loads(raw)
        if not isinstance(value, dict) or not is_name(value.get("type")):
            return None
        lost = [name for name, item in value.items() if isinstance(item, float) and not math.isfinite(item)]
        event: dict[str, Any] = finite(value)
    except (ValueError, RecursionError):
        return None
    event["jobId"] = job_id
    if lost:
        event["nonFinite"] = lost
    if event["type"] == "training.failed" and not isinstance(event.get("error"), str):
        event["error"] = "The training program gave no reason."
    return event


def is_name(value: Any) -> bool:
    """Whether this can be the name of a data event on the stream."""
    return isinstance(value, str) and value not in RESERVED and NAME.fullmatch(value) is not None


def finite(value: Any) -> Any:
    """The same value with null for every NaN and infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return value


def may_be_final(raw: bytes | None) -> bool:
    """Whether a line could be a terminal event; cheap, and never no for one that is (\\u may hide it)."""
    return raw is not None and any(mark in raw for mark in (b"training.completed", b"training.failed", b"\\u"))


def step_in(raw: bytes | None) -> int | None:
    """The step that a line's event speaks of."""
    event = decode(raw, "") if raw is not None and b'"step"' in raw else None
    step = None if event is None else event.get("step")
    return step if isinstance(step, int) and not isinstance(step, bool) else None


def failure(job_id: str, ended: dict[str, Any], *, step: int | None, log: list[str]) -> dict[str, Any]:
    """The `training.failed` for a program that ended without a word, from its `exit.json`."""
    event = {
        "type": "training.failed",
        "jobId": job_id,
        "timestamp": ended.get("time", ""),
        "error": reason(ended, log),
    }
    if step is not None:
        event["step"] = step
    return event | {"logTail": log}


def reason(ended: dict[str, Any], log: list[str]) -> str:
    """One sentence: how the program ended, with the last line of its log where that helps."""
    last = f": {log[-1]}" if log else "."
    detail = f" {ended['detail']}" if ended.get("detail") else ""
    match ended:
        case {"reason": "start"}:
            return f"The training program could not be started:{detail or ' no reason is known.'}"
        case {"reason": "keeper"}:
            watch = "The training was cut off: the process that kept watch over it was killed"
            return f"{watch}, or the computer restarted.{detail}"
        case {"reason": "stopped"}:
            return "The training was ended from outside: the process that keeps watch over it was told to stop."
        case {"signal": int(number)}:
            return f"The training program was killed by {signal_words(number)}{last}"
        case {"code": 0}:
            return "The training program ended with exit code 0, but never said that it had completed."
        case _:
            return f"The training program ended with exit code {ended.get('code')}{last}"


def signal_words(number: int) -> str:
    """A signal in plain words."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    hints = {
        "SIGKILL": " (perhaps out of memory)",
        "SIGTERM": " (somebody asked it to end)",
        "SIGINT": " (somebody interrupted it)",
        "SIGSEGV": " (a crash in native code)",
        "SIGBUS": " (a crash in native code, or a full disk)",
        "SIGABRT": " (it gave up by itself)",
    }
    return name + hints.get(name, "")


def log_tail(path: Path, end: int | None) -> list[str]:
    """The last lines of a log up to byte `end`, cut to a readable width, control characters removed."""
    try:
        with path.open("rb") as file:
            stop = file.seek(0, 2) if end is None else end
            begin = max(0, stop - LOG_BYTES)
            file.seek(begin)
            text = file.read(stop - begin).decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    # A progress bar redraws its line with \r; each drawing counts as a line here.
    lines = [plain(line, LOG_WIDTH) for line in re.split(r"[\r\n]+", text)]
    return [line for line in lines if line][-LOG_LINES:]


def plain(text: str, width: int) -> str:
    """Text without control characters, tabs as blanks, cut to `width` characters."""
    clean = CONTROL.sub("", text.replace("\t", " ")).strip()
    return clean if len(clean) <= width else clean[: width - 1] + "…"
