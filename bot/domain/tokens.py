"""The access tokens of data sets: they come from the environment, and go nowhere but to the training service.

A recipe and a run only note that a token belongs there (`WITHHELD`), for a service does not give it out again. The
token's variable is named after the host of the data set's address, so nobody can send one host's token to another.
Used when a run is asked for (is the token there?) and when its job is created (`filled`). A service may repeat what it
was sent: `Secrets` takes it out again. What others put into their configs under a telling name is not kept (`masked`).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

WITHHELD = "***"
PREFIX = "TRAINBOT_DATASET_TOKEN_"
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123, 2.1
# Strict on purpose: clients disagree about where the host ends in an address with `@` or a backslash in it.
_ADDRESS = re.compile(rf"https://((?:{_LABEL}\.)*{_LABEL})(?::[0-9]{{1,5}})?(?:[/?#][!-\[\]-~]*)?", re.IGNORECASE)
# The words that a name is made of: `hubToken`, `hf_token`, `HTTPKey`.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_TELLING = frozenset({"key", "apikey", "accesskey", "passwd", "pwd", "passphrase", "credential"})
_ENDS = ("token", "secret", "password")
# A token of a text and a column of a table are no secrets: `padToken`, `text_key`.
_PLAIN = frozenset({"pad", "eos", "bos", "unk", "sep", "cls", "mask", "stop", "text", "prompt", "label", "column"})
_PART = 6  # letters of a secret, at the end of a text that was cut, that may give it away


def variable(url: str) -> str | None:
    """The environment variable for the token of this address: `TRAINBOT_DATASET_TOKEN_DATA_ACME_ORG` for one at
    `https://data.acme.org/`. None where no token may be sent: without HTTPS, or without
    a host by its plain name."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return None
    host = found[1]
    # `-` becomes two underscores: `a-b.org` and `a.b.org` are two hosts, and two variables.
    return PREFIX + host.replace("-", "__").replace(".", "_").upper()


def wanted(dataset: Mapping[str, Any]) -> str | None:
    """The variable that must be set before this data set can be read; None where none is needed. A token for an address
    that may have none is called by the prefix alone, which is never set."""
    if "token" not in dataset:
        return None
    return variable(str(dataset.get("url", ""))) or PREFIX


def where(dataset: Mapping[str, Any]) -> str:
    """Where the token of this data set comes from, for a sentence."""
    name = variable(str(dataset.get("url", "")))
    return f"the token itself comes from the environment, as {name or f'{PREFIX}<HOST>; its address begins with https'}"


def filled(config: Mapping[str, Any], tokens: Mapping[str, str]) -> dict[str, Any]:
    """The job config with the token of its data set, where it notes one; `tokens` by variable. Only for the call that
    creates the job: what this gives is never stored, logged or shown. A token that is not there is left out."""
    source = config.get("datasetSource")
    if not isinstance(source, Mapping) or "token" not in source:
        return dict(config)
    token = tokens.get(variable(str(source.get("url", ""))) or "")
    rest = {key: value for key, value in source.items() if key != "token"}
    return {**config, "datasetSource": {**rest, "token": token} if token else rest}


def may_be_key(url: str) -> bool:
    """Whether the address itself may open the data set: a query may be a signature, a user name has a password."""
    return "?" in url or re.match(r"[^/]*//[^/]*@", url) is not None


class Secrets:
    """What must not be shown, and the texts without it."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {form for one in values if one for form in (one, json.dumps(one)[1:-1], quote(one, safe=""))}
        self._forms = sorted(forms, key=len, reverse=True)  # one secret may be part of another

    def __bool__(self) -> bool:
        return bool(self._forms)

    def hidden(self, text: str) -> str:
        """The text without the secrets, also as JSON and addresses write them, and without the beginning of one at the
        end of a text that was cut."""
        for form in self._forms:
            text = text.replace(form, WITHHELD)
            if text.endswith("…"):
                text = _without_part(text[:-1], form) + "…"
        return text


def _without_part(text: str, secret: str) -> str:
    most = min(len(secret), len(text))
    part = next((size for size in range(most, _PART - 1, -1) if text.endswith(secret[:size])), 0)
    return text[: len(text) - part] + WITHHELD if part else text


def masked(value: Any) -> Any:
    """A JSON value without what is named like a token, a key, a secret or a password, however deep. Numbers, switches
    and nothing at all are no secrets."""
    if isinstance(value, Mapping):
        return {key: _blank(item) if _telling(key) else masked(item) for key, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, list) else value


def _telling(name: str) -> bool:
    words = {word.lower().removesuffix("s") for word in _WORD.findall(name)}
    return any(word in _TELLING or word.endswith(_ENDS) for word in words) and not words & _PLAIN


def _blank(value: Any) -> Any:
    return WITHHELD if value and isinstance(value, str | list | Mapping) else value


def missing(config: Mapping[str, Any]) -> list[str]:
    """The names of what was not kept of this config, so that it cannot be sent again; the data set's own token, which
    is put in at the last moment, is none of them."""
    source = config.get("datasetSource")
    own = {key: value for key, value in source.items() if key != "token"} if isinstance(source, Mapping) else source
    return list(_missing({**config, "datasetSource": own}, ""))


def _missing(value: Any, name: str) -> Iterator[str]:
    if value == WITHHELD:
        yield name
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _missing(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _missing(item, name)
