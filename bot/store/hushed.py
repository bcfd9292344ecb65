"""Who wants no direct messages, and which follows would tell a person alone. Whether one does is in `people`."""

import json
from collections.abc import Iterable

from bot.domain.places import Person
from bot.store.database import Query


def among(persons: Iterable[Person]) -> Query[frozenset[str]]:
    """The keys of those of these persons who want no direct messages."""
    return Query(
        "SELECT id FROM people WHERE quiet = 1 AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted({one.key for one in persons})),),
        lambda rows: frozenset(row["id"] for row in rows),
    )


def follows(person: Person) -> Query[int]:
    """How many follows, of runs that are not over, tell a good end to this person alone."""
    return Query(
        "SELECT count(*) AS many FROM follows f LEFT JOIN runs r ON r.number = f.run WHERE f.ended_at IS NULL "
        "AND f.set_by = ? AND json_extract(f.wants, '$.success') = 'direct' AND r.ended_at IS NULL",
        (person.key,),
        lambda rows: int(rows[0]["many"]),
    )
