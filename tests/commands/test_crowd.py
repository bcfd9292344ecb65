"""What a question costs the database does not grow with the runs that it is not about."""

from pathlib import Path

import pytest
from commands import crowd
from commands.office import opened

from bot.messages.model import Tone

FEW, MANY = 20, 160
STRIDE = 50  # steps of SQLite's machine that are counted as one


async def cost(path: Path, runs: int, text: str) -> int:
    """Steps that the reader's machine takes to answer."""
    async with opened(path) as office:
        await office.db.write(lambda connection: crowd.fill(connection, office, runs))
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        await office.db._reader.set_progress_handler(count, STRIDE)
        if text.endswith("…"):
            assert await office.completed(text.removesuffix("…"))
        else:
            assert (await office.ask(text)).tone is not Tone.ODD
        return steps


@pytest.mark.parametrize(
    "text", ["status #2", "best #2", "samples #2", "samples #2 step=10", "votes #2", "plot #2", "samples #2 step=…"]
)
async def test_a_question_about_one_run_costs_the_same_among_many(tmp_path: Path, text: str) -> None:
    few = await cost(tmp_path / "few.db", FEW, text)
    assert await cost(tmp_path / "many.db", MANY, text) <= few * 1.2 + 2


@pytest.mark.parametrize("text", ["list", "list support by=ada state=failed", "status support-bot", "status …", ""])
async def test_a_question_about_all_runs_walks_through_the_runs_alone(tmp_path: Path, text: str) -> None:
    few = await cost(tmp_path / "few.db", FEW, text)
    many = await cost(tmp_path / "many.db", MANY, text)
    assert many <= few * MANY / FEW * 1.5 + 20
    assert many * STRIDE < MANY * crowd.ROWS, "fewer steps than there are rows of numbers"
