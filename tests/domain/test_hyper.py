"""The nearest word, among a few and among a thousand."""

import pytest

from bot.domain import hyper

NAMES = [f"support-bot-{number:04}-of-the-second-line" for number in range(1000)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("support-bot-0734-of-the-secnd-line", "support-bot-0734-of-the-second-line"),
        ("suport-bot-0002-of-the-second-line", "support-bot-0002-of-the-second-line"),
        ("tickts", "tickets"),
        ("qqq", None),
        ("", None),
    ],
)
def test_among_a_thousand_the_nearest_is_found(typed: str, meant: str | None) -> None:
    assert hyper.nearest(typed, [*NAMES, "tickets"]) == meant


def test_a_long_word_is_named_in_full_and_compared_by_its_beginning() -> None:
    long = "x" * 300
    assert hyper.nearest("x" * 299, ["tickets", long]) == long
    assert hyper.nearest("x" * 100_000, ["tickets", long]) == long


def test_a_thousand_names_without_letters_are_like_nothing() -> None:
    assert hyper.nearest("a", ["", *map(chr, range(0x4E00, 0x4F00))]) is None
