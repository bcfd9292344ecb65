"""One SQLite file: one writer thread for every write, one aiosqlite connection for reads.

A write is a plain function of the writer's connection. The writer drains its queue into one transaction, with a
savepoint around each function, and resolves all their futures after COMMIT: the commit in progress makes the
next batch. A function that raises undoes only itself; when COMMIT fails, the functions are done again one by one.
A caller that is cancelled while it waits does not undo its write. Migrations run before the first write.

This module knows no table. It does not retry a busy database for longer than `BUSY_MS`: one bot per file
(`lock`), and operator commands write in short transactions.
"""

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import aiosqlite
import structlog

from bot.domain.errors import UserError

log = structlog.get_logger()
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Write = Callable[[sqlite3.Connection], T]

BUSY_MS = 10_000
BATCH = 500  # functions in one transaction at the most


class DatabaseInUse(UserError):
    """Another bot holds this database."""


@dataclass(frozen=True, slots=True)
class Query(Generic[T_co]):
    """One SELECT and what its rows mean; runs inside a write (`on`) and on the reader (`Database.read`)."""

    sql: str
    parameters: Sequence[Any] | Mapping[str, Any]
    decode: Callable[[list[sqlite3.Row]], T_co]

    def on(self, connection: sqlite3.Connection) -> T_co:
        """The answer as this connection sees it now."""
        return self.decode(connection.execute(self.sql, self.parameters).fetchall())


@dataclass(slots=True)
class _Job:
    function: Write[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class Database:
    """The open file. Made by `open`, closed by `close`. `synchronous`: FULL survives a power cut."""

    synchronous = "FULL"

    def __init__(self, path: Path, reader: aiosqlite.Connection, lock: int | None) -> None:
        self.path = path
        self._reader = reader
        self._lock = lock
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._closed = False

    @classmethod
    async def open(cls, path: Path, *, exclusive: bool = True) -> Self:
        """Opens the file, brings its schema up to date, starts the writer. `exclusive` takes the bot's lock:
        DatabaseInUse when another bot has it. Without it a bot may be running, so the schema of a file that has one
        is left as it is: UserError when it is another one."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _take_lock(path) if exclusive else None
        try:
            await asyncio.to_thread(_migrate_file, path, only_new=not exclusive)
            reader = await _connect_reader(path)
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise
        database = cls(path, reader, lock)
        database._thread.start()
        return database

    async def write(self, function: Write[T]) -> T:
        """Runs the function in a transaction on the writer's connection and returns after COMMIT."""
        if self._closed:
            raise RuntimeError("the database is closed")
        loop = asyncio.get_running_loop()
        job = _Job(function, loop.create_future(), loop)
        self._queue.put(job)
        result: T = await job.future
        return result

    async def read(self, query: Query[T]) -> T:
        """The query's answer on the reader's connection: everything that has been committed."""
        rows = await self._reader.execute_fetchall(query.sql, query.parameters)
        return query.decode(list(rows))

    async def close(self) -> None:
        """Finishes the writes that wait, then closes both connections and gives the lock back."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        try:
            await asyncio.to_thread(self._thread.join)
        finally:  # also when nobody waits for it any more
            await self._reader.close()
            if self._lock is not None:
                os.close(self._lock)

    def _run(self) -> None:
        connection = _connect(self.path, self.synchronous)
        try:
            open_ = True
            while open_:
                batch, open_ = self._next_batch()
                if batch:
                    _commit(connection, batch)
                    _resolve(batch)
        finally:
            connection.close()

    def _next_batch(self) -> tuple[list[_Job], bool]:
        first = self._queue.get()
        batch: list[_Job] = []
        while first is not None:
            batch.append(first)
            if len(batch) >= BATCH:
                return batch, True
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False


def _commit(connection: sqlite3.Connection, batch: list[_Job]) -> None:
    """All functions in one transaction; one by one when that transaction cannot be committed."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in batch:
            _attempt(connection, job)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        if len(batch) == 1:
            batch[0].error = batch[0].error or error
            return
        log.warning("a batch of writes failed, doing them one by one", error=str(error), writes=len(batch))
        for job in batch:
            job.result, job.error = None, None
            _commit(connection, [job])


def _attempt(connection: sqlite3.Connection, job: _Job) -> None:
    """One function inside its savepoint; its exception is its caller's."""
    connection.execute("SAVEPOINT one")
    try:
        job.result = job.function(connection)
    except BaseException as error:  # whatever it is, the writer lives on
        job.error = _carried(error)
        connection.execute("ROLLBACK TO one")
    connection.execute("RELEASE one")


def _carried(error: BaseException) -> BaseException:
    """The error in a form that a future takes: none takes StopIteration, and CancelledError would lie."""
    if isinstance(error, StopIteration | asyncio.CancelledError):
        wrapped = RuntimeError(f"a write raised {type(error).__name__}")
        wrapped.__cause__ = error
        return wrapped
    return error


def _resolve(batch: list[_Job]) -> None:
    """One wake-up of each loop for the whole batch."""
    for loop in {job.loop for job in batch}:
        own = [job for job in batch if job.loop is loop]
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_set_results, own)


def _set_results(batch: list[_Job]) -> None:
    for job in batch:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _connect(path: Path, synchronous: str = "FULL") -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    for pragma in (
        f"busy_timeout = {BUSY_MS}",
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


async def _connect_reader(path: Path) -> aiosqlite.Connection:
    reader = await aiosqlite.connect(path, isolation_level=None)
    try:
        reader.row_factory = sqlite3.Row
        await reader.execute("PRAGMA query_only = ON")
        await reader.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    except BaseException:
        await reader.close()
        raise
    return reader


def _migrate_file(path: Path, *, only_new: bool) -> None:
    with _alone_in(path.parent):
        new = not path.exists()
        connection = _connect(path)
        try:
            if only_new:
                _refuse_older(connection, len(migrations()))
            migrate(connection, migrations())
        finally:
            connection.close()
        if new:
            path.chmod(0o600)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Two programs that open a new database at the same moment migrate it one after the other."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _refuse_older(connection: sqlite3.Connection, newest: int) -> None:
    """UserError for a schema that only its bot may bring up to date; nothing for none at all."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if 0 < version < newest:
        raise UserError(
            f"This database was written by an older version of trainbot (schema {version}, this one needs {newest}). "
            "Start the bot once with this version: it brings the database up to date."
        )


def migrations() -> list[str]:
    """The schema's steps in order, as SQL texts; step n brings the schema to version n."""
    folder = resources.files("bot.store") / "migrations"
    return [one.read_text() for one in sorted(folder.iterdir(), key=lambda one: one.name) if one.name.endswith(".sql")]


def migrate(connection: sqlite3.Connection, steps: Sequence[str]) -> None:
    """Applies the steps that are missing, each with its version in one transaction."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(steps):
        raise UserError(
            f"This database was written by a newer version of trainbot (schema {version}, this one knows "
            f"{len(steps)}). Upgrade trainbot, or restore the back-up from before the upgrade."
        )
    for number, text in enumerate(steps[version:], start=version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE;\n{text}\nPRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _take_lock(path: Path) -> int:
    """The bot's lock beside the database, held as long as the descriptor is open."""
    handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise DatabaseInUse(
            f"Another trainbot is using {path}. Stop it first, or set TRAINBOT_DATA_DIR to another folder."
        ) from None
    return handle
