"""Reactions as scores."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.ratings import SEEDS, Tally, best_step, sign, tally

UP = [
    "👍",
    "+1",
    "thumbsup",
    ":+1:",
    ":thumbsup:",
    "👍🏽",
    "👍🏻",
    "👍🏿",
    "👍\ufe0f",
    "+1::skin-tone-3",
    "thumbsup::skin-tone-6",
]
DOWN = ["👎", "-1", "thumbsdown", ":-1:", "👎🏾", "👎\ufe0f", "-1::skin-tone-2", ":thumbsdown::skin-tone-2:"]
NEITHER = [
    "",
    ":",
    "::",
    "❤️",
    "eyes",
    "+2",
    "+",
    "1",
    "thumbsup_all",
    "::skin-tone-3",
    "🏽",
    "👍👍",
    "👍👎",
    "THUMBS UP",
]
EMOJI = st.sampled_from(UP + DOWN + NEITHER)
QUICK = settings(deadline=None, max_examples=80)


@pytest.mark.parametrize("emoji", UP)
def test_every_thumb_up_is_a_vote_for(emoji: str) -> None:
    assert sign(emoji) == 1


@pytest.mark.parametrize("emoji", DOWN)
def test_every_thumb_down_is_a_vote_against(emoji: str) -> None:
    assert sign(emoji) == -1


@pytest.mark.parametrize("emoji", NEITHER)
def test_anything_else_is_no_vote(emoji: str) -> None:
    assert sign(emoji) == 0


def test_the_seeds_are_one_vote_of_each_sign() -> None:
    assert [sign(seed) for seed in SEEDS] == [1, -1]


def test_a_person_counts_once_however_many_thumbs() -> None:
    assert tally([("ann", "👍"), ("ann", "👍🏽"), ("ann", "+1"), ("bob", "-1")]) == Tally(up=1, down=1)


def test_a_person_with_both_signs_counts_for_neither() -> None:
    assert tally([("ann", "👍"), ("ann", "👎🏾"), ("ann", "👍🏽")]) == Tally()


def test_other_emoji_neither_count_nor_disturb() -> None:
    assert tally([("ann", "❤️"), ("ann", "👎"), ("bob", "eyes")]) == Tally(down=1)
    assert tally([]) == Tally()


@QUICK
@given(st.lists(st.tuples(st.sampled_from("abcd"), EMOJI), max_size=20), st.randoms())
def test_neither_order_nor_repetition_changes_a_tally(reactions: list[tuple[str, str]], random: Random) -> None:
    shuffled = reactions * 2
    random.shuffle(shuffled)
    assert tally(shuffled) == tally(reactions)
    assert tally(reactions).votes <= len({person for person, _ in reactions})


def test_tallies_add_up() -> None:
    assert Tally(2, 1) + Tally(1, 3) == Tally(3, 4)
    assert Tally(3, 4).votes == 7


@pytest.mark.parametrize(
    ("tallies", "best"),
    [
        ([(10, Tally(2, 0)), (20, Tally(5, 4))], 10),
        ([(10, Tally(1, 0)), (20, Tally(3, 2))], 20),
        ([(10, Tally(3, 2)), (20, Tally(1, 0))], 10),
        ([(20, Tally(2, 1)), (10, Tally(2, 1))], 20),
        ([(10, Tally(2, 1)), (20, Tally(2, 1))], 20),
        ([(10, Tally(1, 0)), (10, Tally(1, 0)), (20, Tally(1, 0))], 10),
        ([(0, Tally(3, 0)), (20, Tally(1, 0))], 0),
    ],
)
def test_the_best_step_has_the_most_votes_and_of_equals_it_is_the_later(
    tallies: list[tuple[int, Tally]], best: int
) -> None:
    found = best_step(tallies)
    assert found is not None
    assert found[0] == best


def test_the_best_step_comes_with_the_sum_of_its_prompts() -> None:
    assert best_step([(10, Tally(1, 0)), (10, Tally(2, 1))]) == (10, Tally(3, 1))


@pytest.mark.parametrize("tallies", [[], [(10, Tally())], [(10, Tally(0, 2))], [(10, Tally(2, 2)), (20, Tally(0, 1))]])
def test_without_more_votes_for_than_against_no_step_is_best(tallies: list[tuple[int, Tally]]) -> None:
    assert best_step(tallies) is None
