"""Where things are said and who says them, by platform ids only. Names are for reading, never for deciding."""

from dataclasses import dataclass, field
from typing import Self


def _split(text: str, what: str) -> list[str]:
    parts = text.split("/")
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"not a {what}: {text!r}")
    return parts


@dataclass(frozen=True, slots=True)
class Place:
    """A channel or direct conversation on one platform. `str()` and `parse` round-trip."""

    platform: str
    workspace: str
    channel: str

    def __str__(self) -> str:
        return f"{self.platform}/{self.workspace}/{self.channel}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that `str()` wrote; ValueError for anything else."""
        platform, workspace, channel = _split(text, "place")
        return cls(platform, workspace, channel)


@dataclass(frozen=True, slots=True)
class Person:
    """A user of one platform. Two persons with the same ids are the same, whatever their names."""

    platform: str
    workspace: str
    user: str
    name: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        return f"{self.platform}/{self.workspace}/{self.user}"

    @property
    def label(self) -> str:
        return self.name or self.user

    @classmethod
    def parse(cls, key: str, name: str = "") -> Self:
        """The person that `key` wrote; ValueError for anything else."""
        platform, workspace, user = _split(key, "person")
        return cls(platform, workspace, user, name)


@dataclass(frozen=True, slots=True)
class PostRef:
    """A message that exists on a platform. `thread` is the id of the root it hangs below, if any."""

    place: Place
    message: str
    thread: str | None = None


NOWHERE = Place("outside", "-", "-")  # the home of a run that was started elsewhere, where no place asked for such runs
SOMEBODY = Person("outside", "-", "-")  # who started it
