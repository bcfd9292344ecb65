"""One writer: batches, savepoints, cancellation, migrations, the lock, and a process killed in the middle."""

import asyncio
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import UserError
from bot.store.database import BATCH, Database, DatabaseInUse, Query, migrate, migrations

ROOT = Path(__file__).resolve().parents[2]
Work = Callable[[sqlite3.Connection], Any]
NOTES = Query("SELECT id FROM notes ORDER BY id", (), lambda rows: [row["id"] for row in rows])
REPLIES = Query("SELECT note FROM replies ORDER BY note", (), lambda rows: [row["note"] for row in rows])
SCHEMA = (
    "CREATE TABLE notes (id INTEGER PRIMARY KEY)",
    "CREATE TABLE replies (note INTEGER REFERENCES notes DEFERRABLE INITIALLY DEFERRED)",
)


def make_tables(connection: sqlite3.Connection) -> None:
    for statement in SCHEMA:
        connection.execute(statement)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@asynccontextmanager
async def opened(path: Path, *, exclusive: bool = True) -> AsyncIterator[Database]:
    database = await Database.open(path, exclusive=exclusive)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def db(path: Path) -> AsyncIterator[Database]:
    async with opened(path) as database:
        await database.write(make_tables)
        yield database


def note(number: int) -> Work:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO notes VALUES (?)", (number,))
        return number

    return work


def fail_after(number: int, error: BaseException) -> Work:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES (?)", (number,))
        raise error

    return work


