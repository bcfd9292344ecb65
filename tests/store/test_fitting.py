"""Which follows fit which runs: the database says the same as the domain, and decodes nothing else."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store.made import ADA, GRACE, HERE, NOW, RECIPE, THERE

from bot.domain.events import ContactLost
from bot.domain.follows import Everything, Follow, Mute, Named, OneRun, StartedBy, Subject, Wants, followers
from bot.domain.places import Place
from bot.domain.runs import Condition, Origin, Run, State
from bot.store import follows, ingest, outbox, people, runs, wishes
from bot.store.database import migrate, migrations

CARD, NO_CARD = Wants(), Wants(samples=False, success="channel")
# Signs that mean something in patterns, letters with and without small forms, signs beyond the first plane; no names
# have controls, which are removed where they come in.
SIGNS = st.sampled_from("ab*?[]!^-\\.AÄßİ'\"%_\n \ufffe\uffff\U0001f600\U0010ffff")
TEXTS = st.text(SIGNS, max_size=8) | st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8
)
ONCE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)


@pytest.fixture(autouse=True)
def grace(connection: sqlite3.Connection) -> None:
    people.see(connection, GRACE, NOW)


def begun(connection: sqlite3.Connection, name: str = "tickets", **facts: Any) -> Run:
    facts = {"home": HERE, "starter": ADA, "requested_at": NOW, **facts}
    return runs.add(connection, lambda number: Run(number, recipe=replace(RECIPE, name=name), **facts))


def there(subject: Subject, wants: Wants = CARD, place: Place = THERE, **facts: Any) -> Follow:
    return Follow(place, subject, wants, GRACE, NOW, **facts)


def add(connection: sqlite3.Connection, follow: Follow) -> Follow:
    return replace(follow, number=follows.add(connection, follow))


def undone(connection: sqlite3.Connection, test: Callable[[], None]) -> None:
    connection.execute("SAVEPOINT example")
    try:
        test()
    finally:
        connection.execute("ROLLBACK TO example")
        connection.execute("RELEASE example")


@ONCE
@given(pattern=TEXTS, name=TEXTS, repeat=st.booleans())
def test_a_pattern_means_the_same_in_the_database(
    connection: sqlite3.Connection, pattern: str, name: str, repeat: bool
) -> None:
    def test() -> None:
        follow = add(connection, there(Named((f"*{name}*" if repeat else pattern).lower())))
        run = begun(connection, name)
        assert follows.of_run(run).on(connection) == ([follow] if follow.fits(run) else [])
        assert not repeat or "*" in name or "?" in name or follow.fits(run)

    undone(connection, test)


def test_every_kind_of_follow_is_found_for_exactly_the_runs_that_it_fits(connection: sqlite3.Connection) -> None:
    first = begun(connection)
    subjects: list[Subject] = [OneRun(first.number), OneRun(2), Named("tick*"), Named("x*"), StartedBy(ADA)]
    subjects += [StartedBy(GRACE), Everything()]
    later = [
        begun(connection, starter=starter, private=private, home=home, origin=origin)
        for starter, private, home, origin in product(
            (ADA, GRACE), (False, True), (HERE, THERE), (Origin.CHAT, Origin.HISTORY)
        )
    ]
    every = [
        add(connection, Follow(place, subject, CARD, by, NOW, after=after, alone=alone))
        for place, subject, by, after, alone in product(
            (HERE, THERE), subjects, (ADA, GRACE), (0, first.number), (False, True)
        )
    ]
    for run in (first, *later):
        assert follows.of_run(run).on(connection) == [one for one in every if one.fits(run)]
    both = follows.of_runs(later).on(connection)
    assert both == [one for one in every if any(one.fits(run) for run in later)]
    assert follows.of_runs(later, THERE).on(connection) == [one for one in both if one.place == THERE]
    assert follows.of_runs([]).on(connection) == []


def test_rows_that_fit_nothing_are_not_read(connection: sqlite3.Connection) -> None:
    for number in range(50):
        add(connection, there(Named(f"other-{number}-*")))
        add(connection, there(StartedBy(GRACE)))
    fitting = add(connection, there(Named("t?ckets")))
    query = follows.of_run(begun(connection))
    assert [row["id"] for row in connection.execute(query.sql, query.parameters)] == [fitting.number]


def test_a_place_is_one_follower_however_often_it_follows(connection: sqlite3.Connection) -> None:
    run = begun(connection)
    wanted = [there(Named("*"), Wants(progress_every=every)) for every in (0, 50, 20, 50, 0)]
    (one,) = followers([*wanted, there(OneRun(run.number), NO_CARD)])
    assert one.wants == Wants(progress_every=20, success="channel")
    assert one.because == (*wanted, there(OneRun(run.number), NO_CARD))


def test_an_outage_is_told_where_a_live_run_has_a_card_and_may_be_told(connection: sqlite3.Connection) -> None:
    muted, elsewhere, cardless = Place("fake", "team", "muted"), Place("fake", "team", "x"), Place("fake", "team", "y")
    for place, subject, wants in (
        (THERE, Named("t*"), CARD),
        (THERE, Everything(), CARD),
        (muted, Everything(), CARD),
        (elsewhere, Named("x*"), CARD),
        (cardless, Everything(), NO_CARD),
        (cardless, Named("t*"), CARD),  # both together: the end is told in the channel, samples in the thread of a card
    ):
        follows.add(connection, there(subject, wants, place))
    follows.mute(connection, muted, Mute(0, None, GRACE), NOW)
    lost = {"state": State.RUNNING, "condition": Condition.LOST_CONTACT}
    one, other = (begun(connection, job_id=job, **lost) for job in ("job-1", "job-2"))
    follows.mute(connection, THERE, Mute(one.number, None, GRACE), NOW)
    runs.save(connection, replace(other, condition=None))
    ingest.take(connection, other.number, ContactLost(NOW), NOW)
    rows = connection.execute("SELECT place FROM outbox WHERE once LIKE 'outage:%' ORDER BY id").fetchall()
    assert [row["place"] for row in rows] == [str(THERE), str(cardless)]


def test_a_place_reads_its_follows_twice_when_one_ends_however_many_runs_go_on(connection: sqlite3.Connection) -> None:
    ends = add(connection, there(Named("t*")))
    stays = add(connection, there(Named("*s"), NO_CARD))
    going = [begun(connection, state=State.RUNNING) for _ in range(30)]
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    wishes.end(connection, ends, NOW)
    connection.set_trace_callback(None)
    assert len([one for one in asked if one.startswith("WITH names") or "UNION ALL SELECT f.id" in one]) == 2
    assert follows.of_place(THERE).on(connection) == [stays]
    assert len(outbox.heads(NOW).on(connection)) == len(going), "every card says that it is followed no more"


def test_a_follow_knows_whether_its_place_was_private(connection: sqlite3.Connection) -> None:
    follows.add(connection, there(Everything(), private=True))
    assert [one.private for one in follows.of_everything().on(connection)] == [True]


def test_follows_of_before_count_as_private_alone_and_where_a_private_run_was_started() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, migrations()[:5])
    connection.execute("INSERT INTO people VALUES ('p', 'P', 0, 0)")
    connection.execute(
        "INSERT INTO runs (name, recipe, home, starter, private, changes, state, requested_at, step, numbers, "
        "checkpoints, sampled, log_tail) VALUES ('a', '{}', 'closed', 'p', 1, '[]', 'x', 0, 0, '[]', '[]', '[]', '[]')"
    )
    for place, alone in (("closed", 0), ("direct", 1), ("open", 0)):
        connection.execute(
            "INSERT INTO follows (place, after, home, alone, wants, set_by, set_at) VALUES (?, 0, 0, ?, '{}', 'p', 0)",
            (place, alone),
        )
    migrate(connection, migrations())
    found = connection.execute("SELECT place, private FROM follows ORDER BY id").fetchall()
    assert [tuple(row) for row in found] == [("closed", 1), ("direct", 1), ("open", 0)]
    connection.close()
