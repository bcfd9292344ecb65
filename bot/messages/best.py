"""Which checkpoint is the best, by votes and by evaluation loss, and how sure that is.

Built when somebody asks. A handful of votes tells only large differences apart: what cannot be told apart is said to
be too close to call, with the number of votes that this rests on. The arithmetic is in `domain.ratings`.
"""

from collections.abc import Sequence

from bot.domain import ratings
from bot.domain.calls import Call
from bot.domain.ratings import Evaluated, Share, Tally
from bot.domain.runs import BASE_STEP, Run
from bot.domain.text import count
from bot.messages import facts, words
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Grid,
    Line,
    Message,
    Prose,
    line,
)

_SHOWN = 10  # checkpoints of a ranking


def best(run: Run, voted: Sequence[tuple[int, Tally]], losses: Sequence[Evaluated]) -> Message:
    """Both rankings, each the best first, with what may be said of its leader."""
    votes, loss = _by_votes(run, voted), _by_loss(run, losses)
    blocks: list[Block] = [
        Prose(line("Best checkpoint of ", Bold(facts.title(run)))),
        Prose(line(Bold("By votes. "), votes)),
    ]
    if voted:
        blocks.append(Grid(("Step", "Votes", "In favour", "95 % interval"), tuple(map(_voted, voted[:_SHOWN]))))
    blocks.append(Prose(line(Bold("By evaluation loss. "), loss)))
    if losses:
        blocks.append(Grid(("Step", "Evaluation loss"), tuple(map(_evaluated, losses[:_SHOWN]))))
    blocks += [*_cut(len(voted), len(losses)), *_buttons(run, leader(voted, losses))]
    return Message(f"{facts.title(run)}. By votes: {votes} By evaluation loss: {loss}", tuple(blocks))


def leader(voted: Sequence[tuple[int, Tally]], losses: Sequence[Evaluated]) -> int | None:
    """The step that `best` means where one is wanted: people's favourite, else the lowest evaluation loss."""
    liked = ratings.best_step(voted)
    if liked:
        return liked[0]
    return losses[0].step if losses else None


def _by_votes(run: Run, voted: Sequence[tuple[int, Tally]]) -> str:
    total = sum((one for _, one in voted), Tally())
    if not voted:
        return _no_votes(run)
    (step, first), *others = voted
    if first.up <= first.down:
        return f"No step has more votes for than against it, of {count(total.votes, 'vote')} in all."
    if not others:
        return f"Only {facts.at(step)} has votes ({words.tally(first)}): there is nothing to compare it with."
    other, second = others[0]
    chance = _chance(ratings.by_chance(first, second))
    pair = f"{facts.at(step)} ({words.tally(first)}) and {facts.at(other)} ({words.tally(second)})"
    if ratings.leads(first, second):
        return f"{_capital(facts.at(step))} is ahead: between {pair} chance alone makes such a difference {chance}."
    return (
        f"Too close to call: {count(first.votes + second.votes, 'vote')} cannot tell {pair} apart; "
        f"chance alone makes such a difference {chance}."
    )


def _chance(share: float) -> str:
    """`in 3 of 100 cases`."""
    percent = share * 100
    if percent < 1:
        return "in less than 1 of 100 cases"
    return f"in {percent:.0f} of 100 cases"


def _no_votes(run: Run) -> str:
    if not run.sampled:
        return (
            "No votes yet, for no samples were posted. Vote with 👍 or 👎 below them in the next run's thread: "
            "its recipe needs [[prompts]]."
            if not run.recipe.asked
            else "No votes yet: vote with 👍 or 👎 below the samples in the run's thread, as soon as they come."
        )
    return "No votes yet: vote with 👍 or 👎 below the samples in the run's thread."


def _by_loss(run: Run, losses: Sequence[Evaluated]) -> str:
    if not losses:
        if not run.checkpoints:
            return "No checkpoint was saved" + (", so there is none to rank." if run.state.final else " so far.")
        return "No evaluation up to a checkpoint. Set eval_steps in the recipe for the next run."
    first = losses[0]
    if len(losses) == 1:
        return f"Only {facts.at(first.step)} has one ({words.loss(first.loss)}): there is nothing to compare it with."
    second = losses[1]
    if ratings.is_lower(losses):
        return f"{_capital(facts.at(first.step))} has the lowest: {words.loss(first.loss)}."
    return (
        f"Too close to call: {facts.at(first.step)} ({words.loss(first.loss)}) and {facts.at(second.step)} "
        f"({words.loss(second.loss)}) differ by less than 1 %."
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _voted(row: tuple[int, Tally]) -> tuple[Line, ...]:
    step, tally = row
    share = ratings.approval(tally) or Share(0.0, 0.0, 1.0)
    interval = f"{share.low * 100:.0f} to {share.high * 100:.0f} %"
    return (line(facts.at(step)), line(words.tally(tally)), line(f"{share.value * 100:.0f} %"), line(interval))


def _evaluated(one: Evaluated) -> tuple[Line, ...]:
    stale = "" if one.at == one.step else f" (of step {one.at})"
    return (line(facts.at(one.step)), line(words.loss(one.loss) + stale))


def _cut(voted: int, losses: int) -> list[Block]:
    left = [f"{many - _SHOWN} more by {what}" for many, what in ((voted, "votes"), (losses, "loss")) if many > _SHOWN]
    return [Aside(line(f"Not shown: {words.listed(left)}."))] if left else []


def _buttons(run: Run, step: int | None) -> list[Block]:
    """What to do with the leader."""
    if step is None:
        return []
    one = {"run": str(run.number), "step": str(step) if step > BASE_STEP else "base"}
    samples = Button(f"Samples of {facts.at(step)}", Call("samples", one))
    return [Buttons((samples, Button("Ask it something", Call("ask", one))))]
