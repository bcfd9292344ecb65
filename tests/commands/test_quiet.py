"""Mutes of a place, and direct messages that somebody does not want."""

from datetime import timedelta

import pytest
from commands.office import ADA, DIRECT, ELSEWHERE, GRACE, GUEST, HERE, Office
from messages.made import calls, everything, labels, spans

from bot.commands.quiet import span
from bot.domain.calls import Call
from bot.domain.errors import UserError
from bot.domain.events import Logged, TrainingFailed
from bot.domain.follows import Mute
from bot.domain.runs import Numbers
from bot.messages.model import Tone, When
from bot.store import follows, people


async def mutes(office: Office) -> list[Mute]:
    return await office.db.read(follows.mutes(HERE, office.clock.now()))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("1H", timedelta(hours=1)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
        ("good", None),
    ],
)
def test_a_time_is_read_as_people_type_it(text: str, length: timedelta | None) -> None:
    assert span(text) == length


@pytest.mark.parametrize("text", ["", "0m", "soon", "-1h", "1", "1 h", "367d", "999999w", "1h?", "٣h", "1.5h"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UserError, match="it takes a time such as `30m`, `1h` or `2d`"):
        span(text)


async def test_a_place_is_muted_for_an_hour_and_told_until_when_and_how_to_end_it(office: Office) -> None:
    message = await office.ask("mute")
    until = office.clock.now() + timedelta(hours=1)
    assert await mutes(office) == [Mute(0, until, ADA)]
    text = await office.text("mute")
    assert message.summary == "Muted here: every run, 1 h."
    assert When(until) in spans(message)
    assert "To end it: /train mute off." in text
    assert "is not told afterwards. To see it: /train list since=1h." in text
    assert calls(message) == [Call("mute", {"off": "yes"})]


@pytest.mark.parametrize(
    ("line", "since"), [("mute #1 for=90m", "90m"), ("mute #1 for=2d", "2d"), ("mute #1 for=1h30m", "90m")]
)
async def test_one_run_is_muted_as_long_as_was_said(office: Office, line: str, since: str) -> None:
    await office.ask("start support-bot")
    text = await office.text(line)
    (one,) = await mutes(office)
    assert (one.run, one.by) == (1, ADA)
    assert "Muted here: support-bot #1, " in text
    assert "To end it: /train mute #1 off." in text
    assert f"/train list since={since}." in text


async def test_a_mute_for_good_has_no_end(office: Office) -> None:
    text = await office.text("mute for=good")
    assert await mutes(office) == [Mute(0, None, ADA)]
    assert "Muted here: every run, for good." in text
    assert "To see it: /train list." in text


async def test_a_muted_place_hears_nothing_and_its_card_goes_on(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.ask("mute")
    before = await office.effects()
    await office.happen(1, Logged(office.clock.now(), 200, Numbers(loss=1.0)))
    await office.happen(1, TrainingFailed(office.clock.now(), "out of memory"))
    assert [one for one in await office.effects() if "Post" in one] == [one for one in before if "Post" in one]
    assert "EditCard 1" in await office.effects()


async def test_a_mute_is_ended_by_the_word_and_by_the_button(office: Office) -> None:
    await office.ask("start support-bot")
    for end in ("mute #1 off", Call("mute", {"run": "1", "off": "yes"})):
        await office.ask("mute #1")
        message = await office.ask(end)
        assert "No longer muted here: support-bot #1." in message.summary
        assert "/train list since=1h" in message.summary
        assert await mutes(office) == []


async def test_to_end_a_mute_that_is_not_there_says_what_is_muted(office: Office) -> None:
    await office.ask("start support-bot")
    assert (await office.ask("mute off")).summary == "This place is not muted. Nothing was changed."
    await office.ask("mute #1")
    assert "What is muted ends with `/train mute #1 off`." in (await office.ask("mute off")).summary
    await office.ask("mute #1 off")
    await office.ask("mute")
    assert "`#1` is not muted here. Nothing was changed. What is muted ends with `/train mute off`." in (
        await office.ask("mute #1 off")
    ).summary  # fmt: skip


async def test_the_same_delivery_mutes_and_unmutes_once(office: Office) -> None:
    await office.ask("start support-bot")
    muting, ending = office.incoming(), office.incoming()
    first = await office.registry.answer(muting, "mute #1")
    until = (await mutes(office))[0].until
    office.clock.move(60)
    assert await office.registry.answer(muting, "mute #1") == first
    assert (await mutes(office))[0].until == until
    ended = await office.registry.answer(ending, "mute #1 off")
    assert await office.registry.answer(ending, "mute #1 off") == ended


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("mute for=soon", "`for=soon` does not fit"),
        ("mute 2h", "Is `2h` how long? Then say `/train mute for=2h`."),
        ("mute #9", "There is no run #9 here."),
        ("mute suport-bot", "Did you mean `support-bot`?"),
        ("mute #2", "has ended: it has nothing more to say."),
    ],
)
async def test_a_mute_that_cannot_be_says_why_and_changes_nothing(office: Office, line: str, told: str) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    await office.train(2)
    await office.complete(2)
    message = await office.ask(line)
    assert told in message.summary
    assert message.tone is Tone.ODD
    assert await mutes(office) == []


