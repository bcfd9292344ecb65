"""A training service on a real socket that does what a test tells it to: runs as scripts, faults on demand.

Speaks the Arkor protocol as far as `bot.backend` uses it. A script is a list of stream parts, see `fakes.parts`.
It records every request.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from aiohttp import web
from fakes.parts import BEGIN, END, Part, ping

TOKEN = "tok-3f9a-secret"
ORG, PROJECT = "acme", "tickets"
CLIENT = "arkor/0.0.3-alpha.1"
FINAL = {"training.completed": "completed", "training.failed": "failed"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request instead of its answer; `works`: it is carried out all the same."""

    status: int = 500
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    works: bool = False
    drop: bool = False  # the connection ends without an answer
    silent: bool = False  # no answer ever comes
    delay: float = 0.0  # seconds before anything


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it came."""

    method: str
    path: str  # as on the wire, percent-encoded
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class FakeJob:
    """A job and its script. A `live` one stays open at the end of its script until `say` or a cancel."""

    id: str
    name: str
    config: Mapping[str, Any]
    created_at: datetime
    script: list[Part]
    live: bool = False
    cancelled: bool = False
    hidden: int = 0  # how many lists still leave it out
    row: dict[str, Any] = field(default_factory=dict)  # laid over its JSON
    dropped: set[int] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, *parts: Part) -> None:
        """Something more happens."""
        self.script.extend(parts)
        self.wake()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    @property
    def status(self) -> str:
        ends = [FINAL[part.type] for part in self.script if part.type in FINAL]
        if ends:
            return ends[-1]
        if self.cancelled:
            return "cancelled"
        return "running" if any(part.type for part in self.script) else "queued"

    def json(self) -> dict[str, Any]:
        status = self.status
        over = status not in {"queued", "running"}
        return {
            "id": self.id,
            "orgId": "org_1",
            "projectId": "prj_1",
            "name": self.name,
            "status": status,
            "config": dict(self.config),
            "error": "out of memory" if status == "failed" else None,
            "createdAt": self.created_at.isoformat(),
            "startedAt": None,
            "completedAt": (self.created_at + timedelta(minutes=1)).isoformat() if over else None,
            **self.row,
        }


def plain_answer(step: int | None, prompt: str) -> str:
    """The default answers; `step` None is the final adapter, 0 the base model."""
    return f"step {step}: {prompt}"


class FakeService:
    """The service. `url` is its address while the context lasts."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Recorded] = []
        self.jobs: dict[str, FakeJob] = {}
        self.script: list[Part] = []  # of jobs that are created by a request
        self.live = False  # likewise
        self.hidden = 0  # likewise
        self.ignores_cursor = False  # every stream replays everything
        self.answers: Callable[[int | None, str], str | None] = plain_answer
        self.dialect = ""  # "a" or "b": answers stream that way, asked or not
        self.headers: dict[str, str] = {}  # on every response
        self.streams = 0  # open now
        self._faults: deque[tuple[str, str, Fault]] = deque()
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._outer])
        app.on_response_prepare.append(self._dress)
        app.router.add_get("/v1/jobs", self._list)
        app.router.add_post("/v1/jobs", self._create)
        app.router.add_get("/v1/jobs/{id}", self._show)
        app.router.add_post("/v1/jobs/{id}/cancel", self._cancel)
        app.router.add_get("/v1/jobs/{id}/events/stream", self._stream)
        app.router.add_post("/v1/inference/chat", self._chat)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        for job in self.jobs.values():
            job.wake()
        assert self._runner is not None
        await self._runner.cleanup()

    def fail(self, method: str, path: str, *faults: Fault) -> None:
        """The next requests with this method whose path ends so meet these faults, one each."""
        self._faults.extend((method, path, fault) for fault in faults)

    def job(self, *script: Part, name: str = "support-bot", live: bool = False, hidden: int = 0) -> FakeJob:
        """A job that is there already."""
        number = len(self.jobs) + 1
        created = BEGIN + timedelta(seconds=number)
        job = FakeJob(f"job-{number}", name, {"model": "tiny"}, created, list(script), live, hidden=hidden)
        self.jobs[job.id] = job
        return job

    def seen(self, method: str, path: str) -> list[Recorded]:
        """The requests so far with this method whose path ends so."""
        return [one for one in self.requests if one.method == method and one.path.endswith(path)]

    async def _dress(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self.headers)

    @web.middleware
    async def _outer(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        content = await request.read()
        body = json.loads(content) if content else None
        path = request.raw_path.partition("?")[0]
        self.requests.append(Recorded(request.method, path, dict(request.query), dict(request.headers), body))
        fault = self._fault(request.method, path)
        if fault is None:
            return self._guard(request) or await handler(request)
        await asyncio.sleep(fault.delay)
        if fault.works:
            await handler(request)
        if fault.drop and request.transport is not None:
            request.transport.abort()
        if fault.silent:
            await self._closing.wait()
        content = fault.body.encode() if isinstance(fault.body, str) else fault.body
        return web.Response(status=fault.status, body=content, headers=dict(fault.headers))

    def _fault(self, method: str, path: str) -> Fault | None:
        for entry in self._faults:
            if entry[0] == method and path.endswith(entry[1]):
                self._faults.remove(entry)
                return entry[2]
        return None

    def _guard(self, request: web.Request) -> web.Response | None:
        if not request.headers.get("X-Arkor-Client", "").startswith("arkor/"):
            gate = {"error": "sdk_version_unsupported", "currentVersion": "unknown", "supportedRange": ">=0.0.3"}
            return web.json_response({**gate, "reason": "missing"}, status=426)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "bad token"}, status=401)
        if (request.query.get("orgSlug"), request.query.get("projectSlug")) != (ORG, PROJECT):
            return web.json_response({"error": "not a member"}, status=403)
        return None

    async def _list(self, _request: web.Request) -> web.Response:
        shown = [job for job in self.jobs.values() if not job.hidden]
        for job in self.jobs.values():
            job.hidden = max(0, job.hidden - 1)
        return web.json_response({"jobs": [job.json() for job in shown[::-1]]})

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        job = self.job(*self.script, name=body["name"], live=self.live, hidden=self.hidden)
        job.config = body["config"]
        return web.json_response({"job": job.json()}, status=201)

    async def _show(self, request: web.Request) -> web.Response:
        job = self.jobs.get(request.match_info["id"])
        if job is None:
            return web.json_response({"error": "not found"}, status=404)
        return web.json_response({"job": job.json(), "events": []})

    async def _cancel(self, request: web.Request) -> web.Response:
        job = self.jobs.get(request.match_info["id"])
        if job is None:
            return web.json_response({"error": "not found"}, status=404)
        if job.status not in {"queued", "running"}:
            return web.json_response({"error": f"Job is already {job.status}"}, status=409)
        job.cancelled = True
        job.say(END)
        return web.json_response({"ok": True})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        job = self.jobs.get(request.match_info["id"])
        if job is None:
            return web.json_response({"error": "gone"}, status=410)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        self.streams += 1
        try:
            await self._play(job, self._resume(job, request.headers.get("Last-Event-ID")), request, response)
        finally:
            self.streams -= 1
        return response

    def _resume(self, job: FakeJob, last: str | None) -> int:
        """Where to go on; the start for an id that is not ours."""
        ids = [part.id for part in job.script]
        return ids.index(last) + 1 if last is not None and last in ids and not self.ignores_cursor else 0

    async def _play(self, job: FakeJob, at: int, request: web.Request, response: web.StreamResponse) -> None:
        while not self._closing.is_set():
            changed = job.changed
            while at < len(job.script):
                part = job.script[at]
                if part.drop and at not in job.dropped:
                    job.dropped.add(at)
                    assert request.transport is not None
                    request.transport.abort()
                    return
                if part.raw:
                    await response.write(part.raw)
                at += 1
            if not job.live or job.cancelled:
                return
            await changed.wait()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        adapter = body.get("adapter") or {"step": 0}
        text = self.answers(adapter.get("step"), body["messages"][-1]["content"])
        if not self.dialect:
            message = {"role": "assistant", "content": text}
            return web.json_response({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for frame in self._chunks(text or ""):
            await response.write(frame)
        return response

    def _chunks(self, text: str) -> list[bytes]:
        head = "event: token\n" if self.dialect == "b" else ""
        role = '{"choices":[{"delta":{"role":"assistant"}}]}'
        chunks = [role, *(json.dumps({"choices": [{"delta": {"content": letter}}]}) for letter in text)]
        tail = "event: end\ndata: {}\n\n" if self.dialect == "b" else "data: [DONE]\n\n"
        return [*(f"{head}data: {chunk}\n\n".encode() for chunk in chunks), ping().raw, tail.encode()]
