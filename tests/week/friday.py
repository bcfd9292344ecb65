"""Friday: what is private stays so until it is shared, and what the week has brought is looked through."""

import json

from week.cast import Cast
from week.reading import Seen, titled

from bot.domain.errors import Unavailable


async def friday(cast: Cast) -> None:
    await cast.team.morning()
    await a_private_run_is_known_where_it_belongs(cast)
    await it_is_shared(cast)
    await the_week_is_looked_through(cast)
    await places_have_heard_enough(cast)
    await a_run_that_was_never_taken_is_cancelled(cast)


async def a_private_run_is_known_where_it_belongs(cast: Cast) -> None:
    """#22, in a private channel of Ada and Grace; Linus has no way to it, nor has anybody in another channel."""
    team, ada, grace, linus = cast.team, cast.ada, cast.grace, cast.linus
    secret = await ada.opens("skunkworks", private=True)
    await ada.lets_in(secret, grace)
    (await ada.asks("start support-bot steps=60 note=psst", secret)).says(
        "Starting support-bot #22.", "in this channel"
    )
    await cast.begins(22, total=60)
    await cast.reaches(22, 20, 0.9)
    await cast.reaches(22, 60, 0.4)
    await team.later(1)
    (card,) = await grace.sees(secret)
    card.says("support-bot #22 · running", "Note: psst")
    for text in (
        "status #22",
        "samples #22",
        "plot #22",
        "best #22",
        "votes #22",
        "ask #22 Hello?",
        "follow #22",
        "again #22",
    ):
        (await linus.asks(text)).says("There is no run #22 here. `/train list` shows what there is.")
    (await linus.asks("compare #3 #22")).says("There is no run #22 here.")
    for where in ("training", linus.alone):
        (await linus.asks("list state=live", where)).lacks("#22", "psst")
    assert not [one for one in await linus.types("status #2") if "#22" in one]
    (await grace.asks("status #22", secret)).says("support-bot #22 · running")
    (await ada.asks("status #22")).says("support-bot #22 · running")
    (await ada.asks("follow #22", "general")).says("`#22` is private", "/train share 22")
    (await ada.asks("recipes save #22 as ours")).says("is private", "/train share 22")
    await cast.fails(22, "psst, out of memory")
    await team.later(1)
    (await grace.sees(secret))[-1].says("@here support-bot #22 failed after 1 min")
    cast.called.append(("skunkworks", "*", "support-bot #22 failed"))
    for one in await linus.sees_all():
        if not one.told["only"]:
            one.lacks("#22", "psst")
    cast.secret = secret


async def it_is_shared(cast: Cast) -> None:
    ada, grace, linus = cast.ada, cast.grace, cast.linus
    (await ada.asks("share #22")).says(
        "Let everybody who may use this bot see support-bot #22?", "cannot be taken back"
    )
    (await grace.asks("share #22", cast.secret)).says("Only who started `support-bot #22`, or an admin, can share it.")
    (await ada.asks("share #22 sure")).says("support-bot #22 is not private any more")
    (await linus.asks("status #22")).says("support-bot #22 · failed", "Started by: Ada")
    (await ada.asks("share #22 sure")).says("is not private")
    (await linus.asks("again #22 lr=3e-4")).says("Starting support-bot #23, again from #22.")
    await cast.team.later(0.5)
    await linus.asks("cancel #23 sure")
    await cast.team.later(1)


async def the_week_is_looked_through(cast: Cast) -> None:
    ada, grace, linus = cast.ada, cast.grace, cast.linus
    first = await linus.asks("list", "general")
    first.says(
        "23 runs, page 1 of 3",
        "support-bot #23 | cancelled by Linus",
        "sweep 9 #20 | failed | step 100 of 100",
        "outside chat",
    )
    second = await linus.presses(first, "Next page")
    second.says("page 2 of 3", "support-bot #13 | completed").offers("Previous page", "Next page")
    third = await linus.presses(second, "Next page")
    third.says("old sorter #1 | completed", "nightly sweep #2 | completed", "support-bot #3 | completed")
    assert "support-bot #3" in third.links
    (await linus.asks("list support state=failed by=ada")).says(
        "3 runs with support by=ada state=failed", "support-bot #4", "#22"
    )
    (await linus.asks("list by=me since=2d")).says("support-bot #23", "support-bot #17").lacks("#10")
    (await linus.asks("list state=failed by=grce")).says("Did you mean `by=Grace`?")
    (await linus.asks("list nothing-like-it")).says("No run fits `nothing-like-it`.")
    rows = [json.loads(one) for one in (await ada.downloads(await ada.asks("votes export all"))).splitlines()]
    assert {one["run"] for one in rows} == {3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 17, 18, 20, 21, 22}
    assert sum(one["up"] for one in rows) == 3
    assert not {"ada", "Ada", "grace", "linus"}.intersection(word for one in rows for word in map(str, one.values()))
    (await grace.asks("recipes save #20 as sweep")).says("Saved sweep 9 #20 as recipe `sweep`.").offers("Start sweep")
    (await grace.asks("recipes save #21 as sweep")).says("There is a recipe `sweep` already.", "Nothing was changed.")
    (await linus.asks("recipes show sweep")).says("Model: big", "Good morning?")
    (await linus.asks("best #3")).says("Too close to call")
    await more_votes_come_in(cast)


async def more_votes_come_in(cast: Cast) -> None:
    """Votes count after the end of a run, and however long ago it was."""
    thread = await cast.ada.reads(await cast.card("support-bot #3"))
    samples: list[Seen] = [one for one in thread if "Prompt" in one.text]
    await cast.linus.votes(samples[10], "👎", on=False)
    await cast.team.later(1)
    (await cast.linus.asks("votes #3")).says("👍 3 👎 1")
    (await cast.card("support-bot #3")).says("Votes: 👍 3 👎 1")


async def places_have_heard_enough(cast: Cast) -> None:
    grace, linus, ada = cast.grace, cast.linus, cast.ada
    (await grace.asks("unfollow everything", "general")).says(
        "No longer followed here: every run.", "What was posted stays", "To come back: `/train follow everything`"
    ).offers("Follow again")
    (await linus.asks("unfollow support-*", "alerts")).says("No longer followed here: runs named `support-*`.")
    before = len(await grace.sees("general"))
    await ada.asks("start support-bot")
    await cast.team.later(0.2)
    await cast.begins(24)
    await cast.team.later(1)
    await cast.fails(24, "out of memory")
    await cast.team.later(1)
    cast.called += [("training", "*", "support-bot #24 failed"), ("watch", "ada", "support-bot #24 failed")]
    assert len(await grace.sees("general")) == before
    (await linus.asks("follows", "general")).says("Nothing is followed here but the runs that are started here.")


async def a_run_that_was_never_taken_is_cancelled(cast: Cast) -> None:
    """#25: the service is away, and comes back to find that nobody wants it any more."""
    team, grace, jobs = cast.team, cast.grace, len(cast.second.held)
    cast.second.fail("start", Unavailable("connection refused"))
    await grace.asks("start support-bot")
    (await grace.asks("cancel #25")).says(
        "It has not begun to train, so it would lose nothing but its place in the queue."
    )
    await grace.asks("cancel #25 sure")
    for _ in range(2):
        await team.later(1)
    (await cast.card("support-bot #25")).says("support-bot #25 · cancelled by Grace")
    titled(await grace.sees("training"), "The training service is").says("The training service is back")
    assert len(cast.second.held) == jobs, "no job was ever made for it"
