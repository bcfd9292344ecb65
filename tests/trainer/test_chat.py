"""Answers from checkpoints: what is asked of the worker, what is told of it, what happens when it dies."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from bot.trainer import folder as files
from bot.trainer.orphans import start_stamp
from bot.trainer.worker import Worker
from tests.trainer.conftest import Client, Launch, Place, say, until

Alone = Callable[[], Awaitable[tuple[Client, asyncio.subprocess.Process]]]


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "stream": False, **more}


async def chat(client: Client, body: dict[str, Any]) -> tuple[int, Any]:
    status, answer = await client.post("/v1/inference/chat", body)
    return status, answer if status == 200 else answer["error"]


async def told(client: Client, **more: Any) -> dict[str, Any]:
    """What the worker was asked, in its own words."""
    status, answer = await chat(client, ask("tell", **more))
    assert status == 200, answer
    words = json.loads(answer["choices"][0]["message"]["content"])
    assert isinstance(words, dict)
    return words


async def trained(client: Client) -> str:
    """A completed job with checkpoints at 30 and 200."""
    job_id = await client.start(("checkpoint", 30), ("checkpoint", 200), say("training.completed"))
    await client.stream(job_id)
    return job_id


async def test_a_checkpoint_answers_as_openai_does(client: Client, place: Place) -> None:
    job_id = await trained(client)
    adapter = {"kind": "checkpoint", "jobId": job_id, "step": 30}
    status, answer = await chat(client, ask("My card was charged twice.", adapter=adapter))
    assert status == 200
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "fake"
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["choices"][0]["message"]["role"] == "assistant"
    assert answer["choices"][0]["message"]["content"].startswith("step-000030 says: ")
    assert answer["usage"] == {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    asked = (await told(client, adapter=adapter, temperature=0, maxTokens=64, topP=0.9, seed=3))["asked"]
    del asked["id"]
    assert asked == {
        "checkpoint": str(place.folder(job_id) / "checkpoints" / "step-000030"),
        "messages": [{"role": "user", "content": "tell"}],
        "max_tokens": 64,
        "temperature": 0.0,
        "seed": 3,
    }


async def test_a_checkpoint_answers_while_the_training_goes_on(client: Client) -> None:
    job_id = await client.start(("checkpoint", 10), say("checkpoint.saved", step=10), ("wait", "go"))
    async with asyncio.timeout(5), client.open_stream(job_id) as stream:
        async for frame in stream:
            if frame.name == "checkpoint.saved":
                break
    assert (await told(client, adapter={"kind": "checkpoint", "jobId": job_id, "step": 10}))["where"] == "step-000010"
    status, sentence = await chat(client, ask("x", adapter={"kind": "final", "jobId": job_id}))
    assert (status, sentence) == (409, "The job is running; its final adapter exists once it has completed.")


async def test_final_means_the_newest_checkpoint_and_base_means_none(client: Client) -> None:
    job_id = await trained(client)
    assert (await told(client, adapter={"kind": "final", "jobId": job_id}))["where"] == "step-000200"
    base = await told(client, baseModel="FAKE", maxTokens=99999)
    assert (base["where"], base["asked"]["max_tokens"]) == ("base", 1024)


async def test_a_streamed_answer_is_the_text_in_chunks(client: Client) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}], "baseModel": "fake"}  # absent stream means true
    async with client.session.post(f"{client.url}/v1/inference/chat", json=body, headers=client.headers) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        blocks = (await response.text()).split("\n\n")
    assert blocks[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(block.removeprefix("data: ")) for block in blocks[:-2]]
    choices = [chunk["choices"][0] for chunk in chunks]
    assert choices[0]["delta"] == {"role": "assistant"}
    assert "".join(choice["delta"].get("content", "") for choice in choices) == "base says: " + "word " * 200
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["length"]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"messages": []}, 400, "messages must be a list with at least one message."),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "Each message needs the role system, user"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, 400, "Each message needs the role system, user"),
        ({"messages": [{"role": "user", "content": None}]}, 400, "Each message needs its content as text."),
        ({"temperature": 2.1}, 400, "temperature must be a number from 0 to 2."),
        ({"temperature": True}, 400, "temperature must be a number from 0 to 2."),
        ({"topP": -1}, 400, "topP must be a number from 0 to 1."),
        ({"maxTokens": 0}, 400, "maxTokens must be a number from 1."),
        ({"seed": 1.5}, 400, "seed must be a whole number."),
        ({"stream": "no"}, 400, "stream must be true or false."),
        ({"tools": [{"type": "function"}]}, 400, "tool_calling_not_configured"),
        ({"responseFormat": {"type": "json_object"}}, 400, "Only the text response format"),
        ({"structuredOutputs": {"regex": "x"}}, 400, "structuredOutputs is not supported here."),
        ({"baseModel": None}, 400, "Name either an adapter or a baseModel."),
        ({"adapter": {"kind": "final", "jobId": "x"}}, 400, "Name either an adapter or a baseModel."),
        ({"baseModel": None, "adapter": {"kind": "checkpoint", "jobId": "x"}}, 400, "adapter must be"),
        ({"baseModel": None, "adapter": {"kind": "checkpoint", "jobId": "x", "step": -1}}, 400, "adapter must be"),
        ({"baseModel": None, "adapter": {"kind": "final", "jobId": "../.."}}, 404, "There is no such job here."),
        ({"baseModel": "gpt"}, 400, "The model gpt is not known here. Known models: fake, mute."),
        ({"baseModel": "mute"}, 501, "The model mute cannot answer here; it can only be trained."),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_with_a_sentence(
    client: Client, change: dict[str, Any], status: int, sentence: str
) -> None:
    got, text = await chat(client, ask("Hi", baseModel="fake") | change)
    assert got == status
    assert text.startswith(sentence)


async def test_a_step_without_a_checkpoint_is_not_found(client: Client) -> None:
    job_id = await trained(client)
    adapter = {"kind": "checkpoint", "jobId": job_id, "step": 31}
    assert await chat(client, ask("x", adapter=adapter)) == (404, "The job has no checkpoint of step 31.")


async def test_a_slow_disk_under_one_question_holds_up_nobody_else(place: Place, alone: Alone) -> None:
    job_id = "0b5f3c1e-7a52-4a0e-9d5e-2f6f1c8f2a11"
    place.folder(job_id).mkdir(parents=True)
    facts = {"id": job_id, "name": "x", "model": "fake", "program": "fake", "config": {}}
    (place.folder(job_id) / files.JOB).write_text(json.dumps(facts))
    slow = place.folder(job_id) / files.EXIT
    os.mkfifo(slow)  # whoever reads it waits for the writer
    client, _ = await alone()
    asking = asyncio.create_task(chat(client, ask("x", adapter={"kind": "final", "jobId": job_id})))
    writer = await asyncio.to_thread(os.open, slow, os.O_WRONLY)  # returns when the service reads
    try:
        async with asyncio.timeout(5):
            assert (await client.get("/v1/me"))[0] == 200
    finally:
        os.write(writer, b'{"code": 1}')
        os.close(writer)
    assert await asking == (409, "The job is failed; its final adapter exists once it has completed.")


async def test_questions_take_turns_with_one_worker(client: Client) -> None:
    answers = await asyncio.gather(*(told(client, baseModel="fake") for _ in range(5)))
    assert len({answer["pid"] for answer in answers}) == 1
    assert sorted(answer["asked"]["id"] for answer in answers) == ["1", "2", "3", "4", "5"]


async def test_other_output_of_the_worker_is_passed_over(client: Client) -> None:
    status, answer = await chat(client, ask("noise", baseModel="fake"))
    assert (status, answer["choices"][0]["message"]["content"][:10]) == (200, "base says:")


async def test_the_workers_own_complaint_is_told(client: Client) -> None:
    assert await chat(client, ask("refuse", baseModel="fake")) == (502, "the checkpoint is torn")


async def test_a_worker_that_dies_is_told_and_started_again(client: Client) -> None:
    sentence = "The answering program ended with exit code 3: no memory left"
    assert await chat(client, ask("die", baseModel="fake")) == (502, sentence)
    assert (await told(client, baseModel="fake"))["where"] == "base"


async def test_a_worker_killed_between_questions_is_replaced_unnoticed(client: Client, place: Place) -> None:
    first = (await told(client, baseModel="fake"))["pid"]
    killer = await asyncio.create_subprocess_exec("kill", "-9", str(first))
    await killer.wait()
    assert (await told(client, baseModel="fake"))["pid"] != first


async def test_an_answer_that_takes_too_long_is_given_up(launch: Launch) -> None:
    client = await launch(answer_timeout=0.3)
    assert await chat(client, ask("hang", baseModel="fake")) == (504, "The model did not answer within 0.3 seconds.")


async def test_the_worker_ends_with_the_service_also_while_it_works(client: Client, place: Place) -> None:
    pid = (await told(client, baseModel="fake"))["pid"]
    hanging = asyncio.create_task(chat(client, ask("hang", baseModel="fake")))
    await until((place.data / "hanging").exists)
    waiting = asyncio.create_task(chat(client, ask("Hi", baseModel="fake")))
    client.stop.set()
    for task in (hanging, waiting):
        with suppress(aiohttp.ClientError):  # the connection may be gone first
            assert (await asyncio.wait_for(task, 10))[0] in {502, 503}
    await until(lambda: not start_stamp(pid))


async def test_the_worker_ends_when_the_service_is_killed(place: Place) -> None:
    worker = Worker(place.answer, cwd=place.root, env=os.environ, timeout=10)
    question = {"checkpoint": None, "messages": [{"role": "user", "content": "tell"}]}
    pid = json.loads((await worker.ask(question))["text"])["pid"]
    process = worker._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # what the system does for a killed service
    await until(lambda: not start_stamp(pid))
    await worker.close()


async def test_a_program_that_cannot_be_started_is_told(launch: Launch, place: Place) -> None:
    options = place.options()
    programs = {"fake": type(options.programs["fake"])(place.train, ("/no/such/program",))}
    client = await launch(programs=programs)
    status, sentence = await chat(client, ask("x", baseModel="fake"))
    assert (status, sentence) == (502, "The answering program could not be started: No such file or directory.")
