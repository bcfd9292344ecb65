"""What an operator sees of the outbox and does about it."""

import sqlite3
from datetime import timedelta

import pytest
from store.made import HERE, NOW, THERE

from bot.domain.effects import Conclude, DrawSample, EditCard, PostLog, PostProgress, PostSample, StartRun
from bot.domain.runs import Run, Sample, State
from bot.store import operator, outbox, runs

AT = NOW.timestamp()


def fill(connection: sqlite3.Connection) -> None:
    """Row 1 waits in a blocked place, row 2 was given up, row 3 waits its turn, row 4 is done."""
    outbox.add(connection, [PostLog(1, HERE), PostLog(1, THERE), DrawSample(1, 0, 0), StartRun(1)], NOW)
    rows = {one.id: one for one in outbox.heads(NOW).on(connection)}
    outbox.give_up(connection, rows[2], "too long", NOW, told=False)
    outbox.postpone(connection, rows[3], NOW + timedelta(hours=1), "busy", arrived=False, counts=True)
    outbox.finish(connection, rows[4], NOW)
    outbox.block(connection, HERE, "archived", NOW)


def listed(connection: sqlite3.Connection) -> list[tuple[int, str, str | None]]:
    return [(one.id, one.state, one.error) for one in operator.entries(AT + 10).on(connection)]


def test_the_list_shows_what_waits_and_what_was_given_up_with_the_reasons(connection: sqlite3.Connection) -> None:
    fill(connection)
    assert listed(connection) == [(1, "blocked", "archived"), (2, "buried", "too long"), (3, "waiting", "busy")]
    first = operator.entries(AT + 10).on(connection)[0]
    assert (first.effect, first.run, first.place, first.age) == ("PostLog", 1, str(HERE), pytest.approx(10))


def test_what_was_given_up_is_listed_so_also_in_a_blocked_place(connection: sqlite3.Connection) -> None:
    fill(connection)
    outbox.block(connection, THERE, "archived", NOW)
    assert listed(connection)[1] == (2, "buried", "too long")


def test_the_counts_are_those_of_the_list(connection: sqlite3.Connection, run: Run) -> None:
    fill(connection)
    assert dict(operator.counts().on(connection)) == {
        "outbox_waiting": 2, "outbox_buried": 1, "places_blocked": 1, "runs_live": 1,
    }  # fmt: skip


def test_a_retry_of_everything_frees_places_and_what_was_given_up(connection: sqlite3.Connection) -> None:
    fill(connection)
    assert operator.retry(connection, None, AT) == 3
    assert listed(connection) == [(1, "waiting", None), (2, "waiting", None), (3, "waiting", None)]
    assert {one.id for one in outbox.heads(NOW).on(connection)} == {1, 2, 3}
    assert {one.attempts for one in outbox.heads(NOW).on(connection)} == {0}


def test_a_retry_of_everything_also_frees_a_place_that_nothing_waits_for(connection: sqlite3.Connection) -> None:
    outbox.block(connection, HERE, "archived", NOW)
    assert operator.retry(connection, None, AT) == 0
    outbox.add(connection, [PostLog(1, HERE)], NOW)
    assert len(outbox.heads(NOW).on(connection)) == 1


def test_a_retry_of_one_row_frees_its_place_and_leaves_the_others(connection: sqlite3.Connection) -> None:
    fill(connection)
    assert operator.retry(connection, 1, AT) == 1
    assert listed(connection) == [(1, "waiting", None), (2, "buried", "too long"), (3, "waiting", "busy")]


def test_a_retry_of_a_row_that_was_given_up_frees_its_place_too(connection: sqlite3.Connection) -> None:
    fill(connection)
    outbox.block(connection, THERE, "archived", NOW)
    assert operator.retry(connection, 2, AT) == 1
    assert [one.id for one in outbox.heads(NOW).on(connection)] == [2]


