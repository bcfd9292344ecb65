"""The commands about recipes."""

from bot.commands.spec import Request, command
from bot.domain.recipes import Recipe, RecipeError
from bot.messages import replies
from bot.messages.model import Message


@command(examples=("recipes",))
async def recipes_(request: Request) -> Message:
    """List the recipes, with what is wrong with the broken ones."""
    found = await request.desk.recipes()
    good = [one for one in found.values() if isinstance(one, Recipe)]
    return replies.recipe_list(good, {name: str(one) for name, one in found.items() if isinstance(one, RecipeError)})
