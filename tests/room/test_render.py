"""A message as data for the page: every block and span, and what comes of hostile text."""

import json

import pytest
from room.house import HOSTILE, START, everything, png

from bot.domain.calls import Call
from bot.domain.places import Person
from bot.messages import model as m
from bot.room.render import LABEL_LIMIT, TEXT_LIMIT, digest, render


def one(block: m.Block) -> dict[str, object]:
    (block_,) = render(m.Message("s", (block,))).body["blocks"]
    assert isinstance(block_, dict)
    return block_


def spans(*parts: m.Span | str) -> object:
    return one(m.Prose(m.line(*parts)))["line"]


def test_every_block_is_named_by_its_meaning() -> None:
    body = render(everything("x")).body
    assert [block["is"] for block in body["blocks"]] == [
        "heading", "prose", "facts", "verbatim", "quote", "grid", "picture", "file", "meter", "buttons", "aside",
    ]  # fmt: skip
    assert (body["summary"], body["tone"]) == ("x", "odd")


def test_spans_carry_structure_and_no_markup() -> None:
    grace = Person("room", "local", "grace", "Grace")
    assert spans("a", m.Bold("b"), m.Code("c"), m.Link("d", "https://e.org"), m.Name(grace), m.When(START)) == [
        {"is": "text", "text": "a"},
        {"is": "bold", "text": "b"},
        {"is": "code", "text": "c"},
        {"is": "link", "text": "d", "url": "https://e.org"},
        {"is": "name", "text": "Grace"},
        {"is": "when", "at": "2026-03-04T12:00:00+00:00"},
    ]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/room/invite", ""])
def test_a_link_that_is_no_web_address_is_text(url: str) -> None:
    assert spans(m.Link("text", url)) == [{"is": "text", "text": "text"}]


def test_a_link_into_the_room_stays_a_link() -> None:
    assert spans(m.Link("card", "/#c/training/m3")) == [{"is": "link", "text": "card", "url": "/#c/training/m3"}]


def test_a_ping_calls_everyone_or_the_one_it_names() -> None:
    grace = Person("room", "local", "grace", "Grace")
    assert render(m.Message("s", (m.Prose(m.line(m.Ping())),))).ping == "*"
    assert render(m.Message("s", (m.Prose(m.line(m.Ping(grace))),))).ping == "grace"
    assert render(m.Message("s", (m.Prose(m.line(m.Ping(grace), m.Ping())),))).ping == "*"
    assert render(m.say("@here everyone")).ping is None
    assert render(m.Message("s", (m.Prose(m.line(m.Ping(Person("slack", "T1", "grace")))),))).ping is None
    assert render(m.Message("s", (m.Prose(m.line(m.Ping(group="S42"), m.Ping(grace))),))).ping == "grace"
    assert spans(m.Ping(), m.Ping(grace)) == [{"is": "ping", "text": "@here"}, {"is": "ping", "text": "@Grace"}]


def test_a_ping_for_a_group_is_text_and_calls_nobody() -> None:
    assert render(m.Message("s", (m.Prose(m.line(m.Ping(group="S42"))),))).ping is None
    assert spans(m.Ping(group="S42")) == [{"is": "text", "text": "@S42"}]


def test_hostile_text_travels_as_text_with_its_overrides_shown() -> None:
    text = json.dumps(render(everything()).body, ensure_ascii=False)
    assert "\u202e" not in text
    assert "<U+202E>evil" in text
    assert HOSTILE.partition(" \u202e")[0] in text


def test_text_is_cut_at_the_rooms_limits() -> None:
    assert len(str(one(m.Verbatim("v" * 50_000))["text"])) == TEXT_LIMIT
    assert len(str(one(m.Meter(0.5, "m" * 5000))["label"])) <= LABEL_LIMIT


@pytest.mark.parametrize(("done", "shown"), [(-1.0, 0.0), (0.25, 0.25), (7.0, 1.0)])
def test_a_meter_stays_between_empty_and_full(done: float, shown: float) -> None:
    assert one(m.Meter(done, "x"))["done"] == shown


def test_a_picture_travels_by_its_digest_with_its_size() -> None:
    rendered = render(m.Message("s", (m.Picture(png(60, 30), "a curve"),)))
    assert rendered.contents.pictures == {digest(png(60, 30)): png(60, 30)}
    (block,) = rendered.body["blocks"]
    assert (block["width"], block["height"], block["alt"]) == (60, 30, "a curve")
    assert one(m.Picture(b"not a png", "x"))["width"] == 0


def test_a_button_carries_its_call_and_a_known_style() -> None:
    call = Call("cancel", {"run": "42"})
    buttons = m.Buttons((m.Button("Stop", call, "danger"), m.Button("See", call), m.Button("Odd", call, "huge")))
    told = one(buttons)["buttons"]
    assert told == [
        {"label": "Stop", "call": "1|cancel|run=42", "style": "danger"},
        {"label": "See", "call": "1|cancel|run=42", "style": "plain"},
        {"label": "Odd", "call": "1|cancel|run=42", "style": "plain"},
    ]
