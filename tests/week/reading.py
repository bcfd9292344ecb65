"""What somebody reads on the room's page: a message as it was rendered for it, as text; and a loud word where it is not
what they should have read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A message as one person sees it. `how` is why they look at it, for when it is not what it should be."""

    told: dict[str, Any]
    how: str = "A message"

    @property
    def id(self) -> int:
        return int(self.told["id"])

    @property
    def text(self) -> str:
        return "\n".join(_texts(self.told["body"]))

    @property
    def summary(self) -> str:
        return str(self.told["body"].get("summary", ""))

    @property
    def ping(self) -> str | None:
        found: str | None = self.told["ping"]
        return found

    @property
    def calls(self) -> dict[str, str]:
        """What the buttons do, by label."""
        blocks = self.told["body"].get("blocks", ())
        return {one["label"]: one["call"] for block in blocks if block["is"] == "buttons" for one in block["buttons"]}

    @property
    def links(self) -> dict[str, str]:
        """Addresses by their text."""
        return {one["text"]: one["url"] for one in _spans(self.told["body"]) if one["is"] == "link"}

    @property
    def files(self) -> list[Body]:
        return [block for block in self.told["body"].get("blocks", ()) if block["is"] == "file"]

    def says(self, *parts: str) -> "Seen":
        """All of these are there to be read."""
        for part in parts:
            if part not in self.text:
                raise AssertionError(f"{self.how}: {part!r} is not in\n\n{self.text}\n")
        return self

    def lacks(self, *parts: str) -> "Seen":
        """None of these is there to be read."""
        for part in parts:
            if part in self.text:
                raise AssertionError(f"{self.how}: {part!r} is in\n\n{self.text}\n")
        return self

    def offers(self, *labels: str) -> "Seen":
        """These buttons are there."""
        for label in labels:
            if label not in self.calls:
                raise AssertionError(f"{self.how}: no button {label!r} but {list(self.calls)} below\n\n{self.text}\n")
        return self


def titled(messages: list[Seen], beginning: str) -> Seen:
    """The last of the messages that begins like this."""
    found = [one for one in messages if one.text.startswith(beginning) or one.summary.startswith(beginning)]
    if not found:
        there = "\n".join(one.text.splitlines()[0] for one in messages if one.text)
        raise AssertionError(f"nothing begins with {beginning!r}; there are\n{there}\n")
    return found[-1]


def _texts(body: Body) -> Iterator[str]:
    if "text" in body:
        yield body["text"]
    for block in body.get("blocks", ()):
        yield from _of(block)


def _of(block: Body) -> Iterator[str]:
    match block["is"]:
        case "heading" | "prose" | "aside":
            yield _line(block["line"])
        case "facts":
            yield from (f"{name}: {_line(value)}" for name, value in block["pairs"])
        case "verbatim" | "quote":
            yield from (one for one in (block["title"], block["text"]) if one)
        case "grid":
            yield from (" | ".join(block["header"]), *(" | ".join(map(_line, row)) for row in block["rows"]))
        case "picture":
            yield f"[{block['alt']}]"
        case "file":
            yield f"[{block['name']}: {block['label']}]"
        case "meter":
            yield block["label"]
        case "buttons":
            yield " ".join(f"[{one['label']}]" for one in block["buttons"])


def _line(line: list[dict[str, str]]) -> str:
    return "".join(_span(one) for one in line)


def _span(one: dict[str, str]) -> str:
    match one["is"]:
        case "when":
            return one["at"]
        case "code":
            return f"`{one['text']}`"
        case _:
            return one["text"]


def _spans(part: Any) -> Iterator[dict[str, str]]:
    if isinstance(part, dict):
        if part.get("is") == "link":
            yield part
        for one in part.values():
            yield from _spans(one)
    elif isinstance(part, list):
        for one in part:
            yield from _spans(one)
