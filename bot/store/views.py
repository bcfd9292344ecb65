"""Everything that a message about one run shows, read together."""

from collections import defaultdict
from dataclasses import dataclass

from bot.domain.ratings import Tally
from bot.domain.runs import Point, Run, Sample
from bot.store import posts, runs
from bot.store.database import Database

CARD_POINTS = 60
PLOT_POINTS = 1000


@dataclass(frozen=True, slots=True)
class View:
    """A run with its curve and its votes; `votes` by step and prompt."""

    run: Run
    points: list[Point]
    votes: dict[tuple[int, int], Tally]

    @property
    def by_step(self) -> dict[int, Tally]:
        """The votes of each step, over its prompts."""
        steps: dict[int, Tally] = defaultdict(Tally)
        for (step, _), one in self.votes.items():
            steps[step] += one
        return dict(steps)


async def of_run(database: Database, number: int, most: int = CARD_POINTS) -> View | None:
    """The run's view with about `most` points; None where there is no such run."""
    run = await database.read(runs.get(number))
    if run is None:
        return None
    return View(run, await database.read(runs.points(number, most)), await database.read(posts.votes(number)))


async def sample(database: Database, run: int, step: int, prompt: int) -> tuple[Sample | None, Sample | None]:
    """The sample of this step and prompt, and the one before it to the same prompt that has an answer."""
    drawn = [one for one in await database.read(runs.samples(run)) if one.prompt == prompt and one.step <= step]
    this = drawn[-1] if drawn and drawn[-1].step == step else None
    earlier = [one for one in drawn if one.step < step and one.answer is not None]
    return this, earlier[-1] if earlier else None
