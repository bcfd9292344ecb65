"""What a run becomes by an event, and what is new about that: every pair of state and event, and replays."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.decide import (
    ERROR_LIMIT,
    SOON,
    CardChanged,
    Ended,
    Notice,
    Progressed,
    SamplesWanted,
    StopWanted,
    apply,
)
from bot.domain.events import (
    CancelAsked,
    CancelRefused,
    CheckpointSaved,
    ContactLost,
    ContactRegained,
    Event,
    FellSilent,
    JobCreated,
    JobRefused,
    Logged,
    QueueMoved,
    TrainingCancelled,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from bot.domain.places import Person, Place
from bot.domain.recipes import Prompt, Recipe, Sampling
from bot.domain.runs import Condition, Numbers, Run, State

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
QUIET = CardChanged()
REQUESTED = Run(number=42, recipe=RECIPE, home=HOME, starter=ANN, requested_at=AT)
QUEUED = replace(REQUESTED, state=State.QUEUED, job_id="job-1", queue_position=3)
RUNNING = replace(
    QUEUED,
    state=State.RUNNING,
    queue_position=None,
    started_at=AT,
    total_steps=100,
    step=10,
    checkpoints=(10,),
    sampled=(10,),
)
LIVE = {run.state: run for run in (REQUESTED, QUEUED, RUNNING)}
FINAL = [state for state in State if state.final]

EVENTS: tuple[Event, ...] = (
    JobCreated(LATER, "job-1"),
    JobRefused(LATER, "no such model"),
    QueueMoved(LATER, 2),
    TrainingStarted(LATER, 100),
    Logged(LATER, 20, Numbers(loss=1.5)),
    CheckpointSaved(LATER, 20),
    TrainingCompleted(LATER, 2),
    TrainingFailed(LATER, "CUDA out of memory", 25),
    TrainingCancelled(LATER),
    CancelAsked(LATER, ANN),
    FellSilent(LATER),
    ContactLost(LATER),
    ContactRegained(LATER),
)
END = (SOON, Ended())
BEGUN = (SOON, SamplesWanted(0))
TABLE: dict[State, dict[type[Event], tuple[State, tuple[Notice, ...]]]] = {
    State.REQUESTED: {
        JobCreated: (State.QUEUED, (SOON,)),
        JobRefused: (State.REFUSED, END),
        QueueMoved: (State.REQUESTED, ()),
        TrainingStarted: (State.RUNNING, BEGUN),
        Logged: (State.RUNNING, (SOON, Progressed(0, 20))),
        CheckpointSaved: (State.RUNNING, (SOON, Progressed(0, 20), SamplesWanted(20))),
        TrainingCompleted: (State.COMPLETED, END),
        TrainingFailed: (State.FAILED, END),
        TrainingCancelled: (State.CANCELLED, END),
        CancelAsked: (State.REQUESTED, (SOON,)),
        FellSilent: (State.REQUESTED, (QUIET,)),
        ContactLost: (State.REQUESTED, (QUIET,)),
        ContactRegained: (State.REQUESTED, ()),
    },
    State.QUEUED: {
        JobCreated: (State.QUEUED, ()),
        JobRefused: (State.QUEUED, ()),
        QueueMoved: (State.QUEUED, (QUIET,)),
        TrainingStarted: (State.RUNNING, BEGUN),
        Logged: (State.RUNNING, (SOON, Progressed(0, 20))),
        CheckpointSaved: (State.RUNNING, (SOON, Progressed(0, 20), SamplesWanted(20))),
        TrainingCompleted: (State.COMPLETED, END),
        TrainingFailed: (State.FAILED, END),
        TrainingCancelled: (State.CANCELLED, END),
        CancelAsked: (State.QUEUED, (SOON, StopWanted())),
        FellSilent: (State.QUEUED, (QUIET,)),
        ContactLost: (State.QUEUED, (QUIET,)),
        ContactRegained: (State.QUEUED, ()),
    },
    State.RUNNING: {
        JobCreated: (State.RUNNING, ()),
        JobRefused: (State.RUNNING, ()),
        QueueMoved: (State.RUNNING, ()),
        TrainingStarted: (State.RUNNING, ()),
        Logged: (State.RUNNING, (QUIET, Progressed(10, 20))),
        CheckpointSaved: (State.RUNNING, (QUIET, Progressed(10, 20), SamplesWanted(20))),
        TrainingCompleted: (State.COMPLETED, END),
        TrainingFailed: (State.FAILED, END),
        TrainingCancelled: (State.CANCELLED, END),
        CancelAsked: (State.RUNNING, (SOON, StopWanted())),
        FellSilent: (State.RUNNING, (QUIET,)),
        ContactLost: (State.RUNNING, (QUIET,)),
        ContactRegained: (State.RUNNING, ()),
    },
}


def name_of(value: object) -> str:
    return str(value) if isinstance(value, State) else type(value).__name__


def applied(run: Run, events: Iterable[Event]) -> tuple[Run, list[Notice]]:
    told: list[Notice] = []
    for event in events:
        run, notices = apply(run, event)
        told += notices
    return run, told


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
@pytest.mark.parametrize("state", LIVE, ids=name_of)
def test_every_live_state_meets_every_event(state: State, event: Event) -> None:
    after, notices = apply(LIVE[state], event)
    assert (after.state, notices) == TABLE[state][type(event)]


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
@pytest.mark.parametrize("state", FINAL, ids=name_of)
def test_a_final_run_accepts_no_event(state: State, event: Event) -> None:
    run = replace(RUNNING, state=state, ended_at=AT)
    assert apply(run, event) == (run, ())


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
@pytest.mark.parametrize("state", LIVE, ids=name_of)
def test_an_event_that_tells_nothing_changes_nothing(state: State, event: Event) -> None:
    after, notices = apply(LIVE[state], event)
    assert notices or after == LIVE[state]


def test_a_created_job_gives_its_name_and_the_first_name_stays() -> None:
    run, _ = apply(REQUESTED, JobCreated(LATER, "job-1"))
    assert (run.job_id, run.heard_at) == ("job-1", LATER)
    again, notices = apply(run, JobCreated(LATER, "job-2"))
    assert (again.job_id, notices) == ("job-1", ())


def test_a_job_that_is_created_after_its_first_event_does_not_queue_the_run_again() -> None:
    run, _ = apply(REQUESTED, TrainingStarted(AT, 100))
    after, notices = apply(run, JobCreated(LATER, "job-1"))
    assert (after.state, after.job_id, notices) == (State.RUNNING, "job-1", (SOON,))


def test_a_cancel_before_the_job_exists_stops_it_once_it_does() -> None:
    run, notices = apply(REQUESTED, CancelAsked(AT, ANN))
    assert (run.cancel_by, notices) == (ANN, (SOON,))
    run, notices = apply(run, JobCreated(LATER, "job-1"))
    assert notices == (SOON, StopWanted())
    assert applied(run, [JobCreated(LATER, "job-1"), CancelAsked(LATER, ANN)]) == (run, [])


def test_the_first_to_cancel_is_remembered() -> None:
    other = Person("slack", "T1", "U2")
    run, told = applied(RUNNING, [CancelAsked(AT, ANN), CancelAsked(LATER, other), TrainingCancelled(LATER)])
    assert (run.state, run.cancel_by) == (State.CANCELLED, ANN)
    assert told.count(StopWanted()) == 1


def test_a_run_that_was_asked_to_stop_may_still_complete() -> None:
    run, _ = applied(RUNNING, [CancelAsked(AT, ANN), TrainingCompleted(LATER, 2)])
    assert (run.state, run.cancel_by, run.artifacts) == (State.COMPLETED, ANN, 2)


def test_a_refusal_keeps_its_reason() -> None:
    run, _ = apply(REQUESTED, JobRefused(LATER, "no such model"))
    assert (run.error, run.ended_at, run.job_id) == ("no such model", LATER, None)


def test_a_run_whose_job_exists_cannot_be_refused_any_more() -> None:
    assert apply(QUEUED, JobRefused(LATER, "name is taken")) == (QUEUED, ())


def test_a_start_says_when_and_how_long() -> None:
    run, _ = apply(QUEUED, TrainingStarted(LATER, 80))
    assert (run.started_at, run.total_steps, run.queue_position) == (LATER, 80, None)


@pytest.mark.parametrize("said", [None, 0])
def test_a_start_without_a_length_takes_the_recipes(said: int | None) -> None:
    assert apply(QUEUED, TrainingStarted(LATER, said))[0].total_steps == 100
    unlimited = replace(QUEUED, recipe=replace(RECIPE, settings={}))
    assert apply(unlimited, TrainingStarted(LATER, said))[0].total_steps is None


def test_a_late_start_still_draws_the_base_model_and_takes_nothing_back() -> None:
    run, _ = apply(QUEUED, Logged(AT, 30, Numbers(loss=2.0)))
    after, notices = apply(run, TrainingStarted(LATER, 100))
    assert notices == BEGUN
    assert (after.step, after.numbers, after.total_steps) == (30, Numbers(loss=2.0), 100)


def test_a_run_whose_start_was_missed_runs_and_ends_all_the_same() -> None:
    events = [Logged(AT, 10), CheckpointSaved(AT, 10), TrainingCompleted(LATER)]
    run, told = applied(QUEUED, events)
    assert (run.state, run.step, run.duration(LATER)) == (State.COMPLETED, 10, timedelta(minutes=5))
    assert told[-1] == Ended()


def test_a_later_number_that_is_not_null_wins() -> None:
    logs = [Logged(AT, 20, Numbers(loss=1.5, epoch=0.2)), Logged(AT, 20, Numbers(loss=1.4, eval_loss=1.9))]
    run, told = applied(RUNNING, logs)
    assert run.numbers == Numbers(loss=1.4, eval_loss=1.9, epoch=0.2)
    assert told == [QUIET, Progressed(10, 20), QUIET]


def test_numbers_of_an_earlier_step_do_not_replace_newer_ones() -> None:
    run, _ = apply(RUNNING, Logged(AT, 20, Numbers(loss=1.5)))
    assert apply(run, Logged(LATER, 19, Numbers(loss=9.9))) == (run, ())


def test_a_log_line_without_numbers_is_news_by_its_step_alone() -> None:
    run, notices = apply(RUNNING, Logged(AT, 11))
    assert (run.step, notices) == (11, (QUIET, Progressed(10, 11)))
    assert apply(run, Logged(LATER, 11)) == (run, ())


def test_a_checkpoint_is_known_by_its_step() -> None:
    assert apply(RUNNING, CheckpointSaved(LATER, 10)) == (RUNNING, ())
    run, _ = apply(RUNNING, CheckpointSaved(LATER, 30))
    run, notices = apply(run, CheckpointSaved(LATER, 20))
    assert (run.checkpoints, run.step) == ((10, 20, 30), 30)
    assert SamplesWanted(20) not in notices


@pytest.mark.parametrize("step", [0, -1])
def test_a_checkpoint_before_the_first_step_is_none(step: int) -> None:
    assert apply(RUNNING, CheckpointSaved(LATER, step)) == (RUNNING, ())


def test_progress_is_told_once_whichever_of_log_and_checkpoint_comes_first() -> None:
    pair = [Logged(AT, 20, Numbers(loss=1.0)), CheckpointSaved(AT, 20)]
    for events in (pair, pair[::-1]):
        run, told = applied(RUNNING, events)
        assert [notice for notice in told if isinstance(notice, Progressed)] == [Progressed(10, 20)]
        assert run.numbers == Numbers(loss=1.0)


def test_the_last_checkpoint_is_sampled_on_completion() -> None:
    run = replace(RUNNING, checkpoints=(10, 17), sampled=(10,))
    after, notices = apply(run, TrainingCompleted(LATER))
    assert (after.sampled, notices) == ((10, 17), (SamplesWanted(17), *END))


def test_a_recipe_without_samples_stays_without_on_completion() -> None:
    run = replace(RUNNING, recipe=replace(RECIPE, samples=Sampling(checkpoints=0)), checkpoints=(17,), sampled=())
    assert apply(run, TrainingCompleted(LATER))[1] == END
    assert apply(run, CheckpointSaved(LATER, 20))[1] == (QUIET, Progressed(10, 20))


@pytest.mark.parametrize("event", [TrainingFailed(LATER, "boom"), TrainingCancelled(LATER)], ids=name_of)
def test_a_run_that_does_not_complete_draws_no_last_sample(event: Event) -> None:
    assert apply(replace(RUNNING, checkpoints=(10, 17)), event)[1] == END


def test_a_failure_keeps_its_text_its_log_and_the_highest_step() -> None:
    run, _ = apply(RUNNING, TrainingFailed(LATER, "CUDA\x1b[31m out\r\nof memory", 25, ("a", "b")))
    assert (run.error, run.step, run.log_tail) == ("CUDA[31m out\nof memory", 25, ("a", "b"))
    assert apply(RUNNING, TrainingFailed(LATER, "boom", 5))[0].step == 10
    assert apply(RUNNING, TrainingFailed(LATER, "boom"))[0].step == 10


def test_a_failure_text_of_any_length_is_cut() -> None:
    run, _ = apply(RUNNING, TrainingFailed(LATER, "x" * 10 * ERROR_LIMIT))
    assert run.error is not None
    assert len(run.error) == ERROR_LIMIT


def test_an_empty_failure_text_stays_a_text() -> None:
    assert apply(RUNNING, TrainingFailed(LATER, ""))[0].error == ""


@pytest.mark.parametrize(
    "event",
    [QueueMoved(LATER, 2), TrainingStarted(LATER), Logged(LATER, 20), CheckpointSaved(LATER, 20)],
    ids=name_of,
)
@pytest.mark.parametrize("condition", Condition)
def test_a_condition_is_taken_back_when_the_run_speaks(event: Event, condition: Condition) -> None:
    run, _ = apply(replace(QUEUED, condition=condition), event)
    assert (run.condition, run.heard_at) == (None, LATER)


def test_a_created_job_ends_the_loss_of_contact() -> None:
    run = replace(REQUESTED, condition=Condition.LOST_CONTACT)
    assert apply(run, JobCreated(LATER, "job-1"))[0].condition is None


def test_a_condition_is_told_once_and_regaining_contact_does_not_end_silence() -> None:
    silent, _ = apply(RUNNING, FellSilent(LATER))
    assert apply(silent, FellSilent(LATER)) == (silent, ())
    assert apply(silent, ContactRegained(LATER)) == (silent, ())
    lost, _ = apply(RUNNING, ContactLost(LATER))
    assert apply(lost, ContactLost(LATER)) == (lost, ())
    assert apply(lost, ContactRegained(LATER)) == (RUNNING, (QUIET,))


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_the_end_takes_every_condition_and_queue_position_back(event: Event) -> None:
    run, notices = apply(replace(QUEUED, condition=Condition.SILENT), event)
    assert (Ended() in notices) == run.state.final == (run.ended_at is not None)
    if run.state.final:
        assert (run.condition, run.queue_position, run.ended_at) == (None, None, LATER)


STEPS = st.integers(-2, 100)


def honest_numbers(step: int) -> Numbers:
    return Numbers(loss=1 / (step + 10), learning_rate=None if step % 2 else 0.1)


HONEST = st.one_of(
    st.just(QueueMoved(AT, 2)),
    st.sampled_from([TrainingStarted(AT, 100), TrainingStarted(AT)]),
    STEPS.map(lambda step: Logged(AT, step, honest_numbers(step))),
    STEPS.map(lambda step: CheckpointSaved(AT, step)),
)
FINISH = st.sampled_from([TrainingCompleted(AT, 1), TrainingFailed(AT, "boom", 99), TrainingCancelled(AT)])
LOSSES = st.none() | st.floats(0, 9, allow_nan=False)
ANYTHING = st.one_of(
    HONEST,
    FINISH,
    st.builds(Logged, st.just(AT), STEPS, st.builds(Numbers, LOSSES, LOSSES)),
    st.builds(QueueMoved, st.just(AT), st.integers(1, 5)),
    st.sampled_from(EVENTS),
)
QUICK = settings(deadline=None, max_examples=80)


@QUICK
@given(st.lists(HONEST, max_size=25), st.none() | FINISH, st.data())
def test_a_replay_of_any_beginning_causes_nothing(events: list[Event], end: Event | None, data: st.DataObject) -> None:
    said = [*events, end] if end else events
    run, _ = applied(QUEUED, said)
    begin = data.draw(st.integers(0, len(said)))
    assert applied(run, said[:begin]) == (run, [])


@QUICK
@given(st.lists(st.one_of(HONEST, ANYTHING.filter(lambda event: isinstance(event, Logged | QueueMoved))), max_size=25))
def test_a_replay_of_a_service_that_contradicts_itself_redraws_the_card_at_the_most(events: list[Event]) -> None:
    run, _ = applied(QUEUED, events)
    again, told = applied(run, events)
    assert replace(again, heard_at=run.heard_at) == run
    assert set(told) <= {QUIET}


STAGES = {State.REQUESTED: 0, State.QUEUED: 1, State.RUNNING: 2, **dict.fromkeys(FINAL, 3)}


@QUICK
@given(st.lists(ANYTHING, max_size=30))
def test_no_event_ever_turns_a_run_back(events: list[Event]) -> None:
    run = replace(REQUESTED, cursor="17")
    for event in events:
        after, _ = apply(run, event)
        assert after.step >= run.step
        assert STAGES[after.state] >= STAGES[run.state]
        assert set(after.checkpoints) >= set(run.checkpoints)
        assert set(after.sampled) >= set(run.sampled)
        assert (after.cursor, after.number, after.recipe, after.home) == ("17", 42, RECIPE, HOME)
        run = after


@QUICK
@given(st.lists(ANYTHING, max_size=30), st.integers(0, 4))
def test_nothing_is_told_twice_and_no_sequence_draws_beyond_the_limit(events: list[Event], limit: int) -> None:
    recipe = replace(RECIPE, samples=Sampling(checkpoints=limit))
    run, told = applied(replace(REQUESTED, recipe=recipe), events)
    draws = [notice for notice in told if isinstance(notice, SamplesWanted) and notice.step]
    assert len(draws) == len(set(draws)) <= limit
    assert tuple(sorted(notice.step for notice in draws)) == run.sampled
    assert list(run.checkpoints) == sorted(set(run.checkpoints))
    for single in (Ended(), StopWanted(), SamplesWanted(0)):
        assert told.count(single) <= 1
    assert (Ended() in told) == run.state.final


@QUICK
@given(st.lists(STEPS.map(lambda step: CheckpointSaved(AT, step)), max_size=30), st.integers(1, 4), st.booleans())
def test_the_last_checkpoint_of_a_completed_run_is_always_drawn(events: list[Event], limit: int, started: bool) -> None:
    recipe = replace(RECIPE, samples=Sampling(checkpoints=limit))
    begin: list[Event] = [TrainingStarted(AT, 100)] if started else []
    run, told = applied(replace(QUEUED, recipe=recipe), [*begin, *events, TrainingCompleted(AT)])
    if run.checkpoints:
        assert SamplesWanted(run.checkpoints[-1]) in told


def test_a_job_that_was_created_for_a_run_that_is_over_is_stopped() -> None:
    refused, _ = apply(REQUESTED, JobRefused(AT, "dropped"))
    late, notices = apply(refused, JobCreated(AT, "job-late"))
    assert (late.state, late.job_id, notices) == (State.REFUSED, "job-late", (StopWanted(),))
    assert apply(late, JobCreated(AT, "job-later")) == (late, ())


def test_a_refused_cancel_is_taken_back_once() -> None:
    asked, _ = apply(RUNNING, CancelAsked(AT, ANN))
    back, notices = apply(asked, CancelRefused(AT))
    assert (back.cancel_by, notices) == (None, (CardChanged(soon=True),))
    assert apply(back, CancelRefused(AT)) == (back, ())


def test_a_recipe_without_sampled_checkpoints_does_not_ask_the_base_model_either() -> None:
    silent = replace(REQUESTED, recipe=replace(RECIPE, samples=Sampling(checkpoints=0)))
    _, notices = apply(silent, TrainingStarted(AT))
    assert notices == (CardChanged(soon=True),)
