"""What everyone who follows a run gets of what is new about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import effects, fanout
from bot.domain.decide import CardChanged, Ended, Progressed, PromptsMissing, SamplesWanted, StopWanted
from bot.domain.effects import Effect
from bot.domain.follows import Burst, Everything, Follow, Follower, Named, OneRun, Wants, followers
from bot.domain.places import Person, Place
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Origin, Run, State

AT = datetime(2026, 8, 8, 9, 0, tzinfo=UTC)
HOME, AWAY, FAR = Place("slack", "T1", "C1"), Place("discord", "G1", "D1"), Place("slack", "T1", "C9")
ANN, BEN = Person("slack", "T1", "U1", "Ann"), Person("slack", "T1", "U2", "Ben")
RECIPE = Recipe("support-bot", "tiny", {"type": "file", "name": "t.jsonl"}, prompts=(Prompt("Hello?"), Prompt("Why?")))
NEW = Run(42, RECIPE, HOME, ANN, AT)
RUN = replace(NEW, state=State.RUNNING, job_id="job-1", started_at=AT, step=20, checkpoints=(10, 20))
FAILURES = Wants(samples=False, success="nobody")


def ended(state: State = State.COMPLETED, after: timedelta = timedelta(minutes=5)) -> Run:
    return replace(RUN, state=state, ended_at=AT + after)


def at(place: Place, wants: Wants | None = None, **given: object) -> Follower:
    """A place that follows the run by a follow of it alone."""
    why = Follow(place, OneRun(42), wants or Wants(), BEN, AT)
    return replace(Follower(place, why.wants, (why,)), **given)


def kinds(found: list[Effect], place: Place | None = None) -> list[str]:
    return [type(one).__name__ for one in found if place is None or one.place == place]


def test_a_new_run_has_a_card_wherever_it_is_followed_and_one_job() -> None:
    told = fanout.opening(NEW, [at(HOME), at(AWAY), at(FAR, FAILURES)])
    assert told == [effects.Announce(42, HOME), effects.Announce(42, AWAY), effects.StartRun(42)]
    assert fanout.opening(RUN, [at(HOME)]) == [effects.Announce(42, HOME)]


def test_a_muted_place_has_the_card_of_a_run_that_was_started_there_and_of_no_other() -> None:
    told = fanout.opening(RUN, [at(HOME, muted=True), at(AWAY, muted=True)])
    assert told == [effects.Announce(42, HOME)]


def test_cards_are_edited_where_they_are_also_in_a_muted_place() -> None:
    told = fanout.fan_out(RUN, [CardChanged(True)], [at(HOME, muted=True), at(AWAY), at(FAR, FAILURES)])
    assert told == [effects.EditCard(42, HOME, True), effects.EditCard(42, AWAY, True)]


def test_samples_are_drawn_once_a_run_when_anybody_wants_them() -> None:
    wanted = [SamplesWanted(20)]
    drawn = [effects.DrawSample(42, 20, 0), effects.DrawSample(42, 20, 1)]
    assert fanout.fan_out(RUN, wanted, [at(HOME), at(AWAY)]) == drawn
    assert fanout.fan_out(RUN, wanted, [at(HOME, FAILURES), at(AWAY)]) == drawn
    assert fanout.fan_out(RUN, wanted, [at(HOME, FAILURES), at(AWAY, muted=True)]) == []


@pytest.mark.parametrize(("failed", "kind"), [(False, effects.PostSample), (True, effects.PostMissing)])
def test_a_drawn_sample_goes_to_everyone_who_wants_samples_when_it_is_drawn(
    failed: bool, kind: type[effects.PostSample]
) -> None:
    everyone = [at(HOME), at(AWAY, FAILURES), at(FAR, muted=True)]
    told = fanout.drawn(RUN, 20, 1, failed, everyone)
    assert told == [effects.Announce(42, HOME), kind(42, HOME, 20, 1)]


def test_progress_comes_by_the_smallest_distance_of_each_place() -> None:
    both = followers(
        [
            Follow(HOME, OneRun(42), Wants(progress_every=10), ANN, AT),
            Follow(HOME, Everything(), Wants(progress_every=50), BEN, AT),
            Follow(AWAY, Everything(), Wants(progress_every=50), BEN, AT),
        ]
    )
    assert kinds(fanout.fan_out(RUN, [Progressed(10, 20)], both), HOME) == ["Announce", "PostProgress"]
    assert kinds(fanout.fan_out(RUN, [Progressed(10, 20)], both), AWAY) == []
    assert kinds(fanout.fan_out(RUN, [Progressed(49, 50)], both), AWAY) == ["Announce", "PostProgress"]
    assert fanout.fan_out(RUN, [Progressed(11, 19)], both) == []


def test_what_one_follow_of_a_place_leaves_out_another_may_tell() -> None:
    both = followers(
        [Follow(HOME, OneRun(42), FAILURES, ANN, AT), Follow(HOME, Named("*"), Wants(failures=False), BEN, AT)]
    )
    assert kinds(fanout.drawn(RUN, 10, 0, False, both)) == ["Announce", "PostSample"]
    assert "PostFailure" in kinds(fanout.fan_out(ended(State.FAILED), [Ended()], both))


def test_a_hint_is_told_below_the_cards_and_a_stop_once() -> None:
    told = fanout.fan_out(RUN, [PromptsMissing(), StopWanted()], [at(HOME), at(AWAY, FAILURES), at(FAR, muted=True)])
    assert told == [effects.Announce(42, HOME), effects.PostHint(42, HOME), effects.StopRun(42)]


def test_a_good_end_waits_for_the_samples_and_a_failure_for_nothing() -> None:
    assert fanout.fan_out(ended(), [Ended()], [at(HOME)]) == [effects.Conclude(42)]
    told = fanout.fan_out(ended(State.FAILED), [Ended()], [at(HOME), at(AWAY, FAILURES)])
    assert kinds(told, HOME) == ["PostFailure", "Announce", "PostLog"]
    assert kinds(told, AWAY) == ["PostFailure"]


def test_a_failure_is_not_told_where_only_the_rest_is_wanted_nor_where_it_is_muted() -> None:
    quiet = [at(HOME, muted=True), at(AWAY, Wants(failures=False))]
    assert fanout.fan_out(ended(State.FAILED), [Ended()], quiet) == []


def test_the_third_failure_of_a_burst_folds_into_one_message_of_the_place() -> None:
    everyone = [at(HOME, burst=Burst(1, 40)), at(AWAY, burst=Burst(2, 40))]
    told = fanout.fan_out(ended(State.FAILED), [Ended()], everyone)
    assert kinds(told, HOME) == ["PostFailure", "Announce", "PostLog"]
    assert [one for one in told if one.place == AWAY] == [
        effects.PostStorm(40, AWAY),
        effects.EditStorm(40, AWAY),
        effects.Announce(42, AWAY),
        effects.PostLog(42, AWAY),
    ]


def test_a_good_end_is_told_as_each_place_asked() -> None:
    everyone = [
        at(HOME),
        at(AWAY, Wants(success="channel")),
        at(FAR, Wants(success="direct")),
        at(Place("slack", "T1", "C3"), Wants(success="nobody")),
        at(Place("slack", "T1", "C4"), muted=True),
    ]
    assert fanout.concluded(ended(), everyone) == [
        effects.Announce(42, HOME),
        effects.PostOutcome(42, HOME),
        effects.PostSuccess(42, AWAY),
        effects.PostDirect(42, BEN.key),
    ]


def test_a_place_that_is_told_in_its_thread_still_tells_those_alone_who_asked() -> None:
    both = followers(
        [Follow(HOME, OneRun(42), Wants(), ANN, AT), Follow(HOME, Everything(), Wants(success="direct"), BEN, AT)]
    )
    assert kinds(fanout.concluded(ended(), both)) == ["Announce", "PostOutcome", "PostDirect"]


def test_a_long_run_of_the_chat_is_told_to_its_starter_alone() -> None:
    direct = effects.PostDirect(42, ANN.key)
    long = ended(after=timedelta(minutes=11))
    assert direct in fanout.fan_out(long, [Ended()], [at(HOME)])
    assert direct in fanout.fan_out(replace(long, state=State.FAILED), [Ended()], [])
    assert direct not in fanout.fan_out(ended(after=timedelta(minutes=10)), [Ended()], [at(HOME)])
    assert direct not in fanout.fan_out(replace(long, origin=Origin.OUTSIDE), [Ended()], [at(HOME)])
    own = Follower(AWAY, Wants(), (Follow(AWAY, OneRun(42), Wants(), ANN, AT, alone=True),))
    assert direct not in fanout.fan_out(long, [Ended()], [own])


def test_who_ends_their_own_run_is_not_told_of_that_alone() -> None:
    run = replace(ended(State.CANCELLED, timedelta(hours=2)), cancel_by=ANN)
    assert kinds(fanout.fan_out(run, [Ended()], [at(HOME)])) == ["Conclude"]
    assert kinds(fanout.fan_out(replace(run, cancel_by=BEN), [Ended()], [at(HOME)])) == ["Conclude", "PostDirect"]


def test_a_place_that_joins_in_the_middle_gets_the_card_and_where_to_find_what_came_before() -> None:
    assert fanout.joined(RUN, at(AWAY)) == [
        effects.Announce(42, AWAY), effects.EditCard(42, AWAY, True), effects.PostJoined(42, AWAY),
    ]  # fmt: skip
    assert kinds(fanout.joined(NEW, at(AWAY))) == ["Announce", "EditCard"]


@pytest.mark.parametrize("state", [state for state in State if state.final])
def test_a_place_that_joins_after_the_end_gets_the_card_and_nothing_else(state: State) -> None:
    assert kinds(fanout.joined(ended(state), at(AWAY))) == ["Announce", "EditCard"]


def test_a_place_that_wants_only_ends_joins_without_a_card() -> None:
    assert fanout.joined(RUN, at(AWAY, FAILURES)) == []


def test_a_muted_place_joins_with_the_card_where_this_run_was_asked_for_and_with_nothing_else() -> None:
    assert kinds(fanout.joined(RUN, at(AWAY, muted=True))) == ["Announce", "EditCard"]
    by_name = Follower(AWAY, Wants(), (Follow(AWAY, Named("*"), Wants(), BEN, AT),), muted=True)
    assert fanout.joined(RUN, by_name) == []


def test_a_change_of_wishes_begins_a_card_or_lets_it_say_that_it_stands_still() -> None:
    assert fanout.rewished(RUN, AWAY, None, at(AWAY)) == fanout.joined(RUN, at(AWAY))
    assert fanout.rewished(RUN, AWAY, at(AWAY, FAILURES), at(AWAY)) == fanout.joined(RUN, at(AWAY))
    still = [effects.EditCard(42, AWAY, True)]
    assert fanout.rewished(RUN, AWAY, at(AWAY), None) == still
    assert fanout.rewished(RUN, AWAY, at(AWAY), at(AWAY, FAILURES)) == still
    assert fanout.rewished(RUN, AWAY, at(AWAY), at(AWAY, Wants(samples=False))) == []
    assert fanout.rewished(RUN, AWAY, None, at(AWAY, FAILURES)) == []
    assert fanout.rewished(RUN, AWAY, None, None) == []
