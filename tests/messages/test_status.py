"""What one run is doing, as its answer says it."""

from dataclasses import replace
from datetime import timedelta

from messages.made import ADA, ASKED, HOME, JOB, NOW, PICTURE, RECIPE, RUNNING, calls, curve, ended, labels, plain

from bot.domain.calls import Call
from bot.domain.ratings import Tally
from bot.domain.runs import Origin, Run, State
from bot.messages import status as messages
from bot.messages.model import Link, Message
from bot.messages.model import Prose as Sentence


def status(run: Run, link: str | None = None) -> Message:
    return messages.status(
        run, now=NOW, points=curve(), votes={120: Tally(2)}, links=[("Open the card", link)] if link else []
    )


def test_a_status_has_everything() -> None:
    message = status(RUNNING, "https://chat.example/42")
    for fact in (
        "support-bot #42 · running",
        "step 120 of 300 · 40 %",
        "Started by: Ada",
        "→ 1.2346",
        "Checkpoints: 4, at step 30, 60, 90, 120",
        "👍 2 · step 120 ahead",
        "max_steps=300\nsave_steps=30\nlearning_rate=2e-4",
        JOB,
        "2026-05-04T09:00:00+00:00",
    ):
        assert fact in plain(message)
    assert Sentence((Link("Open the card", "https://chat.example/42"),)) in message.blocks
    assert labels(message)[-2:] == ["Best checkpoint", "Cancel"]


def test_a_status_has_the_whole_error() -> None:
    assert "line one\nline two" in plain(status(ended(State.FAILED, error="line one\nline two")))


def test_a_status_before_training_has_no_numbers() -> None:
    text = plain(status(ASKED))
    assert "support-bot #42 · requested" in text
    assert "Loss" not in text
    assert "Open the card" not in text


def test_many_checkpoints_are_cut_to_the_last() -> None:
    text = plain(status(replace(RUNNING, checkpoints=tuple(range(1, 101)))))
    assert "Checkpoints: 100, at step … 89, " in text


def test_a_status_says_what_it_does_again_why_and_that_it_began_elsewhere() -> None:
    text = plain(status(replace(RUNNING, parent=41, note="half the\nrate")))
    assert "Note: half the rate" in text
    assert "Again from: #41" in text
    assert "Started: outside chat" in plain(status(replace(RUNNING, origin=Origin.OUTSIDE)))


def test_nothing_is_offered_of_a_run_that_has_nothing() -> None:
    message = messages.status(ended(State.REFUSED, checkpoints=(), sampled=()), now=NOW, points=[], votes={})
    assert "Best checkpoint" not in labels(message)


def test_a_plot_is_shown_or_promised() -> None:
    assert PICTURE in messages.plot(RUNNING, PICTURE).blocks
    assert "it comes with the first numbers" in plain(messages.plot(RUNNING, None))
    assert "ended without a number" in plain(messages.plot(ended(), None))


def test_several_plots_are_named_with_those_that_have_no_numbers() -> None:
    some = [replace(RUNNING, number=number) for number in (1, 2, 3, 4)]
    text = plain(messages.plots(some, PICTURE, some[3:]))
    assert "Loss of support-bot #1, support-bot #2 and support-bot #3" in text
    assert "No numbers of support-bot #4 so far." in text
    assert "Loss of support-bot #1\n" in plain(messages.plots(some[:2], PICTURE, some[1:2]))
    assert "No numbers of support-bot #1 and support-bot #2 so far." in plain(messages.plots(some[:2], None, some[:2]))
    assert "could not be drawn" in plain(messages.plots(some, None, []))


def test_the_longest_recipe_and_number_fit_into_a_button() -> None:
    run = replace(RUNNING, recipe=replace(RECIPE, name="x" * 40), number=10**15, requested_at=NOW - timedelta(days=9))
    made = calls(status(run))
    assert made
    assert all(Call.decode(call.encode()) == call for call in made)
    assert (run.starter, run.home) == (ADA, HOME)
