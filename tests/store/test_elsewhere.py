"""Runs of another training service than the one in use: known, and left alone until the bot is back there."""

import sqlite3
from dataclasses import replace

from store.made import NOW
from store.test_runs import another

from bot.domain.follows import Follow, Wants
from bot.domain.runs import Condition, Run, State
from bot.store import elsewhere, follows, outbox, runs

FIRST, SECOND = "https://one.example org project", "https://two.example org project"


def waiting(connection: sqlite3.Connection) -> list[str]:
    return [type(row.effect).__name__ for row in outbox.heads(NOW).on(connection)]


def test_a_run_belongs_to_the_service_in_use_when_it_is_written(connection: sqlite3.Connection, run: Run) -> None:
    elsewhere.arrive(connection, FIRST, NOW)
    second = another(connection)
    assert elsewhere.numbers().on(connection) == []
    elsewhere.arrive(connection, SECOND, NOW)
    third = another(connection)
    assert elsewhere.numbers().on(connection) == [run.number, second.number]
    assert elsewhere.service(run.number).on(connection) == FIRST
    assert elsewhere.service(third.number).on(connection) is None
    elsewhere.arrive(connection, FIRST, NOW)
    assert elsewhere.numbers().on(connection) == [third.number]


def test_a_live_run_of_another_service_is_out_of_contact_and_its_card_says_so_once(
    connection: sqlite3.Connection, run: Run
) -> None:
    elsewhere.arrive(connection, FIRST, NOW)
    live = replace(run, state=State.RUNNING, job_id="job-1")
    runs.save(connection, live)
    follows.add(connection, Follow.of_home(live, Wants()))
    over = another(connection, state=State.COMPLETED)
    elsewhere.arrive(connection, SECOND, NOW)
    found = runs.get(run.number).on(connection)
    assert found is not None
    assert found.condition is Condition.LOST_CONTACT
    assert waiting(connection) == ["EditCard"]
    assert runs.get(over.number).on(connection) == over
    connection.execute("DELETE FROM outbox")
    elsewhere.arrive(connection, SECOND, NOW)
    assert waiting(connection) == []


def test_a_run_without_a_job_is_brought_to_the_service_that_takes_it(connection: sqlite3.Connection, run: Run) -> None:
    elsewhere.arrive(connection, FIRST, NOW)
    elsewhere.arrive(connection, SECOND, NOW)
    elsewhere.bring(connection, run.number)
    assert elsewhere.numbers().on(connection) == []
    found = runs.get(run.number).on(connection)
    assert found is not None
    assert found.condition is None


def test_before_any_service_was_in_use_no_run_is_elsewhere(connection: sqlite3.Connection, run: Run) -> None:
    assert elsewhere.numbers().on(connection) == []
    assert elsewhere.service(run.number).on(connection) is None
