"""Reactions as scores, and what may be said of them."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.ratings import (
    SEEDS,
    Evaluated,
    Tally,
    approval,
    best_step,
    by_chance,
    evaluated,
    is_lower,
    leads,
    ranked,
    sign,
    tally,
)

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
TALLIES = st.builds(Tally, st.integers(0, 40), st.integers(0, 40))
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
def test_the_best_step_is_the_surest_one_and_of_equals_it_is_the_later(
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


@pytest.mark.parametrize(
    ("votes", "share"),
    [  # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3
        (Tally(81, 182), (0.3080, 0.2553, 0.3662)),
        (Tally(15, 133), (0.1014, 0.0624, 0.1605)),
        (Tally(0, 20), (0.0, 0.0, 0.1611)),
        (Tally(1, 28), (0.0345, 0.0061, 0.1718)),
    ],
)
def test_a_share_has_wilsons_interval(votes: Tally, share: tuple[float, float, float]) -> None:
    found = approval(votes)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx(share, abs=5e-5)


def test_without_votes_there_is_no_share() -> None:
    assert approval(Tally()) is None


@QUICK
@given(TALLIES.filter(lambda one: one.votes > 0))
def test_a_share_lies_in_its_interval_and_mirrors(votes: Tally) -> None:
    found, mirrored = approval(votes), approval(Tally(votes.down, votes.up))
    assert found is not None
    assert mirrored is not None
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))


@pytest.mark.parametrize(
    ("one", "other", "chance"),
    [
        (Tally(3, 1), Tally(1, 3), 0.4857142857),  # Fisher's tea, 1935
        (Tally(10, 2), Tally(3, 15), 0.0005367241),  # Fisher's twins, 1934
        (Tally(1, 9), Tally(11, 3), 0.0027594562),
        (Tally(5, 0), Tally(0, 5), 0.0079365079),
        (Tally(2, 2), Tally(2, 2), 1.0),
        (Tally(), Tally(3, 1), 1.0),
        (Tally(), Tally(), 1.0),
        (Tally(4, 0), Tally(9, 0), 1.0),
    ],
)
def test_chance_is_reckoned_as_fisher_did(one: Tally, other: Tally, chance: float) -> None:
    assert by_chance(one, other) == pytest.approx(chance)


@QUICK
@given(TALLIES, TALLIES)
def test_chance_is_the_same_from_either_side_and_never_more_than_certain(one: Tally, other: Tally) -> None:
    chance = by_chance(one, other)
    assert 0 < chance <= 1
    assert by_chance(other, one) == chance
    assert by_chance(Tally(one.down, one.up), Tally(other.down, other.up)) == chance
    assert not (leads(one, other) and leads(other, one))


def test_thousands_of_votes_are_no_trouble() -> None:
    assert by_chance(Tally(5000, 0), Tally(0, 5000)) < 1e-300
    assert leads(Tally(900, 100), Tally(700, 300))


def test_a_few_votes_tell_only_large_differences_apart() -> None:
    assert not leads(Tally(3, 0), Tally(0, 3))
    assert leads(Tally(5, 0), Tally(0, 5))
    assert not leads(Tally(0, 5), Tally(5, 0))
    assert not leads(Tally(5, 0), Tally())


def test_steps_are_ranked_by_what_is_sure_of_them() -> None:
    tallies = {0: Tally(), 10: Tally(1, 0), 20: Tally(9, 1), 30: Tally(60, 55), 40: Tally(0, 2), 50: Tally(50, 50)}
    assert [step for step, _ in ranked(tallies.items())] == [20, 30, 10, 50, 40]


def test_a_checkpoint_has_the_last_evaluation_up_to_its_step() -> None:
    losses = {5: 3.0, 20: 2.0, 35: math.nan, 40: 2.0, 99: 0.1}
    assert evaluated([40, 10, 30, 20, 2, 10], losses) == [
        Evaluated(20, 2.0, 20), Evaluated(40, 2.0, 40), Evaluated(30, 2.0, 20), Evaluated(10, 3.0, 5),
    ]  # fmt: skip
    assert evaluated([10], {}) == evaluated([], losses) == evaluated([10], {1: math.inf}) == []


@QUICK
@given(
    st.sets(st.integers(0, 60), max_size=12),
    st.dictionaries(st.integers(0, 60), st.floats(0, 10) | st.just(math.nan), max_size=12),
)
def test_every_checkpoint_after_an_evaluation_is_ranked_once(steps: set[int], losses: dict[int, float]) -> None:
    found = evaluated(steps, losses)
    first = min((at for at, loss in losses.items() if not math.isnan(loss)), default=math.inf)
    assert sorted(one.step for one in found) == sorted(step for step in steps if step >= first)
    assert [one.loss for one in found] == sorted(one.loss for one in found)
    assert all(losses[one.at] == one.loss and one.at <= one.step for one in found)


@pytest.mark.parametrize(
    ("losses", "lower"),
    [([2.0, 2.1], True), ([2.0, 2.019], False), ([2.0, 2.0], False), ([2.0], False), ([], False), ([0.0, 0.0], False),
     ([0.0, 0.1], True), ([-0.1, 0.1], True)],
)  # fmt: skip
def test_losses_that_differ_by_less_than_a_hundredth_are_too_close(losses: list[float], lower: bool) -> None:
    assert is_lower([Evaluated(step, loss, step) for step, loss in enumerate(losses)]) is lower
