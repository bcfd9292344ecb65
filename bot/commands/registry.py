"""The list of commands, and the one boundary where a request becomes an answer.

`answer` never raises: a UserError becomes its sentence, anything else a sentence with a reference that is also in
the log. Nor does `complete`: one that breaks offers nothing. A redelivered request is answered the same (see
`Desk.once`).
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.commands import access, parse
from bot.commands.desk import Desk
from bot.commands.spec import Choice, Command, Incoming, Request
from bot.domain.calls import Call
from bot.domain.errors import Rejected, Unavailable, UserError
from bot.domain.hyper import nearest
from bot.domain.places import Person
from bot.domain.text import clean, cut
from bot.messages.model import Message, Tone, say
from bot.store import people

log = structlog.get_logger()
HOME = "home"  # what a bare /train means
NAMES = 10_000  # of persons that are remembered, then all are forgotten


class Registry:
    """Every command by name, and the desk they answer from."""

    def __init__(self, commands: Sequence[Command], desk: Desk) -> None:
        self.commands = {command.name: command for command in commands}
        self.desk = replace(desk, commands=lambda: [one.entry for one in self.shown])
        self._names: dict[str, str] = {}  # of persons, as they were written last

    @property
    def shown(self) -> list[Command]:
        """The commands that help and completion offer, in their order."""
        return [command for command in self.commands.values() if not command.hidden]

    def find(self, name: str) -> Command:
        """The command of this name; UserError with the nearest one."""
        command = self.commands.get(name.lower())
        if command is None:
            near = nearest(name.lower(), [one.name for one in self.shown])
            hint = f"Did you mean `/train {near}`?" if near else "`/train help` lists what there is."
            raise UserError(f"There is no command `{cut(name, 40)}`. {hint}")
        return command

    async def answer(self, incoming: Incoming, asked: str | Call) -> Message:
        """The reply to slash text or to a button, for the asker's eyes only."""
        try:
            call = _cleaned(asked) if isinstance(asked, Call) else parse.call(asked, self.find)
            return await self._run(incoming, call)
        except UserError as error:
            return say(str(error), tone=Tone.ODD)
        except (Unavailable, Rejected) as error:
            return say(f"That did not work: {error}. Nothing was changed; try again in a minute.", tone=Tone.ODD)
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("command failed", reference=reference, asked=cut(str(asked), 200))
            return say(
                f"Something broke on our side. The log has the details under `{reference}`; "
                "tell whoever runs this bot.",
                tone=Tone.BAD,
            )

    async def _run(self, incoming: Incoming, call: Call) -> Message:
        command = self.find(call.name or HOME)
        incoming = self._standing(incoming)
        await self._see(incoming.person)
        access.check(command, incoming)
        args = command.bind(call.args)
        return await command.handler(Request(incoming, self.desk, call), **args)

    async def complete(self, incoming: Incoming, text: str) -> list[Choice]:
        """Completions of a half-typed line; each value is the whole line after choosing it."""
        try:
            return await parse.complete(text, self.commands, self.desk, self._standing(incoming))
        except Exception:
            log.exception("completion failed", typed=cut(text, 200))
            return []

    async def _see(self, person: Person) -> None:
        """Keeps the person's name as it is now; one that has not changed costs nothing."""
        if not person.name or self._names.get(person.key) == person.name:
            return
        now = self.desk.clock.now()
        await self.desk.db.write(lambda connection: people.see(connection, person, now))
        if len(self._names) >= NAMES:
            self._names.clear()
        self._names[person.key] = person.name

    def _standing(self, incoming: Incoming) -> Incoming:
        """The request with what this person is here, by the role lists as they are now."""
        ids = {incoming.person.key, *incoming.roles}
        return replace(incoming, standing=self.desk.roles.standing(ids, incoming.standing))


def _cleaned(call: Call) -> Call:
    """The call of a form or an app command, whose texts come as somebody typed them."""
    return Call(clean(call.name), {clean(name): clean(text) for name, text in call.args.items()})
