"""The access tokens of data sets: they come from the environment, and go nowhere but to the training service.

A recipe and a run only note that a token belongs there (`WITHHELD`), for a service does not give it out again. The
token's variable is named after the host of the data set's address, so nobody can send one host's token to another.
Used when a run is asked for (is the token there?) and when its job is created (`filled`).
"""

import re
from collections.abc import Mapping
from typing import Any

WITHHELD = "***"
PREFIX = "TRAINBOT_DATASET_TOKEN_"
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123, 2.1
# Strict on purpose: clients disagree about where the host ends in an address with `@` or a backslash in it.
_ADDRESS = re.compile(rf"https://((?:{_LABEL}\.)*{_LABEL})(?::[0-9]{{1,5}})?(?:[/?#][!-\[\]-~]*)?", re.IGNORECASE)


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
