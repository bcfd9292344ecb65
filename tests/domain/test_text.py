"""Text from outside, made safe."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.text import clean, count, cut, one_line

QUICK = settings(deadline=None, max_examples=150)
ANY_TEXT = st.text(st.characters(), max_size=60)  # surrogates too
FAMILY = "👩\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("tab\tstays", "tab\tstays"),
        ("\x00nul\x07bell\x1b[31mred\x7f", "nulbell[31mred"),
        ("c1\x80\x85\x9b31m", "c131m"),
        ("line\u2028paragraph\u2029end", "lineparagraphend"),
        ("lone \ud800 half", "lone \ufffd half"),
        ("a \udc00\ud83d b", "a \ufffd\ufffd b"),
        ("invoice\u202egpj.exe", "invoice<U+202E>gpj.exe"),
        ("\u2066isolate\u2069 \u202aembed\u202c", "<U+2066>isolate<U+2069> <U+202A>embed<U+202C>"),
    ],
    ids=ascii,
)
def test_what_could_deceive_is_removed_or_shown(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  spaces  ",
        "Grüße 日本語",
        FAMILY,
        "👍🏽 ❤\ufe0f",
        "\u200fעברית\u200e",
        "می\u200cخواهم",
        "<@U1> *b* `c`",
    ],
    ids=ascii,
)
def test_what_languages_and_emoji_need_stays(text: str) -> None:
    assert clean(text) == text


@QUICK
@given(ANY_TEXT)
def test_clean_text_can_be_stored_and_sent_and_stays_clean(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned
    assert json.loads(json.dumps(cleaned)) == cleaned
    assert not any(ord(sign) < 32 and sign not in "\t\n" for sign in cleaned)


@QUICK
@given(ANY_TEXT, st.integers(0, 40))
def test_one_line_is_one_line_of_at_most_the_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()


def test_one_line_joins_words_across_lines() -> None:
    assert one_line("  Traceback:\r\n\n   CUDA\tout of memory \n") == "Traceback: CUDA out of memory"
    assert one_line("\x00\n") == ""
    assert len(one_line("word " * 100)) == 200


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abcd", 1, "…"), ("abcd", 0, ""), ("", 0, ""), ("abcd", -1, "")],
)
def test_a_cut_shows_an_ellipsis_within_the_limit(text: str, limit: int, short: str) -> None:
    assert cut(text, limit) == short


def test_one_is_not_plural() -> None:
    assert [count(number, "artifact") for number in (0, 1, 2)] == ["0 artifacts", "1 artifact", "2 artifacts"]