@pytest.mark.parametrize("number", [4, 99])
def test_what_is_done_or_unknown_is_neither_retried_nor_dropped(connection: sqlite3.Connection, number: int) -> None:
    fill(connection)
    assert operator.retry(connection, number, AT) == 0
    assert not operator.drop(connection, number, NOW)
    assert connection.execute("SELECT state FROM outbox WHERE id = 4").fetchone()["state"] == "done"
    assert [one.id for one in operator.entries(AT).on(connection)] == [1, 2, 3]


def test_a_dropped_row_says_who_dropped_it_and_its_lane_goes_on(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [PostLog(1, HERE), PostSample(1, HERE, 1, 0)], NOW)
    assert operator.drop(connection, 1, NOW)
    assert not operator.drop(connection, 1, NOW)
    row = connection.execute("SELECT state, error FROM outbox WHERE id = 1").fetchone()
    assert tuple(row) == ("done", "Dropped by the operator.")
    assert [number for number, _, _ in listed(connection)] == [2]
    assert [one.id for one in outbox.heads(NOW).on(connection)] == [2]


def test_what_was_given_up_can_be_dropped_too(connection: sqlite3.Connection) -> None:
    fill(connection)
    assert operator.drop(connection, 2, NOW)
    assert operator.counts().on(connection)["outbox_buried"] == 0


def test_a_retry_does_not_bring_back_what_a_newer_row_would_take_in(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [PostProgress(1, HERE, 10)], NOW)
    outbox.give_up(connection, outbox.heads(NOW).on(connection)[0], "refused", NOW, told=False)
    outbox.add(connection, [PostProgress(1, HERE, 20)], NOW)
    operator.retry(connection, None, AT)
    outbox.add(connection, [PostProgress(1, HERE, 30)], NOW)
    assert [one.effect for one in outbox.heads(NOW).on(connection)] == [PostProgress(1, HERE, 30)]


def test_a_retry_leaves_alone_what_only_waits_its_turn(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [DrawSample(1, 0, 0), Conclude(1)], NOW)
    assert operator.retry(connection, None, AT) == 0
    assert [type(one.effect) for one in outbox.heads(NOW).on(connection)] == [DrawSample]


def test_a_run_whose_start_is_dropped_is_refused(connection: sqlite3.Connection, run: Run) -> None:
    outbox.add(connection, [StartRun(run.number)], NOW)
    assert operator.drop(connection, 1, NOW)
    after = runs.get(run.number).on(connection)
    assert after is not None
    assert (after.state, after.error) == (State.REFUSED, "Dropped by the operator.")


def test_an_effect_of_a_newer_version_waits_and_holds_up_nobody_else(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [PostLog(1, HERE), PostLog(1, THERE)], NOW)
    connection.execute("UPDATE outbox SET effect = json_set(effect, '$.effect', 'SendPigeon') WHERE id = 1")
    assert [one.id for one in outbox.heads(NOW).on(connection)] == [2]
    assert [one.effect for one in operator.entries(AT).on(connection)] == ["SendPigeon", "PostLog"]


def test_a_suspect_row_is_looked_for_also_when_an_operator_retries_it(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [PostLog(1, HERE)], NOW)
    outbox.recover(connection, NOW)
    operator.retry(connection, 1, AT)
    assert outbox.heads(NOW).on(connection)[0].suspect


def test_a_draw_that_is_retried_after_it_was_given_up_keeps_its_answer(
    connection: sqlite3.Connection, run: Run
) -> None:
    runs.add_sample(connection, Sample(run.number, 5, 0, None, "busy"), NOW)
    runs.add_sample(connection, Sample(run.number, 5, 0, "at last"), NOW)
    runs.add_sample(connection, Sample(run.number, 5, 0, "another"), NOW)
    assert runs.samples(run.number).on(connection) == [Sample(run.number, 5, 0, "at last")]


def test_an_edit_that_waits_is_listed_with_its_attempts(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [EditCard(1, HERE, soon=True)], NOW)
    outbox.postpone(connection, outbox.heads(NOW).on(connection)[0], NOW, "busy", arrived=False, counts=True)
    assert operator.entries(AT).on(connection)[0].attempts == 1
