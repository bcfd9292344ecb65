"""The transcripts of the protocol, over a real socket."""

import asyncio
import json
from typing import Any

import pytest

from tests.trainer.conftest import Client, Launch, Place, eventually, say

ID = "0b5f3c1e-7a52-4a0e-9d5e-2f6f1c8f2a11"  # well formed, never used


async def test_the_tools_can_begin_without_a_token_where_anonymous_callers_are_allowed(launch: Launch) -> None:
    client = await launch(anonymous=True, token=None)
    client.headers = {"X-Arkor-Client": "arkor/0.0.3-alpha.1"}
    assert await client.get("/v1/auth/cli/config") == (
        200,
        {"auth0Domain": None, "clientId": None, "audience": None, "callbackPorts": []},
    )
    status, minted = await client.post("/v1/auth/anonymous", {"kind": "cli"})
    assert (status, set(minted)) == (200, {"token", "anonymousId", "kind", "personalOrg"})
    org = minted["personalOrg"]["slug"]
    client.headers = {"Authorization": f"Bearer {minted['token']}"}
    status, created = await client.post(f"/v1/projects?orgSlug={org}", {"name": "Ticket Bot", "slug": "ticket-bot"})
    assert (status, created["project"]["slug"]) == (201, "local")
    status, listed = await client.get(f"/v1/projects?orgSlug={org}")
    assert status == 200
    assert listed["projects"] == [created["project"]]
    assert listed["org"]["slug"] == org
    status, me = await client.get("/v1/me")
    assert (status, me["orgs"][0]["slug"], me["user"]["email"]) == (200, "local", None)


async def test_anonymous_tokens_are_not_handed_out_where_a_token_is_wanted(client: Client) -> None:
    status, answer = await client.post("/v1/auth/anonymous", {"kind": "cli"})
    assert status == 403
    assert "not allowed" in answer["error"]


async def test_a_new_job_answers_with_the_whole_job(client: Client, place: Place) -> None:
    config = {
        "model": "fake",
        "datasetSource": {"type": "file", "name": "tickets.jsonl", "token": "hush"},
        "maxSteps": 60,
        "someKeyOfTomorrow": [1, None],
    }
    path = "/v1/jobs?orgSlug=local&projectSlug=local"
    status, answer = await client.post(path, {"name": " tickets-v3\u0007 [tb-1-42]", "config": config})
    job = answer["job"]
    shown = config | {"datasetSource": {"type": "file", "name": "tickets.jsonl", "token": "***"}}
    assert status == 201
    assert job["name"] == "tickets-v3 [tb-1-42]"
    assert (job["orgId"], job["projectId"], job["status"]) == ("local", "local", "queued")
    assert job["config"] == shown
    assert (job["error"], job["startedAt"], job["completedAt"]) == (None, None, None)
    assert (await client.job(job["id"]))["config"] == shown
    assert "hush" not in (place.folder(job["id"]) / "job.json").read_text()


async def test_a_training_is_told_from_start_to_end(client: Client, place: Place, whole: list[Any]) -> None:
    job_id = await client.start(*whole)
    frames = await client.stream(job_id)
    assert [(frame.name, frame.id) for frame in frames] == [
        ("training.started", "1"),
        ("training.log", "2"),
        ("checkpoint.saved", "3"),
        ("training.completed", "4"),
        ("end", None),
    ]
    assert frames[-1].data == "{}"
    for frame in frames[:-1]:
        assert frame.event["type"] == frame.name
        assert frame.event["jobId"] == job_id
    job = await client.job(job_id)
    assert (job["status"], job["error"]) == ("completed", None)
    assert job["completedAt"] == "2026-08-08T09:01:12.410Z"
    assert job["startedAt"]
    asked = json.loads((place.folder(job_id) / "job.json").read_text())
    assert asked["data"] == {"path": str(place.root / "tickets.jsonl"), "rows": 2}


async def test_the_detail_of_a_job_holds_its_events(client: Client, whole: list[Any]) -> None:
    job_id = await client.start(*whole)
    frames = await client.stream(job_id)
    _, answer = await client.get(f"/v1/jobs/{job_id}")
    assert answer["events"] == [frame.event for frame in frames[:-1]]


