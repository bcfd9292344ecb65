"""What every chat promises the runtime: one suite, run against the room and against the chat in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from fakes.chat import FakeChat
from fakes.clock import VirtualClock

from bot.domain.effects import Announce, EditCard, PostLog, SeedReactions
from bot.domain.errors import Rejected, Scope
from bot.domain.places import Person, Place, PostRef
from bot.messages import model as m
from bot.ports import Chat
from bot.room.chat import RoomChat, person, place
from bot.room.hub import Hub
from bot.store import room as store
from bot.store.database import Database

CLOCK = VirtualClock()
KINDS = (Announce, EditCard, PostLog)


class Case(Protocol):
    """A chat with people in it. `look` gives the summary that people see, None where the message is gone."""

    chat: Chat
    place: Place
    ada: Person
    grace: Person

    async def vote(self, ref: PostRef, who: Person, emoji: str, on: bool = True) -> None: ...

    async def delete(self, ref: PostRef) -> None: ...

    async def look(self, ref: PostRef) -> str | None: ...

    def shut(self) -> Person:
        """Somebody whom the bot cannot write to."""


@dataclass
class InMemory:
    chat: FakeChat
    place = Place("fake", "team", "training")
    ada, grace = Person("fake", "team", "ada"), Person("fake", "team", "grace")

    async def vote(self, ref: PostRef, who: Person, emoji: str, on: bool = True) -> None:
        given = self.chat.find(ref).reactions
        given.append((who, emoji)) if on else given.remove((who, emoji))

    async def delete(self, ref: PostRef) -> None:
        self.chat.find(ref).deleted = True

    async def look(self, ref: PostRef) -> str | None:
        try:
            return self.chat.find(ref).shown.summary
        except Rejected:
            return None

    def shut(self) -> Person:
        self.chat.fail("direct", Rejected(Scope.PLACE, "cannot_dm_user"))
        return self.grace


@dataclass
class InTheRoom:
    chat: RoomChat
    place = place("training")
    ada, grace = person("ada"), person("grace")

    async def vote(self, ref: PostRef, who: Person, emoji: str, on: bool = True) -> None:
        number = int(ref.message)
        await self.chat.db.write(lambda connection: store.react(connection, number, who.user, emoji, on))

    async def delete(self, ref: PostRef) -> None:
        await self.chat.db.write(lambda connection: store.delete_message(connection, int(ref.message)))

    async def look(self, ref: PostRef) -> str | None:
        found = await self.chat.db.read(store.entry(int(ref.message)))
        return None if found is None or found.deleted else str(found.body["summary"])

    def shut(self) -> Person:
        return person("mallory")


@pytest.fixture(params=["memory", "room"])
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    if request.param == "memory":
        yield InMemory(FakeChat())
        return
    database = await Database.open(tmp_path / "bot.db")
    try:
        yield InTheRoom(RoomChat(database, CLOCK, Hub()))
    finally:
        await database.close()


async def post(case: Case, text: str, *, key: str = "k", thread: PostRef | None = None, again: bool = False) -> PostRef:
    tried_at = CLOCK.now() if again else None
    return await case.chat.post(case.place, m.say(text), thread=thread, key=key, tried_at=tried_at)


async def test_a_post_stands_in_its_place_and_a_reply_below_its_root(case: Case) -> None:
    root = await post(case, "card")
    reply = await post(case, "reply", key="r", thread=root)
    assert (root.place, root.thread) == (case.place, None)
    assert (reply.place, reply.thread) == (case.place, root.message)
    assert [await case.look(ref) for ref in (root, reply)] == ["card", "reply"]


async def test_a_post_that_was_tried_is_found_by_its_key_and_left_as_it_is(case: Case) -> None:
    assert case.chat.sure
    first = await post(case, "first")
    assert await post(case, "second", again=True) == first
    assert await case.look(first) == "first"


async def test_a_reply_that_was_tried_is_found_with_its_thread(case: Case) -> None:
    root = await post(case, "card")
    reply = await post(case, "reply", key="r", thread=root)
    assert await post(case, "reply", key="r", thread=root, again=True) == reply


async def test_a_post_that_was_tried_and_did_not_arrive_is_posted(case: Case) -> None:
    await post(case, "other", key="other")
    late = await post(case, "late", key="late", again=True)
    assert await case.look(late) == "late"


async def test_posts_of_different_keys_are_different_messages(case: Case) -> None:
    refs = [await post(case, "same text", key=f"k{number}") for number in range(3)]
    assert len({ref.message for ref in refs}) == 3


async def test_an_edit_replaces_what_people_see_and_may_be_repeated(case: Case) -> None:
    ref = await post(case, "before")
    for _ in range(2):
        await case.chat.edit(ref, m.say("after"))
    assert await case.look(ref) == "after"


async def test_a_message_with_every_kind_of_block_can_be_posted_and_edited(case: Case) -> None:
    ref = await case.chat.post(case.place, everything(case), thread=None, key="k", tried_at=None)
    await case.chat.edit(ref, everything(case))
    assert await case.look(ref) == "all of it"


async def test_the_bots_own_reactions_are_put_once_and_never_returned(case: Case) -> None:
    ref = await post(case, "sample")
    for _ in range(2):
        await case.chat.react(ref, ["👍", "👎"])
    assert list(await case.chat.reactions(ref)) == []


async def test_reactions_are_those_that_people_have_given_and_not_withdrawn(case: Case) -> None:
    ref = await post(case, "sample")
    await case.chat.react(ref, ["👍", "👎"])
    for who, emoji in ((case.ada, "👍"), (case.ada, "🎉"), (case.grace, "👎")):
        await case.vote(ref, who, emoji)
    await case.vote(ref, case.grace, "👎", on=False)
    assert set(await case.chat.reactions(ref)) == {(case.ada, "👍"), (case.ada, "🎉")}


@pytest.mark.parametrize("deleted", [True, False], ids=["deleted", "never there"])
@pytest.mark.parametrize("act", ["edit", "react", "reactions", "reply"])
async def test_whatever_is_done_to_a_message_that_is_not_there_says_that_it_is_gone(
    case: Case, act: str, deleted: bool
) -> None:
    ref = await post(case, "card")
    if deleted:
        await case.delete(ref)
    else:
        ref = PostRef(case.place, "987654")
    acts: dict[str, Any] = {
        "edit": lambda: case.chat.edit(ref, m.say("x")),
        "react": lambda: case.chat.react(ref, ["👍"]),
        "reactions": lambda: case.chat.reactions(ref),
        "reply": lambda: post(case, "reply", key="r", thread=ref),
    }
    with pytest.raises(Rejected) as caught:
        await acts[act]()
    assert caught.value.scope is Scope.GONE


async def test_a_good_place_has_no_problems_and_a_message_there_has_a_link(case: Case) -> None:
    assert list(await case.chat.check(case.place)) == []
    link = await case.chat.link(await post(case, "card"))
    assert link
    assert " " not in link


async def test_each_person_has_one_direct_place_of_their_own_and_a_post_stands_there(case: Case) -> None:
    own, again, other = [await case.chat.direct(one) for one in (case.ada, case.ada, case.grace)]
    assert own == again != other
    assert case.place not in {own, other}
    assert own.platform == case.chat.platform
    ref = await case.chat.post(own, m.say("for Ada"), thread=None, key="dm", tried_at=None)
    assert (ref.place, await case.look(ref)) == (own, "for Ada")
    assert list(await case.chat.check(own)) == []


async def test_somebody_whom_the_bot_cannot_write_to_is_rejected_as_a_place(case: Case) -> None:
    with pytest.raises(Rejected) as caught:
        await case.chat.direct(case.shut())
    assert caught.value.scope is Scope.PLACE


async def test_paces_are_the_same_for_the_same_effect(case: Case) -> None:
    every = [*(kind(1, case.place) for kind in KINDS), SeedReactions(1, case.place, 0, 0)]
    for effect in every:
        first, second = list(case.chat.paces(effect)), list(case.chat.paces(effect))
        assert first == second
        assert all(isinstance(pace, str) and pace for pace in first)


async def test_a_place_of_the_platform_bears_its_name(case: Case) -> None:
    assert case.place.platform == case.chat.platform == case.ada.platform


def everything(case: Case) -> m.Message:
    text = m.line("text", m.Bold("bold"), m.Code("code"), m.Link("link", "https://example.org"), m.Name(case.ada))
    picture = m.Picture(PNG, "a curve")
    return m.Message(
        "all of it",
        (
            m.Heading(text),
            m.Prose((*text, m.When(CLOCK.now()), m.Ping(), m.Ping(case.ada), m.Ping(group="S42"))),
            m.Facts((("Loss", text),)),
            m.Verbatim("error", "Error"),
            m.Quote("answer", "Answer"),
            m.Grid(("Step",), ((text,),)),
            picture,
            m.File("metrics.csv", "step,loss", "Every metric"),
            m.Meter(0.5, "half"),
            m.Aside(text),
        ),
        m.Tone.GOOD,
    )


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f00010101001bb6ee560000"
    "000049454e44ae426082"
)
