"""Following by name, pattern, person or everything: what is told afterwards, what the reply says, what is refused."""

import asyncio
from dataclasses import replace

import pytest
from commands.followed import FAILURES, THERE, here, only
from commands.office import ADA, GRACE, GUEST, HERE, Office
from messages.made import calls, labels, pings

from bot.domain.calls import Call
from bot.domain.follows import Everything, Named, StartedBy, Wants
from bot.domain.places import Place
from bot.messages.model import Tone


@pytest.mark.parametrize(
    ("what", "subject"),
    [
        ("support-*", Named("support-*")),
        ("Support-*", Named("support-*")),
        ("support-bot", Named("support-bot")),
        ("TICKETS", Named("tickets")),
        ("[a]?", Named("[a]?")),
        ("everything", Everything()),
        ("*", Everything()),
        ("me", StartedBy(ADA)),
    ],
)
async def test_what_is_followed_may_be_a_name_a_pattern_a_person_or_everything(
    office: Office, what: str, subject: object
) -> None:
    message = await office.ask(f"follow {what}", place=THERE)
    one = await only(office)
    assert (one.subject, one.wants, one.set_by, one.alone) == (subject, Wants(), ADA, False)
    assert "From the next run on this is followed here" in message.summary
    assert "samples; success in the thread; failures, which call nobody" in message.summary
    assert "never reaches back" in await office.text(f"follow {what}", place=Place("fake", "team", "third"))


async def test_the_same_name_in_capitals_is_the_same_follow(office: Office) -> None:
    await office.ask("follow support-*", place=THERE)
    assert "Nothing changed" in await office.text("follow SUPPORT-*", place=THERE)
    assert len(await here(office)) == 1


@pytest.mark.parametrize(
    ("line", "wants"),
    [
        ("failures", FAILURES),
        ("failures only", FAILURES),
        ("samples, failures", Wants(success="nobody")),
        ("sample failure", Wants(success="nobody")),
        ("progress", Wants(False, "nobody", False, 100)),
        ("every=20", Wants(progress_every=20)),
        ("failures every=20", replace(FAILURES, progress_every=20)),
        ("success=channel", Wants(success="channel")),
        ("failures success=direct", replace(FAILURES, success="direct")),
        ("success=nobody", Wants(success="nobody")),
        ("mention=here", Wants(mention="here")),
        ("mention=STARTER", Wants(mention="starter")),
        ("mention=<!subteam^S123>", Wants(mention="group:S123")),
        ("mention=<!subteam^S123|@ml>", Wants(mention="group:S123")),
        ("mention=<@&456>", Wants(mention="group:456")),
        ("mention=group:S9", Wants(mention="group:S9")),
    ],
)
async def test_a_new_follow_tells_what_was_asked(office: Office, line: str, wants: Wants) -> None:
    message = await office.ask(f"follow support-* {line}", place=THERE)
    assert (await only(office)).wants == wants
    assert pings(message) == []


async def test_a_follow_is_added_to_replaced_in_its_values_and_made_exact(office: Office) -> None:
    told = [
        ("failures", FAILURES),
        ("samples", Wants(success="nobody")),
        ("every=50", Wants(success="nobody", progress_every=50)),
        ("every=10 success=channel", Wants(success="channel", progress_every=10)),
        ("progress mention=here", Wants(success="channel", progress_every=10, mention="here")),
        ("failures only", replace(FAILURES, mention="here")),
        ("mention=nobody", FAILURES),
    ]
    for line, wants in told:
        await office.ask(f"follow support-* {line}", place=THERE)
        assert (await only(office)).wants == wants, line


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("follow evrything", "called `evrything`, so nothing was changed. Did you mean `everything`?"),
        ("follow suport-bot", "Did you mean `support-bot`? For runs that are still to come use a pattern"),
        ("follow zzzz", "use a pattern, as in `/train follow zzzz*`"),
        ("follow #99", "There is no run #99 here."),
        ("follow support-bot#99", "There is no run #99 here."),
        ("follow f:99", "That is not followed here any more. `/train follows` shows what is."),
        ("follow me smaples", "there are samples, progress, success, failures. Did you mean `samples`?"),
        ("follow me wrong=1", "`wrong=1` is no event"),
        ("follow me only", "Only what? Name the events"),
        ("follow me every=0", "`every=0` does not fit: it takes a whole number from 1 to 1000000."),
        ("follow me every=often", "`every=often` does not fit"),
        ("follow me success=loud", "`success=loud` does not fit: it takes thread, channel, direct, nobody."),
        ("follow me success success=nobody", "contradict each other"),
        ("follow me success only success=nobody", "contradict each other"),
        ("follow me mention=@ada", "`mention=@ada` does not fit: it takes here, starter, nobody, or the mention"),
        ("follow me mention=<@U1>", "One person cannot be called."),
        ("follow me samples mention=here", "Somebody is called for failures only: add `failures`."),
        ("follow " + "x" * 101, "That name has more than 100 characters."),
        ("follow " + "x" * 101 + "*", "That name has more than 100 characters."),
    ],
)  # fmt: skip
async def test_a_follow_that_cannot_be_says_what_to_do_and_changes_nothing(
    office: Office, line: str, told: str
) -> None:
    message = await office.ask(line, place=THERE)
    assert told in message.summary
    assert message.tone is Tone.ODD
    assert await here(office) == []


