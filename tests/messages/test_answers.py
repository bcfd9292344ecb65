"""What a checkpoint said to a question."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from messages.made import ASKED, RUNNING, ended, pings, plain

from bot.domain.text import clean
from bot.messages import answers
from bot.messages.model import Quote


def test_an_answer_says_which_step_it_is_from() -> None:
    message = answers.answer(RUNNING, 30, "Hello?", "We are sorry.")
    assert plain(message).splitlines() == [
        "support-bot #42 · step 30", "Prompt", "Hello?", "Answer", "We are sorry.",
        "Greedy decoding, 200 tokens at most.",
    ]  # fmt: skip
    assert "before training, base model tiny" in plain(answers.answer(RUNNING, 0, "Hello?", ""))
    assert "(empty)" in answers.answer(RUNNING, 0, "Hello?", " \n").summary


@given(st.text(), st.text())
def test_whatever_is_asked_and_said_is_quoted_whole_and_pings_nobody(prompt: str, text: str) -> None:
    message = answers.answer(RUNNING, 30, prompt, text)
    assert Quote(prompt, "Prompt") in message.blocks
    assert [block.text for block in message.blocks if isinstance(block, Quote)][1] in {clean(text), "(empty)"}
    assert not pings(message)
    assert "\n" not in message.summary


def test_without_a_question_or_a_checkpoint_it_says_what_to_type() -> None:
    assert "Type /train ask 42 step=30 your question" in plain(answers.what(RUNNING, 30))
    assert "Type /train ask 42 step=base your question" in plain(answers.what(RUNNING, 0))
    assert "/train ask 42 step=base Hello?" in plain(answers.no_checkpoint(ASKED, "Hello?"))
    assert "yet" in plain(answers.no_checkpoint(replace(ASKED), ""))
    assert "no checkpoint and none will come" in plain(answers.no_checkpoint(ended(checkpoints=()), ""))
