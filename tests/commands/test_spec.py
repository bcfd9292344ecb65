"""A handler's signature is the command."""

from typing import Annotated

import pytest

from bot.commands.spec import Arg, Command, Request, RunRef, Settings, command
from bot.domain.errors import UserError
from bot.messages.model import Message, say

COUNT = Arg("How many", minimum=1, maximum=50)


@command(acts=True, examples=("start support-bot steps=20",))
async def start(
    req: Request,
    recipe: Annotated[str, Arg("Recipe to run")],
    count: Annotated[int | None, COUNT] = None,
    dry: Annotated[bool, Arg("Only try")] = False,
    settings: Annotated[Settings | None, Arg("What to change")] = None,
) -> Message:
    """Start a training run.

    The rest of the docstring is for readers of the code.
    """
    return say("started")


@command(hidden=True)
async def list_(req: Request, run: Annotated[RunRef | None, Arg("Which run")] = None) -> Message:
    """List the runs."""
    return say("listed")


def number(text: str, arg: Arg) -> int:
    @command()
    async def some(req: Request, count: Annotated[int, arg]) -> Message:
        """Take a number."""
        return say("taken")

    found: int = some.bind({"count": text})["count"]
    return found


def test_a_command_has_the_name_and_the_first_line_of_its_handler() -> None:
    assert (start.name, start.help, start.acts, start.hidden) == ("start", "Start a training run.", True, False)
    assert start.examples == ("start support-bot steps=20",)


def test_a_name_that_python_reserves_loses_its_underscore() -> None:
    assert (list_.name, list_.acts, list_.hidden) == ("list", False, True)


def test_each_argument_has_its_native_type_its_words_and_its_default() -> None:
    kinds = {one.name: (one.type, one.required, one.arg.help) for one in start.parameters}
    assert kinds == {
        "recipe": (str, True, "Recipe to run"),
        "count": (int, False, "How many"),
        "dry": (bool, False, "Only try"),
        "settings": (Settings, False, "What to change"),
    }
    assert [one.name for one in start.named] == ["recipe", "count", "dry"]
    assert start.settings is start.parameters[-1]
    assert list_.parameters[0].type is RunRef
    assert list_.settings is None


@pytest.mark.parametrize(
    ("one", "usage"), [(start, "start <recipe> [count] [dry] [key=value ...]"), (list_, "list [run]")]
)
def test_the_usage_shows_what_is_required(one: Command, usage: str) -> None:
    assert one.usage == usage


def test_help_says_every_argument_with_its_meaning() -> None:
    entry = start.entry
    assert (entry.name, entry.usage) == (start.name, f"/train {start.usage}")
    assert entry.examples == tuple(f"/train {line}" for line in start.examples)
    assert entry.arguments[0] == ("recipe", "Recipe to run")
    assert len(entry.arguments) == 4


def test_text_becomes_arguments_of_their_types() -> None:
    bound = start.bind({"recipe": "support-bot", "count": "5", "dry": "Yes", "lr": "1e-4"})
    assert bound == {"recipe": "support-bot", "count": 5, "dry": True, "settings": {"lr": "1e-4"}}
    assert type(bound["settings"]) is Settings
    assert type(list_.bind({"run": "#42"})["run"]) is RunRef


def test_what_is_not_given_is_left_to_the_default() -> None:
    assert start.bind({"recipe": "x"}) == {"recipe": "x", "settings": {}}
    assert list_.bind({}) == {}


async def test_a_bound_call_calls_the_handler() -> None:
    answer = await start.handler(None, **start.bind({"recipe": "x", "lr": "1"}))
    assert answer == say("started")


def test_a_missing_argument_is_asked_for_with_the_usage() -> None:
    with pytest.raises(UserError, match=r"Which recipe\? Usage: `/train start <recipe>"):
        start.bind({})


def test_an_unknown_argument_is_named_with_the_usage() -> None:
    with pytest.raises(UserError, match=r"`/train list` has no `lr`\. Usage: `/train list \[run\]`"):
        list_.bind({"run": "42", "lr": "1"})
    with pytest.raises(UserError, match=f"has no `{'x' * 39}…`"):
        list_.bind({"x" * 5000: "1"})


@pytest.mark.parametrize(("text", "read"), [("1", 1), ("50", 50), ("007", 7), ("1_0", 10), ("#42", 42)], ids=str)
def test_a_whole_number_within_its_bounds_is_read(text: str, read: int) -> None:
    assert number(text, COUNT) == read


@pytest.mark.parametrize(
    "text",
    ["0", "51", "-1", "1.5", "1e1", "", "#", "_", "٣", "²", "ten", "9" * 20, "9" * 5000],
    ids=lambda text: text[:9],
)
def test_a_number_out_of_bounds_or_none_is_refused_with_its_bounds(text: str) -> None:
    with pytest.raises(UserError, match=r"`count=.*` does not fit: it takes a whole number from 1 to 50\.") as caught:
        number(text, COUNT)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("arg", "bounds"),
    [(Arg("n"), "from 0 up"), (Arg("n", minimum=3), "from 3 up"), (Arg("n", maximum=9), "from 0 to 9")],
    ids=["free", "low", "high"],
)
def test_open_bounds_are_said_as_such(arg: Arg, bounds: str) -> None:
    with pytest.raises(UserError, match=rf"a whole number {bounds}\."):
        number("x", arg)


@pytest.mark.parametrize(
    ("text", "read"),
    [("yes", True), ("TRUE", True), ("on", True), ("no", False), ("False", False), ("off", False)],
)
def test_a_switch_takes_its_words(text: str, read: bool) -> None:
    assert start.bind({"recipe": "x", "dry": text})["dry"] is read


@pytest.mark.parametrize("text", ["", "1", "0", "maybe"])
def test_a_switch_takes_nothing_else(text: str) -> None:
    with pytest.raises(UserError, match=rf"`dry={text}` does not fit: it takes yes or no\."):
        start.bind({"recipe": "x", "dry": text})


def test_an_argument_that_says_nothing_of_itself_is_no_argument() -> None:
    async def bare(req: Request, run: str) -> Message:
        """Do it."""
        return say(run)

    with pytest.raises(TypeError, match="argument run has no Arg"):
        command()(bare)
