"""What is known of a run, its curve, and what its checkpoints answer: the commands, on a real database."""

from dataclasses import replace

import pytest
from commands.office import ADA, DIRECT, ELSEWHERE, GRACE, GUEST, HERE, PIXEL, SUPPORT, Office
from fakes.chat import FakeChat
from messages.made import calls, everything, labels

from bot.domain.calls import Call
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import CheckpointSaved
from bot.domain.lanes import announce_key
from bot.domain.places import PostRef
from bot.domain.runs import Sample, State
from bot.messages.model import Picture, Quote, Tone
from bot.store import posts, runs
from bot.store.database import Query


async def test_status_shows_what_is_known_and_leads_to_the_card(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    await office.post(1, announce_key(1, HERE), PostRef(HERE, "77"))
    message = await office.ask("status #1")
    text = everything(message)
    assert "support-bot #1 · running" in text
    assert "Started by: Ada" in text
    assert "job-1" in text
    assert "max_steps=20" in text.replace(" ", "")
    assert "https://chat.example/77" in repr(message)


async def test_status_of_a_run_without_a_card_has_no_link(office: Office) -> None:
    await office.ask("start support-bot")
    assert "https://chat.example" not in repr(await office.ask("status"))


async def test_samples_are_a_table_with_their_votes(office: Office) -> None:
    await office.ask("start support-bot")
    assert "no samples yet" in await office.text("samples")
    await office.train()
    await office.sample(1, 0, "babble")
    await office.sample(1, 10, "billing")
    ref = PostRef(HERE, "9", "1")
    await office.post(1, f"sample:1:10:0:{HERE}", ref, step=10)
    for who, emoji in ((ADA, "👍"), (GRACE, "👍🏽")):
        await office.db.write(
            lambda connection, who=who, emoji=emoji: posts.react(connection, ref, who, emoji, added=True)
        )
    text = await office.text("samples #1")
    assert "before training | babble" in text
    assert "step 10 (ahead) | billing 👍 2" in text


async def test_a_plot_is_drawn_of_the_numbers(office: Office) -> None:
    await office.ask("start support-bot")
    assert "There is no plot of support-bot #1 yet" in await office.text("plot")
    await office.train()
    message = await office.ask(Call("plot", {"run": "1"}))
    assert Picture(PIXEL, "support-bot #1: 1 points") in message.blocks
    assert office.drawn[-1] == ("support-bot #1", 1)


async def test_status_is_answered_though_the_card_is_gone_and_the_chat_is_away(office: Office) -> None:
    class Away(FakeChat):
        async def link(self, ref: PostRef) -> str | None:
            raise Rejected(Scope.GONE, "message_not_found")

    office.registry.desk = replace(office.registry.desk, chats={"fake": Away()})
    await office.ask("start support-bot")
    await office.post(1, announce_key(1, HERE), PostRef(HERE, "77"))
    text = await office.text("status 1")
    assert "support-bot #1 · requested" in text
    assert "Open the card" not in text


async def test_status_from_another_channel_leads_home_and_to_the_card_here(office: Office) -> None:
    await office.ask("start support-bot")
    for place, message in ((HERE, "77"), (ELSEWHERE, "88")):
        await office.post(1, announce_key(1, place), PostRef(place, message))
    shown = repr(await office.ask("status 1", place=ELSEWHERE, person=GRACE))
    assert "text='Open the card', url='https://chat.example/88'" in shown
    assert "text='Open the card in its home', url='https://chat.example/77'" in shown
    assert "88" not in repr(await office.ask("status 1", place=DIRECT, person=GRACE))


async def test_status_shows_settings_that_no_recipe_key_stands_for(office: Office) -> None:
    office.recipes["odd"] = replace(SUPPORT, name="odd", extra={"gradientClipping": 0.5})
    await office.ask("start odd")
    text = await office.text("status")
    assert "learning_rate=1e-3" in text
    assert "gradientClipping=0.5" in text


async def test_status_offers_what_can_be_done(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    message = await office.ask("status")
    assert labels(message)[-2:] == ["Best checkpoint", "Cancel"]
    for call in calls(message):
        assert (await office.ask(Call.decode(call.encode()))).tone is not Tone.BAD


async def test_several_runs_are_drawn_in_one_picture(office: Office) -> None:
    for name in ("support-bot", "tickets", "tickets"):
        await office.ask(f"start {name}")
    await office.train(1)
    await office.train(3)
    message = await office.ask("plot #1 tickets #3 #1")
    assert office.drawn[-2:] == [("support-bot #1", 1), ("tickets #3", 1)]
    assert Picture(PIXEL, "support-bot #1: 1 points. tickets #3: 1 points.") in message.blocks
    text = await office.text("plot 1,2, 3")
    assert "Loss of support-bot #1 and tickets #3" in text
    assert "No numbers of tickets #2 so far." in text
    assert "There is no plot of tickets #2 yet" in await office.text("plot #2 #2")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plot 1 2 3 4 5 6 7", "That names 7 runs; 6 at once are the most."),
        ("plot 1 9", "There is no run #9 here."),
        ("plot suport-bot", "Did you mean `support-bot`?"),
        ("plot step=3", "There is no run called `step=3` here. `/train list` shows what there is."),
        ("plot , ,", "There is no plot of support-bot #1 yet"),
        ("samples 1 step=12", "support-bot #1 has saved no checkpoint yet, so none at step 12."),
        ("samples 1 step=last", "support-bot #1 has saved no checkpoint yet. `step=base` is the base model."),
        ("samples 1 step=best", "No step of support-bot #1 is best yet"),
        ("samples 1 step=bset", "it takes a number, last, best, base. Did you mean `step=best`?"),
        ("samples 1 step=-3", "`step=-3` does not fit"),
        ("samples 1 step=", "lacks a name or a value"),
        ("samples 1 prompt=0", "`prompt=0` does not fit: it takes a whole number from 1 up."),
        ("samples 1 prompt=3", "support-bot #1 has no prompt 3. It has 2: say `prompt=1` to `prompt=2`."),
        ("samples 1 stepp=3", "`/train samples` has no `stepp`."),
        ("samples 1 30", "`30` is one word too many."),
        ("status 1 please", "`please` is one word too many."),
    ],
)
async def test_what_does_not_fit_gets_a_sentence_with_the_next_step(office: Office, text: str, told: str) -> None:
    await office.ask("start support-bot")
    assert told in (await office.ask(text)).summary
    assert office.asked == []


