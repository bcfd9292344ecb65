"""The votes on a run's samples: a summary, and everything that people voted on as a file.

Built when somebody asks. Who voted is not said, in either. The file has one JSON object a line, in UTF-8, and holds the
full answers; it is for people who train on votes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain import ratings
from bot.domain.calls import Call
from bot.domain.ratings import Tally
from bot.domain.runs import BASE_STEP, Run, Sample
from bot.domain.text import count
from bot.messages import facts, words
from bot.messages.model import (
    Block,
    Bold,
    Button,
    Buttons,
    File,
    Grid,
    Line,
    Message,
    Prose,
    line,
    say,
)

MOST_BYTES = 8_000_000  # of a file: chats take 10 MB (Discord developer docs, Uploading Files)
_NAMED = 4  # runs by their names in one sentence
# Ends of lines to some readers, and halves of characters that UTF-8 has not: JSON writes them as escapes.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def summary(runs: Sequence[tuple[Run, Mapping[int, Tally]]]) -> Message:
    """How many are for and against each step of these runs."""
    blocks = [block for run, tallies in runs for block in _of_run(run, tallies)]
    told = [f"{facts.title(run)}: {_total(tallies)}" for run, tallies in runs]
    if any(_voted(tallies) for _, tallies in runs):
        blocks.append(Buttons(tuple(_ways(run) for run, tallies in runs if _voted(tallies))))
    return Message("; ".join(told), tuple(blocks))


def _of_run(run: Run, tallies: Mapping[int, Tally]) -> list[Block]:
    if not _voted(tallies):
        how = "vote with 👍 or 👎 below the samples in its thread."
        return [Prose(line(Bold(facts.title(run)), f" has no votes yet: {how}"))]
    rows = tuple(_row(step, tallies[step]) for step in sorted(tallies))
    return [
        Prose(line("Votes on ", Bold(facts.title(run)), f": {_total(tallies)}")),
        Grid(("Step", "👍", "👎", "In favour"), rows),
    ]


def _row(step: int, one: Tally) -> tuple[Line, ...]:
    share = ratings.approval(one)
    return (
        line(facts.at(step)),
        line(str(one.up)),
        line(str(one.down)),
        line(f"{share.value * 100:.0f} %" if share else "–"),
    )


def _voted(tallies: Mapping[int, Tally]) -> bool:
    return any(one.votes for one in tallies.values())


def _total(tallies: Mapping[int, Tally]) -> str:
    return words.tally(sum(tallies.values(), Tally()))


def _ways(run: Run) -> Button:
    return Button(f"Best checkpoint of #{run.number}", Call("best", {"run": str(run.number)}))


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of one run; `size` in bytes."""

    text: str
    lines: int
    size: int


def parts(runs: Sequence[Run], samples: Sequence[Sample], votes: Mapping[tuple[int, int, int], Tally]) -> list[Part]:
    """Of each run a line for each answer, in the order of the runs. Takes its time: for a thread of its own."""
    by_run: dict[int, list[str]] = {run.number: [] for run in runs}
    named = {run.number: run for run in runs}
    for one in samples:
        if one.answer is not None and one.run in named:
            by_run[one.run].append(_line(named[one.run], one, votes.get((one.run, one.step, one.prompt))))
    return [Part(text := "".join(lines), len(lines), len(text.encode())) for lines in by_run.values()]


def export(runs: Sequence[Run], made: Sequence[Part], all: int) -> Message:
    """The parts as a file. `runs` are the first ones of `all`, at least the few that are named; `made` are the parts of
    the first runs, which fit; of the others it is said that they do not."""
    many = sum(part.lines for part in made)
    if not many:
        return say(f"No sample has an answer yet in {_named(runs, all)}, so there is nothing to export.")
    name = f"votes-{runs[0].number}.jsonl" if all == 1 else "votes.jsonl"
    said = f"{count(many, 'answer')} of {_named(runs, len(made))} with their votes"
    left = all - len(made)
    were = f"The file would be too large: {count(left, 'older run')} left out. Export those by number."
    more = [Prose(line(were))] if left else []
    text = f"{said}: one JSON object a line, whole answers, nobody named."
    return Message(text, (Prose(line(text)), File(name, "".join(part.text for part in made), said), *more))


def _named(runs: Sequence[Run], many: int) -> str:
    return words.listed([facts.title(run) for run in runs[:many]]) if many <= _NAMED else count(many, "run")


def _line(run: Run, sample: Sample, votes: Tally | None) -> str:
    prompts, tally = run.recipe.prompts, votes or Tally()
    prompt = prompts[sample.prompt] if sample.prompt < len(prompts) else None
    row: dict[str, Any] = {
        "run": run.number,
        "name": run.name,
        "step": max(sample.step, BASE_STEP),
        "prompt": prompt.user if prompt else None,
        "system": prompt.system if prompt else None,
        "answer": sample.answer,
        "up": tally.up,
        "down": tally.down,
        "score": tally.up - tally.down,
    }
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(row, ensure_ascii=False)) + "\n"
