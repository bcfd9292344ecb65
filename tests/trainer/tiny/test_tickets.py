"""The shipped data set and the hold-out have nothing in common but the task."""

import hashlib
import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
HOLDOUT = ROOT / "tests" / "data" / "holdout.jsonl"
RECIPES = ROOT / "bot" / "recipes"
CATEGORIES = {"billing", "delivery", "account", "bug", "feature"}
PRIORITIES = {"high", "normal", "low"}


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a data set."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def said(row: dict[str, Any], role: str) -> str:
    """What that role says in a row."""
    return " ".join(m["content"] for m in row["messages"] if m["role"] == role)


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """All runs of so many words in a text, without case and signs."""
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}


def test_the_holdout_is_the_one_that_was_written_before_any_training() -> None:
    digest = hashlib.sha256(HOLDOUT.read_bytes()).hexdigest()
    assert digest == "016c674f6ebe455439a0b589d156d82c276e373c79a3a8b2ba68447db889146d"
    assert len(rows(HOLDOUT)) == 20


def test_no_four_words_in_a_row_are_both_in_the_holdout_and_in_the_data_set() -> None:
    learned = set().union(*(runs(said(row, "user"), 4) for row in rows(RECIPES / "support-tickets.jsonl")))
    for row in rows(HOLDOUT):
        assert runs(said(row, "user"), 4).isdisjoint(learned)


@pytest.mark.parametrize("path", [HOLDOUT, RECIPES / "support-tickets.jsonl"], ids=lambda path: path.name)
def test_each_answer_is_a_category_and_a_priority(path: Path) -> None:
    answers = [json.loads(said(row, "assistant")) for row in rows(path)]
    assert all(answer.keys() == {"category", "priority"} for answer in answers)
    assert {answer["category"] for answer in answers} == CATEGORIES
    assert {answer["priority"] for answer in answers} == PRIORITIES


def test_the_data_set_is_wide_and_even_and_small() -> None:
    path = RECIPES / "support-tickets.jsonl"
    tickets = [said(row, "user") for row in rows(path)]
    counts = Counter(json.loads(said(row, "assistant"))["category"] for row in rows(path))
    assert len(set(tickets)) == len(tickets)
    assert max(counts.values()) - min(counts.values()) < len(tickets) / 50
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("name", ["support-bot.toml", "too-hot.toml"])
def test_the_prompts_of_a_recipe_are_neither_learned_nor_held_out(name: str) -> None:
    recipe = tomllib.loads((RECIPES / name).read_text(encoding="utf-8"))
    prompts = [prompt["user"] for prompt in recipe["prompts"]]
    others = rows(RECIPES / recipe["dataset"]["name"]) + rows(HOLDOUT)
    known = set().union(*(runs(said(row, "user"), 6) for row in others))
    assert len(prompts) == 3
    assert all(runs(prompt, 6).isdisjoint(known) for prompt in prompts)
    assert all(prompt not in {said(row, "user") for row in others} for prompt in prompts)
