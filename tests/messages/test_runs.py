import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages.made import (
    ADA,
    ASKED,
    JOB,
    NOW,
    PICTURE,
    RECIPE,
    RUNNING,
    calls,
    curve,
    ended,
    everything,
    labels,
    pings,
    plain,
    spans,
)

from bot.domain.follows import Follow, Follower, Wants, followers
from bot.domain.places import Person
from bot.domain.ratings import Tally
from bot.domain.recipes import Recipe
from bot.domain.runs import Condition, Numbers, Point, Run, State
from bot.messages import runs
from bot.messages.model import Facts, Heading, Message, Meter, Ping, Tone, Verbatim

VOTES = {60: Tally(1, 1), 120: Tally(2, 0)}


def home(run: Run) -> Follower:
    """The run's own place."""
    return followers([Follow.of_home(run, Wants())])[0]


def card(run: Run, **changes: object) -> Message:
    return runs.card(run, **{"now": NOW, "points": curve(), "votes": {}, "follower": home(run), **changes})  # type: ignore[arg-type]


def failure(run: Run, ping: Ping | None = None) -> Message:
    return runs.failure(run, now=NOW, points=curve(), votes=VOTES, picture=PICTURE, ping=ping, follower=home(run))


def outcome(run: Run, votes: dict[int, Tally] | None = None) -> Message:
    return runs.outcome(run, now=NOW, points=curve(), votes=votes or {}, picture=PICTURE)


@pytest.mark.parametrize(("state", "condition"), list(itertools.product(State, (None, *Condition))))
def test_the_card_says_every_state_and_condition_in_words(state: State, condition: Condition | None) -> None:
    run = replace(RUNNING, state=state, condition=condition, ended_at=NOW if state.final else None)
    message = card(run)
    heading = plain(Message("", message.blocks[:1]))
    word = {State.QUEUED: "waiting in the queue"}.get(state, state.value)
    assert isinstance(message.blocks[0], Heading)
    assert heading.startswith(f"support-bot #42 · {word}")
    assert f"support-bot #42: {word}" in message.summary
    assert ("lost contact" in heading) == (condition is Condition.LOST_CONTACT and not state.final)
    assert ("silent for 0 s" in heading) == (condition is Condition.SILENT and not state.final)
    assert (message.tone is Tone.ODD) == (condition is not None and not state.final)


def test_a_running_card_says_what_is_known() -> None:
    text = plain(card(replace(RUNNING, changes=("learning_rate=2e-4",)), votes={120: Tally(3, 1)}))
    for fact in (
        "step 120 of 300 · 40 %",
        "Started by: Ada",
        "1.8187 → 1.2346 █",
        "Eval loss: 1.5000",
        "11.4 samples/s · 60 steps/min",
        "Learning rate: 2e-4",
        "2 min so far · about 3 min left",
        "learning_rate=2e-4",
        "👍 3 👎 1 · step 120 ahead",
        f"Job: {JOB}",
        "Sorts support tickets · model tiny · data support-tickets.jsonl · cost about 0.08 so far, at 2.50 an hour",
    ):
        assert fact in text


def test_the_same_facts_give_the_same_card() -> None:
    assert card(RUNNING) == card(replace(RUNNING))


def test_zero_is_a_number_and_none_is_not_said() -> None:
    text = plain(card(replace(RUNNING, numbers=Numbers(loss=0.0, learning_rate=0.0)), points=[]))
    assert "Loss: 0.0000" in text
    assert "Learning rate: 0" in text
    assert "Eval loss" not in text
    assert "samples/s" not in text
    assert "None" not in text


def test_a_run_of_unknown_length_has_its_step_and_no_meter() -> None:
    message = card(replace(RUNNING, total_steps=None))
    assert not any(isinstance(block, Meter) for block in message.blocks)
    assert "Step: 120" in plain(message)
    assert "left" not in plain(message)


def test_a_step_beyond_the_plan_fills_the_meter_and_no_more() -> None:
    (meter,) = [block for block in card(replace(RUNNING, step=400)).blocks if isinstance(block, Meter)]
    assert meter == Meter(1.0, "step 400 of 300 · 100 %")


@pytest.mark.parametrize(
    "run",
    [
        replace(RUNNING, step=2),
        replace(RUNNING, condition=Condition.SILENT),
        replace(RUNNING, cancel_by=ADA),
        replace(RUNNING, heard_at=NOW - timedelta(minutes=100)),
        ended(),
    ],
)
def test_no_end_is_guessed_unless_it_runs_steadily(run: Run) -> None:
    assert "left" not in plain(card(run))


def test_a_queued_card_has_its_position_and_nothing_of_training() -> None:
    message = card(replace(ASKED, state=State.QUEUED, queue_position=2, total_steps=300), points=[])
    assert "waiting in the queue, position 2" in plain(message)
    assert "Waiting since: 2026" in plain(message)
    assert "step" not in plain(message)
    assert labels(message) == ["Notifications", "Cancel"]
    assert message.tone is Tone.WAITING


