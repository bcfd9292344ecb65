"""Tables of what can be typed and set, for README and for `trainbot commands`; made from the code alone."""

from bot.commands.catalog import COMMANDS
from bot.domain.hyper import HYPERS


def markdown() -> str:
    """One row a command: what to type, what it does, an example."""
    rows = [
        f"| `/train {one.usage}` | {one.help} | {', '.join(f'`/train {line}`' for line in one.examples)} |"
        for one in COMMANDS
        if not one.hidden
    ]
    return "\n".join(["| type | what it does | for example |", "| --- | --- | --- |", *rows])


def settings() -> str:
    """One row a setting of a recipe: its names, what it means, what is allowed."""
    rows = [
        f"| {', '.join(f'`{name}`' for name in (one.name, *one.aliases))} | {one.meaning} | {one.allowed} |"
        for one in HYPERS
    ]
    return "\n".join(["| setting | what it is | allowed |", "| --- | --- | --- |", *rows])
