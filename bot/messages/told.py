"""What a follow tells, and how, in words. Used wherever a follow is shown."""

from collections.abc import Collection

from bot.domain.follows import Follow
from bot.domain.text import count
from bot.messages.model import Line, Name, Text, line

_CALLED = {"here": "call everybody here", "starter": "call who started the run", "nobody": "call nobody"}
_SUCCESS = {"thread": "success in the thread", "channel": "success in the channel"}


def told(follow: Follow, unheard: Collection[str] = ()) -> Line:
    """What a follow tells, and how. `unheard` are the keys of persons who want no direct messages."""
    wants = follow.wants
    parts: list[Line] = []
    if wants.samples:
        parts.append(line("samples"))
    if wants.progress_every:
        parts.append(line(f"progress every {count(wants.progress_every, 'step')}"))
    if wants.success == "direct":
        off = " (direct messages are off: nobody is told)" if follow.set_by.key in unheard else ""
        parts.append(line("success to ", Name(follow.set_by), f" alone{off}"))
    elif wants.success != "nobody":
        parts.append(line(_SUCCESS[wants.success]))
    if wants.failures:
        parts.append(line(f"failures, which {_CALLED.get(wants.mention, 'call a group')}"))
    return tuple(span for index, part in enumerate(parts) for span in ((Text("; "), *part) if index else part))
