"""Everything that a message about one run, or about several side by side, shows; read together."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import ratings
from bot.domain.ratings import Tally
from bot.domain.runs import Point, Run, Sample
from bot.store import posts, runs
from bot.store.database import Database, Query

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
    points = await database.read(runs.points(number, most))
    run = await database.read(runs.get(number))  # last: a run that goes on meanwhile is never behind its own curve
    return View(run, points, await database.read(posts.votes(number))) if run is not None else None


async def sample(database: Database, run: int, step: int, prompt: int) -> tuple[Sample | None, Sample | None]:
    """The sample of this step and prompt, and the one before it to the same prompt that has an answer."""
    drawn = [one for one in await database.read(runs.samples(run)) if one.prompt == prompt and one.step <= step]
    this = drawn[-1] if drawn and drawn[-1].step == step else None
    earlier = [one for one in drawn if one.step < step and one.answer is not None]
    return this, earlier[-1] if earlier else None


def evaluations(run: int) -> Query[dict[int, float]]:
    """Every evaluation loss of a run, by step."""
    return Query(
        "SELECT step, eval_loss FROM metrics WHERE run = ? AND eval_loss IS NOT NULL ORDER BY step",
        (run,),
        lambda rows: {row["step"]: row["eval_loss"] for row in rows},
    )


@dataclass(frozen=True, slots=True)
class Lowest:
    """The lowest losses of a run, each with its step; None where there is none."""

    loss: tuple[int, float] | None
    eval_loss: tuple[int, float] | None


def lowest(run: int) -> Query[Lowest]:
    """From all numbers, not only from those that a curve shows. SQLite takes the step from the row of the minimum."""
    return Query(
        "SELECT step, min(loss) AS low FROM metrics WHERE run = :run UNION ALL "
        "SELECT step, min(eval_loss) FROM metrics WHERE run = :run",
        {"run": run},
        lambda rows: Lowest(*((row["step"], row["low"]) if row["low"] is not None else None for row in rows)),
    )


def answers(numbers: Iterable[int]) -> Query[list[Sample]]:
    """Every answer of these runs, by run, step and prompt."""
    return Query(
        "SELECT run, step, prompt, answer, error FROM samples "
        "WHERE run IN (SELECT value FROM json_each(?)) AND answer IS NOT NULL ORDER BY run, step, prompt",
        (json.dumps(list(numbers)),),
        lambda rows: [Sample(*row) for row in rows],
    )


def tallies(numbers: Iterable[int]) -> Query[dict[tuple[int, int, int], Tally]]:
    """The votes on the samples of these runs, by run, step and prompt, over all places they were posted in."""
    return Query(
        "SELECT p.run, p.step, p.prompt, r.person, r.emoji FROM posts p "
        "JOIN reactions r ON r.place = p.place AND r.message = p.message "
        "WHERE p.run IN (SELECT value FROM json_each(?)) AND p.step IS NOT NULL",
        (json.dumps(list(numbers)),),
        _tallied,
    )


def _tallied(rows: list[sqlite3.Row]) -> dict[tuple[int, int, int], Tally]:
    grouped: dict[tuple[int, int, int], list[tuple[str, str]]] = defaultdict(list)
    for run, step, prompt, person, emoji in rows:
        grouped[run, step, prompt].append((person, emoji))
    return {sample: ratings.tally(reactions) for sample, reactions in grouped.items()}