def test_a_cancelling_card_names_who_asked_and_does_not_ask_again() -> None:
    message = card(replace(RUNNING, cancel_by=ADA))
    assert "cancelling, asked by Ada" in plain(message)
    assert "cancelling, asked by Ada" in message.summary
    assert "Cancel" not in labels(message)


def test_a_live_card_can_be_plotted_sampled_and_cancelled_and_a_final_one_not_cancelled() -> None:
    assert [call.encode() for call in calls(card(RUNNING))] == [
        "1|plot|run=42",
        "1|samples|run=42",
        "1|follows|run=42",
        "1|cancel|run=42",
    ]
    assert labels(card(ended())) == ["Plot", "Samples", "Notifications", "Again"]
    assert labels(card(ended(State.REFUSED, checkpoints=(), sampled=()), points=[])) == ["Notifications", "Again"]


def test_a_silent_card_says_for_how_long() -> None:
    run = replace(RUNNING, condition=Condition.SILENT, heard_at=NOW - timedelta(minutes=12))
    assert "silent for 12 min" in plain(card(run))


@pytest.mark.parametrize(("artifacts", "said"), [(0, "0 artifacts"), (1, "1 artifact"), (2, "2 artifacts")])
def test_artifacts_are_counted_in_english(artifacts: int, said: str) -> None:
    assert f"Result: {said}\n" in plain(card(ended(artifacts=artifacts)))
    assert f" completed in 58 s with {said}.\n" in plain(outcome(ended(artifacts=artifacts)))
    assert "artifact" not in plain(card(ended(artifacts=None))) + everything(outcome(ended(artifacts=None)))


def test_a_failed_card_has_the_cause_on_one_line() -> None:
    error = 'Traceback (most recent call last):\n  File "train.py", line 3\nCUDA out of memory: tried 2 GiB'
    message = card(ended(State.FAILED, error=error))
    assert "Error: CUDA out of memory: tried 2 GiB\n" in plain(message)
    assert "Traceback" not in plain(message)
    assert "Duration: 58 s\n" in plain(message)
    assert message.tone is Tone.BAD


def test_a_blank_error_is_not_shown() -> None:
    assert "Error" not in plain(card(ended(State.FAILED, error=" \n")))
    assert "no reason" in plain(failure(ended(State.FAILED, error=" \n")))


def test_a_failure_says_everything_and_calls_once() -> None:
    error = "CUDA out of memory.\n  tried to allocate 2 GiB * \\_/ <!channel>"
    message = failure(ended(State.FAILED, error=error), Ping())
    first = plain(message).splitlines()[0]
    assert first == "@here support-bot #42 failed after 58 s, at step 120 of 300."
    assert Verbatim(error, "Error") in message.blocks
    for fact in (JOB, "step 120 of 300, loss 1.2346, eval loss 1.5000", "Started by: Ada", "step 120 (👍 2)"):
        assert fact in plain(message)
    for fact in ("support-bot", "#42", "CUDA out of memory.", JOB):
        assert fact in message.summary
    assert PICTURE in message.blocks
    assert labels(message) == ["Again", "Show samples", "Notifications"]
    assert pings(message) == [Ping()]


def test_a_failure_can_be_told_without_calling_anybody() -> None:
    message = failure(ended(State.FAILED, error="boom", checkpoints=()))
    assert not pings(message)
    assert labels(message) == ["Again", "Notifications"]


def test_a_failure_before_the_first_step_has_no_numbers() -> None:
    run = replace(ASKED, state=State.FAILED, ended_at=NOW)
    message = runs.failure(run, now=NOW, points=[], votes={}, picture=None, ping=None, follower=home(run))
    assert "support-bot #42 failed after 2 min." in plain(message)
    assert "step" not in plain(message)


def test_a_completion_has_its_numbers_and_votes_and_is_quiet() -> None:
    message = outcome(ended(artifacts=2), VOTES)
    for fact in ("completed in 58 s", "2 artifacts", "loss 1.2346", "step 120 (👍 2)", JOB, "[loss from 2.0 to 1.0]"):
        assert fact in plain(message)
    assert not pings(message)
    assert message.tone is Tone.GOOD


def test_a_completion_without_votes_says_that_they_still_count() -> None:
    assert "no votes yet: the thumbs under the samples still count" in plain(outcome(ended()))
    assert "no step is ahead (👎 1)" in plain(outcome(ended(), {30: Tally(0, 1)}))
    assert "votes" not in plain(outcome(ended(sampled=())))


def test_a_cancelled_run_names_who_asked_and_where_it_stood() -> None:
    message = outcome(ended(State.CANCELLED, cancel_by=ADA))
    assert "support-bot #42 was cancelled by Ada at step 120 of 300, after 58 s." in plain(message)
    assert "cancelled by Ada" in message.summary
    early = replace(ASKED, state=State.CANCELLED, ended_at=NOW)
    assert "was cancelled before it started, after 2 min." in plain(outcome(early))


def test_a_stopped_run_says_its_rule() -> None:
    message = outcome(ended(State.STOPPED, error="loss did not fall for 100 steps"))
    assert "was stopped at step 120" in plain(message)
    assert "loss did not fall for 100 steps" in plain(message)


