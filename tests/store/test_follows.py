"""Follows of a run, the oldest first, until they end."""

import sqlite3

from store.made import ADA, GRACE, HERE, NOW, THERE

from bot.domain.follows import Follow, Wants
from bot.domain.runs import Run
from bot.store import follows, people
from bot.store.ingest import following


def test_follows_read_back_with_their_wishes_until_they_end(connection: sqlite3.Connection, run: Run) -> None:
    people.see(connection, GRACE, NOW)
    home = Follow.home(run.number, HERE, Wants(progress_every=10, failure="here"), ADA, NOW)
    other = Follow(THERE, run.number, Wants(samples=False, outcome=False), GRACE, NOW)
    for one in (home, other):
        follows.add(connection, one)
    found = follows.of_run(run.number).on(connection)
    assert found == [home, other]
    assert [one.set_by.name for one in found] == ["Ada", "Grace"]
    connection.execute("UPDATE follows SET ended_at = 1 WHERE id = 1")
    assert follows.of_run(run.number).on(connection) == [other]
    assert follows.of_run(99).on(connection) == []


def test_two_follows_of_one_place_are_one_follower(connection: sqlite3.Connection, run: Run) -> None:
    follows.add(connection, Follow(HERE, run.number, Wants(samples=False, progress_every=50), ADA, NOW))
    follows.add(connection, Follow(HERE, run.number, Wants(progress_every=10, failure="starter"), ADA, NOW))
    (one,) = following(connection, run.number)
    assert (one.place, one.wants) == (HERE, Wants(progress_every=10, failure="starter"))
