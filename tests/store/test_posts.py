"""Posts by key, message and thread, what replies hang below, and the reactions beside them."""

import sqlite3
from datetime import timedelta

from store.made import ADA, GRACE, HERE, NOW, THERE

from bot.domain.lanes import announce_key, outcome_key
from bot.domain.places import PostRef
from bot.domain.ratings import Tally
from bot.domain.runs import Run
from bot.store import posts
from bot.store.posts import Post


def add(connection: sqlite3.Connection, key: str, message: str, thread: str | None = None, **more: int) -> Post:
    post = Post(key, 1, PostRef(HERE, message, thread), more.get("step"), more.get("prompt"))
    posts.add(connection, post, NOW + timedelta(seconds=int(message)))
    return post


def test_replies_hang_below_the_card_also_when_something_else_was_posted_first(
    connection: sqlite3.Connection, run: Run
) -> None:
    assert posts.root(run.number, HERE).on(connection) is None
    add(connection, "something else", "9")
    loud = add(connection, outcome_key(run.number, HERE), "1")
    assert posts.root(run.number, HERE).on(connection) == loud
    add(connection, "reply", "2", "1")
    card = add(connection, announce_key(run.number, HERE), "3")
    assert posts.root(run.number, HERE).on(connection) == card == posts.card(run.number, HERE).on(connection)
    assert posts.root(run.number, THERE).on(connection) is None


def test_a_root_that_was_deleted_is_no_root_unless_it_is_the_card_that_was_posted_anew(
    connection: sqlite3.Connection, run: Run
) -> None:
    loud = add(connection, outcome_key(run.number, HERE), "1")
    assert posts.mark_lost(connection, loud.key)
    assert not posts.mark_lost(connection, loud.key)
    assert posts.root(run.number, HERE).on(connection) is None
    key = announce_key(run.number, HERE)
    add(connection, key, "3")
    posts.mark_lost(connection, key)
    add(connection, key, "4")
    root = posts.root(run.number, HERE).on(connection)
    assert root is not None
    assert (root.key, root.ref.message, root.lost) == (key, "4", True)


def test_a_message_and_its_thread_lead_to_the_run(connection: sqlite3.Connection, run: Run) -> None:
    card = add(connection, announce_key(run.number, HERE), "1")
    reply = add(connection, "reply", "2", "1")
    assert posts.by_message(HERE, "2").on(connection) == reply
    assert posts.by_message(THERE, "2").on(connection) is None
    assert posts.by_key(card.key).on(connection) == card
    assert posts.run_of_thread(HERE, "1").on(connection) == run.number
    assert posts.run_of_thread(THERE, "1").on(connection) is None
    assert posts.run_of_thread(HERE, "99").on(connection) is None


def test_the_thread_of_a_card_that_was_posted_anew_still_leads_to_the_run(
    connection: sqlite3.Connection, run: Run
) -> None:
    add(connection, announce_key(run.number, HERE), "1")
    add(connection, "reply", "2", "1")
    add(connection, announce_key(run.number, HERE), "3")
    assert [posts.run_of_thread(HERE, root).on(connection) for root in ("1", "3")] == [run.number] * 2


def test_only_samples_that_may_still_be_voted_on_are_caught_up_with(connection: sqlite3.Connection, run: Run) -> None:
    add(connection, "card", "1")
    old, new = add(connection, "a", "2", step=0, prompt=0), add(connection, "b", "100", step=10, prompt=1)
    assert posts.samples_since(NOW).on(connection) == [old, new]
    assert posts.samples_since(NOW + timedelta(seconds=3)).on(connection) == [new]


def test_reactions_are_a_set_and_are_joined_with_their_post_when_that_is_known(
    connection: sqlite3.Connection, run: Run
) -> None:
    ref = PostRef(HERE, "2")
    for _ in range(2):
        posts.react(connection, ref, ADA, "👍", added=True)
    assert posts.has_reactions(ref).on(connection)
    assert posts.votes(run.number).on(connection) == {}
    add(connection, "a", "2", step=10, prompt=1)
    assert posts.votes(run.number).on(connection) == {(10, 1): Tally(1, 0)}
    for _ in range(2):
        posts.react(connection, ref, ADA, "👍", added=False)
    assert not posts.has_reactions(ref).on(connection)


def test_replacing_says_whether_anything_changed_and_touches_one_post_alone(
    connection: sqlite3.Connection, run: Run
) -> None:
    first, second = PostRef(HERE, "1"), PostRef(HERE, "2")
    add(connection, "a", "1", step=0, prompt=0)
    add(connection, "b", "2", step=1, prompt=0)
    for ref in (first, second):
        posts.react(connection, ref, ADA, "👍", added=True)
    assert not posts.replace_reactions(connection, first, [(ADA, "👍"), (ADA, "👍")])
    assert posts.replace_reactions(connection, first, [(GRACE, "👎"), (GRACE, "👎🏽")])
    assert posts.votes(run.number).on(connection) == {(0, 0): Tally(0, 1), (1, 0): Tally(1, 0)}
    assert posts.replace_reactions(connection, first, [])
    assert not posts.replace_reactions(connection, first, [])
