"""The best checkpoint, and how sure that is."""

from dataclasses import replace

import pytest
from messages.made import ASKED, RECIPE, RUNNING, calls, ended, labels, plain

from bot.domain.ratings import Evaluated, Tally
from bot.domain.runs import Run
from bot.messages import best

Voted = list[tuple[int, Tally]]


@pytest.mark.parametrize(
    ("voted", "said"),
    [
        ([(60, Tally(9, 1)), (30, Tally(1, 9))],
         "Step 60 is ahead: between step 60 (👍 9 👎 1) and step 30 (👍 1 👎 9) chance alone makes such a difference "
         "in less than 1 of 100 cases."),
        ([(60, Tally(3, 0)), (30, Tally(1, 1))],
         "Too close to call: 5 votes cannot tell step 60 (👍 3) and step 30 (👍 1 👎 1) apart; "
         "chance alone makes such a difference in 40 of 100 cases."),
        ([(0, Tally(1, 0))], "Only before training has votes (👍 1): there is nothing to compare it with."),
        ([(60, Tally(1, 1)), (30, Tally(0, 1))], "No step has more votes for than against it, of 3 votes in all."),
    ],
)  # fmt: skip
def test_votes_are_called_only_where_they_tell_steps_apart(voted: Voted, said: str) -> None:
    assert said in plain(best.best(RUNNING, voted, []))


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([Evaluated(60, 1.0, 60), Evaluated(30, 1.1, 30)], "Step 60 has the lowest: 1.0000."),
        ([Evaluated(60, 1.0, 60), Evaluated(30, 1.009, 30)],
         "Too close to call: step 60 (1.0000) and step 30 (1.0090) differ by less than 1 %."),
        ([Evaluated(60, 1.0, 55)], "Only step 60 has one (1.0000): there is nothing to compare it with."),
    ],
)  # fmt: skip
def test_losses_are_called_only_where_they_differ(losses: list[Evaluated], said: str) -> None:
    assert said in plain(best.best(RUNNING, [], losses))


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (RUNNING, "No votes yet: vote with 👍 or 👎 below the samples in the run's thread."),
        (replace(RUNNING, sampled=()), "below the samples in the run's thread, as soon as they come."),
        (ended(sampled=(), recipe=replace(RECIPE, prompts=())), "its recipe needs [[prompts]]."),
        (RUNNING, "No evaluation up to a checkpoint. Set eval_steps in the recipe for the next run."),
        (ASKED, "No checkpoint was saved so far."),
        (ended(checkpoints=()), "No checkpoint was saved, so there is none to rank."),
    ],
)
def test_without_votes_or_evaluations_it_says_how_to_get_them(run: Run, said: str) -> None:
    message = best.best(run, [], [])
    assert said in plain(message)
    assert calls(message) == []


def test_the_tables_have_the_shares_and_where_a_loss_comes_from() -> None:
    text = plain(best.best(RUNNING, [(60, Tally(3, 1)), (30, Tally(0, 2))], [Evaluated(60, 1.0, 55)]))
    assert "step 60 | 👍 3 👎 1 | 75 % | 30 to 95 %" in text
    assert "step 30 | 👎 2 | 0 % | 0 to 66 %" in text
    assert "step 60 | 1.0000 (of step 55)" in text


def test_long_rankings_are_cut_and_said_to_be() -> None:
    steps = range(1, 31)
    message = best.best(RUNNING, [(step, Tally(1)) for step in steps], [Evaluated(step, 1.0, step) for step in steps])
    assert "Not shown: 20 more by votes and 20 more by loss." in plain(message)


def test_the_ways_lead_to_the_favourite_else_to_the_lowest_loss() -> None:
    losses = [Evaluated(30, 1.0, 30)]
    assert best.leader([(60, Tally(1))], losses) == 60
    assert best.leader([(60, Tally(0, 1))], losses) == 30
    assert best.leader([], []) is None
    message = best.best(RUNNING, [(0, Tally(1))], losses)
    assert [call.args for call in calls(message)] == [{"run": "42", "step": "base"}] * 2
    assert labels(message) == ["Samples of before training", "Ask it something"]
