"""Answers to commands, seen by the one who asked.

Built by a handler when a command, a button or a modal is answered, and sent at once; nothing here is edited
later. What everybody sees is in `runs` and `samples`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.calls import Call
from bot.domain.ratings import Tally
from bot.domain.recipes import Recipe
from bot.domain.runs import Point, Run
from bot.domain.text import count, one_line
from bot.messages import facts, runs, words
from bot.messages.model import (
    Aside,
    Block,
    Bold,
    Button,
    Buttons,
    Code,
    Facts,
    Grid,
    Line,
    Link,
    Message,
    Picture,
    Prose,
    Text,
    Verbatim,
    When,
    line,
    say,
)

_RUNS_SHOWN = 10
_STARTS_AT_ONCE = 3
_STARTS_IN_LIST = 4
_EXAMPLES = 3
_NO_RECIPE = "There is no recipe to start yet: put one into the folder that TRAINBOT_RECIPES names."
_KEY_SETTINGS = ("max_steps", "epochs", "learning_rate", "batch_size", "lora_r")


def starting(run: Run) -> Message:
    """The promise: from here on the run exists."""
    changed = (Aside(line("Changed: ", *_codes(run.changes))),) if run.changes else ()
    where = "conversation" if run.private else "channel"
    return say(f"Starting {facts.title(run)}. Its card is in this {where}.", *changed)


def _codes(texts: Sequence[str], between: str = " ") -> Line:
    spaced = [span for text in texts for span in (Text(between), Code(text))]
    return tuple(spaced[1:])


def status(
    run: Run, *, now: datetime, points: Sequence[Point], votes: Mapping[int, Tally], link: str | None
) -> Message:
    """Everything that is known of one run."""
    meter = facts.meter(run)
    pairs = [facts.starter(run), *_times(run)]
    if facts.trained(run):
        pairs += [*([] if meter else [("Step", line(str(run.step)))]), *facts.numbers(run, now, points)]
    pairs += [*facts.time(run, now), *_checkpoints(run), *facts.votes(votes), *facts.artifacts(run)]
    pairs += [*facts.changes(run), *facts.job(run)]
    blocks: list[Block] = [runs.heading(run, now), *([meter] if meter else []), Facts(tuple(pairs))]
    if run.error and run.error.strip():
        blocks.append(Verbatim(run.error, "Reason"))
    settings = facts.settings(run.recipe)
    blocks += [Verbatim("\n".join(settings), "Settings")] if settings else []
    blocks += [Prose(line(Link("Open the card", link)))] if link else []
    blocks += [*runs.buttons(run, points, votes), *facts.small_print(run, now)]
    return Message(runs.summary(run, now), tuple(blocks), facts.tone(run))


def _times(run: Run) -> list[facts.Pair]:
    named = (("Training since", run.started_at), ("Last heard of", run.heard_at), ("Ended", run.ended_at))
    return [(label, line(When(at))) for label, at in named if at and not (label == "Last heard of" and run.ended_at)]


def _checkpoints(run: Run) -> list[facts.Pair]:
    if not run.checkpoints:
        return []
    steps = ", ".join(map(str, run.checkpoints[-12:]))
    cut = "… " if len(run.checkpoints) > 12 else ""
    return [("Checkpoints", line(f"{len(run.checkpoints)}, at step {cut}{steps}"))]


def running(runs: Sequence[Run], *, now: datetime, recipes: Sequence[str], examples: Sequence[str]) -> Message:
    """The bare command: what goes on here and what to do next."""
    blocks: list[Block] = [Prose(_going(run, now)) for run in runs[:_RUNS_SHOWN]]
    if len(runs) > _RUNS_SHOWN:
        blocks.append(Aside(line(f"and {len(runs) - _RUNS_SHOWN} more")))
    head = f"{count(len(runs), 'run')} going on here." if runs else "Nothing is running here."
    blocks.insert(0, Prose(line(head)))
    if recipes:
        blocks.append(_starts(recipes[:_STARTS_AT_ONCE]))
    else:
        blocks.append(Prose(line(_NO_RECIPE)))
    if examples:
        blocks.append(Prose(line("Try ", *_codes(examples[:_EXAMPLES], ", "))))
    return Message(head, tuple(blocks))


def _going(run: Run, now: datetime) -> Line:
    done = facts.meter(run)
    where = done.label if done else facts.step(run) if facts.trained(run) else ""
    said = [text for text in (where, facts.losses(run.numbers)) if text]
    return (Bold(facts.title(run)), Text(" · "), *facts.state(run, now), *(Text(f" · {text}") for text in said))


def _starts(names: Sequence[str]) -> Buttons:
    return Buttons(tuple(Button(f"Start {name}", Call("start", {"recipe": name}), "primary") for name in names))


def recipe_list(good: Sequence[Recipe], broken: Mapping[str, str]) -> Message:
    """All recipes, those with mistakes last."""
    head = f"{count(len(good), 'recipe')} to start." if good else _NO_RECIPE
    blocks: list[Block] = [Prose(line(head))]
    if good:
        rows = tuple(_recipe(recipe) for recipe in good)
        blocks.append(Grid(("Recipe", "What it is", "Model", "Data", "Settings"), rows))
    if broken:
        texts = "\n".join(broken[name] for name in sorted(broken))
        blocks += [Prose(line(f"{count(len(broken), 'recipe')} cannot be used:")), Verbatim(texts, "Mistakes")]
    if good:
        blocks.append(_starts([recipe.name for recipe in good[:_STARTS_IN_LIST]]))
    return Message(head, tuple(blocks))


def _recipe(recipe: Recipe) -> tuple[Line, ...]:
    told = [f"{key}={words.setting(recipe.settings[key])}" for key in _KEY_SETTINGS if key in recipe.settings]
    return (
        line(Code(recipe.name)),
        line(recipe.description or "–"),
        line(one_line(recipe.model, 80)),
        line(facts.data(recipe) or "–"),
        line(", ".join(told) or "the service's own"),
    )


def help_list(commands: Sequence[tuple[str, str]]) -> Message:
    """Every command with its one sentence."""
    rows = tuple((line(Code(usage)), line(text)) for usage, text in commands)
    more = Aside(line("More about one of them: ", Code("/train help start")))
    return Message("What I can do", (Prose(line("What I can do:")), Grid(("Command", "What it does"), rows), more))


def help_one(usage: str, help: str, arguments: Sequence[tuple[str, str]], examples: Sequence[str]) -> Message:
    """One command in full."""
    blocks: list[Block] = [Prose(line(Code(usage))), Prose(line(help))]
    if arguments:
        blocks.append(Facts(tuple((one_line(name, 60), line(meaning)) for name, meaning in arguments)))
    if examples:
        blocks.append(Prose(line("For example ", *_codes(examples, ", "))))
    return Message(f"{usage}: {help}", tuple(blocks))


def ask_cancel(run: Run, *, now: datetime) -> Message:
    """The question before the end of a run, with what it costs."""
    one = str(run.number)
    text = f"Cancel {facts.title(run)}? {_price_of_cancelling(run, now)}"
    sure = Button(f"Cancel {facts.title(run)}", Call("cancel", {"run": one, "sure": "yes"}), "danger")
    return say(text, Buttons((sure, Button("Keep it running", Call("status", {"run": one})))))


def _price_of_cancelling(run: Run, now: datetime) -> str:
    if not facts.trained(run):
        return "It has not begun to train, so it would lose nothing but its place in the queue."
    so_far = f"It is at {facts.step(run)} after {words.duration(run.duration(now))}."
    if not run.checkpoints:
        return f"{so_far} It has saved no checkpoint yet, so all of that would be lost."
    last = run.checkpoints[-1]
    if last >= run.step:
        return f"{so_far} Its last checkpoint is from this step."
    return (
        f"{so_far} Its last checkpoint is from step {last}; {count(run.step - last, 'step')} since then would be lost."
    )


def cancelling(run: Run) -> Message:
    return say(f"Cancelling {facts.title(run)}. Its card says when it has ended.")


def already_ended(run: Run) -> Message:
    return say(f"{facts.title(run)} has already ended: {run.state.value}. Nothing was changed.")


def already_cancelling(run: Run) -> Message:
    asked = f", asked by {one_line(run.cancel_by.label, 60)}" if run.cancel_by else ""
    return say(f"{facts.title(run)} is already being cancelled{asked}. Its card says when it has ended.")


def plot(run: Run, picture: Picture | None) -> Message:
    """The loss curve, or when it will come."""
    if picture:
        return Message(picture.alt, (Prose(line("Loss of ", Bold(facts.title(run)))), picture))
    if run.state.final:
        return say(f"There is no plot of {facts.title(run)}: it ended without a number.")
    return say(f"There is no plot of {facts.title(run)} yet: it comes with the first numbers.")
