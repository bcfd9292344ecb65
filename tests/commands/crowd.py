"""A great many finished runs with all that hangs on them: for the bench of questions, and for what it costs to ask."""

import sqlite3

from commands.office import ADA, GRACE, HERE, SUPPORT, Office

from bot.domain.lanes import announce_key
from bot.domain.places import Place, PostRef
from bot.domain.runs import Numbers, Run, State
from bot.store import people, posts, runs
from bot.store.posts import Post

ROWS, STEPS, PROMPTS, VOTERS = 200, 12, 3, 2  # of each run
CLOSED = Place("fake", "team", "@grace")


def fill(connection: sqlite3.Connection, office: Office, many: int) -> None:
    """So many finished runs; every tenth is private, every seventh failed."""
    now = office.clock.now()
    for person in (ADA, GRACE):
        people.see(connection, person, now)
    for index in range(many):
        secret = index % 10 == 0
        run = runs.add(connection, lambda number, index=index, secret=secret: made(number, index, secret, office))
        ref = PostRef(run.home, f"card-{run.number}")
        posts.add(connection, Post(announce_key(run.number, run.home), run.number, ref), now)
        hang(connection, run, now.timestamp())


def made(number: int, index: int, secret: bool, office: Office) -> Run:
    now = office.clock.now()
    return Run(
        number=number,
        recipe=SUPPORT,
        home=CLOSED if secret else HERE,
        starter=GRACE if index % 3 else ADA,
        requested_at=now,
        private=secret,
        state=State.FAILED if index % 7 == 0 else State.COMPLETED,
        job_id=f"job-{number}",
        started_at=now,
        ended_at=now,
        step=ROWS,
        total_steps=ROWS,
        numbers=Numbers(loss=1.0, eval_loss=1.2),
        checkpoints=tuple(range(10, 10 * STEPS + 10, 10)),
        sampled=tuple(range(10, 10 * STEPS + 10, 10)),
    )


def hang(connection: sqlite3.Connection, run: Run, at: float) -> None:
    """Numbers, samples, posts and votes of one run."""
    number, place = run.number, str(run.home)
    connection.executemany(
        "INSERT INTO metrics (run, step, loss, eval_loss) VALUES (?, ?, ?, ?)",
        [(number, step, 3 / (1 + step), None if step % 10 else 3.1 / (1 + step)) for step in range(1, ROWS + 1)],
    )
    drawn = [(step, prompt) for step in run.sampled for prompt in range(PROMPTS)]
    connection.executemany(
        "INSERT INTO samples VALUES (?, ?, ?, ?, NULL, ?)",
        [(number, step, prompt, "We are sorry to hear that. " * 10, at) for step, prompt in drawn],
    )
    connection.executemany(
        "INSERT INTO posts (key, run, place, message, thread, step, prompt, posted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (f"sample:{number}:{step}:{prompt}:{place}", number, place, f"{number}-{step}-{prompt}", f"card-{number}",
             step, prompt, at)
            for step, prompt in drawn
        ],
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO reactions VALUES (?, ?, ?, ?)",
        [
            (place, f"{number}-{step}-{prompt}", f"fake/team/voter-{voter}", "👍" if (step + voter) % 3 else "👎")
            for step, prompt in drawn
            for voter in range(VOTERS)
        ],
    )
