"""Numbers, durations and curves as short words, the same in every message.

Called by the other modules of this folder when a message is built. It knows no run and no message: values come
in, plain text goes out. 0 is a number like any other; what is None is left out by the caller.
"""

import itertools
import math
from collections.abc import Sequence
from datetime import timedelta

from bot.domain.ratings import Tally

STEEP = 10  # largest over smallest value, from which bars show logarithms
_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BELOW = 1e6  # a larger loss is written with an exponent
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def loss(value: float) -> str:
    """A loss to four decimals: `1.2345`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinite"
    return f"{value:.4f}" if abs(value) < _PLAIN_BELOW else f"{value:.4e}"


def rate(value: float) -> str:
    """A learning rate or another small number, without padding: `2e-4`, `1.8e-4`, `0.01`."""
    if value == 0 or not math.isfinite(value) or 0.01 <= abs(value) < _PLAIN_BELOW:
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.10g}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def speed(value: float) -> str:
    """How often something happens: three digits while it is small, whole numbers above."""
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def setting(value: float | bool | str) -> str:
    """A recipe's value as a person would type it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, float):
        return str(value)
    short = rate(value)
    return short if float(short) == value else repr(value)


def duration(span: timedelta) -> str:
    """`58 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return _two(seconds, (_HOUR, "h"), (_MINUTE, "min"))
    return _two(seconds, (_DAY, "d"), (_HOUR, "h"))


def _two(seconds: int, large: tuple[int, str], small: tuple[int, str]) -> str:
    rest = seconds % large[0] // small[0]
    whole = f"{seconds // large[0]} {large[1]}"
    return f"{whole} {rest} {small[1]}" if rest else whole


def left(span: timedelta) -> str:
    """A guess at what remains, rounded as a guess should be: `about 20 s left`, `about 2 min left`."""
    seconds = span.total_seconds()
    if seconds < _MINUTE - 5:
        return f"about {max(round(seconds / 10) * 10, 10)} s left"
    if seconds < _HOUR - 30:
        return f"about {max(round(seconds / _MINUTE), 1)} min left"
    return f"about {duration(span)} left"


def percent(part: int, whole: int) -> int:
    """Rounded down, so that 100 means done."""
    return min(max(part * 100 // whole, 0), 100)


def tally(votes: Tally) -> str:
    """`👍 3 👎 1`; a side without votes is left out."""
    sides = (("👍", votes.up), ("👎", votes.down))
    return " ".join(f"{sign} {number}" for sign, number in sides if number) or "no votes"


def sparkline(values: Sequence[float], width: int = 20) -> str:
    """A curve of at most `width` bars; each is the mean of its stretch. Empty for fewer than two finite values.

    A curve that falls steeply at first is drawn by its logarithms, or the rest of it would lie flat.
    """
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 2:
        return ""
    size = min(width, len(finite))
    cuts = [index * len(finite) // size for index in range(size + 1)]
    parts = [finite[start:end] for start, end in itertools.pairwise(cuts)]
    means = [sum(value / len(part) for value in part) for part in parts]
    if min(means) > 0 and max(means) > STEEP * min(means):
        means = [math.log(mean) for mean in means]
    low, spread = min(means), max(means) / 2 - min(means) / 2
    if spread <= 0:
        return _BARS[0] * size
    top = len(_BARS) - 1
    return "".join(_BARS[min(round((mean / 2 - low / 2) / spread * top), top)] for mean in means)


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
