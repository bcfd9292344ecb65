"""Who wants no direct messages, and the follows that would tell them alone."""

import sqlite3
from dataclasses import replace

from store.made import ADA, GRACE, HERE, NOW, RECIPE, THERE

from bot.domain.follows import Everything, Follow, Named, OneRun, Wants
from bot.domain.runs import Run
from bot.store import follows, hushed, people, runs

ALONE = Wants(success="direct")


def test_only_those_who_want_none_are_among_them(connection: sqlite3.Connection) -> None:
    for person in (ADA, GRACE):
        people.see(connection, person, NOW)
    people.set_quiet(connection, ADA, quiet=True)
    assert hushed.among([ADA, GRACE]).on(connection) == {ADA.key}
    assert hushed.among([GRACE]).on(connection) == hushed.among([]).on(connection) == frozenset()


def test_the_follows_of_a_person_that_tell_alone_and_have_something_left_to_tell(
    connection: sqlite3.Connection,
) -> None:
    for person in (ADA, GRACE):
        people.see(connection, person, NOW)
    run = runs.add(connection, lambda number: Run(number, RECIPE, HERE, ADA, NOW))
    for subject, place in ((Everything(), HERE), (Named("a*"), THERE), (OneRun(run.number), THERE)):
        follows.add(connection, Follow(place, subject, ALONE, ADA, NOW))
    follows.add(connection, Follow(THERE, Everything(), ALONE, GRACE, NOW))
    follows.add(connection, Follow(THERE, Named("b*"), Wants(), ADA, NOW))
    assert hushed.follows(ADA).on(connection) == 3
    follows.end(connection, 1, NOW)
    assert hushed.follows(ADA).on(connection) == 2
    runs.save(connection, replace(run, ended_at=NOW))
    assert hushed.follows(ADA).on(connection) == 1
