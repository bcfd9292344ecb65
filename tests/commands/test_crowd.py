"""What a question costs the database does not grow with the runs that it is not about."""

import difflib
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import CodeType, FrameType

import pytest
from commands import crowd
from commands.office import ADA, HERE, SUPPORT, Office, opened

from bot.domain.runs import Run
from bot.messages.model import Tone
from bot.store import people, runs

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


def calls_of(code: CodeType) -> tuple[list[int], Callable[[FrameType, str, object], None]]:
    """A count of the calls of one function in the thread that takes the profile."""
    count = [0]

    def profile(frame: FrameType, event: str, _: object) -> None:
        count[0] += event == "call" and frame.f_code is code

    return count, profile


async def test_an_export_of_everything_leaves_the_thread_of_all_others_alone(office: Office) -> None:
    await office.db.write(lambda connection: crowd.fill(connection, office, MANY))
    count, profile = calls_of(runs._run.__code__)
    sys.setprofile(profile)
    try:
        message = await office.ask("votes export all")
    finally:
        sys.setprofile(None)
    assert "answers of 150 runs" in message.summary
    assert count == [0]


@pytest.mark.parametrize("word", ["support-bot-of-nobody", "x" * 3000, "support-bot-" * 200])
async def test_an_unknown_name_is_compared_with_few_of_a_thousand_and_never_at_length(
    office: Office, word: str
) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        people.see(connection, ADA, office.clock.now())
        for index in range(300):
            recipe = replace(SUPPORT, name=f"support-bot-{index}-{'long' * 20}")
            runs.add(connection, lambda number, recipe=recipe: Run(number, recipe, HERE, ADA, office.clock.now()))

    await office.db.write(fill)
    compared, profile = calls_of(difflib.SequenceMatcher.set_seq1.__code__)
    sys.setprofile(profile)
    try:
        assert "There is no run called" in (await office.ask(f"status {word}")).summary
    finally:
        sys.setprofile(None)
    assert compared[0] <= 60
