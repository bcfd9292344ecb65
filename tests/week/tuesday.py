"""Tuesday: what places want to be told and by whom, and a morning on which everything breaks at once."""

from week.cast import Cast
from week.reading import titled

OOM = "CUDA out of memory"


async def tuesday(cast: Cast) -> None:
    await cast.team.morning()
    await places_say_what_they_want(cast)
    await words_that_do_not_fit_are_explained(cast)
    await four_runs_fail_in_ten_minutes(cast)
    await a_long_run_fails_later(cast)
    await the_failed_run_is_started_again(cast)


async def places_say_what_they_want(cast: Cast) -> None:
    ada, grace, linus = cast.ada, cast.grace, cast.linus
    assert await linus.opens("alerts") == "alerts"
    told = await linus.asks("follow support-* failures only mention=here", "alerts")
    told.says("runs named `support-*`. Told: failures, which call everybody here.", "It never reaches back")
    (await linus.asks("follow support-* every=50", "alerts")).says(
        "progress every 50 steps; failures, which call everybody"
    )
    lessened = await linus.asks("unfollow support-* progress", "alerts")
    lessened.says("runs named `support-*`: no progress here any more. Still told: failures")
    (await ada.asks("follow me success=direct failures only", ada.alone)).says(
        "what Ada starts", "success to Ada alone"
    )
    assert await grace.opens("watch") == "watch"
    (await grace.asks("follow support-bot success=channel mention=starter", "watch")).says(
        "success in the channel", "failures, which call who started the run", "That is every later run of this name"
    )
    here = await linus.asks("follows", "general")
    here.says(
        "2 follows here", "every run: samples; success in the thread; failures, which call nobody", "Set by Grace"
    )
    panel = await linus.presses(here, "Change every run")
    panel.offers("Failures only", "No samples", "Unfollow")
    await linus.presses(panel, "No samples")
    panel = await linus.presses(panel, "Progress every 100 steps")
    panel.says("every run. Told: progress every 100 steps; success in the thread; failures, which call nobody.")
    (await linus.asks("unfollow everything progress", "general")).says("every run: no progress here any more.")
    gone = await linus.asks('unfollow "nightly sweep"', "general")
    gone.says("No longer followed here: nightly sweep #2.", "No place is told of this run now, not even when it fails.")
    await cast.team.later(0.1)
    (await cast.card("nightly sweep #2", "general")).says(
        "This place no longer follows the run: the card stays as it is."
    )
    (await linus.presses(gone, "Follow again")).says("nightly sweep #2 is followed here from now on")
    (await ada.asks("follows #3", "alerts")).says("support-bot #3 is not followed here.")


async def words_that_do_not_fit_are_explained(cast: Cast) -> None:
    linus = cast.linus
    for text, told in {
        "follow": "What shall be followed here?",
        "follow suport-bot": "Did you mean `support-bot`?",
        "follow everything success success=nobody": "contradict each other",
        "follow everything only": "Only what?",
        "follow me mention=@grace": "One person cannot be called.",
        "follow me every=0": "every",
        "follow me smaples": "Did you mean `samples`?",
        "follow old sorter": "A name of several words stands in quotes.",
        "status old sorter": 'stands in quotes: `"old sorter"`.',
        "unfollow me": "is not followed here by itself. Here is followed: `support-*`.",
        "unfollow support-* samples": "That follow tells only failures, no samples.",
        "mute 2h": "/train mute for=2h",
        "follow #99": "There is no run #99 here. `/train list` shows what there is.",
    }.items():
        (await linus.asks(text, "alerts")).says(told)
    assert "support-*" in [one.split()[-1] for one in await linus.types("unfollow ", "alerts")]
    assert "follow #2 " not in await linus.types("unfollow ", "alerts")


