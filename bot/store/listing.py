"""Runs in lists: what a person may see, filtered, counted and by pages. Everything is filtered by the database, so
that a thousand finished runs cost no more than ten."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.places import Person, Place
from bot.domain.runs import Run, State, Viewer
from bot.store import runs
from bot.store.database import Query

# The same rule as domain.runs.Viewer.sees, where a test holds the two together.
_SEEN = "(r.private = 0 OR r.home = ? OR r.starter = ? OR ?)"
_FINAL = ", ".join(f"'{state}'" for state in State if state.final)
# A run is of a place when it began there or has its card there; the key is that of `announce_key`, one look-up a run.
_OF_PLACE = "(r.home = ? OR EXISTS (SELECT 1 FROM posts p WHERE p.key = 'announce:' || r.number || ':' || ?))"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which runs; what is None or empty does not restrict. `text` is part of `name#number`; `also` are names that do as
    well as `name`; `starters` are the keys of persons, one of whom started it; `since` counts from the request. Letters
    count alike, large or small, where they are ASCII."""

    name: str | None = None
    also: tuple[str, ...] = ()
    starters: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    since: datetime | None = None
    place: Place | None = None
    text: str = ""
    live: bool | None = None


def select(viewer: Viewer, wanted: Filter, limit: int, offset: int = 0) -> Query[list[Run]]:
    """The runs that this viewer may see and that fit, live ones first, then the newest."""
    where, values = _where(viewer, wanted)
    return Query(
        f"{runs.SELECT} WHERE {where} ORDER BY r.state IN ({_FINAL}), r.number DESC LIMIT ? OFFSET ?",
        (*values, limit, offset),
        runs.read_all,
    )


def numbers(viewer: Viewer) -> Query[list[int]]:
    """The numbers of all runs that this viewer may see, the newest first."""
    where, values = _where(viewer, Filter())
    return Query(
        f"SELECT r.number FROM runs r WHERE {where} ORDER BY r.number DESC",
        values,
        lambda rows: [row["number"] for row in rows],
    )


def seen(viewer: Viewer, numbers: Sequence[int]) -> Query[set[int]]:
    """Which of these runs this viewer may see."""
    where, values = _where(viewer, Filter())
    return Query(
        f"SELECT r.number FROM runs r WHERE {where} AND r.number IN (SELECT value FROM json_each(?))",
        (*values, json.dumps(numbers)),
        lambda rows: {row["number"] for row in rows},
    )


def count(viewer: Viewer, wanted: Filter) -> Query[int]:
    """How many runs `select` would give in all."""
    where, values = _where(viewer, wanted)
    return Query(
        f"SELECT count(*) AS number FROM runs r JOIN people s ON s.id = r.starter WHERE {where}",
        values,
        lambda rows: int(rows[0]["number"]),
    )


def names(viewer: Viewer, limit: int) -> Query[list[str]]:
    """The names of the runs that this viewer may see, the latest used first."""
    where, values = _where(viewer, Filter())
    return Query(
        f"SELECT r.name FROM runs r JOIN people s ON s.id = r.starter WHERE {where} "
        "GROUP BY r.name ORDER BY max(r.number) DESC LIMIT ?",
        (*values, limit),
        lambda rows: [row["name"] for row in rows],
    )


def starters(viewer: Viewer, limit: int) -> Query[list[Person]]:
    """Who started runs that this viewer may see, the latest first."""
    where, values = _where(viewer, Filter())
    return Query(
        f"SELECT s.id, s.name FROM runs r JOIN people s ON s.id = r.starter WHERE {where} AND r.origin = 'chat' "
        "GROUP BY s.id ORDER BY max(r.number) DESC LIMIT ?",
        (*values, limit),
        lambda rows: [Person.parse(row["id"], row["name"]) for row in rows],
    )


def _where(viewer: Viewer, wanted: Filter) -> tuple[str, Sequence[str | float | int]]:
    parts: list[tuple[str, tuple[str | float | int, ...]]] = [
        (_SEEN, (str(viewer.place), viewer.person.key, int(viewer.admin)))
    ]
    if wanted.name is not None:
        marks = ", ".join("?" * len(wanted.also))
        parts.append((f"(r.name = ? COLLATE NOCASE OR r.name IN ({marks}))", (wanted.name, *wanted.also)))
    if wanted.starters:
        marks = ", ".join("?" * len(wanted.starters))
        parts.append((f"r.starter IN ({marks})", wanted.starters))
    if wanted.states:
        marks = ", ".join("?" * len(wanted.states))
        parts.append((f"r.state IN ({marks})", tuple(state.value for state in wanted.states)))
    if wanted.since is not None:
        parts.append(("r.requested_at >= ?", (wanted.since.timestamp(),)))
    if wanted.place is not None:
        parts.append((_OF_PLACE, (str(wanted.place), str(wanted.place))))
    if wanted.text:
        parts.append(("r.name || '#' || r.number LIKE ? ESCAPE '\\'", (f"%{_like(wanted.text)}%",)))
    if wanted.live is not None:
        parts.append((f"r.state {'NOT IN' if wanted.live else 'IN'} ({_FINAL})", ()))
    values = [value for _, given in parts for value in given]
    return " AND ".join(text for text, _ in parts), values


def _like(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
