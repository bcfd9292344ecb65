"""What follows from what is new about a run, for everyone who follows it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import effects
from bot.domain.decide import SOON, Ended, Progressed, SamplesWanted, StopWanted, apply
from bot.domain.events import CheckpointSaved
from bot.domain.fanout import drawn, fan_out, opening
from bot.domain.follows import Follower, Wants
from bot.domain.places import Person, Place
from bot.domain.recipes import Prompt, Recipe, Sampling
from bot.domain.runs import Run, State

AT = datetime(2026, 8, 8, 9, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
HOME = Place("slack", "T1", "C1")
AWAY = Place("discord", "G1", "D1")
ANN = Person("slack", "T1", "U1", "Ann")
RECIPE = Recipe(
    name="support-bot",
    model="tiny",
    dataset={"type": "file", "name": "tickets.jsonl"},
    settings={"max_steps": 100, "save_steps": 10},
    prompts=(Prompt("Hello?"), Prompt("Why?")),
    samples=Sampling(checkpoints=10),
)
REQUESTED = Run(number=42, recipe=RECIPE, home=HOME, starter=ANN, requested_at=AT)
RUNNING = replace(REQUESTED, state=State.RUNNING, job_id="job-1", started_at=AT, heard_at=AT, total_steps=100)
FINAL = [state for state in State if state.final]
AT_HOME = Follower(HOME, Wants(progress_every=10, mention="here"))
FROM_AWAY = Follower(AWAY, Wants(samples=False, success="nobody", failures=False, progress_every=25))


def test_a_new_run_announces_itself_everywhere_before_its_job_starts() -> None:
    assert opening(REQUESTED, [AT_HOME, FROM_AWAY]) == [
        effects.Announce(42, HOME),
        effects.Announce(42, AWAY),
        effects.StartRun(42),
    ]
    assert opening(REQUESTED, []) == [effects.StartRun(42)]


def test_a_changed_card_is_edited_wherever_it_hangs() -> None:
    assert fan_out(RUNNING, [SOON], [AT_HOME, FROM_AWAY]) == [
        effects.EditCard(42, HOME, soon=True),
        effects.EditCard(42, AWAY, soon=True),
    ]


def test_samples_are_drawn_once_a_run_however_many_follow() -> None:
    both = [AT_HOME, Follower(AWAY, Wants())]
    assert fan_out(RUNNING, [SamplesWanted(20)], both) == [
        effects.DrawSample(42, 20, 0),
        effects.DrawSample(42, 20, 1),
    ]


def test_nothing_is_drawn_when_nobody_wants_samples() -> None:
    assert fan_out(RUNNING, [SamplesWanted(20)], [FROM_AWAY]) == []
    assert fan_out(RUNNING, [SamplesWanted(20)], []) == []


def test_only_as_many_prompts_are_put_as_the_recipe_allows() -> None:
    run = replace(RUNNING, recipe=replace(RECIPE, samples=Sampling(prompts=1)))
    assert fan_out(run, [SamplesWanted(20)], [AT_HOME]) == [effects.DrawSample(42, 20, 0)]


@pytest.mark.parametrize(
    ("before", "step", "told"),
    [(0, 9, False), (9, 10, True), (10, 19, False), (10, 20, True), (8, 31, True), (19, 21, True), (20, 20, False)],
)
def test_progress_is_posted_when_a_multiple_was_crossed(before: int, step: int, told: bool) -> None:
    posted = fan_out(RUNNING, [Progressed(before, step)], [AT_HOME])
    assert posted == ([effects.Announce(42, HOME), effects.PostProgress(42, HOME, step)] if told else [])


def test_progress_goes_to_those_whose_distance_was_crossed_and_never_to_those_without_one() -> None:
    never = Follower(Place("room", "-", "general"), Wants(progress_every=0))
    everyone = [AT_HOME, FROM_AWAY, never]
    assert {one.place for one in fan_out(RUNNING, [Progressed(9, 10)], everyone)} == {HOME}
    assert {one.place for one in fan_out(RUNNING, [Progressed(0, 100)], everyone)} == {HOME, AWAY}


def test_a_wanted_stop_is_one_effect_whoever_follows() -> None:
    assert fan_out(RUNNING, [StopWanted()], [AT_HOME, FROM_AWAY]) == [effects.StopRun(42)]
    assert fan_out(RUNNING, [StopWanted()], []) == [effects.StopRun(42)]


@pytest.mark.parametrize("state", [state for state in FINAL if state is not State.FAILED])
def test_a_quiet_end_is_concluded_once_for_all(state: State) -> None:
    run = replace(RUNNING, state=state)
    assert fan_out(run, [Ended()], [AT_HOME, FROM_AWAY]) == [effects.Conclude(42)]


def test_a_failure_is_told_to_those_who_want_failures_and_before_its_log() -> None:
    failed = replace(RUNNING, state=State.FAILED)
    third = Follower(Place("slack", "T1", "C2"), Wants())
    assert fan_out(failed, [Ended()], [AT_HOME, FROM_AWAY, third]) == [
        effects.PostFailure(42, HOME),
        effects.PostLog(42, HOME),
        effects.PostFailure(42, third.place),
        effects.PostLog(42, third.place),
    ]


def test_effects_follow_the_order_of_the_notices() -> None:
    after, notices = apply(RUNNING, CheckpointSaved(LATER, 20))
    kinds = [type(effect) for effect in fan_out(after, notices, [AT_HOME])]
    assert kinds == [
        effects.EditCard,
        effects.Announce,
        effects.PostProgress,
        effects.DrawSample,
        effects.DrawSample,
    ]


def test_a_finished_draw_is_posted_where_it_is_wanted_and_a_failed_one_says_so() -> None:
    both = [AT_HOME, Follower(AWAY, Wants())]
    assert drawn(RUNNING, 20, 1, False, both) == [
        effects.Announce(42, HOME),
        effects.PostSample(42, HOME, 20, 1),
        effects.Announce(42, AWAY),
        effects.PostSample(42, AWAY, 20, 1),
    ]
    assert drawn(RUNNING, 20, 1, True, [AT_HOME, FROM_AWAY]) == [
        effects.Announce(42, HOME),
        effects.PostMissing(42, HOME, 20, 1),
    ]
    assert drawn(RUNNING, 20, 1, False, []) == []
