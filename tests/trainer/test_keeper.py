"""How jobs end, and what survives a kill: real processes, real signals."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.trainer import folder as files
from bot.trainer.jobs import Jobs
from bot.trainer.orphans import end_orphan, start_stamp
from bot.trainer.queue import Queue
from bot.trainer.runners.local import LocalRunner
from bot.trainer.service import Program, count_jobs, stop_jobs
from tests.trainer.conftest import Client, Launch, Place, eventually, running, say, until

Alone = Callable[[], Awaitable[tuple[Client, asyncio.subprocess.Process]]]
WAITING = (say("training.started"), say("training.log", step=10, loss=2.0), ("wait", "go"), say("training.completed"))


async def ended(client: Client, job_id: str) -> dict[str, Any]:
    """The last event before `end`."""
    frames = await client.stream(job_id)
    assert frames[-1].name == "end"
    assert [frame.name for frame in frames].count("training.failed") == 1
    assert [frame.id for frame in frames[:-1]] == [f"{number}" for number in range(1, len(frames))]
    return frames[-2].event


def pid_of(place: Place, job_id: str, name: str) -> Any:
    return (files.read_json(place.folder(job_id) / name) or {}).get("pid")


async def begun(place: Place, job_id: str) -> int:
    """Wait until the program has printed its first events; its process id."""
    await until(lambda: files.size(place.folder(job_id) / files.EVENTS) > 100)
    pid = await until(lambda: pid_of(place, job_id, files.PROGRAM))
    assert isinstance(pid, int)
    return pid


async def test_an_exit_code_becomes_a_failure_with_the_last_words_of_the_log(client: Client) -> None:
    noise = "\n".join(f"line {number}" for number in range(40))
    words = "\x1b[31mRuntimeError:\x1b[0m CUDA out\tof memory\x07"
    job_id = await client.start(say("training.log", step=20), ("log", noise), ("log", words), ("exit", 3))
    event = await ended(client, job_id)
    sentence = "The training program ended with exit code 3: RuntimeError: CUDA out of memory"
    assert (event["error"], event["step"], event["jobId"]) == (sentence, 20, job_id)
    assert len(event["logTail"]) == 20
    assert event["logTail"][-2:] == ["line 39", "RuntimeError: CUDA out of memory"]
    job = await client.job(job_id)
    assert (job["status"], job["error"], job["completedAt"]) == ("failed", sentence, event["timestamp"])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "was killed by SIGKILL (perhaps out of memory)"),
        (signal.SIGSEGV, "was killed by SIGSEGV (a crash in native code)"),
    ],
)
async def test_a_signal_is_told_in_plain_words(client: Client, number: signal.Signals, words: str) -> None:
    event = await ended(client, await client.start(("kill", int(number))))
    assert event["error"] == f"The training program {words}."
    assert "step" not in event


async def test_a_program_that_never_says_completed_has_failed(client: Client) -> None:
    event = await ended(client, await client.start(say("training.started")))
    assert event["error"] == "The training program ended with exit code 0, but never said that it had completed."


async def test_a_program_that_is_not_there_is_told_as_such(launch: Launch) -> None:
    client = await launch(programs={"fake": Program(("/no/such/program",))})
    event = await ended(client, await client.start())
    assert event["error"].startswith("The training program could not be started: ")
    assert "/no/such/program" in event["error"]


async def test_what_a_program_says_after_its_end_is_not_told(client: Client) -> None:
    job_id = await client.start(say("training.completed"), say("training.log", step=1), say("training.failed"))
    assert [frame.name for frame in await client.stream(job_id)] == ["training.completed", "end"]
    await eventually(lambda: over(client, job_id))
    assert [frame.name for frame in await client.stream(job_id)] == ["training.completed", "end"]


async def over(client: Client, job_id: str) -> bool:
    return (await client.job(job_id))["completedAt"] is not None


async def test_a_torn_last_line_is_not_there_and_the_end_takes_its_number(client: Client) -> None:
    job_id = await client.start(say("training.started"), ("raw", '{"type":"training.completed"'), ("exit", 1))
    frames = await client.stream(job_id)
    assert [(frame.name, frame.id) for frame in frames] == [
        ("training.started", "1"),
        ("training.failed", "2"),
        ("end", None),
    ]


async def test_a_line_in_two_halves_is_told_once_it_is_whole(client: Client, place: Place) -> None:
    job_id = await client.start(
        ("raw", '{"type":"training.log","step":1}\n{"type":"training.'),
        ("wait", "go"),
        ("raw", 'log","step":2}\n'),
        say("training.completed"),
    )
    async with asyncio.timeout(10), client.open_stream(job_id) as stream:
        steps = []
        async for frame in stream:
            if frame.name == "training.log":
                steps.append(frame.event["step"])
                place.go(job_id)
    assert steps == [1, 2]


async def test_lines_that_are_no_events_keep_their_numbers(client: Client) -> None:
    lines = ["hello", "[1]", "null", '{"type":7}', '{"type":"end"}', '{"type":"a\\nb"}', '{"step":1}', ""]
    raw = "".join(f"{line}\n" for line in lines)
    job_id = await client.start(("raw", raw), ("long", 20), ("raw", "ÿ\n"), say("training.completed"))
    frames = await client.stream(job_id)
    assert [(frame.name, frame.id) for frame in frames] == [("training.completed", "11"), ("end", None)]


async def test_a_loss_that_is_no_number_becomes_null_and_is_named(client: Client) -> None:
    job_id = await client.start(
        ("raw", '{"type":"training.log","step":1,"loss":NaN,"learningRate":1e999,"deep":{"x":-Infinity}}\n'),
        say("training.completed"),
    )
    event = (await client.stream(job_id))[0].event
    assert (event["loss"], event["learningRate"], event["deep"]) == (None, None, {"x": None})
    assert event["nonFinite"] == ["loss", "learningRate"]


async def test_a_killed_service_leaves_the_training_running_and_the_next_one_goes_on(
    alone: Alone, place: Place
) -> None:
    client, process = await alone()
    job_id = await client.start(*WAITING)
    queued = [await client.start(say("training.completed")) for _ in range(2)]
    program = await begun(place, job_id)
    before = []
    async with asyncio.timeout(10), client.open_stream(job_id) as stream:
        async for frame in stream:
            if frame.name != "ping":
                before.append(frame)
            if len(before) == 2:
                break
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert start_stamp(program)
    assert count_jobs(place.data).running == 1
    client, _ = await alone()
    assert (await client.job(job_id))["status"] == "running"
    assert [(await client.job(one))["queuePosition"] for one in queued] == [1, 2]
    place.go(job_id)
    rest = await client.stream(job_id, after="2")
    assert [(frame.name, frame.id) for frame in rest] == [("training.completed", "3"), ("end", None)]
    assert await client.stream(job_id) == before + rest
    for one in queued:
        assert [frame.name for frame in await client.stream(one)] == ["training.completed", "end"]


async def test_a_training_that_ends_while_no_service_runs_is_told_the_same_for_ever(place: Place) -> None:
    async with running(place.options()) as client:
        job_id = await client.start(*WAITING[:3], ("log", "no space left"), ("exit", 7))
        await begun(place, job_id)
    place.go(job_id)
    await until((place.folder(job_id) / files.EXIT).exists)
    told = []
    for _ in range(2):
        async with running(place.options()) as client:
            told.append((await client.stream(job_id), await client.job(job_id)))
    assert told[0] == told[1]
    assert told[0][0][-2].event["error"] == "The training program ended with exit code 7: no space left"


async def test_a_killed_training_program_is_a_failure_that_says_so(client: Client, place: Place) -> None:
    job_id = await client.start(*WAITING)
    os.kill(await begun(place, job_id), signal.SIGKILL)
    event = await ended(client, job_id)
    assert (event["step"], event["error"]) == (
        10,
        "The training program was killed by SIGKILL (perhaps out of memory).",
    )


@pytest.mark.parametrize("outlives", [False, True])
async def test_a_killed_keeper_fails_the_job_and_ends_its_program(client: Client, place: Place, outlives: bool) -> None:
    play = [("outlive", "") if outlives else ("log", ""), *WAITING]
    job_id = await client.start(*play)
    program = await begun(place, job_id)
    os.kill(pid_of(place, job_id, files.KEEPER), signal.SIGKILL)
    event = await ended(client, job_id)
    assert event["error"] == (
        "The training was cut off: the process that kept watch over it was killed, or the computer restarted. "
        "It cannot go on; start the run again."
    )
    assert event["step"] == 10
    await until(lambda: not start_stamp(program))
    assert await client.stream(job_id) == await client.stream(job_id)


async def test_a_keeper_that_was_killed_while_no_service_ran_is_settled_at_the_next_start(place: Place) -> None:
    async with running(place.options()) as client:
        job_id = await client.start(("outlive", ""), *WAITING)
        program = await begun(place, job_id)
    os.kill(pid_of(place, job_id, files.KEEPER), signal.SIGKILL)
    await until(lambda: not files.held(place.folder(job_id) / files.KEEPER_LOCK))
    assert start_stamp(program)
    async with running(place.options()) as client:
        assert "was killed" in (await ended(client, job_id))["error"]
    assert not start_stamp(program)


async def test_a_recorded_process_that_is_not_ours_is_left_alone(place: Place) -> None:
    async with running(place.options()) as client:
        job_id = await client.start(*WAITING)
        await begun(place, job_id)
    os.kill(pid_of(place, job_id, files.KEEPER), signal.SIGKILL)
    stranger = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE, process_group=0
    )
    record = {"pid": stranger.pid, "start": "another time"}
    files.write_json(place.folder(job_id) / files.PROGRAM, record)
    async with running(place.options()) as client:
        assert "was killed" in (await ended(client, job_id))["error"]
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_what_holds_the_lock_of_a_program_is_found_without_any_record(tmp_path: Path) -> None:
    lock = files.take(tmp_path / files.PROGRAM_LOCK)
    assert lock is not None
    orphan = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE, pass_fds=(lock,)
    )
    os.close(lock)
    assert await asyncio.to_thread(end_orphan, tmp_path) == ""
    assert await asyncio.wait_for(orphan.wait(), 5) == -signal.SIGKILL


async def test_a_job_whose_folder_was_removed_is_gone(client: Client, place: Place, whole: list[Any]) -> None:
    job_id = await client.start(*whole)
    await client.stream(job_id)
    await until(lambda: not files.held(place.folder(job_id) / files.KEEPER_LOCK))
    shutil.rmtree(place.folder(job_id))
    assert await client.get("/v1/jobs") == (200, {"jobs": []})
    assert (await client.get(f"/v1/jobs/{job_id}"))[0] == 404
    assert (await client.get(f"/v1/jobs/{job_id}/events/stream"))[0] == 410


async def test_a_keeper_that_is_told_to_stop_ends_the_training_and_says_so(client: Client, place: Place) -> None:
    job_id = await client.start(*WAITING)
    await begun(place, job_id)
    os.kill(pid_of(place, job_id, files.KEEPER), signal.SIGTERM)
    assert "was told to stop" in (await ended(client, job_id))["error"]


async def test_a_job_is_never_started_twice(client: Client, place: Place) -> None:
    job_id = await client.start(*WAITING)
    program = await begun(place, job_id)
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.trainer.keeper", str(place.folder(job_id)), cwd=Path(__file__).parents[2]
    )
    assert await asyncio.wait_for(second.wait(), 10) == 1
    assert pid_of(place, job_id, files.PROGRAM) == program
    place.go(job_id)
    assert [frame.name for frame in await client.stream(job_id)][-2:] == ["training.completed", "end"]


@pytest.mark.parametrize("manner", ["log", "stubborn", "confess"])
async def test_a_cancel_ends_the_stream_without_a_terminal_event(client: Client, place: Place, manner: str) -> None:
    job_id = await client.start((manner, ""), *WAITING)
    program = await begun(place, job_id)
    names = []
    async with asyncio.timeout(10), client.open_stream(job_id) as stream:
        async for frame in stream:
            names.append(frame.name)
            if frame.name == "training.log":
                assert await client.post(f"/v1/jobs/{job_id}/cancel") == (200, {"ok": True})
    assert [name for name in names if name != "ping"] == ["training.started", "training.log", "end"]
    job = await client.job(job_id)
    assert (job["status"], job["error"]) == ("cancelled", None)
    assert job["completedAt"]
    assert not start_stamp(program)
    again = await client.post(f"/v1/jobs/{job_id}/cancel")
    assert again == (409, {"error": "The job is already cancelled."})


async def test_a_waiting_job_is_cancelled_at_once_and_never_runs(client: Client, place: Place) -> None:
    first = await client.start(*WAITING)
    await begun(place, first)
    second = await client.start(say("training.completed"))
    assert await client.post(f"/v1/jobs/{second}/cancel") == (200, {"ok": True})
    assert (await client.job(second))["status"] == "cancelled"
    assert [frame.name for frame in await client.stream(second)] == ["end"]
    place.go(first)
    await client.stream(first)
    assert not (place.folder(second) / files.KEEPER).exists()


async def test_a_completed_job_cannot_be_cancelled(client: Client, whole: list[Any]) -> None:
    job_id = await client.start(*whole)
    await client.stream(job_id)
    assert await client.post(f"/v1/jobs/{job_id}/cancel") == (409, {"error": "The job is already completed."})
    assert (await client.job(job_id))["status"] == "completed"


async def test_all_jobs_can_be_stopped_with_and_without_a_service(place: Place) -> None:
    async with running(place.options()) as client:
        ids = [await client.start(*WAITING) for _ in range(3)]
        await begun(place, ids[0])
        living = count_jobs(place.data)
        assert (living.running, living.queued) == (1, 2)
    assert await stop_jobs(place.data, patience=10) == 3
    living = count_jobs(place.data)
    assert (living.running, living.queued) == (0, 0)
    async with running(place.options()) as client:
        assert [(await client.job(one))["status"] for one in ids] == ["cancelled"] * 3


async def test_a_queue_that_waits_sees_jobs_that_were_stopped_through_the_folder(client: Client, place: Place) -> None:
    ids = [await client.start(*WAITING) for _ in range(2)]
    await begun(place, ids[0])
    assert await stop_jobs(place.data, patience=10) == 2
    for job_id in ids:
        assert (await client.stream(job_id))[-1].name == "end"
        assert (await client.job(job_id))["status"] == "cancelled"


async def test_streams_close_without_end_when_the_service_stops(client: Client, place: Place) -> None:
    job_id = await client.start(*WAITING)
    await begun(place, job_id)
    async with asyncio.timeout(5), client.open_stream(job_id) as stream:
        assert (await anext(stream)).name == "ping"
        client.stop.set()
        assert "end" not in [frame.name async for frame in stream]
    assert count_jobs(place.data).running == 1


async def test_a_program_that_does_not_leave_after_its_end_makes_room(launch: Launch) -> None:
    client = await launch(linger=0.1)
    first = await client.start(say("training.completed"), ("wait", "never"))
    second = await client.start(say("training.completed"))
    for job_id in (first, second):
        assert [frame.name for frame in await client.stream(job_id)] == ["training.completed", "end"]
        assert (await client.job(job_id))["status"] == "completed"


async def test_the_queue_forgets_the_ends_of_jobs_that_are_over(place: Place) -> None:
    jobs = Jobs(place.data / "jobs")
    jobs.load()
    job = jobs.create({"program": "fake"})
    (job.folder / files.EVENTS).write_text('{"type":"training.completed","timestamp":"2026-08-08T09:00:00.000Z"}\n')
    (job.folder / files.KEEPER).write_text("{}")
    keeper = files.take(job.folder / files.KEEPER_LOCK)
    assert keeper is not None
    queue = Queue(jobs, place.options(), LocalRunner(grace=0.5, withheld=()))
    await queue.adopt()
    turning = asyncio.create_task(queue.run())
    await until(lambda: job.id in queue._told)
    files.write_exit(job.folder, code=0)
    os.close(keeper)
    await until(lambda: not queue.running)
    assert not queue._told
    turning.cancel()
    await asyncio.gather(turning, return_exceptions=True)


async def test_a_full_or_broken_disk_does_not_end_the_queue(
    client: Client, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    first = await client.start(*WAITING)
    await begun(place, first)
    second = await client.start(say("training.completed"))
    (place.folder(second) / files.LAUNCH).mkdir()  # so that it cannot be written
    place.go(first)
    await client.stream(first)
    await until(lambda: "the queue could not go on" in caplog.text)
    assert (await client.job(second))["queuePosition"] == 1
    (place.folder(second) / files.LAUNCH).rmdir()
    assert [frame.name for frame in await client.stream(second)] == ["training.completed", "end"]


async def test_an_end_in_escaped_letters_is_an_end_all_the_same(client: Client) -> None:
    job_id = await client.start(("raw", '{"type":"training\\u002ecompleted","timestamp":"2026-08-08T09:00:00.000Z"}\n'))
    assert [frame.name for frame in await client.stream(job_id)] == ["training.completed", "end"]
    assert (await client.job(job_id))["status"] == "completed"


async def test_a_folder_without_a_whole_job_is_no_job(place: Place) -> None:
    for name, text in {"0b5f3c1e-7a52-4a0e-9d5e-2f6f1c8f2a11": "{", "notes": json.dumps({"id": "notes"})}.items():
        (place.data / "jobs" / name).mkdir(parents=True)
        (place.data / "jobs" / name / "job.json").write_text(text)
    async with running(place.options()) as client:
        assert await client.get("/v1/jobs") == (200, {"jobs": []})
