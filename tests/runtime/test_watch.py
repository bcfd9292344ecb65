"""Following a stream: when it is opened again, when a run is out of contact or silent, and what settles its end."""

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.clock import BEGIN, VirtualClock
from runtime.stage import HERE, Stage, recipe, stage
from structlog.testing import capture_logs

from bot.domain.effects import PostFailure
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import CheckpointSaved, Logged, TrainingCompleted, TrainingFailed, TrainingStarted
from bot.domain.recipes import Notify
from bot.domain.runs import Condition, Numbers, Run, State
from bot.ports import Clock, Frame, Job
from bot.runtime.stream import backoff
from bot.store import runs
from bot.store.database import Query

Said = Frame | Exception | float  # a float is a wait
PING = Frame(None, None, data=False)
END = Frame(None, None, end=True)
DOWN = Unavailable("connection refused", pace="service")
OPEN = 1e9  # a connection that stays open


def log(step: int, id: str | None = None) -> Frame:
    return Frame(id or str(step), Logged(BEGIN + timedelta(seconds=step), step, Numbers(loss=1.0)))


def gone(status: int) -> Rejected:
    return Rejected(Scope.GONE, "not found", status=status)


def shut(status: int) -> Rejected:
    return Rejected(Scope.TOKEN, "not let in", status=status)


class Scripted:
    """A training service whose streams say what they are told, one entry a connection; the last one for ever."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.connections: list[Sequence[Said]] = [(OPEN,)]
        self.opened: list[tuple[float, str | None]] = []
        self.asked: list[float] = []
        self.closed_by: list[str] = []
        self.status: str | Exception = "running"

    async def events(self, job: str, after: str | None) -> AsyncGenerator[Frame, None]:
        self.opened.append((self._clock.monotonic(), after))
        script = self.connections[min(len(self.opened), len(self.connections)) - 1]
        try:
            for said in script:
                if isinstance(said, Exception):
                    raise said
                if isinstance(said, float):
                    await self._clock.sleep(said)
                else:
                    yield said
        finally:
            task = asyncio.current_task()
            self.closed_by.append(task.get_name() if task else "")

    async def job(self, job: str) -> Job:
        self.asked.append(self._clock.monotonic())
        if isinstance(self.status, Exception):
            raise self.status
        return Job(job, "tickets", self.status, BEGIN, error="out of memory" if self.status == "failed" else None)

    async def start(self, *_: Any, **__: Any) -> str:
        return "job-1"

    @property
    def at(self) -> list[float]:
        return [at for at, _ in self.opened]

    @property
    def waits(self) -> list[float]:
        return [later - earlier for earlier, later in itertools.pairwise(self.at)]


@pytest.fixture
async def watching(tmp_path: Path) -> AsyncIterator["Watching"]:
    async with stage(tmp_path / "bot.db", Scripted) as one:  # type: ignore[arg-type]
        yield Watching(one)


class Watching:
    """One run that is followed."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.service: Scripted = on.backend  # type: ignore[assignment]
        self.number = 0

    async def begin(self, *connections: Sequence[Said], **facts: Any) -> None:
        self.service.connections = list(connections)
        self.number = (await self.on.run(**facts)).number
        await self.on.start("watch")

    @property
    def clock(self) -> VirtualClock:
        return self.on.clock

    async def now(self) -> Run:
        return await self.on.seen(self.number)

    async def effects(self) -> list[str]:
        names = "SELECT json_extract(effect, '$.effect') AS name FROM outbox ORDER BY id"
        return await self.on.read(Query(names, (), lambda rows: [row["name"] for row in rows]))


@pytest.mark.parametrize(
    ("failures", "nominal"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (99_999, 60)]
)
def test_the_back_off_doubles_up_to_a_minute_with_a_quarter_of_jitter_within_the_minute(
    failures: int, nominal: float
) -> None:
    assert backoff(failures, lambda: 0.0) == nominal
    assert backoff(failures, lambda: -1.0) == nominal * 0.75
    assert backoff(failures, lambda: 1.0) == min(nominal * 1.25, 60)


