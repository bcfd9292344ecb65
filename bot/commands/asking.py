"""The commands about answers: asking a checkpoint a question, and the votes on what checkpoints answered.

Also what draws a sample on demand, for `samples`. The training service is asked here and now, for the one who waits;
what it says is shown to nobody else.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from bot.commands import find, steps
from bot.commands.desk import Desk, Write
from bot.commands.find import NO_RUN, NO_WORDS
from bot.commands.roles import Standing
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, Typed, Words, command
from bot.domain import hyper
from bot.domain.errors import Rejected, Scope, Unavailable, UserError
from bot.domain.recipes import MAX_PROMPT, Prompt
from bot.domain.runs import BASE_STEP, Run, Sample
from bot.domain.text import clean, cut
from bot.messages import answers, facts
from bot.messages import votes as vote_messages
from bot.messages.model import Message
from bot.messages.votes import Part
from bot.store import elsewhere, listing, runs, views

ANSWER_LIMIT = 20_000  # characters of an answer that are kept
NOTHING = Typed("")
EXPORT, ALL = "export", "all"
MOST_SUMMED, MOST_EXPORTED = 4, 50  # runs that are named in one line
PIECE = 25  # runs of an export that are read at once


@command(acts=True, examples=("ask #42 My parcel is late.", "ask #42 Hello? step=best"))
async def ask(
    request: Request,
    run: Annotated[RunRef, find.ANY_RUN],
    prompt: Annotated[Typed, Arg("What to ask")] = NOTHING,
    *,
    step: Annotated[str, steps.STEP] = steps.LAST,
) -> Message:
    """Ask a checkpoint a question."""

    async def begin() -> Write | Message:
        found = await find.run(request, run)
        if step.lower() == steps.LAST and not found.checkpoints:
            return answers.no_checkpoint(found, prompt)
        at = await steps.chosen(request, found, step)
        if not prompt.strip():
            return answers.what(found, at)
        if len(prompt) > MAX_PROMPT:
            raise UserError(f"That question has {len(prompt)} characters; {MAX_PROMPT} are the most. Nobody was asked.")
        text = await _asked(request, found, at, Prompt(prompt, _system(found)))
        return lambda _: {"run": found.number, "step": at, "answer": text}

    async def tell(kept: dict[str, Any]) -> Message:
        found = await find.kept(request, kept["run"])
        return answers.answer(found, kept["step"], prompt, kept["answer"])

    return await request.settle(begin, tell)


def _system(run: Run) -> str | None:
    """The system prompt that all of the run's own questions are put with, if they share one."""
    told = {run.recipe.prompts[index].system for index in run.recipe.asked}
    return told.pop() if len(told) == 1 else None


async def _asked(request: Request, run: Run, step: int, prompt: Prompt) -> str:
    """What the checkpoint answers; UserError says why it does not."""
    other = await request.desk.db.read(elsewhere.service(run.number))
    if other:
        raise UserError(
            f"{facts.title(run)} was trained on another training service ({cut(other, 200)}), which this bot is not "
            "connected to now. Nobody was asked."
        )
    if step == BASE_STEP and not run.recipe.model:
        raise UserError(f"It is not known which base model {facts.title(run)} began with. Ask one of its checkpoints.")
    try:
        text = await request.desk.ask(
            run.job_id or "", step, run.recipe.model, prompt.messages(), run.recipe.samples.max_tokens
        )
    except Unavailable as error:
        raise UserError(f"The training service cannot answer now: {_reason(error)}. Try again in a minute.") from error
    except Rejected as error:
        raise UserError(_refusal(run, step, error)) from error
    return cut(clean(text), ANSWER_LIMIT)


def _refusal(run: Run, step: int, error: Rejected) -> str:
    if error.scope is Scope.GONE:
        what = "the base model" if step == BASE_STEP else f"the checkpoint at step {step}"
        return f"The training service no longer has {what} of {facts.title(run)}. Try another step."
    if error.scope is Scope.TOKEN:
        return f"The training service does not let this bot in: {_reason(error)}. Tell whoever runs this bot."
    return f"The training service refused the question: {_reason(error)}. Try another step or a shorter one."


def _reason(error: Unavailable | Rejected) -> str:
    return cut(" ".join(clean(error.reason).replace("`", "'").split()), 300).rstrip(".")


