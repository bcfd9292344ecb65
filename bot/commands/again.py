"""The commands that take up a run that is there: start it again, with changes or without, and publish a private one."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from bot.commands import access, find, opening
from bot.commands.desk import Desk
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
    begun = await opening.earlier(request)
    if begun is None:
        before = await find.run(request, run)
        _publishable(before, request)
        chosen = recipes.override(_startable(before), settings)
        said = opening.note(note)
        whose = f"The training service does not give out the token of the data set of `{before.title}`."
        opening.check_token(request, chosen, whose)
        odd = recipes.far_off(before.recipe, settings)
        call = Call("again", {"run": str(before.number), **settings, **({"note": said} if said else {})})
        if sure is False:
            return starts.ask_again(before, odd, call)
        if odd and sure is None:
            return starts.ask_odd(f"Run #{before.number} had", odd, call)
        changes = tuple(starts.change(one) for one in recipes.differences(_startable(before), chosen))
        begun = await opening.begin(request, Wish(chosen, changes, said, before.number))
    return starts.starting(begun, direct=request.incoming.direct)


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


@command(acts=True, examples=("share #42",))
async def share(request: Request, run: Annotated[RunRef, ANY_RUN] = NO_RUN) -> Message:
    """Let everybody see a private run."""
    found = await find.run(request, run)
    if request.person != found.starter and request.incoming.standing is not Standing.ADMIN:
        raise UserError(f"Only who started `{found.title}`, or an admin, can share it. Nothing was changed.")
    now = request.desk.clock.now()

    def write(connection: sqlite3.Connection) -> bool:
        people.see(connection, request.person, now)
        before = runs.get(found.number).on(connection)
        if before is None or not before.private:
            return False
        runs.save(connection, replace(before, private=False))
        return True

    return starts.shared(found, new=await request.desk.once(request.incoming.id, write))
