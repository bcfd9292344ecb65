"""Who is in the room and where: adds names and channels, lets people into private channels, and says who sees what.

Called by routes, and by `room` before every act. Who sees a channel is asked of the store each time: nothing is
remembered between two requests.
"""

import re
from typing import Any

from bot.domain.errors import UserError
from bot.domain.places import Person
from bot.domain.text import one_line
from bot.ports import Clock
from bot.room.asks import Changed, Named, Opened
from bot.room.chat import person
from bot.room.hub import Hub
from bot.room.naming import channel_title, private_name, user_stem
from bot.store import room_roster as store
from bot.store.database import Database

MOST_CHANNELS = 200


class Roster:
    """The room's people and channels."""

    def __init__(self, db: Database, clock: Clock, hub: Hub) -> None:
        self._db = db
        self._clock = clock
        self._hub = hub

    async def person(self, user: str) -> Person:
        """Somebody of the room; UserError for somebody who is not."""
        member = await self._db.read(store.member(user))
        if member is None:
            raise UserError("The room does not know you any more. Choose a name, or add one.")
        return person(member.user, member.name)

    async def channel(self, me: str, name: str) -> store.Channel:
        """A channel that this person sees now; UserError where there is none, which says the same of a private one."""
        found = await self._db.read(store.seen_channel(me, name))
        if found is None:
            raise UserError("There is no such channel here.")
        return found

    async def add_person(self, named: Named) -> dict[str, Any]:
        """A new name; the person of that name where there is one."""
        name = one_line(named.name, 1000)
        if not 1 <= len(name) <= 40 or not name.isprintable() or not re.search(r"\w", name):
            raise UserError("A name has 1 to 40 characters that can be seen.")
        stem, now = user_stem(name), self._clock.now().timestamp()
        user = await self._db.write(lambda connection: store.add_person(connection, stem, name, now))
        self._hub.wake()
        return {"user": user, "name": name}

    async def add_channel(self, opened: Opened) -> dict[str, Any]:
        """A new channel: for everyone, or private with this person alone inside."""
        title, now = channel_title(opened.name), self._clock.now().timestamp()
        who = await self.person(opened.person)
        if await self._db.read(store.channel_count()) >= MOST_CHANNELS:
            raise UserError(f"This room holds {MOST_CHANNELS} channels.")
        name = private_name(title, opened.id) if opened.private else title
        seen = [one.channel for one in await self._db.read(store.channels(who.user))]
        if any(one.title == title and one.name != name for one in seen):
            raise UserError("A channel of this name is in your list already. Choose another name.")
        inside = who.user if opened.private else None
        await self._db.write(lambda connection: store.add_channel(connection, name, now, title=title, inside=inside))
        self._hub.wake()
        return {"name": name}

    async def change_member(self, changed: Changed) -> dict[str, Any]:
        """Lets somebody into a private channel, or out of it: anybody inside may, and may leave."""
        who = await self.person(changed.person)
        if await self._db.write(
            lambda connection: store.change_member(
                connection, changed.channel, who.user, changed.member, inside=changed.on
            )
        ):
            self._hub.wake()
        return {}
