"""Nonsense and malice in every question about runs, and in the names and answers that come back."""

from dataclasses import replace

import pytest
from commands.office import HERE, SUPPORT, Office
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages.made import everything
from structlog.testing import capture_logs
from test_nonsense import MALICE, MOST_SHOWN, assert_tame

from bot.domain.calls import Call
from bot.domain.places import Person, PostRef
from bot.domain.recipes import Prompt
from bot.domain.text import clean
from bot.messages.model import Message
from bot.store import posts

each = pytest.mark.parametrize("text", MALICE.values(), ids=MALICE)
FORMS = (
    "list {}", "list by={}", "list state={}", "list since={}", "list page={}", "list recipe={}", 'list "{}" by=me',
    "plot {}", "plot 1 {}", "compare {}", "compare 1 {}", "best {}", "samples 1 step={}", "samples 1 prompt={}",
    "samples {} step=base", "ask {}", "ask 1 {}", "ask 1 {} step=base", "ask 1 x step={}", "votes {}",
    "votes export {}", "votes 1 {}",
)  # fmt: skip
ASKED = ("list", "status 1", "plot 1", "compare 1 2", "best 1", "samples 1", "samples 1 step=10", "samples 1 step=base",
         "samples 1 prompt=1", "ask 1 x", "votes 1", "votes export 1", "list zebra", "samples 1 step=7")  # fmt: skip


async def put(office: Office, asked: str | Call) -> Message:
    """The answer to it, which nothing broke for."""
    with capture_logs() as logged:
        message = await office.ask(asked)
    assert [one for one in logged if one["log_level"] in {"error", "critical"}] == []
    assert_tame(message)
    return message


@each
@pytest.mark.parametrize("form", FORMS)
async def test_nonsense_in_a_question_has_a_clear_answer(office: Office, form: str, text: str) -> None:
    await office.ask("start support-bot")
    await office.train()
    before = await office.effects()
    assert len(everything(await put(office, form.replace("{}", text)))) < MOST_SHOWN
    assert await office.effects() == before


@each
async def test_nonsense_in_a_button_has_a_clear_answer(office: Office, text: str) -> None:
    await office.ask("start support-bot")
    for name, args in (
        ("list", {"name": text, "by": text, "page": "2"}),
        ("list", {"since": text}),
        ("plot", {"run": text}),
        ("compare", {"runs": text}),
        ("samples", {"run": "1", "step": text}),
        ("ask", {"run": "1", "prompt": text, "step": "base"}),
        ("votes", {"action": text, "run": text}),
    ):
        await put(office, Call(name, args))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters() | st.sampled_from(list(" =\"'#<!@>|`*,%_\\\u202e\x00")), max_size=60), st.data())
async def test_any_words_are_answered_tamely(office: Office, text: str, data: st.DataObject) -> None:
    if not await office.runs():
        await office.ask("start support-bot")
        await office.train()
    head = data.draw(st.sampled_from([form.partition("{}")[0] for form in FORMS]))
    await put(office, head + text)
    await office.completed(head + text)


@each
async def test_a_hostile_run_is_told_like_any_other(office: Office, text: str) -> None:
    name, plain = clean(text)[:200] or "x", clean(text)
    prompts = (Prompt(plain[:4000] or "x", plain[:4000]),)
    person = Person("fake", "team", "eve", text)
    office.recipes["odd"] = replace(SUPPORT, name="odd", model=plain, extra={"note": plain}, prompts=prompts)
    for number in (1, 2):
        await office.ask("start odd", person=person)
        await office.train(number)
    await office.db.write(
        lambda connection: connection.execute(
            "UPDATE runs SET name = ?1, note = ?1, recipe = json_set(recipe, '$.name', ?1)", (name,)
        )
    )
    for step in (0, 10):
        await office.sample(1, step, plain)
    ref = PostRef(HERE, "9", "1")
    await office.post(1, f"sample:1:10:0:{HERE}", ref, step=10)
    await office.db.write(lambda connection: posts.react(connection, ref, person, "👍", added=True))
    for asked in ASKED:
        message = await put(office, asked)
        assert "\n" not in message.summary.strip()
    assert "list by=" in "".join(await office.completed("list by=")) or not person.name.strip()