async def test_a_run_is_muted_in_one_place_alone(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("mute #1", place=ELSEWHERE)
    assert await mutes(office) == []


async def test_completions_of_a_mute_are_live_runs_and_usual_times(office: Office) -> None:
    await office.ask("start support-bot")
    assert (await office.completed("mute "))[0] == "mute #1"
    assert "mute for=2h"[:9] in "".join(await office.completed("mute for="))
    assert await office.completed("mute #1 o") == ["mute #1 off"]


async def test_direct_messages_are_on_until_somebody_turns_them_off(office: Office) -> None:
    assert "You get a direct message when a run that you started ends after more than 10 min" in await office.text("dm")
    message = await office.ask("dm off")
    assert message.summary.startswith("You get no more direct messages about runs.")
    assert calls(message) == [Call("dm", {"state": "on"})]
    assert await office.db.read(people.quiet(ADA))
    assert not await office.db.read(people.quiet(GRACE))
    assert "You get no direct messages about runs." in await office.text("dm")
    assert labels(await office.ask("dm on")) == ["Direct messages off"]
    assert not await office.db.read(people.quiet(ADA))


async def test_whoever_gets_direct_messages_may_stop_them_whatever_else_is_allowed(office: Office) -> None:
    await office.ask(Call("dm", {"state": "off"}), standing=GUEST)
    assert await office.db.read(people.quiet(ADA))


async def test_a_state_that_is_none_says_what_there_is(office: Office) -> None:
    assert "it takes on, off." in (await office.ask("dm maybe")).summary


async def test_a_private_run_is_not_muted_where_everybody_would_read_of_it(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True, direct=True)
    text = await office.text("mute #1")
    assert "`#1` is private, and everybody here would read of it. Nothing was changed." in text
    assert await mutes(office) == []
    await office.ask("mute #1", place=DIRECT, private=True, direct=True)
    assert "Muted here: support-bot #1" in await office.text("follows #1", place=DIRECT, private=True, direct=True)


async def test_a_mute_of_a_run_that_somebody_does_not_see_is_not_named_to_them(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True, direct=True)
    now = office.clock.now()
    await office.db.write(lambda connection: follows.mute(connection, HERE, Mute(1, None, ADA), now))
    told = [await office.ask(line, person=GRACE) for line in ("follows", "mute off")]
    assert all("#1" not in everything(one) for one in told)
    assert Call("mute", {"off": "yes", "run": "1"}) not in calls(told[0])
    assert "#1" in await office.text("follows")
    assert "`/train mute #1 off`" in await office.text("mute off")


async def test_who_turns_direct_messages_off_is_told_which_follows_tell_nobody_now(office: Office) -> None:
    assert "alone" not in await office.text("dm off")
    await office.ask("dm on")
    await office.ask("follow support-* success=direct", place=ELSEWHERE)
    assert "success to Ada alone;" in await office.text("follows", place=ELSEWHERE)
    text = await office.text("dm off")
    assert "One follow tells a good end to you alone: nobody is told of that now." in text
    assert "One follow tells a good end to you alone" in await office.text("dm")
    for line in ("follows", "follows support-*", "follow support-* failures"):
        told = await office.text(line, place=ELSEWHERE, person=GRACE)
        assert "success to Ada alone (direct messages are off: nobody is told);" in told, line
    await office.ask("dm on")
    assert "nobody is told" not in await office.text("follows", place=ELSEWHERE)


async def test_a_follow_of_a_run_that_is_over_is_not_counted(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("follow #1 success=direct", place=ELSEWHERE)
    await office.ask("follow me success=direct", place=ELSEWHERE)
    assert "2 follows tell a good end to you alone" in await office.text("dm off")
    await office.ask("dm on")
    await office.train()
    await office.complete()
    assert "One follow tells a good end to you alone" in await office.text("dm off")
