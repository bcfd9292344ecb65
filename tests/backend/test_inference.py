"""Answers over a real socket, whole and streamed, in both dialects."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fakes.service import FakeService, Fault

from bot.backend import ServiceClient, inference
from bot.domain.errors import Unavailable

QUESTION = [{"role": "system", "content": "Sort."}, {"role": "user", "content": "Charged twice."}]
PATH = "/v1/inference/chat"
SSE = {"Content-Type": "text/event-stream"}


async def ask(client: ServiceClient, step: int = 30) -> str:
    return await client.ask("job-1", step, "tiny", QUESTION, limit=64)


async def streamed(client: ServiceClient) -> list[str]:
    return [text async for text in client.stream_answer(inference.final("job-1"), QUESTION, limit=64)]


async def test_a_checkpoint_is_asked_greedily_and_at_once(service: FakeService, client: ServiceClient) -> None:
    assert await ask(client) == "step 30: Charged twice."
    assert service.requests[0].body == {
        "messages": QUESTION,
        "adapter": {"kind": "checkpoint", "jobId": "job-1", "step": 30},
        "temperature": 0,
        "maxTokens": 64,
        "stream": False,
    }


async def test_step_zero_is_the_base_model_without_an_adapter(service: FakeService, client: ServiceClient) -> None:
    assert await ask(client, 0) == "step 0: Charged twice."
    assert service.requests[0].body["baseModel"] == "tiny"
    assert "adapter" not in service.requests[0].body


async def test_the_final_adapter_can_be_asked(service: FakeService, client: ServiceClient) -> None:
    assert await client.answer(inference.final("job-1"), QUESTION, limit=8) == "step None: Charged twice."
    assert service.requests[0].body["adapter"] == {"kind": "final", "jobId": "job-1"}


async def test_no_content_is_an_empty_answer(service: FakeService, client: ServiceClient) -> None:
    service.answers = lambda _step, _prompt: None
    assert await ask(client) == ""
    service.fail("POST", PATH, Fault(200, '{"choices":[{"message":{"tool_calls":[]}}]}'))
    assert await ask(client) == ""


@pytest.mark.parametrize(
    "body", ["", "null", "{}", '{"content":"x"}', '{"choices":[]}', '{"choices":[{"message":"x"}]}']
)
async def test_what_is_no_completion_is_unavailable(service: FakeService, client: ServiceClient, body: str) -> None:
    service.fail("POST", PATH, Fault(200, body))
    with pytest.raises(Unavailable):
        await ask(client)


async def test_a_hostile_answer_is_made_harmless(service: FakeService, client: ServiceClient) -> None:
    service.answers = lambda _step, _prompt: "a\ud800\r\n\u202eb\x1b[1m"
    assert await ask(client) == "a\ufffd\n<U+202E>b[1m"


@pytest.mark.parametrize("dialect", ["a", "b"])
async def test_an_answer_that_streams_unasked_is_the_same_answer(
    service: FakeService, client: ServiceClient, dialect: str
) -> None:
    service.dialect = dialect
    assert await ask(client) == "step 30: Charged twice."


@pytest.mark.parametrize("dialect", ["", "a", "b"])
async def test_an_answer_can_be_read_as_it_is_written(
    service: FakeService, client: ServiceClient, dialect: str
) -> None:
    service.dialect = dialect
    pieces = await streamed(client)
    assert "".join(pieces) == "step None: Charged twice."
    assert len(pieces) == (25 if dialect else 1)
    assert service.requests[0].body["stream"] is True


async def test_every_shape_of_a_chunk_is_read_in_order(service: FakeService, client: ServiceClient) -> None:
    chunks: list[Any] = [
        {"choices": [{"delta": {"role": "assistant"}}]},
        {"choices": [{"delta": {"content": "a"}}]},
        {"content": "b"},
        {"text": "c"},
        "d",
        {"usage": {"total_tokens": 3}},
        {"choices": []},
        7,
    ]
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    service.fail("POST", PATH, Fault(200, body + "data: plain e\n\n: comment\n\ndata:\n\n", SSE))
    assert await ask(client) == "abcdplain e"


@pytest.mark.parametrize("end", ["data: [DONE]\n\n", "event: end\ndata: {}\n\n"])
async def test_nothing_counts_after_the_end(service: FakeService, client: ServiceClient, end: str) -> None:
    service.fail("POST", PATH, Fault(200, f'data: "a"\n\n{end}data: "b"\n\n', SSE))
    assert await ask(client) == "a"


@pytest.mark.parametrize(
    ("error", "said"), [('"out of memory"', "out of memory"), ('{"message":"oom"}', "oom"), ("7", "no reason")]
)
async def test_an_error_inside_the_stream_is_noticed(
    service: FakeService, client: ServiceClient, error: str, said: str
) -> None:
    service.fail("POST", PATH, Fault(200, f'data: "a"\n\ndata: {{"error":{error}}}\n\n', SSE))
    with pytest.raises(Unavailable, match=said) as broken:
        await ask(client)
    assert broken.value.pace is None


async def test_an_answer_is_not_asked_for_again(service: FakeService, client: ServiceClient) -> None:
    service.fail("POST", PATH, Fault(503))
    with pytest.raises(Unavailable):
        await ask(client)
    assert len(service.requests) == 1


async def test_an_endless_piece_is_given_up(service: FakeService, connect: Callable[..., ServiceClient]) -> None:
    service.fail("POST", PATH, Fault(200, b"data: " + b"x" * 3_000_000, SSE))
    with pytest.raises(Unavailable, match="1048576"):
        await ask(connect())
