"""Asking a checkpoint a question, and the votes on what checkpoints answered: the commands, on a real database."""

import json
from dataclasses import replace

import pytest
from commands.office import ADA, DIRECT, GRACE, GUEST, HERE, SUPPORT, Office
from messages.made import calls, everything

from bot.commands.desk import nobody_to_ask
from bot.domain.calls import Call
from bot.domain.errors import Rejected, Scope, Unavailable
from bot.domain.events import CheckpointSaved
from bot.domain.places import PostRef
from bot.domain.recipes import Prompt
from bot.messages.model import File, Quote, Tone
from bot.messages.votes import MOST_BYTES
from bot.store import posts


async def saved(office: Office, *steps: int) -> None:
    """Run 1 with checkpoints at 10 and these steps."""
    await office.ask("start support-bot")
    await office.train()
    for step in steps:
        await office.happen(1, CheckpointSaved(office.clock.now(), step))


async def test_a_checkpoint_answers_a_question(office: Office) -> None:
    await saved(office, 20)
    message = await office.ask('ask #1 Is 2 + 2 = 4? He said "no, really" step=10')
    assert office.asked == [("job-1", 10, "tiny", 'Is 2 + 2 = 4? He said "no, really"', 200)]
    assert Quote('Is 2 + 2 = 4? He said "no, really"', "Prompt") in message.blocks
    assert Quote('job-1 at 10 says: IS 2 + 2 = 4? HE SAID "NO, REALLY"', "Answer") in message.blocks
    assert everything(message).startswith("support-bot #1, step 10: job-1 at 10 says")


@pytest.mark.parametrize(
    ("text", "job", "step"),
    [
        ("ask 1 Hello", "job-1", 20),
        ("ask support-bot Hello", "job-1", 20),
        ("ask support-bot #1 Hello", "job-1", 20),
        ("ask 1 Hello step=last", "job-1", 20),
        ("ask 1 step=10 Hello", "job-1", 10),
        ("ask 1 Hello step=base", "job-1", 0),
        ("ask 1 Hello step=0", "job-1", 0),
        ("ask 1 Hello step=#10", "job-1", 10),
        ("ask run=1 prompt=Hello", "job-1", 20),
    ],
)
async def test_the_step_is_the_last_one_unless_one_is_named(office: Office, text: str, job: str, step: int) -> None:
    await saved(office, 20)
    await office.ask(text)
    assert office.asked == [(job, step, "tiny", "Hello", 200)]


async def test_the_best_step_is_the_one_that_people_like(office: Office) -> None:
    await saved(office, 20)
    assert "No step of support-bot #1 is best yet" in await office.text("ask 1 Hello step=best")
    await vote(office, 10, 0, ADA, "👍")
    await office.ask("ask 1 Hello step=best")
    assert office.asked[-1][1] == 10


async def vote(office: Office, step: int, prompt: int, person: object, emoji: str) -> None:
    ref = PostRef(HERE, f"post-{step}-{prompt}", "1")
    post = posts.Post(f"sample:1:{step}:{prompt}:{HERE}", 1, ref, step, prompt)

    def write(connection: object) -> None:
        posts.add(connection, post, office.clock.now())  # type: ignore[arg-type]
        posts.react(connection, ref, person, emoji, added=True)  # type: ignore[arg-type]

    await office.db.write(write)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ask", "Which run? Usage: `/train ask <run> [prompt ...] [step=...]`."),
        ("ask 1", "What do you want to ask support-bot #1? Type /train ask 1 step=30 your question"),
        ("ask 1 step=base", "Type /train ask 1 step=base your question"),
        ("ask 9 Hello", "There is no run #9 here."),
        ("ask 1 Hello step=12", "has saved no checkpoint at step 12. The nearest: `step=10` and `step=20`."),
        ("ask 1 Hello step=5", "has saved no checkpoint at step 5. The nearest: `step=10`."),
        ("ask 1 Hello step=999", "The nearest: `step=30`."),
        ("ask 1 Hello step=lats", "Did you mean `step=last`?"),
        ("ask 1 Hello step=1e1", "`step=1e1` does not fit: it takes a number, last, best, base."),
        ("ask 1 Hello step=" + "9" * 300, "does not fit"),
        ("ask 1 Hello stp=10", "`/train ask` has no `stp`."),
        ("ask 1 " + "word " * 790 + "end", ""),
    ],
)
async def test_a_question_that_cannot_be_put_gets_a_sentence(office: Office, text: str, told: str) -> None:
    await saved(office, 20, 30)
    assert told in (await office.ask(text)).summary
    assert len(office.asked) == (not told)


