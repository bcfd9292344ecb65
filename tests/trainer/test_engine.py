"""The service with the engine that comes with it: one short training, and answers from it."""

import json

from bot.trainer.service import tiny
from tests.trainer.conftest import Launch, Place

SUBJECTS = ("invoice", "parcel", "password", "calendar", "refund", "printer")


async def test_a_tiny_model_is_trained_and_answers(launch: Launch, place: Place) -> None:
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"About my {word}, number {number}."},
                {"role": "assistant", "content": word},
            ]
        }
        for number in range(10)
        for word in SUBJECTS
    ]
    (place.root / "tickets.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    client = await launch(programs={"tiny": tiny()}, aliases={"unsloth/gemma-4-E4B-it": "tiny"})
    job_id = await client.start(model="unsloth/gemma-4-E4B-it", maxSteps=4, saveSteps=2, batchSize=4)
    frames = await client.stream(job_id)
    assert frames[0].name == "training.started"
    assert [frame.name for frame in frames][-2:] == ["training.completed", "end"], frames[-2].data
    assert [frame.event["step"] for frame in frames if frame.name == "checkpoint.saved"] == [2, 4]
    for source in ({"adapter": {"kind": "checkpoint", "jobId": job_id, "step": 2}}, {"baseModel": "tiny"}):
        body = {"messages": [{"role": "user", "content": "About my parcel"}], "stream": False, "maxTokens": 8}
        status, answer = await client.post("/v1/inference/chat", body | source)
        assert status == 200, answer
        assert isinstance(answer["choices"][0]["message"]["content"], str)
