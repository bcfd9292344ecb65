"""Makes text from outside safe to store and to show, without changing what it says.

Runs at the border (wire, commands) and again in the message model. It formats nothing and escapes nothing:
escaping belongs to each platform's renderer.
"""

import re

# C0 and C1 controls but tab and newline, and the line and paragraph separators.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# Direction overrides, embeddings and isolates can make a line read as another one (Unicode TR 36, 3.5).
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with line ends as newlines, controls removed and direction overrides shown as `<U+202E>`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATE.sub("\ufffd", text)
    text = _DIRECTION.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)
    return _CONTROL.sub("", text)


def one_line(text: str, limit: int = 200) -> str:
    """The cleaned text on one line, at most `limit` characters, with an ellipsis where it was cut."""
    return cut(" ".join(clean(text).split()), limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis takes the place of what was cut."""
    return text if len(text) <= limit else (text[: limit - 1] + "…" if limit > 0 else "")


def count(number: int, noun: str) -> str:
    """`1 artifact`, `2 artifacts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
