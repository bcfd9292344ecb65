"""Fixtures: a clock that the test owns, the service on a socket, the client on it, and both sides of the contract."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes.backend import FakeBackend
from fakes.service import END, ORG, PROJECT, TOKEN, FakeService, ping, told

from bot.backend import ServiceClient
from bot.domain.events import CheckpointSaved, Logged, QueueMoved, TrainingCompleted, TrainingStarted
from bot.domain.runs import Numbers
from bot.ports import Backend, Spec

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
    start = [
        QueueMoved(NOW, 1),
        TrainingStarted(NOW, 2),
        Logged(NOW, 1, Numbers(loss=2.5)),
        CheckpointSaved(NOW, 1),
    ]
    end = [Logged(NOW, 2, Numbers(loss=2.0)), TrainingCompleted(NOW, 1)]

    def spec(live: bool) -> Spec:
        backend.script, backend.live = ([*start] if live else [*start, *end]), live
        return Spec("support-bot", {"model": "tiny"})

    return Side(backend, clock, spec)


@pytest.fixture(params=["client", "memory"])
def side(request: pytest.FixtureRequest, clock: OwnClock) -> Side:
    """Every implementation of the port. Another one needs a branch here and nothing in the contract."""
    if request.param == "memory":
        return of_memory(clock)
    return of_client(request.getfixturevalue("service"), request.getfixturevalue("client"), clock)
