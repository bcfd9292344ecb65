"""Following and unfollowing: what is told afterwards, what the reply says, and that wrong input changes nothing."""

import asyncio
from dataclasses import replace

import pytest
from commands.office import ADA, DIRECT, ELSEWHERE, GRACE, GUEST, HERE, SUPPORT, Office
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages.made import calls, labels, pings
from structlog.testing import capture_logs

from bot.domain.calls import Call
from bot.domain.events import Logged, TrainingFailed
from bot.domain.follows import EVENTS, Everything, Follow, Named, OneRun, StartedBy, Wants
from bot.domain.places import Place
from bot.domain.recipes import Notify
from bot.domain.runs import Numbers, State
from bot.messages.model import Tone
from bot.store import follows

THERE = ELSEWHERE
FAILURES = Wants(samples=False, success="nobody")


async def here(office: Office, place: Place = THERE) -> list[Follow]:
    return await office.db.read(follows.of_place(place))


async def only(office: Office, place: Place = THERE) -> Follow:
    (one,) = await here(office, place)
    return one


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


async def test_a_pattern_tells_of_the_next_run_and_offers_those_that_go_on(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    message = await office.ask("follow support-*", place=THERE)
    assert labels(message)[0] == "Follow support-bot #1 too"
    assert calls(message)[0] == Call("follow", {"what": "1"})
    assert await office.effects() == ["Announce 1", "StartRun 1", "Announce 2", "StartRun 2"]
    await office.ask("start support-bot")
    assert (await office.effects())[-3:] == ["Announce 3", "Announce 3", "StartRun 3"]


async def test_a_bare_name_is_every_later_run_of_it_and_the_reply_says_so(office: Office) -> None:
    text = await office.text("follow support-bot", place=THERE)
    assert "That is every later run of this name; one run alone is followed by its number." in text


async def test_a_run_that_is_followed_in_the_middle_brings_its_card_and_a_line(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    message = await office.ask("follow support-bot #1 failures samples", place=THERE)
    assert (
        "support-bot #1 is followed here from now on: samples; failures, which call nobody. Its card comes here."
        in (message.summary)
    )
    assert (await office.effects())[-3:] == ["Announce 1", "EditCard 1", "PostJoined 1"]
    assert (await only(office)).subject == OneRun(1)


async def test_a_run_that_is_over_brings_its_card_and_nothing_else(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.complete()
    before = await office.effects()
    message = await office.ask("follow #1 failures only", place=THERE)
    assert message.summary == (
        "support-bot #1 has ended: completed. Its card comes here as it stands, and nothing more."
    )
    assert (await office.effects())[len(before) :] == ["Announce 1", "EditCard 1"]
    assert "Its card is here already." in await office.text("follow #1", place=THERE)
    assert (await office.effects())[len(before) :] == ["Announce 1", "EditCard 1"]


async def test_to_follow_only_ends_brings_no_card_until_more_is_wanted(office: Office) -> None:
    await office.ask("start support-bot")
    before = await office.effects()
    assert "Its card comes here" not in await office.text("follow #1 failures", place=THERE)
    assert await office.effects() == before
    await office.ask("follow #1 samples", place=THERE)
    assert (await office.effects())[len(before) :] == ["Announce 1", "EditCard 1"]


async def test_a_home_is_changed_like_any_follow_and_keeps_whom_it_calls(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("follow #1 every=50", person=GRACE)
    one = await only(office, HERE)
    assert (one.home, one.wants, one.set_by) == (True, Wants(progress_every=50, mention="here"), ADA)


async def test_a_home_that_was_left_comes_back_as_its_recipe_has_it(office: Office) -> None:
    office.recipes["support-bot"] = replace(SUPPORT, notify=Notify(progress_every=5, failure="starter"))
    await office.ask("start support-bot")
    await office.ask("unfollow #1")
    await office.ask("follow #1")
    one = await only(office, HERE)
    assert (one.home, one.wants) == (True, Wants(progress_every=5, mention="starter"))


async def test_a_private_run_is_followed_only_where_everybody_may_read_of_it(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True, direct=True)
    text = await office.text("follow #1", place=THERE)
    assert "#1 is private, and everybody here would read of it." in text
    assert "/train share 1" in text
    assert await here(office) == []
    assert "There is no run #1 here." in await office.text("follow #1", place=THERE, person=GRACE)
    mine = Place("fake", "team", "@other")
    await office.ask("follow #1", place=mine, direct=True)
    assert (await only(office, mine)).alone


async def test_no_pattern_of_a_channel_tells_of_a_private_run(office: Office) -> None:
    for line in ("follow *", "follow support-*", "follow me"):
        await office.ask(line, place=THERE)
    await office.ask("start support-bot", place=DIRECT, private=True, direct=True)
    assert await office.effects() == ["Announce 1", "StartRun 1"]


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


async def test_every_button_of_a_reply_works_whatever_the_pattern_is(office: Office) -> None:
    message = await office.ask('follow "a b|c=`*" ', place=THERE)
    for call in [*calls(message), *calls(await office.ask("follows", place=THERE))]:
        answer = await office.ask(Call.decode(call.encode()), place=THERE)
        assert answer.tone is not Tone.BAD, call
    assert await here(office) == []


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


async def test_what_is_unfollowed_is_told_no_more_and_can_come_back(office: Office) -> None:
    await office.ask("follow support-* failures mention=here", place=THERE)
    message = await office.ask("unfollow SUPPORT-*", place=THERE, person=GRACE)
    assert message.summary == "No longer followed here: runs named support-*."
    assert await here(office) == []
    assert labels(message) == ["Follow again"]
    await office.ask(calls(message)[0], place=THERE)
    assert (await only(office)).wants == replace(FAILURES, mention="here")


async def test_one_event_is_taken_away_and_the_rest_stays(office: Office) -> None:
    await office.ask("follow me every=5", place=THERE)
    text = await office.text("unfollow me samples, progress", place=THERE)
    assert "what Ada starts: no progress and samples here any more. Still told: success in the thread; failures" in text
    assert (await only(office)).wants == Wants(samples=False)
    assert "That follow tells only success and failures, no samples." in await office.text(
        "unfollow me samples", place=THERE
    )
    await office.ask("unfollow me success failures", place=THERE)
    assert await here(office) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("unfollow", "What is to end? Here is followed: `support-*`, `me`."),
        ("unfollow suport-*", "Did you mean `support-*`?"),
        ("unfollow zzz", "`zzz` is not followed here by itself. Here is followed: `support-*`, `me`."),
        ("unfollow everything", "`everything` is not followed here by itself."),
        ("unfollow #9", "There is no run #9 here."),
        ("unfollow #1", "`#1` is not followed here by itself. Here is followed: `support-*`, `me`."),
        ("unfollow #2", "It is told here by `support-*`, `me`: end that, or say `/train mute 2 for=good`."),
        ("unfollow me smaples", "`smaples` is no event"),
        ("unfollow f:77", "That is not followed here any more."),
    ],
)
async def test_what_is_not_followed_is_a_sentence_with_what_is(office: Office, line: str, told: str) -> None:
    await office.ask("start support-bot")
    await office.ask("follow support-*", place=THERE)
    await office.ask("follow me", place=THERE)
    await office.ask("start support-bot")
    message = await office.ask(line, place=THERE)
    assert told in message.summary
    assert len(await here(office)) == 2


async def test_where_nothing_is_followed_it_says_how_to_begin(office: Office) -> None:
    assert "Nothing is followed here" in await office.text("unfollow me", place=THERE)


async def test_somebody_elses_runs_are_unfollowed_by_the_number_of_the_follow(office: Office) -> None:
    await office.ask("follow me", place=THERE)
    assert await office.completed("unfollow ", place=THERE, person=GRACE) == ["unfollow f:1"]
    await office.ask("unfollow f:1", place=THERE, person=GRACE)
    assert await here(office) == []


async def test_a_home_can_be_left_and_then_the_reply_says_who_is_told(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    text = await office.text("unfollow #1")
    assert "No longer followed here: support-bot #1." in text
    assert "No place is told of this run now, not even when it fails." in text
    assert "To come back: /train follow #1" in text
    before = await office.effects()
    assert "EditCard 1" in before
    await office.happen(1, Logged(office.clock.now(), 12, Numbers(loss=1.0)))
    await office.happen(1, TrainingFailed(office.clock.now(), "out of memory"))
    assert await office.effects() == before


async def test_a_home_that_another_place_follows_too_is_not_said_to_be_told_nowhere(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("follow #1", place=THERE)
    assert "No place is told" not in await office.text("unfollow #1")


async def test_a_run_that_another_follow_of_the_place_tells_of_is_said_to_be_told_still(office: Office) -> None:
    await office.ask("follow everything", place=HERE)
    await office.ask("start support-bot")
    text = await office.text("unfollow support-bot")
    assert "The run is still told here by: every run." in text
    assert "EditCard 1" not in await office.effects()


async def test_what_waited_for_a_place_is_dropped_with_its_follow(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("follow #1 every=1", place=THERE)
    await office.happen(1, *[Logged(office.clock.now(), step, Numbers(loss=1.0)) for step in (1, 2)])
    assert (await office.effects()).count("PostProgress 1") == 1
    await office.ask("unfollow #1 progress", place=THERE)
    assert "PostProgress 1" not in await office.effects()


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


async def test_a_private_run_is_not_offered_where_it_may_not_be_followed(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True, direct=True)
    assert "follow #1" not in await office.completed("follow ", place=THERE)
    assert "follow #1" in await office.completed("follow ", place=DIRECT, direct=True)


async def test_a_muted_place_is_told_so_when_it_begins_to_follow(office: Office) -> None:
    await office.ask("mute", place=THERE)
    message = await office.ask("follow support-*", place=THERE)
    assert "Unmute" in labels(message)


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


async def test_a_final_state_is_named_in_every_reply(office: Office) -> None:
    await office.ask("start support-bot")
    await office.happen(1, TrainingFailed(office.clock.now(), "out of memory"))
    assert State.FAILED.value in await office.text("follow #1", place=THERE)
