"""Reading a growing file line by line, whatever is in it."""

import random
from pathlib import Path

import pytest

from bot.trainer.events import LINE_CAP, Tail, log_tail, plain


def numbers(tail: Tail) -> list[tuple[int, bytes | None]]:
    return [(line.number, line.raw) for line in tail.read()]


def test_a_missing_file_has_no_lines(tmp_path: Path) -> None:
    assert Tail(tmp_path / "none").read() == []


def test_a_line_counts_when_its_newline_is_there(tmp_path: Path) -> None:
    path = tmp_path / "events"
    tail = Tail(path)
    with path.open("ab", buffering=0) as file:
        file.write(b"one\ntw")
        assert numbers(tail) == [(1, b"one")]
        assert numbers(tail) == []
        file.write(b"o\n\nfour\n")
        assert numbers(tail) == [(2, b"two"), (3, b""), (4, b"four")]


@pytest.mark.parametrize("length", [LINE_CAP - 1, LINE_CAP, LINE_CAP + 1, LINE_CAP + 2, 5 * LINE_CAP])
def test_a_line_beyond_the_cap_is_skipped_but_counted(tmp_path: Path, length: int) -> None:
    path = tmp_path / "events"
    path.write_bytes(b"a\n" + b"x" * length + b"\nb\n")
    tail, lines = Tail(path), []
    while batch := tail.read():
        lines += batch
    assert [line.number for line in lines] == [1, 2, 3]
    assert (lines[1].raw is None) == (length > LINE_CAP)
    assert (lines[1].offset, lines[2].offset, lines[2].raw) == (2, 3 + length, b"b")


def test_an_endless_line_is_skipped_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "events"
    tail = Tail(path)
    with path.open("ab", buffering=0) as file:
        for _ in range(5):
            file.write(b"x" * LINE_CAP)
            assert tail.read() == []
        file.write(b"\nnext\n")
    assert [(line.number, line.raw) for line in tail.read()] == [(1, None), (2, b"next")]


def test_batches_and_any_growth_give_the_same_lines(tmp_path: Path) -> None:
    chance = random.Random(7)
    whole = b"".join(b"y" * chance.choice([0, 1, 50, 3000, 300_000]) + b"\n" for _ in range(200))
    (tmp_path / "whole").write_bytes(whole)
    tail = Tail(tmp_path / "whole")
    expected = []
    while batch := tail.read(most=7):
        assert len(batch) <= 7
        expected += batch
    assert b"".join((line.raw or b"") + b"\n" for line in expected) == whole
    growing, at, got = Tail(tmp_path / "growing"), 0, []
    with (tmp_path / "growing").open("ab", buffering=0) as file:
        while at < len(whole):
            step = chance.randrange(1, 400_000)
            file.write(whole[at : at + step])
            at += step
            got += growing.read()
    while batch := growing.read():
        got += batch
    assert got == expected


def test_nothing_beyond_the_given_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(b"one\ntwo\nthree\n")
    assert [line.raw for line in Tail(path).read(end=9)] == [b"one", b"two"]


def test_a_log_is_cut_and_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "stderr"
    path.write_bytes(
        b"old\n" * 50_000 + b"1 %\r2 %\r3 %\n" + b"\x1b[1;31mred\x1b[0m \x00\xff" + b"w" * 900 + b"\nlater"
    )
    end = path.stat().st_size - len(b"later")
    lines = log_tail(path, end)
    assert len(lines) == 20
    assert lines[-4:-1] == ["1 %", "2 %", "3 %"]
    assert lines[-1].startswith("red \ufffdwww")
    assert len(lines[-1]) == 400
    assert log_tail(tmp_path / "none", None) == []


def test_plain_text_has_no_control_characters() -> None:
    assert plain("\x1b]0;title\x07a\tb\x9b\u0085\r\n", 10) == "a b"
