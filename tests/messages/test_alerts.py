"""What stands outside a card and its thread: bursts, ends in the channel or alone, outages; and why it is said."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages.made import ADA, HOME, NOW, PICTURE, RUNNING, START, curve, ended, everything, labels, pings, plain, spans

from bot.domain.follows import Everything, Follow, Follower, Named, OneRun, StartedBy, Subject, Wants, followers
from bot.domain.places import Person, Place
from bot.domain.recipes import Prompt
from bot.domain.runs import Origin, Run, State
from bot.messages import alerts, because, runs, threads
from bot.messages.model import Link, Message, Tone

AWAY = Place("slack", "T1", "C9")
GRACE = Person("slack", "T1", "U2", "Grace")


def failed(number: int, error: str = "out of memory") -> Run:
    return replace(ended(State.FAILED, error=error), number=number)


def outcome(run: Run) -> Message:
    return runs.outcome(run, now=NOW, points=curve(), votes={}, picture=PICTURE)


def follow(subject: Subject, place: Place = AWAY, **more: object) -> Follow:
    return Follow(place, subject, Wants(), GRACE, START, **more)  # type: ignore[arg-type]


def test_a_burst_lists_every_run_by_cause_the_most_frequent_first_and_calls_nobody() -> None:
    some = [failed(1), failed(2, "disk full"), failed(3), failed(4)]
    message = alerts.storm(some, {1: "https://chat.example/1", 2: None, 3: None})
    text = plain(message).splitlines()
    assert text[0] == "4 runs failed here in short order, 2 causes:"
    assert text[1] == "3 × out of memory: support-bot #1, support-bot #3, support-bot #4"
    assert text[2] == "1 × disk full: support-bot #2"
    assert [one.url for one in spans(message) if isinstance(one, Link)] == ["https://chat.example/1"]
    assert (pings(message), message.tone) == ([], Tone.BAD)
    assert all(f"#{run.number}" in message.summary for run in some)


def test_a_burst_of_one_cause_says_so_and_names_twenty_runs_at_the_most() -> None:
    message = alerts.storm([failed(number) for number in range(1, 31)], {})
    assert "all for one cause" in plain(message)
    assert "support-bot #20 and 10 more" in plain(message)


@given(st.lists(st.text(max_size=400), min_size=1, max_size=12))
def test_whatever_runs_fail_of_a_burst_says_each_and_nothing_of_it_formats_or_calls(errors: list[str]) -> None:
    message = alerts.storm([failed(number, error) for number, error in enumerate(errors, start=1)], {})
    assert pings(message) == []
    assert all(f"support-bot #{number}" in everything(message) for number in range(1, len(errors) + 1))


def test_a_burst_of_many_causes_stays_readable() -> None:
    message = alerts.storm([failed(number, f"cause {number}") for number in range(1, 2001)], {})
    assert "and 1992 runs for other causes: /train list state=failed" in plain(message)
    assert len(everything(message)) < 4000


def test_an_end_in_the_channel_is_the_outcome_with_its_reason_and_the_button_that_changes_it() -> None:
    run = ended()
    (follower,) = followers([follow(Named("support-*"))])
    message = alerts.in_channel(run, outcome(run), follower)
    assert "completed in 58 s" in plain(message)
    assert labels(message) == ["Notifications"]
    assert "Told here because Grace follows runs named support-*." in plain(message)
    assert pings(message) == []


def test_an_end_told_alone_says_why_opens_the_card_and_can_be_stopped() -> None:
    run = ended()
    own = alerts.alone(run, outcome(run), "https://chat.example/1", [])
    assert "because you started it" in plain(own)
    assert "Open the card" in plain(own)
    assert labels(own) == ["No more messages like this"]
    wished = alerts.alone(run, outcome(run), None, [follow(Everything())])
    assert "because Grace follows every run" in plain(wished)
    assert "Open the card" not in plain(wished)


def test_an_outage_is_said_and_taken_back() -> None:
    away = alerts.outage(START, None)
    assert (away.tone, pings(away)) == (Tone.ODD, [])
    assert "out of reach" in away.summary
    back = alerts.outage(START, START + timedelta(minutes=12))
    assert back.tone is Tone.GOOD
    assert "after 12 min out of reach" in plain(back)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (OneRun(42), "run #42"),
        (Named("support-*"), "runs named support-*"),
        (StartedBy(ADA), "what Ada starts"),
        (Everything(), "every run"),
    ],
)
def test_every_follow_says_what_it_is(subject: Subject, words: str) -> None:
    (follower,) = followers([follow(subject)])
    assert [plain(Message("", (one,))) for one in because.aside(RUNNING, follower)] == [
        f"Told here because Grace follows {words}."
    ]


def test_home_comes_first_a_place_for_strangers_says_so_and_one_that_left_says_that() -> None:
    def said(run: Run, follower: Follower | None) -> str:
        return plain(Message("", because.aside(run, follower)))

    home = Follow.of_home(RUNNING, Wants())
    (both,) = followers([follow(Everything(), HOME), home])
    assert said(RUNNING, both) == "Told here because it was started here."
    outside = replace(RUNNING, origin=Origin.OUTSIDE)
    assert "started outside chat" in said(outside, both)
    assert "no longer follows" in said(RUNNING, None)


def test_who_joins_late_is_told_where_the_rest_is() -> None:
    assert everything(threads.joined(RUNNING)).count("/train samples #42") == 2
    assert "from step 120 of 300 on" in plain(threads.joined(RUNNING))


def test_a_run_without_prompts_says_how_to_add_one() -> None:
    assert "/train prompts #42 add <question>" in plain(threads.hint(RUNNING))


@pytest.mark.parametrize(("added", "words"), [(True, "Grace added a prompt"), (False, "Grace removed a prompt")])
def test_a_change_of_prompts_says_who_what_and_from_when(added: bool, words: str) -> None:
    hostile = replace(RUNNING, recipe=replace(RUNNING.recipe, prompts=(Prompt("<!here>\n*What* now?"),)))
    message = threads.prompts(hostile, GRACE, 0, added=added)
    assert plain(message).startswith(f"{words}: “<!here> *What* now?”.")
    assert pings(message) == []
    assert "prompt 8" in plain(threads.prompts(hostile, GRACE, 7, added=added))
