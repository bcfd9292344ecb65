"""Slash text becomes a call, or a sentence that says why not; half a line becomes its completions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import parse
from bot.commands.desk import Desk
from bot.commands.registry import Registry
from bot.commands.spec import Arg, Choice, Incoming, Request, RunRef, Settings, command
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.places import Person, Place
from bot.messages.model import Message, say

NOTHING = cast(Any, None)
DESK = Desk(db=NOTHING, clock=NOTHING, chats={}, book=NOTHING, plot=NOTHING, wake=NOTHING)
INCOMING = Incoming("1", Person("room", "-", "ann"), Place("room", "-", "general"))
QUICK = settings(deadline=None, max_examples=150)


async def recipes(incoming: Incoming, desk: Desk, typed: str, args: Mapping[str, str]) -> Sequence[Choice]:
    return [Choice(name, name.upper()) for name in ("support-bot", "tickets") if name.startswith(typed)]


async def keys(incoming: Incoming, desk: Desk, typed: str, args: Mapping[str, str]) -> Sequence[Choice]:
    return [Choice(f"{name}=", name) for name in ("lr", "steps") if name.startswith(typed) and name not in args]


async def steps_of(incoming: Incoming, desk: Desk, typed: str, args: Mapping[str, str]) -> Sequence[Choice]:
    return [Choice(str(step), f"{args['run']} at {step}") for step in range(0, 400, 10)]


@command(acts=True)
async def start(
    req: Request,
    recipe: Annotated[str, Arg("Recipe to run", complete=recipes)],
    settings: Annotated[Settings | None, Arg("What to change", complete=keys)] = None,
) -> Message:
    """Start a training run."""
    return say("started")


@command()
async def ask(
    req: Request,
    run: Annotated[RunRef, Arg("Which run")],
    question: Annotated[str, Arg("What to ask it")],
    step: Annotated[int | None, Arg("Which checkpoint", complete=steps_of)] = None,
) -> Message:
    """Ask a checkpoint."""
    return say("asked")


@command(hidden=True)
async def home(req: Request) -> Message:
    """What a bare command means."""
    return say("home")


@command()
async def status(req: Request) -> Message:
    """How it goes."""
    return say("fine")


REGISTRY = Registry([start, ask, home, status], DESK)


def call(text: str) -> Call:
    return parse.call(text, REGISTRY.find)


async def complete(text: str) -> list[str]:
    return [choice.value for choice in await REGISTRY.complete(INCOMING, text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n ", []),
        ("start  support-bot\tsteps=3", ["start", "support-bot", "steps=3"]),
        ('ask 42 "How are you?"', ["ask", "42", "How are you?"]),
        ("ask 42 “How are you?”", ["ask", "42", "How are you?"]),
        ("ask 42 „Wie geht’s?“", ["ask", "42", "Wie geht's?"]),
        ('question="two words"', ["question=two words"]),
        ('""', [""]),
        ("it's what it isn't", ["it's", "what", "it", "isn't"]),
        (r"a\b C:\dir \d+ end\ ", ["a\\b", "C:\\dir", "\\d+", "end\\"]),
        (r'"a \" b', ["a \\", "b"]),
        ("# not a comment", ["#", "not", "a", "comment"]),
        ("$HOME `id` ; | & > *", ["$HOME", "`id`", ";", "|", "&", ">", "*"]),
        ("start\u00a0support-bot", ["start", "support-bot"]),
        ("start\x00 sup\x1bport\u202e", ["start", "support<U+202E>"]),
        ("start\r\nsupport-bot", ["start", "support-bot"]),
        ("Grüße 日本語 👩\u200d👩\u200d👧", ["Grüße", "日本語", "👩\u200d👩\u200d👧"]),
    ],
    ids=ascii,
)
def test_a_line_is_its_words(text: str, words: list[str]) -> None:
    assert parse.words(text) == words


@pytest.mark.parametrize("text", ['ask 42 "How', 'say "', "ask “How", '"a" "b', 'lr="'])
def test_a_quote_that_is_not_closed_is_said_to_be_so(text: str) -> None:
    with pytest.raises(UserError, match="opened and not closed"):
        parse.words(text)


@pytest.mark.parametrize("text", ["x" * 100_000, '"' * 100_000, "a " * 50_000, "\x00" * 100_000])
def test_a_hundred_kilobytes_are_refused_unread(text: str) -> None:
    with pytest.raises(UserError, match="That command has 100000 characters; 4000 is the most"):
        call(text)


@QUICK
@given(st.text(st.characters(), max_size=80))
def test_any_text_is_words_or_a_sentence(text: str) -> None:
    try:
        words = parse.words(text)
    except UserError:
        return
    "".join(words).encode()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Call("")),
        ("status", Call("status")),
        ("/status", Call("status")),
        ("STATUS", Call("status")),
        ("start support-bot", Call("start", {"recipe": "support-bot"})),
        ("start recipe=support-bot", Call("start", {"recipe": "support-bot"})),
        ("start support-bot LR=1e-4 steps=20", Call("start", {"recipe": "support-bot", "lr": "1e-4", "steps": "20"})),
        ("start steps=20 support-bot", Call("start", {"recipe": "support-bot", "steps": "20"})),
        ("start support-bot note=a=b", Call("start", {"recipe": "support-bot", "note": "a=b"})),
        ('ask #42 "Why?" 30', Call("ask", {"run": "#42", "question": "Why?", "step": "30"})),
        ('ask question="Why?" 42 step=30', Call("ask", {"question": "Why?", "run": "42", "step": "30"})),
        ('ask 42 "Is 2 + 2 = 4?"', Call("ask", {"run": "42", "question": "Is 2 + 2 = 4?"})),
        ("ask 42 2+2=4", Call("ask", {"run": "42", "question": "2+2=4"})),
    ],
    ids=ascii,
)
def test_words_and_pairs_become_arguments(text: str, meant: Call) -> None:
    assert call(text) == meant


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("status now", "`now` is one word too many. Usage: `/train status`"),
        ("start support-bot tickets", "`tickets` is one word too many. Usage: `/train start <recipe> [key=value ...]`"),
        ('start support-bot ""', "`` is one word too many"),
        ("start support-bot recipe=tickets", "`recipe` is given twice"),
        ("start support-bot lr=1 LR=2", "`lr` is given twice"),
        ("start support-bot lr=", "`lr=` lacks a name or a value; write `key=value`"),
        ("start support-bot =1", "`=1` lacks a name or a value"),
        ('start ""', "lacks a name or a value"),
        (f"status {'x' * 300}", f"`{'x' * 39}…` is one word too many"),
    ],
    ids=lambda text: text[:40],
)
def test_what_does_not_fit_is_answered_with_the_reason(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        call(text)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("strat support-bot", "There is no command `strat`. Did you mean `/train start`?"),
        ("statsu", "There is no command `statsu`. Did you mean `/train status`?"),
        ("launch", "There is no command `launch`. `/train help` lists what there is."),
        ("hom", "There is no command `hom`. `/train help` lists what there is."),
        ("/", "There is no command ``."),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest_that_is_shown(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        call(text)
    assert str(caught.value).startswith(sentence)


async def test_a_begun_command_completes_to_those_that_are_shown() -> None:
    assert await complete("") == ["start ", "ask ", "status "]
    assert await complete("st") == ["start ", "status "]
    assert await complete("STA") == ["start ", "status "]
    assert await complete("ho") == []
    assert await complete("x") == []
    many = Registry([replace(status, name=f"s{number}") for number in range(30)], DESK)
    assert len(await many.complete(INCOMING, "")) == parse.MOST


async def test_a_command_is_shown_with_its_usage_and_its_meaning() -> None:
    labels = [choice.label for choice in await REGISTRY.complete(INCOMING, "star")]
    assert labels == ["start <recipe> [key=value ...] · Start a training run."]


async def test_an_argument_completes_to_the_whole_line() -> None:
    assert await complete("start ") == ["start support-bot", "start tickets"]
    assert await complete("start sup") == ["start support-bot"]
    assert await complete("/start sup") == ["/start support-bot"]
    assert await complete("start x") == []


async def test_settings_complete_after_what_is_required() -> None:
    assert await complete("start support-bot ") == ["start support-bot lr=", "start support-bot steps="]
    assert await complete("start support-bot lr=1 ") == ["start support-bot lr=1 steps="]
    assert await complete("start lr=1 ") == ["start lr=1 support-bot", "start lr=1 tickets"]


async def test_a_completer_sees_what_was_typed_before_and_at_most_25_are_shown() -> None:
    choices = await REGISTRY.complete(INCOMING, "ask 42 question=why ")
    assert choices[3] == Choice("ask 42 question=why 30", "42 at 30")
    assert len(choices) == parse.MOST


@pytest.mark.parametrize(
    "text",
    ["nonsense ", "status ", "ask ", "start a a ", "start lr=1 lr=2 ", "start " + "x" * 100_000, "start = "],
    ids=lambda text: text[:20],
)
async def test_where_nothing_fits_nothing_is_offered(text: str) -> None:
    assert await complete(text) == []


@QUICK
@given(st.text(st.characters() | st.sampled_from(' ="'), max_size=40), st.sampled_from(["", "start ", "ask 1 "]))
async def test_completion_of_any_text_raises_nothing(text: str, head: str) -> None:
    for choice in await REGISTRY.complete(INCOMING, head + text):
        assert choice.value
