"""What the words of the commands about follows mean: what is followed, which events, who is called. And what their
completions offer.

A follow of this place has a short name as well, `f:7`, which a button can carry whatever the pattern is.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from bot.commands import access, find
from bot.commands.desk import Desk
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, Words
from bot.domain import hyper
from bot.domain.errors import UserError
from bot.domain.follows import EVENTS, Everything, Follow, Named, OneRun, StartedBy, Subject
from bot.domain.recipes import Recipe
from bot.domain.text import cut, one_line
from bot.messages import follows as messages
from bot.store import follows, listing
from bot.store.listing import Filter

LONGEST = 100  # characters of a pattern
_REFERENCE = re.compile(r"f:([0-9]{1,12})", re.IGNORECASE)
_RUN = re.compile(r"(?:.*?\s*#)?[0-9]{1,12}")
_EVERY = frozenset({"everything", "*", "**", "?*", "*?"})
_GROUPS = {
    "slack": re.compile(r"<!subteam\^([A-Z0-9]{1,30})(?:\|[^>]*)?>"),
    "discord": re.compile(r"<@&([0-9]{1,30})>"),
    "": re.compile(r"group:([A-Za-z0-9]{1,30})"),
}
_CALLED = dict.fromkeys(("here", "@here", "<!here>"), "here") | {"starter": "starter", "nobody": "nobody"}


def events(text: str) -> frozenset[str]:
    """The events that a line names; UserError for what is none."""
    found: set[str] = set()
    for word in text.lower().replace(",", " ").split():
        name = next((one for one in EVENTS if word in (one, one.removesuffix("s"))), None)
        if name is None:
            near = hyper.nearest(word, EVENTS)
            hint = f"Did you mean `{near}`?" if near else "A name of several words stands in quotes."
            said = f"`{cut(word, 40)}` is no event; there are {', '.join(EVENTS)}."
            raise UserError(f"{said} {hint} Nothing was changed.")
        found.add(name)
    return frozenset(found)


def mention(text: str, platform: str) -> str | None:
    """Who is to be called, as a follow keeps it; None where nothing was said. UserError for anything else."""
    word = text.strip()
    if not word:
        return None
    if word.lower() in _CALLED:
        return _CALLED[word.lower()]
    ours = [one for name, one in _GROUPS.items() if name in ("", platform) or platform not in _GROUPS]
    group = next((found for one in ours if (found := one.fullmatch(word))), None)
    if group is None:
        raise UserError(
            f"`mention={cut(word, 40)}` does not fit: it takes here, starter, nobody, or the mention of a group as the "
            "chat completes it. One person cannot be called. Nothing was changed."
        )
    return f"group:{group[1]}"


async def referred(request: Request, word: str, *, ended: bool = False) -> Follow | None:
    """The follow of this place that `f:7` names, also when it has ended; None where the word is no such name."""
    number = _REFERENCE.fullmatch(word.strip())
    if number is None:
        return None
    read = follows.ever if ended else follows.get
    found = await request.desk.db.read(read(int(number[1])))
    if found is None or found.place != request.place:
        raise UserError("That is not followed here any more. `/train follows` shows what is.")
    return found


async def subject(request: Request, what: str) -> Subject:
    """What is to be followed; UserError where nothing of that name is known. A follow that has ended can begin again
    by its short name."""
    known = await referred(request, what, ended=True)
    if known is not None:
        return known.subject
    plain = common(request, what)
    if plain is not None:
        return plain
    word = one_line(what, LONGEST + 1)
    if len(word) > LONGEST:
        raise UserError(f"That name has more than {LONGEST} characters. Use a pattern, as in `support-*`.")
    if _RUN.fullmatch(word):
        return OneRun((await find.run(request, RunRef(word))).number)
    await _check_name(request, word)
    return Named(word.lower())


def common(request: Request, what: str) -> Subject | None:
    """Everything, what the asker starts, or a pattern; None for a run or a name."""
    word = one_line(what, LONGEST).lower()
    if word in _EVERY:
        return Everything()
    if word == "me":
        return StartedBy(request.person)
    return Named(word) if ("*" in word or "?" in word) and len(word) < LONGEST else None


async def _check_name(request: Request, word: str) -> None:
    """UserError for a name that neither a run nor a recipe has: it would be followed in vain."""
    names = {one_line(one).lower() for one in await request.desk.db.read(listing.names(request.incoming.viewer, 1000))}
    names.update(name for name, one in (await request.desk.recipes()).items() if isinstance(one, Recipe))
    if word.lower() in names:
        return
    near = hyper.nearest(word.lower(), [*names, "everything", "me"])
    hint = f" Did you mean `{cut(near, 40)}`?" if near else ""
    raise UserError(
        f"There is no run and no recipe called `{cut(word, 40)}`, so nothing was changed.{hint} "
        f"For runs that are still to come use a pattern, as in `/train follow {cut(word, 40)}*`."
    )


async def followed(request: Request, what: str) -> Follow:
    """The follow of this place that is meant; UserError with what is followed here instead."""
    known = await referred(request, what)
    if known is not None:
        return known
    here = await request.desk.db.read(follows.of_place(request.place))
    plain = common(request, what)
    if plain is None and what.strip():
        plain = await _run_or_name(request, what, here)
    found = next((one for one in here if one.subject == plain), None)
    if found is None and plain is not None:
        found = await request.desk.db.read(follows.same(request.place, plain))
    if found is None:
        raise UserError(await _not_followed(request, what, plain, here))
    return found


async def _run_or_name(request: Request, what: str, here: Iterable[Follow]) -> Subject | None:
    """A run by its number; a name that is followed as one; else the run of that name."""
    word = one_line(what, LONGEST)
    if Named(word.lower()) in [one.subject for one in here]:
        return Named(word.lower())
    try:
        return OneRun((await find.run(request, RunRef(word))).number)
    except UserError:
        if _RUN.fullmatch(word):
            raise
        return None


async def _not_followed(request: Request, what: str, meant: Subject | None, here: Sequence[Follow]) -> str:
    """That it is not followed, and which follow was probably meant."""
    words = [messages.typed(one, request.person) for one in here]
    said = "What is to end?" if not what.strip() else f"`{cut(one_line(what), 40)}` is not followed here by itself."
    if isinstance(meant, OneRun):
        number = meant.number
        run = await find.run(request, RunRef(str(number)))
        through = [messages.typed(one, request.person) for one in here if one.fits(run)]
        if through:
            names = ", ".join(f"`{cut(one, 40)}`" for one in through)
            return f"{said} It is told here by {names}: end that, or say `/train mute {number} for=good`."
    near = hyper.nearest(what.strip().lower(), words)
    if near:
        return f"{said} Did you mean `{cut(near, 40)}`?"
    if not here:
        return "Nothing is followed here, so nothing was changed. `/train follow everything` begins it."
    return f"{said} Here is followed: {', '.join(f'`{cut(one, 40)}`' for one in words[:8])}."


async def complete_subject(incoming: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """Everything, the asker's own runs, runs that go on, and names."""
    fixed = [Choice("everything", "everything · every run from now on"), Choice("me", "me · the runs that you start")]
    live = await desk.db.read(listing.select(incoming.viewer, Filter(text=last, live=True), 10))
    live = [one for one in live if access.publishable(one, incoming)]
    names = await find.complete_name(incoming, desk, last, args)
    recipes = await find.complete_recipe(incoming, desk, last, args)
    alike = dict.fromkeys(one.value for one in (*names, *recipes))
    return [
        *(one for one in fixed if one.value.startswith(last.lower())),
        *(Choice(f"#{one.number}", f"{one_line(one.name, 60)} #{one.number} · {one.state.value}") for one in live),
        *(Choice(one, f"{one_line(one, 60)} · later runs of this name") for one in alike),
    ]


