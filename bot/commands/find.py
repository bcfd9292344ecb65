"""Which run a person means, and what completions offer. A run that may not be seen here does not exist here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.commands.desk import Desk
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, Words
from bot.domain import hyper
from bot.domain.errors import UserError
from bot.domain.recipes import Recipe
from bot.domain.runs import Run
from bot.domain.text import cut, one_line
from bot.messages import facts, words
from bot.store import listing, posts, runs
from bot.store.database import Query
from bot.store.listing import Filter

_NUMBER = re.compile(r"(?:(.*?)\s*#|)([0-9]{1,12})")
OFFERED = 25  # what a completion shows at the most
NAMES = 1000  # of runs that are compared with what was typed


async def run(request: Request, ref: RunRef) -> Run:
    """The run that is meant: by number, by name (the newest one here), or without a word the one that fits here."""
    word = one_line(ref, 200)
    if not word:
        return await _here(request)
    number = _NUMBER.fullmatch(word)
    if number:
        return await _numbered(request, int(number[2]), number[1])
    return await _named(request, word)


async def kept(request: Request, number: int) -> Run:
    """The run that an earlier delivery of this request found, or that it began."""
    found = await request.desk.db.read(runs.get(number))
    if found is None:
        raise LookupError(f"run {number} is gone")
    return found


async def several(request: Request, text: str, most: int) -> list[Run]:
    """The runs that a line names, without repetitions: `#41 #42`, `support-bot #42`; a name of several words between
    commas. UserError for more than `most`."""
    whole = await known(request, re.sub(r"\s*#[0-9]+\s*$", "", text))
    parts = text.split(",") if "," in text else [text] if whole else text.split()
    refs: list[str] = []
    for word in (part.strip() for part in parts if part.strip()):
        if refs and word.startswith("#") and "#" not in refs[-1] and not refs[-1].isdigit():
            refs[-1] += word  # a run as every message calls it
        else:
            refs.append(word)
    if len(refs) > most:
        raise UserError(f"That names {len(refs)} runs; {most} at once are the most.")
    found = [await run(request, RunRef(ref)) for ref in refs]
    return list({one.number: one for one in found}.values())


async def known(request: Request, name: str) -> bool:
    """Whether a run that may be seen here has this name."""
    return one_line(name, 200).casefold() in await _there(request)


async def _there(request: Request) -> dict[str, str]:
    """The names of runs that may be seen here, as somebody may type them."""
    return {one_line(one).casefold(): one for one in await request.desk.db.read(_names(request.incoming))}


async def _named(request: Request, name: str) -> Run:
    """The newest run of the name in this place; else the newest one anywhere. Several that are going: which one?"""
    for wanted in (Filter(name=name, place=request.place), Filter(name=name)):
        found = await request.desk.db.read(listing.select(request.incoming.viewer, wanted, 6))
        live = [one for one in found if not one.state.final]
        if len(live) > 1:
            raise _which(live)
        if found:
            return (live or found)[0]
    there = await _there(request)
    alike = there.get(name.casefold())
    if alike is not None and alike != name:  # letters or blanks that the database does not take for the same
        return await _named(request, alike)
    near = hyper.nearest(name.casefold(), there)
    hint = f"Did you mean `{cut(one_line(there[near]), 40)}`?" if near else "`/train list` shows what there is."
    raise UserError(f"There is no run called `{cut(name, 40)}` here. {hint}")


async def _numbered(request: Request, number: int, name: str | None) -> Run:
    found = await request.desk.db.read(runs.get(number))
    if found is None or not request.incoming.viewer.sees(found):
        raise UserError(f"There is no run #{number} here. `/train list` shows what there is.")
    if name and name.casefold() not in {one_line(found.name).casefold(), one_line(found.name, 80).casefold()}:
        raise UserError(f"Run #{number} is not `{cut(name, 40)}` but `{facts.title(found)}`. Which one do you mean?")
    return found


def _names(incoming: Incoming) -> Query[list[str]]:
    return listing.names(incoming.viewer, NAMES)


async def _here(request: Request) -> Run:
    message = request.incoming.message
    if message is not None:
        root = message.thread or message.message
        number = await request.desk.db.read(posts.run_of_thread(request.place, root))
        found = await request.desk.db.read(runs.get(number)) if number else None
        if found is not None and request.incoming.viewer.sees(found):
            return found
    recent = await request.desk.db.read(listing.select(request.incoming.viewer, Filter(place=request.place), 6))
    live = [one for one in recent if not one.state.final]
    if len(live) > 1:
        raise _which(live)
    if not recent:
        raise UserError("No run has been started here yet. `/train start` begins one.")
    return (live or recent)[0]


def _which(live: Sequence[Run]) -> UserError:
    names = ", ".join(f"`{one_line(one.name, 40)} #{one.number}`" for one in live[:5])
    return UserError(f"Which run? {names} are all going. Say its number, for example `#{live[0].number}`.")


async def complete_run(incoming: Incoming, desk: Desk, last: str, _: Mapping[str, str]) -> Sequence[Choice]:
    """Runs that may be seen here, live and newest first."""
    return await _runs(incoming, desk, Filter(text=last))


async def complete_live_run(incoming: Incoming, desk: Desk, last: str, _: Mapping[str, str]) -> Sequence[Choice]:
    """Runs that may be seen here and are not over."""
    return await _runs(incoming, desk, Filter(text=last, live=True))


async def _runs(incoming: Incoming, desk: Desk, wanted: Filter) -> list[Choice]:
    found = await desk.db.read(listing.select(incoming.viewer, wanted, OFFERED))
    return [Choice(f"#{one.number}", f"{one_line(one.name, 60)} #{one.number} · {one.state.value}") for one in found]


async def complete_name(incoming: Incoming, desk: Desk, last: str, _: Mapping[str, str]) -> Sequence[Choice]:
    """Names of the runs that may be seen here, the latest used first."""
    found = await desk.db.read(_names(incoming))
    return [Choice(one, one_line(one, 80)) for one in found if last.casefold() in one.casefold() and " " not in one]


async def complete_starter(incoming: Incoming, desk: Desk, last: str, _: Mapping[str, str]) -> Sequence[Choice]:
    """Who started runs that may be seen here, by user id where a name would need quotes."""
    found = await desk.db.read(listing.starters(incoming.viewer, NAMES))
    return [
        Choice(one.user if " " in one.label else one.label, one_line(one.label, 80))
        for one in found
        if one.label.casefold().startswith(last.casefold()) or one.user.casefold().startswith(last.casefold())
    ]


async def complete_command(_: Incoming, desk: Desk, last: str, __: Mapping[str, str]) -> Sequence[Choice]:
    """Commands that help explains."""
    return [
        Choice(one.name, f"{one.usage} · {one.help}") for one in desk.commands() if one.name.startswith(last.lower())
    ]


async def complete_recipe(_: Incoming, desk: Desk, last: str, __: Mapping[str, str]) -> Sequence[Choice]:
    """Recipes that can be used."""
    found = await desk.recipes()
    return [
        Choice(name, f"{name} · {one.description}" if one.description else name)
        for name, one in found.items()
        if isinstance(one, Recipe) and name.startswith(last.lower())
    ]


async def complete_setting(_: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """Settings that the recipe named before lets people change, with its own values."""
    recipe = (await desk.recipes()).get(args.get("recipe", ""))
    return settings_of(recipe, last, args) if isinstance(recipe, Recipe) else []


def settings_of(recipe: Recipe, last: str, args: Mapping[str, str]) -> list[Choice]:
    """The settings of a recipe that may be changed from chat and were not given yet."""
    if "=" in last:
        return []
    return [
        Choice(f"{one.name}=", f"{one.name}={_own(recipe, one.name)} · {one.meaning}")
        for one in hyper.HYPERS
        if (one.kind is not str or one.name in recipe.open)
        and one.name not in args
        and any(name.startswith(last.lower()) for name in (one.name, *one.aliases))
    ]


def _own(recipe: Recipe, name: str) -> str:
    """The recipe's own value, as it is shown everywhere."""
    return words.setting(recipe.settings[name]) if name in recipe.settings else "…"


ANY_RUN = Arg("Run: #42, its name, or nothing for the one that fits here", complete=complete_run)
LIVE_RUN = replace(ANY_RUN, complete=complete_live_run)
SOME_RUNS = Arg("Runs: #41 #42, or their names", complete=complete_run)
NO_RUN, NO_WORDS = RunRef(""), Words("")
