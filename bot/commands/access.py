"""Who may, and who may see: by platform ids only, decided at the moment of the act.

Without a role list the platform's standing decides: members may do everything, guests read and vote. With a list only
those on it act. Runs of a private place are seen there, by their starter and by admins; what everybody in a place
will read may name only runs that belong there.
"""

from bot.commands.roles import Standing
from bot.commands.spec import Command, Incoming, Request
from bot.domain.errors import UserError
from bot.domain.runs import Run


def check(command: Command, incoming: Incoming) -> None:
    """UserError when this person may not do this here."""
    if command.acts:
        act(incoming, command.name)


def act(incoming: Incoming, name: str) -> None:
    """UserError when this person may only read here. `name` is what was tried, as it is typed; for a command that shows
    things to everybody, where it does more than that."""
    if incoming.standing is Standing.GUEST:
        raise UserError(
            f"You can read and vote here, but not use `/train {name}`. "
            "Ask a member of this workspace, or whoever runs this bot to put you on its list of operators, as "
            f"`{incoming.person.key}`."
        )


def publishable(run: Run, incoming: Incoming) -> bool:
    """Whether everybody in this place may read of the run: a private one only at home, and where its starter is alone
    with the bot."""
    return not run.private or run.home == incoming.place or (incoming.direct and run.starter == incoming.person)


def check_publishable(run: Run, incoming: Incoming) -> None:
    """UserError for a run that everybody here would read of, and may not."""
    if not publishable(run, incoming):
        raise UserError(
            f"`#{run.number}` is private, and everybody here would read of it. Nothing was changed. "
            f"`/train share {run.number}` publishes it; its starter or an admin may."
        )


async def check_told(request: Request, undone: str) -> None:
    """UserError where nothing could be told in this place; `undone` says what did not happen then."""
    chat = request.desk.chats.get(request.place.platform)
    problems = await chat.check(request.place) if chat else ["this chat is not connected"]
    if problems:
        raise UserError(f"I cannot report here, so {undone}: " + " ".join(problems))
