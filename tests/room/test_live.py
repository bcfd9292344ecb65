"""What open pages hear: changes as they happen, what they missed, and nothing that is not for them."""

import asyncio
from typing import Any

import aiohttp
import pytest
from room.house import House, Visitor

from bot.domain.places import Person
from bot.messages import model as m
from bot.room import view
from bot.room.chat import direct, person, place

TRAINING = place("training")


async def post(house: House, text: str, **options: Any) -> Any:
    given = {"thread": None, "key": text, "tried_at": None} | options
    return await house.chat.post(given.pop("where", TRAINING), m.say(text), **given)


def summaries(told: dict[str, Any]) -> list[str]:
    return [one["body"].get("summary") or one["body"].get("text") for one in told["messages"]]


async def test_the_first_frame_has_the_people_and_the_channels(ada: Visitor) -> None:
    async with ada.live("ada") as socket:
        told = await socket.receive_json()
    assert [one["name"] for one in told["people"]] == ["Ada", "Grace", "Linus"]
    assert [one["name"] for one in told["channels"]] == ["training", "general", "@ada"]
    assert (told["messages"], told["reset"], "👍" in told["emoji"]) == ([], False, True)


async def test_a_change_is_told_as_it_happens(house: House, ada: Visitor) -> None:
    async with ada.live("ada") as socket:
        await socket.receive_json()
        ref = await post(house, "Card")
        assert summaries(await socket.receive_json()) == ["Card"]
        await house.chat.edit(ref, m.say("Edited"))
        assert summaries(await socket.receive_json()) == ["Edited"]
        await house.chat.react(ref, ["👍"])
        assert (await socket.receive_json())["messages"][0]["reactions"][0]["emoji"] == "👍"


async def test_a_reply_is_told_with_the_new_count_of_its_root(house: House, ada: Visitor) -> None:
    root = await post(house, "Root")
    async with ada.live("ada") as socket:
        await socket.receive_json()
        await post(house, "Reply", thread=root)
        told = await socket.receive_json()
    assert {(one["body"]["summary"], one["replies"]) for one in told["messages"]} == {("Reply", 0), ("Root", 1)}


async def test_a_page_that_was_away_is_told_what_it_missed_in_its_newest_form(house: House, ada: Visitor) -> None:
    async with ada.live("ada") as socket:
        revision = (await socket.receive_json())["revision"]
    ref = await post(house, "Card")
    await house.chat.edit(ref, m.say("Edited"))
    await post(house, "Other")
    async with ada.live("ada", after=revision) as socket:
        told = await socket.receive_json()
    assert (summaries(told), told["reset"]) == (["Edited", "Other"], False)
    async with ada.live("ada", after=told["revision"]) as socket:
        assert (await socket.receive_json())["messages"] == []


async def test_a_page_that_missed_too_much_starts_anew(house: House, ada: Visitor) -> None:
    for number in range(view.CATCH_UP + 1):
        await post(house, f"{number}")
    async with ada.live("ada", after=1) as socket:
        told = await socket.receive_json()
    assert (told["reset"], told["messages"]) == (True, [])


async def test_a_page_that_remembers_another_room_starts_anew(ada: Visitor) -> None:
    async with ada.live("ada", after=10**9) as socket:
        assert (await socket.receive_json())["reset"] is True


async def test_an_answer_is_heard_by_the_asker_alone(house: House, ada: Visitor) -> None:
    async with ada.live("ada") as own, ada.live("grace") as other:
        for socket in (own, other):
            await socket.receive_json()
        body = {"id": "12345678", "person": "ada", "channel": "training", "text": "/train help"}
        await ada.post("say", body)
        assert summaries(await own.receive_json()) == ["Answer to help."]
        await post(house, "for all")
        for socket in (own, other):
            assert summaries(await socket.receive_json()) == ["for all"]


async def test_a_direct_message_is_heard_by_its_person_alone(house: House, ada: Visitor) -> None:
    async with ada.live("ada") as own, ada.live("grace") as other:
        for socket in (own, other):
            await socket.receive_json()
        await post(house, "for Grace", where=direct(person("grace")))
        await post(house, "for all")
        assert summaries(await own.receive_json()) == ["for all"]
        assert summaries(await other.receive_json())[0] == "for Grace"


async def test_unread_and_mentions_are_counted_for_each_person(house: House, ada: Visitor) -> None:
    root = await post(house, "one")
    await post(house, "in a thread", thread=root)
    grace = Person("room", "local", "grace", "Grace")
    for key, ping in (("all", m.Ping()), ("grace", m.Ping(grace))):
        message = m.Message(key, (m.Prose(m.line(ping)),), m.Tone.BAD)
        ref = await house.chat.post(TRAINING, message, thread=None, key=key, tried_at=None)
    await ada.post("say", {"id": "12345678", "person": "ada", "channel": "training", "text": "mine"})

    async def counts(who: str) -> tuple[int, int]:
        async with ada.live(who) as socket:
            first = (await socket.receive_json())["channels"][0]
            return first["unread"], first["mentions"]

    assert (await counts("ada"), await counts("grace")) == ((3, 1), (4, 2))
    await ada.post("read", {"person": "grace", "message": int(ref.message)})
    assert (await counts("ada"), await counts("grace")) == ((3, 1), (1, 0))


async def test_a_new_channel_and_a_new_name_are_told(ada: Visitor) -> None:
    async with ada.live("ada") as socket:
        await socket.receive_json()
        await ada.post("channels", {"id": "12345678", "person": "ada", "name": "evals"})
        assert "evals" in [one["name"] for one in (await socket.receive_json())["channels"]]
        await ada.post("people", {"name": "Barbara"})
        assert "Barbara" in [one["name"] for one in (await socket.receive_json())["people"]]


async def test_what_a_page_says_on_the_socket_is_not_heard_and_a_long_word_ends_it(ada: Visitor) -> None:
    async with ada.live("ada") as socket:
        await socket.receive_json()
        await socket.send_str("hello")
        await socket.send_str("x" * 5000)
        assert (await socket.receive()).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}


@pytest.mark.parametrize("count", [1, 5])
async def test_the_end_of_the_bot_waits_for_no_page(house: House, ada: Visitor, count: int) -> None:
    sockets = [await ada.live("ada") for _ in range(count)]
    for socket in sockets:
        await socket.receive_json()
    async with asyncio.timeout(2):
        await asyncio.gather(house.room.hub.close(), *(socket.receive() for socket in sockets))
