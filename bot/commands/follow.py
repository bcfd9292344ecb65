"""The commands that make a place follow something, change what it is told, and end that.

What the words mean is in `subjects`; what a change causes is in `store.wishes`, in one transaction with it. Reading
what is followed is in `following`, mutes are in `quiet`.
"""

import sqlite3
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from bot.commands import access, find, quiet, subjects
from bot.commands.desk import Write
from bot.commands.spec import Arg, Request, RunRef, Words, command
from bot.commands.subjects import EVENT_WORDS, NO_EVENTS
from bot.domain.errors import UserError
from bot.domain.follows import Asked, Follow, OneRun, Subject, Wants
from bot.domain.runs import Origin, Run
from bot.messages import follows as messages
from bot.messages import words
from bot.messages.model import Message
from bot.store import follows, listing, people, runs, wishes
from bot.store.listing import Filter

NO_SUBJECT = RunRef("")
LIVE = 50  # runs that go on, looked through for those that a new follow does not reach


@command(
    acts=True,
    examples=("follow support-*", "follow support-* failures only", "follow #42 every=100", "follow me success=direct"),
)
async def follow(
    request: Request,
    what: Annotated[
        RunRef, Arg("A run, a name or pattern of names, everything, or me", complete=subjects.complete_subject)
    ] = NO_SUBJECT,
    events: Annotated[Words, EVENT_WORDS] = NO_EVENTS,
    *,
    every: Annotated[
        int, Arg("Steps between two lines of progress", subjects.complete_distance, minimum=1, maximum=1_000_000)
    ] = 0,
    success: Annotated[str, Arg("Where a good end is told", choices=("thread", "channel", "direct", "nobody"))] = "",
    mention: Annotated[
        str, Arg("Who is called when a run fails: here, starter, nobody, or a group", subjects.complete_mention)
    ] = "",
    only: Annotated[bool, Arg("Exactly these events, no others")] = False,
) -> Message:
    """Tell this place of runs: samples, progress, success, failures."""

    async def begin() -> Write | Message:
        if not what.strip():
            return messages.nothing_named(await _live(request))
        asked = _asked(request, events, every=every, success=success, mention=mention, only=only)
        if asked.success == "direct" and await request.desk.db.read(people.quiet(request.person)):
            raise UserError("Your direct messages are off: `/train dm on` first. Nothing was changed.")
        meant = await subjects.subject(request, what)
        run = await _run_of(request, meant)
        if run is not None:
            access.check_publishable(run, request.incoming)
        usual = await _usual(request, meant, run, what)
        await access.check_told(request, "nothing was changed")
        return partial(_write, request=request, asked=asked, usual=usual, now=request.desk.clock.now())

    return await request.settle(begin, partial(_told, request))


def _asked(request: Request, events: str, *, every: int, success: str, mention: str, only: bool) -> Asked:
    """What the words ask for; UserError where they contradict each other."""
    named = subjects.events(events)
    if only and not named:
        raise UserError("Only what? Name the events, for example `failures only`. Nothing was changed.")
    if "success" in named and success == "nobody":
        raise UserError("`success` and `success=nobody` contradict each other. Nothing was changed.")
    called = subjects.mention(mention, request.place.platform)
    return Asked(named, only, every or None, success or None, called)


async def _run_of(request: Request, meant: Subject) -> Run | None:
    """The run, where one alone is followed."""
    return await find.kept(request, meant.number) if isinstance(meant, OneRun) else None


async def _usual(request: Request, meant: Subject, run: Run | None, what: str) -> Follow:
    """The follow as it begins where nothing is said: as it was when it ended, as a run's home has it, or as any."""
    now, incoming = request.desk.clock.now(), request.incoming
    new = Follow(request.place, meant, Wants(), request.person, now, alone=incoming.direct, private=incoming.private)
    if run is not None and run.home == request.place and run.origin is Origin.CHAT:
        wants = Wants.of_home(run.recipe.notify, progress=request.desk.progress)
        new = replace(new, wants=wants, home=True)
    before = await subjects.referred(request, what, ended=True)
    return replace(new, wants=before.wants) if before else new


def _write(
    connection: sqlite3.Connection, *, request: Request, asked: Asked, usual: Follow, now: datetime
) -> dict[str, Any]:
    """Begins the follow or changes it. Gives its number, whether it is new, and whether nothing changed."""
    people.see(connection, request.person, now)
    known = follows.same(request.place, usual.subject).on(connection)
    wants = asked.of(known.wants if known else None, usual.wants)
    _check(request, known, asked, wants)
    if isinstance(usual.subject, OneRun):
        run = runs.get(usual.subject.number).on(connection)
        if run is not None and run.state.final and not known:
            wants = Wants(mention=usual.wants.mention)  # its card is all that is left to see
    if known is None:
        number = wishes.begin(connection, replace(usual, wants=wants, set_at=now), now)
        return {"follow": number, "new": True, "same": False}
    if wants != known.wants:
        wishes.change(connection, known, wants, request.person, now)
    return {"follow": known.number, "new": False, "same": wants == known.wants}


