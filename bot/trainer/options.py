"""What the service can be told, and what it refuses to be told.

Made once by whoever starts the service. It reads no environment and no arguments.
"""

import ipaddress
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What a training program has no business with, though the service's own environment may hold it.
WITHHELD = (
    "SLACK_",
    "DISCORD_",
    "ARKOR_",
    "TEAMS_",
    "HTTP_WEBHOOK_",
    "POSTHOG_",
    "DD_",
    "EVENTS_DATABASE_URL",
    "TRAINBOT_",
)


class OptionsError(ValueError):
    """The options contradict each other or name something that is not there."""


@dataclass(frozen=True, slots=True)
class Program:
    """One engine: the argv that trains and, if it can, the argv of its answering worker."""

    train: tuple[str, ...]
    answer: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All that `serve` needs; times are seconds.

    `roots` are the folders whose files may be data sets. `programs` names the engines; the name is
    what travels in `config.model`. `aliases` maps further model names (such as
    "unsloth/gemma-4-E4B-it") to names in `programs`. `hosts` are further names under which the
    service may be called, beside loopback names and `host`. `port` 0 takes a free one. `grace` lies between
    SIGTERM and SIGKILL when a job is cancelled; `linger` is how long a program may go on after it
    has told its end. Environment names that begin with a `withheld` prefix reach no program.
    """

    data_dir: Path
    roots: tuple[Path, ...]
    programs: Mapping[str, Program]
    token: str | None = field(default=None, repr=False)
    anonymous: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    hosts: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    concurrency: int = 1
    grace: float = 10.0
    ping: float = 10.0
    linger: float = 60.0
    answer_timeout: float = 60.0
    withheld: tuple[str, ...] = WITHHELD

    def __post_init__(self) -> None:
        """Raise OptionsError for what could not work or would not be safe."""
        if self.anonymous and not is_loopback(self.host):
            raise OptionsError(f"Without a token the service listens on loopback only, not on {self.host}.")
        if not self.anonymous and not self.token:
            raise OptionsError("The service needs a token, or to be told that callers may be anonymous.")
        if self.concurrency < 1:
            raise OptionsError("At least one job must be allowed to run at a time.")
        for alias, name in self.aliases.items():
            if name not in self.programs:
                raise OptionsError(f"The model {alias} is an alias of {name}, which is not configured.")

    def program_name(self, model: str) -> str | None:
        """The configured engine for a model name or alias, ignoring case; None when unknown."""
        known = {name.casefold(): name for name in self.programs}
        known |= {alias.casefold(): name for alias, name in self.aliases.items()}
        return known.get(model.casefold())


def tiny() -> Program:
    """The engine that comes with the service: it trains a real, very small model on any computer."""
    # -P: a folder called `bot` where we were started is not us
    module = (sys.executable, "-P", "-m", f"{__package__}.tiny")
    return Program(train=(*module, "train"), answer=(*module, "answer"))


def is_loopback(host: str) -> bool:
    """Whether this bind address can only be reached from this computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def programs_from(value: Mapping[str, Any]) -> dict[str, Program]:
    """Read `{"tiny": {"train": [argv...], "answer": [argv...]}}`; raises OptionsError."""
    return {name: program_from(name, entry) for name, entry in value.items()}


def program_from(name: str, entry: Any) -> Program:
    """Read one engine's entry; raises OptionsError."""
    if not isinstance(entry, Mapping) or not is_argv(entry.get("train")):
        raise OptionsError(f'The model {name} needs "train": a list of strings, the program and its arguments.')
    answer = entry.get("answer")
    if answer is not None and not is_argv(answer):
        raise OptionsError(f'"answer" of the model {name} must be a list of strings.')
    return Program(tuple(entry["train"]), tuple(answer) if answer else None)


def is_argv(value: Any) -> bool:
    """Whether this is a program with its arguments."""
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(part, str) for part in value)
