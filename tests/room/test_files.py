"""Downloads: who gets them, as what, under which name, and how long they are there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from room.house import HOSTILE, House, Visitor

from bot.messages import model as m
from bot.room.chat import direct, person, place
from bot.room.render import FILE_LIMIT, render
from bot.store import room as store

TRAINING = place("training")
CSV = m.File("support-bot-42.csv", "step,loss\n1,0.5\n", "Every metric")


async def fetch(visitor: Visitor, path: str, **query: str) -> tuple[int, str, Any]:
    async with visitor.http.get(f"{visitor.house.url}{path}", params={"person": "ada"} | query) as response:
        return response.status, await response.text(), response.headers


def paths(message: dict[str, Any]) -> list[str]:
    return [f"/room/file/{message['id']}/{one['sha256']}" for one in message["body"]["blocks"] if one["is"] == "file"]


async def posted(house: House, visitor: Visitor, *files: m.File) -> dict[str, Any]:
    await house.chat.post(TRAINING, m.say("Here.", *files), thread=None, key="k", tried_at=None)
    (message,) = (await visitor.get("history", person="ada", channel="training"))["messages"]
    return dict(message)


async def test_a_file_is_told_by_name_size_and_label_and_downloaded_as_plain_text(house: House, ada: Visitor) -> None:
    message = await posted(house, ada, CSV)
    told = message["body"]["blocks"][-1]
    assert (told["name"], told["size"], told["label"]) == ("support-bot-42.csv", 16, "Every metric")
    status, text, headers = await fetch(ada, *paths(message))
    assert (status, text) == (200, CSV.text)
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Content-Disposition"] == 'attachment; filename="support-bot-42.csv"'
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


async def test_hostile_names_and_texts_arrive_as_text_and_set_no_header(house: House, ada: Visitor) -> None:
    name = 'a"\r\nSet-Cookie: x=1\r\n\r\n<script>.html'
    message = await posted(house, ada, m.File(name, HOSTILE, HOSTILE))
    status, text, headers = await fetch(ada, *paths(message))
    assert (status, text, "Set-Cookie" in headers) == (200, HOSTILE, False)
    assert headers["Content-Disposition"] == 'attachment; filename="a-Set-Cookie-x-1-script-.html.txt"'
    assert headers["Content-Type"].startswith("text/plain")


async def test_one_message_gives_the_same_text_under_two_names(house: House, ada: Visitor) -> None:
    message = await posted(house, ada, CSV, m.File("other.csv", CSV.text, "The same"), CSV)
    named = [(await fetch(ada, path))[2]["Content-Disposition"] for path in paths(message)]
    assert [one.partition('"')[2].rstrip('"') for one in named] == ["support-bot-42.csv", "other.csv", CSV.name]


async def test_a_file_goes_with_its_message_and_with_an_edit_that_leaves_it_out(house: House, ada: Visitor) -> None:
    gone = (404, '{"error": "That file is not here any more."}')
    ref = await house.chat.post(TRAINING, m.say("Two", CSV), thread=None, key="a", tried_at=None)
    (path,) = paths((await ada.get("history", person="ada", channel="training"))["messages"][0])
    await house.chat.edit(ref, m.say("None"))
    assert (await fetch(ada, path))[:2] == gone
    await house.chat.edit(ref, m.say("Again", CSV))
    assert (await fetch(ada, path))[0] == 200
    await house.db.write(lambda connection: store.delete_message(connection, int(ref.message)))
    assert (await fetch(ada, path))[:2] == gone
    left = await house.db.write(lambda connection: connection.execute("SELECT count(*) FROM room_files").fetchone())
    assert left[0] == 0


@pytest.mark.parametrize("path", [
    "/room/file/1/" + "0" * 64, "/room/file/999/x", "/room/file/1/..%2f..%2fetc%2fpasswd", "/room/file/x/y",
    "/room/file/-1/y",
])  # fmt: skip
async def test_a_file_that_is_not_there_gets_a_sentence(ada: Visitor, path: str) -> None:
    status, text, _ = await fetch(ada, path)
    assert status in {400, 404}
    assert "error" in text


async def test_the_file_of_an_answer_is_for_the_asker_alone(house: House, ada: Visitor) -> None:
    house.registry.message = m.say("Export", CSV)
    said = {"id": "12345678", "person": "ada", "channel": "training", "text": "/train export"}
    (path,) = paths((await ada.post("say", said))[1]["message"])
    assert (await fetch(ada, path))[0] == 200
    for other in ("grace", "mallory", ""):
        assert (await fetch(ada, path, person=other))[0] == 404


async def test_the_file_of_a_direct_message_is_for_its_person_alone(house: House, ada: Visitor) -> None:
    await house.chat.post(direct(person("grace")), m.say("Export", CSV), thread=None, key="dm", tried_at=None)
    (path,) = paths((await ada.get("history", person="grace", channel="@grace"))["messages"][0])
    assert (await fetch(ada, path, person="grace"))[0] == 200
    assert (await fetch(ada, path))[0] == 404


@given(st.text(), st.text(), st.text())
def test_any_file_can_be_rendered_and_its_content_is_utf_8(name: str, text: str, label: str) -> None:
    (stored,) = render(m.say("x", m.File(name, text, label))).contents.files.values()
    assert stored.content.decode() == text.encode(errors="replace").decode()


def test_a_text_without_end_is_cut_at_the_rooms_limit() -> None:
    (stored,) = render(m.say("x", m.File("a.txt", "x" * (FILE_LIMIT + 5), ""))).contents.files.values()
    assert len(stored.content.decode()) == FILE_LIMIT