async def test_a_run_without_a_checkpoint_offers_the_base_model(office: Office) -> None:
    await office.ask("start support-bot")
    message = await office.ask("ask 1 My parcel is late.")
    assert "has saved no checkpoint yet. The base model can be asked" in message.summary
    assert "/train ask 1 step=base My parcel is late." in everything(message)
    assert office.asked == []
    assert calls(message) == [Call("samples", {"run": "1", "step": "base"})]
    assert "tiny at 0 says: HELLO" in await office.text("ask 1 Hello step=base")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unavailable("timed out"), "The training service cannot answer now: timed out. Try again in a minute."),
        (Rejected(Scope.GONE, "x"), "The training service no longer has the checkpoint at step 10 of support-bot #1."),
        (Rejected(Scope.CONTENT, "too long"), "The training service refused the question: too long."),
        (Rejected(Scope.TOKEN, "426"), "The training service does not let this bot in: 426."),
    ],
)
async def test_a_service_that_does_not_answer_is_a_sentence(office: Office, error: Exception, told: str) -> None:
    await saved(office)
    office.service = error
    message = await office.ask("ask 1 Hello")
    assert told in message.summary
    assert message.tone is Tone.ODD


async def test_a_question_of_a_form_may_have_lines_and_quotes_and_is_no_book(office: Office) -> None:
    await saved(office)
    text = 'He said:\n"Where is it?"'
    await office.ask(Call("ask", {"run": "1", "prompt": text}))
    assert office.asked == [("job-1", 10, "tiny", text, 200)]
    told = await office.text(Call("ask", {"run": "1", "prompt": "x" * 4001}))
    assert "That question has 4001 characters; 4000 are the most. Nobody was asked." in told
    assert len(office.asked) == 1


async def test_a_base_model_that_is_not_known_is_not_asked(office: Office) -> None:
    office.recipes["elsewhere"] = replace(SUPPORT, name="elsewhere", model="")
    await office.ask("start elsewhere")
    for text in ("ask 1 Hello step=base", "samples 1 step=base"):
        assert "It is not known which base model elsewhere #1 began with." in await office.text(text)
    assert office.asked == []


async def test_without_a_service_nobody_answers(office: Office) -> None:
    await saved(office)
    office.registry.desk = replace(office.registry.desk, ask=nobody_to_ask)
    assert "No training service is connected" in await office.text("ask 1 Hello")


async def test_the_same_delivery_asks_once_and_answers_the_same(office: Office) -> None:
    await saved(office)
    incoming = office.incoming()
    first = await office.registry.answer(incoming, "ask 1 Hello")
    await office.happen(1, CheckpointSaved(office.clock.now(), 20))
    assert await office.registry.answer(incoming, "ask 1 Hello") == first
    assert len(office.asked) == 1


async def test_guests_do_not_ask_and_nobody_asks_what_may_not_be_seen(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True)
    await office.train()
    assert "not use `/train ask`" in await office.text("ask 1 Hello", standing=GUEST)
    assert "There is no run #1 here." in await office.text("ask 1 Hello", person=GRACE)
    assert office.asked == []


async def test_votes_are_summed_up_by_step_and_nobody_is_named(office: Office) -> None:
    await saved(office, 20)
    assert "support-bot #1 has no votes yet: vote with 👍 or 👎" in await office.text("votes")
    for person, emoji in ((ADA, "👍"), (GRACE, "👍"), (GRACE, "👎")):
        await vote(office, 10, 0, person, emoji)
    await vote(office, 10, 1, GRACE, "👎")
    message = await office.ask("votes #1")
    text = everything(message)
    assert "step 10 | 1 | 1 | 50 %" in text
    assert message.summary == "support-bot #1: 👍 1 👎 1"
    assert "Ada" not in text
    assert "Grace" not in text
    assert calls(message) == [Call("best", {"run": "1"})]


