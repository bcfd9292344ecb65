"""What follows from what is new about a run, for everyone who follows it: notices become effects.

A muted place is told nothing, but its card goes on. The first failure of a burst calls for attention, the second is
told without that, and from the third on they fold into one message (see `store.failures` for how long a burst is).
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import assert_never

from bot.domain import effects
from bot.domain.decide import CardChanged, Ended, Notice, Progressed, PromptsMissing, SamplesWanted, StopWanted
from bot.domain.effects import Effect
from bot.domain.follows import Follower, OneRun
from bot.domain.places import Place
from bot.domain.runs import Origin, Run, State

SINGLE_FAILURES = 2  # of a burst that have a message of their own
LONG = timedelta(minutes=10)  # a run that took longer is told to its starter alone as well


def opening(run: Run, followers: Iterable[Follower]) -> list[Effect]:
    """What a new run causes: its card everywhere it is followed, and its job where it has none yet. Its home gets the
    card also when it is muted, if somebody asked for the run there."""
    asked = run.home if run.origin is Origin.CHAT else None
    told = [one for one in followers if one.wants.card and (one.place == asked or not one.muted)]
    cards = [effects.Announce(run.number, one.place) for one in told]
    return [*cards, *([effects.StartRun(run.number)] if run.job_id is None else [])]


def fan_out(run: Run, notices: Iterable[Notice], followers: Iterable[Follower]) -> list[Effect]:
    """The effects of the notices, for everyone who follows the run. `run` is the run after the event."""
    everyone = tuple(followers)
    return [effect for notice in notices for effect in _effects(run, notice, everyone)]


def _effects(run: Run, notice: Notice, followers: tuple[Follower, ...]) -> list[Effect]:
    match notice:
        case CardChanged(soon):
            return [effects.EditCard(run.number, one.place, soon) for one in followers if one.wants.card]
        case SamplesWanted(step):
            if not any(follower.wants.samples and not follower.muted for follower in followers):
                return []
            return [effects.DrawSample(run.number, step, prompt) for prompt in run.recipe.asked]
        case PromptsMissing():
            return _in_threads(run, [effects.PostHint(run.number, one.place) for one in _hearing(followers)])
        case Progressed(before, step):
            due = [one for one in _hearing(followers) if _due(before, step, one.wants.progress_every)]
            return _in_threads(run, [effects.PostProgress(run.number, one.place, step) for one in due])
        case StopWanted():
            return [effects.StopRun(run.number)]
        case Ended():
            return _ended(run, followers)
        case _:
            assert_never(notice)


def _hearing(followers: Iterable[Follower]) -> list[Follower]:
    """Those who are told things in a thread now."""
    return [one for one in followers if one.wants.card and not one.muted]


def _in_threads(run: Run, replies: list[Effect]) -> list[Effect]:
    """Replies with the cards that they hang below: a place may have had none until now, because it was muted."""
    return [one for reply in replies if reply.place for one in (effects.Announce(run.number, reply.place), reply)]


def _due(before: int, step: int, every: int) -> bool:
    return every > 0 and step // every > before // every


def _ended(run: Run, followers: tuple[Follower, ...]) -> list[Effect]:
    alone = _alone(run, followers)
    if run.state is not State.FAILED:
        return [effects.Conclude(run.number), *alone]
    told = [one for one in followers if one.wants.failures and not one.muted]
    return [*(effect for one in told for effect in _failed(run, one)), *alone]


def _failed(run: Run, follower: Follower) -> list[Effect]:
    log = _in_threads(run, [effects.PostLog(run.number, follower.place)]) if follower.wants.card else []
    if follower.burst.told < SINGLE_FAILURES:
        return [effects.PostFailure(run.number, follower.place), *log]
    first = follower.burst.first
    return [effects.PostStorm(first, follower.place), effects.EditStorm(first, follower.place), *log]


def _alone(run: Run, followers: tuple[Follower, ...]) -> list[Effect]:
    """The one direct message at the end of a long run, to its starter; nobody is told what they see anyway, or did."""
    if run.origin is not Origin.CHAT or run.ended_at is None or run.duration(run.ended_at) <= LONG:
        return []
    if run.state is State.CANCELLED and run.cancel_by == run.starter:
        return []
    if any(follow.alone and follow.set_by == run.starter for one in followers for follow in one.because):
        return []
    return [effects.PostDirect(run.number, run.starter.key)]


def concluded(run: Run, followers: Iterable[Follower]) -> list[Effect]:
    """The quiet end, told to everyone in the way they asked for. Of a private run nobody but its starter is told alone:
    who else was let in when asking for it may be let in no more."""
    return [effect for one in followers if not one.muted for effect in _quietly(run, one)]


def _quietly(run: Run, follower: Follower) -> list[Effect]:
    told = [person for person in follower.told_alone if not run.private or person == run.starter]
    directs = [effects.PostDirect(run.number, person.key) for person in told]
    match follower.wants.success:
        case "thread":
            return [*_in_threads(run, [effects.PostOutcome(run.number, follower.place)]), *directs]
        case "channel":
            return [effects.PostSuccess(run.number, follower.place), *directs]
        case _:
            return [*directs]


def drawn(run: Run, step: int, prompt: int, failed: bool, followers: Iterable[Follower]) -> list[Effect]:
    """What a finished draw causes: its sample, or one line that says why there is none, wherever samples are wanted."""
    places: list[Place] = [one.place for one in followers if one.wants.samples and not one.muted]
    kind = effects.PostMissing if failed else effects.PostSample
    return _in_threads(run, [kind(run.number, place, step, prompt) for place in places])


def joined(run: Run, follower: Follower) -> list[Effect]:
    """What a place gets that begins to follow a run that is there already: its card as it stands, and where to find
    what came before. A muted place gets the card where somebody asked for this very run."""
    asked = any(isinstance(one.subject, OneRun) for one in follower.because)
    if not follower.wants.card or (follower.muted and not asked):
        return []
    later = not run.state.final and (run.step > 0 or bool(run.checkpoints))
    line = [effects.PostJoined(run.number, follower.place)] if later and not follower.muted else []
    return [effects.Announce(run.number, follower.place), effects.EditCard(run.number, follower.place, True), *line]


def rewished(run: Run, place: Place, before: Follower | None, after: Follower | None) -> list[Effect]:
    """What a place gets that wants something else of a run than before; None where it did, or does, not follow it. A
    card that goes on as it did needs nothing."""
    had, has = before is not None and before.wants.card, after is not None and after.wants.card
    if after is not None and has and not had:
        return joined(run, after)
    return [effects.EditCard(run.number, place, True)] if had and not has else []
