"""One event: the run, its numbers, its cursor and its effects, together or not at all."""

import sqlite3
from datetime import timedelta

import pytest
from store.made import ADA, HERE, NOW

from bot.domain.events import Event, JobCreated, Logged, TrainingCompleted, TrainingFailed, TrainingStarted
from bot.domain.follows import Follow, OneRun, Wants
from bot.domain.runs import Numbers, Run, State
from bot.store import follows, ingest, outbox, runs


@pytest.fixture
def followed(connection: sqlite3.Connection, run: Run) -> Run:
    follows.add(connection, Follow(HERE, OneRun(run.number), Wants(progress_every=10), ADA, NOW))
    ingest.take(connection, run.number, JobCreated(NOW, "job-1"), NOW)
    return run


def waiting(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT json_extract(effect, '$.effect') AS name FROM outbox ORDER BY id").fetchall()
    return [row["name"] for row in rows]


def test_an_event_brings_its_cursor_its_numbers_and_its_effects(connection: sqlite3.Connection, followed: Run) -> None:
    event = Logged(NOW, 10, Numbers(loss=1.0))
    after = ingest.take(connection, followed.number, event, NOW, cursor="e-1")
    assert after == runs.get(followed.number).on(connection)
    assert after is not None
    assert (after.cursor, after.step, after.state) == ("e-1", 10, State.RUNNING)
    assert [point.step for point in runs.points(followed.number, 9).on(connection)] == [10]
    assert waiting(connection) == ["EditCard", "Announce", "PostProgress"]


def test_without_an_event_only_the_cursor_moves(connection: sqlite3.Connection, followed: Run) -> None:
    before = runs.get(followed.number).on(connection)
    after = ingest.take(connection, followed.number, None, NOW, cursor="e-9")
    assert before is not None
    assert after is not None
    assert {name for name in after.__slots__ if getattr(after, name) != getattr(before, name)} == {"cursor"}
    assert waiting(connection) == ["EditCard"]


def test_without_a_cursor_the_cursor_stays(connection: sqlite3.Connection, followed: Run) -> None:
    ingest.take(connection, followed.number, None, NOW, cursor="e-1")
    after = ingest.take(connection, followed.number, TrainingStarted(NOW), NOW)
    assert after is not None
    assert after.cursor == "e-1"


def test_a_replay_brings_numbers_that_were_missing_and_nothing_else(
    connection: sqlite3.Connection, followed: Run
) -> None:
    story: list[Event] = [TrainingStarted(NOW), Logged(NOW, 10, Numbers(loss=1.0)), Logged(NOW, 20, Numbers(loss=0.5))]
    for event in story:
        ingest.take(connection, followed.number, event, NOW)
    before, effects = runs.get(followed.number).on(connection), waiting(connection)
    for event in story:
        ingest.take(connection, followed.number, event, NOW + timedelta(hours=1))
    ingest.take(connection, followed.number, Logged(NOW, 10, Numbers(eval_loss=2.0)), NOW)
    assert runs.get(followed.number).on(connection) == before
    assert waiting(connection) == effects
    assert runs.points(followed.number, 9).on(connection)[0].numbers == Numbers(loss=1.0, eval_loss=2.0)


@pytest.mark.parametrize("end", [TrainingCompleted(NOW), TrainingFailed(NOW, "broken")])
def test_a_run_that_is_over_takes_no_event_and_no_numbers(
    connection: sqlite3.Connection, followed: Run, end: Event
) -> None:
    ended = ingest.take(connection, followed.number, end, NOW)
    effects = waiting(connection)
    for event in (Logged(NOW, 99, Numbers(loss=1.0)), TrainingFailed(NOW, "again"), TrainingCompleted(NOW)):
        assert ingest.take(connection, followed.number, event, NOW) == ended
    assert runs.points(followed.number, 9).on(connection) == []
    assert waiting(connection) == effects


def test_an_event_of_no_run_is_nothing(connection: sqlite3.Connection) -> None:
    assert ingest.take(connection, 99, TrainingStarted(NOW), NOW) is None
    assert outbox.heads(NOW).on(connection) == []
