"""The commands that show a run: its facts, its curve, what its checkpoints answer."""

import asyncio
from typing import Annotated

from bot.commands import asking, find, steps
from bot.commands.find import ANY_RUN, NO_RUN, NO_WORDS, SOME_RUNS
from bot.commands.spec import Arg, Request, RunRef, Words, command
from bot.domain.errors import TrainbotError, UserError
from bot.domain.places import Place
from bot.domain.runs import BASE_STEP, Run
from bot.messages import facts, plots
from bot.messages import samples as sample_messages
from bot.messages import status as messages
from bot.messages.model import Message
from bot.store import posts, runs, views


@command(examples=("status", "status #42"))
async def status(request: Request, run: Annotated[RunRef, ANY_RUN] = NO_RUN) -> Message:
    """Show a run's settings, numbers and links."""
    found = await find.run(request, run)
    view = await _view(request, found.number, views.CARD_POINTS)
    home = (found.home,) if found.opens_from(request.place) else ()
    places = dict.fromkeys((request.place, *home))  # other places may be closed to whoever asks
    links = await asyncio.gather(*(link(request, found, place) for place in places))
    named = [
        ("Open the card" if place == request.place else "Open the card in its home", address)
        for place, address in zip(places, links, strict=True)
        if address
    ]
    now = request.desk.clock.now()
    return messages.status(view.run, now=now, points=view.points, votes=view.by_step, links=named)


async def link(request: Request, run: Run, place: Place) -> str | None:
    """The address of the run's card in this place; None where it has none, or where the chat cannot say it."""
    chat = request.desk.chats.get(place.platform)
    card = await request.desk.db.read(posts.card(run.number, place)) if chat else None
    if chat is None or card is None:
        return None
    try:
        return await chat.link(card.ref)
    except TrainbotError:  # the card is gone or the chat is away; what is known of the run is shown all the same
        return None


@command(examples=("plot", "plot #42", "plot #41 #42"))
async def plot(request: Request, run: Annotated[Words, SOME_RUNS] = NO_WORDS) -> Message:
    """Draw the loss curves of a run, or of several in one picture."""
    found = await find.several(request, run, plots.MOST_RUNS) or [await find.run(request, NO_RUN)]
    shown = [await _view(request, one.number, views.PLOT_POINTS) for one in found]
    if len(shown) == 1:
        return messages.plot(shown[0].run, await request.desk.plot(shown[0].run, shown[0].points))
    picture = await request.desk.plots([(view.run, view.points) for view in shown])
    without = [view.run for view in shown if not view.points]
    return messages.plots([view.run for view in shown], picture, without)


@command(examples=("samples #42", "samples #42 step=30", "samples #42 step=last prompt=2"))
async def samples(
    request: Request,
    run: Annotated[RunRef, ANY_RUN] = NO_RUN,
    *,
    step: Annotated[str, steps.STEP] = "",
    prompt: Annotated[int, Arg("Only this prompt, by its number", minimum=1)] = 0,
) -> Message:
    """Show what the checkpoints answer, with their votes; with a step the full answers."""
    found = await find.run(request, run)
    only = _prompt(found, prompt) if prompt else None
    if step:
        return await _of_step(request, found, await steps.chosen(request, found, step), only)
    drawn = await request.desk.db.read(runs.samples(found.number))
    return sample_messages.grid(found, drawn, await request.desk.db.read(posts.votes(found.number)), only=only)


def _prompt(run: Run, number: int) -> int:
    """The index of the prompt with this number."""
    if number > len(run.recipe.prompts):
        many = len(run.recipe.prompts)
        there = f"It has {many}: say `prompt=1`" + (f" to `prompt={many}`." if many > 1 else ".")
        raise UserError(f"{facts.title(run)} has no prompt {number}. {there if many else 'Its recipe asks none.'}")
    return number - 1


async def _of_step(request: Request, run: Run, step: int, only: int | None) -> Message:
    """The answers of one step; those that were never drawn are drawn now."""
    drawn = [one for one in await request.desk.db.read(runs.samples(run.number)) if one.step == step]
    has = {one.prompt for one in drawn if one.answer is not None}
    wanted = run.recipe.asked if only is None else (only,)
    made, note = await asking.draw(request, run, step, [prompt for prompt in wanted if prompt not in has])
    fresh = {one.prompt for one in made}
    shown = [*(one for one in drawn if one.prompt not in fresh and only in {None, one.prompt}), *made]
    if not shown and not note:
        what = "the base model" if step == BASE_STEP else f"step {step}"
        note = f"Its recipe asks no prompts. Ask {what} a question of your own: `/train ask {run.number} step={step} …`"
    votes = await request.desk.db.read(posts.votes(run.number))
    return sample_messages.of_step(run, step, shown, votes, note=note)


async def _view(request: Request, number: int, most: int) -> views.View:
    view = await views.of_run(request.desk.db, number, most)
    if view is None:
        raise LookupError(f"run {number} is gone")
    return view
