"""Calls as the text of a button."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.calls import BUTTON_LIMIT, Call

TOKENS = st.from_regex(r"[A-Za-z0-9_.#:-]{1,20}", fullmatch=True)
QUICK = settings(deadline=None, max_examples=100)


def test_a_button_says_its_version_its_command_and_its_arguments_in_order() -> None:
    assert Call("ask", {"step": "30", "run": "#42"}).encode() == "1|ask|run=#42|step=30"
    assert Call("help").encode() == "1|help"


@QUICK
@given(TOKENS, st.dictionaries(TOKENS, TOKENS, max_size=4))
def test_what_a_button_carries_is_read_back(name: str, args: dict[str, str]) -> None:
    call = Call(name, args)
    try:
        text = call.encode()
    except ValueError:
        return
    assert Call.decode(text) == call
    assert len(text.encode()) <= BUTTON_LIMIT


@QUICK
@given(st.text(max_size=130))
def test_text_from_outside_is_a_call_or_refused(text: str) -> None:
    for one in (text, f"1|{text}"):
        try:
            call = Call.decode(one)
        except ValueError:
            continue
        assert Call.decode(call.encode()) == call


@pytest.mark.parametrize(
    "call",
    [
        Call(""),
        Call("ask|cancel"),
        Call("ask", {"run": ""}),
        Call("ask", {"": "42"}),
        Call("ask", {"run": "a|b"}),
        Call("ask", {"run": "a=b"}),
        Call("ask", {"run": "two words"}),
        Call("ask", {"run": "42\n"}),
        Call("ask", {"run": "zwölf"}),
        Call("ask", {"run": "x" * 65}),
    ],
    ids=str,
)
def test_what_could_not_be_read_back_is_not_put_on_a_button(call: Call) -> None:
    with pytest.raises(ValueError, match="a button cannot carry"):
        call.encode()


def test_a_button_holds_a_hundred_bytes_and_not_one_more() -> None:
    room = BUTTON_LIMIT - len("1|ask|a=|b=")
    fits = Call("ask", {"a": "x" * 64, "b": "y" * (room - 64)})
    assert len(fits.encode()) == BUTTON_LIMIT
    assert Call.decode(fits.encode()) == fits
    with pytest.raises(ValueError, match="holds 100 bytes"):
        Call("ask", {"a": "x" * 64, "b": "y" * (room - 63)}).encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1|",
        "ask|run=42",
        "2|ask|run=42",
        " 1|ask",
        "1|ask|",
        "1|ask|run",
        "1|ask|run=",
        "1|ask|=42",
        "1|ask|run=4=2",
        "1|ask|run=42|run=43",
        "1|ask|run=42\n",
        "1|two words",
        "1|ask|run=" + "x" * 64 + "|b=" + "y" * 64,
        "1|ask|run=\ud800",
    ],
    ids=ascii,
)
def test_anything_else_is_no_button(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (which sentence is of no matter: nobody reads it)
        Call.decode(text)
