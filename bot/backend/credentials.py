"""The user's own Arkor login and the project of a folder, as the official tools keep them on this computer.

Read once, when a program decides which training service it uses. Both files are the official tools': nothing here
writes them, renews a token or makes an identity. What they hold is somebody else's text: capped in size, checked in
type, and no token is ever part of a sentence. Reference: sections 1, 3.1 and 5.1 (SDK credentials.ts, state.ts and
projectState.ts, commit 314c6e3). Which service is used in the end is decided in `programs.services`.
"""

import os
import re
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.backend import wire
from bot.domain.errors import UserError

DEFAULT_URL = "https://api.arkor.ai"
FILE_LIMIT = 64 * 1024  # bytes; a login with its two tokens takes less than ten KiB
URL_LIMIT = 1000  # characters
OTHERS = stat.S_IRWXG | stat.S_IRWXO  # the official tools write the login with mode 0600

# The server's own rule is not known (reference 5.2); this is what needs no quoting in an address (RFC 3986, 2.3).
_SLUG = re.compile(r"[A-Za-z0-9._~-]{1,100}")
_VISIBLE = re.compile(r"[\x21-\x7e]+")  # what a header carries as it is
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login. `org` is the organisation of an anonymous identity, None for a person; `url` the service that gave the
    token, None in files of older versions."""

    token: SecretStr
    org: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The project that a folder belongs to, by slugs."""

    org: str
    project: str


def credentials_file() -> Path:
    """Where the official tools keep the login of the user who runs this."""
    try:
        return Path.home() / ".arkor" / "credentials.json"
    except RuntimeError:  # a user without a home: nothing is there
        return Path("/nonexistent/.arkor/credentials.json")


def state_file(folder: Path) -> Path:
    """Where they keep the project of a folder; the `.arkor` folder itself may be named as well."""
    folder = folder.expanduser().absolute()
    return (folder if folder.name == ".arkor" else folder / ".arkor") / "state.json"


def read_credentials(path: Path, now: float) -> Credentials | None:
    """The login in this file; None where there is no file or no JSON object in it.

    `now`: Unix seconds. UserError for a file that cannot be read, that others may read, or whose login has ended.
    """
    value = _object(path, private=True)
    if value is None:
        return None
    url = value.get("arkorCloudApiUrl")
    url = address(url, f"`arkorCloudApiUrl` in {path}") if isinstance(url, str) else None
    match value.get("mode"):
        case "anon":
            org = value.get("orgSlug")
            if not _is_slug(org):
                raise _unusable(path, "orgSlug")
            return Credentials(_token(path, value, "token"), org, url)
        case "oauth":
            ends = value.get("expiresAt")
            if isinstance(ends, int | float) and ends <= now:
                raise UserError(f"The Arkor login in {path} has ended. Log in again with `arkor login`.")
            return Credentials(_token(path, value, "accessToken"), None, url)
    raise _unusable(path, "mode")


def read_state(path: Path) -> State | None:
    """The project in this file; None where there is no file, no JSON or a field missing. UserError for a file that
    cannot be read."""
    value = _object(path, private=False)
    if value is None or not isinstance(value.get("projectId"), str):
        return None
    org, project = value.get("orgSlug"), value.get("projectSlug")
    return State(org, project) if _is_slug(org) and _is_slug(project) else None


def check_org(login: Credentials, org: str, source: str) -> None:
    """UserError where the login is an anonymous identity of another organisation; it begins with `source`.

    Reference 5.1, rule 2: such a project is another identity's, and its file is never overwritten.
    """
    if login.org is not None and login.org != org:
        raise UserError(
            f"{source} in the organisation {org}, but your anonymous Arkor identity belongs to {login.org} and cannot "
            "use it. Log in with `arkor login`, or name another folder in TRAINBOT_ARKOR_DIR."
        )


def base_url(named: str | None, login: Credentials | None) -> str:
    """The service's address: ARKOR_CLOUD_API_URL, else the login's own service, else the default. UserError for one
    that is no address: it must not end at the default by mistake."""
    if named is not None:
        return address(named, "ARKOR_CLOUD_API_URL")
    return (login.url if login else None) or DEFAULT_URL


def address(text: str, source: str) -> str:
    """The address as it is compared and shown: without a slash at its end, host in small letters. UserError, which
    calls it `source`, for one that a service cannot have; the text itself may hold a secret and is not repeated."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if (
        not host
        or parts.scheme not in _PORTS
        or len(text) > URL_LIMIT
        or not _VISIBLE.fullmatch(text)
        or any(sign in text for sign in "@?#")
    ):
        raise UserError(f"{source} must be an address such as {DEFAULT_URL}, without user name, `?` or `#`.")
    host = f"[{host}]" if ":" in host else host
    shown = "" if port is None or port == _PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{shown}{parts.path.rstrip('/')}"


def _object(path: Path, *, private: bool) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is none."""
    try:
        raw = _bytes(path, private=private)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        value = wire.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _bytes(path: Path, *, private: bool) -> bytes:
    """A file's content; UserError for what is no file, too large, or open to others although it is `private`."""
    # Without O_NONBLOCK a pipe in the file's place would hold us until somebody writes to it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise UserError(f"{path} cannot be read: it is no file.")
        if private and facts.st_mode & OTHERS:
            raise UserError(
                f"{path} is open to other users of this computer, so its token is not used. Close it with: "
                f"chmod 600 {shlex.quote(str(path))}"
            )
        if facts.st_size > FILE_LIMIT:
            raise UserError(f"{path} cannot be used: it is larger than {FILE_LIMIT // 1024} KiB.")
        return os.read(handle, FILE_LIMIT)
    finally:
        os.close(handle)


def _token(path: Path, value: dict[str, Any], key: str) -> SecretStr:
    token = value.get(key)
    if not isinstance(token, str) or not _VISIBLE.fullmatch(token):
        raise _unusable(path, key)
    return SecretStr(token)


def _is_slug(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and _SLUG.fullmatch(value) is not None


def _unusable(path: Path, key: str) -> UserError:
    return UserError(
        f"{path} holds no Arkor login that can be used: `{key}` is missing or wrong. Log in again with `arkor login`."
    )
