"""Whatever is typed after follow and unfollow: its completions, its buttons, and any sequence of both."""

from commands.followed import THERE, here
from commands.office import Office
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages.made import calls
from structlog.testing import capture_logs

from bot.domain.calls import Call
from bot.domain.follows import EVENTS
from bot.messages.model import Tone


async def test_every_button_of_a_reply_works_whatever_the_pattern_is(office: Office) -> None:
    message = await office.ask('follow "a b|c=`*" ', place=THERE)
    for call in [*calls(message), *calls(await office.ask("follows", place=THERE))]:
        answer = await office.ask(Call.decode(call.encode()), place=THERE)
        assert answer.tone is not Tone.BAD, call
    assert await here(office) == []


async def test_completions_offer_what_can_be_typed_next(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    await office.complete(2)
    assert (await office.completed("follow "))[:4] == [
        "follow everything", "follow me", "follow #1", "follow tickets",
    ]  # fmt: skip
    assert "follow support-bot" in await office.completed("follow sup")
    assert await office.completed("follow me sa") == ["follow me samples"]
    assert await office.completed("follow me samples,f") == ["follow me samples,failures"]
    assert "follow me samples samples" not in await office.completed("follow me samples ")
    assert await office.completed("follow me on") == ["follow me only"]
    assert "follow me every=100" in await office.completed("follow me every=")
    assert await office.completed("follow me success=c") == ["follow me success=channel"]
    assert await office.completed("follow me mention=s") == ["follow me mention=starter"]
    await office.ask("follow support-*", place=THERE)
    assert await office.completed("unfollow ", place=THERE) == ["unfollow support-*"]
    assert await office.completed("unfollow support-* s", place=THERE) == [
        "unfollow support-* samples", "unfollow support-* success",
    ]  # fmt: skip


STEPS = st.lists(
    st.tuples(st.sampled_from(["follow", "unfollow"]), st.frozensets(st.sampled_from(EVENTS)), st.booleans()),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_any_sequence_of_follows_and_unfollows_is_the_algebra_of_sets(
    office: Office, steps: list[tuple[str, frozenset[str], bool]]
) -> None:
    model: set[str] = set()
    for name, events, exactly in steps:
        just = exactly and name == "follow" and bool(events)
        await office.ask(f"{name} model-* {' '.join(sorted(events))}{' only' if just else ''}", place=THERE)
        if name == "unfollow":
            model -= events or model
        elif just or not model:
            model = set(events) or {"samples", "success", "failures"}
        else:
            model |= events
        assert {event for one in await here(office) for event in one.wants.events} == model
    await office.ask("unfollow model-*", place=THERE)
    assert await here(office) == []


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from(
        ["follow ", "follow me ", "follow me mention=", "unfollow ", "follows ", "mute ", "mute for="]
    ),
    text=st.text(st.characters() | st.sampled_from(' ="#*?[]:f1\n\u202e<!@`'), max_size=40),
)
async def test_any_text_has_an_answer_and_completions_and_breaks_nothing(office: Office, head: str, text: str) -> None:
    with capture_logs() as logged:
        message = await office.ask(head + text, place=THERE)
        for call in calls(message):
            assert Call.decode(call.encode()) == call
        await office.ask("follows", place=THERE)
        await office.completed(head + text, place=THERE)
    assert message.summary
    assert [one for one in logged if one["log_level"] == "error"] == []
