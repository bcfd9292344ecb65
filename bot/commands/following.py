"""The command that shows what a place follows, or why and how it is told of one run. Changes nothing."""

from typing import Annotated

from bot.commands import find, quiet, subjects
from bot.commands.find import NO_RUN
from bot.commands.spec import Arg, Request, RunRef, command
from bot.domain.follows import Follow, Named, OneRun
from bot.domain.runs import Run
from bot.domain.text import one_line
from bot.messages import follows as messages
from bot.messages.follows import Listed
from bot.messages.model import Message
from bot.store import follows, listing
from bot.store.listing import Filter

LATELY = 3  # runs that a follow told of
RECENT = 200  # runs that are looked through for these


@command(examples=("follows", "follows #42", "follows support-*"))
async def follows_(
    request: Request,
    run: Annotated[RunRef, Arg("A run, or what is followed here", complete=subjects.complete_known)] = NO_RUN,
) -> Message:
    """Show what is followed here, and change it."""
    now = request.desk.clock.now()
    here = await request.desk.db.read(follows.of_place(request.place))
    mutes, unheard = await quiet.mutes(request), await quiet.unheard(request, here)
    recent = await request.desk.db.read(listing.select(request.incoming.viewer, Filter(), RECENT))
    if not run.strip():
        listed = [_listed(one, recent) for one in here if not one.home]
        homes = [one for one in recent if not one.state.final and _at_home(here, one)]
        return messages.here(listed, homes, mutes, now, unheard)
    one = await _meant(request, run, here)
    if one is None:
        found = await find.run(request, run)
        following = await request.desk.db.read(follows.of_run(found))
        told = [one for one in following if one.place == request.place]
        return messages.of_run(found, told, mutes, now, await quiet.unheard(request, told))
    return messages.of_follow(_listed(one, recent), mutes, now, unheard | await quiet.unheard(request, [one]))


def _at_home(here: list[Follow], run: Run) -> bool:
    return any(one.home and one.subject == OneRun(run.number) for one in here)


def _listed(follow: Follow, recent: list[Run]) -> Listed:
    """The follow, with its run or the newest runs that it told of."""
    if isinstance(follow.subject, OneRun):
        number = follow.subject.number
        return Listed(follow, next((run for run in recent if run.number == number), None))
    fitting = sorted((run for run in recent if follow.fits(run)), key=lambda run: -run.number)
    return Listed(follow, None, fitting[:LATELY])


async def _meant(request: Request, word: str, here: list[Follow]) -> Follow | None:
    """The follow that the word names; None where it names a run."""
    known = await subjects.referred(request, word)
    if known is not None:
        return known
    plain = subjects.common(request, word) or Named(one_line(word).lower())
    found = next((one for one in here if one.subject == plain), None)
    if found is None and subjects.common(request, word) is not None:
        return await subjects.followed(request, word)  # says what is followed instead
    return found
