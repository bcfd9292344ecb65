"""Loss curves as PNG, with the same numbers in words.

`draw` takes plain tuples, is importable by name and imports matplotlib inside, because it runs in a worker process
of its own. It holds nothing and has no style to choose; whether to draw, and for whom, is decided elsewhere.
"""

import io
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bot.domain.runs import Point
from bot.domain.text import one_line
from bot.messages import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = tuple[int, float | None, float | None]  # step, loss, eval loss
_WIDTH, _HEIGHT, _DPI = 900, 450, 110
_MOST = 500  # points of one curve; more are finer than a pixel
_STEEP = 1000  # largest over smallest value, from which the axis is logarithmic
_LARGEST = 1e30  # beyond it an axis overflows
_LAST_STEP = 10**15
_TITLE_LIMIT = 70


def rows(points: Sequence[Point]) -> list[Row]:
    """The curves of the points; a point without either loss is left out."""
    kept = [(point.step, point.numbers.loss, point.numbers.eval_loss) for point in points]
    return [row for row in kept if row[1] is not None or row[2] is not None]


def draw(title: str, points: Sequence[Row]) -> bytes:
    """A PNG of 900 by 450: loss solid, eval loss dashed with markers. Not a number is a gap nobody draws."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI, facecolor="white")
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.09, right=0.97, top=0.89, bottom=0.13)
    axes.set_title(_drawable(title), fontsize=12, loc="left", parse_math=False)
    losses, evaluations = _series(points, 1), _series(points, 2)
    _curve(axes, losses, "loss", "-", "#1f5fa8")
    _curve(axes, evaluations, "eval loss", "--", "#c2570c")
    axes.set_xlabel("step")
    if _steep([value for _, value in (*losses, *evaluations)]):
        axes.set_yscale("log")
        axes.set_ylabel("loss, logarithmic")
    else:
        axes.set_ylabel("loss")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10], integer=True))
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if axes.lines:
        axes.legend(frameon=False)
    else:
        axes.text(0.5, 0.5, "no numbers yet", ha="center", va="center", transform=axes.transAxes, color="#666666")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _curve(axes: "Axes", series: list[tuple[int, float]], label: str, dash: str, color: str) -> None:
    if not series:
        return
    thin = thinned(series)
    dotted = dash != "-" or len(thin) == 1
    steps, values = zip(*thin, strict=True)
    axes.plot(
        steps,
        values,
        dash,
        color=color,
        linewidth=1.6,
        marker="o" if dotted else "",
        markersize=4,
        markevery=max(len(thin) // 40, 1),
        label=f"{label} {words.loss(series[-1][1])}",
    )


def _series(points: Iterable[Row], column: int) -> list[tuple[int, float]]:
    """Step and value of one column, by step, without what cannot be drawn."""
    pairs = ((point[0], point[column]) for point in points)
    return sorted((step, value) for step, value in pairs if value is not None and _sane(step, value))


def _steep(values: Sequence[float]) -> bool:
    """Whether a linear axis would show only the largest values."""
    return bool(values) and min(values) > 0 and max(values) > _STEEP * min(values)


def _sane(step: int, value: float) -> bool:
    return math.isfinite(value) and abs(value) <= _LARGEST and abs(step) <= _LAST_STEP


def thinned(series: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most `_MOST` points and the two ends: of each stretch its lowest and its highest."""
    if len(series) <= _MOST:
        return list(series)
    stretches = _MOST // 2
    cuts = [index * len(series) // stretches for index in range(stretches + 1)]
    kept = {series[0], series[-1]}
    for start, end in itertools.pairwise(cuts):
        kept.add(min(series[start:end], key=lambda pair: pair[1]))
        kept.add(max(series[start:end], key=lambda pair: pair[1]))
    return sorted(kept)


def _drawable(title: str) -> str:
    """The title with a box for every character that the font does not have."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont("DejaVu Sans")).get_charmap()
    return "".join(char if ord(char) in known else "□" for char in one_line(title, _TITLE_LIMIT))


def alt_text(title: str, points: Sequence[Row]) -> str:
    """The picture in one sentence, with its numbers."""
    named = (("loss", _series(points, 1)), ("eval loss", _series(points, 2)))
    said = [_said(name, series) for name, series in named if series]
    return f"{one_line(title, _TITLE_LIMIT)}: " + ("; ".join(said) if said else "no numbers yet") + "."


def _said(name: str, series: Sequence[tuple[int, float]]) -> str:
    (start, first), (end, last) = series[0], series[-1]
    if len(series) == 1:
        return f"{name} {words.loss(first)} at step {start}"
    low_step, low = min(series, key=lambda pair: pair[1])
    return (
        f"{name} from {words.loss(first)} at step {start} to {words.loss(last)} at step {end}, "
        f"lowest {words.loss(low)} at step {low_step}"
    )
