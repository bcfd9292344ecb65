import math
import pickle
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messages.made import curve

from bot.domain.runs import Numbers, Point
from bot.messages import plots
from bot.messages.model import Picture

ROWS = [(step, 3 * math.exp(-step / 80), 2.0 if step % 30 == 0 else None) for step in range(1, 301)]
NUMBERS = st.none() | st.floats()


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        [],
        [(10, 1.5, None)],
        [(10, None, 1.5)],
        [(0, 0.0, 0.0), (1, 0.0, 0.0)],
        [(1, math.nan, math.inf), (2, -math.inf, None)],
        [(1, 1e308, -1e308), (2, 1e30, -1e30), (10**400, 1.0, 1.0), (10**15, 5e-324, 1.0)],
        [(5, 1.0, None), (5, 2.0, None), (4, 3.0, None)],
    ],
)
def test_a_plot_is_a_png_of_its_size_whatever_the_numbers(rows: list[plots.Row]) -> None:
    png = plots.draw("support-bot #42", rows)
    assert size(png) == (900, 450)
    assert 2_000 < len(png) < 200_000


@pytest.mark.parametrize(
    "title",
    [
        "",
        "$\\frac{",
        "$x$ \\$",
        "🚀 漢字",
        "مرحبا \u202e evil",
        "a\x00\x1b[31m\nb",
        "\ud800",
        "x" * 10_000,
        "%s {} <b>&",
    ],
)
def test_a_title_can_say_anything(title: str) -> None:
    assert size(plots.draw(title, ROWS[:5])) == (900, 450)


@settings(max_examples=20, deadline=None)
@given(st.text(), st.lists(st.tuples(st.integers(), NUMBERS, NUMBERS), max_size=20))
def test_anything_can_be_drawn_and_said(title: str, rows: list[plots.Row]) -> None:
    assert size(plots.draw(title, rows)) == (900, 450)
    said = plots.alt_text(title, rows)
    assert said.endswith(".")
    assert "\n" not in said


def test_a_hundred_thousand_points_are_drawn() -> None:
    rows = [(step, 2 + math.sin(step), None) for step in range(100_000)]
    assert size(plots.draw("long", rows)) == (900, 450)


def test_the_same_numbers_make_the_same_picture() -> None:
    assert plots.draw("a", ROWS) == plots.draw("a", ROWS)


def test_drawing_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(plots.draw)) is plots.draw
    assert pickle.loads(pickle.dumps(plots.rows(curve())))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 10)), min_size=1, max_size=2000).map(sorted))
@settings(max_examples=30, deadline=None)
def test_thinning_keeps_the_ends_and_the_extremes(series: list[tuple[int, float]]) -> None:
    thin = plots.thinned(series)
    assert len(thin) <= 502
    assert thin == sorted(thin)
    assert (thin[0], thin[-1]) == (series[0], series[-1])
    values = [value for _, value in series]
    assert min(value for _, value in thin) == min(values)
    assert max(value for _, value in thin) == max(values)


def test_a_curve_has_the_points_that_have_a_loss() -> None:
    points = [Point(1, Numbers(loss=0.0)), Point(2, Numbers(rate=3.0)), Point(3, Numbers(eval_loss=2.0))]
    assert plots.rows(points) == [(1, 0.0, None), (3, None, 2.0)]


def test_the_words_have_the_picture_s_numbers() -> None:
    assert plots.alt_text("support-bot #42", [(10, 2.0, None), (20, 1.0, 1.5), (30, 1.25, math.nan)]) == (
        "support-bot #42: loss from 2.0000 at step 10 to 1.2500 at step 30, lowest 1.0000 at step 20; "
        "eval loss 1.5000 at step 20."
    )
    assert plots.alt_text("support-bot #42", []) == "support-bot #42: no numbers yet."


def test_a_loss_that_explodes_is_drawn_on_a_logarithmic_axis() -> None:
    tame = plots.draw("x", [(1, 4.0, None), (2, 3.0, None), (3, 2.0, None)])
    steep = plots.draw("x", [(1, 4.0, 4.1), (2, 3.0, None), (3, 6e12, None)])
    assert steep.startswith(b"\x89PNG")
    assert steep != tame


def test_several_runs_are_drawn_with_their_legend_below() -> None:
    few = plots.draw_several([("support-bot #42", ROWS), ("tickets #43", ROWS[:9])])
    many = plots.draw_several([(f"support-bot #{number}", ROWS) for number in range(6)])
    assert size(few)[0] == size(many)[0] == 900
    assert 450 < size(few)[1] < size(many)[1] < 620


def test_a_run_keeps_its_looks_whoever_has_no_numbers() -> None:
    assert plots.draw_several([("a #1", ROWS), ("b #2", [])]) == plots.draw_several([("a #1", ROWS)])
    assert size(plots.draw_several([])) == (900, 450)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.text(), st.lists(st.tuples(st.integers(), NUMBERS, NUMBERS), max_size=5)), max_size=8))
def test_any_runs_can_be_drawn_and_said(curves: list[tuple[str, list[plots.Row]]]) -> None:
    assert size(plots.draw_several(curves))[0] == 900
    said = plots.alt_texts(curves)
    assert said.endswith(".")
    assert "\n" not in said


def test_the_words_of_several_runs_have_the_numbers_of_each() -> None:
    curves = [(f"{'support-bot ' * 9}#{number}", [(10, 2.0, None), (20, 1.0 + number, 1.5)]) for number in range(6)]
    said = Picture(b"", plots.alt_texts(curves)).alt
    for number in range(6):
        assert f"#{number}: loss from 2.0000 at step 10 to {1 + number}.0000 at step 20" in said
    assert said.count("eval loss 1.5000") == 6


@pytest.mark.parametrize("title", ["x" * 300 + " #42", "support-bot #42", "#42", "x" * 80 + " #" + "9" * 12])
def test_a_run_s_number_is_never_cut(title: str) -> None:
    said = plots.alt_text(title, [])
    assert title.rsplit("#", maxsplit=1)[-1] in said
    assert len(said) < 100