class Held:
    """A writer that is kept busy in one function, so that what comes meanwhile is its next batch."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.said: list[str] = []
        self._go = threading.Event()
        self._entered = asyncio.Event()

    async def __aenter__(self) -> "Held":
        loop = asyncio.get_running_loop()

        def hold(connection: sqlite3.Connection) -> None:
            loop.call_soon_threadsafe(self._entered.set)
            assert self._go.wait(20)
            connection.set_trace_callback(self.said.append)

        self._holding = asyncio.create_task(self.database.write(hold))
        await self._entered.wait()
        return self

    async def queue(self, *works: Work) -> list[asyncio.Task[Any]]:
        tasks = [asyncio.create_task(self.database.write(work)) for work in works]
        await asyncio.sleep(0)  # each of them runs up to its wait
        return tasks

    async def __aexit__(self, *_: object) -> None:
        self._go.set()
        await self._holding

    @property
    def commits(self) -> int:
        return self.said.count("COMMIT") - 1  # the first ends the batch that was held


async def in_one_batch(database: Database, *works: Work) -> list[Any]:
    async with Held(database) as held:
        tasks = await held.queue(*works)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_write_returns_its_result_once_it_can_be_read(db: Database) -> None:
    assert await db.write(note(7)) == 7
    assert await db.read(NOTES) == [7]


async def test_a_query_inside_a_write_sees_what_that_write_did(db: Database) -> None:
    def work(connection: sqlite3.Connection) -> list[int]:
        note(1)(connection)
        return NOTES.on(connection)

    assert await db.write(work) == [1]


async def test_writes_that_wait_are_committed_together(db: Database) -> None:
    async with Held(db) as held:
        tasks = await held.queue(*(note(number) for number in range(20)))
    assert await asyncio.gather(*tasks) == list(range(20))
    assert held.commits == 1


async def test_a_batch_has_a_size(db: Database) -> None:
    async with Held(db) as held:
        tasks = await held.queue(*(note(number) for number in range(2 * BATCH + 1)))
    await asyncio.gather(*tasks)
    assert held.commits == 3


async def test_a_thousand_writers_at_once_all_arrive(db: Database) -> None:
    results = await asyncio.gather(*(db.write(note(number)) for number in range(1000)))
    assert results == list(range(1000))
    assert await db.read(NOTES) == list(range(1000))


async def test_a_function_that_raises_undoes_itself_alone(db: Database) -> None:
    one, two, three = await in_one_batch(db, note(1), fail_after(2, ValueError("no")), note(3))
    assert (one, repr(two), three) == (1, "ValueError('no')", 3)
    assert await db.read(NOTES) == [1, 3]


async def test_an_error_of_sqlite_undoes_its_function_alone(db: Database) -> None:
    one, two, three = await in_one_batch(db, note(1), note(1), note(3))
    assert (one, type(two), three) == (1, sqlite3.IntegrityError, 3)
    assert await db.read(NOTES) == [1, 3]


@pytest.mark.parametrize("error", [StopIteration(3), asyncio.CancelledError()], ids=repr)
async def test_an_exception_that_no_future_takes_reaches_its_caller_as_another(
    db: Database, error: BaseException
) -> None:
    one, two, three = await in_one_batch(db, note(1), fail_after(2, error), note(3))
    assert (one, type(two), three) == (1, RuntimeError, 3)
    assert two.__cause__ is error
    assert await db.read(NOTES) == [1, 3]


async def test_the_writer_outlives_a_function_that_wants_to_exit(db: Database) -> None:
    with pytest.raises(SystemExit):
        await db.write(fail_after(1, SystemExit(1)))
    assert await db.write(note(2)) == 2
    assert await db.read(NOTES) == [2]


async def test_a_batch_that_cannot_be_committed_is_done_again_one_by_one(db: Database) -> None:
    calls: list[int] = []

    def orphan(connection: sqlite3.Connection) -> None:
        calls.append(1)
        connection.execute("INSERT INTO replies VALUES (99)")

    one, two, three, four = await in_one_batch(db, note(1), orphan, fail_after(3, ValueError("no")), note(4))
    assert (one, type(two), type(three), four) == (1, sqlite3.IntegrityError, ValueError, 4)
    assert len(calls) == 2
    assert await db.read(NOTES) == [1, 4]
    assert await db.write(lambda connection: connection.execute("SELECT count(*) FROM replies").fetchone()[0]) == 0


async def test_a_function_that_is_done_again_is_judged_by_its_second_try(db: Database) -> None:
    tries: list[int] = []

    def once_unlucky(connection: sqlite3.Connection) -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("unlucky")
        return "done"

    def orphan(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO replies VALUES (99)")

    one, two = await in_one_batch(db, once_unlucky, orphan)
    assert (one, type(two)) == ("done", sqlite3.IntegrityError)


async def test_a_function_that_rolls_everything_back_takes_nobody_with_it(db: Database) -> None:
    await db.write(note(2))

    def tear(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT OR ROLLBACK INTO notes VALUES (2)")

    one, two, three = await in_one_batch(db, note(1), tear, note(3))
    assert (one, type(two), three) == (1, sqlite3.IntegrityError, 3)
    assert await db.read(NOTES) == [1, 2, 3]


async def test_a_read_sees_only_what_was_committed(db: Database) -> None:
    loop = asyncio.get_running_loop()
    inserted, go = asyncio.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        note(1)(connection)
        loop.call_soon_threadsafe(inserted.set)
        assert go.wait(20)

    writing = asyncio.create_task(db.write(slow))
    await inserted.wait()
    assert await db.read(NOTES) == []
    go.set()
    await writing
    assert await db.read(NOTES) == [1]


async def test_a_read_cannot_write(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await db.read(Query("INSERT INTO notes VALUES (1) RETURNING id", (), list))


async def test_the_writer_is_durable_and_checks_references(db: Database) -> None:
    def pragmas(connection: sqlite3.Connection) -> list[Any]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await db.write(pragmas) == ["wal", 2, 1]


async def test_a_caller_cancelled_at_any_moment_does_not_undo_its_write(db: Database) -> None:
    ticks = range(1, 40)
    for number in ticks:
        task = asyncio.create_task(db.write(note(number)))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await db.write(note(0)) == 0
    assert await db.read(NOTES) == [0, *ticks]


async def test_a_caller_cancelled_before_or_within_the_transaction_disturbs_nobody(db: Database) -> None:
    async with Held(db) as held:
        one, two, three = await held.queue(note(1), note(2), fail_after(3, ValueError("unheard")))
        one.cancel()
        three.cancel()
        await asyncio.gather(one, three, return_exceptions=True)
    assert await two == 2
    assert await db.read(NOTES) == [1, 2]


async def test_a_caller_that_never_began_wrote_nothing(db: Database) -> None:
    task = asyncio.create_task(db.write(note(1)))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await db.read(NOTES) == []


async def test_closing_finishes_the_writes_that_wait(path: Path) -> None:
    async with opened(path) as database:
        await database.write(make_tables)
        async with Held(database) as held:
            tasks = await held.queue(*(note(number) for number in range(50)))
            closing = asyncio.create_task(database.close())
            await asyncio.sleep(0)
            late = await held.queue(note(99))
        await closing
        assert await asyncio.gather(*tasks) == list(range(50))
        with pytest.raises(RuntimeError, match="closed"):
            await late[0]
    async with opened(path) as again:
        assert await again.read(NOTES) == list(range(50))


async def test_a_close_that_is_cancelled_still_gives_everything_back(path: Path) -> None:
    async with opened(path) as database, Held(database):
        closing = asyncio.create_task(database.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
    await (await Database.open(path)).close()


async def test_a_second_bot_is_told_who_holds_the_database(db: Database, path: Path) -> None:
    with pytest.raises(DatabaseInUse, match=r"Another trainbot is using .*bot\.db\. Stop it first"):
        await Database.open(path)
    assert await db.write(note(1)) == 1


async def test_an_operators_command_opens_what_a_bot_holds(db: Database, path: Path) -> None:
    async with opened(path, exclusive=False) as operator:
        await operator.write(note(1))
        assert await db.write(note(2)) == 2
        assert await operator.read(NOTES) == await db.read(NOTES) == [1, 2]
    with pytest.raises(DatabaseInUse):
        await Database.open(path)


async def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    async with opened(tmp_path / "deep" / "down" / "bot.db") as database:
        await database.write(make_tables)
        for one in (database.path.parent, *database.path.parent.iterdir()):
            assert stat.S_IMODE(one.stat().st_mode) & 0o077 == 0, one.name


async def test_openers_of_a_new_database_migrate_it_one_after_the_other(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number}.db"
        found = await asyncio.gather(*(Database.open(path, exclusive=False) for _ in range(4)), return_exceptions=True)
        databases = [one for one in found if isinstance(one, Database)]
        for database in databases:
            await database.close()
        assert databases == found


def schema(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    rows = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    return [(row[0], row[1]) for row in rows]


def version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


@pytest.fixture
def blank() -> Any:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


@pytest.mark.parametrize("begin", range(len(migrations()) + 1))
def test_every_earlier_version_is_brought_to_the_newest(blank: sqlite3.Connection, begin: int) -> None:
    steps = migrations()
    migrate(blank, steps[:begin])
    assert version(blank) == begin
    migrate(blank, steps)
    migrate(blank, steps)
    assert version(blank) == len(steps)
    direct = sqlite3.connect(":memory:", isolation_level=None)
    direct.executescript("".join(steps))
    assert schema(blank) == schema(direct)
    direct.close()
    assert blank.execute("PRAGMA foreign_key_check").fetchall() == []


def test_migrations_are_numbered_without_a_gap() -> None:
    folder = ROOT / "bot" / "store" / "migrations"
    numbers = [int(one.name[:4]) for one in sorted(folder.glob("*.sql"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_migration_that_fails_leaves_the_version_before_it(blank: sqlite3.Connection) -> None:
    steps = ["CREATE TABLE a (x);", "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);"]
    with pytest.raises(sqlite3.OperationalError):
        migrate(blank, steps)
    assert version(blank) == 1
    assert [name for name, _ in schema(blank)] == ["a"]
    assert not blank.in_transaction
    migrate(blank, [steps[0], "CREATE TABLE b (x)  ; -- mended"])
    assert version(blank) == 2


async def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    newest = len(migrations())
    await (await Database.open(path)).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {newest + 1}")
    with pytest.raises(UserError, match=rf"newer version of trainbot \(schema {newest + 1}, .* Upgrade trainbot"):
        await Database.open(path)
    assert version(connection) == newest + 1
    connection.execute(f"PRAGMA user_version = {newest}")
    connection.close()
    await (await Database.open(path)).close()


async def test_a_file_that_is_no_database_is_refused_and_the_lock_given_back(path: Path) -> None:
    path.write_bytes(b"This is a letter, not a database. " * 100)
    for _ in range(2):
        with pytest.raises(sqlite3.DatabaseError, match="not a database"):
            await Database.open(path)
    path.unlink()
    await (await Database.open(path)).close()


KILLED = """
import asyncio, itertools, sys
from pathlib import Path
from bot.store.database import Database

numbers = itertools.count()

def pair(number):
    def work(connection):
        connection.execute("INSERT INTO notes VALUES (?)", (number,))
        connection.execute("INSERT INTO replies VALUES (?)", (number,))
    return work

async def writer(database):
    for number in numbers:
        await database.write(pair(number))
        print(number, flush=True)

async def main():
    database = await Database.open(Path(sys.argv[1]))
    await asyncio.gather(*(writer(database) for _ in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 7, 150])
async def test_a_process_killed_in_the_middle_of_its_writes_leaves_all_it_promised(path: Path, lines: int) -> None:
    async with opened(path) as database:
        await database.write(make_tables)
    with subprocess.Popen([sys.executable, "-c", KILLED, path], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        promised = [int(child.stdout.readline()) for _ in range(lines)]
        child.kill()
        promised += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    assert child.returncode == -signal.SIGKILL
    async with opened(path) as database:
        notes = await database.read(NOTES)
        assert set(promised) <= set(notes)
        assert await database.read(REPLIES) == notes
        assert await database.read(Query("PRAGMA integrity_check", (), lambda rows: rows[0][0])) == "ok"
        assert await database.write(note(10**9)) == 10**9
