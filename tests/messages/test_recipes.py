"""What is said about recipes and prompts, and about runs before they begin."""

from dataclasses import replace

import pytest
from messages.made import ASKED, RECIPE, RUNNING, calls, ended, everything, labels, plain

from bot.domain.calls import Call
from bot.domain.recipes import Change, Odd, Prompt, Sampling
from bot.domain.runs import State
from bot.messages import recipes, starts


def test_the_promise_begins_with_starting() -> None:
    message = starts.starting(replace(ASKED, changes=("learning_rate=1e-4", "max_steps=60")))
    assert plain(message).startswith("Starting support-bot #42. Its card is in this channel.")
    assert message.summary.startswith("Starting support-bot #42.")
    assert "learning_rate=1e-4 max_steps=60" in plain(message)


def test_a_private_run_has_its_card_in_the_conversation() -> None:
    message = starts.starting(replace(ASKED, private=True, parent=7, note="once `more`"), direct=True)
    assert message.summary == "Starting support-bot #42, again from #7. Its card is in this conversation."
    assert "Note: once `more`" in plain(message)


def test_recipes_are_listed_with_what_they_train_and_four_can_be_started() -> None:
    good = [replace(RECIPE, name=f"recipe-{number}") for number in range(6)]
    message = recipes.listed(good, {"bad": "bad.toml: `model` is missing."})
    text = plain(message)
    assert "6 recipes to start." in text
    assert "recipe-5 | Sorts support tickets | tiny | support-tickets.jsonl | max_steps=300, learning_rate=2e-4" in text
    assert "1 recipe cannot be used:" in text
    assert "bad.toml: `model` is missing." in text
    assert labels(message) == ["Start recipe-0", "Start recipe-1", "Start recipe-2", "Start recipe-3"]


def test_without_a_recipe_the_list_says_what_to_do() -> None:
    assert "TRAINBOT_RECIPES" in everything(recipes.listed([], {}))


def test_the_longest_recipe_and_number_fit_into_a_button() -> None:
    recipe = replace(RECIPE, name="x" * 40)
    run = replace(RUNNING, recipe=recipe, number=10**12)
    messages = [recipes.listed([recipe], {}), recipes.shown(recipe), recipes.ask_replace(run, "y" * 40)]
    messages.append(starts.ask_again(run, (), Call("again", {"run": str(run.number)})))
    made = [call for message in messages for call in calls(message)]
    assert len(made) == 4
    assert all(Call.decode(call.encode()) == call for call in made)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change("learning_rate", 2e-4, 1e-4), "learning_rate=1e-4 (was 2e-4)"),
        (Change("seed", None, 7), "seed=7"),
        (Change("packing", True, None), "packing=not set (was true)"),
        (Change("x", "a" * 300, "b\nc"), f"x=b c (was {'a' * 79}…)"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_change_says_what_was_before(change: Change, text: str) -> None:
    assert starts.change(change) == text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.COMPLETED, "It is completed."),
        (State.CANCELLED, "It is cancelled."),
        (State.FAILED, "It failed: no memory."),
        (State.REFUSED, "It was refused: no memory."),
    ],
)
def test_the_question_says_how_it_ended(state: State, said: str) -> None:
    run = ended(state, error="no memory" if state in {State.FAILED, State.REFUSED} else None)
    assert said in starts.ask_again(run, (), Call("again", {"run": "42"})).summary


def test_a_question_about_odd_values_says_each_of_them() -> None:
    odd = (Odd("lr", "2e4", 2e-4), Odd("steps", "1", 300))
    message = starts.ask_odd("The recipe says", odd, Call("start", {"recipe": "x", "lr": "2e4", "steps": "1"}))
    assert message.summary == ("`lr=2e4`? The recipe says 2e-4. `steps=1`? The recipe says 300. Nothing was started.")


def test_prompts_are_shown_by_the_numbers_that_remove_them() -> None:
    asked = (Prompt("a", off=True), Prompt("b"), Prompt("c"), Prompt("d"))
    run = replace(RUNNING, recipe=replace(RECIPE, prompts=asked, samples=Sampling(prompts=2)))
    text = plain(recipes.of_run(run))
    assert "support-bot #42 is asked 2 prompts." in text
    assert "Prompt 2\nb\nPrompt 3\nc" in text
    assert "1 more prompt not asked: samples.prompts is 2." in text
    assert "/train prompts 42 add ..." in text
    over = plain(recipes.of_run(replace(run, state=State.COMPLETED)))
    assert "/train prompts recipe=support-bot add ..." in over


def test_where_nothing_is_asked_the_next_step_is_said() -> None:
    none = replace(RECIPE, prompts=())
    assert "`/train prompts 42 add` and a question begins" in recipes.of_run(replace(RUNNING, recipe=none)).summary
    assert "`/train prompts recipe=support-bot add ...` begins" in recipes.of_recipe(none).summary
