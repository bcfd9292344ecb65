"""What the service on a socket can be told to say: `told` for events, `ping`, `END`, `raw` for bytes as they are, and
`DROP` for a broken connection (once)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

BEGIN = datetime(2026, 8, 8, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes on a stream. `id` is what a `Last-Event-ID` is compared with, `type` the event's."""

    raw: bytes = b""
    id: str | None = None
    type: str = ""
    drop: bool = False


def told(id: str, type: str, **fields: Any) -> Part:
    """A data event as a server should send it (reference 7.7)."""
    data = {"type": type, "jobId": "j", "timestamp": BEGIN.isoformat(), **fields}
    text = json.dumps(data, separators=(",", ":"))
    return Part(f"id: {id}\nevent: {type}\ndata: {text}\n\n".encode(), id, type)


def ping(**fields: Any) -> Part:
    """A sign of life."""
    return Part(f"event: ping\ndata: {json.dumps(fields)}\n\n".encode())


def raw(content: bytes | str) -> Part:
    """Exactly these bytes."""
    return Part(content.encode() if isinstance(content, str) else content)


END = Part(b"event: end\ndata: {}\n\n")
DROP = Part(drop=True)
