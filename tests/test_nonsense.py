"""Nonsense and malice in every place where text comes in: a clear answer, nobody is called, nothing is started."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from commands.office import ADA, HERE, SUPPORT, Office, opened
from fakes.backend import FakeBackend
from fakes.clock import BEGIN, VirtualClock
from fakes.life import Life, World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages.made import everything, pings
from structlog.testing import capture_logs

from bot.commands.spec import Incoming
from bot.domain.calls import Call
from bot.domain.events import CheckpointSaved, Logged, TrainingCompleted, TrainingFailed, TrainingStarted
from bot.domain.places import Person
from bot.domain.recipe_text import parse
from bot.domain.recipes import Prompt, Recipe, RecipeError
from bot.domain.runs import Numbers
from bot.domain.text import clean
from bot.messages.model import Message, Tone, bare
from bot.room.render import render

MALICE = {
    "here": "<!here> <!channel> <!everyone>",
    "everyone": "@everyone @here <@U123> <@&42> <#C1>",
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt;",
    "markdown": "*b* _i_ ~s~ **b** `c` ```x``` > q\n# h [x](javascript:alert(1)) ||s||",
    "right to left": "\u202eevil\u202c \u2066x\u2069 \u200f",
    "controls": "a\x00b\x1b[31mc\x07\x08\x7f\x85\u2028\u2029",
    "surrogate": "half \ud800 pair",
    "template": "{0} {x.__class__} %s %n ${HOME} $(id) `id`; DROP TABLE runs; --",
    "long": "word " * 20_000,
    "one long word": "w" * 100_000,
    "zalgo": "Z" + "\u0301" * 500,
    "emoji": "👩\u200d👩\u200d👧 🏳️\u200d🌈 \U000e0041",
}
MOST_SHOWN = 30_000  # characters of an answer that is still one
each = pytest.mark.parametrize("text", MALICE.values(), ids=MALICE)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path / "bot.db") as one:
        yield one


def assert_tame(message: Message, *, loud: bool = False) -> None:
    """What every message must be, in the model and as the room draws it, also when only its summary could be sent."""
    assert message.summary.strip()
    for one in (message, bare(message)):
        drawn = render(one)
        text = repr(drawn.body)
        for hidden in ("\\x00", "\\x1b", "\\u202e", "\\u2066", "\\ud800", "\\u2028"):
            assert hidden not in text
        assert (drawn.ping is not None) == bool(pings(one)) == loud


async def nothing_started(office: Office) -> None:
    assert await office.runs() == []
    assert await office.effects() == []


@each
@pytest.mark.parametrize(
    "form",
    ["{}", "start {}", "start support-bot {}", "start support-bot steps={}", 'start "{}"', "start support-bot {}=1",
     "status {}", "cancel {}", "cancel {} yes", "cancel 1 {}", "samples {}", "plot {}", "help {}", "recipes {}"],
)  # fmt: skip
async def test_nonsense_in_a_command_has_a_clear_answer_and_does_nothing(office: Office, form: str, text: str) -> None:
    with capture_logs() as logged:
        message = await office.ask(form.replace("{}", text))
    assert logged == [], "nothing broke"
    assert_tame(message)
    assert len(everything(message)) < MOST_SHOWN
    await nothing_started(office)


@each
async def test_nonsense_in_a_button_has_a_clear_answer_and_does_nothing(office: Office, text: str) -> None:
    for name, args in (
        (text, {}),
        ("start", {"recipe": text}),
        ("start", {"recipe": "support-bot", "steps": text}),
        ("status", {"run": text}),
        ("status", {text: "1"}),
        ("cancel", {"run": "1", "sure": text}),
    ):
        call = Call(name, args)
        with capture_logs() as logged:
            message = await office.ask(call)
        assert logged == []
        assert_tame(message)
        assert message.tone is Tone.ODD
    await nothing_started(office)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters() | st.sampled_from(list(" =\"'#<!@>|`*\u202e\x00")), max_size=80), st.data())
async def test_any_text_is_answered_tamely(office: Office, text: str, data: st.DataObject) -> None:
    head = data.draw(st.sampled_from(["", "help ", "status ", "cancel ", "samples ", "start nothing "]))
    with capture_logs() as logged:
        message = await office.ask(head + text)
    assert logged == []
    assert_tame(message)
    assert [number for number in await office.runs() if "start" not in head + text] == []


@pytest.mark.parametrize(
    "typed",
    ["steps=1.5", "steps=1e99", "steps=nan", "steps=-1", "steps=", "steps", "lr=inf", "lr=-0", "lr=0x10", "seed=2**31",
     "load_in_4bit=maybe", "steps=" + "9" * 400, "=5", "==", "steps==5", "--steps 5", "steps:5"],
)  # fmt: skip
async def test_a_setting_of_the_wrong_type_starts_nothing(office: Office, typed: str) -> None:
    message = await office.ask(f"start support-bot {typed}")
    assert message.tone is Tone.ODD, everything(message)
    assert_tame(message)
    await nothing_started(office)


@each
async def test_a_persons_name_is_only_a_name(office: Office, text: str) -> None:
    person = Person("fake", "team", "eve", text)
    await office.ask("start support-bot", person=person)
    await office.train()
    for asked in ("", "status", "cancel", "cancel 1 yes", "cancel", "samples", "plot"):
        message = await office.ask(asked, person=person)
        assert_tame(message)
    assert len((await office.run(1)).starter.name) <= 80


@each
async def test_a_recipes_texts_are_only_texts(office: Office, text: str) -> None:
    office.recipes["odd"] = replace(SUPPORT, name="odd", description=text, model=text, prompts=(Prompt(text, text),))
    office.recipes["worse"] = RecipeError(f"worse.toml: {text}")
    await office.ask("start odd")
    await office.train()
    await office.sample(1, 10, clean(text))  # as the client hands on what a model said
    for asked in ("recipes", "", "status 1", "samples 1", "start worse", "cancel 1"):
        assert_tame(await office.ask(asked))


@each
def test_a_recipe_file_of_nonsense_is_a_sentence(text: str) -> None:
    for content in (text, f'model = """{text}"""', f"[{text}]", f'"{text}" = 1'):
        with pytest.raises(RecipeError) as raised:
            parse("odd", content, "odd.toml")
        assert str(raised.value).startswith("odd.toml")
        assert len(str(raised.value)) < MOST_SHOWN


def hostile(text: str) -> Recipe:
    return Recipe("odd", text, {"type": "file", "name": "t.jsonl"}, description=text, prompts=(Prompt(text, text),),
                  settings={"max_steps": 20})  # fmt: skip


class Babbling(FakeBackend):
    """Every checkpoint says this."""

    says = ""

    async def ask(self, *args: object, **named: object) -> str:
        await super().ask(*args, **named)  # type: ignore[arg-type]
        return self.says


async def lived(path: Path, text: str, *, fails: bool) -> World:
    """A whole run in which every text from outside is this one."""
    end = TrainingFailed(BEGIN + timedelta(seconds=30), text, 20, (text, text)) if fails else TrainingCompleted(
        BEGIN + timedelta(seconds=30), artifacts=1
    )  # fmt: skip
    script = [
        TrainingStarted(BEGIN, total_steps=20),
        Logged(BEGIN + timedelta(seconds=1), 10, Numbers(loss=float("1.5"))),
        CheckpointSaved(BEGIN + timedelta(seconds=2), 10),
        end,
    ]
    clock = VirtualClock()
    backend = Babbling(script, clock=clock)
    backend.says = text
    world = World(path, clock, backend, [hostile(clean(text))])
    life = await Life.begin(world)
    await life.run([(Incoming("1", replace(ADA, name=text), HERE), "start odd")])
    world.hang_up()
    return world


@each
@pytest.mark.parametrize("fails", [False, True], ids=["completes", "fails"])
async def test_a_hostile_run_is_told_like_any_other_and_calls_only_where_it_failed(
    tmp_path: Path, text: str, fails: bool
) -> None:
    world = await lived(tmp_path / "bot.db", text, fails=fails)
    assert world.answers[0].summary.startswith("Starting odd #1.")
    loud = [one for one in world.chat.posts if pings(one.message)]
    assert [one.key for one in loud] == ([f"outcome:1:{HERE}"] if fails else [])
    for one in world.chat.posts:
        assert_tame(one.message, loud=one in loud)
        for edit in one.edits:
            assert_tame(edit)
    kinds = {one.key.split(":")[0] for one in world.chat.posts}
    assert {"announce", "sample", "outcome"} <= kinds
