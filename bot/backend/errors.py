"""The border: everything that can go wrong with the training service, as Unavailable or Rejected.

The only place that knows httpx's errors and the protocol's statuses. `ServiceClient` wraps each exchange in `watched`;
nothing else leaves this folder. No message contains the token, also where the other side repeats it.
"""

import email.utils
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import httpx
from httpx_sse import SSEError

from bot.backend import wire
from bot.domain.errors import Rejected, Scope, TrainbotError, Unavailable
from bot.domain.text import clean, cut, one_line
from bot.ports import Clock

SERVICE_PACE = "service"
REASON_LIMIT = 500  # characters of the service's own words, as in the SDK's client.ts, commit 314c6e3
WAIT_MIN, WAIT_MAX = 1.0, 3600.0  # seconds that a Retry-After may ask for

# The request did not leave, so nothing can have come of it.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_FULL = frozenset({429, 503})  # true of whatever else it would be asked, too
_GATEWAY = frozenset({502, 504})  # what stands before the service does not reach it
# httpx lets idna's UnicodeError out for some host names.
_ADDRESS = (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError)
_BROKEN = (httpx.HTTPError, httpx.StreamError, SSEError, OSError)


class TooLarge(Exception):
    """More bytes came than anything of this protocol needs."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a request is for, as far as the meaning of its failure depends on it."""

    creates: bool = False  # repeating it blindly makes a second job
    pace: str | None = SERVICE_PACE  # what a failure holds that does not say by itself that the service is away


CREATE = Errand(creates=True)
ANSWER = Errand(pace=None)  # a model that does not load says nothing about the service
OTHER = Errand()


class Border:
    """Words and kinds of failure for one service: its address, its scope, and the secret to keep out of them."""

    def __init__(self, address: str, scope: str, token: str, clock: Clock) -> None:
        self._name = f"The training service at {_host(address)}"
        self._scope = scope
        self._token = token
        self._clock = clock

    @contextmanager
    def watched(self, errand: Errand) -> Iterator[None]:
        """Maps what the exchange inside raises. The cause is dropped: its text may hold what ours must not."""
        try:
            yield
        except (*_ADDRESS, *_BROKEN, TooLarge) as error:
            raise self.broken(error, errand) from None

    def closed(self) -> Unavailable:
        """A request after `aclose`: somebody was slower than the bot's end."""
        return Unavailable(f"{self._name} is not asked any more: the bot is ending.")

    def broken(self, error: Exception, errand: Errand) -> TrainbotError:
        """An exchange that did not come to its end."""
        detail = self._safe(f"{error}")
        match error:
            case httpx.ConnectTimeout() | httpx.PoolTimeout():
                return Unavailable(f"{self._name} did not accept a connection in time.", pace=SERVICE_PACE)
            case _ if isinstance(error, _UNSENT):
                return Unavailable(f"{self._name} cannot be reached: {detail}", pace=SERVICE_PACE)
            case _ if isinstance(error, _ADDRESS):
                return Rejected(Scope.TOKEN, f"{self._name} cannot be asked: its address is not usable. {detail}")
            case TooLarge():
                reason = f"{self._name} sent more than can be right: {detail}"
            case httpx.TimeoutException() | TimeoutError():
                reason = f"{self._name} did not answer in time."
            case _:
                reason = f"{self._name} broke off the connection ({detail or type(error).__name__})."
        return Unavailable(reason, pace=errand.pace, ambiguous=errand.creates)

    def unreadable(self, what: str, errand: Errand) -> Unavailable:
        """A success whose content is not what the protocol says."""
        reason = f"{self._name} gave an answer that was not understood: {self._safe(what)}."
        return Unavailable(reason, pace=errand.pace, ambiguous=errand.creates)

    def refused(self, response: httpx.Response, body: bytes, errand: Errand) -> TrainbotError:
        """An answer other than 2xx. The statuses: reference 4.1 and the SDK's trainer.ts, commit 314c6e3."""
        status = response.status_code
        said = self._said(status, body)
        if status == 426:
            return Rejected(Scope.TOKEN, self._upgrade(body), status=status)
        if status == 401:
            return Rejected(Scope.TOKEN, f"{self._name} does not accept the token: {said}", status=status)
        if status == 403:
            reason = f"{self._name} does not let this token into {self._scope}: {said}"
            return Rejected(Scope.TOKEN, reason, status=status)
        if status in {404, 410}:
            return Rejected(Scope.GONE, said, status=status)
        if 400 <= status < 500 and status not in {408, 429}:
            return Rejected(Scope.CONTENT, said, status=status)
        return Unavailable(
            f"{self._name} answered with {status}: {said}",
            after=self.wait(response.headers.get("Retry-After")),
            pace=SERVICE_PACE if _away(status, body) else errand.pace,
            ambiguous=errand.creates and status >= 500,
        )

    def failed_answer(self, error: Any) -> Unavailable:
        """An `error` inside a streamed answer, which had begun with 200. The official reader overlooks it."""
        words = error.get("message") if isinstance(error, dict) else error
        said = self._safe(words) if isinstance(words, str) else "no reason given"
        return Unavailable(f"{self._name} broke off the answer: {said}")

    def wait(self, header: str | None) -> float | None:
        """The seconds of a Retry-After, which may also be a date (RFC 9110, 10.2.3)."""
        if header is None:
            return None
        header = header.strip()
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", header):
            seconds = float(header)
        else:
            try:
                until = email.utils.parsedate_to_datetime(header)
                until = until if until.tzinfo else until.replace(tzinfo=UTC)
                seconds = (until - self._clock.now()).total_seconds()
            except (ValueError, OverflowError):
                return None
        return min(max(seconds, WAIT_MIN), WAIT_MAX)

    def _said(self, status: int, body: bytes) -> str:
        """The `error` field, else the raw text, else the status."""
        if 300 <= status < 400:
            return "a redirect, which is not followed; its address is not set right"
        error = _object(body).get("error")
        words = error if isinstance(error, str) and error.strip() else body.decode("utf-8", "replace")
        return self._safe(words) or f"cloud-api {status}"

    def _upgrade(self, body: bytes) -> str:
        """The version gate's no, whatever its body is."""
        facts = _object(body)
        ranged, seen = facts.get("supportedRange"), facts.get("currentVersion")
        wanted = f" It supports {self._safe(ranged)}" if isinstance(ranged, str) and ranged else ""
        if wanted and isinstance(seen, str) and seen:
            wanted += f" and was given {self._safe(seen)}"
        return f"{self._name} does not accept this version of the client.{wanted and wanted + '.'}"

    def _safe(self, words: str) -> str:
        """Words from outside for a message of ours."""
        if self._token:
            words = words.replace(self._token, "[token]")
        return cut(clean(words).strip(), REASON_LIMIT)


def _away(status: int, body: bytes) -> bool:
    """Whether the service as a whole cannot be asked now. One that says in the protocol's own words that a model gave
    no answer is there: the embedded one says so with 502, and with 504 where the answer took too long."""
    return status in _FULL or (status in _GATEWAY and "error" not in _object(body))


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = wire.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _host(address: str) -> str:
    """Host and port of the address, without anything secret that may be written into it."""
    match = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?([^/?#@]*)", address)
    return one_line(match[1], 100) if match and match[1] else "an address that is not set right"
