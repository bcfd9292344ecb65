"""The bot is started on another training service while runs go on at the first one."""

from fakes.backend import FakeBackend
from runtime.stage import Stage

from bot.domain.effects import DrawSample, StartRun, StopRun
from bot.domain.errors import Unavailable
from bot.domain.runs import Condition, State
from bot.store import elsewhere


def service(on: Stage) -> FakeBackend:
    assert isinstance(on.backend, FakeBackend)
    return on.backend


async def arrive(on: Stage, identity: str) -> None:
    await on.database.write(lambda connection: elsewhere.arrive(connection, identity, on.clock.now()))
    on.elsewhere = frozenset(await on.database.read(elsewhere.numbers()))


async def test_a_run_of_another_service_is_left_alone_until_the_bot_is_back_there(on: Stage) -> None:
    await arrive(on, "first")
    run = await on.run()
    await on.card(run)
    await arrive(on, "second")
    await on.start("deliver", "watch")
    await on.add(DrawSample(run.number, 0, 0), StopRun(run.number))
    await on.go(3600)
    seen = await on.seen(run.number)
    assert (seen.state, seen.condition) == (State.RUNNING, Condition.LOST_CONTACT)
    assert service(on).asked == {}
    assert service(on).cancelled == []
    assert not [key for key in on.posted() if key.startswith(("outage", "outcome", "missing"))]
    await on.kill()
    await arrive(on, "first")
    await on.start("deliver", "watch")
    await on.go(10)
    assert service(on).cancelled == [run.job_id]
    assert (await on.seen(run.number)).state is State.CANCELLED


async def test_a_run_that_had_no_job_yet_is_started_on_the_service_in_use(on: Stage) -> None:
    await arrive(on, "first")
    run = await on.run(state=State.REQUESTED, started_at=None, heard_at=None)
    await arrive(on, "second")
    await on.start()
    await on.add(StartRun(run.number))
    await on.go(5)
    assert service(on).created.total() == 1
    assert await on.database.read(elsewhere.numbers()) == []


async def test_a_start_that_may_have_reached_another_service_is_not_repeated_on_this_one(on: Stage) -> None:
    await arrive(on, "first")
    run = await on.run(state=State.REQUESTED, started_at=None, heard_at=None)
    service(on).fail("start", Unavailable("cut off", pace="service", after=600, ambiguous=True))
    await on.start()
    await on.add(StartRun(run.number))
    await on.kill()
    await arrive(on, "second")
    await on.start()
    await on.go(700)
    seen = await on.seen(run.number)
    assert (seen.state, service(on).created.total()) == (State.REFUSED, 0)
    assert "another training service (first)" in (seen.error or "")
