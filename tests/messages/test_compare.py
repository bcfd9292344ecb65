"""Runs side by side."""

from dataclasses import replace

from messages.made import ASKED, NOW, PICTURE, RECIPE, RUNNING, calls, ended, pings, plain

from bot.domain.calls import Call
from bot.domain.ratings import Tally
from bot.domain.recipes import Prompt
from bot.domain.runs import Numbers, State
from bot.messages import compare
from bot.messages.compare import Side
from bot.messages.model import Grid

HOSTILE = "<!here> @everyone \u202e **b** `c` | x\ny"


def other(**changes: object) -> Side:
    recipe = replace(RECIPE, **{"model": "small", **changes})
    return Side(replace(ASKED, number=43, recipe=recipe))


def test_only_what_differs_is_in_the_table() -> None:
    settings = {**RECIPE.settings, "learning_rate": 1e-3, "seed": 7}
    sides = [Side(RUNNING), other(settings=settings, extra={"gradientClipping": 0.5, "on": True})]
    text = plain(compare.compare(sides, PICTURE, now=NOW))
    assert " | support-bot #42 | support-bot #43" in text
    assert "model | tiny | small" in text
    assert "learning_rate | 2e-4 | 1e-3" in text
    assert "seed | – | 7" in text
    assert "gradientClipping | – | 0.5" in text
    assert "on | – | true" in text
    assert "max_steps" not in text


def test_a_value_that_two_share_is_told_of_each() -> None:
    runs = [replace(RUNNING, number=n, recipe=replace(RECIPE, model=m)) for n, m in ((1, "a"), (2, "b"), (3, "a"))]
    text = plain(compare.compare([Side(run) for run in runs], None, now=NOW))
    assert "model | a | b | a" in text


def test_results_stand_side_by_side_and_what_nobody_has_is_left_out() -> None:
    done = replace(ended(State.COMPLETED), numbers=Numbers(loss=0.5))
    text = plain(compare.compare([Side(RUNNING, (90, 1.1), (60, 1.4), Tally(2, 1)), Side(done)], None, now=NOW))
    assert "State | running | completed" in text
    assert "Duration | 2 min so far" in text
    assert "Last loss | 1.2346 | 0.5000" in text
    assert "Lowest loss | 1.1000 at step 90 | –" in text
    assert "Lowest eval loss | 1.4000 at step 60 | –" in text
    assert "Votes | 👍 2 👎 1 | –" in text
    assert "Votes" not in plain(compare.compare([Side(RUNNING), Side(done)], None, now=NOW))


def test_the_same_prompt_is_the_same_row_wherever_it_stands() -> None:
    moved = replace(RECIPE, prompts=(Prompt("new"), RECIPE.prompts[1], Prompt("Hello?", "Be kind.")))
    sides = [
        Side(RUNNING, step=120, answers={0: "a", 1: "b" * 500, 2: "c", 9: "of no prompt"}),
        Side(replace(RUNNING, number=43, recipe=moved), step=0, answers={0: "d", 1: " ", 2: "f"}),
    ]
    message = compare.compare(sides, None, now=NOW)
    text = plain(message)
    assert "Prompt | support-bot #42, step 120 | support-bot #43, before training" in text
    assert "I want my money back. | bbb" in text
    assert "… | (empty)" in text
    assert "Hello? | c | –" in text
    assert "Hello? (system: Be kind.) | – | f" in text
    assert "new | – | d" in text
    assert "of no prompt" not in text
    assert "In full: /train samples 42 step=120 · /train samples 43 step=base" in text
    assert [call.args for call in calls(message)] == [{"run": "42", "step": "120"}, {"run": "43", "step": "base"}]


def test_without_answers_the_way_leads_to_the_status() -> None:
    message = compare.compare([Side(RUNNING), Side(replace(ASKED, number=43))], None, now=NOW)
    assert "None of them has an answer to a prompt yet." in plain(message)
    assert calls(message) == [Call("status", {"run": "42"}), Call("status", {"run": "43"})]


def test_hostile_texts_stay_in_their_cells() -> None:
    recipe = replace(RECIPE, name=HOSTILE, model=HOSTILE, extra={HOSTILE: HOSTILE}, prompts=(Prompt(HOSTILE, HOSTILE),))
    odd = Side(replace(RUNNING, recipe=recipe), step=1, answers={0: HOSTILE * 100})
    message = compare.compare([odd, Side(RUNNING)], None, now=NOW)
    assert not pings(message)
    assert "\u202e" not in plain(message)
    for grid in (block for block in message.blocks if isinstance(block, Grid)):
        assert {len(row) for row in grid.rows} == {len(grid.header)}
        assert "\n" not in "".join(grid.header)
    assert "\n" not in message.summary
