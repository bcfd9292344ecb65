"""Turns reactions into scores. The stored fact is (message, person, raw emoji); everything else is derived here."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

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


def best_step(tallies: Iterable[tuple[int, Tally]]) -> tuple[int, Tally] | None:
    """The step with the most votes for, less those against; the later one of two equals. None without a vote for."""
    by_step: dict[int, Tally] = defaultdict(Tally)
    for step, one in tallies:
        by_step[step] += one
    ranked = sorted(by_step.items(), key=lambda item: (item[1].up - item[1].down, item[1].up, item[0]))
    if not ranked or ranked[-1][1].up - ranked[-1][1].down <= 0:
        return None
    return ranked[-1]
