"""Who may talk to the service: the outermost ring around every route.

A browser page on this computer must not be able to use the service, so every request needs a Host
that is ours (against rebinding of names), no Origin, and JSON bodies that a form cannot send. On
top of that a bearer token, unless anonymous callers were asked for. Errors leave as the protocol
writes them: a JSON object with one sentence.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from .options import Options

log = logging.getLogger(__name__)

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN = frozenset({"/v1/auth/cli/config", "/v1/auth/anonymous"})  # reference 2: asked before a token exists

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """A request that cannot be served: status and sentence."""

    def __init__(self, status: int, sentence: str, **more: Any) -> None:
        super().__init__(sentence)
        self.status = status
        self.body = {"error": sentence, **more}


def middleware(options: Options) -> Any:
    """The aiohttp middleware that checks callers and words errors."""
    hosts = LOOPBACK | {name.casefold().strip("[]") for name in (options.host, *options.hosts)}

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check_sender(request, hosts)
            if request.path not in OPEN and not options.anonymous:
                check_token(request, options.token or "")
            return await handler(request)
        except Refused as refusal:
            return web.json_response(refusal.body, status=refusal.status)
        except web.HTTPException as error:
            return web.json_response({"error": sentence(error)}, status=error.status, headers=allowed(error))
        except ConnectionResetError:
            raise  # the caller is gone
        except Exception as error:  # the boundary: a caller gets a sentence, the log the rest
            log.exception("%s %s", request.method, request.path)
            why = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
            return web.json_response({"error": f"The service could not do this{why}."}, status=500)

    return guard


def check_sender(request: web.Request, hosts: frozenset[str]) -> None:
    """Refuse what a foreign web page could have caused."""
    if host_name(request.headers.get("Host", "")) not in hosts:
        raise Refused(403, "This service does not answer under that host name.")
    if "Origin" in request.headers:
        raise Refused(403, "This service does not answer web pages.")
    if request.body_exists and request.content_type != "application/json":
        raise Refused(415, "The body must be application/json.")


def host_name(header: str) -> str | None:
    """The name in a Host header, without port and brackets, in lower case."""
    try:
        return urlsplit(f"//{header}").hostname if "@" not in header else None
    except ValueError:
        return None


def check_token(request: web.Request, token: str) -> None:
    """Compare the bearer token in constant time."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    right = hmac.compare_digest(
        given.strip().encode("utf-8", "surrogateescape"), token.encode("utf-8", "surrogateescape")
    )
    if scheme.casefold() != "bearer" or not right:
        raise Refused(401, "The token is missing or wrong.")


def sentence(error: web.HTTPException) -> str:
    """aiohttp's own refusals in a sentence."""
    known = {
        404: "There is no such route.",
        405: "This route does not take that method.",
        413: "The body is larger than 256 KiB.",
    }
    return known.get(error.status, f"{error.reason}.")


def allowed(error: web.HTTPException) -> dict[str, str]:
    """The Allow header of a 405."""
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
