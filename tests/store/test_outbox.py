"""The table of effects: what is known, what folds, what is next, what is marked, and what waits for what."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from store.made import HERE, NOW, THERE

from bot.domain.effects import (
    Announce,
    Conclude,
    DrawSample,
    EditCard,
    Effect,
    PostBacklog,
    PostLog,
    PostProgress,
    PostSample,
    StartRun,
    StopRun,
)
from bot.domain.places import Place
from bot.store import outbox
from bot.store.outbox import LONGEST_WAIT, PATIENCE, THROTTLE, Row


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def heads(connection: sqlite3.Connection, seconds: float = 0) -> list[Row]:
    return outbox.heads(at(seconds)).on(connection)


def next_effects(connection: sqlite3.Connection, seconds: float = 0) -> list[Effect]:
    return [row.effect for row in heads(connection, seconds)]


def row(connection: sqlite3.Connection, number: int = 1) -> dict[str, Any]:
    return dict(connection.execute("SELECT * FROM outbox WHERE id = ?", (number,)).fetchone())


def test_an_effect_with_a_known_key_is_left_out_also_when_it_was_done_or_given_up(
    connection: sqlite3.Connection,
) -> None:
    for number in (1, 2, 3):
        outbox.add(connection, [StartRun(number)], NOW)
    first, second, _ = heads(connection)
    outbox.finish(connection, first, NOW)
    outbox.give_up(connection, second, "no", NOW, told=False)
    outbox.add(connection, [StartRun(number) for number in (1, 2, 3)], NOW)
    states = connection.execute("SELECT state FROM outbox ORDER BY id").fetchall()
    assert [one["state"] for one in states] == ["done", "buried", "waiting"]


def test_a_row_without_a_key_goes_when_it_is_done(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [EditCard(1, HERE, soon=True), PostLog(1, HERE)], NOW)
    for one in heads(connection):
        outbox.finish(connection, one, NOW)
    assert [one["once"] for one in connection.execute("SELECT once FROM outbox")] == [f"log:1:{HERE}"]


def test_one_row_a_lane_is_next_the_most_urgent_first(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [EditCard(1, HERE, soon=True), PostSample(1, HERE, 1, 0), PostSample(1, HERE, 2, 0)], NOW)
    outbox.add(connection, [StopRun(1), Announce(2, HERE)], NOW)
    assert next_effects(connection) == [
        Announce(2, HERE), StopRun(1), PostSample(1, HERE, 1, 0), EditCard(1, HERE, soon=True),
    ]  # fmt: skip


def test_a_reply_waits_until_its_card_is_settled_one_way_or_the_other(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [Announce(1, HERE), PostLog(1, HERE), Announce(2, HERE), PostLog(2, HERE)], NOW)
    first, second = heads(connection)
    assert (first.effect, second.effect) == (Announce(1, HERE), Announce(2, HERE))
    outbox.finish(connection, first, NOW)
    outbox.give_up(connection, second, "refused", NOW, told=False)
    assert next_effects(connection) == [PostLog(1, HERE), PostLog(2, HERE)]


def test_a_blocked_place_holds_its_rows_and_no_others(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [PostLog(1, HERE), PostLog(1, THERE), StopRun(1)], NOW)
    outbox.block(connection, HERE, "archived", NOW)
    outbox.block(connection, HERE, "still archived", NOW)
    assert next_effects(connection) == [StopRun(1), PostLog(1, THERE)]
    assert row(connection)["tried_at"] is None


def test_edits_fold_into_one_that_waits_for_the_throttle_and_keep_its_due_time(connection: sqlite3.Connection) -> None:
    for seconds in (0, 1, 2):
        outbox.add(connection, [EditCard(1, HERE)], at(seconds))
    assert heads(connection, THROTTLE - 0.01) == []
    (one,) = heads(connection, THROTTLE)
    assert (one.revision, one.due_at) == (2, at(THROTTLE))
    assert outbox.next_due(at(1)).on(connection) == pytest.approx(THROTTLE - 1)


def test_a_change_that_people_wait_for_makes_the_waiting_edit_due_at_once(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [EditCard(1, HERE)], NOW)
    outbox.add(connection, [EditCard(1, HERE, soon=True)], at(1))
    outbox.add(connection, [EditCard(1, HERE)], at(1.5))
    (one,) = heads(connection, 1)
    assert one.due_at == at(1)


def test_cards_of_other_runs_and_places_do_not_fold(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [EditCard(run, place, soon=True) for run in (1, 2) for place in (HERE, THERE)], NOW)
    assert len(heads(connection)) == 4


def test_what_is_folded_into_a_row_in_hand_has_a_turn_of_its_own(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [EditCard(1, HERE, soon=True)], NOW)
    (in_hand,) = heads(connection)
    outbox.add(connection, [EditCard(1, HERE, soon=True)], at(1))
    outbox.finish(connection, in_hand, at(2))
    assert heads(connection, 2 + THROTTLE - 0.01) == []
    (again,) = heads(connection, 2 + THROTTLE)
    assert (again.id, again.tried_at, again.suspect) == (in_hand.id, None, False)
    outbox.finish(connection, again, at(6))
    assert heads(connection, 60) == []


def test_what_is_folded_into_a_row_that_is_given_up_has_a_turn_of_its_own(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [EditCard(1, HERE, soon=True)], NOW)
    (in_hand,) = heads(connection)
    outbox.make_plain(connection, in_hand, "too long")
    (in_hand,) = heads(connection)
    outbox.add(connection, [EditCard(1, HERE, soon=True)], at(1))
    outbox.give_up(connection, in_hand, "too long", at(2), told=False)
    (again,) = heads(connection, 2 + THROTTLE)
    assert (again.plain, again.attempts) == (False, 0)


def test_progress_folds_to_the_newest_and_the_folded_steps_key_is_the_newest(connection: sqlite3.Connection) -> None:
    for step in (10, 20, 30):
        outbox.add(connection, [PostProgress(1, HERE, step)], NOW)
    outbox.add(connection, [PostProgress(1, HERE, 30)], NOW)
    (one,) = heads(connection)
    assert (one.effect, one.revision) == (PostProgress(1, HERE, 30), 2)
    assert row(connection)["once"] == PostProgress(1, HERE, 30).once


def test_progress_that_is_done_folds_no_more(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [PostProgress(1, HERE, 10)], NOW)
    outbox.finish(connection, heads(connection)[0], NOW)
    outbox.add(connection, [PostProgress(1, HERE, 10), PostProgress(1, HERE, 20)], NOW)
    assert next_effects(connection) == [PostProgress(1, HERE, 20)]


def test_a_row_that_can_go_at_once_is_written_as_marked_and_the_next_one_when_its_turn_comes(
    connection: sqlite3.Connection,
) -> None:
    outbox.add(connection, [PostLog(1, HERE), PostSample(1, HERE, 1, 0), EditCard(1, HERE)], NOW)
    assert [row(connection, number)["tried_at"] for number in (1, 2, 3)] == [NOW.timestamp(), None, None]
    outbox.finish(connection, heads(connection)[0], at(1))
    assert row(connection, 2)["tried_at"] == at(1).timestamp()


def test_marking_does_not_move_an_earlier_mark(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [PostLog(1, HERE)], NOW)
    outbox.mark(connection, [1], at(10))
    assert heads(connection)[0].tried_at == NOW


@pytest.mark.parametrize(
    ("arrived", "expected"), [([False], (False, False)), ([True], (True, True)), ([True, False], (True, True))]
)
def test_only_an_attempt_that_may_have_arrived_stays_marked(
    connection: sqlite3.Connection, arrived: list[bool], expected: tuple[bool, bool]
) -> None:
    outbox.add(connection, [PostLog(1, HERE)], NOW)
    for one in arrived:
        outbox.postpone(connection, heads(connection)[0], NOW, "away", arrived=one, counts=True)
    (found,) = heads(connection)
    assert (found.tried_at is not None, found.suspect) == expected
    assert found.attempts == len(arrived)


def test_after_a_start_what_was_marked_is_suspect_and_nothing_else(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [PostLog(1, HERE), PostSample(1, HERE, 1, 0), StopRun(2)], NOW)
    assert outbox.recover(connection, at(5)) == 2
    assert [row(connection, number)["suspect"] for number in (1, 2, 3)] == [1, 0, 1]


def test_a_due_time_that_no_wait_explains_is_due_now(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [EditCard(1, HERE)], at(7 * 24 * 3600))
    outbox.add(connection, [EditCard(2, HERE)], at(LONGEST_WAIT - 60))
    assert next_effects(connection) == [EditCard(1, HERE)]
    outbox.recover(connection, NOW)
    assert next_effects(connection) == []
    assert len(heads(connection, LONGEST_WAIT)) == 2


def test_the_outcome_is_due_at_once_when_nothing_is_drawn_any_more(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [Conclude(1)], NOW)
    assert next_effects(connection) == [Conclude(1)]


@pytest.mark.parametrize("given_up", [False, True])
def test_the_outcome_waits_for_the_last_draw_of_its_own_run(connection: sqlite3.Connection, given_up: bool) -> None:
    outbox.add(connection, [DrawSample(1, 0, 0), DrawSample(1, 0, 1), DrawSample(2, 0, 0), Conclude(1)], NOW)
    for second in (1, 2):
        assert Conclude(1) not in next_effects(connection, second)
        draw = next(one for one in heads(connection, second) if one.effect.run == 1)
        outbox.give_up(connection, draw, "no", at(second), told=False) if given_up else outbox.finish(
            connection, draw, at(second)
        )
    assert Conclude(1) in next_effects(connection, 2)


def test_the_outcome_waits_two_minutes_at_most(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [DrawSample(1, 0, 0), Conclude(1)], NOW)
    assert Conclude(1) not in next_effects(connection, PATIENCE - 1)
    assert Conclude(1) in next_effects(connection, PATIENCE)


def test_a_merged_backlog_stands_in_the_first_ones_place_and_the_others_count_as_done(
    connection: sqlite3.Connection,
) -> None:
    outbox.add(connection, [PostSample(1, HERE, step, 0) for step in (1, 2, 3)], NOW)
    outbox.add(connection, [PostSample(1, THERE, 1, 0), PostLog(1, HERE)], NOW)
    waiting = outbox.waiting_samples(1, HERE).on(connection)
    assert [one.effect for one in waiting] == [PostSample(1, HERE, step, 0) for step in (1, 2, 3)]
    merged = PostBacklog(1, HERE, "1,2")
    outbox.merge(connection, waiting[:2], merged, NOW)
    outbox.finish(connection, waiting[0], NOW)
    (here,) = [one for one in heads(connection, 10) if one.effect.place == HERE]
    assert (here.id, here.effect) == (waiting[0].id, merged)
    outbox.finish(connection, here, at(10))
    assert PostSample(1, HERE, 3, 0) in next_effects(connection, 10)
    outbox.add(connection, [PostSample(1, HERE, 2, 0)], NOW)
    assert len(outbox.waiting_samples(1, HERE).on(connection)) == 1


def test_what_an_operator_dropped_while_it_was_in_hand_stays_dropped(connection: sqlite3.Connection) -> None:
    outbox.add(connection, [PostLog(1, HERE)], NOW)
    (in_hand,) = heads(connection)
    connection.execute("UPDATE outbox SET state = 'buried'")
    outbox.finish(connection, in_hand, NOW)
    outbox.postpone(connection, in_hand, NOW, "away", arrived=True, counts=True)
    outbox.make_plain(connection, in_hand, "refused")
    outbox.give_up(connection, replace(in_hand, revision=9), "no", NOW, told=False)
    assert (row(connection)["state"], row(connection)["plain"]) == ("buried", 0)


def test_the_next_rows_are_found_quickly_among_many(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    outbox.add(connection, [PostSample(run, HERE, step, 0) for run in range(50) for step in range(100)], NOW)
    connection.execute("COMMIT")
    plan = [
        one["detail"]
        for one in connection.execute(f"EXPLAIN QUERY PLAN {outbox.heads(NOW).sql}", outbox.heads(NOW).parameters)
    ]
    assert len(heads(connection)) == 50
    assert not [one for one in plan if one in {"SCAN outbox", "SCAN o"}]


def test_a_place_reads_back_as_it_was_written(connection: sqlite3.Connection) -> None:
    odd = Place("fake", "T 1", "käse:1")
    outbox.add(connection, [PostLog(1, odd)], NOW)
    assert next_effects(connection) == [PostLog(1, odd)]
