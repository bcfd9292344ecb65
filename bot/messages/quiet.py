"""Answers to the commands that make the bot say less: mutes of a place, direct messages to one person."""

from datetime import datetime, timedelta

from bot.domain.calls import Call
from bot.domain.fanout import LONG
from bot.domain.follows import Mute
from bot.domain.runs import Run
from bot.messages import facts, words
from bot.messages.model import Block, Button, Buttons, Code, Line, Message, Prose, Text, When, line, say

_LOOK = "/train list since="


def _of(run: Run | None, number: int) -> Line:
    return line(facts.title(run) if run else f"run #{number}" if number else "every run")


def _until(until: datetime | None) -> Line:
    return line("until ", When(until)) if until else line("for good")


def _off(number: int) -> Button:
    return Button("Unmute", Call("mute", {"off": "yes"} | ({"run": str(number)} if number else {})))


def _command(number: int) -> str:
    return f"/train mute #{number} off" if number else "/train mute off"


def muted(mute: Mute, run: Run | None, span: timedelta | None) -> Message:
    """From now on the place hears nothing, until when, and how that ends sooner."""
    said: Line = (Text("Muted here: "), *_of(run, mute.run), Text(", "), *_until(mute.until), Text("."))
    rest: Line = (Text(" Cards go on. To end it: "), Code(_command(mute.run)), Text("."))
    summary = f"Muted here: {facts.plain(_of(run, mute.run))}, {words.duration(span) if span else 'for good'}."
    look = f"{_LOOK}{_short(span)}" if span else "/train list"
    after = line("What happens meanwhile is not told afterwards. To see it: ", Code(look), ".")
    return Message(summary, (Prose((*said, *rest)), Prose(after), Buttons((_off(mute.run),))))


def _short(span: timedelta) -> str:
    """`30m`, `2h`, `3d`: as the commands take it; the next larger unit where it does not come out even."""
    minutes = -(-int(span.total_seconds()) // 60)
    for unit, length in (("d", 1440), ("h", 60)):
        if minutes >= length and minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


def unmuted(number: int, run: Run | None) -> Message:
    """The place hears again."""
    what = facts.plain(_of(run, number))
    return say(f"No longer muted here: {what}. What happened meanwhile is not told; `/train list since=1h` shows it.")


def standing(mute: Mute, run: Run | None) -> list[Block]:
    """That something is muted now, and the button that ends it."""
    said: Line = (Text("Muted here: "), *_of(run if run and run.number == mute.run else None, mute.run), Text(", "))
    return [Prose((*said, *_until(mute.until), Text("."))), Buttons((_off(mute.run),))]


def direct(quiet: bool, *, changed: bool, follows: int = 0) -> Message:
    """Whether somebody gets direct messages, and how to change that. `follows` tell a good end to that person alone."""
    took = words.duration(LONG)
    if quiet:
        begin = "You get no more direct messages" if changed else "You get no direct messages"
        many = "One follow tells" if follows == 1 else f"{follows} follows tell"
        lost = f" {many} a good end to you alone: nobody is told of that now." if follows else ""
        text = f"{begin} about runs.{lost} To have them again: `/train dm on`."
        return say(text, Buttons((Button("Direct messages on", Call("dm", {"state": "on"})),)))
    text = (
        f"You get a direct message when a run that you started ends after more than {took}, and for follows that tell "
        "you alone. To stop that: `/train dm off`."
    )
    return say(text, Buttons((Button("Direct messages off", Call("dm", {"state": "off"})),)))
