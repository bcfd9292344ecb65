"""JSON of the Arkor protocol, decoded to the domain's facts. Pure: text in, facts out.

Called for every frame and every answer. The other side is trusted with nothing: a field of the wrong type counts as
absent, an event that cannot be understood becomes a frame without one, so that its id is passed deliberately and it is
not fetched again on every resume. Wordings of errors and everything about connections are left to the other modules.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bot.domain.events import (
    CheckpointSaved,
    Logged,
    QueueMoved,
    StreamEvent,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from bot.domain.runs import Numbers
from bot.domain.text import clean, cut
from bot.domain.tokens import WITHHELD
from bot.ports import Frame, Job

STEP_LIMIT = 2**53  # beyond it JSON numbers of the official client are no longer exact
ERROR_LIMIT = 4000  # characters of a failure's text; a row of the database holds it
LOG_LINES = 50
LOG_WIDTH = 500  # characters
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)  # how far a service's clock may be before ours
ID_LIMIT = 1000  # characters; an id goes back as a header or in a path, and servers refuse headers from 8 KiB
CONFIG_LIMIT = 64 * 1024  # bytes of a job's config as JSON; one that embeds its data set is of no use to us
NO_REASON = "The training service gave no reason for the failure."

# What a header can carry (RFC 9110, 5.5): no controls, no blank at either end. An id that cannot go back is none; nor
# is one with half a sign in it, which no text of ours can hold.
_SENDABLE = re.compile(
    r"[^\x00-\x20\x7f\ud800-\udfff](?:[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*[^\x00-\x20\x7f\ud800-\udfff])?"
)
_STATUSES = frozenset({"queued", "running", "completed", "failed", "cancelled"})
_decoder = msgspec.json.Decoder()


def loads(text: str | bytes) -> Any:
    """The JSON value; ValueError where there is none.

    NaN and Infinity, which Python's `json.dumps` writes and JSON does not know, become None: a diverged loss must not
    cost the frame its step. The slow reader sees only what the fast one refuses.
    """
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(text, parse_constant=lambda _name: None)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def frame(name: str, data: str, event_id: str, now: datetime) -> Frame | None:
    """One server-sent event; None for one that says nothing, such as a comment's phantom.

    `name` counts for `ping` and `end` only, everything else goes by the JSON `type` (SDK trainer.ts, commit 314c6e3).
    A frame whose data is not JSON is no progress there, hence `data=False`.
    """
    if name == "end":
        return Frame(cursor(event_id), None, end=True)
    if name == "ping":
        return Frame(None, _queue_moved(data, now), data=False)
    if not data:
        return None
    try:
        value = loads(data)
    except ValueError:
        return Frame(cursor(event_id), None, data=False)
    return Frame(cursor(event_id), event(value, now) if isinstance(value, dict) else None)


def cursor(event_id: str | None) -> str | None:
    """The id where it can be sent back as `Last-Event-ID`, else None. An empty id resets nothing."""
    if not event_id or len(event_id) > ID_LIMIT:
        return None
    # The first test is for speed: most ids are numbers, and a busy stream asks for every frame.
    return event_id if event_id.isalnum() or _SENDABLE.fullmatch(event_id) else None


def event(value: dict[str, Any], now: datetime) -> StreamEvent | None:
    """The fact in an event's JSON; None for an unknown type and for one without the step it needs."""
    at = moment(value.get("timestamp"), now)
    match value.get("type"):
        case "training.started":
            metadata = value.get("metadata")
            total = step(metadata.get("totalSteps")) if isinstance(metadata, dict) else None
            return TrainingStarted(at, total or None)
        case "training.log":
            logged = step(value.get("step"))
            return None if logged is None else Logged(at, logged, _numbers(value))
        case "checkpoint.saved":
            saved = step(value.get("step"))
            return None if saved is None else CheckpointSaved(at, saved)
        case "training.completed":
            artifacts = value.get("artifacts")
            return TrainingCompleted(at, len(artifacts) if isinstance(artifacts, list) else 0)
        case "training.failed":
            error = text(value.get("error")) or NO_REASON
            return TrainingFailed(at, error, step(value.get("step")), _log_tail(value.get("logTail")))
    return None


