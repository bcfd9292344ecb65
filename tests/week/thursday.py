"""Thursday: another training service. What the first one trained still answers, and is asked nothing of the second."""

from week.cast import CONFIG, SECOND, Cast
from week.reading import titled

from bot.domain.events import CheckpointSaved, Logged, TrainingCompleted, TrainingStarted
from bot.domain.places import Place
from bot.domain.recipes import Prompt
from bot.domain.runs import Numbers

TRAINING = Place("room", "local", "training")
GREETING = Prompt("Good morning?")
BIG = {**CONFIG, "model": "big"}


async def thursday(cast: Cast) -> None:
    team = cast.team
    await team.morning()
    before = {channel: len(await cast.linus.sees(channel)) for channel in ("training", "general", "alerts", "watch")}
    drawn, jobs = cast.first.asked.copy(), len(cast.first.held)
    await team.stop()
    await the_other_service_has_a_past_too(cast)
    assert {channel: len(await cast.linus.sees(channel)) for channel in before} == before, (
        "the change is told to nobody"
    )
    await old_runs_still_answer(cast)
    await somebody_else_starts_a_run_there(cast)
    await an_old_run_is_started_again_there(cast)
    assert (cast.first.asked, len(cast.first.held)) == (drawn, jobs), "the first service was asked nothing"


async def the_other_service_has_a_past_too(cast: Cast) -> None:
    """#19 was over when the bot came."""
    team, service = cast.team, cast.second
    cast.service = service
    now = team.clock.now()
    began, half = TrainingStarted(now, total_steps=100), Logged(now, 50, Numbers(loss=0.3, eval_loss=0.4))
    saved = CheckpointSaved(now, 50)
    service.begin("big sorter", [began, half, saved, TrainingCompleted(now)], config=BIG, live=False)
    await team.start(service, SECOND, place=TRAINING, prompts=(GREETING,))
    await team.later(1)


async def old_runs_still_answer(cast: Cast) -> None:
    ada, linus = cast.ada, cast.linus
    (await linus.asks('status "big sorter"')).says(
        "big sorter #19 · completed", "outside chat", "model big", "step 50 of 100"
    )
    (await linus.asks("status #3", "general")).says("support-bot #3 · completed", "Job: `job-3`")
    (await linus.asks("plot #3 #19")).says("Loss of support-bot #3 and big sorter #19")
    (await linus.asks("samples #3 step=100")).says("step 100 says", "👍 2 👎 1")
    (await linus.asks("best #3")).says("Too close to call")
    (await linus.asks("ask #3 Hello?")).says("no longer has the checkpoint at step 100 of support-bot #3")
    (await linus.asks("samples #15 step=20")).says("no longer has the checkpoint at step 20 of hyper sweep #15")
    (await ada.asks("cancel #3")).says("has already ended: completed")
    (await linus.asks("follows", "general")).says("every run: samples; success in the thread; failures")


async def somebody_else_starts_a_run_there(cast: Cast) -> None:
    """#20, in the place that was set for such runs, with the questions that were set for them."""
    team, service, ada, linus = cast.team, cast.second, cast.ada, cast.linus
    job = service.begin("sweep 9", config=BIG)
    assert job == "other-2"
    await team.later(0.6)
    card = await cast.card("sweep 9 #20")
    card.says("Started: outside chat", "this is the place for runs that were started outside chat")
    (await cast.card("sweep 9 #20", "general")).says("Told here because Grace follows every run.")
    await cast.begins(20)
    await cast.reaches(20, 20, 1.0)
    await team.later(11)
    await cast.reaches(20, 100, 0.25)
    await team.later(1)
    samples = [one for one in await linus.reads(card) if "Prompt" in one.text]
    assert [one.text.splitlines()[0] for one in samples] == [
        "sweep 9 #20 · before training, base model big",
        "sweep 9 #20 · step 20 of 100",
        "sweep 9 #20 · step 100 of 100",
    ]
    samples[2].says("Good morning?")
    await cast.fails(20, "worker lost")
    await team.later(1)
    titled(await linus.sees("training"), "sweep 9 #20 failed").says(
        "@here sweep 9 #20 failed after 12 min", "outside chat"
    )
    cast.called.append(("training", "*", "sweep 9 #20 failed"))
    (await linus.asks("ask sweep 9 Hello?")).says("There is no run called `sweep` here.")
    (await linus.asks("ask #20 Hello?")).says("step 100 says")
    compared = await ada.asks("compare #3 #20")
    compared.says(
        "model | tiny | big", "learning_rate | 2e-4 | –", "Lowest loss | 0.5000 at step 100 | 0.2500 at step 100"
    )
    compared.says("Prompt | support-bot #3, step 100 | sweep 9 #20, step 100", "Good morning? | – | step 100 says")
    compared.offers("Samples of #3", "Samples of #20")


async def an_old_run_is_started_again_there(cast: Cast) -> None:
    """#21: its settings are its own copy's, its job is the second service's."""
    team, ada = cast.team, cast.ada
    (await ada.asks("again #3 steps=50")).says("Starting support-bot #21, again from #3.", "max_steps=50 (was 100)")
    await team.later(0.2)
    assert await cast.job(21) == "other-3"
    await cast.begins(21, total=50)
    await cast.reaches(21, 50, 0.4)
    await team.later(15)
    await cast.completes(21)
    told = (await ada.sees(ada.alone))[-1].says("support-bot #21 completed in 15 min", "Ada follows what Ada starts")
    assert told.summary.startswith("support-bot #21 completed")
    (await ada.sees("watch"))[-1].says("support-bot #21 completed in 15 min")
