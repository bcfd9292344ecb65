"""Names that the room makes: of a download, of a person, of a channel. Pure; runs whenever one is added or shown.

What people read keeps their own letters; what is made here travels in addresses and headers.
"""

import hashlib
import re
import unicodedata

from bot.domain.errors import UserError

FILE_LIMIT = 80  # characters of a download's name; our own, far below every file system's 255
ENDINGS = ("csv", "tsv", "json", "jsonl", "log", "md", "toml", "txt", "yaml", "yml")  # texts that nothing runs
_CHANNEL = re.compile(r"[a-z0-9-]{1,40}")


def file_name(name: str) -> str:
    """A name that every file system and a Content-Disposition header take as it is: letters, digits, dot, hyphen and
    underscore, with the ending of a text."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", _ascii(name))
    stem, _, ending = plain.rpartition(".")
    if ending.lower() not in ENDINGS:
        stem, ending = plain, "txt"
    stem = stem.strip("-._")[: FILE_LIMIT - len(ending) - 1].strip("-._") or "file"
    return f"{stem}.{ending.lower()}"


def user_stem(name: str) -> str:
    """What a person's id begins with."""
    return re.sub(r"[^a-z0-9]+", "-", _ascii(name).lower()).strip("-") or "person"


def channel_title(text: str) -> str:
    """What a channel is called; UserError for what cannot be its name."""
    name = text.strip().removeprefix("#").lower()
    if not _CHANNEL.fullmatch(name):
        raise UserError("A channel's name has 1 to 40 of the letters a to z, digits and hyphens.")
    return name


def private_name(title: str, act: str) -> str:
    """A private channel's name in addresses. Nobody can find one by trying names, and one of the same title can be
    there already; the same act gives the same name."""
    return f"{title}-{hashlib.sha256(act.encode()).hexdigest()[:8]}"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
