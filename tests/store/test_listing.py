"""Runs in lists: what the database leaves out is what this viewer does not see, and nothing else."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store.made import ADA, GRACE, HERE, NOW, RECIPE, THERE

from bot.domain.lanes import announce_key
from bot.domain.places import Person, Place, PostRef
from bot.domain.runs import Run, State, Viewer
from bot.store import listing, people, posts, runs
from bot.store.listing import Filter
from bot.store.posts import Post

EVE = Person("slack", "T1", "ada", "Ada")  # another workspace's person with the same user id and name
PLACES = st.sampled_from([HERE, THERE, Place("slack", "T1", "training"), Place("fake", "team", "%")])
PEOPLE = st.sampled_from([ADA, GRACE, EVE])
MADE = st.builds(
    lambda home, starter, private, state, name: (home, starter, private, state, name),
    PLACES, PEOPLE, st.booleans(), st.sampled_from(State), st.sampled_from(["tickets", "Tickets", "a%b", "äpfel"]),
)  # fmt: skip
ANYBODY = Viewer(ADA, HERE, admin=True)
patient = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def add(connection: sqlite3.Connection, **changes: object) -> Run:
    """A run; without changes a public one of Ada's."""
    name = str(changes.pop("name", RECIPE.name))
    made = {"home": HERE, "starter": ADA, "requested_at": NOW, "recipe": replace(RECIPE, name=name), **changes}
    people.see(connection, made["starter"], NOW)  # type: ignore[arg-type]
    return runs.add(connection, lambda number: Run(number=number, **made))  # type: ignore[arg-type]


@contextmanager
def undone(connection: sqlite3.Connection) -> Iterator[None]:
    """Whatever is written in the block is gone after it."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


@patient
@given(st.lists(MADE, max_size=8), PEOPLE, PLACES, st.booleans())
def test_a_list_and_its_count_have_what_the_viewer_sees(
    connection: sqlite3.Connection,
    made: list[tuple[Place, Person, bool, State, str]],
    person: Person,
    place: Place,
    admin: bool,
) -> None:
    viewer = Viewer(person, place, admin)
    with undone(connection):
        every = [
            add(connection, home=home, starter=starter, private=private, state=state, name=name)
            for home, starter, private, state, name in made
        ]
        seen = [run for run in every if viewer.sees(run)]
        found = listing.select(viewer, Filter(), 100).on(connection)
        assert {run.number for run in found} == {run.number for run in seen}
        assert listing.count(viewer, Filter()).on(connection) == len(seen)
        assert set(listing.names(viewer, 100).on(connection)) == {run.name for run in seen}
        assert set(listing.starters(viewer, 100).on(connection)) == {run.starter for run in seen}


@patient
@given(st.lists(MADE, max_size=8), PEOPLE, st.data())
def test_a_filter_only_ever_leaves_out(
    connection: sqlite3.Connection,
    made: list[tuple[Place, Person, bool, State, str]],
    person: Person,
    data: st.DataObject,
) -> None:
    viewer = Viewer(person, HERE)
    wanted = Filter(
        name=data.draw(st.none() | st.sampled_from(["tickets", "a%b", "a_b", "äpfel"])),
        starters=tuple(data.draw(st.sampled_from([(), (ADA.key,), (GRACE.key, EVE.key)]))),
        states=tuple(data.draw(st.sampled_from([(), (State.FAILED,), (State.RUNNING, State.COMPLETED)]))),
        place=data.draw(st.none() | PLACES),
        text=data.draw(st.sampled_from(["", "tick", "%", "_", "#1", "a%", "\\"])),
        live=data.draw(st.none() | st.booleans()),
    )
    with undone(connection):
        every = [
            add(connection, home=home, starter=starter, private=private, state=state, name=name)
            for home, starter, private, state, name in made
        ]
        expected = {run.number for run in every if viewer.sees(run) and fits(wanted, run)}
        found = [run.number for run in listing.select(viewer, wanted, 100).on(connection)]
        assert set(found) == expected
        assert listing.count(viewer, wanted).on(connection) == len(expected)
        pages = [listing.select(viewer, wanted, 2, first).on(connection) for first in range(0, len(every) + 2, 2)]
        assert [run.number for page in pages for run in page] == found


def fits(wanted: Filter, run: Run) -> bool:
    """The same in Python."""
    return (
        (wanted.name is None or run.name.lower() == wanted.name)
        and (not wanted.starters or run.starter.key in wanted.starters)
        and (not wanted.states or run.state in wanted.states)
        and (wanted.place is None or run.home == wanted.place)
        and wanted.text in f"{run.name.lower()}#{run.number}"
        and (wanted.live is None or wanted.live is not run.state.final)
    )


def test_live_runs_come_first_then_the_newest(connection: sqlite3.Connection) -> None:
    for state in (State.RUNNING, State.COMPLETED, State.QUEUED, State.FAILED):
        add(connection, state=state)
    assert [run.number for run in listing.select(ANYBODY, Filter(), 9).on(connection)] == [3, 1, 4, 2]


def test_since_counts_from_the_request(connection: sqlite3.Connection) -> None:
    for days in (3, 2, 1):
        add(connection, requested_at=NOW - timedelta(days=days))
    since = Filter(since=NOW - timedelta(days=2))
    assert [run.number for run in listing.select(ANYBODY, since, 9).on(connection)] == [3, 2]


def test_a_run_is_also_of_the_place_where_its_card_stands(connection: sqlite3.Connection) -> None:
    run, other = add(connection), add(connection)
    posts.add(connection, Post(announce_key(run.number, THERE), run.number, PostRef(THERE, "1")), NOW)
    posts.add(connection, Post(f"sample:{other.number}", other.number, PostRef(THERE, "2")), NOW)
    found = listing.select(ANYBODY, Filter(place=THERE), 9).on(connection)
    assert [one.number for one in found] == [run.number]


def test_names_and_starters_come_the_latest_first(connection: sqlite3.Connection) -> None:
    for name, starter in (("a", ADA), ("b", GRACE), ("a", GRACE)):
        add(connection, name=name, starter=starter)
    assert listing.names(ANYBODY, 9).on(connection) == ["a", "b"]
    assert [one.name for one in listing.starters(ANYBODY, 1).on(connection)] == ["Grace"]


@pytest.mark.parametrize(
    "wanted", [Filter(place=THERE), Filter(name="tickets", place=THERE), Filter(states=(State.RUNNING,))]
)
def test_no_list_walks_through_the_posts(connection: sqlite3.Connection, wanted: Filter) -> None:
    query = listing.select(ANYBODY, wanted, 10)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.parameters)]
    assert plan
    assert not [step for step in plan if step.startswith("SCAN p")]