async def test_a_stream_goes_on_after_the_last_event_id(client: Client, whole: list[Any]) -> None:
    job_id = await client.start(*whole)
    everything = await client.stream(job_id)
    for after in range(5):
        assert await client.stream(job_id, after=str(after)) == everything[after:]


@pytest.mark.parametrize("unknown", ["9", "-1", "evt-3", "2.0", "", "٣", "9" * 400])
async def test_an_id_that_was_never_given_replays_from_the_start(
    client: Client, whole: list[Any], unknown: str
) -> None:
    job_id = await client.start(*whole)
    everything = await client.stream(job_id)
    assert await client.stream(job_id, after=unknown) == everything


async def test_a_stream_that_breaks_loses_and_repeats_nothing(client: Client, place: Place) -> None:
    logs = [say("training.log", step=step) for step in range(1, 4)]
    job_id = await client.start(*logs, ("wait", "go"), say("training.completed"))
    seen = []
    async with asyncio.timeout(10), client.open_stream(job_id) as stream:
        async for frame in stream:
            if frame.name != "ping":
                seen.append(frame.id)
            if len(seen) == 3:
                break
    place.go(job_id)
    rest = await client.stream(job_id, after=seen[-1])
    assert [*seen, *(frame.id for frame in rest)] == ["1", "2", "3", "4", None]


async def test_a_listener_that_leaves_troubles_nobody(
    launch: Launch, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    client = await launch(ping=0.02)
    job_id = await client.start(("wait", "go"), say("training.completed"))
    for _ in range(3):
        async with client.open_stream(job_id) as stream:
            await anext(stream)
    async with client.open_stream(job_id) as stream:
        for _ in range(3):
            await anext(stream)
    place.go(job_id)
    assert [frame.name for frame in await client.stream(job_id)] == ["training.completed", "end"]
    assert caplog.text == ""


async def test_headers_and_a_ping_come_at_once_and_pings_go_on(launch: Launch) -> None:
    client = await launch(ping=0.05)
    job_id = await client.start(("wait", "go"))
    pings = 0
    async with asyncio.timeout(5), client.open_stream(job_id) as stream:
        async for frame in stream:
            assert (frame.name, frame.id) == ("ping", None)
            assert set(frame.event) <= {"queuePosition"}
            pings += 1
            if pings == 3:
                break


async def test_jobs_are_listed_newest_first_and_whole(client: Client) -> None:
    ids = [await client.start(name=f"run {place}") for place in range(3)]
    _, answer = await client.get("/v1/jobs")
    assert [job["id"] for job in answer["jobs"]] == ids[::-1]
    needed = {"id", "orgId", "projectId", "name", "status", "config", "error", "createdAt", "startedAt", "completedAt"}
    assert all(needed <= set(job) for job in answer["jobs"])


async def test_jobs_asked_for_at_the_same_moment_are_all_made_and_have_an_order(client: Client) -> None:
    ids = await asyncio.gather(*(client.start(name=f"run {place}") for place in range(12)))
    listed = [(await client.get("/v1/jobs"))[1]["jobs"] for _ in range(2)]
    order = [[job["id"] for job in jobs] for jobs in listed]
    assert order[0] == order[1]
    assert set(order[0]) == set(ids)
    assert len(order[0]) == 12


async def test_a_program_may_tell_its_own_failure(client: Client) -> None:
    failed = say("training.failed", error="CUDA out of memory at step 2", step=2)
    job_id = await client.start(say("training.started"), failed, ("exit", 1))
    frames = await client.stream(job_id)
    assert [frame.name for frame in frames] == ["training.started", "training.failed", "end"]
    assert frames[1].event["error"] == "CUDA out of memory at step 2"
    job = await client.job(job_id)
    assert (job["status"], job["error"]) == ("failed", "CUDA out of memory at step 2")


async def test_unknown_jobs_and_routes_get_a_sentence(client: Client) -> None:
    assert await client.get(f"/v1/jobs/{ID}") == (404, {"error": "There is no such job here."})
    assert await client.post(f"/v1/jobs/{ID}/cancel") == (404, {"error": "There is no such job here."})
    assert await client.get(f"/v1/jobs/{ID}/events/stream") == (410, {"error": "There is no such job here."})
    assert await client.get("/v2") == (404, {"error": "There is no such route."})
    status, answer = await client.call("DELETE", "/v1/jobs")
    assert (status, answer) == (405, {"error": "This route does not take that method."})
    for path in ("/v1/endpoints", f"/v1/endpoints/{ID}/keys"):
        status, answer = await client.get(path)
        assert status == 501
        assert "does not deploy" in answer["error"]


async def test_another_project_than_ours_is_refused(client: Client) -> None:
    status, answer = await client.get("/v1/jobs?orgSlug=acme&projectSlug=local")
    assert status == 403
    assert "local" in answer["error"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"config": {"model": "fake"}}, "The job needs a name."),
        ({"name": "\u0000\n", "config": {}}, "The job needs a name."),
        ({"name": "x" * 201, "config": {}}, "The job's name is longer than 200 characters."),
        ({"name": "x", "config": []}, "The job needs a config object."),
        ({"name": "x", "config": {}}, "A model is needed. Known models: fake, mute."),
        ({"name": "x", "config": {"model": "../x"}}, "The model ../x is not known here. Known models: fake, mute."),
        ({"name": "x", "config": {"model": "fake", "maxSteps": "9"}}, "config.maxSteps must be a number."),
        ({"name": "x", "config": {"model": "fake", "maxSteps": True}}, "config.maxSteps must be a number."),
        ([], "The body must be a JSON object."),
    ],
)
async def test_a_job_that_makes_no_sense_is_refused_with_a_sentence(client: Client, body: Any, sentence: str) -> None:
    assert await client.post("/v1/jobs", body) == (400, {"error": sentence})


