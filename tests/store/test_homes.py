"""Whether a run's home is private, before and after that was kept; and which of many runs a viewer sees."""

import sqlite3
from dataclasses import replace

from store.made import ADA, GRACE, HERE, NOW, RECIPE, THERE

from bot.domain.runs import Run, Viewer
from bot.store import listing, people, runs
from bot.store.database import migrate, migrations

_BEFORE = 4  # migrations until then


def old(connection: sqlite3.Connection, home: str, private: int) -> None:
    connection.execute(
        "INSERT INTO runs (name, recipe, home, starter, private, changes, state, requested_at, step, numbers, "
        "checkpoints, sampled, log_tail) VALUES ('a', '{}', ?, 'p', ?, '[]', 'running', 0, 0, '[]', '[]', '[]', '[]')",
        (home, private),
    )


def test_the_homes_of_runs_that_were_private_once_are_taken_for_private() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, migrations()[:_BEFORE])
    connection.execute("INSERT INTO people VALUES ('p', 'P', 0, 0)")
    for home, private in (("closed", 1), ("closed", 0), ("open", 0)):
        old(connection, home, private)
    migrate(connection, migrations())
    found = connection.execute("SELECT home, home_private FROM runs ORDER BY number").fetchall()
    assert [tuple(row) for row in found] == [("closed", 1), ("closed", 1), ("open", 0)]
    connection.close()


def test_a_home_stays_private_and_what_a_run_came_from_can_be_taken_away(connection: sqlite3.Connection) -> None:
    people.see(connection, ADA, NOW)
    made = Run(0, RECIPE, HERE, ADA, NOW, private=True, home_private=True, changes=("a=1 (was 2)",))
    first = runs.add(connection, lambda number: replace(made, number=number))
    second = runs.add(connection, lambda number: replace(made, number=number, parent=first.number))
    shared = replace(second, private=False, parent=None, changes=("a=1",))
    runs.save(connection, shared)
    assert runs.get(2).on(connection) == shared
    assert not shared.opens_from(THERE)
    assert shared.opens_from(HERE)


def test_numbers_are_those_of_the_runs_that_are_seen_and_their_rows_read_as_runs(
    connection: sqlite3.Connection,
) -> None:
    for person in (ADA, GRACE):
        people.see(connection, person, NOW)
    for private in (False, True, False):
        runs.add(connection, lambda number, private=private: Run(number, RECIPE, HERE, ADA, NOW, private=private))
    for viewer, seen in (
        (Viewer(ADA, THERE), [3, 2, 1]),
        (Viewer(GRACE, THERE), [3, 1]),
        (Viewer(GRACE, HERE), [3, 2, 1]),
    ):
        assert listing.numbers(viewer).on(connection) == seen
        assert listing.seen(viewer, [0, 1, 2, 9]).on(connection) == set(seen) & {1, 2}
    assert runs.read_all(runs.rows([1, 3, 9]).on(connection)) == [runs.get(number).on(connection) for number in (3, 1)]
