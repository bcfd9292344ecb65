"""A page of runs, and what is said where none fits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages.made import ASKED, NOW, RECIPE, RUNNING, calls, ended, labels, pings, plain

from bot.domain.calls import Call
from bot.domain.runs import Condition, Origin, State
from bot.messages import lists
from bot.messages.lists import Page
from bot.messages.model import Grid, Link


def page(number: int = 1, many: int = 1, asked: dict[str, str] | None = None, typed: str = "") -> Page:
    return Page([RUNNING], number, many, asked or {}, typed)


def test_a_row_says_how_far_it_is_or_that_it_has_not_begun() -> None:
    runs = [
        RUNNING,
        replace(ASKED, number=41),
        replace(ended(State.CANCELLED), number=40, cancel_by=RUNNING.starter),
        replace(RUNNING, number=39, condition=Condition.LOST_CONTACT, origin=Origin.OUTSIDE),
    ]
    message = lists.page(Page(runs, 1, 4, {}, ""), {42: "https://chat.example/42"}, now=NOW)
    text = plain(message)
    assert "support-bot #42 | running | step 120 of 300, loss 1.2346, eval loss 1.5000 | Ada | 2026" in text
    assert "support-bot #41 | requested, not yet taken by the training service | – | Ada" in text
    assert "support-bot #40 | cancelled by Ada" in text
    assert "running · lost contact with the training service" in text
    assert "| outside chat |" in text
    (grid,) = [block for block in message.blocks if isinstance(block, Grid)]
    assert grid.rows[0][0] == (Link("support-bot #42", "https://chat.example/42"),)


@pytest.mark.parametrize(
    ("number", "many", "ways"),
    [(1, 10, []), (1, 11, ["Next page"]), (2, 25, ["Previous page", "Next page"]), (3, 25, ["Previous page"])],
)
def test_ways_lead_to_the_pages_there_are(number: int, many: int, ways: list[str]) -> None:
    assert labels(lists.page(page(number, many), {}, now=NOW)) == ways


def test_buttons_carry_the_question() -> None:
    message = lists.page(page(2, 30, {"state": "failed", "since": "30d"}, "state=failed since=30d"), {}, now=NOW)
    assert calls(message) == [
        Call("list", {"state": "failed", "since": "30d", "page": number}) for number in ("1", "3")
    ]
    assert "30 runs, page 2 of 3 with state=failed since=30d" in plain(message)


@given(st.dictionaries(st.sampled_from(["name", "by", "recipe", "since"]), st.text(min_size=1, max_size=90)))
def test_there_is_always_a_way_on_that_says_the_same(asked: dict[str, str]) -> None:
    typed = " ".join(asked.values())
    message = lists.page(page(1, 30, asked, typed), {}, now=NOW)
    assert not pings(message)
    made = calls(message)
    if made:
        assert Call.decode(made[0].encode()).args == {**asked, "page": "2"}
    else:
        assert "Next page: /train list" in plain(message)
        assert "page=2" in plain(message)


def test_nothing_found_says_what_to_leave_out() -> None:
    text = plain(lists.nothing([("a", 0), ("by=ada", 1), ("state=failed", 12)], "a by=ada", any_runs=True))
    assert text == "No run fits a by=ada. Without by=ada there is 1; without state=failed there are 12."
    assert "nor with any one of these left out" in plain(lists.nothing([("a", 0)], "a", any_runs=True))
    assert "`/train start`" in lists.nothing([], "", any_runs=False).summary
    assert lists.nothing([("a`b", 2)], "a`b", any_runs=True).summary == 'No run fits "a`b". Without "a`b" there are 2.'


def test_a_name_from_elsewhere_stays_on_its_line() -> None:
    odd = replace(RUNNING, recipe=replace(RECIPE, name="a\nb <!here> " + "x" * 500))
    message = lists.page(Page([odd], 1, 1, {}, ""), {}, now=NOW)
    assert "\n" not in message.summary
    assert len(message.summary) < 200
    assert not pings(message)
