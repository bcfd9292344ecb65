"""The command model: a handler's signature becomes parser, completion, help and, on each platform, its native form.

A handler is `async def name(req: Request, arg: Annotated[type, Arg(...)]) -> Message`; `command` turns it into a
Command. Nothing is registered by importing: `commands/registry` lists what exists.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from bot.commands.desk import Desk, HelpEntry, Write
from bot.commands.roles import Standing
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.hyper import nearest
from bot.domain.places import Person, Place, PostRef
from bot.domain.runs import Viewer
from bot.domain.text import cut
from bot.messages.model import Message


class Settings(dict[str, str]):
    """The `key=value` pairs of a command that takes any; as typed, unchecked."""


class Words(str):
    """All words that are left on the line, with blanks between; an argument of this type comes last."""

    __slots__ = ()


class Typed(Words):
    """All that is left on the line as it was typed: quotes, line ends and blanks stay."""

    __slots__ = ()


class RunRef(str):
    """How a person names a run: `#42`, `42`, `support-bot`, `support-bot#42`; empty for the one that fits here."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a chat folder knows of a request. `id` is the platform's delivery id: the same id is the same request."""

    id: str
    person: Person
    place: Place
    standing: Standing = Standing.MEMBER
    private: bool = False  # a direct conversation or a private channel
    message: PostRef | None = None  # the message whose button was clicked
    direct: bool = False  # a conversation of this person alone with the bot
    roles: tuple[str, ...] = ()  # the person's roles and groups, as `platform/workspace/role:id`

    @property
    def viewer(self) -> Viewer:
        """Whose eyes the reply is for."""
        return Viewer(self.person, self.place, self.standing is Standing.ADMIN)


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler gets: who asked what where, and the desk to answer from."""

    incoming: Incoming
    desk: Desk
    call: Call

    @property
    def person(self) -> Person:
        return self.incoming.person

    @property
    def place(self) -> Place:
        return self.incoming.place

    async def settle(
        self, begin: Callable[[], Awaitable[Write | Message]], tell: Callable[[Any], Awaitable[Message]]
    ) -> Message:
        """The answer to a request that changes something, the same for every delivery of it. `begin` is that of
        `Desk.settled`; `tell` makes the answer of what was kept (JSON), which names all that was found."""
        kept = await self.desk.settled(self.incoming.id, begin)
        return kept if isinstance(kept, Message) else await tell(kept)


@dataclass(frozen=True, slots=True)
class Choice:
    """One completion: what is filled in, and how it is shown."""

    value: str
    label: str


Completer = Callable[[Incoming, Desk, str, Mapping[str, str]], Awaitable[Sequence[Choice]]]


@dataclass(frozen=True, slots=True)
class Arg:
    """What the signature cannot say of an argument. `minimum` and `maximum` are inclusive, `choices` all it takes; by
    `marks` it is known wherever it stands: what has its place before it was left out then."""

    help: str
    complete: Completer | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a command, with its native type: str, int, bool, RunRef, Words, Typed or Settings.

    `keyword`: it has no place on the line and is given as `name=value`, or by its name alone where it is a switch.
    `slot` is the handler's own name for it, with an underscore where the plain one is a word of Python's."""

    name: str
    type: type
    arg: Arg
    default: Any = inspect.Parameter.empty
    keyword: bool = False
    slot: str = ""

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    @property
    def shown(self) -> str:
        """As usage shows it: `run`, `words ...`, `step=...`, `sure`."""
        if issubclass(self.type, Words):
            return f"{self.name} ..."
        return f"{self.name}=..." if self.keyword and self.type is not bool else self.name

    def read(self, text: str) -> Any:
        """The argument from its text; UserError with the allowed values."""
        if self.type is bool:
            return self._bool(text)
        if self.type is int:
            return self._int(text)
        if self.arg.choices:
            return self._choice(text)
        return self.type(text)

    def _bool(self, text: str) -> bool:
        known = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
        if text.lower() not in known:
            raise UserError(f"`{self.name}={cut(text, 40)}` does not fit: it takes yes or no.")
        return known[text.lower()]

    def _choice(self, text: str) -> str:
        word = text.lower()
        if word not in self.arg.choices:
            near = nearest(word, self.arg.choices)
            hint = f" Did you mean `{near}`?" if near else ""
            raise UserError(
                f"`{self.name}={cut(text, 40)}` does not fit: it takes {', '.join(self.arg.choices)}.{hint}"
            )
        return word

    def _int(self, text: str) -> int:
        low, high = self.arg.minimum, self.arg.maximum
        digits = text.lstrip("#").replace("_", "")
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None
        if number is None or (low is not None and number < low) or (high is not None and number > high):
            bounds = f" from {low or 0}" + (f" to {high}" if high is not None else " up")
            raise UserError(f"`{self.name}={cut(text, 40)}` does not fit: it takes a whole number{bounds}.")
        return number


