"""Deprecation notices in response headers: read, remembered, told to the log once.

Looked at on every response, whatever its status, also of streams. Advice only: it never fails a request
(SDK deprecation.ts, commit 314c6e3).
"""

import re
from dataclasses import dataclass, field

import httpx
import structlog

from bot.domain.text import one_line

LIMIT = 500  # characters of a notice
REMEMBERED = 100  # distinct notices that are logged; a service that words each anew shall not fill the log

_WARNING = re.compile(r'\s*299\s+\S+\s+"(.*)"', re.DOTALL)
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """What the service says about this client's future; `sunset` verbatim, None where it names no date."""

    message: str
    sunset: str | None = None

    def __str__(self) -> str:
        return f"{self.message} (until {self.sunset})" if self.sunset else self.message


def notice(headers: httpx.Headers) -> Deprecation | None:
    """The notice in these headers. `Deprecation` counts only when it is exactly `true`."""
    if headers.get("Deprecation") != "true":
        return None
    warning, sunset = next(iter(headers.get_list("Warning")), ""), headers.get("Sunset", "")
    quoted = _WARNING.match(warning)
    message = one_line(quoted[1] if quoted else warning, LIMIT)
    return Deprecation(
        message or "The training service will stop serving this version of the client.",
        one_line(sunset, 100) or None,
    )


@dataclass(slots=True)
class Notices:
    """The latest notice, and which were logged."""

    latest: Deprecation | None = None
    _told: set[str] = field(default_factory=set)

    async def look(self, response: httpx.Response) -> None:
        """httpx's response hook."""
        found = notice(response.headers)
        if found is None:
            return
        self.latest = found
        if found.message not in self._told and len(self._told) < REMEMBERED:
            self._told.add(found.message)
            _log.warning("training service deprecates this client", notice=found.message, sunset=found.sunset)
