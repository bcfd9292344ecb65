"""Votes: who reacted to what, before and after the post is known, and what was missed while the bot was away."""

from collections.abc import Sequence

import pytest
from messages.made import plain
from runtime.stage import ADA, FAR, GRACE, HERE, THERE, Stage
from structlog.testing import capture_logs

from bot.domain.effects import PostOutcome, PostSample
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.places import Person, Place, PostRef
from bot.domain.ratings import Tally
from bot.domain.runs import Run, Sample, State
from bot.store import posts, runs
from bot.store.database import Query


async def with_sample(on: Stage, *places: Place, **facts: object) -> tuple[Run, dict[Place, PostRef]]:
    """A run with a card and one posted sample in each place."""
    places = places or (HERE,)
    run = await on.run(places=places, **facts)
    sample = Sample(run.number, 10, 0, "an answer")
    await on.database.write(lambda connection: runs.add_sample(connection, sample, on.clock.now()))
    for place in places:
        await on.card(run, place)
    await on.start()
    await on.add(*(PostSample(run.number, place, 10, 0) for place in places))
    every = [one for chat in (on.chat, on.far) for one in chat.posts]
    return run, {one.ref.place: one.ref for one in every if one.key.startswith(f"sample:{run.number}:")}


async def votes(on: Stage, run: Run) -> Tally:
    return (await on.read(posts.votes(run.number))).get((10, 0), Tally())


async def react(on: Stage, ref: PostRef, person: Person, emoji: str, added: bool = True) -> None:
    await on.reactions.record(ref, person, emoji, added)
    await on.settle()


async def test_two_people_vote_change_their_minds_and_withdraw(on: Stage) -> None:
    run, refs = await with_sample(on)
    ref = refs[HERE]
    await react(on, ref, ADA, "👍")
    await react(on, ref, GRACE, "👍🏽")
    assert await votes(on, run) == Tally(2, 0)
    await react(on, ref, ADA, "👎")
    assert await votes(on, run) == Tally(1, 0), "both signs are no vote"
    await react(on, ref, ADA, "👍", added=False)
    assert await votes(on, run) == Tally(1, 1)
    await react(on, ref, GRACE, "👍🏽", added=False)
    await react(on, ref, ADA, "👎", added=False)
    assert await votes(on, run) == Tally()


async def test_one_sample_has_one_tally_over_its_places_and_a_person_counts_once(on: Stage) -> None:
    run, refs = await with_sample(on, HERE, THERE)
    await react(on, refs[HERE], ADA, "👍")
    await react(on, refs[THERE], ADA, "+1")
    await react(on, refs[THERE], GRACE, ":-1::skin-tone-4:")
    assert await votes(on, run) == Tally(1, 1)
    await react(on, refs[THERE], ADA, "👎")
    assert await votes(on, run) == Tally(0, 1)


async def test_the_same_reaction_told_twice_counts_once(on: Stage) -> None:
    run, refs = await with_sample(on)
    for added in (True, True, False, False):
        await react(on, refs[HERE], ADA, "👍", added)
        assert await votes(on, run) == Tally(int(added), 0)


async def test_a_reaction_that_is_heard_of_before_its_post_is_known_counts_and_is_shown(on: Stage) -> None:
    run = await on.run()
    await on.card(run)
    sample = Sample(run.number, 10, 0, "an answer")
    await on.database.write(lambda connection: runs.add_sample(connection, sample, on.clock.now()))
    gate = on.hold(f"after post {PostSample(run.number, HERE, 10, 0).once}")
    await on.start()
    await on.add(PostSample(run.number, HERE, 10, 0))
    await react(on, on.chat.posts[1].ref, ADA, "👍")
    assert await votes(on, run) == Tally()
    gate.set()
    await on.go(5)
    assert await votes(on, run) == Tally(1, 0)
    assert "👍 1" in plain(on.chat.posts[0].shown)


@pytest.mark.parametrize("state", [State.RUNNING, State.COMPLETED])
async def test_a_vote_is_shown_on_every_card_also_when_the_run_is_over(on: Stage, state: State) -> None:
    _, refs = await with_sample(on, HERE, FAR, state=state, ended_at=on.clock.now() if state.final else None)
    await react(on, refs[HERE], ADA, "👍")
    await on.go(4)
    assert "👍 1" in plain(on.chat.posts[0].shown)
    assert "👍 1" in plain(on.far.posts[0].shown)
    await react(on, refs[HERE], ADA, "👍", added=False)
    await on.go(4)
    assert "👍 1" not in plain(on.chat.posts[0].shown)


async def test_only_votes_below_samples_count_or_change_a_card(on: Stage) -> None:
    run, refs = await with_sample(on)
    await on.add(PostOutcome(run.number, HERE))
    before = len(await on.rows())
    await react(on, refs[HERE], ADA, "🎉")
    for one in (on.chat.posts[0], on.chat.posts[-1]):
        await react(on, one.ref, ADA, "👍")
    await react(on, PostRef(HERE, "999"), ADA, "👍")
    assert await votes(on, run) == Tally()
    assert len(await on.rows()) == before
    stored = await on.read(
        Query("SELECT emoji FROM reactions ORDER BY 1", (), lambda rows: [row["emoji"] for row in rows])
    )
    assert sorted(stored) == sorted(["🎉", "👍", "👍", "👍"]), "what was said is kept"


