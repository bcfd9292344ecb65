"""A chat in memory: `ports.Chat`, with people who react, faults on demand and a memory that outlives the bot."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.effects import Effect
from bot.domain.errors import Rejected, Scope
from bot.domain.places import Person, Place, PostRef
from bot.messages.model import Message

Step = Callable[[str], Awaitable[None]]


async def no_step(_: str) -> None:
    """Nothing happens between two steps."""


@dataclass
class Posted:
    """A message as people see it."""

    ref: PostRef
    key: str
    message: Message
    edits: list[Message] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    reactions: list[tuple[Person, str]] = field(default_factory=list)
    deleted: bool = False

    @property
    def shown(self) -> Message:
        return self.edits[-1] if self.edits else self.message


@dataclass(frozen=True, slots=True)
class Called:
    """What the bot asked of the chat: `what` is the key of a post, else the message."""

    method: str
    what: str
    tried_at: datetime | None = None
    thread: str | None = None


class FakeChat:
    """`platform` "fake". It finds an earlier message by its key only when asked to look, as real platforms do."""

    platform = "fake"
    sure = True

    def __init__(self) -> None:
        self.posts: list[Posted] = []
        self.step: Step = no_step
        self.on_post: Callable[[Posted], None] = lambda _: None
        self.problems: list[str] = []
        self.faults: deque[tuple[str, Exception, bool]] = deque()
        self.calls: list[Called] = []
        self.outage: Exception | None = None  # what every call meets
        self.no_links: Exception | None = None  # what asking for a link meets

    def fail(self, method: str, error: Exception, *, arrived: bool = False) -> None:
        """The next call of this method raises; with `arrived` its effect happens all the same."""
        self.faults.append((method, error, arrived))

    def by_key(self, key: str) -> list[Posted]:
        return [one for one in self.posts if one.key == key]

    def find(self, ref: PostRef) -> Posted:
        """The message; Rejected(gone) when it is not there."""
        for one in self.posts:
            if one.ref == ref and not one.deleted:
                return one
        raise Rejected(Scope.GONE, "message_not_found")

    async def post(
        self, place: Place, message: Message, *, thread: PostRef | None, key: str, tried_at: datetime | None
    ) -> PostRef:
        self.calls.append(Called("post", key, tried_at, thread.message if thread else None))
        await self.step(f"before post {key}")
        error, arrived = self._fault("post")
        if error and not arrived:
            raise error
        if thread is not None:
            self.find(thread)
        known = [one for one in self.by_key(key) if not one.deleted] if tried_at is not None else []
        posted = known[0] if known else self._add(place, message, thread, key)
        if error:
            raise error
        await self.step(f"after post {key}")
        return posted.ref

    async def edit(self, ref: PostRef, message: Message) -> None:
        self.calls.append(Called("edit", ref.message))
        await self.step(f"before edit {ref.message}")
        error, arrived = self._fault("edit")
        if error and not arrived:
            raise error
        self.find(ref).edits.append(message)
        if error:
            raise error
        await self.step(f"after edit {ref.message}")

    async def react(self, ref: PostRef, emoji: Sequence[str]) -> None:
        self.calls.append(Called("react", ref.message))
        await self.step(f"before react {ref.message}")
        error, _ = self._fault("react")
        if error:
            raise error
        posted = self.find(ref)
        posted.own = sorted({*posted.own, *emoji})
        await self.step(f"after react {ref.message}")

    async def reactions(self, ref: PostRef) -> Sequence[tuple[Person, str]]:
        self.calls.append(Called("reactions", ref.message))
        error, _ = self._fault("reactions")
        if error:
            raise error
        return list(self.find(ref).reactions)

    async def link(self, ref: PostRef) -> str | None:
        if self.no_links is not None:
            raise self.no_links
        return f"https://chat.example/{ref.message}"

    async def check(self, place: Place) -> Sequence[str]:
        return list(self.problems)

    async def direct(self, person: Person) -> Place:
        error, _ = self._fault("direct")
        if error:
            raise error
        return Place(self.platform, person.workspace, f"@{person.user}")

    def paces(self, effect: Effect) -> Iterable[str]:
        return (f"fake:{effect.kind}:{effect.place}",)

    def _add(self, place: Place, message: Message, thread: PostRef | None, key: str) -> Posted:
        number = str(len(self.posts) + 1)
        posted = Posted(PostRef(place, number, thread.message if thread else None), key, message)
        self.posts.append(posted)
        self.on_post(posted)
        return posted

    def _fault(self, method: str) -> tuple[Exception | None, bool]:
        if self.outage is not None:
            return self.outage, False
        for fault in self.faults:
            if fault[0] == method:
                self.faults.remove(fault)
                return fault[1], fault[2]
        return None, False
