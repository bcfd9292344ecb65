"""What waits in the outbox for a place that wants it no longer. Used when a follow ends or asks for less.

What was said stays said, and so does what may have been: a row that may be on its way is left alone, or nobody would
ever learn where its message is. So is the word of a burst of failures, which is about other runs too,
and what goes to one person alone, who did not ask for it by this follow only.
"""

import sqlite3

from bot.domain import thread
from bot.domain.effects import PostFailure, PostSuccess
from bot.domain.follows import Wants
from bot.domain.lanes import announce_key, outcome_key
from bot.domain.places import Place

_REASON = "nobody here follows that any more"
_SAMPLES = (thread.PostSample, thread.PostMissing, thread.PostBacklog)
_OF_CARD = (thread.PostJoined, thread.PostHint, thread.PostPrompts, thread.PostLog)


def drop(connection: sqlite3.Connection, run: int, place: Place, wants: Wants | None) -> int:
    """Drops what waits for this place about this run and is not among its wants; None: it wants nothing any more. Gives
    how many rows that were.

    A dropped reply counts as done, so that nothing says it later. The card may come another day: its row goes."""
    quiet = wants is None or wants.success not in ("thread", "channel")
    dropped = int(quiet and withdraw_end(connection, run, place))
    for name in _unwanted(wants):
        found = connection.execute(
            "UPDATE outbox SET state = 'done', error = ? WHERE run = ? AND place = ? AND state = 'waiting' "
            "AND tried_at IS NULL AND json_extract(effect, '$.effect') = ?",
            (_REASON, run, str(place), name),
        )
        dropped += found.rowcount
    if wants is None or not wants.card:
        gone = connection.execute(
            "DELETE FROM outbox WHERE once = ? AND state = 'waiting' AND tried_at IS NULL",
            (announce_key(run, place),),
        )
        dropped += gone.rowcount
    return dropped


def withdraw_end(connection: sqlite3.Connection, run: int, place: Place) -> bool:
    """Takes back the word of a quiet end that waits for this place, so that it can be told in another way; False where
    there is none."""
    found = connection.execute(
        "DELETE FROM outbox WHERE once = ? AND state = 'waiting' AND tried_at IS NULL "
        "AND json_extract(effect, '$.effect') IN (?, ?)",
        (outcome_key(run, place), thread.PostOutcome.__name__, PostSuccess.__name__),
    )
    return found.rowcount > 0


def _unwanted(wants: Wants | None) -> list[str]:
    kept = {
        **dict.fromkeys(_SAMPLES, wants is not None and wants.samples),
        thread.PostProgress: wants is not None and wants.progress_every > 0,
        PostFailure: wants is not None and wants.failures,
        **dict.fromkeys(_OF_CARD, wants is not None and wants.card),
    }
    return [kind.__name__ for kind, wanted in kept.items() if not wanted]
