"""Wednesday: runs are cancelled in every state, questions change while a run goes on, others start runs; then the
service and the bot are away for a while."""

from week.cast import CONFIG, FIRST, Cast
from week.reading import titled

from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import CheckpointSaved, Logged, TrainingCompleted, TrainingStarted
from bot.domain.runs import Numbers

AWAY = Unavailable("connection refused")


async def wednesday(cast: Cast) -> None:
    await cast.team.morning()
    await a_run_is_cancelled_whatever_it_does(cast)
    await questions_change_while_a_run_goes_on(cast)
    await somebody_else_starts_runs(cast)
    await the_service_is_away(cast)
    await the_bot_is_away(cast)


async def a_run_is_cancelled_whatever_it_does(cast: Cast) -> None:
    """#9 waits, #10 trains, #11 has a checkpoint, #12 is refused, #3 is over."""
    team, service, ada, grace = cast.team, cast.first, cast.ada, cast.grace
    (await ada.asks("cancel")).says("Which run?", "`support-bot #10`", "are all going. Say its number")
    asked = await grace.asks("cancel #9")
    asked.says("Cancel support-bot #9? It has not begun to train").offers("Cancel support-bot #9", "Keep it running")
    (await cast.card("support-bot #9")).says("waiting in the queue")
    (await grace.presses(asked, "Cancel support-bot #9")).says(
        "Cancelling support-bot #9. Its card says when it has ended."
    )
    await team.later(1)
    (await cast.card("support-bot #9")).says("support-bot #9 · cancelled by Grace")
    (await grace.presses(asked, "Cancel support-bot #9")).says("has already ended: cancelled. Nothing was changed.")

    await cast.begins(10)
    await cast.reaches(10, 15, 1.0, saves=False)
    (await ada.asks("cancel #10")).says("It is at step 15 of 100", "no checkpoint yet, so all of that would be lost.")
    service.fail("cancel", AWAY)
    (await ada.asks("cancel #10 sure")).says("Cancelling support-bot #10.")
    (await grace.asks("cancel #10")).says("support-bot #10 is already being cancelled, asked by Ada.")
    await team.later(2)
    (await cast.card("support-bot #10")).says("support-bot #10 · cancelled by Ada")

    await cast.begins(11)
    await cast.reaches(11, 20, 1.0)
    await cast.reaches(11, 25, 0.9, saves=False)
    (await ada.asks("cancel #11")).says("Its last checkpoint is from step 20; 5 steps since then would be lost.")
    await ada.asks("cancel #11 sure")
    await team.later(1)
    end = (await ada.reads(await cast.card("old sorter #11")))[-1]
    end.says("old sorter #11 was cancelled by Ada at step 25 of 100")

    service.fail("start", Rejected(Scope.CONTENT, "no such model: tiny"))
    await ada.asks("start support-bot")
    await team.later(1)
    refused = await cast.card("support-bot #12")
    refused.says("support-bot #12 · refused", "no such model: tiny")
    (await ada.reads(refused))[-1].says("the training service would not start it", "/train start support-bot")
    (await ada.asks("cancel #12")).says("support-bot #12 has already ended: refused.")
    (await ada.asks("cancel #3")).says("support-bot #3 has already ended: completed.")


async def questions_change_while_a_run_goes_on(cast: Cast) -> None:
    team, ada, grace = cast.team, cast.ada, cast.grace
    await ada.asks("start support-bot")
    await cast.begins(13)
    (await grace.asks("follow #13 every=20", "watch")).says(
        "support-bot #13 is followed here", "progress every 20 steps"
    )
    card = await cast.card("support-bot #13")
    (await grace.asks("prompts add Where is my cat?", below=card)).says(
        "support-bot #13 is asked one more from its next checkpoint on: 3 now.", "Where is my cat?"
    )
    (await grace.asks("prompts #13 add Where is my cat?")).says("That is asked already")
    await cast.reaches(13, 20, 1.0)
    (await grace.asks("prompts remove 2", below=card)).says(
        "is not asked this any more: 2 now.", "I want my money back."
    )
    (await grace.asks("prompts #13 remove 7")).says("There is no prompt 7. There are 1, 3.")
    await cast.reaches(13, 40, 0.9)
    await team.later(1)
    thread = [one.text for one in await ada.reads(card)]
    assert [text for text in thread if "Grace" in text] == [
        "Grace added a prompt: “Where is my cat?”. It is asked from the next checkpoint on.",
        "Grace removed a prompt: “I want my money back.”. It is not asked any more.",
    ]
    asked = {
        step: [text.splitlines()[2] for text in thread if text.startswith(f"support-bot #13 · step {step} ")]
        for step in (20, 40)
    }
    assert asked == {
        20: ["My parcel is late.", "I want my money back.", "Where is my cat?"],
        40: ["My parcel is late.", "Where is my cat?"],
    }
    (await ada.asks("samples #13 step=base")).says("Where is my cat?", "step 0 says")
    assert len(await ada.reads(card)) == len(thread), "what is drawn on demand is told to nobody else"
    told = [one.text for one in await grace.reads(await cast.card("support-bot #13", "watch"))]
    assert [text for text in told if text.startswith("step=")] == ["step=20 loss=1.0000", "step=40 loss=0.9000"]
    await cast.completes(13)
    (await ada.asks("prompts #13 add Hello?")).says("is over", "/train prompts recipe=support-bot add ...")
    (await ada.asks("prompts recipe=support-bot add Where is my cat?")).says(
        "It counts for runs that are started from now on."
    )
    (await ada.asks("prompts recipe=support-bot")).says(
        "Recipe `support-bot` asks 3 prompts.", "Prompt 3\nWhere is my cat?"
    )


