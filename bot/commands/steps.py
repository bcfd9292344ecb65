"""Which step of a run a person means: a number, `last`, `best` or `base`. Used where a checkpoint is asked or shown.

A step that was not saved is never guessed: the answer names the nearest ones that were.
"""

from collections.abc import Mapping, Sequence

from bot.commands import find
from bot.commands.desk import Desk
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef
from bot.domain import hyper, ratings
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.ratings import Evaluated, Tally
from bot.domain.runs import BASE_STEP, Run
from bot.domain.text import cut
from bot.messages import best as best_messages
from bot.messages import facts, words
from bot.store import posts, views

LAST, BEST, BASE = "last", "best", "base"
WORDS = {LAST: "the last checkpoint", BEST: "the best one by votes or evaluation loss", BASE: "before training"}
OFFERED = 20  # saved steps that a completion shows


async def rankings(desk: Desk, run: Run) -> tuple[list[tuple[int, Tally]], list[Evaluated]]:
    """The run's steps by votes and its checkpoints by evaluation loss, the best first."""
    votes = await desk.db.read(posts.votes(run.number))
    losses = await desk.db.read(views.evaluations(run.number))
    return ratings.ranked((step, one) for (step, _), one in votes.items()), ratings.evaluated(run.checkpoints, losses)


async def chosen(request: Request, run: Run, word: str) -> int:
    """The saved step that is meant, 0 for the base model; UserError with what there is."""
    word = word.strip().lower()
    if word == BASE:
        return BASE_STEP
    if word == LAST:
        return _last(run)
    if word == BEST:
        return await _best(request, run)
    return _numbered(run, word)


def _last(run: Run) -> int:
    if not run.checkpoints:
        raise UserError(f"{facts.title(run)} has saved no checkpoint{_yet(run)}. `step=base` is the base model.")
    return max(run.checkpoints)


def _yet(run: Run) -> str:
    return ", and none will come" if run.state.final else " yet"


async def _best(request: Request, run: Run) -> int:
    leader = best_messages.leader(*await rankings(request.desk, run))
    if leader is None:
        raise UserError(
            f"No step of {facts.title(run)} is best yet: there are no votes for one and no evaluation. "
            "Vote with 👍 or 👎 below its samples, or say `step=last`."
        )
    return leader


def _numbered(run: Run, word: str) -> int:
    digits = word.removeprefix("#").replace("_", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        near = hyper.nearest(word, WORDS)
        hint = f" Did you mean `step={near}`?" if near else ""
        raise UserError(f"`step={cut(word, 40)}` does not fit: it takes a number, {', '.join(WORDS)}.{hint}")
    step = int(digits)
    if step == BASE_STEP or step in run.checkpoints:
        return step
    if not run.checkpoints:
        raise UserError(
            f"{facts.title(run)} has saved no checkpoint{_yet(run)}, so none at step {step}. "
            "`step=base` is the base model."
        )
    saved = sorted(run.checkpoints)
    near_by = [*[one for one in saved if one < step][-1:], *[one for one in saved if one > step][:1]]
    named = words.listed([f"`step={one}`" for one in near_by])
    raise UserError(f"{facts.title(run)} has saved no checkpoint at step {step}. The nearest: {named}.")


async def complete(incoming: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """The three words, then the saved steps of the run that was named before, the latest first."""
    offered = [Choice(word, f"{word} · {meaning}") for word, meaning in WORDS.items()]
    try:
        run = await find.run(Request(incoming, desk, Call("", {})), RunRef(args.get("run", "")))
    except UserError:
        run = None
    saved = sorted(run.checkpoints, reverse=True)[:OFFERED] if run else []
    offered += [Choice(str(step), f"step {step}") for step in saved]
    return [one for one in offered if one.value.startswith(last.lower())]


STEP = Arg("Checkpoint: its step, last, best or base", complete=complete)