def test_a_refusal_has_the_reason_in_full_and_what_to_do() -> None:
    reason = "datasetSource.name: no such data set\nknown: a, b"
    message = outcome(replace(ASKED, state=State.REFUSED, error=reason, ended_at=NOW))
    assert Verbatim(reason, "Reason") in message.blocks
    assert "/train start support-bot" in plain(message)
    assert "datasetSource.name: no such data set known: a, b" in message.summary


def test_the_log_is_shown_line_for_line() -> None:
    message = runs.log_tail(ended(State.FAILED, log_tail=("one", "  two *")), points=curve())
    assert Verbatim("one\n  two *", "The end of the log") in message.blocks
    assert "support-bot #42" in plain(message)


def test_without_a_log_the_last_numbers_take_its_place() -> None:
    (block,) = [one for one in runs.log_tail(RUNNING, points=curve(30)).blocks if isinstance(one, Verbatim)]
    assert len(block.text.splitlines()) == 10
    assert block.text.splitlines()[-1] == "step=300 loss=1.0025"


def test_without_anything_the_log_is_a_sentence() -> None:
    assert plain(runs.log_tail(ASKED, points=[])) == "support-bot #42 left no log and no numbers."


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (Numbers(loss=1.23456), "step=100 loss=1.2346"),
        (Numbers(), "step=100"),
        (Numbers(loss=0.0, eval_loss=1.5), "step=100 loss=0.0000 evalLoss=1.5000"),
    ],
)
def test_progress_is_exactly_one_line(numbers: Numbers, said: str) -> None:
    assert plain(runs.progress(RUNNING, step=100, numbers=numbers)) == said


FLOATS = st.none() | st.floats()
COUNTS = st.integers(0, 2**63)


@given(
    state=st.sampled_from(State),
    numbers=st.builds(Numbers, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS),
    step=COUNTS,
    total=st.none() | COUNTS,
    heard=st.timedeltas(timedelta(-400), timedelta(400)),
    error=st.none() | st.text(),
)
def test_no_numbers_break_a_message(
    *, state: State, numbers: Numbers, step: int, total: int | None, heard: timedelta, error: str | None
) -> None:
    run = replace(
        RUNNING, state=state, numbers=numbers, step=step, total_steps=total, heard_at=NOW + heard, error=error
    )
    points = [Point(step, numbers)] * 3
    for message in (card(run, points=points), failure(run), outcome(run), runs.log_tail(run, points=points)):
        assert plain(message)
        assert "\n" not in message.summary
        assert all(0 <= block.done <= 1 for block in message.blocks if isinstance(block, Meter))


HOSTILE = "<!channel> @here **x** [a](http://b) `c` \u202e$\\frac{\n<@U1>"
MESSAGES: list[Callable[[Run], Message]] = [
    card,
    failure,
    outcome,
    lambda run: runs.log_tail(run, points=[]),
    lambda run: runs.progress(run, step=1, numbers=run.numbers),
]


@pytest.mark.parametrize("build", MESSAGES)
@pytest.mark.parametrize("state", list(State))
def test_hostile_text_stays_inside_inert_spans(build: Callable[[Run], Message], state: State) -> None:
    person = Person("slack", "T1", "U1", HOSTILE)
    recipe = replace(RECIPE, name=HOSTILE, description=HOSTILE, model=HOSTILE, dataset={"name": HOSTILE})
    run = ended(state, recipe=recipe, starter=person, cancel_by=person, error=HOSTILE, log_tail=(HOSTILE,))
    message = build(replace(run, job_id=HOSTILE, changes=(HOSTILE,)))
    assert not pings(message)
    assert "\n" not in message.summary
    assert "\u202e" not in message.summary
    assert spans(message)
    assert all("<" not in label for block in message.blocks if isinstance(block, Facts) for label, _ in block.pairs)
    assert all(len(call.encode().encode()) <= 100 for call in calls(message))


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        (
            {"type": "huggingface", "name": "acme/tickets", "split": "train", "subset": "en"},
            "data acme/tickets en train",
        ),
        ({"type": "blob", "url": "https://x.example/a/rows.jsonl?sig=secret"}, "data rows.jsonl"),
        ({"type": "blob", "url": "https://x.example?sig=secret"}, "data x.example"),
        ({"type": "blob", "url": "https://[secret"}, "data an address"),
    ],
)
def test_data_goes_by_its_name_and_keeps_its_signature_to_itself(dataset: dict[str, str], said: str) -> None:
    text = plain(card(replace(RUNNING, recipe=replace(RECIPE, dataset=dataset))))
    assert f" · {said} · " in text
    assert "secret" not in text


def test_a_discovered_run_without_a_recipe_of_ours_has_no_small_print() -> None:
    text = plain(card(replace(RUNNING, recipe=Recipe(name="theirs", model="", dataset={}))))
    assert text.startswith("theirs #42 · running")
    assert text.endswith("[Cancel]\nTold here because it was started here.")