async def four_runs_fail_in_ten_minutes(cast: Cast) -> None:
    """#4 to #7: one call a place, a message each for two, then one that grows."""
    team, ada, grace, linus = cast.team, cast.ada, cast.grace, cast.linus
    (await grace.asks("mute for=4h", "watch")).says("Muted here: every run, until", "Cards go on")
    for person in (ada, grace, linus, ada):
        (await person.asks("start support-bot")).says("Starting support-bot #", "Its card is in this channel.")
    for number in (4, 5, 6, 7):
        await cast.begins(number)
        await cast.reaches(number, 10, 1.5, saves=False)
        await team.later(2)
        await cast.fails(number, "NCCL timeout" if number == 6 else OOM)
        await team.later(0.2)
    for channel, called in (("training", "@here "), ("alerts", "@here "), ("general", "")):
        loud = [one for one in await linus.sees(channel) if "failed" in one.text and " · failed" not in one.text]
        first, second, storm = loud
        first.says(f"{called}support-bot #4 failed after 2 min, at step 10 of 100.", OOM).offers(
            "Again", "Notifications"
        )
        second.says("support-bot #5 failed").lacks("@here")
        storm.says(
            "4 runs failed here in short order, 2 causes:", f"3 × {OOM}: support-bot #4, support-bot #5, support-bot #7"
        )
        storm.says("1 × NCCL timeout: support-bot #6").lacks("@here").offers("Notifications")
        assert "support-bot #7" in storm.links
    cast.called += [("training", "*", "support-bot #4 failed"), ("alerts", "*", "support-bot #4 failed")]
    assert len(await linus.sees("alerts")) == 3, "failures only has no cards"
    watched = await linus.sees("watch")
    assert [one.summary.split(":")[0] for one in watched] == []
    thread = await linus.reads(await cast.card("support-bot #6"))
    thread[-1].says("The end of the log of support-bot #6", "NCCL timeout")
    alone = [[one.summary.split(":")[0] for one in await person.sees(person.alone)] for person in (ada, grace, linus)]
    assert alone == [["support-bot #4 failed", "support-bot #7 failed"], [], []], "Ada asked for it, the others did not"
    (await linus.asks("follows", "watch")).says("Muted here: every run, until").offers("Unmute")
    (await linus.asks("mute off", "watch")).says("No longer muted here: every run.")


async def a_long_run_fails_later(cast: Cast) -> None:
    """#8 of Linus: that is a new burst, and he is told alone as well, once."""
    team, linus = cast.team, cast.linus
    await linus.asks("start support-bot")
    await cast.begins(8)
    await team.later(12)
    await cast.reaches(8, 20, 1.5)
    await team.later(13)
    await cast.fails(8, OOM)
    await team.later(1)
    (await linus.sees("training"))[-1].says("@here support-bot #8 failed after 25 min", "1, at step 20")
    told = (await linus.sees("watch"))[-1].says(
        "@Linus support-bot #8 failed after 25 min", "because Grace follows runs named"
    )
    assert told.ping == "linus"
    cast.called += [
        (where, whom, "support-bot #8 failed")
        for where, whom in (("training", "*"), ("alerts", "*"), ("watch", "linus"))
    ]
    (alone,) = await linus.sees(linus.alone)
    alone.says("support-bot #8 failed after 25 min", OOM, "Open the card", "you started it and it took a while")
    (await linus.presses(alone, "No more messages like this")).says(
        "You get no more direct messages about runs.", "dm on"
    )


async def the_failed_run_is_started_again(cast: Cast) -> None:
    grace, linus = cast.grace, cast.linus
    failure = titled(await grace.sees("training"), "support-bot #8 failed")
    asked = await grace.presses(failure, "Again")
    asked.says("Start support-bot #8 again with the same settings? It failed: CUDA out of memory.")
    (await grace.presses(asked, "Start again")).says("Starting support-bot #9, again from #8.")
    (await cast.card("support-bot #9")).says("Again from: #8", "Started by: Grace")
    (await linus.asks('again #8 batch=4 lr=1e-4 note="half the rate"')).says("Starting support-bot #10, again from #8.")
    (await cast.card("support-bot #10")).says("learning_rate=1e-4 (was 2e-4)", "batch_size=4", "Note: half the rate")
    (await linus.asks("again #8 lr=1")).says("`lr=1`? Run #8 had 2e-4. Nothing was started.").offers("Start with lr=1")
    (await linus.asks("again #8 dataset=mine")).says("dataset")
    (await linus.asks('again "old sorter" steps=10')).says("Starting old sorter #11, again from #1.")