BROKEN: dict[str, Sequence[Said]] = {
    "cannot connect": (DOWN,),
    "another status": (Unavailable("status 500", pace="service"),),
    "a bad request": (Rejected(Scope.CONTENT, "bad", status=400),),
    "breaks with nothing but pings": (PING, PING, Unavailable("reset", pace="service")),
    "ends with nothing": (),
    "ends with nothing but pings": (PING, PING),
    "says that it is over while the job lives": (END,),
}


@pytest.mark.parametrize("connection", BROKEN.values(), ids=BROKEN)
async def test_a_connection_without_data_is_a_failure_that_backs_off(
    watching: Watching, connection: Sequence[Said]
) -> None:
    await watching.begin(connection)
    await watching.on.go(200)
    assert watching.service.waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])


async def test_a_service_that_names_a_longer_wait_gets_it(watching: Watching) -> None:
    await watching.begin((Unavailable("busy", after=20, pace="service"),), (Unavailable("busy", after=0.5),), (OPEN,))
    await watching.on.go(60)
    assert watching.service.waits == pytest.approx([20, 2])


@pytest.mark.parametrize("data", [log(10), Frame("7", None), Frame(None, None)], ids=["known", "unknown", "without id"])
async def test_data_makes_the_back_off_begin_anew_and_a_clean_end_after_it_waits_a_flat_second(
    watching: Watching, data: Frame
) -> None:
    await watching.begin(
        (DOWN,), (DOWN,), (DOWN,), (data, Unavailable("reset")), (DOWN,), (data,), (data,), (DOWN,), (OPEN,)
    )
    await watching.on.go(60)
    assert watching.service.waits == pytest.approx([1, 2, 4, 1, 2, 1, 1, 1])


async def test_a_ping_does_not_make_the_back_off_begin_anew(watching: Watching) -> None:
    await watching.begin((DOWN,), (DOWN,), (PING, DOWN), (PING,), (OPEN,))
    await watching.on.go(60)
    assert watching.service.waits == pytest.approx([1, 2, 4, 8])


@pytest.mark.parametrize("status", [401, 403, 426])
async def test_a_service_that_does_not_let_us_in_is_tried_every_five_minutes_and_the_card_says_so_at_once(
    watching: Watching, status: int
) -> None:
    await watching.begin((shut(status),), (shut(status),), (PING, OPEN))
    assert (await watching.now()).condition is Condition.LOST_CONTACT
    await watching.on.go(299)
    assert len(watching.service.at) == 1
    await watching.on.go(305)
    assert watching.service.waits == pytest.approx([300, 300])
    assert (await watching.now()).condition is None
    assert watching.service.asked == []


async def test_404_is_borne_for_ten_minutes_before_the_job_is_asked(watching: Watching) -> None:
    watching.service.status = gone(404)
    await watching.begin((gone(404),))
    await watching.on.go(590)
    assert watching.service.asked == []
    assert (await watching.now()).condition is Condition.LOST_CONTACT
    await watching.on.go(80)
    assert len(watching.service.asked) == 1
    run = await watching.now()
    assert (run.state, run.error) == (State.FAILED, "The training service no longer knows this job.")
    assert "PostFailure" in await watching.effects()


async def test_404s_that_are_far_apart_are_not_ten_minutes_of_404(watching: Watching) -> None:
    watching.service.status = gone(404)
    await watching.begin(
        (gone(404),),
        (PING, 3600.0, PING, DOWN),
        (gone(404),),
        (PING, OPEN),
        recipe=recipe(notify=Notify(silent_minutes=100)),
    )
    await watching.on.leap(2)
    await watching.on.leap(3600)
    await watching.on.go(10)
    assert len(watching.service.at) == 4
    assert watching.service.asked == []
    assert (await watching.now()).state is State.RUNNING


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("completed", State.COMPLETED),
        ("failed", State.FAILED),
        ("cancelled", State.CANCELLED),
        (gone(404), State.FAILED),
    ],
)
async def test_410_asks_the_job_at_once(watching: Watching, status: str | Exception, state: State) -> None:
    watching.service.status = status
    await watching.begin((gone(410),))
    assert watching.service.asked == [0]
    assert (await watching.now()).state is state
    await watching.on.go(120)
    assert len(watching.service.at) == 1, "what is over is not read any more"


async def test_410_of_a_job_that_lives_backs_off(watching: Watching) -> None:
    await watching.begin((gone(410),))
    await watching.on.go(8)
    assert watching.service.waits == pytest.approx([1, 2, 4])


