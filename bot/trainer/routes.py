"""The routes of the protocol but inference: account, project, jobs, streams (reference 3 to 8).

There is one organisation with one project, both called `local`: a self-hosted service belongs to
one team. Whoever asks for a project gets that one.
"""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

from aiohttp import web

from . import folder as files
from .auth import Refused
from .bodies import job_request, read_object
from .chat import Chat
from .datasets import DatasetError, open_dataset
from .jobs import Job, Jobs, Status, View
from .options import Options
from .queue import Queue
from .stream import HEADERS, Stream

ORG = {"id": "local", "slug": "local", "name": "This computer"}
PROJECT = {"id": "local", "slug": "local", "name": "Local", "orgId": "local"}
READERS = 2  # data sets that are read at a time, so that large ones leave threads for the streams
HISTORY = 1000  # events in the answer to GET /v1/jobs/{id}; the stream has them all


class Routes:
    """Handlers over the jobs, the queue and the chat of one service."""

    def __init__(self, options: Options, jobs: Jobs, queue: Queue, chat: Chat, stopping: asyncio.Event) -> None:
        self.options = options
        self.jobs = jobs
        self.queue = queue
        self.chat = chat
        self.stopping = stopping
        self.reading = asyncio.Semaphore(READERS)

    def table(self) -> list[web.RouteDef]:
        """All routes; HEAD is left out, for a stream has nothing to say to it."""
        get, post = web.get, web.post
        return [
            get("/v1/auth/cli/config", self.cli_config, allow_head=False),
            post("/v1/auth/anonymous", self.anonymous),
            get("/v1/me", self.me, allow_head=False),
            get("/v1/projects", self.projects, allow_head=False),
            post("/v1/projects", self.create_project),
            get("/v1/jobs", self.list_jobs, allow_head=False),
            post("/v1/jobs", self.create_job),
            get("/v1/jobs/{id}", self.show_job, allow_head=False),
            post("/v1/jobs/{id}/cancel", self.cancel_job),
            get("/v1/jobs/{id}/events/stream", self.stream, allow_head=False),
            post("/v1/inference/chat", self.answer),
            web.route("*", "/v1/endpoints{rest:.*}", self.endpoints),
        ]

    async def cli_config(self, _request: web.Request) -> web.Response:
        """No login here: nulls say so (reference 3.3)."""
        nothing: dict[str, Any] = {"auth0Domain": None, "clientId": None, "audience": None, "callbackPorts": []}
        return web.json_response(nothing)

    async def anonymous(self, request: web.Request) -> web.Response:
        """Hand out a token where none is checked, so that the official tools can begin."""
        if not self.options.anonymous:
            raise Refused(403, "Anonymous callers are not allowed here; use the service's token.")
        kind = (await read_object(request)).get("kind") if request.body_exists else "cli"
        if kind not in {"cli", "web"}:
            raise Refused(400, "kind must be cli or web.")
        one = uuid4().hex
        body = {"token": f"anon_{one}", "anonymousId": one[:8], "kind": kind, "personalOrg": ORG}
        return web.json_response(body)

    async def me(self, _request: web.Request) -> web.Response:
        """Everyone is the same user."""
        return web.json_response({"user": {"id": "local", "email": None}, "orgs": [ORG]})

    async def projects(self, request: web.Request) -> web.Response:
        """The one project."""
        in_scope(request)
        return web.json_response({"org": ORG, "projects": [PROJECT]})

    async def create_project(self, request: web.Request) -> web.Response:
        """Answer with the one project: the tools go on with the slug that the service names."""
        in_scope(request)
        await read_object(request)
        return web.json_response({"project": PROJECT}, status=201)

    async def endpoints(self, _request: web.Request) -> web.Response:
        """Deployments are not offered."""
        raise Refused(501, "This training service does not deploy models; it trains and answers from checkpoints.")

    async def list_jobs(self, request: web.Request) -> web.Response:
        """All jobs, newest first."""
        in_scope(request)
        seen = await asyncio.to_thread(lambda: [(job, job.look()) for job in self.jobs.oldest_first()[::-1]])
        return web.json_response({"jobs": [self.row(job, view) for job, view in seen]})

    async def create_job(self, request: web.Request) -> web.Response:
        """Check everything that can be checked now, then queue."""
        in_scope(request)
        asked = job_request(await read_object(request), self.options)
        try:
            async with self.reading:
                data = await asyncio.to_thread(open_dataset, asked.config.get("datasetSource"), self.options.roots)
        except DatasetError as error:
            raise Refused(400, f"{error}") from error
        facts = {
            "name": asked.name,
            "model": asked.config["model"],
            "config": masked(asked.config) | {"model": asked.program},  # the program knows no alias
            "data": {"path": str(data.path), "rows": data.rows},
            "program": asked.program,
        }
        job = await asyncio.to_thread(self.jobs.create, facts)
        self.queue.add(job)
        row = self.row(job, await asyncio.to_thread(job.look))
        return web.json_response({"job": row}, status=201)

    async def show_job(self, request: web.Request) -> web.Response:
        """One job with its newest events."""
        job = self.job(request)
        view = await asyncio.to_thread(job.look)
        shown, omitted = await asyncio.to_thread(job.history, HISTORY)
        body = {"job": self.row(job, view), "events": shown}
        return web.json_response(body | ({"eventsOmitted": omitted} if omitted else {}))

    async def cancel_job(self, request: web.Request) -> web.Response:
        """Note the cancel; the end comes on the stream."""
        job = self.job(request)
        view = await asyncio.to_thread(job.look)
        if view.over:
            raise Refused(409, f"The job is already {view.status}.")
        await self.queue.cancel(job)
        return web.json_response({"ok": True})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """The job's events; 410 for an unknown id, because the tools ask again for ever on 404."""
        job = self.job(request, unknown=410)
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        one = Stream(job, self.queue, response, ping=self.options.ping)
        with suppress(ConnectionResetError):  # a listener may leave at any time
            await one.follow(request.headers.get("Last-Event-ID"), self.stopping)
            await response.write_eof()
        return response

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Inference."""
        in_scope(request)
        return await self.chat.handle(request)

    def job(self, request: web.Request, *, unknown: int = 404) -> Job:
        """The job in the path; Refused when there is none. Nothing but an id reaches the file system."""
        in_scope(request)
        job_id = request.match_info["id"]
        if not files.JOB_ID.fullmatch(job_id):
            raise Refused(404, "That is not the id of a job.")
        job = self.jobs.get(job_id)
        if job is None:
            raise Refused(unknown, "There is no such job here.")
        return job

    def row(self, job: Job, view: View) -> dict[str, Any]:
        """A job as the protocol shows it (reference 6.2), with the place in the queue while it waits."""
        row = {
            "id": job.id,
            "orgId": ORG["id"],
            "projectId": PROJECT["id"],
            "name": job.asked["name"],
            "status": view.status,
            "config": job.asked["config"] | {"model": job.asked["model"]},
            "error": view.error,
            "createdAt": job.asked["createdAt"],
            "startedAt": view.started,
            "completedAt": view.ended,
        }
        place = self.queue.position(job) if view.status is Status.queued else None
        return row if place is None else row | {"queuePosition": place}


def in_scope(request: web.Request) -> None:
    """Refuse a named organisation or project that is not ours; no name means ours."""
    named = (request.query.get("orgSlug", ORG["slug"]), request.query.get("projectSlug", PROJECT["slug"]))
    if named != (ORG["slug"], PROJECT["slug"]):
        raise Refused(403, "This service has one organisation and one project, both called local.")


def masked(config: dict[str, Any]) -> dict[str, Any]:
    """The config without the data set's access token, which nobody here needs: it is not even written down."""
    source = config.get("datasetSource")
    if not isinstance(source, dict) or "token" not in source:
        return config
    return config | {"datasetSource": source | {"token": "***"}}
