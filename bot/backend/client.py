"""The training service over HTTP: `ports.Backend` for everything that speaks the Arkor protocol.

Lives as long as the bot. Each method is one exchange and repeats nothing by itself: when to try again is decided by
the outbox and the watchers. Reference: SDK client.ts and trainer.ts, commit 314c6e3. Left out: signing in, projects,
deployments.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, Protocol, Self
from urllib.parse import quote

import httpx

from bot.backend import inference, sse, wire
from bot.backend.deprecation import Deprecation, Notices
from bot.backend.errors import ANSWER, CREATE, OTHER, Border, Errand, TooLarge
from bot.backend.exchange import BODY_LIMIT, Exchange
from bot.backend.pool import Pool, timeout
from bot.domain.errors import Rejected, TrainbotError, UserError
from bot.domain.runs import BASE_STEP
from bot.domain.text import clean
from bot.ports import Clock, Frame, Job, Spec

# The version of the official client that this one was written after. The gate refuses a request without such a name,
# and which names but `arkor` it lets pass is not known (reference 2), so this is the default and can be changed.
CLIENT_NAME = "arkor/0.0.3-alpha.1"
SILENCE = 45.0  # seconds: three times the longest ping interval that is advised (reference 7.6)
ANSWER_SILENCE = 120.0  # seconds until the first byte of an answer; a cold model has to load first
ANSWER_TOTAL = 300.0  # seconds for the whole answer, however steadily it trickles
LOOKS = (0.0, 5.0, 20.0, 60.0)  # seconds after an unsure start at which its job is looked for


class Secret(Protocol):
    """Pydantic's SecretStr, without pydantic."""

    def get_secret_value(self) -> str: ...