async def complete_followed(incoming: Incoming, desk: Desk, last: str, _: Mapping[str, str]) -> Sequence[Choice]:
    """What is followed in this place."""
    here = await desk.db.read(follows.of_place(incoming.place))
    said = [(messages.typed(one, incoming.person), messages.label(one)) for one in here]
    return [Choice(word, text) for word, text in said if last.lower() in word.lower() or last.lower() in text.lower()]


async def complete_known(incoming: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """What is followed in this place, then the runs."""
    here = await complete_followed(incoming, desk, last, args)
    given = {one.value for one in here}
    return [*here, *(one for one in await find.complete_run(incoming, desk, last, args) if one.value not in given)]


async def complete_event(_: Incoming, __: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """The events that were not named yet; commas may stand between them."""
    head, comma, word = last.rpartition(",")
    given = f"{args.get('events', '')},{head}".lower().replace(",", " ").split()
    return [
        Choice(f"{head}{comma}{one}", f"{one} · {messages.MEANING[one]}")
        for one in EVENTS
        if one not in given and one.startswith(word.lower())
    ]


async def complete_mention(_: Incoming, __: Desk, last: str, ___: Mapping[str, str]) -> Sequence[Choice]:
    """Who may be called without a pasted mention."""
    said = {"here": "everybody who is here", "starter": "who started the run", "nobody": "nobody"}
    return [Choice(word, f"{word} · {text}") for word, text in said.items() if word.startswith(last.lower())]


async def complete_distance(_: Incoming, __: Desk, last: str, ___: Mapping[str, str]) -> Sequence[Choice]:
    """Some distances."""
    return [Choice(one, f"every {one} steps") for one in ("10", "50", "100", "500", "1000") if one.startswith(last)]


EVENT_WORDS = Arg("Events: samples, progress, success, failures", complete=complete_event)
NO_EVENTS = Words("")
