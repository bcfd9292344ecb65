"""The room as a Chat: posting once, editing, reactions, links, and what it refuses."""

import pytest
from room.house import House, Visitor, everything, png

from bot.domain.effects import Announce
from bot.domain.errors import Rejected, Scope
from bot.domain.places import Person, PostRef
from bot.messages import model as m
from bot.room.chat import direct, person, place
from bot.store import room as store

TRAINING = place("training")


async def post(house: House, text: str = "Card", *, key: str = "k", thread: PostRef | None = None) -> PostRef:
    return await house.chat.post(TRAINING, m.say(text), thread=thread, key=key, tried_at=None)


async def test_a_known_key_gives_the_first_message_and_changes_nothing(house: House, ada: Visitor) -> None:
    first = await post(house, "First")
    again = await house.chat.post(TRAINING, m.say("Second"), thread=None, key="k", tried_at=house.clock.now())
    assert again == first
    told = await ada.get("history", person="ada", channel="training")
    assert [one["body"]["summary"] for one in told["messages"]] == ["First"]


async def test_a_reply_hangs_below_its_root_and_is_counted_there(house: House, ada: Visitor) -> None:
    root = await post(house)
    reply = await post(house, "Reply", key="r", thread=root)
    assert reply.thread == root.message
    told = await ada.get("thread", person="ada", root=root.message)
    assert (told["root"]["replies"], told["messages"][0]["body"]["summary"]) == (1, "Reply")
    channel = await ada.get("history", person="ada", channel="training")
    assert [one["id"] for one in channel["messages"]] == [int(root.message)]


async def test_an_edit_replaces_the_content_in_place(house: House, ada: Visitor) -> None:
    ref = await post(house)
    await house.chat.edit(ref, m.say("Edited", tone=m.Tone.GOOD))
    (told,) = (await ada.get("history", person="ada", channel="training"))["messages"]
    assert (told["id"], told["body"]["summary"], told["body"]["tone"]) == (int(ref.message), "Edited", "good")


async def test_pictures_that_no_message_shows_any_more_are_dropped(house: House) -> None:
    def picture(grey: int) -> m.Message:
        return m.say("Curve", m.Picture(png(grey=grey), "a curve"))

    shown = await house.chat.post(TRAINING, picture(1), thread=None, key="a", tried_at=None)
    await house.chat.post(TRAINING, picture(1), thread=None, key="b", tried_at=None)
    for grey in (2, 3):
        await house.chat.edit(shown, picture(grey))
    kept = await house.db.write(lambda connection: connection.execute("SELECT png FROM room_pictures").fetchall())
    assert {bytes(row["png"]) for row in kept} == {png(grey=1), png(grey=3)}


@pytest.mark.parametrize("number", ["999", "-1", "x", "", "²"])
async def test_a_message_that_is_not_there_is_gone(house: House, number: str) -> None:
    ref = PostRef(TRAINING, number)
    for act in (
        house.chat.edit(ref, m.say("x")),
        house.chat.react(ref, ["👍"]),
        house.chat.reactions(ref),
        post(house, key="r", thread=ref),
    ):
        with pytest.raises(Rejected) as caught:
            await act
        assert caught.value.scope is Scope.GONE


async def test_a_deleted_message_is_gone_and_stays_so(house: House) -> None:
    ref = await post(house)
    await house.db.write(lambda connection: store.delete_message(connection, int(ref.message)))
    with pytest.raises(Rejected) as caught:
        await house.chat.edit(ref, m.say("x"))
    assert caught.value.scope is Scope.GONE


async def test_a_persons_message_is_not_the_bots_to_edit(house: House, ada: Visitor) -> None:
    body = {"id": "12345678", "person": "ada", "channel": "training", "text": "mine"}
    told = (await ada.post("say", body))[1]
    with pytest.raises(Rejected):
        await house.chat.edit(PostRef(TRAINING, str(told["message"]["id"])), m.say("x"))


async def test_an_unknown_channel_is_rejected_as_a_place_and_named_by_check(house: House) -> None:
    with pytest.raises(Rejected) as caught:
        await house.chat.post(place("nowhere"), m.say("x"), thread=None, key="k", tried_at=None)
    assert caught.value.scope is Scope.PLACE
    assert "no channel #nowhere" in (await house.chat.check(place("nowhere")))[0]
    assert await house.chat.check(TRAINING) == []


async def test_the_bots_own_reactions_are_shown_and_never_returned(house: House, ada: Visitor) -> None:
    ref = await post(house)
    await house.chat.react(ref, ["👍", "👎"])
    await house.chat.react(ref, ["👍"])
    for who in ("ada", "grace"):
        await ada.post("react", {"person": who, "message": int(ref.message), "emoji": "👍", "on": True})
    await ada.post("react", {"person": "grace", "message": int(ref.message), "emoji": "👍", "on": False})
    assert await house.chat.reactions(ref) == [(person("ada"), "👍")]
    (told,) = (await ada.get("history", person="ada", channel="training"))["messages"]
    assert told["reactions"] == [
        {"emoji": "👍", "bot": True, "people": ["ada"]},
        {"emoji": "👎", "bot": True, "people": []},
    ]


async def test_the_runtime_hears_of_each_change_of_a_reaction_once(house: House, ada: Visitor) -> None:
    root = await post(house)
    ref = await post(house, "Sample", key="s", thread=root)
    for on in (True, True, False):
        await ada.post("react", {"person": "ada", "message": int(ref.message), "emoji": "👍", "on": on})
    assert house.reacted == [(ref, person("ada"), "👍", True), (ref, person("ada"), "👍", False)]
    assert house.reacted[0][1].name == "Ada"


async def test_a_link_names_channel_thread_and_message_and_holds_no_token(house: House) -> None:
    root = await post(house)
    reply = await post(house, key="r", thread=root)
    assert await house.chat.link(root) == f"/#c/training/m{root.message}"
    assert await house.chat.link(reply) == f"/#c/training/t{root.message}/m{reply.message}"


async def test_the_bot_can_write_to_one_person_alone(house: House, ada: Visitor) -> None:
    where = await house.chat.direct(person("grace"))
    assert where == direct(person("grace")) == place("@grace")
    await house.chat.post(where, everything("for Grace"), thread=None, key="dm", tried_at=None)
    assert len((await ada.get("history", person="grace", channel="@grace"))["messages"]) == 1
    assert "error" in await ada.get("history", person="ada", channel="@grace")


@pytest.mark.parametrize("somebody", [person("mallory"), person(""), Person("slack", "T1", "grace")])
async def test_nobody_of_elsewhere_has_a_direct_place_here(house: House, somebody: Person) -> None:
    with pytest.raises(Rejected) as caught:
        await house.chat.direct(somebody)
    assert caught.value.scope is Scope.PLACE


async def test_the_room_has_no_pace(house: House) -> None:
    assert list(house.chat.paces(Announce(1, TRAINING))) == []
