"""What is forgotten after a month, and what is not."""

import sqlite3
from dataclasses import replace
from datetime import timedelta

from store.made import HERE, NOW

from bot.domain.effects import PostLog, PostOutcome
from bot.domain.runs import Run, State
from bot.store import outbox, requests, runs, upkeep

LATER = NOW + upkeep.KEPT + timedelta(days=1)


def counted(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def fill(connection: sqlite3.Connection, run: Run) -> None:
    """An answered request, an effect that is done and one that waits."""
    requests.once(connection, "delivery-1", NOW.timestamp(), lambda _: 1)
    outbox.add(connection, [PostLog(run.number, HERE), PostOutcome(run.number, HERE)], NOW)
    outbox.finish(connection, outbox.heads(NOW).on(connection)[0], NOW)


def test_what_was_done_for_a_run_that_is_long_over_is_forgotten(connection: sqlite3.Connection, run: Run) -> None:
    fill(connection, run)
    runs.save(connection, replace(run, state=State.COMPLETED, ended_at=NOW))
    assert upkeep.tidy(connection, NOW + timedelta(days=1)) == 0
    assert upkeep.tidy(connection, LATER) == 2
    assert (counted(connection, "requests"), counted(connection, "outbox"), counted(connection, "runs")) == (0, 1, 1)
    assert upkeep.tidy(connection, LATER) == 0


def test_a_live_run_keeps_its_memory_however_old_it_is(connection: sqlite3.Connection, run: Run) -> None:
    fill(connection, run)
    upkeep.tidy(connection, LATER)
    assert counted(connection, "outbox") == 2
