"""Private channels: who is inside, what members may do, and that nothing reaches anybody else by any route."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from room.house import START, Builder, FixedClock, House, Visitor, png

from bot.domain.calls import Call
from bot.messages import model as m
from bot.room.chat import direct, person, place
from bot.room.render import digest
from bot.room.routes import routes
from bot.store.database import migrate, migrations
from bot.store.room_roster import channels

PEOPLE = ("ada", "grace", "linus")
SECRET = "sesame"
NOWHERE = {"error": "There is no such channel here."}


async def add(visitor: Visitor, name: str = "hush", *, who: str = "ada", number: str = "00000000") -> str:
    status, told = await visitor.post("channels", {"id": number, "person": who, "name": name, "private": True})
    assert status == 200, told
    return str(told["name"])


async def let(visitor: Visitor, channel: str, member: str, on: bool, *, by: str = "ada") -> tuple[int, dict[str, Any]]:
    return await visitor.post("members", {"person": by, "channel": channel, "member": member, "on": on})


def said(channel: str, text: str, who: str = "ada", number: str = "00000001", **more: Any) -> dict[str, Any]:
    return {"id": number, "person": who, "channel": channel, "text": text, **more}


async def roster(visitor: Visitor, who: str) -> dict[str, dict[str, Any]]:
    async with visitor.live(who) as socket:
        return {one["name"]: one for one in (await socket.receive_json())["channels"]}


async def test_a_private_channel_is_there_for_who_adds_it_and_for_nobody_else(ada: Visitor) -> None:
    name = await add(ada)
    own = (await roster(ada, "ada"))[name]
    assert (own["title"], own["private"], own["members"]) == ("hush", True, ["ada"])
    assert name not in await roster(ada, "grace")
    assert "messages" in await ada.get("history", person="ada", channel=name)
    assert await ada.get("history", person="grace", channel=name) == NOWHERE


async def test_the_same_request_adds_it_once_and_two_of_one_title_do_not_meet(ada: Visitor) -> None:
    first = await add(ada)
    assert await add(ada) == first
    assert await add(ada, who="grace", number="00000002") != first
    body = {"id": "00000003", "person": "linus", "name": "hush"}
    assert await ada.post("channels", body) == (200, {"name": "hush"})
    body |= {"person": "ada", "private": True}
    status, told = await ada.post("channels", body)
    assert (status, told["error"].startswith("A channel of this name is in your list")) == (400, True)


async def test_who_is_let_in_sees_everything_from_then_on_and_until_they_are_let_out(ada: Visitor) -> None:
    name = await add(ada)
    await ada.post("say", said(name, "before"))
    for on, seen in ((True, ["before"]), (True, ["before"]), (False, None)):
        assert (await let(ada, name, "grace", on))[0] == 200
        told = await ada.get("history", person="grace", channel=name)
        assert (seen is None and told == NOWHERE) or [one["body"]["text"] for one in told["messages"]] == seen
    assert name not in await roster(ada, "grace")


async def test_who_is_let_in_has_nothing_unread_and_counts_from_then_on(ada: Visitor) -> None:
    name = await add(ada)
    await ada.post("say", said(name, "before"))
    await let(ada, name, "grace", True)
    await ada.post("say", said(name, "after", number="00000002"))
    assert (await roster(ada, "grace"))[name]["unread"] == 1


async def test_anybody_inside_lets_others_in_and_out_and_may_leave(ada: Visitor) -> None:
    name = await add(ada)
    await let(ada, name, "grace", True)
    assert (await let(ada, name, "linus", True, by="grace"))[0] == 200
    assert (await let(ada, name, "ada", False, by="linus"))[0] == 200
    assert (await let(ada, name, "linus", False, by="linus"))[0] == 200
    assert (await roster(ada, "grace"))[name]["members"] == ["grace"]
    assert await let(ada, name, "ada", True) == (400, NOWHERE)


@pytest.mark.parametrize(("channel", "member", "reason"), [
    ("training", "grace", "Everyone in the room sees this channel"), ("@ada", "grace", "yours and trainbot's alone"),
    ("@grace", "ada", "no such channel"), ("nowhere", "grace", "no such channel"), ("hush", "ada", "the last one here"),
    ("hush", "mallory", "does not know this person"),
])  # fmt: skip
async def test_what_cannot_be_changed_gets_a_sentence(ada: Visitor, channel: str, member: str, reason: str) -> None:
    name = await add(ada)
    status, told = await let(ada, name if channel == "hush" else channel, member, member != "ada")
    assert (status, reason in told["error"]) == (400, True)


async def test_a_command_there_is_private_and_not_direct(house: House, ada: Visitor) -> None:
    name = await add(ada)
    await ada.post("say", said(name, "/train start x"))
    await ada.post("complete", {"person": "ada", "channel": "training", "text": "/"})
    incoming = house.registry.asked[0][0]
    assert (incoming.private, incoming.direct, incoming.roles, incoming.place) == (True, False, (), place(name))


async def test_the_bot_works_there_and_knows_what_is_there(house: House, ada: Visitor) -> None:
    name = await add(ada)
    assert await house.chat.check(place(name)) == []
    ref = await house.chat.post(place(name), m.say("Card"), thread=None, key="k", tried_at=None)
    assert await house.chat.link(ref) == f"/#c/{name}/m{ref.message}"


async def test_one_who_was_let_out_while_the_bot_thought_gets_no_answer_there(house: House, ada: Visitor) -> None:
    name = await add(ada)
    await let(ada, name, "grace", True)
    house.registry.gate = asyncio.Event()
    asking = asyncio.create_task(ada.post("say", said(name, "/train list", "grace")))
    while not house.registry.asked:
        await ada.get("history", person="ada", channel=name)
    await let(ada, name, "grace", False)
    house.registry.gate.set()
    assert (await asking)[0] == 400
    assert await ada.get("history", person="grace", channel=name) == NOWHERE


async def test_a_picture_in_two_channels_is_seen_by_who_sees_one_of_them(house: House, ada: Visitor) -> None:
    name = await add(ada)

    async def status(who: str) -> int:
        url = f"{house.url}/room/picture/{digest(png())}.png"
        async with ada.http.get(url, params={"person": who}) as response:
            return int(response.status)

    async def show(channel: str) -> None:
        message = m.say("Curve", m.Picture(png(), "a curve"))
        await house.chat.post(place(channel), message, thread=None, key=channel, tried_at=None)

    await show(name)
    assert [await status(one) for one in ("ada", "grace", "")] == [200, 404, 404]
    await show(direct(person("linus")).channel)
    assert [await status(one) for one in PEOPLE] == [200, 404, 200]
    await show("training")
    assert [await status(one) for one in (*PEOPLE, "")] == [200] * 4


async def test_a_browser_asks_each_time_whether_a_picture_may_still_be_seen(house: House, ada: Visitor) -> None:
    name = await add(ada)
    await let(ada, name, "grace", True)
    message = m.say("Curve", m.Picture(png(), "a curve"))
    await house.chat.post(place(name), message, thread=None, key="k", tried_at=None)
    url, headers = f"{house.url}/room/picture/{digest(png())}.png", {"If-None-Match": f'"{digest(png())}"'}
    for on, status in ((True, 304), (False, 404)):
        await let(ada, name, "grace", on)
        async with ada.http.get(url, params={"person": "grace"}, headers=headers) as response:
            assert response.status == status
            assert "no-cache" in response.headers["Cache-Control"] or status == 404


async def test_a_page_hears_that_it_was_let_in_and_out_and_others_hear_nothing(house: House, ada: Visitor) -> None:
    name = await add(ada)
    async with ada.live("grace") as grace, ada.live("linus") as linus:
        for socket in (grace, linus):
            await socket.receive_json()
        for on in (True, False):
            await let(ada, name, "grace", on)
            assert (name in [one["name"] for one in (await grace.receive_json())["channels"]]) is on
        await house.chat.post(place("general"), m.say("for all"), thread=None, key="k", tried_at=None)
        assert [one["body"]["summary"] for one in (await linus.receive_json())["messages"]] == ["for all"]


async def test_a_page_that_was_away_hears_nothing_of_what_it_is_no_longer_part_of(house: House, ada: Visitor) -> None:
    name = await add(ada)
    await let(ada, name, "grace", True)
    async with ada.live("grace") as socket:
        revision = (await socket.receive_json())["revision"]
    await house.chat.post(place(name), m.say(SECRET, m.Buttons(())), thread=None, key="k", tried_at=None)
    await let(ada, name, "grace", False)
    async with ada.live("grace", after=revision) as socket:
        assert SECRET not in await socket.receive_str()
    async with ada.live("ada", after=revision) as socket:
        assert SECRET in await socket.receive_str()


def test_direct_conversations_of_a_room_from_before_stay_with_their_persons(tmp_path: Path) -> None:
    steps = migrations()
    before = next(number for number, step in enumerate(steps) if "room_members" in step)
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection, steps[:before])
        connection.execute("INSERT INTO room_people VALUES ('zoe', 'Zoë', 0, 2)")
        connection.execute("INSERT INTO room_channels VALUES ('evals', 0, 2), ('@zoe', 0, 2)")
        migrate(connection, steps)
        for who in ("zoe", "ada"):
            seen = [(one.channel.name, one.channel.private) for one in channels(who).on(connection)]
            public = [("training", False), ("general", False), ("evals", False)]
            assert seen == [*public, (f"@{who}", True)]


# Whatever happens -----------------------------------------------------------------------------------------------------


@dataclass
class Stage:
    """A room with a private channel, an open page for each person, and a model of who is inside."""

    house: House
    visitor: Visitor
    channel: str
    sockets: dict[str, Any]
    inside: set[str] = field(default_factory=lambda: {"ada"})
    messages: list[int] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(100))

    def id(self) -> str:
        return f"act-{next(self.numbers):08}"

    async def act(self, what: str, who: str, other: str) -> None:
        await ACTS[what](self, min(self.inside) if who == "insider" else who, other)

    async def say(self, who: str, text: str) -> None:
        more = {"thread": self.messages[0]} if self.messages and text == "reply" else {}
        status, told = await self.visitor.post("say", said(self.channel, f"{text} {SECRET}", who, self.id(), **more))
        assert (status == 200) is (who in self.inside)
        if status == 200 and text != "/train":
            self.messages.append(told["message"]["id"])

    async def report(self, _: str, __: str) -> None:
        ref = await self.house.chat.post(place(self.channel), secret(), thread=None, key=self.id(), tried_at=None)
        self.messages.append(int(ref.message))

    async def change(self, who: str, other: str, on: bool) -> None:
        last = self.inside == {other} and not on
        status, _ = await let(self.visitor, self.channel, other, on, by=who)
        assert (status == 200) is (who in self.inside and not last)
        if status == 200:
            self.inside = self.inside | {other} if on else self.inside - {other}

    async def react(self, who: str, _: str) -> None:
        for number in self.messages[:1]:
            body = {"person": who, "message": number, "emoji": "👍", "on": True}
            assert ((await self.visitor.post("react", body))[0] == 200) is (who in self.inside)

    async def heard(self) -> dict[str, str]:
        """Everything that each page was told since the last time: up to a message that all of them hear."""
        mark = f"mark {self.id()}"
        await self.house.chat.post(place("general"), m.say(mark), thread=None, key=mark, tried_at=None)
        told = dict.fromkeys(PEOPLE, "")
        for who, socket in self.sockets.items():
            while mark not in told[who]:
                told[who] += await socket.receive_str()
        return told


ACTS: dict[str, Callable[[Stage, str, str], Awaitable[None]]] = {
    "say": lambda stage, who, _: stage.say(who, "hello"),
    "reply": lambda stage, who, _: stage.say(who, "reply"),
    "ask": lambda stage, who, _: stage.say(who, "/train"),
    "report": Stage.report,
    "react": Stage.react,
    "let in": lambda stage, who, other: stage.change(who, other, True),
    "let out": lambda stage, who, other: stage.change(who, other, False),
}


def secret() -> m.Message:
    picture, file = m.Picture(png(grey=7), SECRET), m.File(f"{SECRET}.csv", SECRET, SECRET)
    line = m.line(m.Ping(), m.Ping(person("grace")), f" {SECRET}")
    return m.say(SECRET, m.Prose(line), picture, file, m.Buttons((m.Button(SECRET, Call("status")),)))


def requests(who: str, channel: str, message: int, file: str) -> list[tuple[str, dict[str, Any]]]:
    """One of every request that names a channel or a message; a path that begins with a slash is read."""
    return [
        ("/room/history", {"person": who, "channel": channel}),
        ("/room/thread", {"person": who, "root": message}),
        (f"/room/file/{message}/{file}", {"person": who}),
        (f"/room/picture/{file}.png", {"person": who}),
        ("say", said(channel, "hi", who, "probe-0001")),
        ("say", said(channel, "/train status", who, "probe-0002")),
        ("say", said("training", "hi", who, "probe-0003", thread=message)),
        ("say", said("training", "/train status", who, "probe-0004", thread=message)),
        ("complete", {"person": who, "channel": channel, "text": "/"}),
        ("complete", {"person": who, "channel": "training", "text": "/", "thread": message}),
        ("press", {"id": "probe-0005", "person": who, "message": message, "call": "1|status"}),
        ("react", {"person": who, "message": message, "emoji": "👍", "on": True}),
        ("delete", {"person": who, "message": message}),
        ("read", {"person": who, "message": message}),
        ("members", {"person": who, "channel": channel, "member": who, "on": True}),
    ]


async def answers(stage: Stage, asked: list[tuple[str, dict[str, Any]]]) -> list[tuple[int, str]]:
    told: list[tuple[int, str]] = []
    for path, body in asked:
        if path.startswith("/"):
            async with stage.visitor.http.get(f"{stage.house.url}{path}", params=body) as response:
                told.append((response.status, await response.text()))
        else:
            status, answer = await stage.visitor.post(path, body)
            told.append((status, json.dumps(answer)))
    return told


async def look(stage: Stage) -> None:
    """Whoever is outside is answered as if the channel and its messages were not there, and heard nothing of them."""
    told = await stage.heard()
    asked = len(stage.house.registry.asked)
    stored = await stage.house.db.write(
        lambda connection: [row[0] for row in connection.execute("SELECT sha256 FROM room_files")]
    )
    files = [*stored, digest(png(grey=7))]
    for who in set(PEOPLE) - stage.inside:
        assert not any(word in told[who] for word in (SECRET, stage.channel))
        assert stage.channel not in await roster(stage.visitor, who)
        nothing = await answers(stage, requests(who, "nowhere", 999_999, "0" * 64))
        for number, file in [(one, file) for one in stage.messages[-3:] or [1] for file in files]:
            assert await answers(stage, requests(who, stage.channel, number, file)) == nothing
        assert all(status >= 400 for status, _ in nothing)
    assert len(stage.house.registry.asked) == asked


async def play(acts: list[tuple[str, str, str]]) -> None:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        house = await Builder(stack)(Path(folder) / "bot.db", FixedClock(START))
        house.registry.message = secret()
        visitor = await stack.enter_async_context(await house.visitor())
        channel = await add(visitor, SECRET)
        sockets = {who: await stack.enter_async_context(visitor.live(who)) for who in PEOPLE}
        stage = Stage(house, visitor, channel, sockets)
        await stage.report("", "")
        for what, who, other in acts:
            await stage.act(what, who, other)
            await look(stage)


CHANGES = ["let in", "let out"]
an_act = st.tuples(
    st.sampled_from(CHANGES) | st.sampled_from(sorted(ACTS)),
    st.sampled_from(["insider", *PEOPLE]),
    st.sampled_from(PEOPLE),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(an_act, max_size=8))
@example([("let in", "ada", "grace"), ("say", "grace", "ada"), ("let out", "grace", "ada"), ("report", "ada", "ada")])
@example([("let in", "ada", "grace"), ("let out", "ada", "grace"), ("reply", "ada", "ada"), ("let in", "ada", "grace")])
def test_nothing_of_a_private_channel_reaches_one_who_is_not_inside_by_any_route(
    acts: list[tuple[str, str, str]],
) -> None:
    asyncio.run(play(acts))


async def test_every_route_of_the_room_is_among_those_that_were_tried(house: House) -> None:
    tried = {path if path.startswith("/") else f"/room/{path}" for path, _ in requests("ada", "x", 1, "f")}
    shapes = {"/room/file/1/f": "/room/file/{message}/{name}", "/room/picture/f.png": "/room/picture/{name}.png"}
    others = {"/", "/room", "/room/page/{name}", "/room/live", "/room/invite", "/room/channels", "/room/people"}
    assert {shapes.get(one, one) for one in tried} | others == {one.path for one in routes(house.room)}
