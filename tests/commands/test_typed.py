"""A text that somebody types for a model is kept as it is, whatever stands around it on the line."""

from typing import Annotated

import pytest
from commands.office import Office
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import parse
from bot.commands.spec import Arg, Request, RunRef, Typed, command
from bot.domain.text import clean
from bot.messages.model import Message, say

QUICK = settings(deadline=None, max_examples=150)
TEXT = 'Say "hi"   to\n\n  "them"'


@command()
async def tell(
    req: Request,
    run: Annotated[RunRef, Arg("Which run")] = RunRef(""),  # noqa: B008 (immutable)
    action: Annotated[str, Arg("What to do", marks=("add", "show"))] = "",
    question: Annotated[Typed, Arg("What to say")] = Typed(""),  # noqa: B008 (immutable)
    *,
    step: Annotated[str, Arg("Which checkpoint")] = "",
    sure: Annotated[bool, Arg("Without asking")] = False,
) -> Message:
    """Say something to a run."""
    return say("said")


def said(text: str) -> dict[str, str]:
    return dict(parse.call(f"tell {text}", lambda _: tell).args)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Hello", "Hello"),
        ("Hello   there", "Hello   there"),
        ('He said "no, really"', 'He said "no, really"'),
        ("He said “no, really”", "He said “no, really”"),
        ("It’s   late", "It’s   late"),
        ("one\n\n  two\tthree", "one\n\n  two\tthree"),
        ('"all  of it, a=b"', "all  of it, a=b"),
        ("“all  of it’s quoted”", "all  of it’s quoted"),
        ('"one" and "two"', '"one" and "two"'),
        ('"step=5" is a word', '"step=5" is a word'),
        ("print(x)   a=b", "print(x)   a=b"),
        ("is add a word?", "is add a word?"),
    ],
    ids=ascii,
)
def test_a_text_is_kept_as_it_was_typed(text: str, question: str) -> None:
    assert said(f"#1 add {text}") == {"run": "#1", "action": "add", "question": question}


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("step=5 #1 add One  two", "One  two"),
        ("#1 step=5 add One  two", "One  two"),
        ("#1 add step=5  One  two", "One  two"),
        ("#1 add One  two   step=5", "One  two"),
        ("#1 add One\n\nstep=5  two", "One\n\ntwo"),
        ('#1 add step="5" "One  two"', "One  two"),
    ],
    ids=ascii,
)
def test_arguments_with_a_name_stand_anywhere_around_a_text(text: str, question: str) -> None:
    assert said(text) == {"run": "#1", "action": "add", "question": question, "step": "5"}


def test_a_switch_in_a_text_is_a_switch_unless_it_is_in_quotes() -> None:
    assert said("#1 add are you sure") == {"run": "#1", "action": "add", "question": "are you", "sure": "yes"}
    assert said('#1 add are you "sure"') == {"run": "#1", "action": "add", "question": 'are you "sure"'}


def test_what_has_its_place_before_a_mark_may_be_left_out() -> None:
    assert said("add One  two") == {"action": "add", "question": "One  two"}
    assert said("ADD #42 One") == {"action": "ADD", "question": "#42 One"}
    assert said("add add") == {"action": "add", "question": "add"}


@QUICK
@given(st.text(st.characters(categories=["L", "P", "Zs"]) | st.sampled_from(' \n\t"'), min_size=1, max_size=40))
def test_any_text_without_an_equals_sign_is_kept(text: str) -> None:
    line = clean(text)
    quotes = sum(line.count(one) for one in '"“”„')
    blank = " \t\n\u00a0"
    if quotes or "=" in line or not line.strip(blank) or line.lower().split().count("sure"):
        return
    assert said(f"#1 show {text}") == {"run": "#1", "action": "show", "question": line.strip(blank)}


@pytest.mark.parametrize("line", ["ask #1 {}", "ask #1 {} step=10", "ask #1 step=10 {}", "ask step=10 #1 {}"])
async def test_a_checkpoint_is_asked_what_was_typed(office: Office, line: str) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.ask(line.format(TEXT))
    assert [one[3] for one in office.asked] == [TEXT]


@pytest.mark.parametrize("line", ["prompts #1 add {}", "prompts add {}", "prompts add #1 {}", "prompts run=1 add {}"])
async def test_a_prompt_is_added_as_it_was_typed(office: Office, line: str) -> None:
    await office.ask("start support-bot")
    await office.ask(line.format(TEXT))
    assert (await office.run(1)).recipe.prompts[-1].user == TEXT


@pytest.mark.parametrize("line", ["prompts recipe=tickets add {}", "prompts add {} recipe=tickets"])
async def test_a_prompt_of_a_recipe_is_added_as_it_was_typed(office: Office, line: str) -> None:
    await office.ask(line.format(TEXT))
    recipe = office.recipes["tickets"]
    assert recipe.prompts[-1].user == TEXT


@pytest.mark.parametrize("line", ["prompts show #1", "prompts show support-bot", "prompts #1 show"])
async def test_prompts_are_shown_of_the_run_behind_the_word(office: Office, line: str) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    assert "support-bot #1 is asked 2 prompts." in await office.text(line)


async def test_the_numbers_that_can_be_removed_are_offered_without_a_run(office: Office) -> None:
    await office.ask("start support-bot")
    assert (await office.completed("prompts remove "))[:2] == ["prompts remove 1", "prompts remove 2"]
