"""What people do in the room: say, ask, press, react, delete, complete. One method each, called by routes.

A command is answered by the registry and the answer is kept as a message for the asker alone. Every act carries an
id made by the page, one per click or enter, so that a request repeated after a broken connection is the same one.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from bot.commands.roles import Standing
from bot.commands.spec import Choice, Incoming
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.places import Person, PostRef
from bot.domain.text import clean
from bot.messages.model import Message, Tone, say
from bot.ports import Clock
from bot.room import view
from bot.room.asks import Pointed, Pressed, Reacted, Said, Typed
from bot.room.chat import place
from bot.room.doors import Doors
from bot.room.hub import Hub
from bot.room.render import render
from bot.room.roster import Roster
from bot.store import room as store
from bot.store.database import Database
from bot.store.room_roster import Channel, mark_read

TEXT_LIMIT = 4000  # characters of a person's message; as many as a command may have
EMOJI = ("👍", "👎", "🎉", "❤️", "😄", "👀", "🚀", "🤔", "✅", "🔥")
_WORD = re.compile(r"/(?:train(?:\s+|$))?", re.IGNORECASE)

OnReaction = Callable[[PostRef, Person, str, bool], Awaitable[None]]


class Answers(Protocol):
    """What the room needs of commands.Registry."""

    async def answer(self, incoming: Incoming, asked: str | Call) -> Message: ...

    async def complete(self, incoming: Incoming, text: str) -> Sequence[Choice]: ...


class Room:
    """The room's acts. Hand `routes(room)` to the web server and `hub.close` to its end."""

    def __init__(
        self,
        db: Database,
        registry: Answers,
        *,
        clock: Clock,
        hub: Hub,
        on_reaction: OnReaction,
        public_host: str | None = None,
        operator_token: str | None = None,
    ) -> None:
        self.db = db
        self.registry = registry
        self.clock = clock
        self.hub = hub
        self.on_reaction = on_reaction
        self.roster = Roster(db, clock, hub)
        self.doors = Doors(db, clock, public_host=public_host, operator_token=operator_token)

    async def address(self, base: str) -> str:
        """An address that lets one browser in; `base` is like http://127.0.0.1:8080."""
        return f"{base}/room?token={await self.doors.invite()}"

    async def say(self, said: Said) -> dict[str, Any]:
        """Shows a person's text to everyone in the channel, or answers their command for them alone."""
        text = clean(said.text).strip()
        if not text:
            raise UserError("There is nothing to send.")
        if len(text) > TEXT_LIMIT:
            raise UserError(f"That has {len(text)} characters; {TEXT_LIMIT} is the most. Nothing was sent.")
        who = await self.roster.person(said.person)
        channel = await self.roster.channel(who.user, said.channel)
        root = await self._root(who, channel, said.thread)
        if text.startswith("/") or channel.direct:  # in a direct conversation every word is for the bot
            incoming = _incoming(said.id, who, channel, root)
            return await self._answer(incoming, _WORD.sub("", text, count=1), said.thread, echo=text)
        return await self._add(
            store.Draft(said.channel, {"text": text}, self._now(), said.thread, who.user, key=f"said:{said.id}")
        )

    async def press(self, pressed: Pressed) -> dict[str, Any]:
        """Makes the call that a button carries."""
        who = await self.roster.person(pressed.person)
        entry = await self.entry(who.user, pressed.message)
        thread = entry.thread or (pressed.thread if pressed.thread == entry.id else None)
        channel = await self.roster.channel(who.user, entry.channel)
        incoming = _incoming(pressed.id, who, channel, _ref(entry.channel, entry.id, entry.thread))
        try:
            call = Call.decode(pressed.call)
        except ValueError:
            old = say(
                "This button is of another version of trainbot. `/train help` lists what there is.", tone=Tone.ODD
            )
            return await self._reply(incoming, old, thread)
        return await self._answer(incoming, call, thread)

    async def react(self, reacted: Reacted) -> dict[str, Any]:
        """Puts a person's reaction or takes it back, and tells the runtime when that changed something."""
        who = await self.roster.person(reacted.person)
        entry = await self.entry(who.user, reacted.message)
        if reacted.emoji not in EMOJI and reacted.emoji not in {emoji for emoji, _ in entry.reactions}:
            raise UserError("The room has no such emoji.")
        changed = await self.db.write(
            lambda connection: store.react(connection, entry.id, who.user, reacted.emoji, reacted.on)
        )
        if changed:
            self.hub.wake()
            await self.on_reaction(_ref(entry.channel, entry.id, entry.thread), who, reacted.emoji, reacted.on)
        return {"message": view.message(await self.entry(who.user, entry.id))}

    async def delete(self, pointed: Pointed) -> dict[str, Any]:
        """Takes back an own text, or dismisses what only this person sees."""
        who = await self.roster.person(pointed.person)
        entry = await self.entry(who.user, pointed.message)
        if who.user not in {entry.author, entry.audience}:
            raise UserError("Only your own messages can be deleted.")
        await self.db.write(lambda connection: store.delete_message(connection, entry.id))
        self.hub.wake()
        return {}

    async def read(self, pointed: Pointed) -> dict[str, Any]:
        """This person has seen the channel up to this message."""
        who = await self.roster.person(pointed.person)
        entry = await self.entry(who.user, pointed.message)
        await self.db.write(lambda connection: mark_read(connection, who.user, entry.channel, entry.id))
        return {}

    async def complete(self, typed: Typed) -> dict[str, Any]:
        """What the half-typed line may become, as whole lines."""
        who = await self.roster.person(typed.person)
        channel = await self.roster.channel(who.user, typed.channel)
        text = clean(typed.text)[:TEXT_LIMIT]
        incoming = _incoming("complete", who, channel, await self._root(who, channel, typed.thread))
        return {
            "choices": [{"value": one.value, "label": clean(one.label)} for one in await self._choices(incoming, text)]
        }

    async def entry(self, me: str, number: int) -> store.Entry:
        """A message that this person sees now; UserError where there is none."""
        entry = await self.db.read(store.seen(me, number))
        if entry is None or entry.deleted:
            raise UserError("That message is not here any more.")
        return entry

    async def _root(self, who: Person, channel: Channel, thread: int | None) -> PostRef | None:
        """The message that the thread hangs below; UserError for one that this person does not see in this channel."""
        if thread is None:
            return None
        if not await self.db.read(store.root_for(who.user, thread, channel.name)):
            raise UserError("That thread is not here any more.")
        return _ref(channel.name, thread, None)

    async def _choices(self, incoming: Incoming, text: str) -> list[Choice]:
        head = _WORD.match(text)
        if head is None:
            return []
        found = await self.registry.complete(incoming, text[head.end() :])
        if head[0] == "/" and "/train".startswith(text):
            found = await self.registry.complete(incoming, "")
        prefix = head[0] if head[0].startswith("/train") and head[0] != "/train" else "/train "
        return [Choice(prefix + one.value, one.label) for one in found]

    async def _answer(
        self, incoming: Incoming, asked: str | Call, thread: int | None, echo: str | None = None
    ) -> dict[str, Any]:
        known = await self.db.read(store.find(_key(incoming)))
        if known is not None:
            return {"message": view.message(await self.entry(incoming.person.user, known))}
        return await self._reply(incoming, await self.registry.answer(incoming, asked), thread, echo)

    async def _reply(
        self, incoming: Incoming, message: Message, thread: int | None, echo: str | None = None
    ) -> dict[str, Any]:
        rendered = render(message)
        body = {**rendered.body, **({"echo": echo} if echo else {})}
        me = incoming.person.user
        draft = store.Draft(
            incoming.place.channel, body, self._now(), thread,
            audience=me, key=_key(incoming), contents=rendered.contents,
        )  # fmt: skip
        return await self._add(draft)

    async def _add(self, draft: store.Draft) -> dict[str, Any]:
        number = await self.db.write(lambda connection: store.add_message(connection, draft))
        self.hub.wake()
        return {"message": view.message(await self.entry(draft.who or "", number))}

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _incoming(number: str, who: Person, channel: Channel, message: PostRef | None) -> Incoming:
    return Incoming(
        f"room:{number}", who, place(channel.name), Standing.MEMBER, channel.private, message, direct=channel.direct
    )


def _key(incoming: Incoming) -> str:
    return f"reply:{incoming.id}"


def _ref(channel: str, message: int | None, thread: int | None) -> PostRef:
    return PostRef(place(channel), str(message), str(thread) if thread else None)