async def sampled(office: Office) -> None:
    """Run 1 with checkpoints 10 and 20; at 10 its first prompt was answered."""
    await office.ask("start support-bot")
    await office.train()
    await office.happen(1, CheckpointSaved(office.clock.now(), 20))
    await office.sample(1, 10, "a long answer " * 50)


async def test_a_step_shows_its_answers_in_full_and_draws_what_was_never_drawn(office: Office) -> None:
    await sampled(office)
    waiting = await office.effects()
    message = await office.ask("samples #1 step=10")
    assert office.asked == [("job-1", 10, "tiny", "question 2", 200)]
    assert Quote("a long answer " * 50, "Answer") in message.blocks
    assert Quote("job-1 at 10 says: QUESTION 2", "Answer") in message.blocks
    assert calls(message) == [
        Call("samples", {"run": "1", "step": "base"}),
        Call("samples", {"run": "1", "step": "20"}),
    ]
    again = await office.ask("samples #1 step=10")
    assert again == message
    assert len(office.asked) == 1, "what was drawn is kept"
    assert await office.effects() == waiting, "and posted nowhere"


async def test_a_step_with_a_prompt_draws_and_shows_that_one_alone(office: Office) -> None:
    await sampled(office)
    text = await office.text("samples step=20 prompt=2")
    assert [one[1:4:2] for one in office.asked] == [(20, "question 2")]
    assert "QUESTION 2" in text
    assert "question 1" not in text
    assert "Prompt 2" in text


