"""What a follow tells, in words; why a card stands still; that a pattern formats nothing."""

from dataclasses import replace

import pytest
from messages.made import ADA, HOME, NOW, RUNNING, ended, everything, labels, plain, spans

from bot.domain.follows import Everything, Follow, Follower, Mute, Named, OneRun, StartedBy, Wants
from bot.domain.places import Person, Place
from bot.domain.runs import State
from bot.messages import facts, follows, runs
from bot.messages.model import Code

GRACE = Person("slack", "T1", "U2", "Grace")
FAILURES = Wants(samples=False, success="nobody")


def follow(wants: Wants | None = None, subject: object = None) -> Follow:
    return Follow(HOME, subject or Named("support-*"), wants or Wants(), ADA, NOW, number=7)


@pytest.mark.parametrize(
    ("wants", "told"),
    [
        (Wants(), "samples; success in the thread; failures, which call nobody"),
        (FAILURES, "failures, which call nobody"),
        (replace(FAILURES, mention="here"), "failures, which call everybody here"),
        (replace(FAILURES, mention="starter"), "failures, which call who started the run"),
        (replace(FAILURES, mention="group:S1"), "failures, which call a group"),
        (Wants(False, "channel", False, 1), "progress every 1 step; success in the channel"),
        (Wants(False, "direct", False, 50), "progress every 50 steps; success to Ada alone"),
    ],
)
def test_what_a_follow_tells_is_said_in_words(wants: Wants, told: str) -> None:
    assert facts.plain(follows.told(follow(wants))) == told


@pytest.mark.parametrize(
    ("subject", "typed"),
    [
        (Named("support-*"), "support-*"),
        (Named("two words*"), "f:7"),
        (Named("`tick*"), "f:7"),
        (OneRun(42), "#42"),
        (Everything(), "everything"),
        (StartedBy(ADA), "me"),
        (StartedBy(GRACE), "f:7"),
    ],
)
def test_a_follow_is_typed_as_it_was_or_by_its_number(subject: object, typed: str) -> None:
    assert follows.typed(follow(subject=subject), ADA) == typed


def test_a_pattern_is_code_wherever_it_is_shown() -> None:
    one = follow(subject=Named("`*bold*` <!here>*"))
    for message in (
        follows.begun(one, None, [], []),
        follows.changed(one, None, [], same=False),
        follows.ended(one, None, ADA, still=[one], anybody=True),
        follows.lessened(one, None, ["samples"]),
    ):
        held = [span for span in spans(message) if "bold" in getattr(span, "text", "")]
        assert held
        assert all(isinstance(span, Code) for span in held)


def test_a_card_says_why_it_is_here_until_it_stands_still() -> None:
    def card(follower: Follower | None) -> str:
        return plain(runs.card(RUNNING, now=NOW, points=[], votes={}, follower=follower))

    one = follow()
    assert "Told here because Ada follows runs named support-*." in card(Follower(HOME, one.wants, (one,)))
    assert "This place no longer follows the run: the card stays as it is." in card(None)
    quiet = Follower(HOME, FAILURES, (follow(FAILURES),))
    assert "This place follows only the run's end: the card stays as it is." in card(quiet)


def test_a_follow_of_a_run_that_is_over_has_no_buttons_left() -> None:
    one = follow(subject=OneRun(42))
    message = follows.of_run(ended(State.FAILED), [one], [], NOW)
    assert labels(message) == []


def test_a_mute_of_another_run_is_no_matter_of_this_one() -> None:
    mutes = [Mute(0, None, ADA), Mute(41, None, ADA), Mute(42, None, ADA)]
    text = everything(follows.of_run(RUNNING, [follow(subject=OneRun(42))], mutes, NOW))
    assert "Muted here: every run, for good." in text
    assert "Muted here: support-bot #42, for good." in text
    assert "#41" not in text


def test_many_runs_that_are_not_reached_are_counted_and_three_are_offered() -> None:
    live = [replace(RUNNING, number=number) for number in range(1, 6)]
    message = follows.begun(follow(), None, [], live)
    assert "5 such runs go on now, and can be followed by number." in plain(message)
    assert labels(message)[:4] == [*(f"Follow support-bot #{number} too" for number in (1, 2, 3)), "Failures only"]


def test_a_follow_in_another_place_is_the_same_words() -> None:
    there = replace(follow(), place=Place("discord", "G1", "D1"))
    assert follows.told(there) == follows.told(follow())
