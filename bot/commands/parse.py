"""Slash text to a Call, and half a line to its completions. Used by every front end that takes text."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from bot.commands.desk import Desk
from bot.commands.spec import Choice, Command, Incoming, Parameter, RunRef, Words
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.hyper import nearest
from bot.domain.text import clean, cut

LIMIT = 4000  # characters of a command
_KEY = re.compile(r"[\w.-]*")  # `"is 2 + 2 = 4?"` is a value with an equals sign in it
_NUMBER = re.compile(r"#[0-9]{1,12}")
MOST = 25  # completions; what Discord shows at the most (developer docs, Autocomplete)


def words(text: str) -> list[str]:
    """The words of a line; quotes keep words together. UserError where a quote is not closed."""
    if len(text) > LIMIT:
        raise UserError(f"That command has {len(text)} characters; {LIMIT} is the most. Nothing was done.")
    plain = clean(text).translate({0x201C: '"', 0x201D: '"', 0x201E: '"', 0x2018: "'", 0x2019: "'", 0xA0: " "})
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.quotes = '"'
    lexer.escape = ""  # a backslash is a character like any other
    try:
        return list(lexer)
    except ValueError:
        raise UserError('A quote `"` is opened and not closed. Nothing was done.') from None


def call(text: str, find: Callable[[str], Command]) -> Call:
    """The call that a line means: the first word is the command, then its arguments by place or by `key=value`."""
    parts = words(text)
    if not parts:
        return Call("", {})
    command = find(parts[0].removeprefix("/"))
    return Call(command.name, arguments(command, parts[1:]))


def arguments(command: Command, parts: Sequence[str]) -> dict[str, str]:
    """Arguments by name. UserError for too many and for one given twice."""
    args: dict[str, str] = {}
    switches = {one.name for one in command.named if one.type is bool}
    runs = {one.name for one in command.named if one.type is RunRef}
    key = ""
    for part in parts:
        if key in runs and _NUMBER.fullmatch(part) and "#" not in args[key]:
            args[key] += part  # `support-bot #42`: a run as every message calls it
            continue
        key, equals, value = (f"{part}=yes" if part.lower() in switches else part).partition("=")
        if not equals or not _KEY.fullmatch(key) or _is_text(command, key.lower()):
            one = _by_place(command, args, part)
            if one.name in args:
                args[one.name] += f" {part}"
                continue
            key, value = one.name, part
        key = key.lower()
        if key in args:
            raise UserError(f"`{cut(key, 40)}` is given twice. Usage: `/train {command.usage}`.")
        if not key or not value:
            raise UserError(f"`{cut(part, 40)}` lacks a name or a value; write `key=value`.")
        args[key] = value
    return args


def _by_place(command: Command, args: Mapping[str, str], part: str) -> Parameter:
    """The parameter that a word without a name fills; the last one may take several."""
    for one in command.placed:
        if one.name not in args or one.type is Words:
            return one
    raise UserError(
        f"`{cut(part, 40)}` is one word too many. Usage: `/train {command.usage}`.{_in_quotes(command, args, part)}"
    )


def _in_quotes(command: Command, args: Mapping[str, str], part: str) -> str:
    """For a run whose name may have several words."""
    names = [args[one.name] for one in command.placed if one.type is RunRef and one.name in args]
    if not names or names[-1].lstrip("#").isdigit():
        return ""
    return f' A name of several words stands in quotes: `"{cut(f"{names[-1]} {part}", 60)}"`.'


def _is_text(command: Command, key: str) -> bool:
    """Whether `key=value` is part of a text: the command takes words, and has nothing of about this name."""
    names = [one.name for one in command.named]
    takes = any(one.type is Words for one in command.placed) and command.settings is None
    return takes and key not in names and nearest(key, names) is None


async def complete(text: str, commands: Mapping[str, Command], desk: Desk, incoming: Incoming) -> list[Choice]:
    """What the last word of a half-typed line may become; each value is the whole line after choosing it."""
    if len(text) > LIMIT:
        return []
    head, _, last = clean(text).rpartition(" ")
    try:
        done = words(head)
    except UserError:  # inside a quote nothing can be offered
        return []
    if not done:
        names = [one for one in commands.values() if not one.hidden and one.name.startswith(last.lower())]
        return [Choice(f"{one.name} ", f"{one.usage} · {one.help}") for one in names][:MOST]
    command = commands.get(done[0].removeprefix("/").lower())
    if command is None:
        return []
    choices = await _argument(command, done[1:], last, desk, incoming)
    return [Choice(f"{head} {choice.value}", choice.label) for choice in choices][:MOST]


async def _argument(command: Command, done: list[str], last: str, desk: Desk, incoming: Incoming) -> list[Choice]:
    """Completions of one argument: of the value behind a name, else of the next one by place, then names."""
    try:
        args = arguments(command, done)
    except UserError:
        return []
    name, equals, value = last.partition("=")
    valued = next((one for one in command.named if equals and one.name == name.lower()), None)
    if valued is not None:
        found = await _values(valued, value, desk, incoming, args)
        return [Choice(f"{name}={one.value}", one.label) for one in found]
    left = [one for one in command.placed if one.name not in args or one.type is Words]
    found = [] if equals or not left else list(await _values(left[0], last, desk, incoming, args))
    required = any(one.required and one.name not in args for one in command.placed)
    if required:
        return found
    found += [_named(one) for one in command.named if _offered(one, last, args)]
    settings = command.settings
    if settings and settings.arg.complete:
        found += await settings.arg.complete(incoming, desk, last, args)
    return found


async def _values(
    one: Parameter, last: str, desk: Desk, incoming: Incoming, args: Mapping[str, str]
) -> Sequence[Choice]:
    if one.arg.choices:
        return [Choice(word, word) for word in one.arg.choices if word.startswith(last.lower())]
    return await one.arg.complete(incoming, desk, last, args) if one.arg.complete else []


def _offered(one: Parameter, last: str, args: Mapping[str, str]) -> bool:
    return one.keyword and one.name not in args and one.name.startswith(last.lower())


def _named(one: Parameter) -> Choice:
    """A parameter by its name; a switch is all that is to be typed."""
    return Choice(one.name if one.type is bool else f"{one.name}=", f"{one.shown} · {one.arg.help}")
