"""What people do in the room: say, ask, press, react, delete, add a channel or a name."""

from typing import Any

import pytest
from room.house import HOSTILE, House, Visitor, everything

from bot.commands.spec import Standing
from bot.domain.calls import Call
from bot.domain.places import PostRef
from bot.messages import model as m
from bot.room.chat import person, place


def said(
    text: str, *, number: str = "00000001", who: str = "ada", channel: str = "training", **more: Any
) -> dict[str, Any]:
    return {"id": number, "person": who, "channel": channel, "text": text, **more}


async def seen(visitor: Visitor, who: str, channel: str = "training") -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = (await visitor.get("history", person=who, channel=channel))["messages"]
    return messages


async def test_text_is_shown_to_everyone_and_asks_nothing(house: House, ada: Visitor) -> None:
    await ada.post("say", said("hello /train start"))
    (message,) = await seen(ada, "grace")
    assert (message["author"], message["body"]) == ("ada", {"text": "hello /train start"})
    assert house.registry.asked == []


async def test_the_same_request_says_it_once(house: House, ada: Visitor) -> None:
    for _ in range(2):
        assert (await ada.post("say", said("once")))[0] == 200
    assert len(await seen(ada, "ada")) == 1


async def test_hostile_text_is_kept_as_text(ada: Visitor) -> None:
    await ada.post("say", said(HOSTILE))
    (message,) = await seen(ada, "ada")
    assert message["body"]["text"].startswith("<script>alert(1)</script>")
    assert "\u202e" not in message["body"]["text"]


@pytest.mark.parametrize(("typed", "asked"), [
    ("/train start x", "start x"), ("/train", ""), ("/start x", "start x"), ("/train   help", "help"),
    ("/TRAIN status", "status"), ("/trainer x", "trainer x"), ("/shrug", "shrug"), ("/train\nstart x", "start x"),
])  # fmt: skip
async def test_a_slash_makes_a_command_with_or_without_its_prefix(
    house: House, ada: Visitor, typed: str, asked: str
) -> None:
    await ada.post("say", said(typed))
    incoming, text = house.registry.asked[0]
    assert text == asked
    assert (incoming.id, incoming.person, incoming.place) == ("room:00000001", person("ada"), place("training"))
    assert (incoming.standing, incoming.private, incoming.message) == (Standing.MEMBER, False, None)
    assert (incoming.direct, incoming.roles) == (False, ())


async def test_in_a_direct_conversation_plain_words_are_for_the_bot(house: House, ada: Visitor) -> None:
    await ada.post("say", said("help", channel="@ada"))
    incoming, text = house.registry.asked[0]
    assert (text, incoming.private, incoming.direct, incoming.roles) == ("help", True, True, ())


async def test_an_answer_is_for_the_asker_alone_with_what_was_asked(ada: Visitor) -> None:
    status, told = await ada.post("say", said("/train help"))
    assert (status, told["message"]["only"], told["message"]["body"]["echo"]) == (200, True, "/train help")
    assert [one["body"]["summary"] for one in await seen(ada, "ada")] == ["Answer to help."]
    assert await seen(ada, "grace") == []


async def test_a_command_that_is_sent_again_is_answered_the_same_and_asked_once(house: House, ada: Visitor) -> None:
    first = await ada.post("say", said("/train start x"))
    assert await ada.post("say", said("/train start x")) == first
    assert len(house.registry.asked) == 1


async def test_a_command_in_a_thread_knows_its_root_and_is_answered_there(house: House, ada: Visitor) -> None:
    root = await house.chat.post(place("training"), m.say("Card"), thread=None, key="k", tried_at=None)
    _, told = await ada.post("say", said("/train stop", thread=int(root.message)))
    assert house.registry.asked[0][0].message == root
    assert told["message"]["thread"] == int(root.message)
    thread = await ada.get("thread", person="ada", root=root.message)
    assert (len(thread["messages"]), thread["root"]["replies"]) == (1, 0)


async def test_the_own_conversation_with_the_bot_is_private(house: House, ada: Visitor) -> None:
    await ada.post("say", said("/train help", channel="@ada"))
    assert house.registry.asked[0][0].private
    status, told = await ada.post("say", said("peek", channel="@grace", number="00000002"))
    assert (status, told["error"]) == (400, "There is no such channel here.")


async def press(ada: Visitor, message: str, call: str, **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"id": "00000009", "person": "ada", "message": int(message), "call": call, **more}
    return await ada.post("press", body)


