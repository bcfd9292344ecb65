"""Lists by filters, comparisons and the best checkpoint: the commands, on a real database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from commands.office import ADA, DIRECT, ELSEWHERE, GRACE, HERE, PIXEL, SUPPORT, Office
from fakes.chat import FakeChat
from messages.made import calls, everything, labels

from bot.domain.calls import Call
from bot.domain.errors import Unavailable
from bot.domain.events import CheckpointSaved, Logged, TrainingFailed
from bot.domain.lanes import announce_key
from bot.domain.places import Person, PostRef
from bot.domain.recipes import Prompt
from bot.domain.runs import Numbers, Sample
from bot.messages.model import Grid, Message, Picture
from bot.store import posts, runs


async def three(office: Office) -> None:
    """#1 is over, #2 (Grace's tickets) failed, #3 is going."""
    for text, person in (("start support-bot", ADA), ("start tickets", GRACE), ("start support-bot lr=5e-4", ADA)):
        await office.ask(text, person=person)
    for number in (1, 2, 3):
        await office.train(number)
    await office.complete(1)
    await office.happen(2, TrainingFailed(office.clock.now(), "out of memory", 10, ()))


def listed(message: Message) -> list[str]:
    """The first cells of the list."""
    grids = [block for block in message.blocks if isinstance(block, Grid)]
    return ["".join(span.text for span in row[0]) for grid in grids for row in grid.rows]  # type: ignore[union-attr]


async def test_a_list_tells_of_each_run_what_matters(office: Office) -> None:
    await three(office)
    message = await office.ask("list")
    assert listed(message) == ["support-bot #3", "tickets #2", "support-bot #1"]
    text = everything(message)
    assert message.summary == "3 runs: support-bot #3 (running), tickets #2 (failed), support-bot #1 (completed)"
    assert "support-bot #3 | running | step 10 of 20, loss 1.5000 | Ada | 20" in text
    assert "tickets #2 | failed | step 10 of 20, loss 1.5000 | Grace | 20" in text
    assert "All about one of them: /train status 3" in text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("list support", [3, 1]),
        ("list SUPPORT-BOT#1", [1]),
        ("list ticket", [2]),
        ("list #2", [2]),
        ("list recipe=tickets", [2]),
        ("list recipe=Support-Bot", [3, 1]),
        ("list state=failed", [2]),
        ("list state=live", [3]),
        ("list state=over", [2, 1]),
        ("list state=OVER support", [1]),
        ("list by=Ada", [3, 1]),
        ("list by=gra", [2]),
        ("list by=@grace", [2]),
        ("list by=me", [3, 1]),
        ("list by=<@grace>", [2]),
        ("list by=<@!grace>", [2]),
        ("list by=<@GRACE|gracie>", [2]),
        ("list since=1h", [3, 2, 1]),
        ("list since=2w", [3, 2, 1]),
        ("list since=1970-01-01", [3, 2, 1]),
        ("list page=1 state=failed by=grace", [2]),
        ("list name=ticket", [2]),
    ],
)
async def test_a_filter_leaves_what_it_says(office: Office, text: str, found: list[int]) -> None:
    await three(office)
    assert [int(name.split("#")[1]) for name in listed(await office.ask(text))] == found


async def test_a_recipe_has_also_the_runs_from_elsewhere_that_fit_its_patterns(office: Office) -> None:
    await three(office)
    await office.db.write(
        lambda connection: connection.execute("UPDATE runs SET name = 'Nightly-7', origin = 'outside' WHERE number = 2")
    )
    assert listed(await office.ask("list recipe=support-bot")) == ["support-bot #3", "support-bot #1"]
    office.recipes["support-bot"] = replace(SUPPORT, match=("nightly-*",))
    assert [one[-1] for one in listed(await office.ask("list recipe=support-bot"))] == ["3", "2", "1"]


