"""Who gets into the room: one-time tokens, the cookie they become, and the checks of every request.

A token lets one browser in and is spent; its cookie then holds for months, also over a restart. Only digests are
stored. The operator may set a token that does not wear out, for a room that others reach over the network. Whoever
is in may do everything: persons in the room are labels.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import web

from bot.domain.urls import LOOPBACK
from bot.ports import Clock
from bot.store import room_doors as store
from bot.store.database import Database

INVITE_LIFE = timedelta(days=1)
SESSION_LIFE = timedelta(days=90)
TOKEN_LIMIT = 4096  # characters


class Doors:
    """The checks, and the tokens in the database. `public_host`: a name, or name:port, besides the loopback ones."""

    def __init__(
        self, db: Database, clock: Clock, *, public_host: str | None = None, operator_token: str | None = None
    ) -> None:
        self._db = db
        self._clock = clock
        self._public = (public_host or "").lower()
        self._operator = operator_token

    async def invite(self) -> str:
        """A new token that lets one browser in, within a day."""
        token, now = secrets.token_urlsafe(24), self._now()
        since = now - INVITE_LIFE.total_seconds()
        await self._db.write(lambda connection: store.add_invite(connection, _digest(token), now, since))
        return token

    async def enter(self, token: str) -> str | None:
        """The secret for the cookie, or None for a token that is not known (any more)."""
        if len(token) > TOKEN_LIMIT:
            return None
        secret, now = secrets.token_urlsafe(32), self._now()
        lasting = self._operator is not None and hmac.compare_digest(_bytes(token), _bytes(self._operator))
        good = lasting or await self._db.write(
            lambda connection: store.spend_invite(connection, _digest(token), now - INVITE_LIFE.total_seconds())
        )
        if not good:
            return None
        since = now - SESSION_LIFE.total_seconds()
        await self._db.write(lambda connection: store.add_session(connection, _digest(secret), now, since))
        return secret

    async def knows(self, request: web.Request) -> bool:
        """Whether the request has the cookie of a browser that was let in."""
        secret = request.cookies.get(cookie_name(request), "")
        since = self._now() - SESSION_LIFE.total_seconds()
        return bool(secret) and await self._db.read(store.session(_digest(secret), since))

    def host_fits(self, request: web.Request) -> bool:
        """Whether the request was meant for us: a page elsewhere can point a name of its own at this computer."""
        host = request.host.lower()
        name = _name(host)
        return name in LOOPBACK or (bool(self._public) and self._public in {host, name})

    def origin_fits(self, request: web.Request) -> bool:
        """Whether the request comes from our own page. Browsers send Origin with every WebSocket and every POST."""
        try:
            origin = urlsplit(request.headers.get("Origin", ""))
        except ValueError:
            return False
        own = {request.host.lower(), *([self._public] if self._public else [])}
        return origin.scheme in {"http", "https"} and origin.netloc.lower() in own

    def _now(self) -> float:
        return self._clock.now().timestamp()


def cookie_name(request: web.Request) -> str:
    """Cookies know no ports (RFC 6265, 8.5): the name keeps two demos on one computer apart."""
    port = urlsplit(f"//{request.host}").netloc.rpartition(":")[2]
    return f"trainbot-room-{port}" if port.isdigit() else "trainbot-room"


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _digest(secret: str) -> str:
    return hashlib.sha256(_bytes(secret)).hexdigest()


def _bytes(text: str) -> bytes:
    """Requests and environment bring bytes that are no UTF-8 as lone surrogates."""
    return text.encode("utf-8", "surrogatepass")
