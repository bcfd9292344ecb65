"""Answers about recipes and prompts, seen by the one who asked."""

from collections.abc import Mapping, Sequence

from bot.domain.calls import Call
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Run
from bot.domain.text import count, one_line
from bot.messages import facts, words
from bot.messages.model import (
    Aside,
    Block,
    Button,
    Buttons,
    Code,
    Facts,
    Grid,
    Heading,
    Line,
    Message,
    Prose,
    Quote,
    Verbatim,
    line,
    say,
)

NO_RECIPE = "There is no recipe to start yet: put one into the folder that TRAINBOT_RECIPES names."
_STARTS_IN_LIST = 4
_KEY_SETTINGS = ("max_steps", "epochs", "learning_rate", "batch_size", "lora_r")
_CALLED = {"here": "everybody who is here", "starter": "who started it", "nobody": "nobody"}
_PROMPT = 1000  # characters of one that are shown


def listed(good: Sequence[Recipe], broken: Mapping[str, str]) -> Message:
    """All recipes, those with mistakes last."""
    head = f"{count(len(good), 'recipe')} to start." if good else NO_RECIPE
    blocks: list[Block] = [Prose(line(head))]
    if good:
        rows = tuple(_row(recipe) for recipe in good)
        blocks.append(Grid(("Recipe", "What it is", "Model", "Data", "Settings"), rows))
    if broken:
        texts = "\n".join(broken[name] for name in sorted(broken))
        blocks += [Prose(line(f"{count(len(broken), 'recipe')} cannot be used:")), Verbatim(texts, "Mistakes")]
    if good:
        blocks.append(Buttons(tuple(_start(recipe.name) for recipe in good[:_STARTS_IN_LIST])))
        blocks.append(Aside(line("All of one: ", Code(f"/train recipes show {good[0].name}"))))
    return Message(head, tuple(blocks))


def _start(name: str) -> Button:
    return Button(f"Start {name}", Call("start", {"recipe": name}), "primary")


def _row(recipe: Recipe) -> tuple[Line, ...]:
    told = [f"{key}={words.setting(recipe.settings[key])}" for key in _KEY_SETTINGS if key in recipe.settings]
    return (
        line(Code(recipe.name)),
        line(recipe.description or "–"),
        line(one_line(recipe.model, 80)),
        line(facts.data(recipe) or "–"),
        line(", ".join(told) or "the service's own"),
    )


def shown(recipe: Recipe) -> Message:
    """Everything that a recipe sets."""
    head = f"Recipe {recipe.name}" + (f": {recipe.description}" if recipe.description else "")
    blocks: list[Block] = [Heading(line("Recipe ", Code(recipe.name)))]
    blocks += [Prose(line(recipe.description))] if recipe.description else []
    blocks.append(Facts(tuple((label, line(value)) for label, value in _facts(recipe) if value)))
    settings = facts.settings(recipe)
    blocks += [Verbatim("\n".join(one_line(one, 200) for one in settings), "Settings")] if settings else []
    blocks += _prompts(recipe)
    return Message(head, (*blocks, Buttons((_start(recipe.name),))))


def _facts(recipe: Recipe) -> list[tuple[str, str]]:
    samples, notify = recipe.samples, recipe.notify
    asked = f"{count(len(recipe.asked), 'prompt')} at up to {count(samples.checkpoints, 'checkpoint')}"
    return [
        ("Model", recipe.model),
        ("Data", facts.data(recipe)),
        ("Samples", f"{asked}, {samples.max_tokens} tokens an answer at the most"),
        ("Progress", f"a line every {notify.progress_every} steps" if notify.progress_every else ""),
        ("Called when it fails", _CALLED.get(notify.failure, notify.failure)),
        ("Silent", f"counts as odd after {notify.silent_minutes} min"),
        ("Words open to change", ", ".join(recipe.open)),
        ("Also for runs from elsewhere", ", ".join(recipe.match)),
        ("Price", f"{recipe.price_per_hour:.2f} an hour" if recipe.price_per_hour is not None else ""),
    ]


def _prompts(recipe: Recipe) -> list[Block]:
    """What is asked, by the number that `/train prompts remove` takes."""
    asked = [_quote(index, recipe.prompts[index]) for index in recipe.asked]
    left = len([one for one in recipe.prompts if not one.off]) - len(asked)
    more = f"{count(left, 'more prompt')} not asked: samples.prompts is {recipe.samples.prompts}."
    return [*asked, *([Aside(line(more))] if left else [])]


def _quote(index: int, prompt: Prompt) -> Quote:
    text = f"{prompt.user}\n(system: {prompt.system})" if prompt.system else prompt.user
    return Quote(text if len(text) <= _PROMPT else f"{text[:_PROMPT]}…", f"Prompt {index + 1}")


def saved(run: Run, name: str) -> Message:
    """A recipe was made of a run."""
    return say(f"Saved {facts.title(run)} as recipe `{name}`.", Buttons((_start(name),)))


def ask_replace(run: Run, name: str) -> Message:
    """The question before a recipe is written over."""
    call = Call("recipes", {"action": "save", "words": f"{run.number}:{name}", "replace": "yes"})
    return say(
        f"There is a recipe `{name}` already. Save {facts.title(run)} in its place? Its file is lost then. "
        "Nothing was changed.",
        Buttons((Button(f"Replace {name}", call, "danger"),)),
    )


def of_run(run: Run) -> Message:
    """The prompts that a run is asked."""
    recipe, one = run.recipe, run.number
    if not recipe.asked:
        return say(f"{facts.title(run)} is asked nothing. `/train prompts {one} add` and a question begins.")
    how = f"/train prompts {one} add ..." if not run.state.final else f"/train prompts recipe={recipe.name} add ..."
    head = f"{facts.title(run)} is asked {count(len(recipe.asked), 'prompt')}."
    return say(head, *_prompts(recipe), Aside(line("To add one: ", Code(how))))


def of_recipe(recipe: Recipe) -> Message:
    """The prompts of a recipe."""
    add = f"/train prompts recipe={recipe.name} add ..."
    if not recipe.prompts:
        return say(f"Recipe `{recipe.name}` asks no prompts. `{add}` begins.")
    head = f"Recipe `{recipe.name}` asks {count(len(recipe.asked), 'prompt')}."
    return say(head, *_prompts(recipe), Aside(line("To add one: ", Code(add))))


def run_changed(run: Run, prompt: Prompt, asked: int, *, added: bool) -> Message:
    """A run's prompts are not what they were; `asked` is how many there were after that."""
    what = "is asked one more from its next checkpoint on" if added else "is not asked this any more"
    return say(f"{facts.title(run)} {what}: {asked} now.", Quote(prompt.user[:_PROMPT], ""))


def recipe_changed(recipe: str, prompt: Prompt, asked: int, *, added: bool) -> Message:
    """The prompts of the recipe of this name are not what they were; `asked` is how many there were after that."""
    what = "asks one more" if added else "does not ask this any more"
    return say(
        f"Recipe `{recipe}` {what}: {asked} now. It counts for runs that are started from now on.",
        Quote(prompt.user[:_PROMPT], ""),
    )


def over(run: Run) -> str:
    """Why the prompts of a run that is over stay, and what to do."""
    return (
        f"{facts.title(run)} is over: it is asked nothing any more. For the next run change the recipe: "
        f"`/train prompts recipe={run.name} add ...`."
    )
