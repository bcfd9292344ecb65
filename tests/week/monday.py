"""Monday: the bot meets a service that has a past, and a run is started, watched, voted on and asked about."""

import json

from week.cast import CONFIG, FIRST, Cast
from week.reading import titled

from bot.domain.events import CheckpointSaved, Logged, TrainingCompleted, TrainingStarted
from bot.domain.runs import Numbers


async def monday(cast: Cast) -> None:
    await the_service_has_a_past(cast)
    await grace_follows_everything(cast)
    await ada_starts_a_run(cast)
    await the_run_trains_and_people_vote(cast)
    await everybody_asks_about_it(cast)


async def the_service_has_a_past(cast: Cast) -> None:
    """#1 was over and #2 was going on when the bot came; nobody is told of either."""
    team, service = cast.team, cast.first
    now = team.clock.now()
    began, half = TrainingStarted(now, total_steps=100), Logged(now, 50, Numbers(loss=0.5))
    service.begin("old sorter", [began, half, CheckpointSaved(now, 50), TrainingCompleted(now)], config=CONFIG)
    service.begin("nightly sweep", [began, half], config=CONFIG)
    await team.start(service, FIRST)
    await team.later(0.6)
    for channel in ("training", "general"):
        assert await cast.linus.sees(channel) == []
    (await cast.ada.asks("")).says("Nothing is running here.", "/train start nightly").offers("Start support-bot")
    (await cast.ada.asks("list")).says(
        "2 runs", "old sorter #1 | completed", "nightly sweep #2 | running", "outside chat"
    )
    (await cast.ada.asks('status "old sorter"')).says("old sorter #1 · completed", "outside chat", "step 50 of 100")
    (await cast.linus.asks("status", "general")).says("No run has been started here yet. `/train start` begins one.")
    (await cast.linus.asks("recipes")).says("2 recipes to start.", "Sorts support tickets", "1 recipe cannot be used")
    (await cast.linus.asks("recipes")).says("broken.toml", "max_stebs", "max_steps")
    (await cast.linus.asks("recipes show support-bot")).says(
        "learning_rate=2e-4", "My parcel is late.", "everybody who"
    )
    (await cast.linus.asks("start broken")).says("max_stebs")
    (await cast.linus.asks("start suport-bot")).says("Did you mean `support-bot`?")
    (await cast.linus.asks("folow everything")).says("Did you mean `/train follow`?")
    (await cast.linus.asks("help follow")).says("Tell this place of runs", "follow support-* failures only")


async def grace_follows_everything(cast: Cast) -> None:
    """In #general; what goes on already is offered, and comes as it stands."""
    grace = cast.grace
    told = await grace.asks("follow everything", "general")
    told.says(
        "From the next run on this is followed here: every run.",
        "failures, which call nobody",
        "One such run goes on now",
    )
    assert await grace.sees("general") == []
    await cast.team.settle()
    (await grace.presses(told, "Follow nightly sweep #2 too")).says("nightly sweep #2 is followed here from now on")
    (card,) = await cast.linus.sees("general")
    card.says(
        "nightly sweep #2 · running",
        "Started: outside chat",
        "step 50 of 100",
        "Told here because Grace follows run #2",
    )
    (line,) = await cast.linus.reads(card)
    line.says("This place follows nightly sweep #2 from step 50 of 100 on.", "/train samples #2")


async def ada_starts_a_run(cast: Cast) -> None:
    """With a slip of the finger first."""
    ada = cast.ada
    asked = await ada.asks("start support-bot lr=2e-1")
    asked.says("`lr=2e-1`? The recipe says 2e-4. Nothing was started.")
    await ada.presses(asked, "Start with 2e-4")
    told = titled(await cast.linus.sees("training"), "support-bot #3 · ")
    told.says("Started by: Ada", "waiting in the queue", "Told here because it was started here.")
    (await cast.card("support-bot #3", "general")).says("Told here because Grace follows every run.")
    (await cast.linus.asks("", "training")).says("1 run going on here.", "support-bot #3")