async def test_the_base_model_is_asked_before_there_is_a_job(office: Office) -> None:
    await office.ask("start support-bot")
    assert "tiny at 0 says: QUESTION 1" in await office.text("samples step=base")
    assert office.asked[0][:3] == ("", 0, "tiny")


async def test_the_last_and_the_best_step_are_found(office: Office) -> None:
    await sampled(office)
    assert "step 20" in (await office.ask("samples step=LAST")).summary
    await vote(office, 10, "👍")
    assert "step 10" in (await office.ask("samples step=best")).summary


async def vote(office: Office, step: int, emoji: str) -> None:
    ref = PostRef(HERE, f"post-{step}", "1")
    await office.post(1, f"sample:1:{step}:0:{HERE}", ref, step=step)
    await office.db.write(lambda connection: posts.react(connection, ref, ADA, emoji, added=True))


async def test_only_one_prompt_of_all_steps_is_shown_at_greater_length(office: Office) -> None:
    await sampled(office)
    await office.sample(1, 0, "babble")
    text = await office.text("samples prompt=1")
    assert "before training | babble" in text
    assert "a long answer " * 20 in text
    assert "In full: /train samples 1 step=10" in text
    assert "no samples yet" in await office.text("samples prompt=2")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unavailable("connection refused"), "cannot answer now: connection refused. Try again in a minute."),
        (Rejected(Scope.GONE, "not found"), "no longer has the checkpoint at step 20 of support-bot #1."),
        (Rejected(Scope.CONTENT, "too `long`\nreally"), "refused the question: too 'long' really. Try another step"),
        (Rejected(Scope.TOKEN, "401"), "does not let this bot in: 401. Tell whoever runs this bot."),
    ],
)
async def test_a_service_that_does_not_answer_is_told_with_what_is_there(
    office: Office, error: Exception, told: str
) -> None:
    await sampled(office)
    office.service = error
    text = await office.text("samples step=20")
    assert told in text
    assert "support-bot #1 · step 20" in text
    assert "a long answer" in await office.text("samples step=10")
    assert await drawn(office) == 1


async def drawn(office: Office) -> int:
    return await office.db.read(Query("SELECT count(*) FROM samples", (), lambda rows: int(rows[0][0])))


async def test_a_guest_sees_what_was_drawn_and_draws_nothing(office: Office) -> None:
    await sampled(office)
    text = await office.text("samples step=10", standing=GUEST)
    assert "a long answer" in text
    assert "ask a member of this workspace" in text
    assert office.asked == []


async def test_a_draw_that_failed_before_is_tried_again_when_somebody_asks(office: Office) -> None:
    await sampled(office)
    await office.db.write(
        lambda connection: runs.add_sample(connection, Sample(1, 20, 0, None, "timed out"), office.clock.now())
    )
    office.service = Unavailable("away")
    assert "(no answer: timed out)" in await office.text("samples step=20 prompt=1")
    office.service = None
    text = await office.text("samples step=20 prompt=1")
    assert "QUESTION 1" in text
    assert "timed out" not in text


async def test_a_run_without_prompts_says_how_to_ask_it(office: Office) -> None:
    office.recipes["mute"] = replace(SUPPORT, name="mute", prompts=())
    await office.ask("start mute")
    await office.train()
    assert "Its recipe asks no prompts. Ask step 10 a question of your own: /train ask 1 step=10" in await office.text(
        "samples step=10"
    )


async def test_steps_complete_with_the_words_and_the_saved_ones(office: Office) -> None:
    await sampled(office)
    offered = await office.completed("samples #1 step=")
    assert offered == [f"samples #1 step={one}" for one in ("last", "best", "base", "20", "10")]
    assert await office.completed("samples step=b") == ["samples step=best", "samples step=base"]
    assert await office.completed("samples #9 step=2") == []


async def test_a_run_that_ended_with_nothing_saved_says_so(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("cancel 1 sure")
    await office.db.write(lambda connection: connection.execute("UPDATE runs SET state = 'cancelled'"))
    assert (await office.run(1)).state is State.CANCELLED
    assert "has saved no checkpoint, and none will come." in await office.text("samples step=last")
