"""What is said outside a card and its thread, besides a failure of its own: a burst of failures, a good end in the
channel or to one person alone, an outage of the training service."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.calls import Call
from bot.domain.follows import Follow, Follower
from bot.domain.runs import Run
from bot.domain.text import count
from bot.messages import because, facts, words
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Code,
    Line,
    Link,
    Message,
    Prose,
    Text,
    Tone,
    When,
    line,
)

_CAUSE_LIMIT = 160
_CAUSES = 8
_SHOWN = 20  # runs of one cause that are named

_WHY: tuple[Block, ...] = (
    Buttons((Button("Notifications", Call("follows")),)),
    Aside(line("Told here because runs are followed here that go on.")),
)


def storm(failed: Sequence[Run], links: Mapping[int, str | None]) -> Message:
    """A burst of failures: every run, by cause. It grows while more fail and calls nobody."""
    by_cause: dict[str, list[Run]] = defaultdict(list)
    for run in failed:
        by_cause[facts.cause(run.error or "", _CAUSE_LIMIT) or "no reason given"].append(run)
    head = f"{count(len(failed), 'run')} failed here in short order"
    causes = f"{count(len(by_cause), 'cause')}" if len(by_cause) > 1 else "all for one cause"
    blocks: list[Block] = [Prose(line(Bold(head), f", {causes}:"))]
    ranked = sorted(by_cause.items(), key=lambda item: -len(item[1]))
    for cause, alike in ranked[:_CAUSES]:
        blocks.append(Prose((Bold(f"{len(alike)} × "), Text(f"{cause}: "), *_named(alike, links))))
    if len(ranked) > _CAUSES:
        rest = sum(len(alike) for _, alike in ranked[_CAUSES:])
        blocks.append(Prose(line(f"and {count(rest, 'run')} for other causes: ", Code("/train list state=failed"))))
    blocks.append(Buttons((Button("Notifications", Call("follows")),)))
    blocks.append(Aside(line("Further failures of the next minutes are added here. The button shows why.")))
    first = next(iter(by_cause), "")
    titles = [facts.title(run) for run in failed[:_SHOWN]]
    more = [f"{len(failed) - _SHOWN} more"] if len(failed) > _SHOWN else []
    return Message(f"{head}: {words.listed([*titles, *more])}. {first}", tuple(blocks), Tone.BAD)


def _named(runs: Sequence[Run], links: Mapping[int, str | None]) -> Line:
    spans: list[Line] = []
    for run in runs[:_SHOWN]:
        url = links.get(run.number)
        spans.append(line(Link(facts.title(run), url) if url else facts.title(run)))
    more = line(f" and {len(runs) - _SHOWN} more") if len(runs) > _SHOWN else ()
    return (*(part for index, one in enumerate(spans) for part in ((Text(", "), *one) if index else one)), *more)


def in_channel(run: Run, outcome: Message, follower: Follower | None) -> Message:
    """The quiet end of a run, in the channel."""
    blocks = (*outcome.blocks, Buttons((because.button(run),)), *because.aside(run, follower))
    return Message(outcome.summary, blocks, outcome.tone)


def alone(run: Run, outcome: Message, link: str | None, wished: Sequence[Follow]) -> Message:
    """The end of a run, to one person alone: because of a follow, or because it is that person's own long run."""
    why = because.by(wished[0]) if wished else line("You are told because you started it and it took a while")
    off = Button("No more messages like this", Call("dm", {"state": "off"}))
    opened = (Prose(line(Link("Open the card", link))),) if link else ()
    blocks = (*outcome.blocks, *opened, Buttons((off,)), Aside((*why, Text("."))))
    return Message(outcome.summary, blocks, outcome.tone)


def outage(began: datetime, ended: datetime | None) -> Message:
    """The training service is away, or was."""
    if ended is None:
        said = line(Bold("The training service is out of reach"), " since ", When(began), ".")
        rest = " Runs that train go on without us; what they do meanwhile is told when it is back."
        return Message("The training service is out of reach.", (Prose((*said, Text(rest))), *_WHY), Tone.ODD)
    took = words.duration(ended - began)
    said = line(Bold("The training service is back"), f", after {took} out of reach since ", When(began), ".")
    text = f"The training service is back, after {took} out of reach."
    return Message(text, (Prose((*said, Text(" All runs are followed again."))), *_WHY), Tone.GOOD)
