from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages.made import ASKED, RECIPE, RUNNING, answer, calls, ended, everything, pings, plain

from bot.domain.ratings import Tally
from bot.domain.runs import Run, State
from bot.messages import samples
from bot.messages.model import Bold, Grid, Quote, line


def test_a_sample_stands_alone() -> None:
    message = samples.sample(RUNNING, answer(30, 1), previous=None)
    assert plain(message).splitlines() == [
        "support-bot #42 · step 30 of 300",
        "Prompt",
        "I want my money back.",
        "Answer",
        "We are sorry.",
    ]
    assert message.summary == "support-bot #42, step 30: We are sorry."
    assert not calls(message)


def test_the_base_model_answers_before_training_and_says_once_how_samples_are_drawn() -> None:
    first = plain(samples.sample(RUNNING, answer(0), previous=None))
    assert "before training, base model tiny" in first
    assert "greedy decoding, 200 tokens at most" in first
    assert "greedy" not in plain(samples.sample(RUNNING, answer(0, 1), previous=None))
    assert "greedy" not in plain(samples.sample(RUNNING, answer(30), previous=None))


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_answer_is_said_to_be_empty(text: str) -> None:
    message = samples.sample(RUNNING, answer(30, text=text), previous=answer(0, text=text))
    assert Quote("(empty)", "Answer") in message.blocks
    assert message.summary == "support-bot #42, step 30: (empty)"


@pytest.mark.parametrize(("step", "said"), [(40, "Same answer as at step 40."), (0, "Same answer as before training.")])
def test_an_identical_answer_is_not_repeated(step: int, said: str) -> None:
    message = samples.sample(RUNNING, answer(60), previous=answer(step))
    assert said in plain(message)
    assert "We are sorry." not in plain(message)


def test_another_answer_is_shown_in_full() -> None:
    message = samples.sample(RUNNING, answer(60), previous=answer(40, text="We are sorry"))
    assert "We are sorry." in plain(message)


def test_a_very_long_answer_is_kept_whole_and_only_its_summary_is_cut() -> None:
    text = "word " * 20_000
    message = samples.sample(RUNNING, answer(60, text=text), previous=None)
    assert Quote(text, "Answer") in message.blocks
    assert len(message.summary) < 300


@given(st.text(), st.integers(0, 10**9), st.integers(0, 20))
def test_whatever_a_model_says_is_quoted_and_pings_nobody(text: str, step: int, prompt: int) -> None:
    message = samples.sample(RUNNING, answer(step, prompt, text), previous=None)
    assert [block for block in message.blocks if isinstance(block, Quote) and block.title == "Answer"]
    assert not pings(message)
    assert "\n" not in message.summary


def test_a_sample_that_could_not_be_drawn_says_why() -> None:
    message = samples.sample(RUNNING, answer(30, text=None, error="timed out"), previous=answer(0, text=None))
    assert "(no answer: timed out)" in plain(message)


def test_a_missing_sample_is_one_line() -> None:
    assert plain(samples.missing(RUNNING, 30, "the service\nis away")) == "No sample at step 30: the service is away"
    assert plain(samples.missing(RUNNING, 0, "")) == "No sample before training: no reason given"


def test_a_backlog_says_why_it_comes_together_and_keeps_the_order() -> None:
    message = samples.backlog(RUNNING, [answer(60), answer(30, 1, "x" * 200), answer(30)])
    (grid,) = [block for block in message.blocks if isinstance(block, Grid)]
    assert "nothing could be posted here" in plain(message)
    assert "/train samples 42" in plain(message)
    cells = [(row[0], row[1]) for row in grid.rows]
    assert cells == [
        (line("step 30"), line("My parcel is late.")),
        (line("step 30"), line("I want my money back.")),
        (line("step 60"), line("My parcel is late.")),
    ]
    assert "step 30 and step 60" in message.summary
    assert "x" * 81 not in plain(message)


def test_the_table_has_a_row_a_step_and_a_column_a_prompt() -> None:
    drawn = [answer(0), answer(0, 1), answer(30), answer(60), answer(60, 1, "a\n" * 100)]
    message = samples.grid(RUNNING, drawn, {(30, 0): Tally(3, 1), (60, 1): Tally(0, 1)})
    (grid,) = [block for block in message.blocks if isinstance(block, Grid)]
    text = plain(message)
    assert grid.header == ("Step", "Prompt 1", "Prompt 2")
    assert {len(row) for row in grid.rows} == {3}
    assert "1. My parcel is late.\n2. I want my money back.\n" in text
    assert "before training | We are sorry. | We are sorry." in text
    assert "step 30 (ahead) | We are sorry. 👍 3 👎 1 | –" in text
    assert "Ahead so far: step 30 (👍 3 👎 1), too close to call." in text
    assert (Bold("step 30 (ahead)"),) in [row[0] for row in grid.rows]
    assert "… 👎 1\nAnswers are cut here. In full: /train samples 42 step=60" in text


def test_a_table_without_votes_asks_for_them() -> None:
    assert "No step leads yet: vote with 👍 or 👎" in plain(samples.grid(RUNNING, [answer(0)], {}))


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (ASKED, "The base model is asked when training begins, the first checkpoint at step 30."),
        (replace(ASKED, recipe=replace(RECIPE, settings={})), "the first checkpoint when it is saved."),
        (replace(ASKED, recipe=replace(RECIPE, prompts=())), "its recipe asks no prompts. Add [[prompts]] to it"),
        (ended(State.CANCELLED), "none will come: it is cancelled."),
    ],
)
def test_without_samples_a_sentence_says_when_the_first_comes(run: Run, said: str) -> None:
    assert said in everything(samples.grid(run, [], {}))


def test_a_step_has_every_answer_in_full_and_leads_to_its_neighbours() -> None:
    long = "word " * 5000
    message = samples.of_step(RUNNING, 60, [answer(60, 1, long), answer(60)], {(60, 1): Tally(2)}, note="Try `again`.")
    assert [block for block in message.blocks if isinstance(block, Quote)] == [
        Quote("My parcel is late.", "Prompt 1"),
        Quote("We are sorry.", "Answer"),
        Quote("I want my money back.", "Prompt 2"),
        Quote(long, "Answer · 👍 2"),
    ]
    assert [call.args["step"] for call in calls(message)] == ["30", "90"]
    assert plain(message).endswith("Try again.\n[Step 30]\n[Step 90]")
    assert message.summary == "support-bot #42, step 60: 2 answers. Try `again`."


@pytest.mark.parametrize(("step", "near"), [(0, ["30"]), (30, ["base", "60"]), (120, ["90"]), (45, ["30", "60"])])
def test_the_neighbours_are_the_saved_ones_and_the_base_model(step: int, near: list[str]) -> None:
    assert [call.args["step"] for call in calls(samples.of_step(RUNNING, step, [], {}))] == near


def test_one_prompt_alone_is_shown_at_greater_length() -> None:
    drawn = [answer(0, 1, "y" * 200), answer(30), answer(60, 1, "x" * 400)]
    text = plain(samples.grid(RUNNING, drawn, {}, only=1))
    assert "y" * 200 in text
    assert "x" * 299 + "…" in text
    assert "Prompt 2" in text
    assert "step 30" not in text
    assert "In full: /train samples 42 step=60" in text
