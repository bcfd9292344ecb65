"""A registry with the real commands on a real database, a chat in memory and a clock that stands still."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fakes.book import FakeBook
from fakes.chat import FakeChat
from fakes.clock import VirtualClock
from messages.made import everything

from bot.commands.catalog import COMMANDS
from bot.commands.desk import Curve, Desk
from bot.commands.registry import Registry
from bot.commands.roles import Standing
from bot.commands.spec import Incoming
from bot.domain.calls import Call
from bot.domain.events import CheckpointSaved, Event, JobCreated, Logged, TrainingCompleted, TrainingStarted
from bot.domain.places import Person, Place, PostRef
from bot.domain.recipes import Prompt, Recipe, RecipeError
from bot.domain.runs import Numbers, Point, Run, Sample
from bot.messages.model import Message, Picture
from bot.store import ingest, posts, runs
from bot.store.database import Database, Query

HERE, ELSEWHERE = Place("fake", "team", "training"), Place("fake", "team", "general")
DIRECT = Place("fake", "team", "@ada")
ADA, GRACE = Person("fake", "team", "ada", "Ada"), Person("fake", "team", "grace", "Grace")
PIXEL = b"\x89PNG\r\n\x1a\n"
SUPPORT = Recipe(
    "support-bot",
    "tiny",
    {"type": "file", "name": "t.jsonl"},
    description="Sorts tickets",
    settings={"max_steps": 20, "learning_rate": 1e-3, "scheduler": "cosine"},
    prompts=(Prompt("question 1"), Prompt("question 2")),
)
TICKETS = replace(SUPPORT, name="tickets", description="", open=("scheduler",))
BROKEN = RecipeError("bad.toml: `model` is missing.")


class QuickDatabase(Database):
    """Need not survive a power cut."""

    synchronous = "OFF"


@dataclass
class Office:
    """What a person in the chat talks to. `ask` is `/train <text>` as a new delivery."""

    registry: Registry
    db: Database
    chat: FakeChat
    clock: VirtualClock
    recipes: dict[str, Recipe | RecipeError]
    woken: list[None]
    deliveries: int = 0
    drawn: list[tuple[str, int]] = field(default_factory=list)
    asked: list[tuple[str, int, str, str, int]] = field(default_factory=list)  # job, step, model, last message, limit
    service: Exception | None = None  # what asking it meets

    def incoming(self, **given: Any) -> Incoming:
        self.deliveries += 1
        return Incoming(**{"id": f"delivery-{self.deliveries}", "person": ADA, "place": HERE} | given)

    async def ask(self, asked: str | Call, **given: Any) -> Message:
        return await self.registry.answer(self.incoming(**given), asked)

    async def text(self, asked: str | Call, **given: Any) -> str:
        return everything(await self.ask(asked, **given))

    async def completed(self, text: str, **given: Any) -> list[str]:
        return [one.value for one in await self.registry.complete(self.incoming(**given), text)]

    async def run(self, number: int) -> Run:
        found = await self.db.read(runs.get(number))
        assert found is not None
        return found

    async def runs(self) -> list[int]:
        return await self.db.read(
            Query("SELECT number FROM runs ORDER BY number", (), lambda rows: [row["number"] for row in rows])
        )

    async def effects(self) -> list[str]:
        """What waits to be done, by kind and run."""
        return await self.db.read(
            Query(
                "SELECT json_extract(effect, '$.effect') || ' ' || run AS what FROM outbox WHERE state = 'waiting' "
                "ORDER BY id",
                (),
                lambda rows: [row["what"] for row in rows],
            )
        )

    async def happen(self, number: int, *events: Event) -> None:
        for event in events:
            await self.db.write(
                lambda connection, event=event: ingest.take(connection, number, event, self.clock.now())
            )

    async def train(self, number: int = 1) -> None:
        """The run gets a job, numbers and a checkpoint."""
        now = self.clock.now()
        await self.happen(
            number,
            JobCreated(now, f"job-{number}"),
            TrainingStarted(now, total_steps=20),
            Logged(now, 10, Numbers(loss=1.5)),
            CheckpointSaved(now, 10),
        )

    async def complete(self, number: int = 1) -> None:
        await self.happen(number, TrainingCompleted(self.clock.now(), artifacts=2))

    async def post(self, number: int, key: str, ref: PostRef, step: int | None = None) -> None:
        prompt = None if step is None else 0
        await self.db.write(
            lambda connection: posts.add(connection, posts.Post(key, number, ref, step, prompt), self.clock.now())
        )

    async def sample(self, number: int, step: int, answer: str) -> None:
        await self.db.write(
            lambda connection: runs.add_sample(connection, Sample(number, step, 0, answer), self.clock.now())
        )


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Office]:
    """An office with two good recipes and a broken one."""
    database = await QuickDatabase.open(path)
    clock, chat, woken = VirtualClock(), FakeChat(), []
    recipes: dict[str, Recipe | RecipeError] = {"support-bot": SUPPORT, "tickets": TICKETS, "bad": BROKEN}

    async def plot(run: Run, points: Sequence[Point]) -> Picture | None:
        office.drawn.append((run.title, len(points)))
        return Picture(PIXEL, f"{run.title}: {len(points)} points") if points else None

    async def plots(curves: Sequence[Curve]) -> Picture | None:
        office.drawn += [(run.title, len(points)) for run, points in curves]
        said = " ".join(f"{run.title}: {len(points)} points." for run, points in curves if points)
        return Picture(PIXEL, said) if said else None

    async def answer(job: str, step: int, model: str, messages: Sequence[Mapping[str, str]], limit: int) -> str:
        office.asked.append((job, step, model, messages[-1]["content"], limit))
        if office.service is not None:
            raise office.service
        return f"{job or model} at {step} says: {messages[-1]['content'].upper()}"

    wake: Callable[[], None] = lambda: woken.append(None)  # noqa: E731 (one line, used once)
    desk = Desk(
        db=database,
        clock=clock,
        chats={"fake": chat},
        book=FakeBook(recipes),
        plot=plot,
        wake=wake,
        plots=plots,
        ask=answer,
    )
    office = Office(Registry(COMMANDS, desk), database, chat, clock, recipes, woken)
    try:
        yield office
    finally:
        await database.close()


GUEST = Standing.GUEST
