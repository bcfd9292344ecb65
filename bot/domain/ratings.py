"""Turns reactions into scores, and scores into what may be said of them.

The stored fact is (message, person, raw emoji); everything else is derived here. A handful of votes tells only large
differences apart, so a leader is named as one only where chance would hardly have made it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

# Slack sends names, with the skin tone behind a colon pair; Discord and the room send the characters.
_UP = frozenset({"👍", "+1", "thumbsup"})
_DOWN = frozenset({"👎", "-1", "thumbsdown"})
_TONES = dict.fromkeys(range(127995, 128000)) | {0xFE0F: None}
SEEDS = ("👍", "👎")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many persons are for and against one sample, over all its posts."""

    up: int = 0
    down: int = 0

    @property
    def votes(self) -> int:
        return self.up + self.down

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.up + other.up, self.down + other.down)


def sign(emoji: str) -> int:
    """+1, -1, or 0 for an emoji that is no vote. Skin tones and aliases are the same sign."""
    plain = emoji.split("::", maxsplit=1)[0].strip(":").translate(_TONES)
    if plain in _UP:
        return 1
    return -1 if plain in _DOWN else 0


def tally(reactions: Iterable[tuple[str, str]]) -> Tally:
    """The tally of (person key, emoji) pairs of one sample: a person with both signs counts for neither."""
    signs: dict[str, set[int]] = defaultdict(set)
    for person, emoji in reactions:
        signs[person].add(sign(emoji))
    totals = [sum(own) for own in signs.values()]
    return Tally(up=sum(total > 0 for total in totals), down=sum(total < 0 for total in totals))


@dataclass(frozen=True, slots=True)
class Share:
    """The share of votes that are for something, and the 95 % interval around it; all from 0 to 1."""

    value: float
    low: float
    high: float


# E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
# Statistical Association 22 (1927), 209-212. Unlike the usual interval it holds for a handful of votes, 0 and 1 too.
_Z = 1.959963984540054  # of the normal distribution, 95 % lie within
CHANCE = 0.05  # a difference that chance makes more often than this is none


def approval(one: Tally) -> Share | None:
    """The share of those for it with its Wilson interval; None without a vote."""
    if not one.votes:
        return None
    many, share = one.votes, one.up / one.votes
    middle = share + _Z**2 / (2 * many)
    reach = _Z * math.sqrt(share * (1 - share) / many + _Z**2 / (4 * many**2))
    whole = 1 + _Z**2 / many
    return Share(share, max((middle - reach) / whole, 0.0), min((middle + reach) / whole, 1.0))


def by_chance(one: Tally, other: Tally) -> float:
    """How often chance alone makes a difference as large as that between these two, 0 to 1: exact, two-sided.

    R. A. Fisher, Statistical Methods for Research Workers, 5th edition (1934), section 21.02; on both sides those
    tables count that are no more likely than the one at hand. In whole numbers, so that equals are equal."""
    ups, votes = one.up + other.up, one.votes + other.votes

    def ways(up: int) -> int:
        return math.comb(one.votes, up) * math.comb(other.votes, ups - up)

    here = ways(one.up)
    possible = range(max(0, ups - other.votes), min(one.votes, ups) + 1)
    return sum(made for up in possible if (made := ways(up)) <= here) / math.comb(votes, ups)


def ranked(tallies: Iterable[tuple[int, Tally]]) -> list[tuple[int, Tally]]:
    """Every step that has votes, the best first: those with more for than against them, then by the lower end of the
    interval, so that one vote of one is not better than nine of ten; of equals the later."""
    by_step: dict[int, Tally] = defaultdict(Tally)
    for step, one in tallies:
        by_step[step] += one
    shares = [(step, one, share) for step, one in by_step.items() if (share := approval(one))]
    shares.sort(key=lambda row: (row[1].up > row[1].down, row[2].low, row[0]), reverse=True)
    return [(step, one) for step, one, _ in shares]


def best_step(tallies: Iterable[tuple[int, Tally]]) -> tuple[int, Tally] | None:
    """The first of `ranked`; None where no step has more votes for than against it."""
    first = next(iter(ranked(tallies)), None)
    return first if first and first[1].up > first[1].down else None


def clear(tallies: Iterable[tuple[int, Tally]]) -> bool:
    """Whether the votes tell the first of `ranked` apart from the second. One step alone is not better than others."""
    first, *others = ranked(tallies) or [(0, Tally())]
    return bool(others) and leads(first[1], others[0][1])


def leads(one: Tally, other: Tally) -> bool:
    """Whether the votes tell these two apart, in favour of the first."""
    ahead, behind = approval(one), approval(other)
    return ahead is not None and behind is not None and ahead.value > behind.value and by_chance(one, other) < CHANCE


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A checkpoint with the evaluation loss at its step, or the last one before it, from step `at`."""

    step: int
    loss: float
    at: int


CLOSE = 0.01  # losses that differ by a smaller part of themselves are the same: an evaluation is no finer


def evaluated(checkpoints: Iterable[int], losses: Mapping[int, float]) -> list[Evaluated]:
    """The checkpoints with their evaluation losses, the lowest first; of equals the one that was evaluated itself, then
    the earlier. Losses by step; what is no number, and checkpoints before the first evaluation, are left out."""
    known = sorted((at, loss) for at, loss in losses.items() if math.isfinite(loss))
    steps = sorted(set(checkpoints))
    found = []
    for (at, loss), (end, _) in pairwise([*known, (math.inf, 0.0)]):
        found += [Evaluated(step, loss, int(at)) for step in steps if at <= step < end]
    return sorted(found, key=lambda one: (one.loss, one.step - one.at, one.step))


def is_lower(ranking: Sequence[Evaluated]) -> bool:
    """Whether the first of `evaluated` is really lower than the second."""
    if len(ranking) < 2:
        return False
    first, second = ranking[0].loss, ranking[1].loss
    return second - first >= CLOSE * max(abs(first), abs(second)) and second > first
