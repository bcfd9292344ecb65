"""Answers to commands, seen by the one who asked.

Built by a handler when a command, a button or a modal is answered, and sent at once; nothing here is edited
later. What everybody sees is in `runs` and `samples`.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.calls import Call
from bot.domain.runs import Run
from bot.domain.text import count, one_line
from bot.messages import facts, words
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Code,
    Facts,
    Grid,
    Line,
    Message,
    Prose,
    Text,
    line,
    say,
)
from bot.messages.recipes import NO_RECIPE

_RUNS_SHOWN = 10
_STARTS_AT_ONCE = 3
_EXAMPLES = 3


def _codes(texts: Sequence[str], between: str = " ") -> Line:
    spaced = [span for text in texts for span in (Text(between), Code(text))]
    return tuple(spaced[1:])


def running(runs: Sequence[Run], *, now: datetime, recipes: Sequence[str], examples: Sequence[str]) -> Message:
    """The bare command: what goes on here and what to do next."""
    blocks: list[Block] = [Prose(_going(run, now)) for run in runs[:_RUNS_SHOWN]]
    if len(runs) > _RUNS_SHOWN:
        blocks.append(Aside(line(f"and {len(runs) - _RUNS_SHOWN} more")))
    head = f"{count(len(runs), 'run')} going on here." if runs else "Nothing is running here."
    blocks.insert(0, Prose(line(head)))
    if recipes:
        blocks.append(_starts(recipes[:_STARTS_AT_ONCE]))
    else:
        blocks.append(Prose(line(NO_RECIPE)))
    if examples:
        blocks.append(Prose(line("Try ", *_codes(examples[:_EXAMPLES], ", "))))
    return Message(head, tuple(blocks))


def _going(run: Run, now: datetime) -> Line:
    done = facts.meter(run)
    where = done.label if done else facts.step(run) if facts.trained(run) else ""
    said = [text for text in (where, facts.losses(run.numbers)) if text]
    return (Bold(facts.title(run)), Text(" · "), *facts.state(run, now), *(Text(f" · {text}") for text in said))


def _starts(names: Sequence[str]) -> Buttons:
    return Buttons(tuple(Button(f"Start {name}", Call("start", {"recipe": name}), "primary") for name in names))


def help_list(commands: Sequence[tuple[str, str]]) -> Message:
    """Every command with its one sentence."""
    rows = tuple((line(Code(usage)), line(text)) for usage, text in commands)
    more = Aside(line("More about one of them: ", Code("/train help start")))
    return Message("What I can do", (Prose(line("What I can do:")), Grid(("Command", "What it does"), rows), more))


def help_one(usage: str, help: str, arguments: Sequence[tuple[str, str]], examples: Sequence[str]) -> Message:
    """One command in full."""
    blocks: list[Block] = [Prose(line(Code(usage))), Prose(line(help))]
    if arguments:
        blocks.append(Facts(tuple((one_line(name, 60), line(meaning)) for name, meaning in arguments)))
    if examples:
        blocks.append(Prose(line("For example ", *_codes(examples, ", "))))
    return Message(f"{usage}: {help}", tuple(blocks))


def ask_cancel(run: Run, *, now: datetime) -> Message:
    """The question before the end of a run, with what it costs."""
    one = str(run.number)
    text = f"Cancel {facts.title(run)}? {_price_of_cancelling(run, now)}"
    sure = Button(f"Cancel {facts.title(run)}", Call("cancel", {"run": one, "sure": "yes"}), "danger")
    return say(text, Buttons((sure, Button("Keep it running", Call("status", {"run": one})))))


def _price_of_cancelling(run: Run, now: datetime) -> str:
    if not facts.trained(run):
        return "It has not begun to train, so it would lose nothing but its place in the queue."
    so_far = f"It is at {facts.step(run)} after {words.duration(run.duration(now))}."
    if not run.checkpoints:
        return f"{so_far} It has saved no checkpoint yet, so all of that would be lost."
    last = run.checkpoints[-1]
    if last >= run.step:
        return f"{so_far} Its last checkpoint is from this step."
    return (
        f"{so_far} Its last checkpoint is from step {last}; {count(run.step - last, 'step')} since then would be lost."
    )


def cancelling(run: Run) -> Message:
    return say(f"Cancelling {facts.title(run)}. Its card says when it has ended.")


def already_ended(run: Run) -> Message:
    return say(f"{facts.title(run)} has already ended: {run.state.value}. Nothing was changed.")


def already_cancelling(run: Run) -> Message:
    asked = f", asked by {one_line(run.cancel_by.label, 60)}" if run.cancel_by else ""
    return say(f"{facts.title(run)} is already being cancelled{asked}. Its card says when it has ended.")
