"""Overlapping follows of one place become one."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.follows import Follow, Follower, Wants, followers
from bot.domain.places import Person, Place

AT = datetime(2026, 8, 8, tzinfo=UTC)
ANN = Person("slack", "T1", "U1")
ONE, TWO, THREE = (Place("slack", "T1", channel) for channel in ("C1", "C2", "C3"))
WANTS = st.builds(
    Wants, st.booleans(), st.booleans(), st.integers(0, 50), st.sampled_from(["here", "starter", "nobody"])
)
QUICK = settings(deadline=None, max_examples=80)


def follow(place: Place, wants: Wants) -> Follow:
    return Follow(place, 42, wants, ANN, AT)


def test_a_merge_is_the_union_of_events_the_smallest_distance_and_the_loudest_mention() -> None:
    quiet = Wants(samples=False, outcome=True, progress_every=50, failure="starter")
    loud = Wants(samples=True, outcome=False, progress_every=20, failure="here")
    assert quiet.merged(loud) == Wants(samples=True, outcome=True, progress_every=20, failure="here")


def test_no_distance_is_no_wish_and_not_the_smallest() -> None:
    assert Wants(progress_every=0).merged(Wants(progress_every=50)).progress_every == 50
    assert Wants().merged(Wants()).progress_every == 0


@QUICK
@given(WANTS, WANTS, WANTS)
def test_neither_order_nor_repetition_changes_a_merge(a: Wants, b: Wants, c: Wants) -> None:
    assert a.merged(b) == b.merged(a)
    assert a.merged(a) == a
    assert a.merged(b).merged(c) == a.merged(b.merged(c))


def test_one_place_is_one_follower_and_places_keep_the_order_they_came_in() -> None:
    follows = [
        follow(TWO, Wants(progress_every=30)),
        follow(ONE, Wants(samples=False)),
        follow(TWO, Wants(progress_every=10, failure="here")),
        follow(THREE, Wants()),
        follow(ONE, Wants(samples=True)),
    ]
    assert followers(follows) == (
        Follower(TWO, Wants(progress_every=10, failure="here")),
        Follower(ONE, Wants()),
        Follower(THREE, Wants()),
    )
    assert followers([]) == ()


def test_the_same_channel_id_on_another_platform_is_another_place() -> None:
    elsewhere = Place("discord", "T1", "C1")
    assert [one.place for one in followers([follow(ONE, Wants()), follow(elsewhere, Wants())])] == [ONE, elsewhere]


def test_the_wishes_of_a_follow_are_plain_data() -> None:
    wants = Wants(False, True, 20, "here")
    assert Wants(**wants.as_dict()) == wants