@pytest.mark.parametrize("trouble", [DOWN, shut(401), Rejected(Scope.CONTENT, "no", status=400)])
async def test_a_job_that_cannot_be_asked_is_not_given_up(watching: Watching, trouble: Exception) -> None:
    watching.service.status = trouble
    await watching.begin((gone(410),), (END,), (OPEN,))
    await watching.on.go(310)
    assert len(watching.service.at) == 3
    assert (await watching.now()).state is State.RUNNING


@pytest.mark.parametrize(
    ("status", "state"), [("completed", State.COMPLETED), ("failed", State.FAILED), ("cancelled", State.CANCELLED)]
)
async def test_an_end_without_an_outcome_is_settled_by_asking_the_job(
    watching: Watching, status: str, state: State
) -> None:
    watching.service.status = status
    await watching.begin((log(10), END))
    run = await watching.now()
    assert (run.state, run.error) == (state, "out of memory" if state is State.FAILED else None)
    await watching.on.go(60)
    assert len(watching.service.at) == 1


@pytest.mark.parametrize("script", [(END,), (PING, END), (log(10), END)], ids=["alone", "after a ping", "replayed"])
async def test_an_end_whose_job_is_not_found_is_borne_for_ten_minutes(
    watching: Watching, script: Sequence[Said]
) -> None:
    watching.service.status = gone(404)
    await watching.begin(script)
    await watching.on.go(595)
    assert (await watching.now()).state is State.RUNNING
    await watching.on.go(80)
    run = await watching.now()
    assert (run.state, run.error) == (State.FAILED, "The training service no longer knows this job.")
    assert "PostFailure" in await watching.effects()


async def test_an_end_whose_job_is_gone_for_good_is_settled_at_once(watching: Watching) -> None:
    watching.service.status = gone(410)
    await watching.begin((END,))
    assert (await watching.now()).state is State.FAILED


@pytest.mark.parametrize("between", [(log(20), 3600.0, log(30), END), (END,)], ids=["it trained on", "it was found"])
async def test_ends_without_a_job_that_are_far_apart_are_not_ten_minutes_of_them(
    watching: Watching, between: Sequence[Said]
) -> None:
    watching.service.status = gone(404)
    await watching.begin((log(10), END), between, (END,), (PING, OPEN))
    if between == (END,):
        watching.service.status = "running"
    await watching.on.leap(2)
    watching.service.status = gone(404)
    await watching.on.leap(3600)
    await watching.on.go(5)
    assert (await watching.now()).state is State.RUNNING


async def test_an_end_of_a_job_that_lives_is_opened_again_from_the_cursor(watching: Watching) -> None:
    await watching.begin((log(10, "a"), log(20, "b"), END), (log(30, "c"), Frame("d", None, end=True)), (OPEN,))
    await watching.on.go(10)
    assert watching.service.opened == [(0, None), (pytest.approx(1), "b"), (pytest.approx(2), "d")]


@pytest.mark.parametrize("end", [TrainingCompleted(BEGIN), TrainingFailed(BEGIN, "broken")])
async def test_a_terminal_event_ends_the_reading(watching: Watching, end: TrainingCompleted | TrainingFailed) -> None:
    frames: list[Said] = [log(10), Frame("end", end), Frame("more", Logged(BEGIN, 99))]
    await watching.begin(frames)
    await watching.on.go(120)
    run = await watching.now()
    assert (run.step, run.cursor, len(watching.service.at)) == (10, "end", 1)
    assert run.state.final
    assert watching.service.asked == []


async def test_contact_is_lost_after_a_good_minute_of_failing_and_regained_by_the_first_frame(
    watching: Watching,
) -> None:
    await watching.begin(*[(DOWN,)] * 8, (20.0, PING, OPEN))
    await watching.on.go(64.9)
    assert (await watching.now()).condition is None
    await watching.on.go(0.2)
    assert (await watching.now()).condition is Condition.LOST_CONTACT
    while len(watching.service.at) < 9:
        await watching.on.go(10)
    assert (await watching.now()).condition is Condition.LOST_CONTACT
    await watching.on.go(21)
    assert (await watching.now()).condition is None
    told = ["EditCard", "PostOutage", "EditOutage"]
    assert (await watching.effects()) == told, "the card says both, in one row, and nobody is called"