def _check(request: Request, known: Follow | None, asked: Asked, wants: Wants) -> None:
    """UserError for wants that would tell nothing, or not what was meant."""
    if not wants.events:
        raise UserError("Then nothing would be told. `/train unfollow` ends a follow. Nothing was changed.")
    if asked.mention not in (None, "nobody") and not wants.failures:
        raise UserError("Somebody is called for failures only: add `failures`. Nothing was changed.")
    if known and asked.success == known.wants.success == "direct" and known.set_by != request.person:
        raise UserError(
            "Somebody else here is told that alone already. To be told as well, say the same to me in a direct "
            "message. Nothing was changed."
        )


async def _told(request: Request, done: dict[str, Any]) -> Message:
    found = await request.desk.db.read(follows.ever(done["follow"]))
    if found is None:
        raise LookupError(f"follow {done['follow']} was not stored")
    run = await _run(request, found)
    mutes, unheard = await quiet.mutes(request), await quiet.unheard(request, [found])
    if done["new"]:
        return messages.begun(found, run, mutes, await _unreached(request, found), unheard)
    if run is not None and run.state.final:
        return messages.over(run)
    return messages.changed(found, run, mutes, unheard, same=done["same"])


async def _run(request: Request, found: Follow) -> Run | None:
    """The run of a follow of one run, as far as the asker may see it."""
    if not isinstance(found.subject, OneRun):
        return None
    run = await request.desk.db.read(runs.get(found.subject.number))
    return run if run and request.incoming.viewer.sees(run) else None


async def _live(request: Request) -> list[Run]:
    """Runs that go on and may be followed here, but are not."""
    found = await request.desk.db.read(listing.select(request.incoming.viewer, Filter(live=True), LIVE))
    here = await request.desk.db.read(follows.of_place(request.place))
    return [
        run for run in found if access.publishable(run, request.incoming) and not any(one.fits(run) for one in here)
    ]


async def _unreached(request: Request, found: Follow) -> list[Run]:
    """Runs that go on, which the follow would fit if it reached back."""
    if isinstance(found.subject, OneRun):
        return []
    return [run for run in await _live(request) if replace(found, after=0).fits(run)]


@command(acts=True, examples=("unfollow support-*", "unfollow support-* samples", "unfollow #42"))
async def unfollow(
    request: Request,
    what: Annotated[RunRef, Arg("What is followed here", complete=subjects.complete_followed)] = NO_SUBJECT,
    events: Annotated[Words, EVENT_WORDS] = NO_EVENTS,
) -> Message:
    """Tell this place no more of something, or less."""

    async def begin() -> Write:
        named = subjects.events(events)
        found = await subjects.followed(request, what)
        return partial(_lessen, request=request, number=found.number, named=named, now=request.desk.clock.now())

    return await request.settle(begin, partial(_untold, request))


def _lessen(
    connection: sqlite3.Connection, *, request: Request, number: int, named: frozenset[str], now: datetime
) -> dict[str, Any]:
    """Ends the follow, or takes the events from it; gives its number and the events that are still told."""
    people.see(connection, request.person, now)
    found = follows.get(number).on(connection)
    if found is None:
        raise UserError("That is not followed here any more. `/train follows` shows what is.")
    if named and not named.intersection(found.wants.events):
        has, no = words.listed(found.wants.events), words.listed(sorted(named))
        raise UserError(f"That follow tells only {has}, no {no}. Nothing was changed.")
    left = found.wants.without(named or found.wants.events)
    if left.events:
        wishes.change(connection, found, left, request.person, now)
    else:
        wishes.end(connection, found, now)
    return {"follow": number, "gone": sorted(named), "left": list(left.events)}


async def _untold(request: Request, done: dict[str, Any]) -> Message:
    found = await request.desk.db.read(follows.ever(done["follow"]))
    if found is None:
        raise LookupError(f"follow {done['follow']} is gone")
    run = await _run(request, found)
    if done["left"]:
        return messages.lessened(found, run, done["gone"], await quiet.unheard(request, [found]))
    here = await request.desk.db.read(follows.of_place(request.place))
    if run is None:
        still = [one for one in here if not one.home]
        return messages.ended(found, run, request.person, still=still, anybody=True)
    everyone = await request.desk.db.read(follows.of_run(run))
    still = [one for one in everyone if one.place == request.place]
    return messages.ended(found, run, request.person, still=still, anybody=bool(everyone))