@pytest.mark.parametrize(
    "raw",
    [
        '{"name":"x","config":{"learningRate":NaN}}',
        '{"name":"x","config":{"deep":[{"at":1e999}]}}',
        "{",
        "[" * 100_000,
        b"\xff",
    ],
)
async def test_a_body_that_is_not_sound_json_is_refused(client: Client, raw: str | bytes) -> None:
    status, answer = await client.call("POST", "/v1/jobs", data=raw, headers={"Content-Type": "application/json"})
    assert status == 400
    assert "The body" in answer["error"]


async def test_a_body_beyond_the_cap_is_refused(client: Client) -> None:
    status, answer = await client.post("/v1/jobs", {"name": "x", "config": {"pad": "x" * 300_000}})
    assert (status, answer) == (413, {"error": "The body is larger than 256 KiB."})


async def test_a_model_may_have_an_alias_that_its_program_never_hears_of(launch: Launch, place: Place) -> None:
    client = await launch(aliases={"unsloth/gemma-4-E4B-it": "fake"})
    job_id = await client.start(say("training.completed"), model="unsloth/gemma-4-E4B-it")
    assert [frame.name for frame in await client.stream(job_id)] == ["training.completed", "end"]
    assert (await client.job(job_id))["config"]["model"] == "unsloth/gemma-4-E4B-it"
    assert json.loads((place.folder(job_id) / "job.json").read_text())["config"]["model"] == "fake"


async def test_the_program_does_not_see_the_tokens_of_the_bot(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    client = await launch()
    frames = await client.stream(await client.start(("environment", ""), say("training.completed")))
    assert "CUDA_VISIBLE_DEVICES" in frames[0].event["names"]
    assert "SLACK_BOT_TOKEN" not in frames[0].event["names"]


async def test_only_so_many_jobs_run_and_the_others_see_their_place(client: Client, place: Place) -> None:
    first = await client.start(("wait", "go"), say("training.completed"))
    await eventually(lambda: is_status(client, first, "running"))
    second = await client.start(say("training.completed"))
    third = await client.start(say("training.completed"))
    assert [(await client.job(one)).get("queuePosition") for one in (first, second, third)] == [None, 1, 2]
    async with asyncio.timeout(10), client.open_stream(third) as stream:
        assert (await anext(stream)).event == {"queuePosition": 2}
        place.go(first)
        assert [frame.name async for frame in stream if frame.name != "ping"] == ["training.completed", "end"]
    assert (await client.job(second))["status"] == "completed"


async def test_two_jobs_may_run_at_a_time_when_told_so(launch: Launch) -> None:
    client = await launch(concurrency=2)
    ids = [await client.start(("wait", "go")) for _ in range(2)]
    for job_id in ids:
        await eventually(lambda job_id=job_id: is_status(client, job_id, "running"))


async def is_status(client: Client, job_id: str, status: str) -> bool:
    return (await client.job(job_id))["status"] == status
