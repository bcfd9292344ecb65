"""Every command there is, in the order in which help shows them; and help itself."""

from typing import Annotated

from bot.commands import find
from bot.commands.again import again, share
from bot.commands.asking import ask, votes
from bot.commands.cancel import cancel
from bot.commands.finding import best, compare, list_
from bot.commands.follow import follow, unfollow
from bot.commands.following import follows_
from bot.commands.library import recipes_
from bot.commands.prompts import prompts_
from bot.commands.quiet import dm, mute
from bot.commands.show import plot, samples, status
from bot.commands.spec import Arg, Request, command
from bot.commands.start import start
from bot.domain import hyper
from bot.domain.errors import UserError
from bot.domain.recipes import Recipe
from bot.domain.text import cut
from bot.messages import replies
from bot.messages.model import Message
from bot.store import listing
from bot.store.listing import Filter

SHOWN = 50  # runs that the home view looks at


@command(examples=("help", "help start"))
async def help_(
    request: Request, command: Annotated[str, Arg("Command to explain", complete=find.complete_command)] = ""
) -> Message:
    """Explain the commands."""
    entries = request.desk.commands()
    word = command.lower().removeprefix("/")
    for entry in entries:
        if entry.name == word:
            return replies.help_one(entry.usage, entry.help, entry.arguments, entry.examples)
    if word:
        near = hyper.nearest(word, [entry.name for entry in entries])
        hint = f"Did you mean `/train help {near}`?" if near else "`/train help` lists what there is."
        raise UserError(f"There is no command `{cut(word, 40)}`. {hint}")
    return replies.help_list([(entry.usage, entry.help) for entry in entries])


@command(hidden=True)
async def home(request: Request) -> Message:
    """Show what is running here, and how to begin."""
    here = await request.desk.db.read(listing.select(request.incoming.viewer, Filter(place=request.place), SHOWN))
    used = list(dict.fromkeys(one.name for one in here))
    good = [name for name, one in (await request.desk.recipes()).items() if isinstance(one, Recipe)]
    names = sorted(good, key=lambda name: used.index(name) if name in used else len(used))
    first = names[0] if names else "my-recipe"
    return replies.running(
        [one for one in here if not one.state.final],
        now=request.desk.clock.now(),
        recipes=names,
        examples=(f"/train start {first}", "/train status", "/train help start"),
    )


COMMANDS = (
    start, again, cancel, list_, status, plot, compare, samples, best, ask, votes,
    follow, unfollow, follows_, mute, dm, prompts_, recipes_, share, help_, home,
)  # fmt: skip
