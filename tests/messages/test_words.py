import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ratings import Tally
from bot.messages import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (58.9, "58 s"),
        (60, "1 min"),
        (12 * 60, "12 min"),
        (3600, "1 h"),
        (12000, "3 h 20 min"),
        (187200, "2 d 4 h"),
        (-5, "0 s"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(2.0e-4, "2e-4"), (1.8e-4, "1.8e-4"), (0.0, "0"), (0.01, "0.01"), (1.0, "1"), (1e-5, "1e-5"), (9.999e-5, "1e-4")],
)
def test_a_learning_rate_is_said_without_padding(value: float, said: str) -> None:
    assert words.rate(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.23456, "1.2346"), (0.0, "0.0000"), (math.nan, "NaN"), (math.inf, "infinite"), (1e12, "1.0000e+12")],
)
def test_a_loss_has_four_decimals(value: float, said: str) -> None:
    assert words.loss(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(True, "true"), (3.0, "3"), (32, "32"), ("adamw", "adamw"), (0.05, "0.05")]
)
def test_a_setting_is_said_as_it_would_be_typed(value: float | bool | str, said: str) -> None:
    assert words.setting(value) == said


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_setting_keeps_every_digit(value: float) -> None:
    assert float(words.setting(value)) == value


@given(st.lists(st.floats(), max_size=100), st.integers(1, 30))
def test_a_sparkline_is_as_wide_as_asked_whatever_the_values(values: list[float], width: int) -> None:
    bars = words.sparkline(values, width)
    finite = sum(map(math.isfinite, values))
    assert len(bars) == (min(width, finite) if finite >= 2 else 0)
    assert set(bars) <= set("▁▂▃▄▅▆▇█")


def test_a_sparkline_falls_with_its_values() -> None:
    assert words.sparkline([8, 7, 6, 5, 4, 3, 2, 1]) == "█▇▆▅▄▃▂▁"


def test_a_steep_sparkline_shows_logarithms() -> None:
    assert words.sparkline([1000, 100, 10, 1]) == "█▆▃▁"


def test_a_flat_sparkline_lies_at_the_bottom() -> None:
    assert words.sparkline([1.5] * 5) == "▁▁▁▁▁"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (2, "about 10 s left"),
        (23, "about 20 s left"),
        (58, "about 1 min left"),
        (125, "about 2 min left"),
        (7300, "about 2 h 1 min left"),
    ],
)
def test_what_is_left_is_rounded(seconds: float, said: str) -> None:
    assert words.left(timedelta(seconds=seconds)) == said


def test_a_tally_leaves_out_the_side_without_votes() -> None:
    assert words.tally(Tally(3, 1)) == "👍 3 👎 1"
    assert words.tally(Tally(3, 0)) == "👍 3"
    assert words.tally(Tally()) == "no votes"


def test_a_hundred_percent_means_done() -> None:
    assert words.percent(299, 300) == 99
    assert words.percent(310, 300) == 100


def test_a_list_ends_with_and() -> None:
    assert words.listed([]) == ""
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
