"""The room as a Chat: what the runtime posts, edits and reacts with, beside Slack and Discord.

Posting is idempotent by key in the store itself, so finding an earlier message and posting it are one write. There
is nothing here that could be out of reach or ask for patience.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain.effects import Effect
from bot.domain.errors import Rejected, Scope
from bot.domain.places import Person, Place, PostRef
from bot.messages.model import Message
from bot.ports import Clock
from bot.room.hub import Hub
from bot.room.render import PLATFORM, render
from bot.store import room as store
from bot.store import room_roster as roster
from bot.store.database import Database

WORKSPACE = "local"


class RoomChat:
    """Implements ports.Chat for the browser room."""

    platform = PLATFORM
    sure = True

    def __init__(self, db: Database, clock: Clock, hub: Hub) -> None:
        self.db = db
        self.clock = clock
        self.hub = hub

    async def post(
        self, place: Place, message: Message, *, thread: PostRef | None, key: str, tried_at: datetime | None
    ) -> PostRef:
        """Posts once per key, whether tried before or not."""
        rendered = render(message)
        draft = store.Draft(
            channel=place.channel,
            body=rendered.body,
            at=self.clock.now().timestamp(),
            thread=_number(thread) if thread else None,
            ping=rendered.ping,
            key=f"post:{key}",
            contents=rendered.contents,
        )
        number = await self.db.write(lambda connection: store.add_message(connection, draft))
        self.hub.wake()
        return PostRef(place, str(number), thread.message if thread else None)

    async def edit(self, ref: PostRef, message: Message) -> None:
        """Replaces an own message; Rejected(gone) when it is not there."""
        rendered = render(message)
        number = _number(ref)
        await self.db.write(
            lambda connection: store.edit_message(connection, number, rendered.body, rendered.ping, rendered.contents)
        )
        self.hub.wake()

    async def react(self, ref: PostRef, emoji: Sequence[str]) -> None:
        """Puts the bot's own reactions below a message."""
        number = _number(ref)
        await self.db.write(lambda connection: [store.react(connection, number, store.BOT, one, True) for one in emoji])
        self.hub.wake()

    async def reactions(self, ref: PostRef) -> Sequence[tuple[Person, str]]:
        """Who reacted with what, without the bot."""
        found = await self.db.read(store.entry(_number(ref)))
        if found is None or found.deleted:
            raise Rejected(Scope.GONE, f"there is no message {ref.message} in the room")
        names = {one.user: one.name for one in await self.db.read(roster.people())}
        return [(person(user, names.get(user, "")), emoji) for emoji, user in found.reactions if user != store.BOT]

    async def link(self, ref: PostRef) -> str | None:
        """The message's place in the page, for those who are let in: no token is in it."""
        thread = f"t{ref.thread}/" if ref.thread else ""
        return f"/#c/{ref.place.channel}/{thread}m{ref.message}"

    async def check(self, place: Place) -> Sequence[str]:
        """A sentence when there is no such channel."""
        if await self.db.read(roster.channel(place.channel)):
            return []
        return [f"There is no channel #{place.channel} in the room. Add it there, or name another one."]

    async def direct(self, person: Person) -> Place:
        """That person's own conversation with the bot; Rejected(place) for somebody the room does not know."""
        known = person.platform == PLATFORM and await self.db.read(roster.member(person.user)) is not None
        if not known:
            raise Rejected(Scope.PLACE, f"there is nobody called {person.user!r} in the room")
        return direct(person)

    def paces(self, effect: Effect) -> Iterable[str]:
        """None: the room is this process."""
        return ()


def person(user: str, name: str = "") -> Person:
    """Somebody of the room."""
    return Person(PLATFORM, WORKSPACE, user, name)


def place(channel: str) -> Place:
    """A channel of the room; `@user` is that person's conversation with the bot."""
    return Place(PLATFORM, WORKSPACE, channel)


def direct(somebody: Person) -> Place:
    """Where the bot talks to this person alone."""
    return place(f"@{somebody.user}")


def _number(ref: PostRef) -> int:
    if not (ref.message.isascii() and ref.message.isdigit()):
        raise Rejected(Scope.GONE, f"there is no message {ref.message!r} in the room")
    return int(ref.message)
