from dataclasses import replace
from datetime import timedelta

import pytest
from messages.made import ADA, ASKED, NOW, RECIPE, RUNNING, calls, ended, plain

from bot.domain.calls import Call
from bot.domain.runs import Run
from bot.messages import replies
from bot.messages.model import Button, Buttons


def test_the_bare_command_lists_runs_and_offers_three_recipes() -> None:
    message = replies.running(
        [RUNNING, replace(ASKED, number=43)],
        now=NOW,
        recipes=["a", "b", "c", "d"],
        examples=["/train start a", "/train status", "/train help", "/train samples"],
    )
    text = plain(message)
    assert "2 runs going on here." in text
    assert "support-bot #42 · running · step 120 of 300 · 40 % · loss 1.2346, eval loss 1.5000" in text
    assert "support-bot #43 · requested" in text
    assert [call.args for call in calls(message)] == [{"recipe": "a"}, {"recipe": "b"}, {"recipe": "c"}]
    assert "Try /train start a, /train status, /train help" in text
    assert "/train samples" not in text


def test_the_bare_command_says_so_when_nothing_runs_and_nothing_can() -> None:
    message = replies.running([], now=NOW, recipes=[], examples=[])
    assert plain(message).startswith("Nothing is running here.")
    assert "no recipe to start yet" in plain(message)
    assert not calls(message)


def test_the_bare_command_counts_what_it_does_not_list() -> None:
    message = replies.running([RUNNING] * 13, now=NOW, recipes=[], examples=[])
    assert "13 runs going on here." in plain(message)
    assert "and 3 more" in plain(message)


def test_help_lists_every_command_and_explains_one() -> None:
    assert "/train start <recipe> | Start a training run." in plain(
        replies.help_list([("/train start <recipe>", "Start a training run.")])
    )
    text = plain(
        replies.help_one("/train start <recipe>", "Start a run.", [("recipe", "Recipe to run")], ["/train start a"])
    )
    assert text == "/train start <recipe>\nStart a run.\nrecipe: Recipe to run\nFor example /train start a"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (ASKED, "It has not begun to train"),
        (RUNNING, "It is at step 120 of 300 after 2 min. Its last checkpoint is from this step"),
        (replace(RUNNING, step=121), "; 1 step since then would be lost"),
        (replace(RUNNING, step=125), "; 5 steps since then would be lost"),
        (replace(RUNNING, checkpoints=()), "It has saved no checkpoint yet"),
    ],
)
def test_a_cancellation_is_asked_for_with_its_price(run: Run, said: str) -> None:
    message = replies.ask_cancel(run, now=NOW)
    assert said in plain(message)
    assert (
        Buttons(
            (
                Button("Cancel support-bot #42", Call("cancel", {"run": "42", "sure": "yes"}), "danger"),
                Button("Keep it running", Call("status", {"run": "42"})),
            )
        )
        in message.blocks
    )
    assert [call.encode() for call in calls(message)] == ["1|cancel|run=42|sure=yes", "1|status|run=42"]


def test_a_cancellation_is_confirmed_or_already_under_way_or_too_late() -> None:
    assert plain(replies.cancelling(RUNNING)).startswith("Cancelling support-bot #42.")
    assert "already being cancelled, asked by Ada" in plain(replies.already_cancelling(replace(RUNNING, cancel_by=ADA)))
    assert "has already ended: completed" in plain(replies.already_ended(ended()))


def test_the_longest_recipe_and_number_fit_into_a_button() -> None:
    recipe = replace(RECIPE, name="x" * 40)
    run = replace(RUNNING, recipe=recipe, number=10**15, requested_at=NOW - timedelta(days=9))
    messages = [
        replies.ask_cancel(run, now=NOW),
        replies.running([run], now=NOW, recipes=[recipe.name], examples=[]),
    ]
    made = [call for message in messages for call in calls(message)]
    assert made
    assert all(Call.decode(call.encode()) == call for call in made)
