"""Runs, their numbers and their samples."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bot.domain.places import Person, Place
from bot.domain.recipes import Recipe
from bot.domain.runs import NUMBER_NAMES, Condition, Numbers, Origin, Point, Run, Sample, State
from bot.store.database import Query

_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_FINAL = ", ".join(f"'{state}'" for state in State if state.final)
SELECT = (
    "SELECT r.*, s.name AS starter_name, c.name AS cancel_name FROM runs r "
    "JOIN people s ON s.id = r.starter LEFT JOIN people c ON c.id = r.cancel_by "
)


def add(connection: sqlite3.Connection, make: Callable[[int], Run]) -> Run:
    """Gives the next number to `make` and stores the run it returns. Its starter must have been seen."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
    run = make((row["seq"] if row else 0) + 1)
    columns = {"number": run.number, **_fixed(run), **_changing(run)}
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    connection.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", tuple(columns.values()))
    return run


def save(connection: sqlite3.Connection, run: Run) -> None:
    """Writes everything about a run that can change."""
    columns = _changing(run)
    pairs = ", ".join(f"{name} = ?" for name in columns)
    connection.execute(f"UPDATE runs SET {pairs} WHERE number = ?", (*columns.values(), run.number))


def get(number: int) -> Query[Run | None]:
    return Query(SELECT + "WHERE r.number = ?", (number,), _first)


def newest_number(connection: sqlite3.Connection) -> int:
    """The number of the newest run; 0 where there is none."""
    return int(connection.execute("SELECT coalesce(max(number), 0) AS number FROM runs").fetchone()["number"])


def rows(numbers: Sequence[int]) -> Query[list[sqlite3.Row]]:
    """The rows of these runs, the newest first, for `read_all`: of many, that takes its time in a thread of its own."""
    return Query(
        SELECT + "WHERE r.number IN (SELECT value FROM json_each(?)) ORDER BY r.number DESC",
        (json.dumps(numbers),),
        lambda found: found,
    )


def by_job(job: str) -> Query[Run | None]:
    """The run of a job of the training service."""
    return Query(SELECT + "WHERE r.job_id = ?", (job,), _first)


def live() -> Query[list[Run]]:
    """Every run that is not over, the oldest first."""
    return Query(SELECT + f"WHERE r.state NOT IN ({_FINAL}) ORDER BY r.number", (), read_all)


def record(connection: sqlite3.Connection, run: int, step: int, numbers: Numbers) -> None:
    """Keeps the numbers of a step; a later number that is not None wins."""
    if numbers == Numbers():
        return
    updates = ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in NUMBER_NAMES)
    connection.execute(
        f"INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, step) DO UPDATE SET {updates}",
        (run, step, *(getattr(numbers, name) for name in NUMBER_NAMES)),
    )


def points(run: int, most: int) -> Query[list[Point]]:
    """The numbers of a run by step, thinned to about `most` of them; the newest of each stretch stays."""
    stretch = "step * :most / (SELECT max(step) + 1 FROM metrics WHERE run = :run)"
    sql = (
        f"SELECT max(step) AS step, loss, eval_loss, learning_rate, epoch, rate FROM metrics "
        f"WHERE run = :run AND loss IS NOT NULL GROUP BY {stretch} UNION "
        f"SELECT max(step), loss, eval_loss, learning_rate, epoch, rate FROM metrics "
        f"WHERE run = :run AND eval_loss IS NOT NULL GROUP BY {stretch} ORDER BY 1"
    )
    return Query(sql, {"run": run, "most": most}, lambda rows: [_point(row) for row in rows])


def numbers_at(run: int, step: int) -> Query[Numbers | None]:
    """The numbers of this step, or of the last one before it that has any."""
    names = ", ".join(NUMBER_NAMES)
    return Query(
        f"SELECT step, {names} FROM metrics WHERE run = ? AND step <= ? ORDER BY step DESC LIMIT 1",
        (run, step),
        lambda rows: _point(rows[0]).numbers if rows else None,
    )


