"""What this place follows, in words, with the buttons that change it: answers to the commands about follows.

Built when such a command or one of these buttons is answered. Why something was said in a place is in `because`;
mutes and direct messages are in `quiet`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.calls import Call
from bot.domain.follows import PROGRESS_EVERY, Everything, Follow, Mute, Named, OneRun, StartedBy
from bot.domain.places import Person
from bot.domain.runs import Origin, Run
from bot.domain.text import count, one_line
from bot.messages import because, facts, quiet, words
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Code,
    Line,
    Message,
    Name,
    Prose,
    Text,
    When,
    line,
    say,
)
from bot.messages.told import told

MEANING = {
    "samples": "what each checkpoint says",
    "progress": "a line of numbers every so many steps",
    "success": "every end that is no failure",
    "failures": "that a run failed, and why",
}
SHOWN = 12  # follows in a list
_CHANGED = 5  # of these have a button
_RUNS = 3
_UNTYPED = frozenset(' "=`')  # in a pattern: what a command would need quotes for, or could not show
_WILD = frozenset("*?")


@dataclass(frozen=True, slots=True)
class Listed:
    """A follow, and the runs that it told of lately, as far as the reader may see them. `run` is the one of a follow of
    one run."""

    follow: Follow
    run: Run | None = None
    lately: Sequence[Run] = ()


def reference(follow: Follow) -> str:
    """A follow by its number, as a button carries it."""
    return f"f:{follow.number}"


def typed(follow: Follow, person: Person) -> str:
    """What this person types for a follow: its pattern or number; its short name where that would not do."""
    match follow.subject:
        case OneRun(number):
            return f"#{number}"
        case Everything():
            return "everything"
        case Named(pattern) if not _UNTYPED.intersection(pattern):
            return pattern
        case StartedBy(starter) if starter == person:
            return "me"
        case _:
            return reference(follow)


def label(follow: Follow) -> str:
    """A follow in a line of a menu."""
    events = ", ".join(follow.wants.events)
    return one_line(f"{facts.plain(because.subject(follow))} · {events}", 90)


def subject(follow: Follow, run: Run | None) -> Line:
    """What is followed; a run by its title where the reader may see it. A follow of more than that run says so."""
    return line(facts.title(run)) if run and isinstance(follow.subject, OneRun) else because.subject(follow)


def _message(first: Line, *blocks: Block) -> Message:
    return Message(facts.plain(first), (Prose(first), *blocks))


def nothing_named(live: Sequence[Run]) -> Message:
    """For somebody who did not say what: what can be followed."""
    text = "What shall be followed here? A run by its number, runs by their names, what you start, or every run."
    example = line("For example ", Code("/train follow support-*"), ", ", Code("/train follow me failures only"))
    fixed = (
        Button("Follow every run", Call("follow", {"what": "everything"})),
        Button("Follow what I start", Call("follow", {"what": "me"})),
    )
    return say(text, Prose(example), Buttons((*_follow_each(live), *fixed)))


def begun(
    follow: Follow, run: Run | None, mutes: Sequence[Mute], live: Sequence[Run], unheard: Collection[str] = ()
) -> Message:
    """A new follow. `live` are runs that it would fit if it reached back."""
    if run is not None and run.state.final:
        return over(run, "comes here as it stands, and nothing more")
    name = subject(follow, run)
    if run is not None:
        card = " Its card comes here." if follow.wants.card else ""
        first = (*name, Text(" is followed here from now on: "), *told(follow, unheard), Text(f".{card}"))
        return _message(first, *_muted(mutes, run), *changes(follow, run))
    begin = "From the next run on this is followed here: "
    first = (Text(begin), *name, Text(". Told: "), *told(follow, unheard), Text("."))
    back = "It never reaches back: runs that were started before are not told here."
    if isinstance(follow.subject, Named) and not _WILD.intersection(follow.subject.pattern):
        back = f"That is every later run of this name; one run alone is followed by its number. {back}"
    return _message(first, Prose(line(back)), *_muted(mutes, run), *_too(live), *changes(follow, run))


def over(run: Run, card: str = "is here already") -> Message:
    """Somebody follows a run that has ended."""
    return say(f"{facts.title(run)} has ended: {run.state.value}. Its card {card}.")


def _too(live: Sequence[Run]) -> list[Block]:
    if not live:
        return []
    many = "One such run goes" if len(live) == 1 else f"{len(live)} such runs go"
    return [Prose(line(f"{many} on now, and can be followed by number.")), Buttons(_follow_each(live, " too"))]


def _follow_each(live: Sequence[Run], more: str = "") -> tuple[Button, ...]:
    return tuple(
        Button(f"Follow {facts.title(run)}{more}", Call("follow", {"what": str(run.number)})) for run in live[:_RUNS]
    )


def changed(
    follow: Follow, run: Run | None, mutes: Sequence[Mute], unheard: Collection[str] = (), *, same: bool
) -> Message:
    """A follow that asks for something else than before, or for the same."""
    begin = "Nothing changed. Followed here: " if same else "Changed. Followed here: "
    first = (Text(begin), *subject(follow, run), Text(". Told: "), *told(follow, unheard), Text("."))
    return _message(first, *_muted(mutes, run), *changes(follow, run))


def ended(follow: Follow, run: Run | None, person: Person, *, still: Sequence[Follow], anybody: bool) -> Message:
    """A follow is over. `still` are the follows that are left here, those of the same run where it was one run's;
    `anybody`: that run is told of somewhere."""
    first = (Text("No longer followed here: "), *subject(follow, run), Text("."))
    blocks: list[Block] = []
    if still:
        names = [span for one in still[:SHOWN] for span in (Text(", "), *because.subject(one))][1:]
        blocks.append(
            Prose((Text("The run is still told here by: " if run else "Still followed here: "), *names, Text(".")))
        )
    if not still or run is None:
        blocks.append(Prose(line("What was posted stays; the card of a run that goes on says that it stands still.")))
    if run is not None and not anybody and not run.state.final:
        blocks.append(Prose(line("No place is told of this run now, not even when it fails.")))
    back = line("To come back: ", Code(f"/train follow {typed(follow, person)}"))
    again = Button("Follow again", Call("follow", {"what": reference(follow)}))
    return _message(first, *blocks, Aside(back), Buttons((again,)))


def lessened(follow: Follow, run: Run | None, events: Sequence[str], unheard: Collection[str] = ()) -> Message:
    """A follow tells less than before."""
    gone = words.listed(events)
    less = Text(f": no {gone} here any more. Still told: ")
    first = (*subject(follow, run), less, *told(follow, unheard), Text("."))
    return _message(first, *changes(follow, run))


def changes(follow: Follow, run: Run | None) -> list[Block]:
    """The buttons that change a follow; none where it has nothing left to tell."""
    if run is not None and run.state.final and isinstance(follow.subject, OneRun):
        return []
    what, wants = {"what": reference(follow)}, follow.wants
    offered = []
    if wants.events != ("failures",):
        offered.append(Button("Failures only", Call("follow", {**what, "events": "failures", "only": "yes"})))
    if not wants.samples:
        offered.append(Button("Add samples", Call("follow", {**what, "events": "samples"})))
    elif len(wants.events) > 1:
        offered.append(Button("No samples", Call("unfollow", {**what, "events": "samples"})))
    if not wants.progress_every:
        label = f"Progress every {PROGRESS_EVERY} steps"
        offered.append(Button(label, Call("follow", {**what, "every": str(PROGRESS_EVERY)})))
    elif len(wants.events) > 1:
        offered.append(Button("No progress", Call("unfollow", {**what, "events": "progress"})))
    return [Buttons((*offered, Button("Unfollow", Call("unfollow", what), "danger")))]


def _muted(mutes: Sequence[Mute], run: Run | None) -> list[Block]:
    """What is muted here and keeps this from being told."""
    ours = [one for one in mutes if one.run == 0 or (run is not None and one.run == run.number)]
    return [block for one in ours for block in quiet.standing(one, run)]


def of_follow(listed: Listed, mutes: Sequence[Mute], now: datetime, unheard: Collection[str] = ()) -> Message:
    """One follow, with the buttons that change it."""
    name = subject(listed.follow, listed.run)
    blocks = (*_entry(listed, now, unheard), *_muted(mutes, listed.run), *changes(listed.follow, listed.run))
    return Message(f"Followed here: {facts.plain(name)}.", blocks)


def of_run(
    run: Run, here: Sequence[Follow], mutes: Sequence[Mute], now: datetime, unheard: Collection[str] = ()
) -> Message:
    """Why and how one run is told here, with the buttons that change that."""
    if not here:
        text = f"{facts.title(run)} is not followed here."
        return say(text, Buttons((Button("Follow it here", Call("follow", {"what": str(run.number)}), "primary"),)))
    blocks: list[Block] = []
    for one in here[:_RUNS]:
        blocks += [*_entry(Listed(one, run), now, unheard), *changes(one, run)]
    muted = _muted(mutes, run)
    if not muted and not run.state.final:
        muted = [Buttons((Button("Mute this run", Call("mute", {"run": str(run.number)})),))]
    return _message(line(Bold(facts.title(run)), " is told here."), *blocks, *muted)


def here(
    listed: Sequence[Listed],
    homes: Sequence[Run],
    mutes: Sequence[Mute],
    now: datetime,
    unheard: Collection[str] = (),
) -> Message:
    """Everything that this place follows. `homes` are the runs that were started here and go on."""
    head = (
        f"{count(len(listed), 'follow')} here, besides the runs that are started here."
        if listed
        else ("Nothing is followed here but the runs that are started here.")
    )
    blocks: list[Block] = []
    for one in listed[:SHOWN]:
        blocks += _entry(one, now, unheard)
    if len(listed) > SHOWN:
        blocks.append(Aside(line(f"and {len(listed) - SHOWN} more")))
    blocks += _at_home(homes, now)
    for mute in mutes:
        blocks += quiet.standing(mute, None)
    blocks += _offers(listed, homes)
    return _message(line(head), *blocks)


def _entry(listed: Listed, now: datetime, unheard: Collection[str]) -> list[Block]:
    follow = listed.follow
    name = _of_home(listed.run) if follow.home else subject(follow, listed.run)
    set_by = line("Set by ", Name(follow.set_by), ", ", When(follow.set_at))
    lately = f". Lately: {_states(listed.lately, now)}" if listed.lately else ""
    return [Prose((*_bold(name), Text(": "), *told(follow, unheard))), Aside((*set_by, Text(f"{lately}.")))]


def _of_home(run: Run | None) -> Line:
    if run is not None and run.origin is not Origin.CHAT:
        return line("this is the place for runs that were started outside chat")
    return line("the run was started here")


def _bold(name: Line) -> Line:
    return tuple(Bold(span.text) if isinstance(span, Text) else span for span in name)


def _at_home(homes: Sequence[Run], now: datetime) -> list[Block]:
    if not homes:
        return []
    more = f" and {len(homes) - _RUNS} more" if len(homes) > _RUNS else ""
    return [Prose(line(Bold("runs started here"), f", going on now: {_states(homes[:_RUNS], now)}{more}"))]


def _states(runs: Sequence[Run], now: datetime) -> str:
    return ", ".join(f"{facts.title(run)} {facts.plain(facts.state(run, now))}" for run in runs)


def _offers(listed: Sequence[Listed], homes: Sequence[Run]) -> list[Block]:
    """What to do next: change a follow, see how a run is told, or begin."""
    offered = [
        Button(f"Change {facts.plain(subject(one.follow, one.run))}", Call("follows", {"run": reference(one.follow)}))
        for one in listed[:_CHANGED]
    ]
    offered += [
        Button(f"Change {facts.title(run)}", Call("follows", {"run": str(run.number)})) for run in homes[:_RUNS]
    ]
    if not listed:
        offered.append(Button("Follow every run", Call("follow", {"what": "everything"})))
    return [Buttons(tuple(offered))]