def job(value: Any, now: datetime) -> Job | None:
    """A job's JSON; None without a usable id.

    A status outside the protocol counts as `running`: a live word ends nothing by mistake, and the stream knows more.
    """
    if not isinstance(value, dict) or (job_id := cursor(_string(value.get("id")))) is None or not job_id.strip("."):
        return None
    status = value.get("status")
    started, ended = value.get("startedAt"), value.get("completedAt")
    return Job(
        id=job_id,
        name=cut(clean(_string(value.get("name"))), ID_LIMIT),
        status=status if isinstance(status, str) and status in _STATUSES else "running",
        created_at=moment(value.get("createdAt"), now),
        error=text(value.get("error")) or None,
        ended_at=moment(ended, now) if isinstance(ended, str) and ended else None,
        config=config(value.get("config")),
        started_at=moment(started, now) if isinstance(started, str) and started else None,
    )


def jobs(value: Any, now: datetime) -> Sequence[Job] | None:
    """The jobs of a list's JSON, newest first, rows without an id left out; None where it is no such list."""
    rows = value.get("jobs") if isinstance(value, dict) else None
    if not isinstance(rows, list):
        return None
    found = [read for row in rows if (read := job(row, now)) is not None]
    return sorted(found, key=lambda one: one.created_at, reverse=True)


def config(value: Any) -> Mapping[str, Any]:
    """A job's config, safe to keep: texts cleaned, no number that JSON lacks; empty where it is none or too large.

    Of a data set's token only that there is one is kept: a service may echo the config as it was submitted
    (reference 15, trap 13).
    """
    if not isinstance(value, dict):
        return {}
    source = value.get("datasetSource")
    if isinstance(source, dict) and "token" in source:
        value = value | {"datasetSource": source | {"token": WITHHELD}}
    try:
        safe = _safe(value)
        size = len(json.dumps(safe, ensure_ascii=False).encode())
    except (ValueError, RecursionError):  # a number of more digits than Python writes; nested too deeply
        return {}
    return safe if size <= CONFIG_LIMIT and isinstance(safe, dict) else {}


def moment(value: Any, now: datetime) -> datetime:
    """An ISO 8601 time in UTC; `now` for anything else. A time without an offset is UTC.

    A time that nothing of ours can have happened at is none either: near the end of the calendar even the rounding of
    a timestamp leaves it, and what was stored could not be read back.
    """
    if not isinstance(value, str):
        return now
    try:
        parsed = datetime.fromisoformat(value.strip())
        if parsed.tzinfo is not UTC:
            parsed = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return now
    return parsed if EARLIEST <= parsed <= now + AHEAD else now


def step(value: Any) -> int | None:
    """A step: a whole number from 0 to 2**53. 30.0 is one, for JSON knows no difference."""
    number = _number(value)
    if number is None or not 0 <= number <= STEP_LIMIT or not number.is_integer():
        return None
    return int(value)


def text(value: Any) -> str:
    """A text from outside, safe to keep; empty where it is none."""
    return cut(clean(_string(value)).strip(), ERROR_LIMIT)


def _safe(value: Any) -> Any:
    """A JSON value with every text cleaned and every number finite."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(key): _safe(item) for key, item in value.items()}
        case list():
            return [_safe(item) for item in value]
        case float() if not math.isfinite(value):
            return None
    return value


def _queue_moved(data: str, now: datetime) -> QueueMoved | None:
    """The queue position that the embedded service sends with a ping."""
    if "queuePosition" not in data:
        return None
    try:
        value = loads(data)
    except ValueError:
        return None
    position = step(value.get("queuePosition")) if isinstance(value, dict) else None
    return QueueMoved(now, position) if position else None


def _numbers(value: dict[str, Any]) -> Numbers:
    return Numbers(
        loss=_number(value.get("loss")),
        eval_loss=_number(value.get("evalLoss")),
        learning_rate=_number(value.get("learningRate")),
        epoch=_number(value.get("epoch")),
        rate=_number(value.get("samplesPerSecond")),
    )


def _number(value: Any) -> float | None:
    """A finite number; None for everything else, so that 0, null and absent stay different."""
    kind = type(value)  # exact, as JSON makes it: True is an int to isinstance, and this is asked five times a frame
    if kind is not float and kind is not int:
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _log_tail(value: Any) -> tuple[str, ...]:
    """The last lines of the program's log, as the embedded service sends them."""
    if not isinstance(value, list):
        return ()
    lines = [line for line in value if isinstance(line, str)][-LOG_LINES:]
    return tuple(cut(clean(line).replace("\n", " "), LOG_WIDTH) for line in lines)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
