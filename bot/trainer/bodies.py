"""Reading and checking request bodies: JSON objects without NaN, jobs, chat requests.

Pure but for `read_object`. The config of a job is loose, as the protocol wants it: unknown keys
pass; what is checked is what would break later.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .auth import Refused
from .events import CONTROL, plain
from .options import Options

BODY_CAP = 256 * 1024  # bytes
NAME_CAP = 200  # characters
TOKENS = 256  # tokens of an answer when the request names none
TOKENS_CAP = 1024
TEMPERATURE = 0.7
STEP_CAP = 10**9
ROLES = ("system", "user", "assistant")  # a tuple: what is asked for may be no hashable thing
# Typed as numbers in the protocol (reference 6.3).
NUMBERS = ("maxSteps", "numTrainEpochs", "learningRate", "batchSize", "weightDecay", "loraR", "loraAlpha", "maxLength")


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A checked `POST /v1/jobs`; the data set is not looked at yet. `program` is an engine's name."""

    name: str
    config: dict[str, Any]
    program: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A checked `POST /v1/inference/chat`. Either `base` or `job` is set; `step` None means final."""

    messages: list[dict[str, str]]
    base: str | None
    job: str | None
    step: int | None
    max_tokens: int
    temperature: float
    seed: int | None
    stream: bool


async def read_object(request: web.Request) -> dict[str, Any]:
    """The request's body as a JSON object with finite numbers; Refused otherwise."""
    raw = await request.read()
    try:
        value = json.loads(raw)
        sound = is_finite(value)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body is not JSON that can be read.") from error
    if not isinstance(value, dict):
        raise Refused(400, "The body must be a JSON object.")
    if not sound:
        raise Refused(400, "The body holds a number that is not finite.")
    return value


def is_finite(value: Any) -> bool:
    """Whether there is no NaN and no infinity anywhere inside."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(is_finite(item) for item in value.values())
    return not isinstance(value, list) or all(is_finite(item) for item in value)


def job_request(body: dict[str, Any], options: Options) -> JobRequest:
    """Check a job's name, model and numbers; Refused with a sentence."""
    name, config = body.get("name"), body.get("config")
    if not isinstance(name, str) or not (clean := CONTROL.sub("", name).strip()):
        raise Refused(400, "The job needs a name.")
    if len(clean) > NAME_CAP:
        raise Refused(400, f"The job's name is longer than {NAME_CAP} characters.")
    if not isinstance(config, dict):
        raise Refused(400, "The job needs a config object.")
    for key in NUMBERS:
        if key in config and not is_number(config[key]):
            raise Refused(400, f"config.{key} must be a number.")
    return JobRequest(clean, config, known_program(config.get("model"), options))


def known_program(model: Any, options: Options) -> str:
    """The configured engine for a model name; Refused with the names there are."""
    name = options.program_name(model) if isinstance(model, str) else None
    if name is None:
        known = ", ".join(sorted({*options.programs, *options.aliases})) or "none"
        what = f"The model {plain(model, 80)} is not known here" if isinstance(model, str) else "A model is needed"
        raise Refused(400, f"{what}. Known models: {known}.")
    return name


def chat_request(body: dict[str, Any]) -> ChatRequest:
    """Check a chat request; Refused with a sentence."""
    refuse_unsupported(body)
    base, job, step = source(body)
    seed, stream = body.get("seed"), body.get("stream", True)
    if seed is not None and not is_whole(seed, 0, 2**63 - 1):
        raise Refused(400, "seed must be a whole number.")
    if not isinstance(stream, bool):
        raise Refused(400, "stream must be true or false.")
    most = body.get("maxTokens", TOKENS)
    if not is_number(most) or most < 1:
        raise Refused(400, "maxTokens must be a number from 1.")
    return ChatRequest(
        messages=chat_messages(body.get("messages")),
        base=base,
        job=job,
        step=step,
        max_tokens=int(min(most, TOKENS_CAP)),
        temperature=float(ranged(body, "temperature", TEMPERATURE, 2)),
        seed=seed,
        stream=stream,
    )


def refuse_unsupported(body: dict[str, Any]) -> None:
    """Refuse what changes the meaning of an answer and is not done here."""
    if body.get("tools"):
        raise Refused(400, "tool_calling_not_configured")
    if body.get("structuredOutputs") is not None:
        raise Refused(400, "structuredOutputs is not supported here.")
    form = body.get("responseFormat")
    if form is not None and (not isinstance(form, dict) or form.get("type") != "text"):
        raise Refused(400, "Only the text response format is supported here.")
    ranged(body, "topP", 1, 1)


def source(body: dict[str, Any]) -> tuple[str | None, str | None, int | None]:
    """What shall answer: (base model, job id, step)."""
    base, adapter = body.get("baseModel"), body.get("adapter")
    if (base is None) == (adapter is None):
        raise Refused(400, "Name either an adapter or a baseModel.")
    if base is not None:
        if not isinstance(base, str):
            raise Refused(400, "baseModel must be a model's name.")
        return base, None, None
    match adapter:
        case {"kind": "final", "jobId": str(job)}:
            return None, job, None
        case {"kind": "checkpoint", "jobId": str(job), "step": step} if is_whole(step, 0, STEP_CAP):
            return None, job, int(step)
    raise Refused(400, 'adapter must be {"kind":"final","jobId":...} or {"kind":"checkpoint","jobId":...,"step":...}.')


def chat_messages(value: Any) -> list[dict[str, str]]:
    """The messages as role and text only."""
    if not isinstance(value, list) or not value:
        raise Refused(400, "messages must be a list with at least one message.")
    for message in value:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise Refused(400, "Each message needs the role system, user or assistant.")
        if not isinstance(message.get("content"), str):
            raise Refused(400, "Each message needs its content as text.")
    return [{"role": message["role"], "content": message["content"]} for message in value]


def ranged(body: dict[str, Any], key: str, default: float, top: float) -> float:
    """The number under this key, between 0 and `top`."""
    value: Any = body.get(key, default)
    if not is_number(value) or not 0 <= value <= top:
        raise Refused(400, f"{key} must be a number from 0 to {top}.")
    return float(value)


def is_number(value: Any) -> bool:
    """Whether this is a JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any, least: int, most: int) -> bool:
    """Whether this is a whole number in a range; 30.0 is one, for JSON knows no difference."""
    return is_number(value) and least <= value <= most and value == int(value)
