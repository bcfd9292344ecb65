"""Which services were seen, which jobs are no runs yet, and what the past of a run tells."""

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
from store.made import ADA, HERE, NOW, RECIPE

from bot.domain.events import (
    CheckpointSaved,
    JobCreated,
    Logged,
    StreamEvent,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from bot.domain.follows import Everything, Follow, Mute, Wants
from bot.domain.runs import Numbers, Origin, Run, State
from bot.store import follows, history, ingest, runs, services

START, END = NOW + timedelta(seconds=1), NOW + timedelta(hours=1)
STORY: list[StreamEvent] = [
    TrainingStarted(START, total_steps=20),
    Logged(NOW + timedelta(seconds=10), 10, Numbers(loss=1.0)),
    CheckpointSaved(NOW + timedelta(seconds=11), 10),
]


@pytest.fixture
def past(connection: sqlite3.Connection) -> Run:
    return runs.add(
        connection,
        lambda number: Run(
            number, RECIPE, HERE, ADA, NOW, State.FAILED,
            origin=Origin.HISTORY, job_id="old", started_at=NOW, ended_at=NOW, error="the list said so",
        ),
    )  # fmt: skip


def stored(connection: sqlite3.Connection, run: Run) -> Run:
    found = runs.get(run.number).on(connection)
    assert found is not None
    return found


def effects(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM outbox").fetchone()[0])


def test_a_service_is_seen_once_and_its_first_time_stays(connection: sqlite3.Connection) -> None:
    assert services.seen("a").on(connection) is False
    services.see(connection, "a", NOW)
    services.see(connection, "a", END)
    assert services.seen("a").on(connection) is True
    assert services.seen("b").on(connection) is False
    assert connection.execute("SELECT seen_at FROM services").fetchall()[0][0] == NOW.timestamp()


def test_the_jobs_that_no_run_has_are_found_in_one_query_however_many_they_are(
    connection: sqlite3.Connection, run: Run
) -> None:
    ingest.take(connection, run.number, JobCreated(NOW, "job-7"), NOW)
    many = [f"job-{number}" for number in range(5000)] + ['"; DROP TABLE runs', "ü"]
    assert services.unknown(many).on(connection) == frozenset(many) - {"job-7"}
    assert services.unknown([]).on(connection) == frozenset()


def test_the_past_brings_numbers_checkpoints_and_the_end_and_causes_nothing(
    connection: sqlite3.Connection, past: Run
) -> None:
    follows.add(connection, Follow(HERE, Everything(), Wants(progress_every=1), ADA, NOW))
    history.replay(connection, past.number, [*STORY, TrainingFailed(END, "out of memory", 12, ("last line",))])
    run = stored(connection, past)
    assert (run.state, run.error, run.log_tail, run.ended_at) == (State.FAILED, "out of memory", ("last line",), END)
    assert (run.started_at, run.step, run.total_steps, run.checkpoints, run.sampled) == (START, 12, 20, (10,), ())
    assert [point.step for point in runs.points(run.number, 9).on(connection)] == [10]
    assert effects(connection) == 0


def test_a_past_whose_stream_has_no_end_keeps_the_end_that_the_list_told(
    connection: sqlite3.Connection, past: Run
) -> None:
    history.replay(connection, past.number, STORY)
    run = stored(connection, past)
    assert (run.state, run.error, run.started_at) == (State.FAILED, "the list said so", START)
    assert run.ended_at == NOW + timedelta(seconds=11), "it cannot have ended before it was last heard"


def test_the_past_can_be_taken_in_by_parts_and_again_from_the_beginning(
    connection: sqlite3.Connection, past: Run
) -> None:
    whole = [*STORY, TrainingCompleted(END, artifacts=3)]
    history.replay(connection, past.number, whole[:2])
    history.replay(connection, past.number, whole)
    for event in whole:
        history.replay(connection, past.number, [event])
    run = stored(connection, past)
    assert (run.state, run.artifacts, run.started_at, run.ended_at) == (State.COMPLETED, 3, START, END)
    assert (run.checkpoints, run.error) == ((10,), None)
    assert history.unheard().on(connection) == [past.number]


def test_what_was_heard_to_its_end_is_not_read_again(connection: sqlite3.Connection, past: Run) -> None:
    history.replay(connection, past.number, STORY)
    history.close(connection, past.number, replace(RECIPE, model="told by the job"))
    assert history.unheard().on(connection) == []
    before = stored(connection, past)
    history.replay(connection, past.number, [TrainingCompleted(END)])
    history.close(connection, past.number, None)
    assert stored(connection, past) == before
    assert before.recipe.model == "told by the job"


def test_only_the_past_is_taken_in_this_way_the_newest_first(
    connection: sqlite3.Connection, past: Run, run: Run
) -> None:
    history.replay(connection, run.number, STORY)
    history.close(connection, run.number, None)
    history.replay(connection, 99, STORY)
    assert stored(connection, run) == run
    later = runs.add(connection, lambda number: replace(past, number=number, job_id="older"))
    assert history.unheard().on(connection) == [later.number, past.number]


def test_a_run_without_wants_of_its_home_is_told_to_those_who_follow_it_anyway(connection: sqlite3.Connection) -> None:
    follows.add(connection, Follow(HERE, Everything(), Wants(), ADA, NOW))
    run = runs.add(
        connection,
        lambda number: Run(number, RECIPE, HERE, ADA, NOW, State.QUEUED, origin=Origin.OUTSIDE, job_id="job-1"),
    )
    ingest.begin(connection, run, None, NOW, alone=False)
    assert len(follows.of_run(run).on(connection)) == 1
    assert effects(connection) == 1


@pytest.mark.parametrize(("origin", "cards"), [(Origin.CHAT, 1), (Origin.OUTSIDE, 0)])
def test_a_muted_home_gets_the_card_of_what_was_asked_for_there_alone(
    connection: sqlite3.Connection, origin: Origin, cards: int
) -> None:
    follows.mute(connection, HERE, Mute(0, None, ADA), NOW)
    run = runs.add(
        connection, lambda number: Run(number, RECIPE, HERE, ADA, NOW, State.QUEUED, origin=origin, job_id="job-1")
    )
    ingest.begin(connection, run, Wants(), NOW, alone=False)
    assert effects(connection) == cards
