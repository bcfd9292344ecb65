"""Effects as data: round trips, keys, lanes, ranks."""

import json

import pytest

from bot.domain import effects
from bot.domain.effects import KINDS, Effect
from bot.domain.lanes import Rank
from bot.domain.places import Place

HERE = Place("slack", "T1", "C1")
THERE = Place("discord", "1", "2")


def of_each_kind(run: int, where: Place, step: int, prompt: int) -> list[Effect]:
    return [
        effects.StartRun(run),
        effects.StopRun(run),
        effects.DrawSample(run, step, prompt),
        effects.Conclude(run),
        effects.Announce(run, where),
        effects.EditCard(run, where, soon=True),
        effects.PostSample(run, where, step, prompt),
        effects.PostMissing(run, where, step, prompt),
        effects.PostBacklog(run, where, f"{step},{step + 10}"),
        effects.PostProgress(run, where, step),
        effects.PostOutcome(run, where),
        effects.PostFailure(run, where),
        effects.PostLog(run, where),
        effects.PostJoined(run, where),
        effects.PostHint(run, where),
        effects.PostPrompts(run, where, step),
        effects.PostSuccess(run, where),
        effects.PostDirect(run, f"{where.platform}/{where.workspace}/ada"),
        effects.PostStorm(run, where),
        effects.EditStorm(run, where),
        effects.PostOutage(run, where, step),
        effects.EditOutage(run, where, step),
        effects.SeedReactions(run, where, step, prompt),
    ]


EXAMPLES = of_each_kind(42, HERE, 30, 1)


def name_of(effect: Effect) -> str:
    return type(effect).__name__


def test_the_examples_cover_every_kind() -> None:
    assert [type(effect) for effect in EXAMPLES] == list(KINDS.values())


@pytest.mark.parametrize("effect", EXAMPLES, ids=name_of)
def test_an_effect_survives_the_database(effect: Effect) -> None:
    assert effects.load(json.loads(json.dumps(effects.dump(effect)))) == effect


@pytest.mark.parametrize("effect", EXAMPLES, ids=name_of)
def test_a_field_that_this_version_does_not_know_is_left_out(effect: Effect) -> None:
    assert effects.load({**effects.dump(effect), "colour": "red"}) == effect


def test_a_field_that_came_later_has_its_default() -> None:
    assert effects.load({"effect": "EditCard", "run": 42, "where": str(HERE)}) == effects.EditCard(42, HERE)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"effect": "LaunchRocket", "run": 42}, KeyError),
        ({"run": 42}, KeyError),
        ({"effect": "Announce", "run": 42, "where": "nowhere"}, ValueError),
        ({"effect": "Announce", "run": 42}, TypeError),
    ],
)
def test_what_is_no_effect_fails_loudly(data: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        effects.load(data)


def test_once_keys_differ_by_kind_run_place_step_and_prompt() -> None:
    different = [
        *of_each_kind(42, HERE, 30, 1),
        *of_each_kind(4, HERE, 30, 1),
        *of_each_kind(42, THERE, 30, 1),
        *of_each_kind(42, HERE, 3, 1),
        *of_each_kind(4, HERE, 230, 1),
        *of_each_kind(42, HERE, 30, 11),
    ]
    keys: dict[str, Effect] = {}
    for effect in set(different):
        if effect.once is None:
            continue
        known = keys.setdefault(effect.once, effect)
        ends = {type(known), type(effect)} <= {effects.PostOutcome, effects.PostFailure, effects.PostSuccess}
        missing = type(known) is type(effect) and isinstance(effect, effects.PostMissing | effects.PostOutage)
        assert known == effect or ends or missing


def test_a_run_ends_once_in_a_place_loudly_or_quietly() -> None:
    assert effects.PostOutcome(42, HERE).once == effects.PostFailure(42, HERE).once
    assert effects.PostOutcome(42, HERE).once == effects.PostSuccess(42, HERE).once


def test_a_step_misses_its_samples_once_however_many_prompts_it_misses() -> None:
    assert effects.PostMissing(42, HERE, 30, 0).once == effects.PostMissing(42, HERE, 30, 1).once


@pytest.mark.parametrize("effect", EXAMPLES, ids=name_of)
def test_everything_happens_once_or_folds(effect: Effect) -> None:
    assert effect.once or effect.fold


def test_only_cards_progress_stops_and_edits_fold_and_only_with_their_own_run_and_place() -> None:
    folding = {type(effect) for effect in EXAMPLES if effect.fold}
    assert folding == {effects.EditCard, effects.PostProgress, effects.StopRun, effects.EditStorm, effects.EditOutage}
    edits = [effects.EditCard(run, place, soon) for run in (1, 2) for place in (HERE, THERE) for soon in (True, False)]
    assert len({effect.fold for effect in edits}) == 4
    assert effects.PostProgress(1, HERE, 10).fold == effects.PostProgress(1, HERE, 20).fold
    assert effects.PostProgress(1, HERE, 10).fold != effects.EditCard(1, HERE).fold


@pytest.mark.parametrize(
    ("kind", "lane"),
    [
        (effects.StartRun, "job:42"),
        (effects.StopRun, "job:42"),
        (effects.DrawSample, "draw:42"),
        (effects.Conclude, "conclude:42"),
        (effects.Announce, "card:42:slack/T1/C1"),
        (effects.EditCard, "card:42:slack/T1/C1"),
        (effects.PostSample, "thread:42:slack/T1/C1"),
        (effects.PostMissing, "thread:42:slack/T1/C1"),
        (effects.PostBacklog, "thread:42:slack/T1/C1"),
        (effects.PostProgress, "thread:42:slack/T1/C1"),
        (effects.PostOutcome, "thread:42:slack/T1/C1"),
        (effects.PostLog, "thread:42:slack/T1/C1"),
        (effects.PostFailure, "alert:42:slack/T1/C1"),
        (effects.SeedReactions, "react:42:slack/T1/C1"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_each_kind_has_its_lane(kind: type[Effect], lane: str) -> None:
    assert next(effect for effect in EXAMPLES if type(effect) is kind).lane == lane


def test_replies_wait_for_the_card_and_the_failure_waits_for_nothing() -> None:
    card = effects.Announce(42, HERE).once
    for effect in EXAMPLES:
        assert effect.after == (card if effect.lane.startswith("thread:") else None)


def test_the_place_is_told_where_there_is_one() -> None:
    for effect in EXAMPLES:
        assert effect.place == (HERE if str(HERE) in effect.lane else None)


def test_the_most_urgent_goes_first() -> None:
    in_order = [
        effects.PostFailure(42, HERE),
        effects.Announce(42, HERE),
        effects.StartRun(42),
        effects.PostOutcome(42, HERE),
        effects.PostSample(42, HERE, 30, 1),
        effects.DrawSample(42, 30, 1),
        effects.EditCard(42, HERE),
        effects.SeedReactions(42, HERE, 30, 1),
    ]
    assert [effect.rank for effect in in_order] == list(Rank)
    assert all(isinstance(effect.rank, Rank) for effect in EXAMPLES)