Handler = Callable[..., Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command as every front end needs it. `acts`: it changes something, so guests may not."""

    name: str
    help: str
    handler: Handler
    parameters: tuple[Parameter, ...]
    acts: bool = False
    hidden: bool = False
    examples: tuple[str, ...] = ()

    @property
    def settings(self) -> Parameter | None:
        """The parameter that takes any `key=value`, if there is one."""
        return next((one for one in self.parameters if one.type is Settings), None)

    @property
    def named(self) -> tuple[Parameter, ...]:
        """The parameters that have a name."""
        return tuple(one for one in self.parameters if one.type is not Settings)

    @property
    def placed(self) -> tuple[Parameter, ...]:
        """The parameters that may be given by their place on the line, without their name."""
        return tuple(one for one in self.named if not one.keyword)

    @property
    def usage(self) -> str:
        """`start <recipe> [key=value ...]`."""
        words = [f"<{one.shown}>" if one.required else f"[{one.shown}]" for one in self.named]
        return " ".join([self.name, *words, *(["[key=value ...]"] if self.settings else [])])

    @property
    def entry(self) -> HelpEntry:
        """What help says of it."""
        arguments = tuple((one.name, one.arg.help) for one in self.parameters)
        examples = tuple(f"/train {line}" for line in self.examples)
        return HelpEntry(self.name, f"/train {self.usage}", self.help, arguments, examples)

    def bind(self, args: Mapping[str, str]) -> dict[str, Any]:
        """The handler's keyword arguments from a call's; UserError names what is missing or unknown."""
        bound: dict[str, Any] = {}
        known = {one.name: one for one in self.named}
        free = Settings({name: text for name, text in args.items() if name not in known})
        if free and self.settings is None:
            raise UserError(f"`/train {self.name}` has no `{cut(next(iter(free)), 40)}`. Usage: `/train {self.usage}`.")
        for one in self.named:
            if one.name in args:
                bound[one.slot or one.name] = one.read(args[one.name])
            elif one.required:
                raise UserError(f"Which {one.name}? Usage: `/train {self.usage}`.")
        if self.settings:
            bound[self.settings.slot or self.settings.name] = free
        return bound


def command(
    *, acts: bool = False, hidden: bool = False, examples: tuple[str, ...] = ()
) -> Callable[[Handler], Command]:
    """Makes a Command of a handler: its name, the first line of its docstring, its annotated arguments. TypeError for
    a handler that lacks one of them."""

    def wrap(handler: Handler) -> Command:
        hints = get_type_hints(handler, include_extras=True)
        signature = inspect.signature(handler)
        parameters = tuple(
            _parameter(name, hints[name], parameter) for name, parameter in list(signature.parameters.items())[1:]
        )
        name = handler.__name__.rstrip("_")
        doc = (handler.__doc__ or "").strip()
        if not doc:
            raise TypeError(f"command {name} has no docstring: its first line is what help says of it")
        return Command(name, doc.splitlines()[0], handler, parameters, acts, hidden, examples)

    return wrap


def _parameter(slot: str, hint: Any, given: inspect.Parameter) -> Parameter:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"argument {slot} has no Arg")
    kind, arg = get_args(hint)[:2]
    plain = [one for one in get_args(kind) if one is not type(None)] or [kind]
    return Parameter(slot.rstrip("_"), plain[0], arg, given.default, given.kind is given.KEYWORD_ONLY, slot)
