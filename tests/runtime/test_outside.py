"""What a job that was started elsewhere is as a run: its name, its recipe, its state."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.clock import BEGIN

from bot.domain.places import NOWHERE, SOMEBODY
from bot.domain.recipes import Notify, Prompt, Recipe, RecipeError, Sampling
from bot.domain.runs import Origin, State
from bot.ports import Job
from bot.runtime import outside
from bot.runtime.outside import Tag

JOB = Job("job-1", "nightly", "running", BEGIN, config={"model": "tiny", "maxSteps": 20})
OURS = Recipe(
    "tickets",
    "other",
    {"type": "file", "name": "other.jsonl"},
    settings={"max_steps": 99},
    prompts=(Prompt("ours"),),
    samples=Sampling(checkpoints=3),
    notify=Notify(progress_every=50, failure="starter"),
    price_per_hour=2.5,
    match=("night*",),
)


@pytest.mark.parametrize(
    ("name", "shown", "tag"),
    [
        ("nightly", "nightly", None),
        ("nightly [tb-1234abcd-7]", "nightly", Tag("1234abcd", 7)),
        ("nightly [tb-1234abcd-7]  ", "nightly", Tag("1234abcd", 7)),
        ("[tb-i-7] nightly", "[tb-i-7] nightly", None),
        ("nightly [tb-a-1] [tb-b-2]", "nightly [tb-a-1]", Tag("b", 2)),
        ("nightly [tb-a-b-2]", "nightly", Tag("a-b", 2)),
        ("nightly [tb-a-x]", "nightly [tb-a-x]", None),
        ("nightly [tb--1]", "nightly [tb--1]", None),
        ("nightly [tb-a-9999999999999]", "nightly [tb-a-9999999999999]", None),
        ("[tb-i-7]", "", Tag("i", 7)),
        ("", "", None),
    ],
)
def test_the_tag_at_the_end_of_a_name_is_no_part_of_it(name: str, shown: str, tag: Tag | None) -> None:
    assert outside.split(name) == (shown, tag)


def test_a_job_is_trained_by_its_own_config_and_told_by_the_first_recipe_that_it_fits() -> None:
    later, broken = replace(OURS, name="z", prompts=(Prompt("later"),)), RecipeError("a.toml: broken")
    made = outside.recipe(JOB, {"z": later, "tickets": OURS, "a": broken}, (Prompt("usual"),))
    assert (made.name, made.model, made.settings) == ("nightly", "tiny", {"max_steps": 20})
    assert (made.prompts, made.samples, made.notify) == (OURS.prompts, OURS.samples, OURS.notify)
    assert made.price_per_hour == 2.5


def test_where_no_recipe_fits_the_usual_prompts_are_asked_all_of_them() -> None:
    usual = tuple(Prompt(f"usual {number}") for number in range(5))
    made = outside.recipe(JOB, {"tickets": replace(OURS, match=("daily*",))}, usual)
    assert (made.prompts, made.asked) == (usual, (0, 1, 2, 3, 4))
    assert made.notify == Notify()


def test_a_recipe_is_compared_with_the_name_without_its_tag() -> None:
    job = replace(JOB, name="nightly [tb-another-3]")
    made = outside.recipe(job, {"tickets": replace(OURS, match=("nightly",))}, ())
    assert (made.name, made.prompts) == ("nightly", OURS.prompts)


@pytest.mark.parametrize(
    "name", ["", "   ", "\u202e\x00", "x" * 5000, "a\nb\r\nc", "@here <!channel> **bold** ``` <b>"]
)
def test_a_hostile_name_is_one_line_of_at_most_80_characters(name: str) -> None:
    made = outside.recipe(replace(JOB, name=name), {}, ())
    assert 0 < len(made.name) <= 80
    assert made.name.isprintable()


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": 7, "datasetSource": "x", "maxSteps": "many", "learningRate": [1]},
        {"model": "m" * 9999},
        {"x": float("nan")},
        {"deep": [[[[]]]], "prompts": ["ours"], "match": "*", "name": "other", "notify": {"failure": "here"}},
        {"model": "tiny", "big": "x" * 100_000},
    ],
)
def test_a_hostile_config_decides_nothing_but_what_is_trained(config: dict[str, Any]) -> None:
    made = outside.recipe(replace(JOB, config=config), {}, ())
    assert (made.name, made.prompts, made.notify, made.match) == ("nightly", (), Notify(), ())
    assert Recipe.from_dict(made.as_dict()) == made


@pytest.mark.parametrize(
    ("status", "started", "state"),
    [
        ("queued", False, State.QUEUED),
        ("running", True, State.RUNNING),
        ("completed", True, State.RUNNING),
        ("failed", False, State.QUEUED),
        ("cancelled", False, State.QUEUED),
    ],
)
def test_a_job_that_is_to_be_told_begins_as_live_whatever_has_become_of_it(
    status: str, started: bool, state: State
) -> None:
    job = replace(JOB, status=status, started_at=BEGIN if started else None)
    run = outside.run(job, OURS, NOWHERE, history=False)(4)
    assert (run.number, run.state, run.origin, run.job_id) == (4, state, Origin.OUTSIDE, "job-1")
    assert (run.starter, run.home, run.requested_at, run.started_at) == (SOMEBODY, NOWHERE, BEGIN, None)


def test_the_past_is_over_from_the_start_by_what_the_job_says() -> None:
    start, end = BEGIN + timedelta(minutes=1), BEGIN + timedelta(hours=1)
    job = replace(JOB, status="failed", error="out of memory", started_at=start, ended_at=end)
    run = outside.run(job, OURS, NOWHERE, history=True)(1)
    assert (run.state, run.origin, run.error) == (State.FAILED, Origin.HISTORY, "out of memory")
    assert (run.started_at, run.ended_at, run.heard_at) == (start, end, None)


@pytest.mark.parametrize("started", [None, BEGIN + timedelta(minutes=1)])
def test_the_past_has_an_end_also_where_the_job_does_not_say_when(started: Any) -> None:
    run = outside.run(replace(JOB, status="cancelled", started_at=started), OURS, NOWHERE, history=True)(1)
    assert run.ended_at == (started or BEGIN)
