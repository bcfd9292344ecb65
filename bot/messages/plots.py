"""Loss curves as PNG, of one run or of several, with the same numbers in words.

`draw` and `draw_several` take plain tuples, are importable by name and import matplotlib inside, because they run in
a worker process of its own. It holds nothing and has no style to choose; whether to draw, and for whom, is decided
elsewhere.
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
    from matplotlib.figure import Figure

Row = tuple[int, float | None, float | None]  # step, loss, eval loss
Pairs = list[tuple[int, float]]  # step and value
_WIDTH, _HEIGHT, _DPI = 900, 450, 110
_MOST = 500  # points of one curve; more are finer than a pixel
_STEEP = 1000  # largest over smallest value, from which the axis is logarithmic
_LARGEST = 1e30  # beyond it an axis overflows
_LAST_STEP = 10**15
_TITLE_LIMIT = 70
# Masataka Okabe and Kei Ito, "Color Universal Design" (2008): told apart with every kind of colour blindness. Their
# yellow is left out, for it cannot be seen on white. Each run has a marker of its own as well.
_LOOKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"))
MOST_RUNS = len(_LOOKS)
_LEGEND_ROW = 19  # pixels; the legend of several runs stands below the axes


def rows(points: Sequence[Point]) -> list[Row]:
    """The curves of the points; a point without either loss is left out."""
    kept = [(point.step, point.numbers.loss, point.numbers.eval_loss) for point in points]
    return [row for row in kept if row[1] is not None or row[2] is not None]


def draw(title: str, points: Sequence[Row]) -> bytes:
    """A PNG of 900 by 450: loss solid, eval loss dashed with markers. Not a number is a gap nobody draws."""
    figure, axes = _paper(_HEIGHT)
    axes.set_title(_drawable(title, _TITLE_LIMIT), fontsize=12, loc="left", parse_math=False)
    losses, evaluations = _series(points, 1), _series(points, 2)
    _curve(axes, losses, "loss", "-", "#1f5fa8")
    _curve(axes, evaluations, "eval loss", "--", "#c2570c")
    _axes(axes, [value for _, value in (*losses, *evaluations)])
    if axes.lines:
        axes.legend(frameon=False)
    return _png(figure)


def draw_several(curves: Sequence[tuple[str, Sequence[Row]]]) -> bytes:
    """A PNG 900 wide: of each run the loss solid and the eval loss dashed, in its own colour and with its own marker.
    At most `MOST_RUNS` of them."""
    lines = [
        (title, kind, dash, look, series)
        for (title, rows), look in zip(curves, _LOOKS, strict=False)
        for kind, dash, series in (("loss", "-", _series(rows, 1)), ("eval loss", "--", _series(rows, 2)))
        if series
    ]
    below = _LEGEND_ROW * ((len(lines) + 1) // 2)
    figure, axes = _paper(_HEIGHT, below, top=0.03)
    for title, kind, dash, look, series in lines:
        _marked(axes, series, f"{_drawable(title, _TITLE_LIMIT // 2)} · {kind}", dash, look)
    _axes(axes, [value for *_, series in lines for _, value in series])
    if lines:
        legend = figure.legend(loc="lower center", ncols=2, frameon=False, fontsize=8, handlelength=4)
        for text in legend.get_texts():
            text.set_parse_math(False)
    return _png(figure)


def _paper(height: int, below: int = 0, top: float = 0.11) -> "tuple[Figure, Axes]":
    """A white sheet with one pair of axes, `below` pixels for a legend under them and a `top` part for a title."""
    from matplotlib.figure import Figure

    whole = height + below
    figure = Figure(figsize=(_WIDTH / _DPI, whole / _DPI), dpi=_DPI, facecolor="white")
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.09, right=0.97, top=1 - top * height / whole, bottom=(0.13 * height + below) / whole)
    return figure, axes


def _axes(axes: "Axes", values: Sequence[float]) -> None:
    """Scales and names for what was drawn."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("step")
    if _steep(values):
        axes.set_yscale("log")
        axes.set_ylabel("loss, logarithmic")
    else:
        axes.set_ylabel("loss")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10], integer=True))
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if not axes.lines:
        axes.text(0.5, 0.5, "no numbers yet", ha="center", va="center", transform=axes.transAxes, color="#666666")


def _png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _curve(axes: "Axes", series: Pairs, label: str, dash: str, color: str) -> None:
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


def _marked(axes: "Axes", series: Pairs, label: str, dash: str, look: tuple[str, str]) -> None:
    """One of several runs' curves; the markers of a dashed one are hollow."""
    color, marker = look
    thin = thinned(series)
    steps, values = zip(*thin, strict=True)
    axes.plot(
        steps,
        values,
        dash,
        color=color,
        linewidth=1.5,
        marker=marker,
        markersize=5,
        markerfacecolor=color if dash == "-" else "white",
        markevery=max(len(thin) // 10, 1),
        label=f"{label} {words.loss(series[-1][1])}",
    )


def _series(points: Iterable[Row], column: int) -> Pairs:
    """Step and value of one column, by step, without what cannot be drawn."""
    pairs = ((point[0], point[column]) for point in points)
    return sorted((step, value) for step, value in pairs if value is not None and _sane(step, value))


def _steep(values: Sequence[float]) -> bool:
    """Whether a linear axis would show only the largest values."""
    return bool(values) and min(values) > 0 and max(values) > _STEEP * min(values)


def _sane(step: int, value: float) -> bool:
    return math.isfinite(value) and abs(value) <= _LARGEST and abs(step) <= _LAST_STEP


def thinned(series: Sequence[tuple[int, float]]) -> Pairs:
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


def _drawable(title: str, limit: int) -> str:
    """The title with a box for every character that the font does not have."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont("DejaVu Sans")).get_charmap()
    return "".join(char if ord(char) in known else "□" for char in _short(title, limit))


def _short(title: str, limit: int) -> str:
    """The title on one line; of a long name its end is cut, never the run's number."""
    name, mark, number = title.rpartition(" #")
    if not mark or not number.isdigit():
        return one_line(title, limit)
    return f"{one_line(name, max(limit - len(number) - 2, 1))} #{number}"


def alt_text(title: str, points: Sequence[Row]) -> str:
    """The picture in one sentence, with its numbers."""
    named = (("loss", _series(points, 1)), ("eval loss", _series(points, 2)))
    said = [_said(name, series) for name, series in named if series]
    return f"{_short(title, _TITLE_LIMIT)}: " + ("; ".join(said) if said else "no numbers yet") + "."


def alt_texts(curves: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """The picture of several runs, a sentence a run."""
    return " ".join(alt_text(title, rows) for title, rows in curves[:MOST_RUNS]) or "no numbers yet."


def _said(name: str, series: Sequence[tuple[int, float]]) -> str:
    (start, first), (end, last) = series[0], series[-1]
    if len(series) == 1:
        return f"{name} {words.loss(first)} at step {start}"
    low_step, low = min(series, key=lambda pair: pair[1])
    return (
        f"{name} from {words.loss(first)} at step {start} to {words.loss(last)} at step {end}, "
        f"lowest {words.loss(low)} at step {low_step}"
    )
