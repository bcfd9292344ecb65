"""Asking a model: the request's body, and the text in the answer, whole or streamed.

Used by `ServiceClient` for samples. The service streams when the request does not say, and an answer may stream though
the request asked for none, so both readings are always at hand. Tools and structured output are left out.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx

from bot.backend import sse, wire

Source = Mapping[str, Any]
_DONE = "[DONE]"


def checkpoint(job: str, step: int) -> Source:
    """The adapter that the job saved at this step."""
    return {"adapter": {"kind": "checkpoint", "jobId": job, "step": step}}


def final(job: str) -> Source:
    """The adapter of the completed job."""
    return {"adapter": {"kind": "final", "jobId": job}}


def base(model: str) -> Source:
    """The model without any adapter."""
    return {"baseModel": model}


def body(source: Source, messages: Sequence[Mapping[str, str]], limit: int, *, stream: bool) -> dict[str, Any]:
    """The request: greedy, so that samples differ by the training alone. `limit` in tokens."""
    return {
        "messages": [dict(message) for message in messages],
        **source,
        "temperature": 0,
        "maxTokens": limit,
        "stream": stream,
    }


def whole(value: Any) -> str | None:
    """The text of a completion, empty where its content is null or absent; None where it is no completion."""
    match value:
        case {"choices": [{"message": {"content": str(text)}}, *_]}:
            return text
        case {"choices": [{"message": {"content": None}}, *_]}:
            return ""
        case {"choices": [{"message": dict() as message}, *_]} if "content" not in message:
            return ""
    return None


async def pieces(response: httpx.Response, failed: Callable[[Any], Exception]) -> AsyncGenerator[str, None]:
    """The texts of a streamed answer, in the reading order of Studio's api.ts, commit 314c6e3.

    Unlike there an `error` ends it, with the exception that `failed` makes of its value.
    """
    async with aclosing(sse.read(response)) as events:
        async for event in events:
            if event.event == "ping" or not event.data:
                continue
            if event.event == "end" or event.data == _DONE:
                return
            try:
                value = wire.loads(event.data)
            except ValueError:
                value = event.data
            if isinstance(value, dict) and value.get("error"):
                raise failed(value["error"])
            if text := piece(value):
                yield text


def piece(value: Any) -> str:
    """The text in one chunk; empty for those without, such as the one that names the role."""
    match value:
        case str(text):
            return text
        case {"choices": [{"delta": {"content": str(text)}}, *_]}:
            return text
        case {"content": str(text)} | {"text": str(text)}:
            return text
    return ""
