"""Which checkpoints are sampled."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.recipes import Recipe, Sampling
from bot.domain.schedule import planned, wanted

RECIPE = Recipe(name="r", model="tiny", dataset={})
QUICK = settings(deadline=None, max_examples=150)
LIMITS = st.integers(1, 30)


def recipe(limit: int, save_steps: int | None = None) -> Recipe:
    known = {"save_steps": save_steps} if save_steps else {}
    return replace(RECIPE, samples=Sampling(checkpoints=limit), settings=known)


def sampled(steps: list[int], one: Recipe, total: int | None) -> tuple[int, ...]:
    chosen: tuple[int, ...] = ()
    for step in steps:
        if wanted(step, chosen, one, total):
            chosen = (*chosen, step)
    return chosen


@pytest.mark.parametrize(
    ("total", "save", "limit", "plan"),
    [
        (100, 10, 5, (20, 40, 60, 80, 100)),
        (100, 10, 3, (30, 70, 100)),
        (100, 10, 12, (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)),
        (100, 30, 12, (30, 60, 90, 100)),
        (95, 30, 2, (60, 95)),
        (5, 10, 3, (5,)),
        (100, 10, 1, (100,)),
        (100, 10, 0, ()),
        (0, 10, 3, ()),
    ],
)
def test_the_plan_of_known_runs(total: int, save: int, limit: int, plan: tuple[int, ...]) -> None:
    assert planned(total, save, limit) == plan


@QUICK
@given(st.integers(1, 5000), st.integers(1, 500), LIMITS)
def test_a_plan_keeps_the_limit_and_ends_with_the_last_step(total: int, save: int, limit: int) -> None:
    plan = planned(total, save, limit)
    saved = {*range(save, total + 1, save), total}
    assert len(plan) == min(limit, len(saved))
    assert set(plan) <= saved
    assert list(plan) == sorted(set(plan))
    assert plan[-1] == total


@QUICK
@given(st.integers(1, 5000), st.integers(1, 500), LIMITS)
def test_a_plan_is_evenly_spaced(total: int, save: int, limit: int) -> None:
    indices = [0, *(-(-step // save) for step in planned(total, save, limit))]
    gaps = [after - before for before, after in pairwise(indices)]
    assert max(gaps) - min(gaps) <= 1


def test_a_plan_of_an_absurd_length_costs_nothing() -> None:
    plan = planned(10**15, 1, 12)
    assert (len(plan), plan[-1]) == (12, 10**15)


@QUICK
@given(st.integers(1, 600), st.integers(1, 50), LIMITS)
def test_a_run_that_keeps_to_its_plan_samples_exactly_the_plan(total: int, save: int, limit: int) -> None:
    steps = sorted({*range(save, total + 1, save), total})
    assert sampled(steps, recipe(limit, save), total) == planned(total, save, limit)


@QUICK
@given(st.lists(st.integers(1, 300), unique=True, max_size=60), st.integers(1, 50), LIMITS, st.booleans())
def test_checkpoints_at_other_steps_than_planned_keep_a_place_for_the_last_one(
    steps: list[int], save: int, limit: int, ordered: bool
) -> None:
    chosen = sampled(sorted(steps) if ordered else steps, recipe(limit, save), 300)
    assert len(chosen) <= limit
    assert 300 in chosen or len(chosen) < limit


@QUICK
@given(st.lists(st.integers(1, 10_000), unique=True, max_size=80), st.integers(0, 30))
def test_a_run_of_unknown_length_never_reaches_the_limit_before_its_end(steps: list[int], limit: int) -> None:
    chosen = sampled(sorted(steps), recipe(limit), None)
    assert len(chosen) <= max(limit - 1, 0)


def test_a_run_of_unknown_length_begins_at_once_and_widens_its_gaps() -> None:
    chosen = sampled(list(range(10, 5000, 10)), recipe(8), None)
    assert chosen[:5] == (10, 20, 30, 40, 50)
    assert chosen[5:] == (80, 120)


def test_no_samples_are_drawn_when_the_limit_is_none() -> None:
    for total in (100, None):
        assert sampled(list(range(10, 101, 10)), recipe(0, 10), total) == ()


def test_a_length_that_becomes_known_late_keeps_the_limit() -> None:
    early = sampled([10, 20, 30], recipe(3, 10), None)
    late = early
    for step in range(40, 101, 10):
        late = (*late, step) if wanted(step, late, recipe(3, 10), 100) else late
    assert late == (10, 20, 100)
