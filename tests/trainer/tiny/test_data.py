"""Rows become examples, and noise touches only what people and systems say."""

from pathlib import Path

import numpy as np
import pytest

from bot.trainer.tiny.chats import ChatError, example, messages_of, prompt
from bot.trainer.tiny.data import DataError, Dealer, Noise, hold_back, read
from bot.trainer.tiny.tokens import ASSISTANT, END, USER, tokenizer

TOK = tokenizer()


def chat(user: str = "Hello", assistant: str = "World") -> list[tuple[int, str]]:
    """A question and its answer, checked."""
    return messages_of([{"role": "user", "content": user}, {"role": "assistant", "content": assistant}])


def test_what_people_say_is_lower_cased_and_what_the_assistant_says_is_not() -> None:
    made = example(TOK, chat(), 100)
    assert TOK.decode(made.ids.tolist()) == "helloWorld"
    assert TOK.decode(made.ids[made.said].tolist()) == "World"
    assert made.ids[made.said][-1] == END


def test_a_long_chat_is_cut_from_the_left() -> None:
    made = example(TOK, chat("x1 " * 300), 20)
    assert len(made.ids) == 20
    assert made.ids[-1] == END
    assert prompt(TOK, chat("x1 " * 300)[:1], 20)[-1] == ASSISTANT
    assert len(prompt(TOK, chat("x1 " * 300)[:1], 20)) == 20


@pytest.mark.parametrize(
    "value", [None, [], {}, ["x"], [{"role": "wizard", "content": ""}], [{"role": "user", "content": 3}]]
)
def test_messages_of_the_wrong_shape_are_refused_with_a_sentence(value: object) -> None:
    with pytest.raises(ChatError, match="message"):
        messages_of(value)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nonsense", "line 2 of the data set: not valid JSON"),
        ("[1]", "line 2 of the data set: messages must be a list"),
        ('{"messages":[{"role":"user","content":"x"}]}', "line 2 of the data set: a chat to learn from"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, line: str, sentence: str) -> None:
    good = '{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}'
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{good}\n{line}\n{good}\n")
    with pytest.raises(DataError, match=sentence):
        read(path, TOK, 100)


def test_a_missing_file_and_a_file_with_one_row_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "none.jsonl", TOK, 100)
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(DataError, match="at least two rows"):
        read(tmp_path / "empty.jsonl", TOK, 100)


def test_held_back_rows_are_never_learned(colours: Path) -> None:
    rows = read(colours, TOK, 100)
    learned, held = hold_back(rows)
    assert len(learned) + len(held) == 60
    assert len(held) == 4
    assert not {id(row) for row in learned} & {id(row) for row in held}


def test_noise_leaves_marks_and_answers_alone() -> None:
    rows = [example(TOK, chat("please refund my payment", '{"category": "billing"}'), 100)] * 8
    batch = next(iter(Dealer(rows, 8, Noise(drop=0.4, split=0.4), TOK, seed=1)))
    said = TOK.decode(batch.targets.tolist())
    assert said == '{"category": "billing"}' * 8
    assert (batch.ids[:, 0] == USER).all()
    assert len({tuple(row) for row in batch.ids.tolist()}) > 4


def test_the_seed_decides_the_order(colours: Path) -> None:
    rows = read(colours, TOK, 100)
    first, again, other = (next(iter(Dealer(rows, 16, Noise(), TOK, seed))) for seed in (1, 1, 2))
    assert np.array_equal(first.ids, again.ids)
    assert first.ids.tolist() != other.ids.tolist()
