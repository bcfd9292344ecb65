"""What a message about one run, or about several, shows; read together."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from store.made import ADA, GRACE, HERE, NOW, RECIPE

from bot.domain.places import PostRef
from bot.domain.ratings import Tally
from bot.domain.runs import Numbers, Run, Sample
from bot.store import people, posts, runs, views
from bot.store.database import Database
from bot.store.posts import Post


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "bot.db")
    yield database
    await database.close()


async def begun(db: Database) -> int:
    await db.write(lambda connection: people.see(connection, ADA, NOW))
    run = await db.write(
        lambda connection: runs.add(
            connection, lambda number: Run(number=number, recipe=RECIPE, home=HERE, starter=ADA, requested_at=NOW)
        )
    )
    return run.number


async def test_a_view_has_the_curve_and_the_votes_by_step(db: Database) -> None:
    number = await begun(db)

    def fill(connection: object) -> None:
        for step in range(1, 1001):
            runs.record(connection, number, step, Numbers(loss=1.0))  # type: ignore[arg-type]
        for prompt in (0, 1):
            ref = PostRef(HERE, str(prompt + 1))
            posts.add(connection, Post(f"sample-{prompt}", number, ref, 10, prompt), NOW)  # type: ignore[arg-type]
            posts.react(connection, ref, ADA, "👍", added=True)  # type: ignore[arg-type]
        posts.react(connection, PostRef(HERE, "2"), GRACE, "👎", added=True)  # type: ignore[arg-type]

    await db.write(fill)
    view = await views.of_run(db, number)
    assert view is not None
    assert len(view.points) <= views.CARD_POINTS + 1
    assert view.votes == {(10, 0): Tally(1, 0), (10, 1): Tally(1, 1)}
    assert view.by_step == {10: Tally(2, 1)}
    whole = await views.of_run(db, number, 5000)
    assert whole is not None
    assert len(whole.points) == 1000


async def test_a_run_that_is_not_there_has_no_view(db: Database) -> None:
    assert await views.of_run(db, 99) is None


async def test_a_sample_comes_with_the_last_answer_before_it_to_the_same_prompt(db: Database) -> None:
    number = await begun(db)
    drawn = [
        Sample(number, 0, 0, "base"),
        Sample(number, 10, 0, None, "broken"),
        Sample(number, 20, 0, "later"),
        Sample(number, 10, 1, "another prompt"),
        Sample(number, 30, 0, "too late"),
    ]
    for one in drawn:
        await db.write(lambda connection, one=one: runs.add_sample(connection, one, NOW))
    assert await views.sample(db, number, 20, 0) == (drawn[2], drawn[0])
    assert await views.sample(db, number, 10, 0) == (drawn[1], drawn[0])
    assert await views.sample(db, number, 0, 0) == (drawn[0], None)
    assert await views.sample(db, number, 15, 0) == (None, drawn[0])


async def test_the_lowest_losses_and_the_evaluations_come_from_all_numbers(db: Database) -> None:
    number = await begun(db)
    assert await db.read(views.lowest(number)) == views.Lowest(None, None)
    assert await db.read(views.evaluations(number)) == {}

    def fill(connection: sqlite3.Connection) -> None:
        for step in range(1, 1001):
            runs.record(connection, number, step, Numbers(loss=float(abs(step - 700)) + 0.5))
        runs.record(connection, number, 5, Numbers(eval_loss=2.0))
        runs.record(connection, number, 9, Numbers(eval_loss=3.0))

    await db.write(fill)
    assert await db.read(views.lowest(number)) == views.Lowest((700, 0.5), (5, 2.0))
    assert await db.read(views.evaluations(number)) == {5: 2.0, 9: 3.0}


async def test_answers_and_votes_of_several_runs_come_at_once(db: Database) -> None:
    one, two, three = [await begun(db) for _ in range(3)]

    def fill(connection: sqlite3.Connection) -> None:
        for number in (one, two, three):
            runs.add_sample(connection, Sample(number, 10, 0, f"answer {number}"), NOW)
            runs.add_sample(connection, Sample(number, 10, 1, None, "away"), NOW)
            ref = PostRef(HERE, str(number))
            posts.add(connection, Post(f"sample-{number}", number, ref, 10, 0), NOW)
            posts.react(connection, ref, ADA, "👍", added=True)

    await db.write(fill)
    assert [sample.answer for sample in await db.read(views.answers([three, one]))] == ["answer 1", "answer 3"]
    assert await db.read(views.tallies([two])) == {(two, 10, 0): Tally(1, 0)}
    assert await db.read(views.answers([])) == []
    assert await db.read(views.tallies([])) == {}
