"""Bursts of failures by place, and who may be called for one."""

import sqlite3
from datetime import timedelta

import pytest
from store.made import ADA, HERE, NOW, RECIPE, THERE

from bot.domain import effects
from bot.domain.effects import Effect
from bot.domain.follows import Burst
from bot.domain.places import Place
from bot.domain.runs import Run
from bot.store import failures, runs
from bot.store.failures import WINDOW

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def four(connection: sqlite3.Connection) -> None:
    for _ in range(4):
        runs.add(connection, lambda number: Run(number, RECIPE, HERE, ADA, NOW))


def fail(connection: sqlite3.Connection, run: int, after: timedelta = timedelta(0), place: Place = HERE) -> None:
    """Told as `fanout` does: from the third of a burst on in the message of the first."""
    now = NOW + after
    known = failures.burst(connection, place, now)
    told: list[Effect] = [effects.PostFailure(run, place)]
    if known.told >= 2:
        told = [effects.PostStorm(known.first, place), effects.EditStorm(known.first, place)]
    failures.tell(connection, run, told, now)


def test_where_nothing_failed_there_is_no_burst(connection: sqlite3.Connection) -> None:
    assert failures.burst(connection, HERE, NOW) == Burst()


def test_failures_that_come_together_are_a_burst_of_the_first(connection: sqlite3.Connection) -> None:
    for number in (1, 2, 3, 4):
        fail(connection, number, number * SECOND)
        assert failures.burst(connection, HERE, NOW + number * SECOND) == Burst(number, 1)
    assert [run.number for run in failures.of_burst(HERE, 1).on(connection)] == [1, 2, 3, 4]
    assert failures.of_burst(THERE, 1).on(connection) == []


def test_a_burst_lasts_from_its_first_failure_and_then_another_begins(connection: sqlite3.Connection) -> None:
    fail(connection, 1)
    fail(connection, 2, WINDOW - SECOND)
    assert failures.burst(connection, HERE, NOW + WINDOW - SECOND) == Burst(2, 1)
    assert failures.burst(connection, HERE, NOW + WINDOW) == Burst()
    fail(connection, 3, WINDOW)
    assert failures.burst(connection, HERE, NOW + WINDOW) == Burst(1, 3)


def test_every_place_has_its_own_burst(connection: sqlite3.Connection) -> None:
    fail(connection, 1)
    fail(connection, 2, SECOND, THERE)
    assert failures.burst(connection, HERE, NOW + SECOND) == Burst(1, 1)
    assert failures.burst(connection, THERE, NOW + SECOND) == Burst(1, 2)


def test_a_failure_that_is_told_twice_counts_once(connection: sqlite3.Connection) -> None:
    fail(connection, 1)
    fail(connection, 1, SECOND)
    assert failures.burst(connection, HERE, NOW + SECOND) == Burst(1, 1)


def test_other_effects_are_no_failures(connection: sqlite3.Connection) -> None:
    failures.tell(connection, 1, [effects.PostLog(1, HERE), effects.PostDirect(1, ADA.key)], NOW)
    assert failures.burst(connection, HERE, NOW) == Burst()


def test_a_clock_that_was_set_back_ends_the_burst(connection: sqlite3.Connection) -> None:
    fail(connection, 1)
    assert failures.burst(connection, HERE, NOW - SECOND) == Burst()


def test_one_failure_in_ten_minutes_may_call(connection: sqlite3.Connection) -> None:
    for number in (1, 2, 3):
        fail(connection, number)
    assert failures.may_call(connection, HERE, 1, NOW)
    assert not failures.may_call(connection, HERE, 2, NOW + SECOND)
    assert failures.may_call(connection, HERE, 1, NOW + SECOND), "asked again it is the same call"
    assert failures.may_call(connection, HERE, 3, NOW + SECOND + WINDOW)


def test_a_call_in_one_place_keeps_no_other_place_quiet(connection: sqlite3.Connection) -> None:
    fail(connection, 1)
    fail(connection, 2, place=THERE)
    assert failures.may_call(connection, HERE, 1, NOW)
    assert failures.may_call(connection, THERE, 2, NOW)
