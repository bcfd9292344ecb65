"""The command that ends a run: asked back once, defined for every state it may be in."""

import sqlite3
from typing import Annotated

from bot.commands import find
from bot.commands.find import LIVE_RUN, NO_RUN
from bot.commands.spec import Arg, Request, RunRef, command
from bot.domain.events import CancelAsked
from bot.messages import replies
from bot.messages.model import Message
from bot.store import ingest, people, runs


@command(acts=True, examples=("cancel #42", "cancel #42 sure"))
async def cancel(
    request: Request,
    run: Annotated[RunRef, LIVE_RUN] = NO_RUN,
    sure: Annotated[bool, Arg("Cancel without asking")] = False,
) -> Message:
    """Cancel a run, after asking."""
    found = await find.run(request, run)
    now = request.desk.clock.now()
    if await request.desk.earlier(request.incoming.id):
        return replies.cancelling(found)
    if found.state.final:
        return replies.already_ended(found)
    if found.cancel_by is not None:
        return replies.already_cancelling(found)
    if not sure:
        return replies.ask_cancel(found, now=now)

    def write(connection: sqlite3.Connection) -> bool:
        people.see(connection, request.person, now)
        after = ingest.take(connection, found.number, CancelAsked(now, request.person), now)
        return after is not None and not after.state.final

    live = await request.desk.once(request.incoming.id, write)
    after = await request.desk.db.read(runs.get(found.number)) or found
    return replies.cancelling(after) if live else replies.already_ended(after)
