"""Who and what is in the story of the week: three people, two training services, the recipes of the team."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from fakes.backend import FakeBackend
from fakes.clock import VirtualClock
from week.reading import Seen, titled
from week.team import Somebody, Team

from bot.domain.events import CheckpointSaved, Logged, StreamEvent, TrainingCompleted, TrainingFailed, TrainingStarted
from bot.domain.runs import Numbers

FIRST, SECOND = "first local local", "second local local"  # the services' identities
CONFIG = {"model": "tiny", "datasetSource": {"type": "file", "name": "tickets.jsonl"}, "maxSteps": 100}
RECIPES = {
    "support-bot": """
description = "Sorts support tickets"
model = "tiny"
price_per_hour = 1.5
[dataset]
type = "file"
name = "tickets.jsonl"
[settings]
max_steps = 100
learning_rate = 2e-4
save_steps = 20
[[prompts]]
user = "My parcel is late."
[[prompts]]
user = "I want my money back."
""",
    "nightly": """
description = "What the scheduler trains at night"
model = "tiny"
match = ["nightly*"]
[dataset]
type = "file"
name = "tickets.jsonl"
[notify]
failure = "nobody"
[[prompts]]
user = "Is anybody there?"
""",
    "broken": """
model = "tiny"
[settings]
max_stebs = 100
""",
}


class OtherService(FakeBackend):
    """A service that calls its jobs otherwise, as two real ones would."""

    def _add(self, name: str, key: str, *story: Any) -> str:
        held = self.held.pop(super()._add(name, key, *story))
        held.job = replace(held.job, id=f"other-{len(self.held) + 1}")
        self.held[held.job.id] = held
        return held.job.id


class Cast:
    """Everybody. What happens to a run happens at its job, and is told by the bot that runs then."""

    def __init__(self, team: Team, ada: Somebody, grace: Somebody, linus: Somebody, first: FakeBackend) -> None:
        self.team = team
        self.ada = ada
        self.grace = grace
        self.linus = linus
        self.first = first
        self.second = OtherService(clock=team.clock, live=True)
        self.service: FakeBackend = first
        self.called: list[tuple[str, str, str]] = []  # every call for somebody, as it should be: channel, whom, what

    @classmethod
    async def gather(cls, path: Path) -> "Cast":
        """The people in their room, before any bot runs."""
        folder, clock = path / "recipes", VirtualClock()
        folder.mkdir()
        for name, text in RECIPES.items():
            (folder / f"{name}.toml").write_text(text)
        team = await Team.gather(path / "trainbot.db", folder, clock)
        people = [Somebody(team, name.lower(), name) for name in ("Ada", "Grace", "Linus")]
        return cls(team, *people, FakeBackend(clock=clock, live=True))

    async def happens(self, job: str, *events: StreamEvent) -> None:
        self.service.say(job, *events)
        await self.team.settle()

    async def job(self, number: int) -> str:
        return (await self.team.run(number)).job_id or ""

    async def begins(self, number: int, total: int = 100) -> None:
        await self.happens(await self.job(number), TrainingStarted(self.team.clock.now(), total_steps=total))

    async def reaches(
        self, number: int, step: int, loss: float, eval_loss: float | None = None, *, saves: bool = True
    ) -> None:
        """It is at this step now, and saves a checkpoint."""
        now = self.team.clock.now()
        saved = [CheckpointSaved(now, step)] if saves else []
        await self.happens(await self.job(number), Logged(now, step, Numbers(loss=loss, eval_loss=eval_loss)), *saved)

    async def completes(self, number: int) -> None:
        await self.happens(await self.job(number), TrainingCompleted(self.team.clock.now(), artifacts=1))
        await self.team.later(0.1)

    async def fails(self, number: int, error: str) -> None:
        run = await self.team.run(number)
        failed = TrainingFailed(self.team.clock.now(), error, run.step or None, ("step 1", error))
        await self.happens(await self.job(number), failed)

    async def card(self, title: str, channel: str = "training") -> Seen:
        """The run's card, as Ada sees it."""
        return titled(await self.ada.sees(channel), f"{title} · ")