async def test_a_click_makes_the_buttons_call_with_its_message(house: House, ada: Visitor) -> None:
    root = await house.chat.post(place("training"), everything(), thread=None, key="k", tried_at=None)
    status, told = await press(ada, root.message, "1|status|run=42")
    incoming, call = house.registry.asked[0]
    assert (status, call, incoming.message) == (200, Call("status", {"run": "42"}), root)
    assert (told["message"]["thread"], told["message"]["only"]) == (None, True)


async def test_a_click_in_a_thread_is_answered_in_it(house: House, ada: Visitor) -> None:
    root = await house.chat.post(place("training"), m.say("Card"), thread=None, key="k", tried_at=None)
    reply = await house.chat.post(place("training"), m.say("Sample"), thread=root, key="r", tried_at=None)
    assert (await press(ada, reply.message, "1|status"))[1]["message"]["thread"] == int(root.message)
    assert house.registry.asked[0][0].message == PostRef(root.place, reply.message, root.message)


async def test_a_click_on_the_root_in_its_panel_is_answered_in_the_panel(house: House, ada: Visitor) -> None:
    root = await house.chat.post(place("training"), m.say("Card"), thread=None, key="k", tried_at=None)
    number = int(root.message)
    assert (await press(ada, root.message, "1|status", thread=number))[1]["message"]["thread"] == number


async def test_a_button_of_another_version_gets_a_sentence(house: House, ada: Visitor) -> None:
    root = await house.chat.post(place("training"), m.say("Card"), thread=None, key="k", tried_at=None)
    _, told = await press(ada, root.message, "7|status")
    assert "another version" in told["message"]["body"]["summary"]
    assert house.registry.asked == []


async def test_only_the_rooms_emoji_and_those_already_there_can_be_used(house: House, ada: Visitor) -> None:
    root = await house.chat.post(place("training"), m.say("Card"), thread=None, key="k", tried_at=None)
    await house.chat.react(root, ["🧪"])
    for emoji, status in (("👍", 200), ("🧪", 200), ("🐙", 400), ("<b>", 400), ("", 400)):
        reaction = {"person": "ada", "message": int(root.message), "emoji": emoji, "on": True}
        assert (await ada.post("react", reaction))[0] == status, emoji


async def test_an_answer_for_one_person_is_no_thread_of_another(ada: Visitor) -> None:
    _, told = await ada.post("say", said("/train help"))
    number = told["message"]["id"]
    assert (await ada.get("thread", person="ada", root=number))["root"]["id"] == number
    assert await ada.get("thread", person="grace", root=number) == {"error": "That thread is not here any more."}


async def test_a_reply_can_be_dismissed_and_only_by_whom_it_is_for(ada: Visitor) -> None:
    _, told = await ada.post("say", said("/train help"))
    number = told["message"]["id"]
    assert (await ada.post("delete", {"person": "grace", "message": number}))[0] == 400
    assert (await ada.post("delete", {"person": "ada", "message": number}))[0] == 200
    assert await seen(ada, "ada") == []


async def test_people_delete_their_own_words_and_nobody_elses(house: House, ada: Visitor) -> None:
    root = await house.chat.post(place("training"), m.say("Card"), thread=None, key="k", tried_at=None)
    _, told = await ada.post("say", said("oops"))
    assert (await ada.post("delete", {"person": "grace", "message": told["message"]["id"]}))[0] == 400
    assert (await ada.post("delete", {"person": "ada", "message": int(root.message)}))[0] == 400
    assert (await ada.post("delete", {"person": "ada", "message": told["message"]["id"]}))[0] == 200
    assert [one["id"] for one in await seen(ada, "grace")] == [int(root.message)]


async def test_a_deleted_root_with_replies_stays_as_a_mark_without_its_words(ada: Visitor) -> None:
    number = (await ada.post("say", said("root")))[1]["message"]["id"]
    await ada.post("say", said("reply", thread=number, number="00000002"))
    await ada.post("delete", {"person": "ada", "message": number})
    (mark,) = await seen(ada, "grace")
    assert (mark["deleted"], mark["body"], mark["replies"]) == (True, {}, 1)


@pytest.mark.parametrize(("text", "reason"), [
    ("", "nothing to send"), ("  \n\x00 ", "nothing to send"), ("x" * 4001, "4000 is the most"),
])  # fmt: skip
async def test_text_that_is_empty_or_too_long_gets_a_sentence(ada: Visitor, text: str, reason: str) -> None:
    status, told = await ada.post("say", said(text))
    assert status == 400
    assert reason in told["error"]


async def test_a_channel_is_added_for_everyone(house: House, ada: Visitor) -> None:
    for name in ("#Evals-2", "evals-2"):
        body = {"id": "00000001", "person": "ada", "name": name}
        assert await ada.post("channels", body) == (200, {"name": "evals-2"})
    assert await house.chat.check(place("evals-2")) == []


