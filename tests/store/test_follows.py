"""Follows read back until they end; mutes; and what a change of wishes does to what waits."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from store.made import ADA, GRACE, HERE, NOW, RECIPE, THERE

from bot.domain import effects, fanout
from bot.domain.effects import Effect
from bot.domain.follows import Everything, Follow, Mute, Named, OneRun, StartedBy, Subject, Wants
from bot.domain.lanes import announce_key
from bot.domain.places import PostRef
from bot.domain.runs import Run, State
from bot.store import follows, outbox, people, posts, runs, unwanted, wishes
from bot.store.ingest import following
from bot.store.posts import Post

HOUR = timedelta(hours=1)
FAILURES = Wants(samples=False, success="nobody")


@pytest.fixture(autouse=True)
def grace(connection: sqlite3.Connection) -> None:
    people.see(connection, GRACE, NOW)


def there(subject: Subject, wants: Wants | None = None) -> Follow:
    return Follow(THERE, subject, wants or Wants(), GRACE, NOW)


def add(connection: sqlite3.Connection, follow: Follow) -> Follow:
    return replace(follow, number=follows.add(connection, follow))


def another(connection: sqlite3.Connection) -> Run:
    return runs.add(connection, lambda number: Run(number, RECIPE, HERE, ADA, NOW))


def waiting(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT effect FROM outbox WHERE state = 'waiting' ORDER BY id").fetchall()
    return [type(effects.load(json.loads(row["effect"]))).__name__ for row in rows]


def test_follows_read_back_with_their_wishes_until_they_end(connection: sqlite3.Connection, run: Run) -> None:
    home = add(connection, Follow.of_home(run, Wants(progress_every=10, mention="here")))
    other = add(connection, there(OneRun(run.number), FAILURES))
    found = follows.of_run(run).on(connection)
    assert found == [home, other]
    assert [one.set_by.name for one in found] == ["Ada", "Grace"]
    assert follows.end(connection, home.number, NOW)
    assert not follows.end(connection, home.number, NOW)
    assert follows.of_run(run).on(connection) == [other]
    assert follows.get(home.number).on(connection) is None
    assert follows.ever(home.number).on(connection) == home
    assert follows.ever(99).on(connection) is None


@pytest.mark.parametrize("subject", [Named("tick*"), StartedBy(ADA), Everything()])
def test_every_kind_of_follow_reads_back_and_fits_later_runs_only(
    connection: sqlite3.Connection, run: Run, subject: Subject
) -> None:
    one = add(connection, replace(there(subject), after=run.number))
    assert follows.of_run(run).on(connection) == []
    assert follows.of_run(another(connection)).on(connection) == [one]
    assert follows.of_place(THERE).on(connection) == [one]
    assert follows.of_place(HERE).on(connection) == []
    assert follows.same(THERE, subject).on(connection) == one
    assert follows.same(HERE, subject).on(connection) is None
    assert follows.of_everything().on(connection) == ([one] if subject == Everything() else [])


def test_what_is_followed_is_told_apart_by_its_kind(connection: sqlite3.Connection, run: Run) -> None:
    every = [
        add(connection, there(one)) for one in (OneRun(1), Named("me"), StartedBy(ADA), StartedBy(GRACE), Everything())
    ]
    assert [follows.same(THERE, one.subject).on(connection) for one in every] == every


def test_the_name_of_a_followed_person_is_the_one_of_today(connection: sqlite3.Connection) -> None:
    add(connection, there(StartedBy(ADA)))
    people.see(connection, replace(ADA, name="Ada L."), NOW)
    (one,) = follows.of_place(THERE).on(connection)
    assert isinstance(one.subject, StartedBy)
    assert one.subject.person.name == "Ada L."


def test_a_follow_of_one_run_is_listed_as_long_as_that_goes_on(connection: sqlite3.Connection, run: Run) -> None:
    one = add(connection, there(OneRun(run.number)))
    runs.save(connection, replace(run, state=State.COMPLETED, ended_at=NOW))
    assert follows.of_place(THERE).on(connection) == []
    assert follows.same(THERE, OneRun(run.number)).on(connection) == one


def test_two_follows_of_one_place_are_one_follower(connection: sqlite3.Connection, run: Run) -> None:
    add(connection, Follow(HERE, OneRun(run.number), Wants(samples=False, progress_every=50), ADA, NOW))
    add(connection, Follow(HERE, OneRun(run.number), Wants(progress_every=10, mention="starter"), ADA, NOW))
    (one,) = following(connection, run, NOW)
    assert (one.place, one.wants) == (HERE, Wants(progress_every=10, mention="starter"))


def test_a_mute_is_of_one_run_or_of_all_and_ends_by_itself(connection: sqlite3.Connection, run: Run) -> None:
    follows.mute(connection, HERE, Mute(run.number, NOW + HOUR, ADA), NOW)
    assert follows.silent(connection, run.number, [HERE, THERE], NOW) == {HERE}
    assert follows.silent(connection, 99, [HERE], NOW) == set()
    assert follows.silent(connection, run.number, [HERE], NOW + HOUR) == set()
    follows.mute(connection, THERE, Mute(0, None, GRACE), NOW)
    assert follows.silent(connection, 99, [HERE, THERE], NOW + 9999 * HOUR) == {THERE}
    assert follows.mutes(THERE, NOW).on(connection) == [Mute(0, None, GRACE)]
    assert follows.mutes(HERE, NOW).on(connection) == [Mute(run.number, NOW + HOUR, ADA)]
    assert follows.mutes(HERE, NOW + HOUR).on(connection) == []


def test_a_later_mute_replaces_the_one_before_and_can_be_ended(connection: sqlite3.Connection) -> None:
    for until in (NOW + HOUR, None, NOW + 2 * HOUR):
        follows.mute(connection, HERE, Mute(0, until, ADA), NOW)
    assert follows.mutes(HERE, NOW).on(connection) == [Mute(0, NOW + 2 * HOUR, ADA)]
    assert follows.unmute(connection, HERE, 0)
    assert not follows.unmute(connection, HERE, 0)


def test_a_follow_begins_with_the_next_run(connection: sqlite3.Connection, run: Run) -> None:
    number = wishes.begin(connection, there(Everything()), NOW)
    found = follows.get(number).on(connection)
    assert found is not None
    assert found.after == run.number
    assert waiting(connection) == []


def test_a_follow_of_one_run_brings_its_card_at_once(connection: sqlite3.Connection, run: Run) -> None:
    wishes.begin(connection, there(OneRun(run.number)), NOW)
    assert waiting(connection) == ["Announce", "EditCard"]


def test_a_follow_changes_hands_only_where_somebody_asks_to_be_told_alone(connection: sqlite3.Connection) -> None:
    one = add(connection, there(Everything()))
    wishes.change(connection, one, Wants(progress_every=5), ADA, NOW)
    direct = Wants(success="direct")
    assert follows.get(one.number).on(connection) == replace(one, wants=Wants(progress_every=5))
    wishes.change(connection, one, direct, ADA, NOW)
    hers = follows.get(one.number).on(connection)
    assert hers == replace(one, wants=direct, set_by=ADA)
    assert hers is not None
    wishes.change(connection, hers, replace(direct, samples=False), GRACE, NOW)
    assert follows.get(one.number).on(connection) == replace(hers, wants=replace(direct, samples=False))


def held(connection: sqlite3.Connection) -> None:
    """The chat is away: nothing that waits is on its way."""
    connection.execute("UPDATE outbox SET tried_at = NULL")


SAID: list[tuple[str, Callable[[int], Effect]]] = [
    ("samples", lambda run: effects.PostSample(run, THERE, 10, 0)),
    ("samples", lambda run: effects.PostMissing(run, THERE, 10, 0)),
    ("samples", lambda run: effects.PostBacklog(run, THERE, "10,20")),
    ("progress", lambda run: effects.PostProgress(run, THERE, 100)),
    ("success", lambda run: effects.PostOutcome(run, THERE)),
    ("failures", lambda run: effects.PostFailure(run, THERE)),
]


@pytest.mark.parametrize(("event", "make"), SAID)
def test_what_waits_is_dropped_where_it_is_wanted_no_longer(
    connection: sqlite3.Connection, run: Run, event: str, make: Callable[[int], Effect]
) -> None:
    every = Wants(progress_every=10)
    outbox.add(connection, [effects.Announce(run.number, THERE), make(run.number)], NOW)
    held(connection)
    assert unwanted.drop(connection, run.number, THERE, every) == 0
    assert unwanted.drop(connection, run.number, HERE, None) == 0
    assert unwanted.drop(connection, run.number + 1, THERE, None) == 0
    kept = every.without([event])
    assert unwanted.drop(connection, run.number, THERE, kept) == 1
    if event != "success":  # a good end may still be told in another way
        outbox.add(connection, [make(run.number)], NOW)
    assert waiting(connection) == ["Announce"]


def test_what_hangs_below_a_card_is_dropped_with_the_wish_for_one(connection: sqlite3.Connection, run: Run) -> None:
    number = run.number
    below = [effects.PostJoined(number, THERE), effects.PostHint(number, THERE), effects.PostLog(number, THERE)]
    outbox.add(connection, [effects.Announce(number, THERE), *below, effects.PostFailure(number, THERE)], NOW)
    assert unwanted.drop(connection, number, THERE, FAILURES) == 3
    assert waiting(connection) == ["Announce", "PostFailure"]


def test_a_row_in_doubt_is_never_dropped(connection: sqlite3.Connection, run: Run) -> None:
    outbox.add(connection, [effects.PostFailure(run.number, THERE)], NOW)
    outbox.recover(connection, NOW)
    assert unwanted.drop(connection, run.number, THERE, None) == 0
    assert waiting(connection) == ["PostFailure"]


def test_a_row_that_may_be_on_its_way_is_not_dropped_and_its_end_is_written_down(
    connection: sqlite3.Connection, run: Run
) -> None:
    outbox.add(connection, [effects.PostFailure(run.number, THERE)], NOW)
    (row,) = outbox.heads(NOW).on(connection)
    assert unwanted.drop(connection, run.number, THERE, None) == 0
    outbox.postpone(connection, row, NOW, "timed out", arrived=True, counts=True)
    assert waiting(connection) == ["PostFailure"]
    outbox.finish(connection, row, NOW)
    assert waiting(connection) == []


@pytest.mark.parametrize(("way", "kind"), [("channel", "PostSuccess"), ("thread", "PostOutcome")])
def test_a_good_end_that_waits_is_told_in_the_way_that_is_asked_for_meanwhile(
    connection: sqlite3.Connection, run: Run, way: str, kind: str
) -> None:
    other = "thread" if way == "channel" else "channel"
    one = add(connection, there(OneRun(run.number), Wants(success=other)))
    over = replace(run, state=State.COMPLETED, ended_at=NOW)
    runs.save(connection, over)
    outbox.add(connection, fanout.concluded(over, following(connection, over, NOW)), NOW)
    held(connection)
    wishes.change(connection, one, replace(one.wants, success=way), GRACE, NOW)
    assert [name for name in waiting(connection) if name in {"PostSuccess", "PostOutcome"}] == [kind]


def test_what_is_about_others_as_well_stays(connection: sqlite3.Connection, run: Run) -> None:
    number = run.number
    kept = [
        effects.EditCard(number, THERE),
        effects.PostStorm(number, THERE),
        effects.EditStorm(number, THERE),
        effects.PostDirect(number, GRACE.key),
        effects.SeedReactions(number, THERE, 10, 0),
        effects.DrawSample(number, 10, 0),
        effects.Conclude(number),
        effects.PostOutcome(number, HERE),
    ]
    outbox.add(connection, kept, NOW)
    assert unwanted.drop(connection, number, THERE, None) == 0
    assert len(waiting(connection)) == len(kept)


def test_a_card_that_was_not_posted_yet_may_come_another_day(connection: sqlite3.Connection, run: Run) -> None:
    number = wishes.begin(connection, there(OneRun(run.number)), NOW)
    connection.execute("UPDATE outbox SET tried_at = NULL")
    one = follows.get(number).on(connection)
    assert one is not None
    wishes.end(connection, one, NOW)
    assert waiting(connection) == ["EditCard"]
    wishes.begin(connection, one, NOW)
    assert waiting(connection) == ["EditCard", "Announce"]


def test_a_card_that_may_be_on_its_way_is_not_sent_a_second_time(connection: sqlite3.Connection, run: Run) -> None:
    number = wishes.begin(connection, there(OneRun(run.number)), NOW)
    one = follows.get(number).on(connection)
    assert one is not None
    wishes.end(connection, one, NOW)
    wishes.begin(connection, one, NOW)
    assert waiting(connection).count("Announce") == 1


def test_what_another_follow_of_the_place_wants_goes_on_waiting(connection: sqlite3.Connection, run: Run) -> None:
    one = add(connection, there(OneRun(run.number), Wants(progress_every=10)))
    add(connection, there(Named("tick*"), Wants(samples=True, success="nobody", failures=False)))
    number = run.number
    outbox.add(connection, [effects.PostSample(number, THERE, 10, 0), effects.PostProgress(number, THERE, 10)], NOW)
    held(connection)
    wishes.end(connection, one, NOW)
    assert waiting(connection) == ["PostSample"]


def test_the_end_of_a_pattern_settles_the_runs_that_go_on_and_those_that_still_have_something_to_say(
    connection: sqlite3.Connection,
) -> None:
    one = add(connection, there(Named("tick*")))
    live, over, old = (another(connection) for _ in range(3))
    for run in (over, old):
        runs.save(connection, replace(run, state=State.COMPLETED, ended_at=NOW))
    for run in (live, over, old):
        card = Post(announce_key(run.number, THERE), run.number, PostRef(THERE, f"m{run.number}"))
        posts.add(connection, card, NOW)
    outbox.add(connection, [effects.PostOutcome(over.number, THERE)], NOW)
    held(connection)
    wishes.end(connection, one, NOW)
    rows = connection.execute("SELECT run, effect FROM outbox WHERE state = 'waiting' ORDER BY run").fetchall()
    assert [row["run"] for row in rows] == [live.number, over.number]
    assert all("EditCard" in row["effect"] for row in rows)