async def the_run_trains_and_people_vote(cast: Cast) -> None:
    team, ada, grace, linus = cast.team, cast.ada, cast.grace, cast.linus
    await cast.begins(3)
    for step, loss in ((20, 2.0), (40, 1.0), (60, 0.505), (80, 0.502), (100, 0.5)):
        await team.later(1)
        await cast.reaches(3, step, loss, loss + 0.5)
    await team.later(0.2)
    card = await cast.card("support-bot #3")
    thread = await ada.reads(card)
    samples = [one for one in thread if "Prompt" in one.text]
    assert len(samples) == 12, "two prompts before training and at five checkpoints"
    samples[0].says("before training, base model tiny", "My parcel is late.", "Vote with 👍 or 👎")
    for person, number, emoji in (
        (ada, 10, "👍"),
        (grace, 10, "👍"),
        (linus, 10, "👎"),
        (ada, 8, "👍"),
        (linus, 6, "👎"),
    ):
        await person.votes(samples[number], emoji)
    elsewhere = [one for one in await linus.reads(await cast.card("support-bot #3", "general")) if "Prompt" in one.text]
    assert len(elsewhere) == 12
    await ada.votes(elsewhere[10], "👍")  # counted once
    await cast.completes(3)
    (await cast.card("support-bot #3")).says("completed", "Votes: 👍 3 👎 2", "cost about 0.13")
    end = (await ada.reads(await cast.card("support-bot #3")))[-1]
    end.says("support-bot #3 completed in 5 min with 1 artifact.", "Ahead by votes: step 100 (👍 2 👎 1)")
    assert await ada.sees(ada.alone) == [], "a run of five minutes is no reason for a direct message"


async def everybody_asks_about_it(cast: Cast) -> None:
    ada, grace, linus = cast.ada, cast.grace, cast.linus
    status = await linus.asks("status #3", linus.alone)
    status.says("support-bot #3 · completed", "Started by: Ada", "learning_rate=2e-4", "5, at step 20, 40, 60, 80, 100")
    assert "Open the card in its home" in status.links
    (await linus.asks("status", "general")).says("nightly sweep #2 · running")
    (await ada.asks("plot")).says("Loss of support-bot #3", "[support-bot #3: ")
    (await ada.asks("plot #2 #3")).says("Loss of nightly sweep #2 and support-bot #3")
    (await ada.asks("samples #3")).says("1. My parcel is late.", "2. I want my money back.", "step 80", "👍 2 👎 1")
    (await ada.asks("samples #3 step=last prompt=2")).says("I want my money back.", "step 100 says")
    best = await grace.asks("best #3", "general")
    best.says(
        "By votes. Too close to call: ", "votes cannot tell", "By evaluation loss. Too close to call: step 100 (1.0000)"
    )
    (await grace.presses(best, "Ask it something")).says("/train ask 3 step=")
    (await linus.asks("ask #3 My cat ate it. step=20")).says("My cat ate it.", "step 20 says")
    (await linus.asks("ask #3 step=base My cat ate it.")).says("before training")
    (await linus.asks("ask #3 step=30 Hello?")).says("no checkpoint at step 30. The nearest: `step=20` and `step=40`.")
    (await linus.asks("votes #3")).says("👍 3 👎 2", "step 100 | 2 | 1 | 67 %").offers("Best checkpoint of #3")
    rows = [json.loads(row) for row in (await linus.downloads(await linus.asks("votes export #3"))).splitlines()]
    assert len(rows) == 12
    assert {(one["step"], one["prompt"], one["up"], one["down"], one["score"]) for one in rows if one["up"]} == {
        (80, "My parcel is late.", 1, 0, 1),
        (100, "My parcel is late.", 2, 1, 1),
    }
    (await linus.asks("follows #3", "general")).says("every run", "Set by Grace")
