"""The command that ends a run: asked back once, defined for every state it may be in."""

import sqlite3
from datetime import datetime
from typing import Annotated, Any

from bot.commands import find
from bot.commands.desk import Write
from bot.commands.find import LIVE_RUN, NO_RUN
from bot.commands.spec import Arg, Request, RunRef, command
from bot.domain.events import CancelAsked
from bot.domain.places import Person
from bot.messages import replies
from bot.messages.model import Message
from bot.store import ingest, people


@command(acts=True, examples=("cancel #42", "cancel #42 sure"))
async def cancel(
    request: Request,
    run: Annotated[RunRef, LIVE_RUN] = NO_RUN,
    sure: Annotated[bool, Arg("Cancel without asking")] = False,
) -> Message:
    """Cancel a run, after asking."""
    now = request.desk.clock.now()

    async def begin() -> Write | Message:
        found = await find.run(request, run)
        if found.state.final:
            return replies.already_ended(found)
        if found.cancel_by is not None:
            return replies.already_cancelling(found)
        if not sure:
            return replies.ask_cancel(found, now=now)
        return lambda connection: _end(connection, request.person, found.number, now)

    async def tell(kept: dict[str, Any]) -> Message:
        after = await find.kept(request, kept["run"])
        return replies.cancelling(after) if kept["live"] else replies.already_ended(after)

    return await request.settle(begin, tell)


def _end(connection: sqlite3.Connection, person: Person, number: int, now: datetime) -> dict[str, Any]:
    people.see(connection, person, now)
    after = ingest.take(connection, number, CancelAsked(now, person), now)
    return {"run": number, "live": after is not None and not after.state.final}
