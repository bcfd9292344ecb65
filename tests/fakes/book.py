"""The team's recipes in memory, where the real ones are files."""

from collections.abc import Callable

from bot.domain.recipes import Recipe, RecipeError


class FakeBook:
    """What `recipes` holds, and what was saved into it."""

    def __init__(self, recipes: dict[str, Recipe | RecipeError]) -> None:
        self.recipes = recipes

    async def read(self) -> dict[str, Recipe | RecipeError]:
        return self.recipes

    async def save(self, recipe: Recipe, *, replace: bool) -> bool:
        if recipe.name in self.recipes and not replace:
            return False
        self.recipes[recipe.name] = recipe
        return True

    async def change_prompts(self, name: str, change: Callable[[Recipe], Recipe]) -> Recipe:
        found = self.recipes[name]
        assert isinstance(found, Recipe)
        self.recipes[name] = after = change(found)
        return after
