"""The learning rate follows its schedule, and a step goes downhill."""

import numpy as np
import pytest

from bot.trainer.tiny.optimiser import SCHEDULES, AdamW, rate


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_the_rate_rises_over_the_warmup_to_its_peak(schedule: str) -> None:
    assert rate(schedule, 1.0, 5, 100, 10) == pytest.approx(0.5)
    assert rate(schedule, 1.0, 11, 100, 10) == pytest.approx(1.0)


def test_linear_and_cosine_fall_towards_zero_and_constant_stays() -> None:
    assert 0 < rate("linear", 1.0, 100, 100, 10) < 0.02
    assert 0 < rate("cosine", 1.0, 100, 100, 10) < 0.01
    assert rate("constant", 1.0, 100, 100, 10) == 1.0


def test_a_ramp_rises_by_the_same_factor_to_the_rate_at_the_last_step() -> None:
    rates = [rate("ramp", 5.0, step, 50, 10) for step in range(1, 51)]
    factors = np.array(rates[1:]) / np.array(rates[:-1])
    assert rates[-1] == pytest.approx(5.0)
    assert factors.min() == pytest.approx(factors.max())
    assert factors.min() > 1


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_step_of_any_schedule_has_a_rate_below_zero(schedule: str) -> None:
    assert min(rate(schedule, 1.0, step, 7, 3) for step in range(1, 8)) > 0


def test_steps_find_the_bottom_of_a_bowl() -> None:
    weights = np.array([3.0, -2.0])
    optimiser = AdamW(weights, decay=0.0, clip=1.0)
    for _ in range(400):
        optimiser.step(2 * weights, 0.05)
    assert np.abs(weights).max() < 0.05


def test_decay_shrinks_weights_that_have_no_gradient() -> None:
    weights = np.array([1.0])
    AdamW(weights, decay=0.5, clip=1.0).step(np.zeros(1), 0.1)
    assert weights[0] == pytest.approx(0.95)
