"""The commands that find runs and set them against each other: a list by filters, a comparison, the best checkpoint."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from bot.commands import find, show, steps
from bot.commands.desk import Desk
from bot.commands.find import ANY_RUN, NO_RUN, NO_WORDS, SOME_RUNS
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, Words, command
from bot.domain import hyper, ratings
from bot.domain.errors import UserError
from bot.domain.places import Person
from bot.domain.ratings import Tally
from bot.domain.recipes import Recipe
from bot.domain.runs import Run, State
from bot.domain.text import cut, one_line
from bot.messages import best as best_messages
from bot.messages import compare as compare_messages
from bot.messages import facts, lists
from bot.messages.compare import Side
from bot.messages.lists import PAGE, Page
from bot.messages.model import Message
from bot.store import listing, runs, views
from bot.store.listing import Filter

LIVE, OVER, ME = "live", "over", "me"
STATES = (LIVE, OVER, *(state.value for state in State))
SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"([0-9]{1,4})([hdw])")
_MENTION = re.compile(r"<@[!&]?([A-Za-z0-9]+)(?:\|[^>]*)?>")  # as Slack and Discord write a person into a text
_SINCE = "it takes a time back such as 12h, 30d or 2w, or a date such as 2026-11-01"
FEWEST, MOST = 2, 4  # runs that are compared


async def complete_since(_: Incoming, __: Desk, last: str, ___: Mapping[str, str]) -> Sequence[Choice]:
    """A few times back."""
    offered = {"24h": "the last day", "7d": "the last week", "30d": "the last month"}
    return [Choice(span, f"{span} · {name}") for span, name in offered.items() if span.startswith(last.lower())]


@command(examples=("list", "list support state=failed since=30d", "list by=me page=2"))
async def list_(
    request: Request,
    name: Annotated[Words, Arg("Part of the name or the number", complete=find.complete_name)] = NO_WORDS,
    *,
    recipe: Annotated[str, Arg("Runs of this recipe", complete=find.complete_recipe)] = "",
    by: Annotated[str, Arg("Who started it: a name, an id or me", complete=find.complete_starter)] = "",
    state: Annotated[str, Arg("What it is now", choices=STATES)] = "",
    since: Annotated[str, Arg("Asked for since: 12h, 30d, 2w or a date", complete=complete_since)] = "",
    page: Annotated[int, Arg("Page of the list", minimum=1, maximum=1_000_000)] = 1,
) -> Message:
    """List runs, also those of the past, with filters."""
    if not state and name.strip().lower() in STATES:  # `list failed`: as people say it
        state, name = name.strip().lower(), NO_WORDS
    named = {"name": str(name), "recipe": recipe, "by": by, "state": state, "since": since}
    given = {key: text for key, text in named.items() if text}
    wanted = {key: await _filter(request, key, text) for key, text in given.items()}
    viewer, read, now = request.incoming.viewer, request.desk.db.read, request.desk.clock.now()
    fitting = await read(listing.count(viewer, _joined(wanted)))
    if not fitting:
        return await _nothing(request, given, wanted)
    found = Page(
        await read(listing.select(viewer, _joined(wanted), PAGE, (page - 1) * PAGE)),
        page,
        fitting,
        given,
        _typed(given),
    )
    if not found.runs:
        raise UserError(f"There is no page {page}: the last one is `page={found.last}`.")
    links = await asyncio.gather(*(_link(request, run) for run in found.runs))
    told = {run.number: link for run, link in zip(found.runs, links, strict=True) if link}
    return lists.page(found, told, now=now)


async def _link(request: Request, run: Run) -> str | None:
    """To its card at home, or here where nobody is to be shown where that is."""
    return await show.link(request, run, run.home if run.opens_from(request.place) else request.place)


def _typed(given: Mapping[str, str]) -> str:
    """The filters as somebody would type them."""
    quoted = {key: f'"{text}"' if " " in text else text for key, text in given.items() if key != "name"}
    return " ".join([*([given["name"]] if "name" in given else []), *(f"{key}={text}" for key, text in quoted.items())])


def _joined(wanted: Mapping[str, Filter]) -> Filter:
    """One filter of several, each of which restricts something else."""
    changed = {
        field.name: value
        for one in wanted.values()
        for field in fields(Filter)
        if (value := getattr(one, field.name)) != field.default
    }
    return replace(Filter(), **changed)


async def _filter(request: Request, key: str, text: str) -> Filter:
    """What one argument restricts."""
    if key == "by":
        return Filter(starters=await _starters(request, text))
    if key == "state":
        return Filter(live=text == LIVE) if text in {LIVE, OVER} else Filter(states=(State(text),))
    if key == "since":
        return Filter(since=_since(text, request.desk.clock.now()))
    return Filter(name=text, also=await _named_for(request, text)) if key == "recipe" else Filter(text=text)


async def _named_for(request: Request, recipe: str) -> tuple[str, ...]:
    """The names of runs that were started elsewhere and are of this recipe by the patterns that it has for them."""
    found = (await request.desk.recipes()).get(recipe.lower())
    if not isinstance(found, Recipe) or not found.match:
        return ()
    there = await request.desk.db.read(listing.names(request.incoming.viewer, find.NAMES))
    return tuple(name for name in there if found.fits(name))


async def _nothing(request: Request, given: Mapping[str, str], wanted: Mapping[str, Filter]) -> Message:
    """Which of the filters kept everything out."""
    viewer, read = request.incoming.viewer, request.desk.db.read
    if "recipe" in wanted and not await read(listing.count(viewer, wanted["recipe"])):
        await _recipe(request, given["recipe"])
    without = []
    for key in wanted if len(wanted) > 1 else ():
        left = _joined({other: one for other, one in wanted.items() if other != key})
        without.append((_typed({key: given[key]}), await read(listing.count(viewer, left))))
    every = await read(listing.count(viewer, Filter()))
    if len(wanted) == 1:
        without = [(_typed(given), every)]
    return lists.nothing(without, _typed(given), any_runs=every > 0)


async def _recipe(request: Request, name: str) -> None:
    """UserError where there is no recipe of this name, nor a run of it."""
    known = [
        *await request.desk.recipes(),
        *await request.desk.db.read(listing.names(request.incoming.viewer, find.NAMES)),
    ]
    if name.lower() not in known:
        near = hyper.nearest(name.lower(), known)
        hint = f"Did you mean `recipe={cut(one_line(near), 40)}`?" if near else "`/train recipes` lists what there is."
        raise UserError(f"No run here is of a recipe `{cut(name, 40)}`. {hint}")


async def _starters(request: Request, text: str) -> tuple[str, ...]:
    """The keys of those who are meant: by mention or user id, else by name; UserError with the nearest name."""
    if text.lower() == ME:
        return (request.person.key,)
    mention = _MENTION.fullmatch(text)
    known = await request.desk.db.read(listing.starters(request.incoming.viewer, find.NAMES))
    if mention:
        found = [one.key for one in known if one.user.casefold() == mention[1].casefold()]
    else:
        found = _called(known, text.removeprefix("@").casefold())
    if not found:
        who = "That person" if mention else f"Nobody called `{cut(text, 40)}`"
        verb = "has started no run" if mention else "has started a run"
        raise UserError(f"{who} {verb} that you may see here. {_hint(known, text)}")
    return tuple(found)


def _called(known: Sequence[Person], word: str) -> list[str]:
    """By the whole id or name, else by the beginning of the name."""
    whole = [one.key for one in known if word in {one.user.casefold(), one.label.casefold()}]
    return whole or [one.key for one in known if word and one.label.casefold().startswith(word)]


def _hint(known: Sequence[Person], text: str) -> str:
    names = {one.label.casefold(): one_line(one.label, 40) for one in known}
    near = hyper.nearest(text.removeprefix("@").casefold(), names)
    if near:
        return f"Did you mean `by={names[near]}`?"
    return f"Those who have: {', '.join(list(names.values())[:5])}." if names else "`/train start` begins one."


def _since(text: str, now: datetime) -> datetime:
    """The moment that is meant; a date begins in UTC."""
    span = _SPAN.fullmatch(text.lower())
    if span:
        return now - int(span[1]) * SPANS[span[2]]
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        pass
    raise UserError(f"`since={cut(text, 40)}` does not fit: {_SINCE}.")


@command(examples=("compare #41 #42", "compare support-bot #38"))
async def compare(request: Request, runs: Annotated[Words, SOME_RUNS]) -> Message:
    """Set two to four runs side by side: settings, results, curves, answers."""
    found = await find.several(request, runs, MOST)
    if len(found) < FEWEST:
        only = f" `{facts.title(found[0])}` is only one." if found else ""
        raise UserError(f"Which runs? Name two to four, for example `/train compare #41 #42`.{only}")
    viewed = [await views.of_run(request.desk.db, one.number, views.PLOT_POINTS) for one in found]
    curves = [(one.run, one.points) for one in viewed if one is not None]
    sides = [await _side(request, one) for one in viewed if one is not None]
    return compare_messages.compare(sides, await request.desk.plots(curves), now=request.desk.clock.now())


async def _side(request: Request, view: views.View) -> Side:
    """One run with its lowest losses and its answers at the step that is clearly liked best, else at the last one that
    has any."""
    run, read = view.run, request.desk.db.read
    lowest = await read(views.lowest(run.number))
    drawn = [one for one in await read(runs.samples(run.number)) if one.answer is not None]
    voted = view.by_step.items()
    leader = ratings.best_step(voted) if ratings.clear(voted) else None
    there = {one.step for one in drawn}
    step = leader[0] if leader and leader[0] in there else max(there, default=None)
    answers = {one.prompt: one.answer for one in drawn if one.step == step and one.answer is not None}
    votes = sum(view.by_step.values(), Tally())
    return Side(run, lowest.loss, lowest.eval_loss, votes, step, answers)


@command(examples=("best", "best #42"))
async def best(request: Request, run: Annotated[RunRef, ANY_RUN] = NO_RUN) -> Message:
    """Rank a run's checkpoints by votes and by evaluation loss, and say how sure that is."""
    found = await find.run(request, run)
    return best_messages.best(found, *await steps.rankings(request.desk, found))
