"""`POST /v1/inference/chat`: finds what shall answer, asks its worker, words the answer as OpenAI does.

The text is whole before the first byte leaves, so errors have an honest status; a streamed answer
is the finished text in chunks (reference 9.4, the dialect that ends with [DONE]).
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import web

from . import folder as files
from .auth import Refused
from .bodies import ChatRequest, chat_request, known_program, read_object
from .jobs import Job, Jobs, Status
from .options import Options
from .stream import HEADERS
from .worker import AnswerError, AnswerTimeout, Worker

CHUNK = 400  # characters of a streamed piece


class Chat:
    """Answers chat requests; holds the workers, one per engine that was asked."""

    def __init__(self, options: Options, jobs: Jobs, env: Mapping[str, str]) -> None:
        self.options = options
        self.jobs = jobs
        self.env = env
        self._workers: dict[str, Worker] = {}
        self._stopped = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The route."""
        asked = chat_request(await read_object(request))
        program, model, checkpoint = await asyncio.to_thread(self._find, asked)
        question: dict[str, Any] = {
            "checkpoint": None if checkpoint is None else str(checkpoint),
            "messages": asked.messages,
            "max_tokens": asked.max_tokens,
            "temperature": asked.temperature,
        }
        if asked.seed is not None:
            question["seed"] = int(asked.seed)
        answer = await self._ask(program, question, lambda: still_there(request))
        if not asked.stream:
            return web.json_response(completion(answer, model))
        return await streamed(request, answer, model)

    def _find(self, asked: ChatRequest) -> tuple[str, str, Path | None]:
        """(engine, model name for the answer, checkpoint folder or None for the base); Refused otherwise; blocking."""
        if asked.base is not None:
            return known_program(asked.base, self.options), asked.base, None
        job_id = asked.job or ""
        job = self.jobs.get(job_id) if files.JOB_ID.fullmatch(job_id) else None
        if job is None:
            raise Refused(404, "There is no such job here.")
        path = final_checkpoint(job) if asked.step is None else job.checkpoint(asked.step)
        if path is None:
            raise Refused(404, f"The job has no checkpoint of step {asked.step}.")
        return str(job.asked["program"]), str(job.asked["model"]), path

    async def _ask(self, program: str, question: dict[str, Any], wanted: Callable[[], bool]) -> dict[str, Any]:
        try:
            return await self._worker(program).ask(question, wanted)
        except AnswerTimeout as error:
            raise Refused(504, f"{error}") from error
        except AnswerError as error:
            raise Refused(502, f"{error}") from error

    def _worker(self, name: str) -> Worker:
        """The engine's worker; Refused when it has none."""
        program = self.options.programs.get(name)
        if program is None:
            raise Refused(409, f"The model {name} is no longer configured.")
        if program.answer is None:
            raise Refused(501, f"The model {name} cannot answer here; it can only be trained.")
        if self._stopped:
            raise Refused(503, "The service is stopping.")
        if name not in self._workers:
            self._workers[name] = Worker(
                program.answer, cwd=self.options.data_dir, env=self.env, timeout=self.options.answer_timeout
            )
        return self._workers[name]

    async def stop(self) -> None:
        """End all workers for good."""
        self._stopped = True
        for worker in self._workers.values():
            await worker.close()


def final_checkpoint(job: Job) -> Path:
    """The newest checkpoint of a completed job; Refused otherwise; blocking."""
    status = job.look().status
    if status is not Status.completed:
        raise Refused(409, f"The job is {status}; its final adapter exists once it has completed.")
    path = job.newest_checkpoint()
    if path is None:
        raise Refused(409, "The job has completed without leaving a checkpoint.")
    return path


def still_there(request: web.Request) -> bool:
    """Whether the caller still waits."""
    return request.transport is not None and not request.transport.is_closing()


def completion(answer: dict[str, Any], model: str) -> dict[str, Any]:
    """An OpenAI chat completion (reference 9.3)."""
    prompt, text = (count(answer.get(key)) for key in ("prompt_tokens", "completion_tokens"))
    return {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": finish(answer),
                "message": {"role": "assistant", "content": answer["text"]},
            }
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": text, "total_tokens": prompt + text},
    }


async def streamed(request: web.Request, answer: dict[str, Any], model: str) -> web.StreamResponse:
    """The same as chunks: role, pieces of the text, the finish, [DONE]."""
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    head = {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }
    text = answer["text"]
    deltas = [{"role": "assistant"}, *({"content": text[at : at + CHUNK]} for at in range(0, len(text), CHUNK)), {}]
    with suppress(ConnectionResetError):  # the caller may leave at any time
        for place, delta in enumerate(deltas):
            last = place == len(deltas) - 1
            choice = {"index": 0, "delta": delta, "finish_reason": finish(answer) if last else None}
            await response.write(data_frame(json.dumps(head | {"choices": [choice]}, separators=(",", ":"))))
        await response.write(data_frame("[DONE]"))
        await response.write_eof()
    return response


def data_frame(text: str) -> bytes:
    """An SSE frame without a name."""
    return f"data: {text}\n\n".encode()


def finish(answer: dict[str, Any]) -> str:
    """Why the text ends."""
    value = answer.get("finish_reason")
    return value if isinstance(value, str) else "stop"


def count(value: Any) -> int:
    """A number of tokens, 0 when the worker did not say."""
    return value if isinstance(value, int) and value >= 0 else 0