async def test_since_counts_from_now(office: Office) -> None:
    await office.ask("start support-bot")
    office.clock.move(timedelta(days=3).total_seconds())
    await office.ask("start tickets")
    assert listed(await office.ask("list since=2d")) == ["tickets #2"]
    assert listed(await office.ask(f"list since={office.clock.now():%Y-%m-%d}")) == ["tickets #2"]
    assert len(listed(await office.ask("list since=4d"))) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("list state=dead", "`state=dead` does not fit: it takes live, over, requested"),
        ("list state=runing", "Did you mean `running`?"),
        ("list since=yesterday", "it takes a time back such as 12h, 30d or 2w, or a date such as 2026-11-01."),
        ("list since=2026-13-01", "`since=2026-13-01` does not fit"),
        ("list since=99999d", "`since=99999d` does not fit"),
        ("list since=-1d", "`since=-1d` does not fit"),
        ("list since=٣d", "does not fit"),
        ("list by=grcae", "Nobody called `grcae` has started a run that you may see here. Did you mean `by=Grace`?"),
        ("list by=zzz", "Those who have: Ada, Grace."),
        ("list by=<@U404>", "That person has started no run that you may see here."),
        ("list by=%", "Nobody called `%`"),
        ("list recipe=suport-bot", "Did you mean `recipe=support-bot`?"),
        ("list recipe=zzz", "`/train recipes` lists what there is."),
        ("list page=0", "`page=0` does not fit: it takes a whole number from 1 to 1000000."),
        ("list page=2", "There is no page 2: the last one is `page=1`."),
        ("list stat=failed", "`/train list` has no `stat`. Usage: `/train list [name ...]"),
        ("list zebra", "No run fits `zebra`. Without `zebra` there are 3."),
        ("list zebra by=ada", "No run fits `zebra by=ada`. Without `zebra` there are 2."),
        ("list tickets by=ada", "Without `tickets` there are 2; without `by=ada` there is 1."),
        ("list state=queued since=1d", "Without `state=queued` there are 3."),
        ("list state=queued zebra", "nor with any one of these left out. `/train list` shows all there are."),
        ("list recipe=bad", "No run fits `recipe=bad`. Without `recipe=bad` there are 3."),
        ("compare", "Which runs? Usage: `/train compare <runs ...>`."),
        ("compare 1", "Name two to four, for example `/train compare #41 #42`. `support-bot #1` is only one."),
        ("compare 1 #1", "is only one."),
        ("compare 1 2 3 1 2", "That names 5 runs; 4 at once are the most."),
        ("compare 1 nothing", "There is no run called `nothing` here."),
        ("best #9", "There is no run #9 here."),
        ("best 1 2", "`2` is one word too many."),
    ],
)
async def test_what_does_not_fit_gets_a_sentence_with_the_next_step(office: Office, text: str, told: str) -> None:
    await three(office)
    assert told in (await office.ask(text)).summary


async def test_without_any_run_a_list_says_how_to_begin(office: Office) -> None:
    for text in ("list", "list state=failed", "list by=me", "list zebra"):
        assert "`/train start` begins one." in (await office.ask(text)).summary


async def test_a_list_has_pages_with_ways_between_them(office: Office) -> None:
    for _ in range(23):
        await office.ask("start tickets")
    first = await office.ask("list state=live tick")
    assert len(listed(first)) == 10
    assert first.summary.startswith("23 runs, page 1 of 3: tickets #23")
    assert labels(first) == ["Next page"]
    second = await office.ask(Call.decode(calls(first)[0].encode()))
    assert listed(second)[0] == "tickets #13"
    assert labels(second) == ["Previous page", "Next page"]
    third = await office.ask(calls(second)[1])
    assert listed(third) == ["tickets #3", "tickets #2", "tickets #1"]
    assert await office.ask(calls(second)[0]) == first


async def test_filters_that_no_button_carries_are_told_as_what_to_type(office: Office) -> None:
    grace = Person("fake", "team", "grace", "Grace Hopper")
    for _ in range(11):
        await office.ask("start tickets", person=grace)
    message = await office.ask('list by="Grace Hopper" state=live')
    assert labels(message) == []
    assert 'Next page: /train list by="Grace Hopper" state=live page=2' in everything(message)
    assert listed(await office.ask('list by="Grace Hopper" state=live page=2')) == ["tickets #1"]


async def test_a_list_leads_to_the_cards(office: Office) -> None:
    await three(office)
    await office.post(2, announce_key(2, HERE), PostRef(HERE, "22"))
    shown = repr(await office.ask("list", place=ELSEWHERE))
    assert "Link(text='tickets #2', url='https://chat.example/22')" in shown
    assert "Bold(text='support-bot #3')" in shown


async def test_a_chat_that_is_away_keeps_no_list_back(office: Office) -> None:
    class Away(FakeChat):
        async def link(self, ref: PostRef) -> str | None:
            raise Unavailable("away")

    await three(office)
    await office.post(2, announce_key(2, HERE), PostRef(HERE, "22"))
    office.registry.desk = replace(office.registry.desk, chats={"fake": Away()})
    assert len(listed(await office.ask("list"))) == 3


async def test_a_private_run_is_in_no_list_but_that_of_those_who_may_see_it(office: Office) -> None:
    await office.ask("start tickets", place=DIRECT, private=True)
    for text in ("list", "list tickets", "list by=ada", "list recipe=tickets", "list state=live", "list #1"):
        told = await office.text(text, person=GRACE)
        assert "tickets #1" not in told
        assert "Ada" not in told
        assert "Without" not in told, "nor is it counted"
        assert listed(await office.ask(text)) == ["tickets #1"]


async def trained(office: Office, number: int, losses: dict[int, float], evals: dict[int, float]) -> None:
    now = office.clock.now()
    await office.train(number)
    for step, loss in losses.items():
        await office.happen(number, Logged(now, step, Numbers(loss=loss)))
    for step, loss in evals.items():
        await office.happen(number, Logged(now, step, Numbers(eval_loss=loss)), CheckpointSaved(now, step))


