"""What a follow asks for and which runs it fits; overlapping follows of one place become one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.follows import (
    EVENTS,
    PROGRESS_EVERY,
    Asked,
    Everything,
    Follow,
    Follower,
    Named,
    OneRun,
    StartedBy,
    Wants,
    followers,
)
from bot.domain.places import Person, Place
from bot.domain.recipes import Recipe
from bot.domain.runs import Origin, Run

AT = datetime(2026, 8, 8, tzinfo=UTC)
ANN, BEN = Person("slack", "T1", "U1"), Person("slack", "T1", "U2")
ONE, TWO, THREE = (Place("slack", "T1", channel) for channel in ("C1", "C2", "C3"))
RUN = Run(42, Recipe("support-bot", "tiny", {"type": "file", "name": "t.jsonl"}), ONE, ANN, AT)
WANTS = st.builds(
    Wants,
    samples=st.booleans(),
    success=st.sampled_from(["thread", "channel", "direct", "nobody"]),
    failures=st.booleans(),
    progress_every=st.integers(0, 50),
    mention=st.sampled_from(["here", "starter", "nobody"]),
)
SOME = st.frozensets(st.sampled_from(EVENTS))
QUICK = settings(deadline=None, max_examples=80)


def follow(place: Place, wants: Wants, number: int = 42) -> Follow:
    return Follow(place, OneRun(number), wants, ANN, AT)


def of(pattern: str, **changes: object) -> Follow:
    return replace(Follow(TWO, Named(pattern), Wants(), BEN, AT), **changes)


def test_a_merge_is_the_union_of_events_the_smallest_distance_and_the_loudest_mention() -> None:
    quiet = Wants(samples=False, success="direct", failures=True, progress_every=50, mention="starter")
    loud = Wants(samples=True, success="channel", failures=False, progress_every=20, mention="here")
    assert quiet.merged(loud) == Wants(True, "channel", True, 20, "here")


@pytest.mark.parametrize(
    ("one", "other", "loudest"),
    [("here", "group:S1", "here"), ("group:S1", "starter", "group:S1"), ("starter", "nobody", "starter")],
)
def test_everybody_is_louder_than_a_group_and_a_group_louder_than_one_person(
    one: str, other: str, loudest: str
) -> None:
    assert Wants(mention=one).merged(Wants(mention=other)).mention == loudest
    assert Wants(mention=other).merged(Wants(mention=one)).mention == loudest


def test_no_distance_is_no_wish_and_not_the_smallest() -> None:
    assert Wants(progress_every=0).merged(Wants(progress_every=50)).progress_every == 50
    assert Wants().merged(Wants()).progress_every == 0


@QUICK
@given(WANTS, WANTS, WANTS)
def test_neither_order_nor_repetition_changes_a_merge(a: Wants, b: Wants, c: Wants) -> None:
    assert a.merged(b) == b.merged(a)
    assert a.merged(a) == a
    assert a.merged(b).merged(c) == a.merged(b.merged(c))
    assert set(a.merged(b).events) == {*a.events, *b.events}


def test_one_place_is_one_follower_and_places_keep_the_order_they_came_in() -> None:
    follows = [
        follow(TWO, Wants(progress_every=30)),
        follow(ONE, Wants(samples=False)),
        follow(TWO, Wants(progress_every=10, mention="here")),
        follow(THREE, Wants()),
        follow(ONE, Wants(samples=True)),
    ]
    assert followers(follows) == (
        Follower(TWO, Wants(progress_every=10, mention="here"), (follows[0], follows[2])),
        Follower(ONE, Wants(), (follows[1], follows[4])),
        Follower(THREE, Wants(), (follows[3],)),
    )
    assert followers([]) == ()


def test_the_same_channel_id_on_another_platform_is_another_place() -> None:
    elsewhere = Place("discord", "T1", "C1")
    assert [one.place for one in followers([follow(ONE, Wants()), follow(elsewhere, Wants())])] == [ONE, elsewhere]


def test_everybody_who_asked_to_be_told_alone_is_told_alone() -> None:
    mine = follow(ONE, Wants(success="direct"))
    (one,) = followers([mine, replace(mine, set_by=BEN), replace(mine, wants=Wants())])
    assert one.told_alone == (ANN, BEN)
    assert one.wants.success == "thread"


@QUICK
@given(WANTS)
def test_the_wishes_of_a_follow_are_plain_data(wants: Wants) -> None:
    assert Wants(**wants.as_dict()) == wants


@pytest.mark.parametrize(
    ("wants", "card"),
    [
        (Wants(), True),
        (Wants(samples=False, success="nobody"), False),
        (Wants(samples=False, success="channel"), False),
        (Wants(samples=False, success="direct", progress_every=5), True),
        (Wants(samples=True, success="nobody", failures=False), True),
    ],
)
def test_a_place_has_a_card_where_there_is_more_to_show_than_ends(wants: Wants, card: bool) -> None:
    assert wants.card is card


@QUICK
@given(WANTS, SOME, SOME)
def test_events_are_a_set_that_is_given_added_to_and_taken_from(
    wants: Wants, some: frozenset[str], more: frozenset[str]
) -> None:
    assert set(wants.having(some).events) == some
    assert set(wants.having(some).without(more).events) == some - more
    assert wants.having(some).mention == wants.mention
    assert wants.having(wants.events) == wants


def test_how_something_is_told_stays_while_it_is_told() -> None:
    wants = Wants(success="channel", progress_every=7)
    assert wants.having({"progress", "success"}) == Wants(False, "channel", False, 7)
    assert wants.without({"progress", "success"}).having(EVENTS) == Wants(True, "thread", True, PROGRESS_EVERY)


def test_a_new_follow_has_the_usual_events_or_exactly_those_that_were_named() -> None:
    assert Asked().of(None, Wants()) == Wants()
    assert Asked(frozenset({"failures"})).of(None, Wants()).events == ("failures",)
    assert Asked(frozenset({"progress"})).of(None, Wants()) == Wants(False, "nobody", False, PROGRESS_EVERY)


def test_a_follow_that_is_there_is_added_to_and_only_replaces() -> None:
    known = Wants(samples=False, success="channel", mention="here")
    assert Asked(frozenset({"samples"})).of(known, Wants()) == replace(known, samples=True)
    assert Asked(frozenset({"failures"}), only=True).of(known, Wants()) == Wants(False, "nobody", True, 0, "here")
    assert Asked().of(known, Wants()) == known


def test_a_value_replaces_the_one_before_and_implies_its_event() -> None:
    known = Wants(samples=False, success="nobody", progress_every=100)
    assert Asked(every=20).of(known, Wants()).progress_every == 20
    assert Asked(every=20).of(None, Wants()) == Wants(progress_every=20)
    assert Asked(success="direct").of(known, Wants()).success == "direct"
    assert Asked(success="nobody").of(Wants(), Wants()) == Wants(success="nobody")
    assert Asked(mention="group:S1").of(known, Wants()) == replace(known, mention="group:S1")
    assert Asked(frozenset({"samples"}), only=True, every=5).of(Wants(), Wants()).events == ("samples", "progress")


def test_a_name_fits_runs_of_this_name_whatever_its_letters() -> None:
    assert of("support-bot").fits(RUN)
    assert of("support-*").fits(RUN)
    assert of("*-b?t").fits(replace(RUN, recipe=replace(RUN.recipe, name="Support-BOT")))
    assert not of("support").fits(RUN)
    assert not of("support-bot-?").fits(RUN)


def test_a_bracket_is_a_bracket() -> None:
    named = replace(RUN, recipe=replace(RUN.recipe, name="bot[1]"))
    assert of("bot[1]").fits(named)
    assert of("*[1]").fits(named)
    assert not of("bot[1]").fits(replace(RUN, recipe=replace(RUN.recipe, name="bot1")))
    assert not of("support-bo[a-z]").fits(RUN)


@QUICK
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_a_pattern_and_fits_itself(pattern: str, name: str) -> None:
    assert of(pattern.lower()).fits(replace(RUN, recipe=replace(RUN.recipe, name=pattern))) or "?" in pattern
    of(pattern).fits(replace(RUN, recipe=replace(RUN.recipe, name=name)))


@pytest.mark.parametrize("subject", [Named("*"), StartedBy(ANN), Everything()])
def test_only_a_follow_of_one_run_reaches_back(subject: Named | StartedBy | Everything) -> None:
    one = Follow(TWO, subject, Wants(), BEN, AT, after=41)
    assert one.fits(RUN)
    assert not replace(one, after=42).fits(RUN)
    assert not one.fits(replace(RUN, origin=Origin.HISTORY))
    assert replace(one, subject=OneRun(42), after=99).fits(replace(RUN, origin=Origin.HISTORY))


def test_a_person_is_followed_by_id() -> None:
    one = Follow(TWO, StartedBy(Person("slack", "T1", "U1", "another name")), Wants(), BEN, AT)
    assert one.fits(RUN)
    assert not one.fits(replace(RUN, starter=BEN))


@pytest.mark.parametrize("subject", [Named("*"), StartedBy(ANN), Everything(), OneRun(42)])
def test_a_private_run_goes_home_and_to_its_starter_alone_by_whatever_follow(
    subject: Named | StartedBy | Everything | OneRun,
) -> None:
    private = replace(RUN, private=True)
    there = Follow(TWO, subject, Wants(), ANN, AT)
    assert not there.fits(private)
    assert replace(there, place=ONE).fits(private)
    assert replace(there, alone=True).fits(private)
    assert not replace(there, alone=True, set_by=BEN).fits(private)
