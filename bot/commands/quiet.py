"""The commands that make the bot say less: mutes of a place for a while, direct messages to one person."""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

from bot.commands import access, find
from bot.commands.desk import Desk, Write
from bot.commands.find import LIVE_RUN, NO_RUN
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, command
from bot.domain.errors import UserError
from bot.domain.follows import Follow, Mute
from bot.domain.places import Person, Place
from bot.domain.runs import Run
from bot.domain.text import cut, one_line
from bot.messages import quiet as messages
from bot.messages.model import Message
from bot.store import follows, hushed, listing, people

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
    if off:
        return await _unmute(request, run)

    async def begin() -> Write:
        found = await _run(request, run)
        length = span(for_)
        if found is not None:
            access.check_publishable(found, request.incoming)
            if found.state.final:
                raise UserError(
                    f"`{one_line(found.title)}` has ended: it has nothing more to say. Nothing was changed."
                )
        now = request.desk.clock.now()
        new = Mute(found.number if found else 0, now + length if length else None, request.person)
        return partial(_mute, place=request.place, new=new, now=now)

    async def tell(kept: dict[str, Any]) -> Message:
        until = datetime.fromtimestamp(kept["until"], UTC) if kept["until"] is not None else None
        found = await find.kept(request, kept["run"]) if kept["run"] else None
        return messages.muted(Mute(kept["run"], until, request.person), found, span(for_))

    return await request.settle(begin, tell)


def _mute(connection: sqlite3.Connection, *, place: Place, new: Mute, now: datetime) -> dict[str, Any]:
    people.see(connection, new.by, now)
    follows.mute(connection, place, new, now)
    return {"run": new.run, "until": new.until.timestamp() if new.until else None}


async def mutes(request: Request) -> list[Mute]:
    """What is muted in this place now, without what the asker may not know of."""
    found = await request.desk.db.read(follows.mutes(request.place, request.desk.clock.now()))
    seen = await request.desk.db.read(listing.seen(request.incoming.viewer, [one.run for one in found]))
    return [one for one in found if one.run == 0 or one.run in seen]


async def unheard(request: Request, of: Iterable[Follow]) -> frozenset[str]:
    """The persons of these follows who would be told alone, and want no direct messages."""
    persons = [one.set_by for one in of if one.wants.success == "direct"]
    return await request.desk.db.read(hushed.among(persons)) if persons else frozenset()


async def _run(request: Request, word: RunRef) -> Run | None:
    """The run that is meant; None for every run. UserError for a time in the place of a run."""
    if not word.strip() or word.lower() == "everything":
        return None
    if _SPAN.fullmatch(word.lower()) and not word.isdigit():
        raise UserError(
            f"Is `{cut(word, 40)}` how long? Then say `/train mute for={cut(word, 40)}`. Nothing was changed."
        )
    return await find.run(request, word)


async def _unmute(request: Request, word: RunRef) -> Message:
    async def begin() -> Write:
        found = await _run(request, word)
        number = found.number if found else 0
        others = [one.run for one in await mutes(request) if one.run != number]

        def write(connection: sqlite3.Connection) -> dict[str, Any]:
            return {"run": number, "ended": follows.unmute(connection, request.place, number), "others": others}

        return write

    async def tell(kept: dict[str, Any]) -> Message:
        number = kept["run"]
        if not kept["ended"]:
            raise UserError(_not_muted(number, kept["others"]))
        return messages.unmuted(number, await find.kept(request, number) if number else None)

    return await request.settle(begin, tell)


def _not_muted(number: int, others: Sequence[int]) -> str:
    what = f"`#{number}` is not muted here." if number else "This place is not muted."
    ends = ", ".join(f"`/train mute {f'#{one} ' if one else ''}off`" for one in others)
    return f"{what} Nothing was changed.{f' What is muted ends with {ends}.' if ends else ''}"


@command(examples=("dm", "dm off"))
async def dm(
    request: Request, state: Annotated[str, Arg("Whether you get them", choices=("on", "off"))] = ""
) -> Message:
    """Choose whether the bot tells you alone when your long runs end."""
    read, person = request.desk.db.read, request.person
    if not state:
        off = await read(people.quiet(person))
        return messages.direct(off, changed=False, follows=await read(hushed.follows(person)))

    async def begin() -> Write:
        return partial(_set_quiet, person=person, quiet=state == "off", now=request.desk.clock.now())

    async def tell(kept: dict[str, Any]) -> Message:
        return messages.direct(kept["quiet"], changed=True, follows=kept["follows"])

    return await request.settle(begin, tell)


def _set_quiet(connection: sqlite3.Connection, *, person: Person, quiet: bool, now: datetime) -> dict[str, Any]:
    people.see(connection, person, now)
    people.set_quiet(connection, person, quiet)
    return {"quiet": quiet, "follows": hushed.follows(person).on(connection)}