class ServiceClient:
    """One project of one training service. Use as a context manager, or call `aclose`.

    Every method raises Unavailable or Rejected and nothing else; the constructor UserError for a token, a client name
    or an environment that cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        token: Secret | str,
        *,
        org: str,
        project: str,
        clock: Clock,
        client_name: str = CLIENT_NAME,
        silence: float = SILENCE,
        answer_silence: float = ANSWER_SILENCE,
    ) -> None:
        """`silence`, `answer_silence`: seconds without a byte after which a stream or an answer counts as broken."""
        self._token = _header(token if isinstance(token, str) else token.get_secret_value(), "token")
        self._clock = clock
        self._answer_silence = answer_silence
        self._notices = Notices()
        self._border = Border(base_url, f"{org}/{project}", self._token, clock)
        headers = {"X-Arkor-Client": _header(client_name, "client name"), "User-Agent": "trainbot"}
        self._pool = Pool(headers, self._sign, self._notices.look, silence=silence)
        scope = {"orgSlug": org, "projectSlug": project}
        self._exchange = Exchange(self._pool.requests, self._border, base_url.rstrip("/"), scope)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._pool.aclose()

    @property
    def deprecation(self) -> Deprecation | None:
        """The latest notice that the service is about to stop serving this client."""
        return self._notices.latest

    @property
    def stream_clients(self) -> int:
        """How many HTTP clients the streams have needed so far, at most 100 streams each."""
        return self._pool.stream_clients

    async def start(self, spec: Spec, *, key: str, tried_at: datetime | None) -> str:
        """Creates the job `<name> [<key>]` and returns its id. With `tried_at` adopts a job that bears the key.

        The protocol has no idempotency key, so an earlier try is looked for at 0, 5, 20 and 60 seconds after it:
        this may take a minute.
        """
        if tried_at is not None and (found := await self._find(key, tried_at)) is not None:
            return found
        body = {"name": f"{clean(spec.name)} [{key}]", "config": dict(spec.config)}
        return self._job(await self._exchange.fetch("POST", "/v1/jobs", CREATE, body=body), CREATE).id

    async def cancel(self, job: str) -> None:
        """Asks for the job's end. 409 says that it has ended already."""
        path = f"/v1/jobs/{quote(job, safe='')}/cancel"
        try:
            async with self._exchange.open("POST", path, OTHER):
                pass
        except Rejected as refusal:
            if refusal.status != 409:
                raise

    async def job(self, job: str) -> Job:
        """The job as it stands."""
        return self._job(await self._exchange.fetch("GET", f"/v1/jobs/{quote(job, safe='')}", OTHER), OTHER)

    async def jobs(self) -> Sequence[Job]:
        """All jobs of the project, newest first."""
        listed = await self._exchange.fetch("GET", "/v1/jobs", OTHER)
        found = await asyncio.to_thread(wire.jobs, listed, self._clock.now())  # it may have thousands
        if found is None:
            raise self._border.unreadable("no list of jobs", OTHER)
        return found

    async def events(self, job: str, after: str | None) -> AsyncGenerator[Frame, None]:
        """The stream from after this cursor, until `end` or a clean end of the connection.

        Raises Unavailable on a break. An id that a header cannot carry counts as none: everything comes again.
        """
        headers = {"Accept": sse.MEDIA_TYPE, "Cache-Control": "no-store", "Accept-Encoding": "identity"}
        cursor = wire.cursor(after)
        sent = headers if cursor is None else headers | {"Last-Event-ID": cursor}
        path = f"/v1/jobs/{quote(job, safe='')}/events/stream"
        async with (
            self._pool.stream() as client,
            self._exchange.open("GET", path, OTHER, headers=sent, client=client) as response,
        ):
            if response.status_code != 200 or not sse.is_stream(response):
                raise self._border.unreadable("no event stream", OTHER)
            async with aclosing(sse.read(response)) as events:
                async for event in events:
                    frame = wire.frame(event.event, event.data, event.id, self._clock.now())
                    if frame is not None:
                        yield frame
                        if frame.end:
                            return

    async def ask(self, job: str, step: int, model: str, messages: Sequence[Mapping[str, str]], *, limit: int) -> str:
        """What the checkpoint at `step` (at 0: the base model `model`) answers, greedily, in `limit` tokens at most."""
        source = inference.base(model) if step == BASE_STEP else inference.checkpoint(job, step)
        return await self.answer(source, messages, limit=limit)

    async def answer(self, source: inference.Source, messages: Sequence[Mapping[str, str]], *, limit: int) -> str:
        """What any source answers: `inference.checkpoint`, `final` or `base`."""
        with self._border.watched(ANSWER):
            async with asyncio.timeout(ANSWER_TOTAL):
                return clean("".join([text async for text in self._answer(source, messages, limit, stream=False)]))

    async def stream_answer(
        self, source: inference.Source, messages: Sequence[Mapping[str, str]], *, limit: int
    ) -> AsyncGenerator[str, None]:
        """The same, as it is being written."""
        async with aclosing(self._answer(source, messages, limit, stream=True)) as texts:
            async for text in texts:
                yield clean(text)

    async def check(self) -> Sequence[str]:
        """What would keep the bot from working with this service: unreachable, token, version, deprecation."""
        problems = []
        try:
            await self.jobs()
        except TrainbotError as error:
            problems.append(f"{error}")
        if self.deprecation is not None:
            problems.append(f"The training service announces an end: {self.deprecation}")
        return problems

    async def _find(self, key: str, tried_at: datetime) -> str | None:
        """The oldest job that bears the key. Looks that are past are one look; a wrong clock waits a minute at most."""
        now = self._clock.now()
        tried_at = min(tried_at, now)
        coming = [moment for look in LOOKS if (moment := tried_at + timedelta(seconds=look)) > now]
        for moment in (now, *coming):
            wait = (moment - self._clock.now()).total_seconds()
            if wait > 0:
                await self._clock.sleep(wait)
            named = [job.id for job in await self.jobs() if job.name.rstrip().endswith(f"[{key}]")]
            if named:
                return named[-1]
        return None

    async def _answer(
        self, source: inference.Source, messages: Sequence[Mapping[str, str]], limit: int, *, stream: bool
    ) -> AsyncGenerator[str, None]:
        body = inference.body(source, messages, limit, stream=stream)
        patience = timeout(self._answer_silence)
        async with self._exchange.open("POST", "/v1/inference/chat", ANSWER, body=body, patience=patience) as response:
            if not sse.is_stream(response):
                text = inference.whole(await self._exchange.json(response, ANSWER))
                if text is None:
                    raise self._border.unreadable("no completion", ANSWER)
                yield text
                return
            size = 0
            async with aclosing(inference.pieces(response, self._border.failed_answer)) as texts:
                async for text in texts:
                    size += len(text)
                    if size > BODY_LIMIT:
                        raise TooLarge(f"an answer of more than {BODY_LIMIT} characters")
                    yield text

    def _sign(self, request: httpx.Request) -> httpx.Request:
        """Puts the token on the request. As httpx's `auth` it also outranks a user name within the address."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _job(self, value: Any, errand: Errand) -> Job:
        found = wire.job(value.get("job") if isinstance(value, dict) else None, self._clock.now())
        if found is None:
            raise self._border.unreadable("no job", errand)
        return found


def _header(value: str, what: str) -> str:
    """A value that a header can carry; checked here because h11 repeats the value in its error."""
    value = value.strip()
    if not (value.isascii() and (value.isprintable() or not value)):
        raise UserError(f"The {what} of the training service contains characters that cannot be sent.")
    return value
