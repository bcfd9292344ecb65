"""Says what happens: one JSON object per line on standard output, at once.

Runs in the training program for its events and in the worker for its replies. Standard output belongs to
this module alone. Left out: reading events, numbering them.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Any


def say(value: dict[str, Any]) -> None:
    """Writes one line and flushes it; not-a-number and infinity are refused with ValueError."""
    sys.stdout.write(json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def event(kind: str, **facts: Any) -> None:
    """Writes one event of the training with the present time in UTC."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    say({"type": kind, "timestamp": now, **facts})
