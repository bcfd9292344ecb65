"""Why something is said in a place: by which follow it came, in words, and the button that changes that.

Stands on every message that the bot posts by itself outside a thread; what is in a thread came with its card.
"""

from typing import assert_never

from bot.domain.calls import Call
from bot.domain.follows import Everything, Follow, Follower, Named, OneRun, StartedBy, Subject
from bot.domain.runs import Origin, Run
from bot.messages.model import Aside, Button, Code, Line, Name, Text, line

# What is meant for fewer runs is the better reason.
_REACH: tuple[type[Subject], ...] = (OneRun, Named, StartedBy, Everything)


def aside(run: Run, follower: Follower | None) -> tuple[Aside, ...]:
    """The reason in small print; for a place that stopped following, that it did."""
    if follower is None:
        return (Aside(line("This place no longer follows the run: the card stays as it is.")),)
    own = min(
        (one for one in follower.because if not one.home), key=lambda one: _REACH.index(type(one.subject)), default=None
    )
    home = next((one for one in follower.because if one.home), None)
    said = _home(run) if home else by(own) if own else line()
    return (Aside((*said, Text("."))),) if said else ()


def on_card(run: Run, follower: Follower | None) -> tuple[Aside, ...]:
    """The reason on a card, which stands still where the place wants nothing more that belongs on one."""
    if follower is not None and not follower.wants.card:
        return (Aside(line("This place follows only the run's end: the card stays as it is.")),)
    return aside(run, follower)


def _home(run: Run) -> Line:
    if run.origin is Origin.CHAT:
        return line("Told here because it was started here")
    return line("Told here because this is the place for runs that were started outside chat")


def by(follow: Follow) -> Line:
    """`Told here because Ada follows support-* here`."""
    return (Text("Told here because "), Name(follow.set_by), Text(" follows "), *subject(follow))


def subject(follow: Follow) -> Line:
    """What is followed, as it is typed or said."""
    match follow.subject:
        case OneRun(number):
            return line(f"run #{number}")
        case Named(pattern):
            return line("runs named ", Code(pattern))
        case StartedBy(person):
            return line("what ", Name(person), " starts")
        case Everything():
            return line("every run")
        case _:
            assert_never(follow.subject)


def button(run: Run) -> Button:
    """Opens what this place follows of the run, to be changed."""
    return Button("Notifications", Call("follows", {"run": str(run.number)}))
