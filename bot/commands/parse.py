"""Slash text to a Call, and half a line to its completions. Used by every front end that takes text."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bot.commands.desk import Desk
from bot.commands.spec import Choice, Command, Incoming, Parameter, RunRef, Typed, Words
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.hyper import nearest
from bot.domain.text import clean, cut

LIMIT = 4000  # characters of a command
_KEY = re.compile(r"[\w.-]*")  # `"is 2 + 2 = 4?"` is a value with an equals sign in it
_WORD = re.compile(r'(?:"[^"]*"|[^" \t\r\n])+')  # a backslash is a character like any other
_ALL_QUOTED = re.compile(r'"[^"]*"')
_PLAIN = {0x201C: '"', 0x201D: '"', 0x201E: '"', 0x2018: "'", 0x2019: "'", 0xA0: " "}
_NUMBER = re.compile(r"#[0-9]{1,12}")
MOST = 25  # completions; what Discord shows at the most (developer docs, Autocomplete)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a line: without its quotes, and where it stands there with them."""

    text: str
    begin: int
    end: int
    quoted: bool  # from its first letter


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was typed, and its words; quotes keep words together."""

    typed: str
    words: tuple[Word, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """UserError where a quote is not closed, and for a line that is too long."""
        if len(text) > LIMIT:
            raise UserError(f"That command has {len(text)} characters; {LIMIT} is the most. Nothing was done.")
        typed = clean(text)
        plain = typed.translate(_PLAIN)  # letter by letter: what stands where is the same
        if plain.count('"') % 2:
            raise UserError('A quote `"` is opened and not closed. Nothing was done.')
        found = [(match[0], *match.span()) for match in _WORD.finditer(plain)]
        words = tuple(Word(one.replace('"', ""), begin, end, one.startswith('"')) for one, begin, end in found)
        return cls(typed, words)

    def said(self, words: Sequence[Word]) -> str:
        """These words with everything that stands between them but other words; without quotes around it all."""
        first, *rest = words
        if not rest and _ALL_QUOTED.fullmatch(self.typed[first.begin : first.end].translate(_PLAIN)):
            return self.typed[first.begin + 1 : first.end - 1]
        parts, at = [self.typed[first.begin : first.end]], first.end
        for one in rest:
            between = self.typed[at : one.begin]
            parts += [between[: len(between) - len(between.lstrip())], self.typed[one.begin : one.end]]
            at = one.end
        return "".join(parts)


def words(text: str) -> list[str]:
    """The words of a line. UserError where a quote is not closed."""
    return [one.text for one in Line.of(text).words]


def call(text: str, find: Callable[[str], Command]) -> Call:
    """The call that a line means: the first word is the command, then its arguments by place or by `key=value`."""
    line = Line.of(text)
    if not line.words:
        return Call("", {})
    command = find(line.words[0].text.removeprefix("/"))
    return Call(command.name, arguments(command, line))


def arguments(command: Command, line: Line) -> dict[str, str]:
    """Arguments by name, from the words behind the command. UserError for too many and for one given twice."""
    args: dict[str, str] = {}
    runs = {one.name for one in command.named if one.type is RunRef}
    typed = next((one.name for one in command.placed if one.type is Typed), "")
    said: list[Word] = []
    key = ""
    for word in line.words[1:]:
        if key in runs and _NUMBER.fullmatch(word.text) and "#" not in args[key]:
            args[key] += word.text  # `support-bot #42`: a run as every message calls it
            continue
        pair = None if typed and word.quoted else _pair(command, word.text)
        if pair is None:
            key, value = _by_place(command, args, word.text).name, word.text
            if key == typed and (said or key not in args):
                said.append(word)
                args[key] = line.said(said)
                continue
            if key in args:
                args[key] += f" {value}"
                continue
        else:
            key, value = pair
        _check(command, args, key, value, word.text)
        args[key] = value
    return args


def _pair(command: Command, part: str) -> tuple[str, str] | None:
    """Name and value; None for a word without a name."""
    if part.lower() in {one.name for one in command.named if one.type is bool}:
        return part.lower(), "yes"
    key, equals, value = part.partition("=")
    if not equals or not _KEY.fullmatch(key) or _is_text(command, key.lower()):
        return None
    return key.lower(), value


def _check(command: Command, args: Mapping[str, str], key: str, value: str, part: str) -> None:
    if key in args:
        raise UserError(f"`{cut(key, 40)}` is given twice. Usage: `/train {command.usage}`.")
    if not key or not value:
        raise UserError(f"`{cut(part, 40)}` lacks a name or a value; write `key=value`.")


def _by_place(command: Command, args: Mapping[str, str], part: str) -> Parameter:
    """The parameter that a word without a name fills; the last one may take several."""
    marked = next((one for one in command.placed if one.name not in args and part.lower() in one.arg.marks), None)
    if marked is not None:
        return marked
    for one in _left(command, args):
        return one
    raise UserError(
        f"`{cut(part, 40)}` is one word too many. Usage: `/train {command.usage}`.{_in_quotes(command, args, part)}"
    )


def _left(command: Command, args: Mapping[str, str]) -> list[Parameter]:
    """The parameters that words may still fill: what has its place before a mark that was given was left out."""
    given = [index for index, one in enumerate(command.placed) if args.get(one.name, "").lower() in one.arg.marks]
    rest = command.placed[given[-1] :] if given else command.placed
    return [one for one in rest if one.name not in args or issubclass(one.type, Words)]


def _in_quotes(command: Command, args: Mapping[str, str], part: str) -> str:
    """For a run whose name may have several words."""
    names = [args[one.name] for one in command.placed if one.type is RunRef and one.name in args]
    if not names or names[-1].lstrip("#").isdigit():
        return ""
    return f' A name of several words stands in quotes: `"{cut(f"{names[-1]} {part}", 60)}"`.'


def _is_text(command: Command, key: str) -> bool:
    """Whether `key=value` is part of a text: the command takes words, and has nothing of about this name."""
    names = [one.name for one in command.named]
    takes = any(issubclass(one.type, Words) for one in command.placed) and command.settings is None
    return takes and key not in names and nearest(key, names) is None


async def complete(text: str, commands: Mapping[str, Command], desk: Desk, incoming: Incoming) -> list[Choice]:
    """What the last word of a half-typed line may become; each value is the whole line after choosing it."""
    if len(text) > LIMIT:
        return []
    head, _, last = clean(text).rpartition(" ")
    try:
        done = Line.of(head)
    except UserError:  # inside a quote nothing can be offered
        return []
    if not done.words:
        names = [one for one in commands.values() if not one.hidden and one.name.startswith(last.lower())]
        return [Choice(f"{one.name} ", f"{one.usage} · {one.help}") for one in names][:MOST]
    command = commands.get(done.words[0].text.removeprefix("/").lower())
    if command is None:
        return []
    choices = await _argument(command, done, last, desk, incoming)
    return [Choice(f"{head} {choice.value}", choice.label) for choice in choices][:MOST]


async def _argument(command: Command, done: Line, last: str, desk: Desk, incoming: Incoming) -> list[Choice]:
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
    left = _left(command, args)
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