async def test_a_queued_run_whose_connection_is_cut_every_few_minutes_is_not_out_of_contact(watching: Watching) -> None:
    await watching.begin((PING, 150.0, PING, 150.0, DOWN), state=State.QUEUED, started_at=None)
    for _ in range(30):
        await watching.on.go(60)
        assert (await watching.now()).condition is None
    assert await watching.effects() == []


@pytest.mark.parametrize("late", [0.0, 2.0], ids=["at once", "with a loop that is busy"])
async def test_a_stream_that_brings_nothing_but_pings_and_is_cut_again_and_again_is_not_out_of_contact(
    watching: Watching, late: float
) -> None:
    await watching.begin((PING, 20.0, DOWN), state=State.QUEUED, started_at=None)
    for _ in range(60):
        await watching.on.go(20 - late)
        await watching.on.leap(late)
        assert (await watching.now()).condition is None
    assert watching.service.waits[-1] == pytest.approx(80, abs=4), "the longest wait has been reached"
    assert await watching.effects() == []


async def test_contact_that_was_lost_before_a_restart_is_regained_after_it(watching: Watching) -> None:
    await watching.begin((log(10), OPEN), condition=Condition.LOST_CONTACT)
    run = await watching.now()
    assert (run.condition, run.step) == (None, 10)


async def test_an_end_alone_is_contact_too(watching: Watching) -> None:
    await watching.begin((END,), condition=Condition.LOST_CONTACT)
    assert (await watching.now()).condition is None


async def test_a_run_that_says_nothing_new_falls_silent_and_a_log_line_takes_it_back(watching: Watching) -> None:
    patience = recipe(notify=Notify(silent_minutes=2))
    await watching.begin((log(10), 100.0, PING, 100.0, PING, log(11), OPEN), recipe=patience)
    await watching.on.go(119)
    assert (await watching.now()).condition is None
    await watching.on.go(20)
    assert (await watching.now()).condition is Condition.SILENT
    await watching.on.go(70)
    run = await watching.now()
    assert (run.condition, run.step) == (None, 11)
    assert set(await watching.effects()) == {"EditCard"}


@pytest.mark.parametrize("hours", [-48, 48], ids=["behind", "ahead"])
async def test_a_service_whose_clock_is_wrong_does_not_make_a_run_silent(watching: Watching, hours: int) -> None:
    odd = Frame("1", Logged(BEGIN + timedelta(hours=hours), 10))
    await watching.begin((odd, OPEN))
    await watching.on.go(14 * 60)
    assert (await watching.now()).condition is None
    await watching.on.go(2 * 60)
    assert (await watching.now()).condition is Condition.SILENT


async def test_a_run_is_not_silent_because_the_bot_was_away(watching: Watching) -> None:
    long_ago = datetime(2026, 11, 1, tzinfo=UTC)
    await watching.begin((5.0, log(10), OPEN), heard_at=long_ago, started_at=long_ago)
    assert (await watching.now()).condition is None
    await watching.on.go(10)
    assert await watching.effects() == ["EditCard"]
    assert (await watching.now()).condition is None


async def test_a_queued_run_is_never_silent(watching: Watching) -> None:
    await watching.begin((PING, OPEN), state=State.QUEUED, started_at=None)
    for _ in range(20):
        await watching.on.leap(600)
    assert (await watching.now()).condition is None


async def test_each_event_is_committed_with_its_cursor_before_the_next_one_is_read(watching: Watching) -> None:
    await watching.begin((log(10, "a"), 1.0, Frame("b", None), 1.0, Frame("c", CheckpointSaved(BEGIN, 10)), OPEN))
    seen = [(await watching.now()).cursor]
    for _ in range(2):
        await watching.on.go(1.01)
        seen.append((await watching.now()).cursor)
    assert seen == ["a", "b", "c"]
    assert (await watching.now()).checkpoints == (10,)


async def test_a_ping_with_an_id_moves_the_cursor(watching: Watching) -> None:
    await watching.begin((Frame("p", None, data=False),), (OPEN,))
    await watching.on.go(5)
    assert watching.service.opened[1] == (pytest.approx(1), "p")