@pytest.mark.parametrize("name", ["", "a b", "@ada", "ä", "x" * 41, "a/b", "../x", "#"])
async def test_a_channel_name_that_does_not_fit_gets_a_sentence(ada: Visitor, name: str) -> None:
    status, told = await ada.post("channels", {"id": "00000001", "person": "ada", "name": name})
    assert (status, "letters a to z" in told["error"]) == (400, True)


async def test_a_name_is_added_once_and_has_read_what_was_before(house: House, ada: Visitor) -> None:
    await house.chat.post(place("training"), everything(), thread=None, key="k", tried_at=None)
    assert await ada.post("people", {"name": " Zoë  Q "}) == (200, {"user": "zoe-q", "name": "Zoë Q"})
    assert (await ada.post("people", {"name": "zoë q"}))[1]["user"] == "zoe-q"
    assert (await ada.post("people", {"name": "Zoe Q"}))[1]["user"] == "zoe-q-2"
    assert (await ada.post("people", {"name": "李明"}))[1]["user"] == "person"
    async with ada.live("zoe-q") as socket:
        channels = (await socket.receive_json())["channels"]
    assert (channels[0]["name"], channels[0]["unread"], channels[0]["mentions"]) == ("training", 0, 0)


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "\u202e\u200b", "!!!"])
async def test_a_persons_name_that_cannot_be_read_gets_a_sentence(ada: Visitor, name: str) -> None:
    status, told = await ada.post("people", {"name": name})
    assert (status, told["error"]) == (400, "A name has 1 to 40 characters that can be seen.")


async def test_somebody_the_room_does_not_know_gets_a_sentence(ada: Visitor) -> None:
    status, told = await ada.post("say", said("hi", who="mallory"))
    assert (status, "Choose a name" in told["error"]) == (400, True)


@pytest.mark.parametrize(("text", "values"), [
    ("/", ["/train start ", "/train status ", "/train cancel ", "/train help "]),
    ("/tra", ["/train start ", "/train status ", "/train cancel ", "/train help "]),
    ("/train", ["/train start ", "/train status ", "/train cancel ", "/train help "]),
    ("/train sta", ["/train start ", "/train status "]),
    ("/sta", ["/train start ", "/train status "]),
    ("/train start sup", ["/train start support-bot"]),
    ("/start sup", ["/train start support-bot"]),
    ("hello", []), ("", []),
])  # fmt: skip
async def test_a_half_typed_line_is_completed_to_whole_lines(ada: Visitor, text: str, values: list[str]) -> None:
    _, told = await ada.post("complete", {"person": "ada", "channel": "training", "text": text})
    assert [one["value"] for one in told["choices"]] == values


async def test_history_comes_in_pages(house: House, ada: Visitor) -> None:
    for number in range(95):
        await house.chat.post(place("training"), m.say(f"{number}"), thread=None, key=f"{number}", tried_at=None)
    before, pages = 10_000, []
    while True:
        told = await ada.get("history", person="ada", channel="training", before=before)
        pages.append([int(one["body"]["summary"]) for one in told["messages"]])
        if not told["more"]:
            break
        before = told["messages"][0]["id"]
    assert pages == [list(range(55, 95)), list(range(15, 55)), list(range(15))]


async def test_a_long_thread_comes_in_pages_with_its_root(house: House, ada: Visitor) -> None:
    root = await house.chat.post(place("training"), m.say("root"), thread=None, key="root", tried_at=None)
    for number in range(45):
        await house.chat.post(place("training"), m.say(f"{number}"), thread=root, key=f"{number}", tried_at=None)
    last = await ada.get("thread", person="ada", root=root.message)
    first = await ada.get("thread", person="ada", root=root.message, before=last["messages"][0]["id"])
    assert (len(last["messages"]), last["more"], len(first["messages"]), first["more"]) == (40, True, 5, False)
    assert last["root"]["replies"] == 45


@pytest.mark.parametrize("query", [{"before": "x"}, {"before": "-1"}, {"channel": "nowhere"}, {"before": "9" * 30}])
async def test_a_page_that_cannot_be_read_gets_a_sentence(ada: Visitor, query: dict[str, str]) -> None:
    assert "error" in await ada.get("history", **{"person": "ada", "channel": "training", **query})


async def test_words_for_a_channel_or_thread_that_is_not_there_get_a_sentence(house: House, ada: Visitor) -> None:
    for text in ("hi", "/train help"):
        assert await ada.post("say", said(text, channel="nowhere")) == (
            400,
            {"error": "There is no such channel here."},
        )
        assert await ada.post("say", said(text, thread=77)) == (400, {"error": "That thread is not here any more."})
    assert house.registry.asked == []