async def draw(office: Office, run: int, step: int, prompt: int, text: str) -> None:
    sample = Sample(run, step, prompt, text)
    await office.db.write(lambda connection: runs.add_sample(connection, sample, office.clock.now()))


async def vote(office: Office, run: int, step: int, up: int, down: int = 0) -> None:
    ref = PostRef(HERE, f"post-{run}-{step}", "1")
    await office.post(run, f"sample:{run}:{step}:0:{HERE}", ref, step=step)
    for voter in range(up + down):
        person, emoji = Person("fake", "team", f"voter-{voter}"), "👍" if voter < up else "👎"
        await office.db.write(
            lambda connection, one=person, emoji=emoji: posts.react(connection, ref, one, emoji, added=True)
        )


async def test_runs_are_set_side_by_side(office: Office) -> None:
    office.recipes["other"] = replace(
        SUPPORT, name="other", model="small", prompts=(Prompt("question 2"), Prompt("question 9", "Be kind."))
    )
    await office.ask("start support-bot")
    await office.ask("start other lr=5e-4")
    await trained(office, 1, {15: 0.5, 20: 0.75}, {20: 1.25})
    await office.complete(1)
    await draw(office, 1, 10, 0, "first")
    await draw(office, 1, 20, 1, "shared one " * 40)
    await draw(office, 2, 0, 0, "shared two")
    message = await office.ask("compare #1 #2")
    text = everything(message)
    assert message.summary.startswith("support-bot #1 and other #2 side by side: support-bot #1 completed (loss 0.7500")
    assert "model | tiny | small" in text
    assert "learning_rate | 1e-3 | 5e-4" in text
    assert "max_steps" not in text
    assert "State | completed | requested" in text
    assert "Lowest loss | 0.5000 at step 15 | –" in text
    assert "Last eval loss | 1.2500 | –" in text
    assert "Prompt | support-bot #1, step 20 | other #2, before training" in text
    assert "question 2 | shared one" in text
    assert "… | shared two" in text
    assert "first" not in text
    assert "In full: /train samples 1 step=20 · /train samples 2 step=base" in text
    assert Picture(PIXEL, "support-bot #1: 3 points.") in message.blocks
    assert [office.registry.find(call.name).bind(Call.decode(call.encode()).args) for call in calls(message)]


async def test_a_comparison_shows_the_last_step_unless_the_votes_tell_another_apart(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start support-bot")
    await trained(office, 1, {}, {20: 1.0})
    for step in (10, 20):
        await draw(office, 1, step, 0, f"at {step}")
    await vote(office, 1, 10, 2)
    text = await office.text("compare 1 2")
    assert "Model, data and settings are the same in all of them." in text
    assert "support-bot #1, step 20" in text, "two votes tell nothing"
    assert "question 1 | at 20 | –" in text
    assert "Votes | 👍 2 | –" in text
    await vote(office, 1, 10, 9)
    await vote(office, 1, 20, 0, down=9)
    text = await office.text("compare 1 2")
    assert "support-bot #1, step 10" in text
    assert "question 1 | at 10 | –" in text


async def test_four_runs_are_compared_to_the_first(office: Office) -> None:
    for lr in ("1e-3", "1e-3", "2e-3", "1e-3 seed=3"):
        await office.ask(f"start support-bot lr={lr}")
    text = await office.text("compare 1 2 3 4")
    assert "learning_rate | 1e-3 | 1e-3 | 2e-3 | 1e-3" in text
    assert "seed | – | – | – | 3" in text
    assert "None of them has an answer to a prompt yet." in text


async def test_best_ranks_by_votes_and_by_evaluation(office: Office) -> None:
    await office.ask("start support-bot")
    await trained(office, 1, {}, {5: 2.0, 15: 1.0, 20: 1.5})
    await vote(office, 1, 15, 9, 1)
    await vote(office, 1, 5, 1, 9)
    message = await office.ask("best #1")
    text = everything(message)
    assert "Step 15 is ahead: between step 15 (👍 9 👎 1) and step 5 (👍 1 👎 9) chance alone" in text
    assert "step 15 | 👍 9 👎 1 | 90 % | 60 to 98 %" in text
    assert "Step 15 has the lowest: 1.0000." in text
    assert "step 10 | 2.0000 (of step 5)" in text
    assert [call.args["step"] for call in calls(message)] == ["15", "15"]
    assert "Type /train ask 1 step=15 your question" in await office.text(calls(message)[1])


async def test_best_says_how_to_get_votes_and_evaluations(office: Office) -> None:
    await office.ask("start support-bot")
    text = await office.text("best")
    assert "No votes yet: vote with 👍 or 👎" in text
    assert "No checkpoint was saved so far." in text
    await office.train()
    assert "Set eval_steps in the recipe for the next run." in await office.text("best")
