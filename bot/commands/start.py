"""The command that starts a run from a recipe. What it shares with `again` is in `opening`."""

from functools import partial
from typing import Annotated

from bot.commands import find, opening
from bot.commands.desk import Write
from bot.commands.opening import Wish
from bot.commands.spec import Arg, Request, Settings, command
from bot.domain import hyper, recipes
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.recipes import Recipe, RecipeError
from bot.domain.text import cut
from bot.messages import starts, words
from bot.messages.model import Message

NOTE = Arg('A note for its card, in quotes: note="longer warm-up"')
SURE = Arg("Start without asking about odd values")


@command(acts=True, examples=("start support-bot", "start support-bot steps=200 lr=1e-3"))
async def start(
    request: Request,
    recipe: Annotated[str, Arg("Recipe to run", complete=find.complete_recipe)],
    settings: Annotated[Settings, Arg("Settings to change, as key=value", complete=find.complete_setting)],
    *,
    note: Annotated[str, NOTE] = "",
    sure: Annotated[bool, SURE] = False,
) -> Message:
    """Start a training run."""

    async def begin() -> Write | Message:
        own = await usable(request, recipe)
        chosen = recipes.override(own, settings)
        said = opening.note(note)
        opening.check_token(request, chosen, f"The data set of recipe `{own.name}` needs a token.")
        odd = recipes.far_off(own, settings)
        if odd and not sure:
            asked = {"recipe": own.name, **settings, **({"note": said} if said else {})}
            return starts.ask_odd("The recipe says", odd, Call("start", asked))
        names = [hyper.find(name).name for name in settings]
        changes = tuple(f"{name}={words.setting(chosen.settings[name])}" for name in names)
        return await opening.begin(request, Wish(chosen, changes, said))

    return await request.settle(begin, partial(opening.tell, request))


async def usable(request: Request, name: str) -> Recipe:
    """The recipe of this name; UserError for one that is broken or not there."""
    found = await request.desk.recipes()
    one = found.get(name.lower())
    if isinstance(one, RecipeError):
        raise one
    if one is None:
        near = hyper.nearest(name.lower(), found)
        hint = f"Did you mean `{near}`?" if near else "`/train recipes` lists what there is."
        raise UserError(f"There is no recipe `{cut(name, 40)}`. {hint}")
    return one
