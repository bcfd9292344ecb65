"""Answers to `start`, `again` and `share`: the promise that a run exists, and the questions before it does."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.calls import Call
from bot.domain.recipes import Change, Odd
from bot.domain.runs import Run, State
from bot.domain.text import one_line
from bot.messages import facts, words
from bot.messages.model import Aside, Block, Button, Buttons, Code, Line, Message, Text, Tone, line, say

_WAS = " (was "


def starting(run: Run, *, direct: bool = False) -> Message:
    """The promise: from here on the run exists. `direct`: it was asked for in a conversation with the bot alone."""
    what = f"Starting {facts.title(run)}"
    if run.parent is not None:
        what += f", again from #{run.parent}"
    more = [Aside(line("Changed: ", *_codes(run.changes)))] if run.changes else []
    more += [Aside(line("Note: ", run.note))] if run.note else []
    where = "conversation" if direct else "channel"
    return say(f"{what}. Its card is in this {where}.", *more)


def ask_odd(own: str, odd: Sequence[Odd], call: Call) -> Message:
    """The question about values that may be mistyped. `own` begins what the recipe or the run has."""
    return say(f"{_odd(own, odd)} Nothing was started.{_otherwise(call)}", *_choice(odd, call), tone=Tone.ODD)


def ask_again(run: Run, odd: Sequence[Odd], call: Call) -> Message:
    """The question before a run is started again by a button."""
    given = [f"`{name}={one_line(text, 40)}`" for name, text in call.args.items() if name != "run"]
    how = f"with {words.listed(given)}" if given else "with the same settings"
    text = f"Start {facts.title(run)} again {how}? {_end(run)}"
    if odd:
        text += f" {_odd('It had', odd)}"
    text += f" To change something, type `/train again {run.number} key=value`.{_otherwise(call)}"
    return say(text, *_buttons([_button("Start again", _sure(call), "primary")]))


def change(one: Change) -> str:
    """`learning_rate=1e-4 (was 2e-4)`, as the card shows what is not the same as before."""
    after = words.setting(one.after) if one.after is not None else "not set"
    was = f"{_WAS}{one_line(words.setting(one.before), 80)})" if one.before is not None else ""
    return f"{one.name}={one_line(after, 80)}{was}"


def without_before(change: str) -> str:
    """A change as `change` writes it, without what was before."""
    return change.partition(_WAS)[0]


def ask_share(run: Run) -> Message:
    """The question before everybody sees a run: that cannot be taken back."""
    parts = ["its name", "settings", "numbers", "samples", *(["note"] if run.note else [])]
    text = (
        f"Let everybody who may use this bot see {facts.title(run)}? That is {words.listed(parts)}. "
        "It cannot be taken back."
    )
    call = Call("share", {"run": str(run.number), "sure": "yes"})
    return say(text, Buttons((Button(f"Share {facts.title(run)}", call, "danger"),)))


def shared(run: Run, *, new: bool, left_out: int | None = None) -> Message:
    """What sharing did. `left_out` is the private run that it does again, of which nobody is to read."""
    if not new:
        return say(f"{facts.title(run)} is not private: everybody sees it already. Nothing was changed.")
    text = (
        f"{facts.title(run)} is not private any more: everybody who may use this bot can find it, "
        "with its settings, numbers and samples."
    )
    if left_out is not None:
        text += f" #{left_out}, which it does again, stays private: it is named no more, nor what was changed from it."
    return say(text)


def _odd(own: str, odd: Sequence[Odd]) -> str:
    return " ".join(f"`{one.name}={one_line(one.text, 40)}`? {own} {words.setting(one.own)}." for one in odd)


def _end(run: Run) -> str:
    if run.state is State.FAILED or run.state is State.REFUSED:
        why = facts.cause((run.error or "").replace("`", "'"), 120).rstrip(".")
        return f"It {'failed' if run.state is State.FAILED else 'was refused'}{f': {why}' if why else ''}."
    return f"It is {run.state.value}." if run.state.final else f"It goes on meanwhile: {run.state.value}."


def _choice(odd: Sequence[Odd], call: Call) -> tuple[Block, ...]:
    """As it was typed, or with the values that are known to be sane."""
    names = {one.name for one in odd}
    without = replace(call, args={name: text for name, text in call.args.items() if name not in names})
    if len(odd) == 1:
        labels = (f"Start with {odd[0].name}={odd[0].text}", f"Start with {words.setting(odd[0].own)}")
    else:
        labels = ("Start as I typed it", "Start without these values")
    return _buttons([_button(labels[0], _sure(call), "danger"), _button(labels[1], without, "plain")])


def _sure(call: Call) -> Call:
    return replace(call, args={**call.args, "sure": "yes"})


def _otherwise(call: Call) -> str:
    """What to type where no button can carry the call."""
    return "" if _button("", _sure(call), "plain") else " If you mean it, type the same again with `sure` at the end."


def _button(label: str, call: Call, style: str) -> Button | None:
    try:
        call.encode()
    except ValueError:
        return None
    return Button(label, call, style)


def _buttons(buttons: Sequence[Button | None]) -> tuple[Block, ...]:
    found = tuple(one for one in buttons if one is not None)
    return (Buttons(found),) if found else ()


def _codes(texts: Sequence[str]) -> Line:
    spaced = [span for text in texts for span in (Text(" "), Code(text))]
    return tuple(spaced[1:])