async def test_votes_of_several_runs_are_summed_up_one_by_one(office: Office) -> None:
    await saved(office)
    await office.ask("start tickets")
    await vote(office, 10, 0, ADA, "👍")
    for text in ("votes #1 #2", "votes support-bot #1 tickets", "votes 1,2"):
        assert (await office.ask(text)).summary == "support-bot #1: 👍 1; tickets #2: no votes"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("votes exprot", "There is no run called `exprot` here. Did you mean `/train votes export`?"),
        ("votes exports 1", "Did you mean `/train votes export`?"),
        ("votes nothing", "There is no run called `nothing` here."),
        ("votes 1 2 3 4 5", "That names 5 runs; 4 at once are the most."),
        ("votes export 9", "There is no run #9 here."),
        ("votes export alll", "There is no run called `alll` here."),
        ("votes export 1", "No sample has an answer yet in support-bot #1, so there is nothing to export."),
        ("votes export", "No sample has an answer yet in support-bot #1"),
    ],
)
async def test_votes_that_cannot_be_told_get_a_sentence(office: Office, text: str, told: str) -> None:
    await saved(office)
    assert told in (await office.ask(text)).summary


async def exported(office: Office, text: str, **given: object) -> tuple[str, list[dict[str, object]]]:
    (file,) = [block for block in (await office.ask(text, **given)).blocks if isinstance(block, File)]
    return file.name, [json.loads(line) for line in file.text.splitlines()]


async def test_an_export_has_a_line_for_every_answer_with_its_votes(office: Office) -> None:
    office.recipes["kind"] = replace(SUPPORT, name="kind", prompts=(Prompt("question 1", "Be kind."),))
    await office.ask("start kind")
    await office.train()
    await office.sample(1, 0, "line one\nline two\u2028three\u0085")
    await office.sample(1, 10, "<b>" * 5000)
    await vote(office, 10, 0, ADA, "👍")
    await vote(office, 10, 0, GRACE, "👎")
    name, rows = await exported(office, "votes export")
    assert name == "votes-1.jsonl"
    one = {"run": 1, "name": "kind", "prompt": "question 1", "system": "Be kind."}
    assert rows == [
        {**one, "step": 0, "answer": "line one\nline two\u2028three\u0085", "up": 0, "down": 0, "score": 0},
        {**one, "step": 10, "answer": "<b>" * 5000, "up": 1, "down": 1, "score": 0},
    ]


async def test_an_export_of_all_has_what_may_be_seen(office: Office) -> None:
    assert "nothing to export" in await office.text("votes export all")
    await office.ask("start support-bot")
    await office.ask("start tickets", place=DIRECT, private=True)
    for number in (1, 2):
        await office.sample(number, 10, f"answer {number}")
    assert [row["run"] for row in (await exported(office, "votes export all"))[1]] == [2, 1]
    assert [row["run"] for row in (await exported(office, "votes export ALL", person=GRACE))[1]] == [1]
    assert "There is no run #2 here." in await office.text("votes export 1 2", person=GRACE)
    assert (await exported(office, "votes export all"))[0] == "votes.jsonl"


async def test_votes_complete_with_the_action_and_runs(office: Office) -> None:
    await saved(office)
    assert await office.completed("votes ") == ["votes export", "votes #1"]
    assert await office.completed("votes export ") == ["votes export all", "votes export #1"]
    assert await office.completed("votes #1 ") == ["votes #1 #1"]
    assert await office.completed("ask #1 Hello step=l") == ["ask #1 Hello step=last"]


async def test_an_export_keeps_the_newest_runs_whole_and_stays_small_enough_to_send(office: Office) -> None:
    many = MOST_BYTES // 20_000 // 3
    for number in (1, 2, 3, 4):
        await office.ask("start tickets")
        for step in range(many):
            await office.sample(number, step, "x" * 20_000)
    message = await office.ask("votes export all")
    (file,) = [block for block in message.blocks if isinstance(block, File)]
    assert [json.loads(line)["run"] for line in file.text.splitlines()] == [4] * many + [3] * many
    assert len(file.text.encode()) <= MOST_BYTES
    assert "2 older runs left out" in everything(message)
