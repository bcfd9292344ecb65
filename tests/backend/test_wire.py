"""Decoding: what the protocol says becomes a fact, and nothing that anyone can send raises."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backend import wire
from bot.domain.events import (
    CheckpointSaved,
    Logged,
    QueueMoved,
    StreamEvent,
    TrainingCompleted,
    TrainingFailed,
    TrainingStarted,
)
from bot.domain.runs import NUMBER_NAMES, Numbers
from bot.domain.text import clean
from bot.domain.tokens import WITHHELD
from bot.ports import Frame, Job

NOW = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
AT = datetime(2026, 8, 8, 9, 1, 12, 410000, tzinfo=UTC)
STAMP = "2026-08-08T09:01:12.410Z"


def decoded(text: str, name: str = "message", event_id: str = "7") -> Frame:
    frame = wire.frame(name, text, event_id, NOW)
    assert frame is not None
    return frame


def event(**fields: Any) -> StreamEvent | None:
    return decoded(json.dumps({"jobId": "j", "timestamp": STAMP, **fields})).event


def test_a_log_becomes_numbers_at_a_step() -> None:
    told = event(
        type="training.log", step=10, loss=2.1143, evalLoss=2.5, learningRate=0.00018, epoch=0.12, samplesPerSecond=11.4
    )
    assert told == Logged(AT, 10, Numbers(2.1143, 2.5, 0.00018, 0.12, 11.4))


def test_zero_is_a_number_and_null_is_none() -> None:
    assert event(type="training.log", step=0, loss=0, evalLoss=None) == Logged(AT, 0, Numbers(loss=0.0))


@pytest.mark.parametrize(
    "written", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, '"2.5"', "true", "[2.5]"]
)
def test_a_number_that_is_none_costs_the_frame_nothing_else(written: str) -> None:
    told = decoded(f'{{"type":"training.log","timestamp":"{STAMP}","step":4,"loss":{written},"epoch":0.5}}')
    assert told == Frame("7", Logged(AT, 4, Numbers(epoch=0.5)))


@pytest.mark.parametrize("step", [-1, 2.5, "3", None, True, 2**53 + 2, 1e300, [3]])
def test_a_step_that_is_none_leaves_the_id_and_no_event(step: Any) -> None:
    for kind in ("training.log", "checkpoint.saved"):
        assert decoded(json.dumps({"type": kind, "step": step})) == Frame("7", None)


def test_a_whole_float_is_a_step() -> None:
    assert event(type="checkpoint.saved", step=30.0) == CheckpointSaved(AT, 30)
    assert event(type="checkpoint.saved", step=2**53) == CheckpointSaved(AT, 2**53)


def test_a_start_may_say_how_many_steps_there_are() -> None:
    assert event(type="training.started") == TrainingStarted(AT)
    assert event(type="training.started", metadata={"totalSteps": 60}) == TrainingStarted(AT, 60)
    odd: list[Any] = [None, [], "60", {"totalSteps": "60"}, {"totalSteps": 0}, {"totalSteps": -1}]
    for metadata in odd:
        assert event(type="training.started", metadata=metadata) == TrainingStarted(AT)


def test_artifacts_are_counted() -> None:
    assert event(type="training.completed", artifacts=[{"pathname": "a"}, 1]) == TrainingCompleted(AT, 2)
    assert event(type="training.completed") == TrainingCompleted(AT, 0)
    assert event(type="training.completed", artifacts={"a": 1}) == TrainingCompleted(AT, 0)


def test_a_failure_keeps_its_words_its_step_and_the_end_of_its_log() -> None:
    told = event(type="training.failed", error="CUDA out of memory", step=2, logTail=["  File \x1b[1m", 3, "Killed"])
    assert told == TrainingFailed(AT, "CUDA out of memory", 2, ("  File [1m", "Killed"))


@pytest.mark.parametrize("error", [None, "", "  \n", 5, {"message": "x"}])
def test_a_failure_without_words_gets_a_sentence(error: Any) -> None:
    assert event(type="training.failed", error=error) == TrainingFailed(AT, wire.NO_REASON)


def test_a_log_tail_is_the_last_fifty_lines_cut_to_width() -> None:
    told = event(type="training.failed", error="x", logTail=[f"{number} " + "y" * 900 for number in range(80)])
    assert isinstance(told, TrainingFailed)
    assert len(told.log_tail) == 50
    assert told.log_tail[-1].startswith("79 ")
    assert {len(line) for line in told.log_tail} == {500}


def test_lone_surrogates_and_overrides_are_made_harmless() -> None:
    told = decoded(
        f'{{"type":"training.failed","timestamp":"{STAMP}","error":"a\\ud800b\\u202ec","logTail":["\\udfff"]}}'
    )
    assert told.event == TrainingFailed(AT, "a\ufffdb<U+202E>c", None, ("\ufffd",))
    assert told.event.error.encode()


@pytest.mark.parametrize(
    "stamp", [None, "", "yesterday", 1786179600, "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_time_that_cannot_be_read_is_now(stamp: Any) -> None:
    assert wire.moment(stamp, NOW) == NOW


@pytest.mark.parametrize(
    "stamp",
    [
        "9999-12-31T23:59:59.999999Z",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59.999999Z",
        "2000-01-01T00:00:00+00:01",
        "2026-08-09T12:00:00.000001Z",
    ],
)
def test_a_time_at_which_nothing_can_have_happened_is_now(stamp: str) -> None:
    assert wire.moment(stamp, NOW) == NOW


@pytest.mark.parametrize("stamp", ["2000-01-01T00:00:00Z", "2026-08-09T12:00:00Z"])
def test_a_time_of_this_century_is_kept_also_where_the_services_clock_is_a_day_ahead(stamp: str) -> None:
    assert wire.moment(stamp, NOW) == datetime.fromisoformat(stamp)


@given(st.one_of(st.text(max_size=40), st.datetimes(timezones=st.none() | st.timezones()).map(datetime.isoformat)))
def test_every_time_can_be_stored_and_read_back(stamp: str) -> None:
    at = wire.moment(stamp, NOW)
    assert datetime.fromtimestamp(at.timestamp(), UTC) == at


def test_times_are_kept_in_utc() -> None:
    assert wire.moment("2026-08-08T18:01:12.410+09:00", NOW) == AT
    assert wire.moment("2026-08-08T09:01:12.410", NOW) == AT
    assert wire.moment("2026-08-08T18:01:12+09:00", NOW).utcoffset() == timedelta(0)


def test_what_is_not_known_is_passed_with_its_id() -> None:
    assert decoded('{"type":"training.paused","step":3}') == Frame("7", None)
    assert decoded('{"type":["training.log"]}') == Frame("7", None)
    for text in ("null", "[]", "3", '"training.log"'):
        assert decoded(text) == Frame("7", None)


def test_what_is_not_json_is_passed_and_is_no_progress() -> None:
    for text in ("{", "not json", '{"type":"training.log"', "[" * 100_000, "\ud800"):
        assert decoded(text) == Frame("7", None, data=False)


def test_the_json_type_counts_and_the_event_name_does_not() -> None:
    assert decoded('{"type":"checkpoint.saved","step":3}', name="training.log").event == CheckpointSaved(NOW, 3)
    assert decoded('{"step":3}', name="checkpoint.saved").event is None


def test_ping_and_end_go_by_the_event_name() -> None:
    assert decoded("", name="ping") == Frame(None, None, data=False)
    assert decoded("{}", name="ping") == Frame(None, None, data=False)
    assert decoded('{"queuePosition":3}', name="ping") == Frame(None, QueueMoved(NOW, 3), data=False)
    assert decoded("", name="end") == Frame("7", None, end=True)
    assert decoded("{}", name="end", event_id="") == Frame(None, None, end=True)
    assert decoded('{"type":"end"}') == Frame("7", None)


@pytest.mark.parametrize("position", [0, -1, "1", 1.5, None, True])
def test_a_queue_position_that_is_none_is_a_plain_ping(position: Any) -> None:
    assert decoded(json.dumps({"queuePosition": position}), name="ping") == Frame(None, None, data=False)


def test_a_frame_without_data_is_nothing() -> None:
    assert wire.frame("message", "", "7", NOW) is None
    assert wire.frame("training.log", "", "7", NOW) is None


@pytest.mark.parametrize("event_id", ["", " 7", "7 ", "a\x07b", "x" * 1001, "a\nb", "ab\ud800c", "\udfff", "7\ud83d"])
def test_an_id_that_cannot_be_sent_back_is_no_cursor(event_id: str) -> None:
    assert decoded("{}", event_id=event_id) == Frame(None, None)


@pytest.mark.parametrize(
    "event_id", ["1", "1700000000-evt-42", "2026-08-08T09:01:12.410Z", "a b", "étape-7", "x" * 1000]
)
def test_an_opaque_id_is_a_cursor_as_it_is(event_id: str) -> None:
    assert decoded("{}", event_id=event_id).id == event_id


def test_a_job_is_read_and_a_foreign_status_is_a_live_one() -> None:
    row = {
        "id": "j",
        "name": "a\u202eb",
        "status": "completed",
        "createdAt": STAMP,
        "completedAt": STAMP,
        "error": None,
    }
    assert wire.job(row, NOW) == Job("j", "a<U+202E>b", "completed", AT, None, AT)
    assert wire.job({"id": "j", "status": "provisioning"}, NOW) == Job("j", "", "running", NOW)
    odd: list[Any] = [{}, {"id": ""}, {"id": 3}, {"id": ".."}, {"id": "a\nb"}, [], None]
    for value in odd:
        assert wire.job(value, NOW) is None


def test_a_job_whose_id_no_database_can_hold_is_left_out() -> None:
    listed = wire.jobs({"jobs": [{"id": "ab\ud800c"}, {"id": "good"}]}, NOW)
    assert listed is not None
    assert [one.id for one in listed] == ["good"]


def test_a_job_says_when_it_started_and_with_what_config() -> None:
    config = {"model": "a\u202eb", "datasetSource": {"type": "huggingface", "name": "d"}, "extra": [1, math.inf, None]}
    read = wire.job({"id": "j", "startedAt": STAMP, "config": config}, NOW)
    assert read is not None
    assert read.started_at == AT
    assert read.config == {**config, "model": "a<U+202E>b", "extra": [1, None, None]}
    for started in (None, "", 5):
        read = wire.job({"id": "j", "startedAt": started}, NOW)
        assert read is not None
        assert read.started_at is None


def test_the_token_of_a_data_set_is_only_noted_and_no_config_is_in_a_repr() -> None:
    source = {"type": "blob", "url": "https://d.example/x", "token": "s3cret"}
    read = wire.job({"id": "j", "config": {"datasetSource": source, "hfToken": "s3cret"}}, NOW)
    assert read is not None
    assert read.config["datasetSource"] == {**source, "token": WITHHELD}
    assert "s3cret" not in repr(read)


@pytest.mark.parametrize("config", [None, [], "x", 5, {"a": "x" * wire.CONFIG_LIMIT}, {"a": ["é"] * wire.CONFIG_LIMIT}])
def test_a_config_that_is_none_or_too_large_is_empty(config: Any) -> None:
    read = wire.job({"id": "j", "config": config}, NOW)
    assert read is not None
    assert read.config == {}


def test_a_config_just_below_the_limit_is_kept_and_one_too_deep_is_not() -> None:
    just = {"a": "é" * ((wire.CONFIG_LIMIT - len('{"a": ""}')) // 2)}
    assert wire.config(just) == just
    assert wire.config({"a": just["a"] + "é"}) == {}
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    assert wire.config({"a": deep}) == {}
    assert wire.config({"a": 10**5000}) == {}


def test_a_list_is_newest_first_and_leaves_out_what_is_no_job() -> None:
    rows = [{"id": "old", "createdAt": "2026-01-01T00:00:00Z"}, 3, {"id": "new", "createdAt": "2026-02-01T00:00:00Z"}]
    assert [job.id for job in wire.jobs({"jobs": rows}, NOW) or ()] == ["new", "old"]
    odd: list[Any] = [None, [], {}, {"jobs": None}, {"jobs": {}}]
    for value in odd:
        assert wire.jobs(value, NOW) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
types = st.sampled_from(
    ["training.started", "training.log", "checkpoint.saved", "training.completed", "training.failed", "other"]
)
fields = ["timestamp", "step", "loss", "evalLoss", "learningRate", "epoch", "samplesPerSecond", "error", "logTail"]
likely = st.fixed_dictionaries(
    {"type": types | anything},
    optional=dict.fromkeys([*fields, "artifacts", "metadata", "queuePosition"], anything),
)


def check_frame(frame: Frame | None) -> None:
    """Whatever came in, what goes out can be stored and compared."""
    assert frame is None or isinstance(frame, Frame)
    told = frame.event if frame is not None else None
    if isinstance(told, Logged):
        assert 0 <= told.step <= 2**53
        numbers = [getattr(told.numbers, name) for name in NUMBER_NAMES]
        assert all(number is None or math.isfinite(number) for number in numbers)
    if isinstance(told, TrainingFailed):
        texts = [told.error, *told.log_tail]
        assert all(text == clean(text) and text.encode() is not None for text in texts)
    if told is not None:
        assert told.at.utcoffset() == timedelta(0)


@given(likely | anything, st.sampled_from(["message", "ping", "end", "training.log"]), st.text())
def test_no_json_raises(value: Any, name: str, event_id: str) -> None:
    check_frame(wire.frame(name, json.dumps(value), event_id, NOW))


@given(st.text(), st.text(), st.text())
def test_no_text_raises(name: str, data: str, event_id: str) -> None:
    check_frame(wire.frame(name, data, event_id, NOW))


@given(anything)
def test_no_answer_raises(value: Any) -> None:
    wire.job(value, NOW)
    assert json.dumps(wire.config(value), allow_nan=False).encode()
    assert json.dumps(wire.config({"datasetSource": value, "x": value}), ensure_ascii=False).encode()
    wire.jobs({"jobs": [value]}, NOW)
    wire.jobs(value, NOW)


@given(anything)
def test_both_readers_of_json_agree_where_the_fast_one_reads(value: Any) -> None:
    text = json.dumps(value)
    read = wire.loads(text)
    if "NaN" not in text and "Infinity" not in text:
        assert read == json.loads(text)
