"""The commands that make the bot say less: mutes of a place for a while, direct messages to one person."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from bot.commands import find
from bot.commands.desk import Desk
from bot.commands.find import LIVE_RUN, NO_RUN
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, command
from bot.domain.errors import UserError
from bot.domain.follows import Mute
from bot.domain.runs import Run
from bot.domain.text import cut, one_line
from bot.messages import quiet as messages
from bot.messages.model import Message
from bot.store import follows, people

GOOD = "good"
LONGEST = timedelta(days=366)
_SPAN = re.compile(r"(?:[0-9]{1,6}[mhdw])+")
_PART = re.compile(r"([0-9]+)([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def span(text: str) -> timedelta | None:
    """A time as people type it (`30m`, `1h30m`, `2d`); None for good. UserError for anything else."""
    word = text.lower()
    if word == GOOD:
        return None
    parts = _PART.findall(word) if _SPAN.fullmatch(word) else []
    length = sum((int(number) * _UNITS[unit] for number, unit in parts), timedelta(0))
    if not timedelta(0) < length <= LONGEST:
        raise UserError(
            f"`for={cut(text, 40)}` does not fit: it takes a time such as `30m`, `1h` or `2d`, a year at the most, or "
            "`good`. Nothing was changed."
        )
    return length


async def _complete_span(_: Incoming, __: Desk, last: str, ___: Mapping[str, str]) -> Sequence[Choice]:
    """Usual times."""
    said = {"30m": "half an hour", "1h": "an hour", "4h": "four hours", "1d": "a day", "7d": "a week", GOOD: "for good"}
    return [Choice(word, f"{word} · {text}") for word, text in said.items() if word.startswith(last.lower())]


@command(acts=True, examples=("mute", "mute #42 for=2h", "mute #42 for=good", "mute off"))
async def mute(
    request: Request,
    run: Annotated[RunRef, LIVE_RUN] = NO_RUN,
    *,
    for_: Annotated[str, Arg("How long: 30m, 1h, 2d, or good", complete=_complete_span)] = "1h",
    off: Annotated[bool, Arg("End it")] = False,
) -> Message:
    """Tell this place nothing for a while, of one run or of any; cards go on."""
    found = await _run(request, run)
    number = found.number if found else 0
    if off:
        return await _unmute(request, number, found)
    length = span(for_)
    if found is not None and found.state.final:
        raise UserError(f"`{one_line(found.title)}` has ended: it has nothing more to say. Nothing was changed.")
    now = request.desk.clock.now()
    until = now + length if length else None

    def write(connection: sqlite3.Connection) -> float | str:
        people.see(connection, request.person, now)
        follows.mute(connection, request.place, Mute(number, until, request.person), now)
        return until.timestamp() if until else GOOD

    kept = await request.desk.once(request.incoming.id, write)
    ends = None if kept == GOOD else datetime.fromtimestamp(kept, now.tzinfo)
    return messages.muted(Mute(number, ends, request.person), found, length)


async def _run(request: Request, word: RunRef) -> Run | None:
    """The run that is meant; None for every run. UserError for a time in the place of a run."""
    if not word.strip() or word.lower() == "everything":
        return None
    if _SPAN.fullmatch(word.lower()) and not word.isdigit():
        raise UserError(
            f"Is `{cut(word, 40)}` how long? Then say `/train mute for={cut(word, 40)}`. Nothing was changed."
        )
    return await find.run(request, word)


async def _unmute(request: Request, number: int, run: Run | None) -> Message:
    mutes = await request.desk.db.read(follows.mutes(request.place, request.desk.clock.now()))
    ended = await request.desk.once(
        request.incoming.id, lambda connection: follows.unmute(connection, request.place, number)
    )
    if not ended:
        others = [f"`/train mute {f'#{one.run} ' if one.run else ''}off`" for one in mutes]
        what = f"`#{number}` is not muted here." if number else "This place is not muted."
        hint = f" What is muted ends with {', '.join(others)}." if others else ""
        raise UserError(f"{what} Nothing was changed.{hint}")
    return messages.unmuted(number, run)


@command(examples=("dm", "dm off"))
async def dm(
    request: Request, state: Annotated[str, Arg("Whether you get them", choices=("on", "off"))] = ""
) -> Message:
    """Choose whether the bot tells you alone when your long runs end."""
    if not state:
        return messages.direct(await request.desk.db.read(people.quiet(request.person)), changed=False)
    now = request.desk.clock.now()

    def write(connection: sqlite3.Connection) -> None:
        people.see(connection, request.person, now)
        people.set_quiet(connection, request.person, state == "off")

    await request.desk.db.write(write)
    return messages.direct(state == "off", changed=True)