async def test_a_replay_of_everything_changes_nothing(watching: Watching) -> None:
    story = [
        Frame("1", TrainingStarted(BEGIN, total_steps=20)),
        *(log(step) for step in (5, 10)),
        Frame("11", CheckpointSaved(BEGIN, 10)),
    ]
    again = [Frame(f"other-{frame.id}", frame.event) for frame in story]
    await watching.begin(story, [*again, OPEN], state=State.QUEUED, started_at=None)
    before, effects = await watching.now(), await watching.effects()
    points = await watching.on.read(runs.points(watching.number, 100))
    await watching.on.go(5)
    after = await watching.now()
    assert after.cursor == "other-11"
    assert {name: getattr(after, name) for name in after.__slots__ if name != "cursor"} == {
        name: getattr(before, name) for name in before.__slots__ if name != "cursor"
    }
    assert await watching.effects() == effects
    assert await watching.on.read(runs.points(watching.number, 100)) == points


async def test_a_failure_is_told_in_the_channel_in_the_transaction_of_its_event(watching: Watching) -> None:
    await watching.begin((Frame("1", TrainingFailed(BEGIN, "broken")),))
    rows = await watching.on.rows()
    assert PostFailure(watching.number, HERE).once in [row["once"] for row in rows]


async def test_a_stream_that_breaks_for_a_reason_of_ours_is_begun_anew_and_never_in_a_hot_loop(
    watching: Watching,
) -> None:
    await watching.begin((RuntimeError("a bug"),), (RuntimeError("a bug"),), (log(10), OPEN))
    await watching.on.go(31)
    assert watching.service.waits == pytest.approx([15, 15])
    assert (await watching.now()).step == 10


async def test_a_stream_is_closed_by_who_stops_reading_it(watching: Watching) -> None:
    await watching.begin((log(10), END, log(20)), (Frame("end", TrainingCompleted(BEGIN)), log(30)))
    await watching.on.go(2)
    assert watching.service.closed_by == [f"watch run {watching.number}"] * 2


async def test_a_database_that_cannot_be_used_for_a_while_ends_no_watching(watching: Watching) -> None:
    database = watching.on.database
    database.trouble = sqlite3.OperationalError("database or disk is full")
    with capture_logs() as logs:
        watching.service.connections = [(log(10), OPEN)]
        await watching.on.start("watch")
        await watching.on.go(40)
    assert {one["error"] for one in logs} == {"OperationalError('database or disk is full')"}
    database.trouble = None
    watching.number = (await watching.on.run()).number
    await watching.on.go(16)
    assert (await watching.now()).step == 10


async def test_any_other_trouble_with_the_database_ends_the_watching(watching: Watching) -> None:
    watching.on.database.trouble = sqlite3.ProgrammingError("a bug")
    with pytest.raises(sqlite3.ProgrammingError):
        await watching.on.start("watch")


async def test_a_stop_follows_nothing_any_more(watching: Watching) -> None:
    await watching.begin((OPEN,))
    watching.on.watcher.stop()
    await watching.on.settle()
    assert watching.on._tasks[0].done()
    assert watching.on.watcher._tasks == {}


async def test_a_job_that_has_ended_behind_an_open_stream_is_asked_when_nothing_new_comes(watching: Watching) -> None:
    patience = recipe(notify=Notify(silent_minutes=2))
    await watching.begin((log(1), OPEN), recipe=patience)
    watching.service.status = "failed"
    await watching.on.go(119)
    assert watching.service.asked == []
    await watching.on.go(16)
    after = await watching.now()
    assert (after.state, after.error) == (State.FAILED, "out of memory")
    await watching.on.go(300)
    assert len(watching.service.asked) == 1, "nobody follows it any more"
    assert len(watching.service.at) == 1


@pytest.mark.parametrize("state", ["running", Unavailable("connection refused")])
async def test_a_silent_job_that_goes_on_is_asked_again_only_after_as_long(watching: Watching, state: Any) -> None:
    await watching.begin((log(1), OPEN), recipe=recipe(notify=Notify(silent_minutes=2)))
    watching.service.status = state
    await watching.on.go(600)
    assert 3 <= len(watching.service.asked) <= 4
    assert (await watching.now()).state is State.RUNNING
