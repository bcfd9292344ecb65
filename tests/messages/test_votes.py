"""Votes summed up, and exported with what they are votes on."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from messages.made import RECIPE, RUNNING, calls, plain

from bot.domain.ratings import Tally
from bot.domain.recipes import Prompt
from bot.domain.runs import Run, Sample
from bot.messages import votes
from bot.messages.model import File

ODD = ["\u2028", "\u2029", "\x85", "\x00", "\r", "\n", '"', "\\", "\x1c", "\v", "\f"]
ANY = st.text(st.characters(codec="utf-8") | st.sampled_from(ODD))


def file(run: Run, samples: list[Sample], tallies: dict[tuple[int, int, int], Tally]) -> File:
    made = votes.parts([run], samples, tallies)
    (found,) = [block for block in votes.export([run], made, 1).blocks if isinstance(block, File)]
    assert [part.size for part in made] == [len(found.text.encode())]
    return found


def test_a_summary_has_a_row_a_step() -> None:
    message = votes.summary([(RUNNING, {30: Tally(2, 1), 0: Tally(0, 1)}), (replace(RUNNING, number=43), {})])
    text = plain(message)
    assert "Votes on support-bot #42: 👍 2 👎 2" in text
    assert "before training | 0 | 1 | 0 %\nstep 30 | 2 | 1 | 67 %" in text
    assert "support-bot #43 has no votes yet: vote with" in text
    assert [call.args for call in calls(message)] == [{"run": "42"}]


@given(
    st.lists(st.tuples(ANY, ANY, st.none() | ANY, st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=5), ANY
)
def test_every_line_reads_back_as_what_was_said(rows: list[tuple[str, str, str | None, int, int]], name: str) -> None:
    prompts = tuple(Prompt(user, system) for _, user, system, _, _ in rows)
    run = replace(RUNNING, recipe=replace(RECIPE, name=name, prompts=prompts))
    samples = [Sample(42, 30, index, answer) for index, (answer, *_) in enumerate(rows)]
    tallies = {(42, 30, index): Tally(up, down) for index, (*_, up, down) in enumerate(rows)}
    text = file(run, samples, tallies).text
    assert text.endswith("\n")
    assert len(text.splitlines()) == len(text.split("\n")) - 1 == len(rows)
    assert json.loads(text.encode().splitlines()[0]) == json.loads(text.splitlines()[0])
    assert [json.loads(line) for line in text.splitlines()] == [
        {"run": 42, "name": name, "step": 30, "prompt": user, "system": system, "answer": answer,
         "up": up, "down": down, "score": up - down}
        for answer, user, system, up, down in rows
    ]  # fmt: skip


def test_what_was_not_answered_has_no_line_and_what_has_no_votes_has_one() -> None:
    one = file(RUNNING, [Sample(42, 30, 0, None, "timed out"), Sample(42, 30, 1, ""), Sample(42, 60, 0, "é😀")], {})
    rows = [json.loads(line) for line in one.text.splitlines()]
    assert [(row["step"], row["answer"], row["score"]) for row in rows] == [(30, "", 0), (60, "é😀", 0)]
    assert "é😀" in one.text, "UTF-8, not escapes"
    assert one.name == "votes-42.jsonl"
    assert "support-bot #42" in one.label


def test_a_sample_whose_prompt_is_not_known_is_kept() -> None:
    row = json.loads(file(RUNNING, [Sample(42, 30, 7, "x")], {}).text)
    assert (row["prompt"], row["system"], row["answer"]) == (None, None, "x")


def test_half_a_character_is_escaped() -> None:
    assert json.loads(file(RUNNING, [Sample(42, 30, 0, "a\ud800b")], {}).text.encode())["answer"] == "a\ud800b"


def test_what_does_not_fit_is_counted() -> None:
    runs = [replace(RUNNING, number=number) for number in (3, 2, 1)]
    made = votes.parts(runs, [Sample(run.number, 30, 0, "x") for run in runs], {})
    message = votes.export(runs, made[:2], 3)
    (found,) = [block for block in message.blocks if isinstance(block, File)]
    assert [json.loads(line)["run"] for line in found.text.splitlines()] == [3, 2]
    assert found.label == "2 answers of support-bot #3 and support-bot #2 with their votes"
    assert "The file would be too large: 1 older run left out. Export those by number." in plain(message)
    assert found.name == "votes.jsonl"


def test_nobody_is_named() -> None:
    assert RUNNING.starter.name not in file(RUNNING, [Sample(42, 30, 0, "x")], {(42, 30, 0): Tally(1)}).text


def test_nothing_to_export_is_a_sentence() -> None:
    assert "No sample has an answer yet in support-bot #42" in plain(votes.export([RUNNING], [], 1))
    many = [replace(RUNNING, number=number) for number in range(9)]
    assert "No sample has an answer yet in 9 runs" in plain(votes.export(many, votes.parts(many, [], {}), 9))
