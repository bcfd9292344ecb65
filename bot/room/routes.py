"""The room over HTTP: the page and its files, reads, writes, pictures, downloads, and the WebSocket of changes.

Every request is checked for its Host, all but the page's own files and the entrance for the cookie, every write and
the WebSocket for the Origin as well (see `guard`). Errors of people are sentences in JSON with status 400.
"""

import asyncio
import hashlib
import json
from importlib import resources

from aiohttp import web

from bot.domain.errors import UserError
from bot.room import view
from bot.room.asks import Changed, Named, Opened, Pointed, Pressed, Reacted, Said, Typed
from bot.room.doors import SESSION_LIFE, cookie_name
from bot.room.guard import Guard, refuse
from bot.room.room import EMOJI, Room
from bot.store import room as store
from bot.store import room_contents as contents

LAST = 2**62  # an id after every message
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def routes(room: Room) -> list[web.RouteDef]:
    """All routes of the room."""
    files = {one.name: one.read_bytes() for one in (resources.files("bot.room") / "page").iterdir()}
    page = Page(room, files)
    guard = Guard(room.doors, page.entrance)
    writes = {
        "say": guard.write(Said, room.say),
        "press": guard.write(Pressed, room.press),
        "react": guard.write(Reacted, room.react),
        "delete": guard.write(Pointed, room.delete),
        "read": guard.write(Pointed, room.read),
        "channels": guard.write(Opened, room.roster.add_channel),
        "people": guard.write(Named, room.roster.add_person),
        "members": guard.write(Changed, room.roster.change_member),
        "complete": guard.write(Typed, room.complete),
    }
    return [
        web.get("/", guard.read(page.index), allow_head=False),
        # Not for HEAD, which would spend the token and keep nothing.
        web.get("/room", guard.host(page.enter), allow_head=False),
        web.get("/room/page/{name}", guard.host(page.file)),
        web.get("/room/picture/{name}.png", guard.read(page.picture)),
        web.get("/room/file/{message}/{name}", guard.read(page.download)),
        web.get("/room/history", guard.read(page.history)),
        web.get("/room/thread", guard.read(page.thread)),
        web.get("/room/live", guard.live(page.live), allow_head=False),
        web.post("/room/invite", guard.post(page.invite)),
        *(web.post(f"/room/{name}", handler) for name, handler in writes.items()),
    ]


class Page:
    """The handlers of reads: each gets a request that has passed its checks."""

    def __init__(self, room: Room, files: dict[str, bytes]) -> None:
        self._room = room
        self._files = files
        self._version = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()[:16]

    async def index(self, request: web.Request) -> web.Response:
        return self._html("index.html")

    def entrance(self, request: web.Request) -> web.Response:
        """Why there is nothing to see, and how to get in. Somebody who follows a link from elsewhere arrives without
        the cookie even where there is one (SameSite=Strict): a page of our own then asks again, once."""
        if request.path != "/":
            return refuse(401, "Open the address that trainbot printed to come in.")
        elsewhere = request.headers.get("Sec-Fetch-Site") == "cross-site" and not request.query_string
        return self._html("again.html" if elsewhere else "entrance.html", 200 if elsewhere else 401)

    async def enter(self, request: web.Request) -> web.Response:
        """Turns a token into the cookie."""
        secret = await self._room.doors.enter(request.query.get("token", ""))
        if secret is None and not await self._room.doors.knows(request):
            return self._html("entrance.html", 403)
        response = web.Response(status=303, headers={"Location": "/", "Cache-Control": "no-store"})
        if secret is not None:
            age = int(SESSION_LIFE.total_seconds())
            secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
            response.set_cookie(
                cookie_name(request), secret, max_age=age, path="/", httponly=True, samesite="Strict", secure=secure
            )
        return response

    async def file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        kind = TYPES.get(name[name.rfind(".") :])
        if name not in self._files or kind in {None, "text/html"}:
            return refuse(404, "There is no such file.")
        tag = f'"{self._version}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=self._files[name], content_type=kind, charset="utf-8", headers=headers)

    async def picture(self, request: web.Request) -> web.Response:
        """A PNG, which never changes under its name; the browser asks each time whether it may still be seen."""
        name, me = request.match_info["name"], request.query.get("person", "")
        png = await self._room.db.read(contents.picture(me, name))
        if png is None:
            return refuse(404, "There is no such picture.")
        tag = f'"{name}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=png, content_type="image/png", headers=headers)

    async def download(self, request: web.Request) -> web.Response:
        """A text to keep, as plain text whatever it is called; its name is safe in a header as it is."""
        number, me = _number(request.match_info["message"]), request.query.get("person", "")
        found = await self._room.db.read(contents.stored_file(me, number, request.match_info["name"]))
        if found is None:
            return refuse(404, "That file is not here any more.")
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{found.name}"'}
        return web.Response(body=found.content, content_type="text/plain", charset="utf-8", headers=headers)

    async def history(self, request: web.Request) -> web.Response:
        me = request.query.get("person", "")
        channel = await self._room.roster.channel(me, request.query.get("channel", ""))
        return web.json_response(await view.history(self._room.db, me, channel.name, _before(request)))

    async def thread(self, request: web.Request) -> web.Response:
        me = request.query.get("person", "")
        # Not `room.entry`: the replies of a root that was deleted can still be read.
        root = await self._room.db.read(store.seen(me, _number(request.query.get("root", ""))))
        if root is None or root.thread is not None:
            raise UserError("That thread is not here any more.")
        return web.json_response(await view.thread(self._room.db, me, root, _before(request)))

    async def invite(self, request: web.Request) -> web.Response:
        """An address for another browser, under the name by which this one came."""
        return web.json_response({"url": await self._room.address(request.headers["Origin"])})

    async def live(self, request: web.Request) -> web.StreamResponse:
        """Changes as they are committed, from the revision that the page has."""
        socket = web.WebSocketResponse(timeout=1.0, heartbeat=20.0, max_msg_size=1024)
        await socket.prepare(request)
        with self._room.hub.attached(socket):
            telling = asyncio.create_task(self._tell(socket, request))
            hearing = asyncio.create_task(_until_closed(socket))
            try:
                await asyncio.wait({telling, hearing}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                telling.cancel()
                hearing.cancel()
                ends = await asyncio.gather(telling, hearing, return_exceptions=True)
                await socket.close()
        for end in ends:
            # A page that goes away in the middle of a word is no error; anything else is ours.
            if isinstance(end, Exception) and not isinstance(end, ConnectionError):
                raise end
        return socket

    async def _tell(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        room, me = self._room, request.query.get("person", "")
        known = request.query.get("after", "")
        revision, first = _number(known) if known else await room.db.read(store.revision()), True
        while not room.hub.closed:
            changed = room.hub.changed()
            told = await view.frame(room.db, me, revision, first=first)
            if told is not None:
                extra = {"emoji": EMOJI, "version": self._version} if first else {}
                await socket.send_str(json.dumps(told | extra))
                revision, first = told["revision"], False
            await changed.wait()

    def _html(self, name: str, status: int = 200) -> web.Response:
        headers = {"Cache-Control": "no-store"}
        return web.Response(
            status=status, body=self._files[name], content_type="text/html", charset="utf-8", headers=headers
        )


async def _until_closed(socket: web.WebSocketResponse) -> None:
    """Pages say nothing here; what they do goes by POST."""
    async for _ in socket:
        pass


def _before(request: web.Request) -> int:
    before = request.query.get("before", "")
    return _number(before) if before else LAST


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise UserError("That is not a number.")
    return int(text)
