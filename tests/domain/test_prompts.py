"""Prompts that come and go: in a recipe's file and in the copy of a run that goes on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import prompts
from bot.domain.errors import UserError
from bot.domain.recipes import MAX_EVER, MAX_PROMPT, MAX_PROMPTS, Prompt, Recipe, Sampling

A, B, C, D, NEW = (Prompt(one) for one in "abcd+")
RECIPE = Recipe("support-bot", "tiny", {"type": "file", "name": "t"}, prompts=(A, B, C), samples=Sampling(prompts=2))


def asked(recipe: Recipe) -> list[str]:
    return [recipe.prompts[index].user for index in recipe.asked]


def test_a_prompt_that_is_added_to_a_run_is_asked_and_nothing_else_changes() -> None:
    after = prompts.added_to_run(RECIPE, NEW)
    assert asked(after) == ["a", "b", "+"]
    assert [one.user for one in after.prompts] == ["a", "b", "c", "+"]


def test_a_prompt_that_is_removed_from_a_run_keeps_its_place() -> None:
    after = prompts.removed_from_run(RECIPE, 1)
    assert asked(after) == ["b"]
    assert after.asked == (1,)
    assert [one.user for one in after.prompts] == ["a", "b", "c"]


def test_a_prompt_that_was_removed_and_is_added_again_has_its_old_place() -> None:
    after = prompts.added_to_run(prompts.removed_from_run(RECIPE, 1), A)
    assert after.asked == (0, 1)
    assert len(after.prompts) == 3
    assert asked(prompts.added_to_run(RECIPE, C)) == ["a", "b", "c"]


def test_a_prompt_that_is_added_to_a_recipe_comes_behind_those_that_are_asked() -> None:
    after = prompts.added_to_recipe(RECIPE, NEW)
    assert asked(after) == ["a", "b", "+"]
    assert [one.user for one in after.prompts] == ["a", "b", "+", "c"]
    roomy = replace(RECIPE, samples=Sampling(prompts=7))
    assert prompts.added_to_recipe(roomy, NEW).samples.prompts == 7
    assert [one.user for one in prompts.added_to_recipe(RECIPE, C).prompts] == ["a", "b", "c"]


def test_a_prompt_that_is_removed_from_a_recipe_lets_none_move_up() -> None:
    after = prompts.removed_from_recipe(RECIPE, A)
    assert asked(after) == ["b"]
    assert after.prompts == (B, C)
    roomy = replace(RECIPE, samples=Sampling(prompts=3))
    assert prompts.removed_from_recipe(roomy, A).samples.prompts == 3
    assert prompts.removed_from_recipe(RECIPE, NEW) == RECIPE


@pytest.mark.parametrize("add", [prompts.added_to_run, prompts.added_to_recipe])
def test_one_that_is_asked_already_and_one_too_many_are_refused(add) -> None:  # noqa: ANN001 (either function)
    with pytest.raises(UserError, match="asked already: a"):
        add(RECIPE, A)
    full = replace(
        RECIPE, prompts=tuple(Prompt(str(one)) for one in range(MAX_PROMPTS)), samples=Sampling(prompts=MAX_PROMPTS)
    )
    with pytest.raises(UserError, match="10 prompts are asked already"):
        add(full, NEW)


def test_a_run_has_a_number_of_prompts_in_its_life_and_no_more() -> None:
    recipe = RECIPE
    with pytest.raises(UserError, match=f"has had {MAX_EVER} prompts"):  # noqa: PT012 (which one it is does not matter)
        for index in range(MAX_EVER + 1):
            recipe = prompts.added_to_run(recipe, Prompt(f"p{index}"))
            recipe = prompts.removed_from_run(recipe, len(recipe.prompts))
    assert len(recipe.prompts) == MAX_EVER


@pytest.mark.parametrize("number", [0, -1, 3, 4, 99])
def test_a_number_that_is_not_asked_is_answered_with_those_that_are(number: int) -> None:
    with pytest.raises(UserError, match=rf"There is no prompt {number}\. There are 1, 2\."):
        prompts.removed_from_run(RECIPE, number)


def test_where_none_is_asked_that_is_said() -> None:
    with pytest.raises(UserError, match="None is asked"):
        prompts.asked_at(replace(RECIPE, prompts=()), 1)


@pytest.mark.parametrize("text", ["", "  \n", "\u0007", "x" * (MAX_PROMPT + 1)], ids=["empty", "blank", "bell", "long"])
def test_a_prompt_is_a_text_of_some_length(text: str) -> None:
    with pytest.raises(UserError):
        prompts.prompt(text)


def test_what_is_typed_is_cleaned() -> None:
    assert prompts.prompt(" a\u202eb ") == Prompt("a<U+202E>b")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=20))
def test_every_prompt_keeps_its_place_in_a_run(moves: list[tuple[bool, int]]) -> None:
    recipe = RECIPE
    for adds, number in moves:
        before = recipe
        try:
            move = (
                prompts.added_to_run(recipe, Prompt(str(number))) if adds else prompts.removed_from_run(recipe, number)
            )
        except UserError:
            continue
        recipe = move
        assert [one.user for one in recipe.prompts][: len(before.prompts)] == [one.user for one in before.prompts]
        assert len(set(recipe.asked) ^ set(before.asked)) == 1
