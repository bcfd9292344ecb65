"""The room on a real port with a real database, and a registry that answers with every block there is."""

import asyncio
import struct
import zlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import aiohttp

from bot.commands.spec import Choice, Incoming
from bot.domain.calls import Call
from bot.domain.places import Person, PostRef
from bot.messages import model as m
from bot.room.chat import RoomChat
from bot.room.hub import Hub
from bot.room.room import Room
from bot.room.routes import routes
from bot.store.database import Database
from bot.web import serve

START = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> <!here> @everyone \u202eevil\u202c **b** `c` " + "w" * 500
)


class FixedClock:
    """Stands still until it is told."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at or datetime.now(UTC)

    def monotonic(self) -> float:
        return self.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at = self.now() + timedelta(seconds=seconds)


def png(width: int = 3, height: int = 2, grey: int = 200) -> bytes:
    """A small real PNG (PNG specification, 5: signature and chunks)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([grey]) * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def everything(hostile: str = HOSTILE) -> m.Message:
    """Every block and every span, each with this text in it."""
    person = Person("room", "local", "grace", hostile)
    spans = m.line(
        hostile, m.Bold(hostile), m.Code(hostile), m.Link(hostile, "https://example.org/run"), m.Name(person),
        m.When(START), m.Ping(), m.Ping(person), m.Ping(group=hostile),
    )  # fmt: skip
    return m.Message(
        hostile,
        (
            m.Heading(m.line(hostile)),
            m.Prose(spans),
            m.Facts(((hostile, m.line(hostile)), ("Loss", m.line("0.42 ▇▅▃▂")))),
            m.Verbatim(hostile * 20, hostile),
            m.Quote(hostile * 20, hostile),
            m.Grid(("Step", hostile), ((m.line("10"), m.line(hostile)),)),
            m.Picture(png(60, 30), hostile),
            m.File(hostile, hostile * 20, hostile),
            m.Meter(0.4, hostile),
            m.Buttons((m.Button(hostile, Call("status", {"run": "42"}), "danger"),)),
            m.Aside(m.line(hostile)),
        ),
        m.Tone.ODD,
    )


COMMANDS = {
    "start": "start <recipe> [steps] · Start a training run.",
    "status": "status [run] · How a run is doing.",
    "cancel": "cancel [run] · Stop a run.",
    "help": "help [command] · What there is.",
}


@dataclass
class FakeRegistry:
    """Answers what it was asked, and remembers it. `gate` holds answers back until it is set."""

    asked: list[tuple[Incoming, str | Call]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    message: m.Message | None = None

    async def answer(self, incoming: Incoming, asked: str | Call) -> m.Message:
        self.asked.append((incoming, asked))
        if self.gate is not None:
            await self.gate.wait()
        what = asked if isinstance(asked, str) else asked.name
        return self.message or m.say(f"Answer to {what}.", m.Buttons((m.Button("Again", Call("status")),)))

    async def complete(self, incoming: Incoming, text: str) -> Sequence[Choice]:
        head, _, last = text.rpartition(" ")
        if not head:
            return [Choice(f"{name} ", label) for name, label in COMMANDS.items() if name.startswith(last)]
        recipes = ("support-bot", "summaries") if head == "start" else ()
        return [Choice(f"{head} {one}", one) for one in recipes if one.startswith(last)]


@dataclass
class House:
    """A running room. `url` ends without a slash."""

    url: str
    db: Database
    chat: RoomChat
    room: Room
    registry: FakeRegistry
    clock: FixedClock
    reacted: list[tuple[PostRef, Person, str, bool]]

    async def visitor(self) -> "Visitor":
        """A browser that was let in."""
        visitor = Visitor(self)
        async with visitor.http.get(await self.room.address(self.url)) as response:
            assert response.status == 200, await response.text()
        return visitor


class Visitor:
    """A browser without a page: an HTTP client with the cookie, and the headers that a browser sends."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.headers = {"Origin": house.url}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
        url = f"{self.house.url}/room/{path}"
        async with self.http.post(url, json=body, headers=self.headers | headers) as response:
            return response.status, await response.json()

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        async with self.http.get(f"{self.house.url}/room/{path}", params=query) as response:
            told: dict[str, Any] = await response.json()
            return told

    def live(self, person: str, **query: Any) -> Any:
        url = f"{self.house.url}/room/live"
        return self.http.ws_connect(url, params={"person": person, **query}, headers=self.headers)


class Builder:
    """Opens houses on one data folder, one after the other or two at once on different ones."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.stack = stack

    async def __call__(self, path: Path, clock: FixedClock | None = None, **options: Any) -> House:
        clock = clock or FixedClock(START)
        db = await Database.open(path)
        self.stack.push_async_callback(db.close)
        hub, registry, reacted = Hub(), FakeRegistry(), []

        async def on_reaction(*what: Any) -> None:
            reacted.append(what)

        room = Room(db, registry, clock=clock, hub=hub, on_reaction=on_reaction, **options)
        port = await self.stack.enter_async_context(
            serve("127.0.0.1", 0, routes(room), health=lambda: {"ok": True}, metrics=lambda: "", closing=[hub.close])
        )
        chat = RoomChat(db, clock, hub)
        return House(f"http://127.0.0.1:{port}", db, chat, room, registry, clock, reacted)
