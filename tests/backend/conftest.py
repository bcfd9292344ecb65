"""Fixtures: a clock that the test owns, the service on a socket, the client on it, and all sides of the contract."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.backend import FakeBackend
from fakes.parts import END, ping, told
from fakes.service import ORG, PROJECT, TOKEN, FakeService

from bot.backend import ServiceClient
from bot.domain.events import CheckpointSaved, Logged, QueueMoved, StreamEvent, TrainingCompleted, TrainingStarted
from bot.domain.runs import Numbers
from bot.ports import Backend, Spec
from bot.trainer.service import Options, Program, serve, stop_jobs

# Programs for the embedded service: one that trains for a moment, or until it is ended, and one that answers.
TRAIN = """
import json, os, signal
live = json.load(open("job.json"))["config"]["live"]
def say(**event):
    print(json.dumps({"timestamp": "2026-08-08T09:01:12.410Z", **event}), flush=True)
say(type="training.started", metadata={"totalSteps": 2})
say(type="training.log", step=1, loss=2.5)
os.makedirs("checkpoints/step-000001")
say(type="checkpoint.saved", step=1)
if live:
    signal.pause()
say(type="training.log", step=2, loss=2.0)
say(type="training.completed", artifacts=[{}])
"""
ANSWER = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], "text": "billing", "finish_reason": "stop",
                      "prompt_tokens": 1, "completion_tokens": 1}), flush=True)
"""
ROW = '{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]}\n'

NOW = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)


@dataclass
class OwnClock:
    """Moves only when somebody sleeps on it, and then at once."""

    at: datetime = NOW
    slept: list[float] = field(default_factory=list)
    ran: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.ran

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ran += seconds
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Side:
    """An implementation under contract. `spec(live=...)` is one that completes by itself, or one that does not."""

    backend: Backend
    clock: OwnClock
    spec: Callable[[bool], Spec]
    model: str = "tiny"


@pytest.fixture
def clock() -> OwnClock:
    return OwnClock()


@pytest.fixture
async def service() -> AsyncIterator[FakeService]:
    async with FakeService() as running:
        yield running


@pytest.fixture
async def connect(service: FakeService, clock: OwnClock) -> AsyncIterator[Callable[..., ServiceClient]]:
    """Makes clients of the service, or of another address, and closes them."""
    async with AsyncExitStack() as stack:

        def make(url: str = service.url, token: Any = TOKEN, **options: Any) -> ServiceClient:
            options = {"org": ORG, "project": PROJECT, "clock": clock, **options}
            client = ServiceClient(url, token, **options)
            stack.push_async_callback(client.aclose)
            return client

        yield make


@pytest.fixture
def client(connect: Callable[..., ServiceClient]) -> ServiceClient:
    return connect()


def of_client(service: FakeService, client: ServiceClient, clock: OwnClock) -> Side:
    start = [
        ping(queuePosition=1),
        told("1", "training.started", metadata={"totalSteps": 2}),
        told("2", "training.log", step=1, loss=2.5),
        told("3", "checkpoint.saved", step=1),
    ]
    end = [told("4", "training.log", step=2, loss=2.0), told("5", "training.completed", artifacts=[{}]), END]

    def spec(live: bool) -> Spec:
        service.script, service.live = ([*start] if live else [*start, *end]), live
        return Spec("support-bot", {"model": "tiny", "datasetSource": {"type": "file", "name": "tickets.jsonl"}})

    return Side(client, clock, spec)


def of_memory(clock: OwnClock) -> Side:
    backend = FakeBackend(clock=clock)
    start: list[StreamEvent] = [
        QueueMoved(NOW, 1),
        TrainingStarted(NOW, 2),
        Logged(NOW, 1, Numbers(loss=2.5)),
        CheckpointSaved(NOW, 1),
    ]
    end: list[StreamEvent] = [Logged(NOW, 2, Numbers(loss=2.0)), TrainingCompleted(NOW, 1)]

    def spec(live: bool) -> Spec:
        backend.script, backend.live = ([*start] if live else [*start, *end]), live
        return Spec("support-bot", {"model": "tiny"})

    return Side(backend, clock, spec)


@pytest.fixture
async def embedded(tmp_path: Path, clock: OwnClock) -> AsyncIterator[Side]:
    """The embedded service itself, with programs that take no time."""
    for name, text in {"train.py": TRAIN, "answer.py": ANSWER, "tickets.jsonl": ROW}.items():
        (tmp_path / name).write_text(text)
    program = Program((sys.executable, str(tmp_path / "train.py")), (sys.executable, str(tmp_path / "answer.py")))
    data = tmp_path / "data"
    options = Options(data_dir=data, roots=(tmp_path,), programs={"tiny": program}, token=TOKEN, grace=1.0)
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(options, url.set_result, stop))
    await asyncio.wait({serving, url}, return_when=asyncio.FIRST_COMPLETED)

    def spec(live: bool) -> Spec:
        source = {"type": "file", "name": "tickets.jsonl"}
        return Spec("support-bot", {"model": "tiny", "datasetSource": source, "live": live})

    try:
        async with ServiceClient(await url, TOKEN, org="local", project="local", clock=clock) as client:
            yield Side(client, clock, spec)
    finally:
        stop.set()
        await serving
        await stop_jobs(data, patience=5)


@pytest.fixture(params=["client", "memory", "embedded"])
def side(request: pytest.FixtureRequest, clock: OwnClock) -> Side:
    """Every implementation of the port. Another one needs a branch here and nothing in the contract."""
    if request.param == "memory":
        return of_memory(clock)
    if request.param == "embedded":
        running: Side = request.getfixturevalue("embedded")
        return running
    return of_client(request.getfixturevalue("service"), request.getfixturevalue("client"), clock)
