"""Who may, and who may see: by platform ids only, decided at the moment of the act.

Without a role list every member may do everything; guests read and vote. Runs of a private place are seen there,
by their starter and by admins.
"""

from bot.commands.spec import Command, Incoming, Standing
from bot.domain.errors import UserError
from bot.domain.runs import Run


def check(command: Command, incoming: Incoming) -> None:
    """UserError when this person may not do this here."""
    if command.acts and incoming.standing is Standing.GUEST:
        raise UserError(
            f"Guests can read and vote, but not use `/train {command.name}`. Ask a member of this workspace."
        )


def visible(run: Run, incoming: Incoming) -> bool:
    """Whether this run may be mentioned to this person in this place."""
    return (
        not run.private
        or run.home == incoming.place
        or (run.starter == incoming.person and incoming.private)
        or incoming.standing is Standing.ADMIN
    )
