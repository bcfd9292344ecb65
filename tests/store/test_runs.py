"""Runs read back as they were written, their numbers thinned, their samples kept."""

import math
import sqlite3
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from store.made import ADA, GRACE, HERE, NOW, RECIPE, THERE

from bot.domain.runs import Condition, Numbers, Run, Sample, State
from bot.store import people, runs

FULL = {
    "state": State.FAILED,
    "job_id": "job/ä",
    "cursor": "1700000000-evt-42",
    "queue_position": 3,
    "started_at": NOW + timedelta(microseconds=1),
    "ended_at": NOW + timedelta(days=2),
    "heard_at": NOW + timedelta(days=1),
    "step": 2**40,
    "total_steps": 2**41,
    "numbers": Numbers(1.5, None, 2e-5, 0.1, 11.0),
    "checkpoints": (10, 20),
    "sampled": (10,),
    "condition": Condition.SILENT,
    "cancel_by": GRACE,
    "error": "out of memory\n<!here>",
    "log_tail": ("line 1", "line 2"),
    "artifacts": 2,
}


def another(connection: sqlite3.Connection, **facts: object) -> Run:
    make = {"recipe": RECIPE, "home": HERE, "starter": ADA, "requested_at": NOW, **facts}
    return runs.add(connection, lambda number: Run(number=number, **make))  # type: ignore[arg-type]


def test_a_run_reads_back_as_it_was_written(connection: sqlite3.Connection, run: Run) -> None:
    assert runs.get(run.number).on(connection) == run
    people.see(connection, GRACE, NOW)
    changed = replace(run, **FULL)  # type: ignore[arg-type]
    runs.save(connection, changed)
    found = runs.get(run.number).on(connection)
    assert found == changed
    assert found is not None
    assert (found.starter.name, found.cancel_by.name if found.cancel_by else None) == ("Ada", "Grace")
    assert runs.get(99).on(connection) is None


def test_a_number_is_given_once_also_after_a_rollback_and_a_deletion(connection: sqlite3.Connection) -> None:
    first = another(connection)
    second = another(connection)
    connection.execute("DELETE FROM runs WHERE number = ?", (second.number,))
    assert another(connection).number == first.number + 2


def test_a_job_belongs_to_one_run(connection: sqlite3.Connection, run: Run) -> None:
    runs.save(connection, replace(run, job_id="job-1"))
    other = another(connection)
    with pytest.raises(sqlite3.IntegrityError):
        runs.save(connection, replace(other, job_id="job-1"))


def test_the_live_runs_are_those_that_are_not_over_the_oldest_first(connection: sqlite3.Connection, run: Run) -> None:
    another(connection, state=State.COMPLETED)
    there = another(connection, home=THERE, recipe=replace(RECIPE, name="other"))
    assert [one.number for one in runs.live().on(connection)] == [run.number, there.number]


@pytest.mark.parametrize("state", [state for state in State if state.final])
def test_no_final_run_is_live(connection: sqlite3.Connection, run: Run, state: State) -> None:
    runs.save(connection, replace(run, state=state))
    assert runs.live().on(connection) == []


def test_a_later_number_that_is_not_null_wins(connection: sqlite3.Connection, run: Run) -> None:
    for numbers in (Numbers(loss=2.0, rate=5.0), Numbers(eval_loss=1.0), Numbers(loss=1.0), Numbers()):
        runs.record(connection, run.number, 10, numbers)
    runs.record(connection, run.number, 11, Numbers())
    (point,) = runs.points(run.number, 100).on(connection)
    assert (point.step, point.numbers) == (10, Numbers(loss=1.0, eval_loss=1.0, rate=5.0))


def test_a_hundred_thousand_points_are_thinned_quickly_and_keep_the_last_of_each_curve(
    connection: sqlite3.Connection, run: Run
) -> None:
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO metrics VALUES (?, ?, ?, ?, NULL, NULL, NULL)",
        ((run.number, step, math.exp(-step / 1e4), 1.0 if step % 777 == 0 else None) for step in range(1, 100_001)),
    )
    connection.execute("COMMIT")
    begun = time.perf_counter()
    points = runs.points(run.number, 60).on(connection)
    took = time.perf_counter() - begun
    assert took < 2.0
    losses = [point for point in points if point.numbers.loss is not None]
    evaluated = [point for point in points if point.numbers.eval_loss is not None]
    assert 60 <= len(points) <= 125
    assert (losses[-1].step, evaluated[-1].step) == (100_000, 777 * (100_000 // 777))
    assert [point.step for point in points] == sorted({point.step for point in points})


def test_few_points_are_not_thinned(connection: sqlite3.Connection, run: Run) -> None:
    assert runs.points(run.number, 60).on(connection) == []
    for step in range(0, 60, 3):
        runs.record(connection, run.number, step, Numbers(loss=float(step)))
    assert [point.step for point in runs.points(run.number, 60).on(connection)] == list(range(0, 60, 3))


def test_the_numbers_at_a_step_are_its_own_or_the_last_before_it(connection: sqlite3.Connection, run: Run) -> None:
    for step in (10, 20):
        runs.record(connection, run.number, step, Numbers(loss=float(step)))
    found = [runs.numbers_at(run.number, step).on(connection) for step in (9, 10, 19, 20, 99)]
    assert [one.loss if one else None for one in found] == [None, 10, 10, 20, 20]


def test_what_was_drawn_first_stays(connection: sqlite3.Connection, run: Run) -> None:
    first = Sample(run.number, 10, 1, "first")
    for sample in (first, Sample(run.number, 10, 1, "second"), Sample(run.number, 10, 1, None, "broken")):
        runs.add_sample(connection, sample, NOW)
    before = Sample(run.number, 10, 0, None, "broken")
    runs.add_sample(connection, before, NOW)
    assert runs.samples(run.number).on(connection) == [before, first]
