"""The commands as a Markdown table, for README and for `trainbot commands`; made from the registry alone."""

from bot.commands.train import COMMANDS


def markdown() -> str:
    """One row a command: what to type, what it does, an example."""
    rows = [
        f"| `/train {one.usage}` | {one.help} | {', '.join(f'`/train {line}`' for line in one.examples)} |"
        for one in COMMANDS
        if not one.hidden
    ]
    return "\n".join(["| Type | What it does | For example |", "| --- | --- | --- |", *rows])
