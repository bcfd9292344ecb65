"""The commands that show one run: its facts, its samples, its curve."""

from typing import Annotated

from bot.commands import find
from bot.commands.find import ANY_RUN, NO_RUN
from bot.commands.spec import Request, RunRef, command
from bot.messages import replies
from bot.messages import samples as sample_messages
from bot.messages.model import Message
from bot.store import posts, runs, views


@command(examples=("status", "status #42"))
async def status(request: Request, run: Annotated[RunRef, ANY_RUN] = NO_RUN) -> Message:
    """Show a run's settings, numbers and links."""
    view = await _view(request, run, views.CARD_POINTS)
    home = view.run.home
    card = await request.desk.db.read(posts.card(view.run.number, home))
    chat = request.desk.chats.get(home.platform)
    link = await chat.link(card.ref) if card and chat else None
    return replies.status(view.run, now=request.desk.clock.now(), points=view.points, votes=view.by_step, link=link)


@command(examples=("samples #42",))
async def samples(request: Request, run: Annotated[RunRef, ANY_RUN] = NO_RUN) -> Message:
    """Show what the checkpoints answered, with their votes."""
    found = await find.run(request, run)
    drawn = await request.desk.db.read(runs.samples(found.number))
    return sample_messages.grid(found, drawn, await request.desk.db.read(posts.votes(found.number)))


@command(examples=("plot #42",))
async def plot(request: Request, run: Annotated[RunRef, ANY_RUN] = NO_RUN) -> Message:
    """Draw a run's loss curve."""
    view = await _view(request, run, views.PLOT_POINTS)
    return replies.plot(view.run, await request.desk.plot(view.run, view.points))


async def _view(request: Request, ref: RunRef, most: int) -> views.View:
    found = await find.run(request, ref)
    view = await views.of_run(request.desk.db, found.number, most)
    if view is None:
        raise LookupError(f"run {found.number} is gone")
    return view
