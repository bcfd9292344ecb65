"""What people do in the room: say, ask, press, react, add a channel or a name. One method each, called by routes.

A command is answered by the registry and the answer is kept as a message for the asker alone. Every act carries an
id made by the page, one per click or enter, so that a request repeated after a broken connection is the same one.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from bot.commands.spec import Choice, Incoming, Standing
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.places import Person, PostRef
from bot.domain.text import clean, one_line
from bot.messages.model import Message, Tone, say
from bot.ports import Clock
from bot.room import view
from bot.room.asks import Named, Pointed, Pressed, Reacted, Said, Typed
from bot.room.chat import person, place
from bot.room.doors import Doors
from bot.room.hub import Hub
from bot.room.render import render
from bot.store import room as store
from bot.store.database import Database

TEXT_LIMIT = 4000  # characters of a person's message; as many as a command may have
EMOJI = ("👍", "👎", "🎉", "❤️", "😄", "👀", "🚀", "🤔", "✅", "🔥")
MOST_CHANNELS = 200
_CHANNEL = re.compile(r"[a-z0-9-]{1,40}")
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
        who = await self._person(said.person)
        self._reachable(who, said.channel)
        if text.startswith("/") or said.channel.startswith("@"):  # in a direct conversation every word is for the bot
            message = _ref(said.channel, said.thread, None) if said.thread else None
            incoming = self._incoming(said.id, who, said.channel, message)
            return await self._answer(incoming, _WORD.sub("", text, count=1), said.thread, echo=text)
        return await self._add(
            store.Draft(said.channel, {"text": text}, self._now(), said.thread, who.user, key=f"said:{said.id}")
        )

    async def press(self, pressed: Pressed) -> dict[str, Any]:
        """Makes the call that a button carries."""
        who = await self._person(pressed.person)
        entry = await self.entry(who.user, pressed.message)
        thread = entry.thread or (pressed.thread if pressed.thread == entry.id else None)
        incoming = self._incoming(pressed.id, who, entry.channel, _ref(entry.channel, entry.id, entry.thread))
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
        who = await self._person(reacted.person)
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
        who = await self._person(pointed.person)
        entry = await self.entry(who.user, pointed.message)
        if who.user not in {entry.author, entry.audience}:
            raise UserError("Only your own messages can be deleted.")
        await self.db.write(lambda connection: store.delete_message(connection, entry.id))
        self.hub.wake()
        return {}

    async def read(self, pointed: Pointed) -> dict[str, Any]:
        """This person has seen the channel up to this message."""
        who = await self._person(pointed.person)
        entry = await self.entry(who.user, pointed.message)
        await self.db.write(lambda connection: store.mark_read(connection, who.user, entry.channel, entry.id))
        return {}

    async def add_channel(self, named: Named) -> dict[str, Any]:
        """A new channel for everyone."""
        name = named.name.strip().removeprefix("#").lower()
        if not _CHANNEL.fullmatch(name):
            raise UserError("A channel's name has 1 to 40 of the letters a to z, digits and hyphens.")
        channels = await self.db.read(store.channels(""))
        if len(channels) >= MOST_CHANNELS:
            raise UserError(f"This room holds {MOST_CHANNELS} channels.")
        await self.db.write(lambda connection: store.add_channel(connection, name, self._now()))
        self.hub.wake()
        return {"name": name}

    async def add_person(self, named: Named) -> dict[str, Any]:
        """A new name; the person of that name where there is one."""
        name = one_line(named.name, 1000)
        if not 1 <= len(name) <= 40 or not name.isprintable() or not re.search(r"\w", name):
            raise UserError("A name has 1 to 40 characters that can be seen.")
        stem = re.sub(r"[^a-z0-9]+", "-", _ascii(name).lower()).strip("-") or "person"
        user = await self.db.write(lambda connection: store.add_person(connection, stem, name, self._now()))
        self.hub.wake()
        return {"user": user, "name": name}

    async def complete(self, typed: Typed) -> dict[str, Any]:
        """What the half-typed line may become, as whole lines."""
        who = await self._person(typed.person)
        self._reachable(who, typed.channel)
        text = clean(typed.text)[:TEXT_LIMIT]
        message = _ref(typed.channel, typed.thread, None) if typed.thread else None
        incoming = self._incoming("complete", who, typed.channel, message)
        return {
            "choices": [{"value": one.value, "label": clean(one.label)} for one in await self._choices(incoming, text)]
        }

    async def entry(self, me: str, number: int) -> store.Entry:
        """A message that this person sees; UserError where there is none."""
        entry = await self.db.read(store.entry(number))
        if entry is None or entry.deleted or entry.audience not in {None, me} or not _open(entry.channel, me):
            raise UserError("That message is not here any more.")
        return entry

    async def channel(self, me: str, name: str) -> str:
        """A channel that this person sees; UserError where there is none."""
        if not _open(name, me) or not await self.db.read(store.channel(name)):
            raise UserError("There is no such channel here.")
        return name

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
            audience=me, key=_key(incoming), pictures=rendered.pictures,
        )  # fmt: skip
        return await self._add(draft)

    async def _add(self, draft: store.Draft) -> dict[str, Any]:
        number = await self.db.write(lambda connection: store.add_message(connection, draft))
        self.hub.wake()
        return {"message": view.message(await self.entry(draft.author or draft.audience or "", number))}

    async def _person(self, user: str) -> Person:
        member = await self.db.read(store.member(user))
        if member is None:
            raise UserError("The room does not know you any more. Choose a name, or add one.")
        return person(member.user, member.name)

    def _reachable(self, who: Person, channel: str) -> None:
        if not _open(channel, who.user):
            raise UserError("There is no such channel here.")

    def _incoming(self, number: str, who: Person, channel: str, message: PostRef | None) -> Incoming:
        private = channel.startswith("@")
        return Incoming(f"room:{number}", who, place(channel), Standing.MEMBER, private, message)

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _key(incoming: Incoming) -> str:
    return f"reply:{incoming.id}"


def _ref(channel: str, message: int | None, thread: int | None) -> PostRef:
    return PostRef(place(channel), str(message), str(thread) if thread else None)


def _open(channel: str, me: str) -> bool:
    """Whether this person sees the channel."""
    return not channel.startswith("@") or channel == f"@{me}"


def _ascii(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