async def draw(request: Request, run: Run, step: int, prompts: Sequence[int]) -> tuple[list[Sample], str]:
    """Draws and keeps the answers to these prompts; what stopped it, as a sentence. Nothing is posted."""
    if not prompts:
        return [], ""
    if request.incoming.standing is Standing.GUEST:
        return [], "Not all of it was drawn yet, and drawing costs computing: ask a member of this workspace to do it."
    made: list[Sample] = []
    for prompt in prompts:
        try:
            text = await _asked(request, run, step, run.recipe.prompts[prompt])
        except UserError as error:
            return made, str(error)
        sample = Sample(run.number, step, prompt, text)
        await _keep(request, sample)
        made.append(sample)
    return made, ""


async def _keep(request: Request, sample: Sample) -> None:
    now = request.desk.clock.now()
    await request.desk.db.write(lambda connection: runs.add_sample(connection, sample, now))


async def complete_votes(incoming: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """The one action, then runs."""
    offered = [Choice(EXPORT, "export · every answer with its votes, as a file")] if EXPORT.startswith(last) else []
    return [*offered, *await find.complete_run(incoming, desk, last, args)]


async def complete_exported(incoming: Incoming, desk: Desk, last: str, args: Mapping[str, str]) -> Sequence[Choice]:
    """Runs, and all of them where they are exported."""
    every = args.get("action") == EXPORT and ALL.startswith(last)
    return [*([Choice(ALL, "all · every run")] if every else []), *await find.complete_run(incoming, desk, last, args)]


@command(examples=("votes #42", "votes export #42", "votes export all"))
async def votes(
    request: Request,
    action: Annotated[str, Arg("export for a file, or the run to sum up", complete=complete_votes)] = "",
    run: Annotated[Words, Arg("The runs: #42, their names, or all", complete=complete_exported)] = NO_WORDS,
) -> Message:
    """Sum up the votes on a run's samples, or export them with the answers."""
    if action.lower() == EXPORT:
        return await _export(request, run)
    await _mistyped(request, action)
    text = f"{action} {run}".strip()
    found = await find.several(request, text, MOST_SUMMED) or [await find.run(request, NO_RUN)]
    seen = []
    for one in found:
        view = await views.of_run(request.desk.db, one.number)
        seen.append((one, view.by_step if view else {}))
    return vote_messages.summary(seen)


async def _mistyped(request: Request, action: str) -> None:
    """UserError for a word that is nearly the action and no run's name."""
    if hyper.nearest(action.lower(), [EXPORT]) and not await find.known(request, action):
        raise UserError(f"There is no run called `{cut(action, 40)}` here. Did you mean `/train votes {EXPORT}`?")


async def _export(request: Request, text: str) -> Message:
    """The file; the newest runs come first, and what would make it too large is left out."""
    if text.strip().lower() == ALL:
        ordered = await request.desk.db.read(listing.numbers(request.incoming.viewer))
        if not ordered:
            raise UserError("There is no run that you may see here yet, so there is nothing to export.")
    else:
        found = await find.several(request, text, MOST_EXPORTED) or [await find.run(request, NO_RUN)]
        ordered = sorted((one.number for one in found), reverse=True)
    first, made = await _parts(request.desk, ordered)
    return vote_messages.export(first, made, len(ordered))


async def _parts(desk: Desk, ordered: Sequence[int]) -> tuple[list[Run], list[Part]]:
    """The first runs, a few of them, and a part for each of them all, as far as they fit; in pieces, and made in a
    thread, so that nobody else waits for long."""
    named: list[Run] = []
    made: list[Part] = []
    size = 0
    for first in range(0, len(ordered), PIECE):
        numbers = ordered[first : first + PIECE]
        rows = await desk.db.read(runs.rows(numbers))
        some = await asyncio.to_thread(runs.read_all, rows)
        named = named or some
        samples, votes = await desk.db.read(views.answers(numbers)), await desk.db.read(views.tallies(numbers))
        for part in await asyncio.to_thread(vote_messages.parts, some, samples, votes):
            size += part.size
            if made and size > vote_messages.MOST_BYTES:
                return named, made
            made.append(part)
    return named, made