def add_sample(connection: sqlite3.Connection, sample: Sample, at: datetime) -> None:
    """Keeps what was drawn; the first answer of a step and prompt stays."""
    connection.execute(
        "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "answer = excluded.answer, error = excluded.error, drawn_at = excluded.drawn_at "
        "WHERE answer IS NULL AND excluded.answer IS NOT NULL",
        (sample.run, sample.step, sample.prompt, sample.answer, sample.error, at.timestamp()),
    )


def samples(run: int) -> Query[list[Sample]]:
    """Everything that was drawn for a run, by step and prompt."""
    return Query(
        "SELECT run, step, prompt, answer, error FROM samples WHERE run = ? ORDER BY step, prompt",
        (run,),
        lambda rows: [Sample(*row) for row in rows],
    )


def _point(row: sqlite3.Row) -> Point:
    return Point(row["step"], Numbers(*(row[name] for name in NUMBER_NAMES)))


def read_all(rows: list[sqlite3.Row]) -> list[Run]:
    """The runs of rows that `SELECT` gave."""
    return [_run(row) for row in rows]


def _first(rows: list[sqlite3.Row]) -> Run | None:
    return _run(rows[0]) if rows else None


def _fixed(run: Run) -> dict[str, Any]:
    return {
        "home": str(run.home),
        "starter": run.starter.key,
        "home_private": int(run.home_private),
        "origin": run.origin.value,
        "note": run.note,
        "requested_at": run.requested_at.timestamp(),
    }


def _changing(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "recipe": _recipe_text(run.recipe),
        "private": int(run.private),
        "parent": run.parent,
        "changes": json.dumps(run.changes),
        "state": run.state.value,
        "job_id": run.job_id,
        "cursor": run.cursor,
        "queue_position": run.queue_position,
        "started_at": _seconds(run.started_at),
        "ended_at": _seconds(run.ended_at),
        "heard_at": _seconds(run.heard_at),
        "step": run.step,
        "total_steps": run.total_steps,
        "numbers": json.dumps([getattr(run.numbers, name) for name in NUMBER_NAMES]),
        "checkpoints": json.dumps(run.checkpoints),
        "sampled": json.dumps(run.sampled),
        "condition": run.condition.value if run.condition else None,
        "cancel_by": run.cancel_by.key if run.cancel_by else None,
        "error": run.error,
        "log_tail": json.dumps(run.log_tail),
        "artifacts": run.artifacts,
    }


def _run(row: sqlite3.Row) -> Run:
    return Run(
        number=row["number"],
        recipe=_recipe(row["recipe"]),
        home=Place.parse(row["home"]),
        starter=Person.parse(row["starter"], row["starter_name"]),
        requested_at=datetime.fromtimestamp(row["requested_at"], UTC),
        state=State(row["state"]),
        private=bool(row["private"]),
        home_private=bool(row["home_private"]),
        origin=Origin(row["origin"]),
        parent=row["parent"],
        note=row["note"],
        changes=tuple(json.loads(row["changes"])),
        job_id=row["job_id"],
        cursor=row["cursor"],
        queue_position=row["queue_position"],
        started_at=_moment(row["started_at"]),
        ended_at=_moment(row["ended_at"]),
        heard_at=_moment(row["heard_at"]),
        step=row["step"],
        total_steps=row["total_steps"],
        numbers=Numbers(*json.loads(row["numbers"])),
        checkpoints=tuple(json.loads(row["checkpoints"])),
        sampled=tuple(json.loads(row["sampled"])),
        condition=Condition(row["condition"]) if row["condition"] else None,
        cancel_by=Person.parse(row["cancel_by"], row["cancel_name"]) if row["cancel_by"] else None,
        error=row["error"],
        log_tail=tuple(json.loads(row["log_tail"])),
        artifacts=row["artifacts"],
    )


def _recipe_text(recipe: Recipe) -> str:
    return json.dumps(recipe.as_dict(), separators=(",", ":"))


@lru_cache(maxsize=256)
def _recipe(text: str) -> Recipe:
    """One object a text: a run is read for every event."""
    return Recipe.from_dict(json.loads(text))


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def _moment(seconds: float | None) -> datetime | None:
    """The moment, moved into the years that a datetime knows: one odd row must not hide all the others."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LATEST), UTC) if seconds is not None else None