async def test_catching_up_makes_the_platform_right(on: Stage) -> None:
    run, refs = await with_sample(on)
    await react(on, refs[HERE], ADA, "👍")
    await on.go(4)
    linus = Person("fake", "team", "linus", "Linus")
    on.chat.posts[1].reactions = [(GRACE, "👎"), (linus, "👎🏿"), (linus, "👀")]
    await on.reactions.catch_up("fake")
    await on.go(4)
    assert await votes(on, run) == Tally(0, 2)
    assert "👎 2" in plain(on.chat.posts[0].shown)
    named = await on.read(Query("SELECT name FROM people WHERE id = ?", (linus.key,), lambda rows: rows[0]["name"]))
    assert named == "Linus"


async def test_catching_up_with_nothing_new_edits_no_card(on: Stage) -> None:
    _, refs = await with_sample(on)
    await react(on, refs[HERE], ADA, "👍")
    on.chat.posts[1].reactions = [(ADA, "👍")]
    await on.go(4)
    before = len(on.chat.posts[0].edits)
    await on.reactions.catch_up("fake")
    await on.go(10)
    assert len(on.chat.posts[0].edits) == before


async def test_a_post_that_cannot_be_caught_up_stays_as_it_was_and_the_others_are_made_right(on: Stage) -> None:
    run, refs = await with_sample(on)
    other, others = await with_sample(on)
    for ref in (refs[HERE], others[HERE]):
        await react(on, ref, ADA, "👍")
    on.chat.fail("reactions", Rejected(Scope.GONE, "deleted"))
    await on.reactions.catch_up("fake")
    assert await votes(on, other) == Tally(1, 0)
    assert await votes(on, run) == Tally()


@pytest.mark.parametrize("trouble", [Unavailable("away"), Rejected(Scope.TOKEN, "invalid_auth")])
async def test_a_platform_that_is_away_is_asked_no_further_and_what_it_said_before_counts(
    on: Stage, trouble: Exception
) -> None:
    told = [await with_sample(on) for _ in range(4)]
    for _, refs in told:
        await react(on, refs[HERE], ADA, "👍")
    on.chat.calls.clear()
    asking, answers = on.chat.reactions, iter([None, trouble, trouble, trouble])

    async def reactions(ref: PostRef) -> Sequence[tuple[Person, str]]:
        said = await asking(ref)
        if (error := next(answers)) is not None:
            raise error
        return said

    on.chat.reactions = reactions  # type: ignore[method-assign]
    with capture_logs() as logs:
        await on.reactions.catch_up("fake")
    assert [await votes(on, run) for run, _ in told] == [Tally(1, 0)] * 3 + [Tally()], "the latest was asked first"
    assert [one.method for one in on.chat.calls].count("reactions") == 2
    assert len(logs) == 1


async def test_catching_up_with_many_posts_is_one_write_a_platform_and_only_of_what_changed(on: Stage) -> None:
    told = [await with_sample(on) for _ in range(5)]
    await react(on, told[0][1][HERE], ADA, "👍")
    on.chat.find(told[0][1][HERE]).reactions = [(ADA, "👍")]
    on.chat.find(told[1][1][HERE]).reactions = [(GRACE, "👎")]
    await on.kill()
    writes = on.database.writes
    edits = await on.read(Query("SELECT count(*) AS n FROM outbox WHERE run > 2", (), lambda rows: rows[0]["n"]))
    await on.reactions.catch_up("fake")
    assert on.database.writes == writes + 1
    assert [await votes(on, run) for run, _ in told[:3]] == [Tally(1, 0), Tally(0, 1), Tally()]
    assert edits == await on.read(
        Query("SELECT count(*) AS n FROM outbox WHERE run > 2", (), lambda rows: rows[0]["n"])
    )


async def test_what_is_heard_in_the_middle_of_catching_up_is_not_undone_by_an_older_answer(on: Stage) -> None:
    (run, refs), (other, others) = await with_sample(on), await with_sample(on)
    asking = on.chat.reactions

    async def reactions(ref: PostRef) -> Sequence[tuple[Person, str]]:
        said = await asking(ref)
        if ref == refs[HERE] and not (await votes(on, other)).votes:
            on.chat.find(others[HERE]).reactions = [(GRACE, "👍"), (ADA, "👎")]
            await on.reactions.record(others[HERE], GRACE, "👍", True)
        return said

    on.chat.reactions = reactions  # type: ignore[method-assign]
    await on.reactions.catch_up("fake")
    assert await votes(on, other) == Tally(1, 1), "with what was missed before"
    assert await votes(on, run) == Tally()
    assert on.reactions._heard == []


async def test_samples_are_caught_up_with_for_fourteen_days_and_on_their_own_platform(on: Stage) -> None:
    _, refs = await with_sample(on, HERE, FAR)
    for days, asked in ((13.9, [refs[HERE].message]), (0.2, [])):
        await on.leap(days * 24 * 3600)
        on.chat.calls.clear()
        await on.reactions.catch_up("fake")
        assert [one.what for one in on.chat.calls if one.method == "reactions"] == asked
    assert [one for one in on.far.calls if one.method == "reactions"] == []


async def test_the_bot_puts_its_own_thumbs_below_each_sample_and_they_count_for_nothing(on: Stage) -> None:
    run, _ = await with_sample(on)
    assert on.chat.posts[1].own == ["👍", "👎"]
    await on.reactions.catch_up("fake")
    assert await votes(on, run) == Tally()
