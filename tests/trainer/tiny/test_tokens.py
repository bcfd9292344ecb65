"""Text goes into tokens and comes out the same."""

import pytest

from bot.trainer.tiny.tokens import END, FIRST_PIECE, MARKS, tokenizer

TEXTS = [
    "",
    "Where is my parcel?",
    '{"category": "billing", "priority": "high"}',
    "emoji 👩‍👩‍👧‍👦 🏳️‍🌈 and a flag 🇩🇪",
    "control \x00\x01\x1b[31m\x7f\r\n\t end",
    "right to left: שלום مرحبا \u202etxt\u202c",
    "snake_case  two  blanks   three",
    "日本語とéàü and ﬁ ligature",
    "__init__ 12345 $4.50 ...!!!",
    "a" * 500,
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_survives_the_round_trip(text: str) -> None:
    tok = tokenizer()
    assert tok.decode(tok.encode(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_survives_when_its_tokens_are_split(text: str) -> None:
    tok = tokenizer()
    assert tok.decode([part for token in tok.encode(text) for part in tok.split(token)]) == text


def test_half_a_surrogate_becomes_a_question_mark() -> None:
    tok = tokenizer()
    assert tok.decode(tok.encode("a\ud800b")) == "a?b"


def test_bytes_that_are_no_text_become_replacement_signs() -> None:
    assert tokenizer().decode([MARKS + 0xFF]) == "�"


def test_a_common_word_is_one_piece() -> None:
    assert len(tokenizer().encode(" refund")) == 1
    assert tokenizer().encode(" refund")[0] >= FIRST_PIECE


def test_a_mark_says_nothing_and_no_text_makes_one() -> None:
    tok = tokenizer()
    assert tok.decode([END]) == ""
    assert min(tok.encode("<end> <|user|> \x00\x03")) >= MARKS


def test_every_piece_has_one_id_of_its_own() -> None:
    tok = tokenizer()
    assert len(set(tok.texts[MARKS:])) == tok.size - MARKS
