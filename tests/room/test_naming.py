"""The names that the room makes, of whatever it is given."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from room.house import HOSTILE

from bot.room.naming import ENDINGS, FILE_LIMIT, channel_title, file_name, private_name, user_stem


@pytest.mark.parametrize(("given_", "made"), [
    ("support-bot-42.csv", "support-bot-42.csv"), ("Samples of Zoë.JSONL", "Samples-of-Zoe.jsonl"),
    ("../../etc/passwd", "etc-passwd.txt"), (".bashrc", "bashrc.txt"), ("page.html", "page.html.txt"),
    ("run.sh", "run.sh.txt"), ('a"; filename="b.csv', "a-filename-b.csv"), ("a\r\nX: y.txt", "a-X-y.txt"),
    ("", "file.txt"), (".csv", "file.csv"), ("李明", "file.txt"), ("x" * 300 + ".csv", "x" * 76 + ".csv"),
])  # fmt: skip
def test_a_download_has_a_plain_name_with_the_ending_of_a_text(given_: str, made: str) -> None:
    assert file_name(given_) == made


@given(st.text() | st.sampled_from([HOSTILE, "\ud800.csv", "con.txt\0.exe", "%2e%2e%2f", "a" * 5000]))
def test_no_text_makes_a_download_name_that_a_header_or_a_file_system_would_misread(text: str) -> None:
    made = file_name(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.[a-z]+", made)
    assert made.rpartition(".")[2] in ENDINGS
    assert len(made) <= FILE_LIMIT
    assert file_name(made) == made


@given(st.text())
def test_every_name_of_a_person_makes_the_beginning_of_an_id(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", user_stem(text))


def test_private_channels_of_one_title_have_different_names_and_one_act_makes_one_name() -> None:
    first, again, other = (private_name(channel_title("#Evals"), act) for act in ("act-0001", "act-0001", "act-0002"))
    assert first == again != other
    assert re.fullmatch(r"evals-[0-9a-f]{8}", first)
