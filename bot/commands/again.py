"""The commands that take up a run that is there: start it again, with changes or without, and publish a private one."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from bot.commands import access, find, opening
from bot.commands.desk import Desk, Write
from bot.commands.find import ANY_RUN, NO_RUN
from bot.commands.opening import Wish
from bot.commands.roles import Standing
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, Settings, command
from bot.commands.start import NOTE, SURE
from bot.domain import recipes
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.recipes import Recipe
from bot.domain.runs import Run
from bot.messages import starts
from bot.messages.model import Message
from bot.store import people, runs


async def _settings(incoming: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """The settings of the run named before, with its own values."""
    call = Call("again", args)
    try:
        run = await find.run(Request(incoming, desk, call), RunRef(args.get("run", "")))
    except UserError:
        return []
    return find.settings_of(run.recipe, last, args)


@command(acts=True, examples=("again #42", 'again #42 lr=1e-4 note="half the rate"'))
async def again(
    request: Request,
    settings: Annotated[Settings, Arg("Settings to change, as key=value", complete=_settings)],
    run: Annotated[RunRef, ANY_RUN] = NO_RUN,
    *,
    note: Annotated[str, NOTE] = "",
    sure: Annotated[bool | None, SURE] = None,
) -> Message:
    """Start a run again, from its own copy of its recipe."""

    async def begin() -> Write | Message:
        before = await find.run(request, run)
        _publishable(before, request)
        chosen = recipes.override(_startable(before), settings)
        said = opening.note(note)
        whose = f"The training service does not give out the token of the data set of `{before.title}`."
        opening.check_token(request, chosen, whose)
        odd = recipes.far_off(before.recipe, settings)
        call = Call("again", {"run": str(before.number), **settings, **({"note": said} if said else {})})
        unnamed = not run.strip() and not before.state.final  # nobody said which, and it still trains
        if sure is False or (sure is None and unnamed):
            return starts.ask_again(before, odd, call)
        if odd and sure is None:
            return starts.ask_odd(f"Run #{before.number} had", odd, call)
        changes = tuple(starts.change(one) for one in recipes.differences(_startable(before), chosen))
        wish = Wish(chosen, changes, said, before.number)
        hidden = before.private and not request.incoming.private  # its home is not closed any more
        return await opening.begin(request, _alone(wish) if hidden else wish)

    return await request.settle(begin, partial(opening.tell, request))


def _alone(wish: Wish) -> Wish:
    """The wish without what it says of the run that is done again."""
    return replace(wish, parent=None, changes=tuple(starts.without_before(one) for one in wish.changes))


def _publishable(run: Run, request: Request) -> None:
    if not access.publishable(run, request.incoming):
        raise UserError(
            f"`{run.title}` is private: it is known only where it was started, and can be started again only there. "
            f"`/train share {run.number}` lets everybody see it."
        )


def _startable(run: Run) -> Recipe:
    """What the run was started from, without the prompts that were removed since."""
    config = run.recipe.config()
    if "model" not in config or "datasetSource" not in config:
        raise UserError(f"The training service did not say what `{run.title}` trains, so it cannot be started again.")
    return replace(run.recipe, prompts=tuple(one for one in run.recipe.prompts if not one.off))


@command(acts=True, examples=("share #42", "share #42 sure"))
async def share(
    request: Request,
    run: Annotated[RunRef, ANY_RUN] = NO_RUN,
    *,
    sure: Annotated[bool, Arg("Share without asking")] = False,
) -> Message:
    """Let everybody see a private run, after asking."""

    async def begin() -> Write | Message:
        found = await find.run(request, run)
        if request.person != found.starter and request.incoming.standing is not Standing.ADMIN:
            raise UserError(f"Only who started `{found.title}`, or an admin, can share it. Nothing was changed.")
        if found.private and not sure:
            return starts.ask_share(found)
        return partial(_publish, request=request, number=found.number, now=request.desk.clock.now())

    async def tell(kept: dict[str, Any]) -> Message:
        return starts.shared(await find.kept(request, kept["run"]), new=kept["new"], left_out=kept["left_out"])

    return await request.settle(begin, tell)


def _publish(connection: sqlite3.Connection, *, request: Request, number: int, now: datetime) -> dict[str, Any]:
    """Everybody sees the run from now on, but nothing of a private one that it does again."""
    people.see(connection, request.person, now)
    before = runs.get(number).on(connection)
    if before is None or not before.private:
        return {"run": number, "new": False, "left_out": None}
    parent = runs.get(before.parent).on(connection) if before.parent is not None else None
    after = replace(before, private=False)
    if parent is not None and parent.private:
        after = replace(after, parent=None, changes=tuple(starts.without_before(one) for one in before.changes))
    runs.save(connection, after)
    return {"run": number, "new": True, "left_out": before.parent if after.parent is None else None}