async def test_a_follow_that_would_tell_nothing_is_refused(office: Office) -> None:
    await office.ask("follow me success only", place=THERE)
    assert "Then nothing would be told." in await office.text("follow me success=nobody", place=THERE)
    assert (await only(office)).wants.success == "thread"


async def test_without_a_word_it_says_what_can_be_followed(office: Office) -> None:
    await office.ask("start support-bot")
    message = await office.ask("follow", place=THERE)
    assert "What shall be followed here?" in message.summary
    assert calls(message) == [
        Call("follow", {"what": "1"}), Call("follow", {"what": "everything"}), Call("follow", {"what": "me"}),
    ]  # fmt: skip
    assert labels(await office.ask("follow"))[0] == "Follow every run"
    assert await here(office) == []


async def test_nothing_is_followed_where_nothing_can_be_told(office: Office) -> None:
    office.chat.problems.append("Invite me.")
    assert "I cannot report here, so nothing was changed: Invite me." in await office.text("follow me", place=THERE)
    assert await here(office) == []


async def test_a_guest_follows_nothing(office: Office) -> None:
    for line in ("follow me", "unfollow me", "mute"):
        assert "You can read and vote here" in await office.text(line, standing=GUEST)


async def test_a_bare_name_is_every_later_run_of_it_and_the_reply_says_so(office: Office) -> None:
    text = await office.text("follow support-bot", place=THERE)
    assert "That is every later run of this name; one run alone is followed by its number." in text


async def test_whoever_wants_to_be_told_alone_is_the_person_of_the_follow(office: Office) -> None:
    await office.ask("follow support-*", place=THERE)
    text = await office.text("follow support-* success=direct", place=THERE, person=GRACE)
    assert "success to Grace alone" in text
    assert (await only(office)).set_by == GRACE
    refused = await office.text("follow support-* success=direct", place=THERE)
    assert "Somebody else here is told that alone already." in refused
    assert (await only(office)).set_by == GRACE


async def test_whoever_wants_no_direct_messages_is_not_promised_one(office: Office) -> None:
    await office.ask("dm off")
    assert "`/train dm on` first" in (await office.ask("follow me success=direct", place=THERE)).summary
    assert await here(office) == []
    await office.ask("dm on")
    await office.ask("follow me success=direct", place=THERE)
    assert (await only(office)).wants.success == "direct"


@pytest.mark.parametrize("line", ["follow support-* failures", "follow #1", "unfollow everything", "unfollow #1"])
async def test_the_same_delivery_answers_the_same_and_changes_nothing_again(office: Office, line: str) -> None:
    await office.ask("start support-bot")
    await office.ask("follow everything", place=HERE)
    incoming = office.incoming()
    first = await office.registry.answer(incoming, line)
    effects, state = await office.effects(), await here(office, HERE)
    office.chat.problems.append("archived.")
    assert await office.registry.answer(incoming, line) == first
    assert (await office.effects(), await here(office, HERE)) == (effects, state)


async def test_two_who_follow_the_same_at_once_make_one_follow(office: Office) -> None:
    await asyncio.gather(*(office.ask("follow support-*", place=THERE, person=one) for one in (ADA, GRACE, ADA)))
    assert (await only(office)).subject == Named("support-*")


async def test_the_buttons_say_what_would_change(office: Office) -> None:
    usual = ["Failures only", "No samples", "Progress every 100 steps", "Unfollow"]
    message = await office.ask("follow support-*", place=THERE)
    assert labels(message) == usual
    by_label = dict(zip(labels(message), calls(message), strict=True))
    await office.ask(by_label["Failures only"], place=THERE)
    assert (await only(office)).wants == FAILURES
    again = await office.ask("follow support-*", place=THERE)
    assert labels(again) == ["Add samples", "Progress every 100 steps", "Unfollow"]
    await office.ask(by_label["Progress every 100 steps"], place=THERE)
    assert (await only(office)).wants == replace(FAILURES, progress_every=100)


async def test_a_number_of_a_follow_is_known_in_its_own_place_only(office: Office) -> None:
    await office.ask("follow support-*", place=THERE)
    assert "not followed here any more" in await office.text("unfollow f:1", place=HERE)
    assert "not followed here any more" in await office.text("follow f:1", place=HERE)
    assert len(await here(office)) == 1


async def test_a_muted_place_is_told_so_when_it_begins_to_follow(office: Office) -> None:
    await office.ask("mute", place=THERE)
    message = await office.ask("follow support-*", place=THERE)
    assert "Unmute" in labels(message)