async def somebody_else_starts_runs(cast: Cast) -> None:
    """#14 fits a recipe, #15 none, and #16 is over before anybody looks."""
    team, service, grace, linus = cast.team, cast.first, cast.grace, cast.linus
    await cast.happens("job-2", TrainingCompleted(team.clock.now()))
    for name in ("nightly 1", "hyper sweep"):
        service.begin(name, config=CONFIG)
    now = team.clock.now()
    whole = [TrainingStarted(now, total_steps=10), Logged(now, 10, Numbers(loss=0.1)), CheckpointSaved(now, 10)]
    service.begin("blink", [*whole, TrainingCompleted(now)], config=CONFIG)
    await team.later(0.6)
    await team.later(3)
    nightly = await cast.card("nightly 1 #14", "general")
    nightly.says("waiting in the queue", "Started: outside chat", "Told here because Grace follows every run.")
    await cast.begins(14)
    await cast.reaches(14, 20, 1.0)
    await cast.begins(15)
    await cast.reaches(15, 20, 1.0)
    await team.later(1)
    (hint,) = await linus.reads(await cast.card("hyper sweep #15", "general"))
    hint.says(
        "There is nothing to ask the checkpoints of this run. Add a question: `/train prompts #15 add <question>`."
    )
    (await linus.asks("prompts #15 add Anybody home?", "general")).says("is asked one more")
    await grace.asks("follow everything samples", "general")
    await cast.reaches(14, 40, 1.0)
    await cast.reaches(15, 40, 1.0)
    await team.later(1)
    said = [one.text for one in await linus.reads(nightly)]
    assert [text.splitlines()[2] for text in said if "· step 40" in text] == ["Is anybody there?"]
    asked = [one.text for one in await linus.reads(await cast.card("hyper sweep #15", "general"))]
    assert [text.splitlines()[2] for text in asked if "· step 40" in text] == ["Anybody home?"]
    blink = await cast.card("blink #16", "general")
    blink.says("blink #16 · completed")
    assert any(one.text.startswith("blink #16 completed in") for one in await linus.reads(blink))
    assert not [one for one in await linus.sees("training") if "outside chat" in one.text]
    await cast.fails(14, "disk full")
    await cast.completes(15)
    (await linus.sees("general"))[-1].says("nightly 1 #14 failed after").lacks("@")
    (await linus.asks("list by=ada state=cancelled", "general")).says("No run fits")
    (await linus.asks("list state=failed since=1d", "general")).says("nightly 1 #14 | failed").lacks("support-bot")


async def the_service_is_away(cast: Cast) -> None:
    """Nothing else goes on when #17 is asked for: one notice a place, which is edited when the service is back."""
    team, service, linus, grace = cast.team, cast.first, cast.linus, cast.grace
    for _ in range(50):
        service.fail("start", AWAY)
        service.fail("jobs", AWAY)
    (await linus.asks("start support-bot")).says("Starting support-bot #17.")
    await team.soon(3)
    (await cast.card("support-bot #17")).says("lost contact with the training service")
    assert not [one for one in await grace.sees("general") if one.text.startswith("The training service")]
    for _ in range(5):
        await team.soon(40)
    away = [titled(await grace.sees(channel), "The training service is") for channel in ("training", "general")]
    for one in away:
        one.says("The training service is out of reach since", "Runs that train go on without us")
    service.fail("ask", AWAY)
    (await linus.asks("ask #3 Hello?")).says("The training service cannot answer now: connection refused. Try again")
    service.forgive()
    await team.later(10)
    back = [titled(await grace.sees(channel), "The training service is") for channel in ("training", "general")]
    assert [one.id for one in back] == [one.id for one in away]
    for one in back:
        one.says("The training service is back, after", "All runs are followed again.")
    await cast.begins(17)
    await cast.reaches(17, 20, 1.0)
    await team.later(20)
    await cast.completes(17)
    assert len(await linus.sees(linus.alone)) == 1, "he wanted no more of them"
    (await linus.sees("watch"))[-1].says("support-bot #17 completed in 20 min with 1 artifact.").lacks("@")


async def the_bot_is_away(cast: Cast) -> None:
    """#18 begins and ends meanwhile, and is told all the same."""
    team, service, linus = cast.team, cast.first, cast.linus
    await team.stop()
    now = team.clock.now()
    whole = [TrainingStarted(now, total_steps=40), Logged(now, 20, Numbers(loss=0.7)), CheckpointSaved(now, 20)]
    service.begin("nightly 2", [*whole, TrainingCompleted(now, 1)], config=CONFIG)
    team.clock.move(3600)
    await team.start(service, FIRST)
    await team.later(1)
    await team.later(3)
    card = await cast.card("nightly 2 #18", "general")
    card.says("nightly 2 #18 · completed", "outside chat")
    thread = await linus.reads(card)
    assert [one.text.splitlines()[0] for one in thread] == [
        "nightly 2 #18 · before training, base model tiny",
        "nightly 2 #18 · step 20 of 40",
        "nightly 2 #18 completed in 0 s with 1 artifact.",
    ]
