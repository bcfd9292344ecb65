"""What a place follows, shown to whoever asks, with the buttons that change it."""

from dataclasses import replace

import pytest
from commands.office import ADA, DIRECT, ELSEWHERE, GRACE, GUEST, HERE, SUPPORT, Office
from messages.made import calls, everything, labels, spans

from bot.domain.calls import Call
from bot.domain.follows import Wants
from bot.domain.places import Place
from bot.messages.model import Bold, Code, When
from bot.store import follows

THERE = ELSEWHERE


async def test_a_place_that_follows_nothing_says_so_and_how_to_begin(office: Office) -> None:
    message = await office.ask("follows", place=THERE)
    assert message.summary == "Nothing is followed here but the runs that are started here."
    assert calls(message) == [Call("follow", {"what": "everything"})]


async def test_every_follow_says_what_it_tells_who_set_it_when_and_what_it_told_of_lately(office: Office) -> None:
    await office.ask("follow support-* failures mention=here", place=THERE, person=GRACE)
    await office.ask("follow me every=50 success=channel", place=THERE)
    for _ in range(4):
        await office.ask("start support-bot", person=GRACE)
    await office.train(4)
    await office.complete(4)
    message = await office.ask("follows", place=THERE)
    text = everything(message)
    assert "2 follows here, besides the runs that are started here." in text
    assert "runs named support-*: failures, which call everybody here\nSet by Grace, " in text
    assert "Lately: support-bot #4 completed, support-bot #3 requested, not yet taken" in text
    assert "support-bot #1" not in text
    assert (
        "what Ada starts: samples; progress every 50 steps; success in the channel; failures, which call nobody" in text
    )
    assert [span for span in spans(message) if isinstance(span, When)]
    assert calls(message)[:2] == [Call("follows", {"run": "f:1"}), Call("follows", {"run": "f:2"})]


async def test_runs_that_were_started_here_are_listed_as_long_as_they_go_on(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    await office.train(2)
    await office.complete(2)
    message = await office.ask("follows")
    assert "runs started here, going on now: support-bot #1 requested" in everything(message)
    assert "tickets #2" not in everything(message)
    assert Call("follows", {"run": "1"}) in calls(message)
    assert "support-bot #1" not in await office.text("follows", place=THERE)


async def test_a_run_that_may_not_be_seen_here_is_not_named_among_the_last_ones(office: Office) -> None:
    own = {"place": DIRECT, "direct": True, "private": True}
    await office.ask("follow me", **own)
    await office.ask("follow everything", place=THERE)
    await office.ask("start support-bot", **own)
    assert "Lately: support-bot #1" in await office.text("follows", **own)
    assert "support-bot" not in await office.text("follows", place=THERE)
    assert "support-bot" not in await office.text("follows", place=THERE, person=GRACE)


async def test_a_guest_may_read_what_is_followed(office: Office) -> None:
    await office.ask("follow everything", place=THERE)
    assert "every run" in await office.text("follows", place=THERE, standing=GUEST)


async def test_a_run_says_why_it_is_told_here_and_how_to_change_that(office: Office) -> None:
    await office.ask("follow support-* failures", person=GRACE)
    await office.ask("start support-bot")
    message = await office.ask("follows #1")
    text = everything(message)
    assert message.summary == "support-bot #1 is told here."
    assert "runs named support-*: failures, which call nobody\nSet by Grace" in text
    assert "the run was started here: samples; success in the thread; failures, which call everybody here" in text
    assert labels(message) == [
        "Add samples", "Progress every 100 steps", "Unfollow",
        "Failures only", "No samples", "Progress every 100 steps", "Unfollow",
        "Mute this run",
    ]  # fmt: skip


async def test_the_buttons_of_a_run_change_its_follow(office: Office) -> None:
    await office.ask("start support-bot")
    shown = await office.ask("follows #1")
    by_label = {label: Call.decode(call.encode()) for label, call in zip(labels(shown), calls(shown), strict=True)}
    home = Wants(mention="here")
    for label, wants in [
        ("No samples", replace(home, samples=False)),
        ("Progress every 100 steps", replace(home, samples=False, progress_every=100)),
        ("Failures only", replace(home, samples=False, success="nobody")),
    ]:
        await office.ask(by_label[label])
        (one,) = await office.db.read(follows.of_place(HERE))
        assert one.wants == wants
    await office.ask(by_label["Mute this run"])
    assert "Unmute" in labels(await office.ask("follows #1"))
    await office.ask(by_label["Unfollow"])
    assert labels(await office.ask("follows #1")) == ["Follow it here"]


async def test_a_run_that_is_over_has_nothing_to_change(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.complete()
    assert labels(await office.ask("follows #1")) == []


async def test_a_run_that_is_not_followed_here_can_be_with_one_click(office: Office) -> None:
    await office.ask("start support-bot")
    message = await office.ask("follows support-bot", place=THERE)
    assert message.summary == "support-bot #1 is not followed here."
    assert calls(message) == [Call("follow", {"what": "1"})]


@pytest.mark.parametrize("word", ["support-*", "SUPPORT-*", "f:1"])
async def test_one_follow_is_shown_by_what_was_typed_or_by_its_number(office: Office, word: str) -> None:
    await office.ask("follow support-*", place=THERE)
    message = await office.ask(f"follows {word}", place=THERE)
    assert message.summary == "Followed here: runs named support-*."
    assert labels(message) == ["Failures only", "No samples", "Progress every 100 steps", "Unfollow"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("follows suport-*", "`suport-*` is not followed here by itself. Did you mean `support-*`?"),
        ("follows me", "`me` is not followed here by itself."),
        ("follows #9", "There is no run #9 here."),
        ("follows f:9", "That is not followed here any more."),
        ("follows zzz", "There is no run called `zzz` here."),
    ],
)
async def test_what_is_not_there_is_a_sentence(office: Office, line: str, told: str) -> None:
    await office.ask("follow support-*", place=THERE)
    assert told in (await office.ask(line, place=THERE)).summary


async def test_mutes_of_the_place_are_shown_with_the_button_that_ends_them(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("mute #1 for=good")
    await office.ask("mute for=2h")
    message = await office.ask("follows")
    text = everything(message)
    assert "Muted here: every run, until 2026-" in text
    assert "Muted here: run #1, for good." in text
    assert [call for call in calls(message) if call.name == "mute"] == [
        Call("mute", {"off": "yes"}), Call("mute", {"run": "1", "off": "yes"}),
    ]  # fmt: skip


async def test_a_long_list_is_cut_and_says_how_much_is_left(office: Office) -> None:
    for number in range(15):
        await office.ask(f"follow model-{number}-*", place=THERE)
    text = await office.text("follows", place=THERE)
    assert "15 follows here" in text
    assert "and 3 more" in text


async def test_a_hostile_name_formats_nothing(office: Office) -> None:
    nasty = "<!channel>*"
    office.recipes["support-bot"] = replace(SUPPORT)
    await office.ask(f"follow {nasty}", place=THERE, person=replace(ADA, name="**@everyone**"))
    for line in ("follows", f"follows {nasty}", f"unfollow {nasty}"):
        message = await office.ask(line, place=THERE)
        held = [span for span in spans(message) if nasty in getattr(span, "text", "")]
        assert held
        assert all(isinstance(span, Code | Bold) or nasty in span.text for span in held)


async def test_completions_offer_what_is_followed_and_then_the_runs(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("follow support-*", place=THERE)
    assert await office.completed("follows ", place=THERE) == ["follows support-*", "follows #1"]
    assert await office.completed("follows ", place=Place("fake", "team", "third")) == ["follows #1"]
