"""Which run a person means; a run that may not be seen here does not exist here; what completions offer."""

import pytest
from commands.office import ADA, DIRECT, ELSEWHERE, GRACE, HERE, Office

from bot.commands.spec import Standing
from bot.domain.calls import Call
from bot.domain.lanes import announce_key
from bot.domain.places import Person, PostRef

EVERY = ("status", "cancel", "samples", "plot", "best", "votes")


@pytest.mark.parametrize(
    "word",
    ["#1", "1", "support-bot", "Support-Bot", "support-bot#1", "support-bot #1", '"support-bot #1"', "001", "run=1"],
)
async def test_a_run_is_found_by_its_number_and_its_name(office: Office, word: str) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    for command in EVERY:
        assert "support-bot #1" in (await office.ask(f"{command} {word}")).summary


async def test_a_name_means_its_newest_run(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start support-bot")
    assert "support-bot #2" in (await office.ask("status support-bot")).summary


async def test_a_number_with_another_runs_name_is_not_guessed(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    told = await office.text("cancel tickets#1 yes")
    assert "Run #1 is not `tickets` but `support-bot #1`." in told
    assert (await office.run(1)).cancel_by is None


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("#7", "There is no run #7 here."),
        ("999999999999", "There is no run #999999999999 here."),
        ("9999999999999", "There is no run called `9999999999999` here."),
        ("nobody", "There is no run called `nobody` here."),
        ("-1", "There is no run called `-1` here."),
        ("#", "There is no run called `#` here."),
        ("٣", "There is no run called `٣` here."),
    ],
)
async def test_a_run_that_is_not_there_is_said_not_to_be(office: Office, word: str, told: str) -> None:
    await office.ask("start support-bot")
    for command in EVERY:
        assert told in await office.text(f"{command} {word}")


async def test_without_a_word_the_only_live_run_of_the_place_is_meant(office: Office) -> None:
    assert "No run has been started here yet." in await office.text("status")
    await office.ask("start tickets", place=ELSEWHERE)
    assert "No run has been started here yet." in await office.text("status")
    await office.ask("start support-bot")
    await office.ask("start tickets")
    await office.train(3)
    await office.complete(3)
    assert "support-bot #2" in (await office.ask("status")).summary


async def test_without_a_word_the_newest_run_is_meant_where_none_is_live(office: Office) -> None:
    for number in (1, 2):
        await office.ask("start support-bot")
        await office.train(number)
        await office.complete(number)
    assert "support-bot #2" in (await office.ask("status")).summary


async def test_several_live_runs_are_asked_for(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    for command in EVERY:
        told = await office.text(command)
        assert "Which run? `tickets #2`, `support-bot #1` are all going." in told


async def test_in_a_thread_its_own_run_is_meant(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start tickets")
    await office.post(1, announce_key(1, HERE), PostRef(HERE, "10"))
    await office.post(2, announce_key(2, HERE), PostRef(HERE, "20"))
    await office.post(2, "sample", PostRef(HERE, "21", "20"), step=10)
    for message, title in (
        (PostRef(HERE, "10"), "support-bot #1"),
        (PostRef(HERE, "15", "10"), "support-bot #1"),
        (PostRef(HERE, "21", "20"), "tickets #2"),
    ):
        for command in EVERY:
            assert title in (await office.ask(command, message=message)).summary
    assert "Which run?" in await office.text("status", message=PostRef(HERE, "99"))
    assert "support-bot #1" in (await office.ask("status 1", message=PostRef(HERE, "20"))).summary


async def test_a_private_run_does_not_exist_elsewhere(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True)
    for command in EVERY:
        for word in ("1", "#1", "support-bot", "support-bot#1", "nothing#1", ""):
            for where in (HERE, ELSEWHERE):
                told = await office.text(f"{command} {word}", place=where, person=GRACE)
                assert "There is no run" in told or "No run has been started here" in told
                assert "support-bot #1" not in told
        assert "There is no run" in await office.text(Call(command, {"run": "1"}), person=GRACE)
    assert "support-bot" not in "".join(await office.completed("status ", person=GRACE))
    assert "#1" not in await office.text("", person=GRACE)


async def test_a_private_run_is_seen_where_it_began_by_its_starter_and_by_admins(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True)
    for seen in (
        {"place": DIRECT, "private": True},
        {"place": ELSEWHERE, "private": True},
        {"person": GRACE, "standing": Standing.ADMIN},
    ):
        assert "support-bot #1" in (await office.ask("status 1", **seen)).summary
        assert await office.completed("status ", **seen) == ["status #1"]
    # The reply is for the starter's eyes alone, also in a channel that others read.
    assert "support-bot #1" in (await office.ask("status 1", person=ADA)).summary
    assert await office.completed("status ") == ["status #1"]


async def test_the_newest_run_of_a_name_that_may_be_seen_is_meant(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("start support-bot", place=DIRECT, private=True)
    assert "support-bot #1" in (await office.ask("status support-bot", person=GRACE)).summary


async def test_runs_complete_live_and_newest_first(office: Office) -> None:
    for name in ("support-bot", "tickets", "tickets"):
        await office.ask(f"start {name}")
    await office.train(3)
    await office.complete(3)
    assert await office.completed("status ") == ["status #2", "status #1", "status #3"]
    for typed in ("#1", "1", "sup", "support-bot#1"):
        assert await office.completed(f"cancel {typed}") == ["cancel #1"]
    assert await office.completed("status zzz") == []
    label = (await office.registry.complete(office.incoming(), "status #3"))[0].label
    assert label == "tickets #3 · completed"


async def test_only_live_runs_complete_where_one_is_to_be_cancelled(office: Office) -> None:
    for _ in range(2):
        await office.ask("start support-bot")
    await office.train()
    await office.complete()
    over = {number for number in (1, 2) if (await office.run(number)).state.final}
    offered = await office.registry.complete(office.incoming(), "cancel ")
    assert [choice.value for choice in offered] == [f"cancel #{number}" for number in (1, 2) if number not in over]
    assert over


async def test_commands_complete_also_after_help(office: Office) -> None:
    assert await office.completed("sta") == ["start ", "status "]
    assert await office.completed("help sta") == ["help start", "help status"]
    assert await office.completed("help x") == []


async def test_recipes_complete_that_can_be_used(office: Office) -> None:
    assert await office.completed("start ") == ["start support-bot", "start tickets"]
    assert await office.completed("start B") == []
    assert (await office.registry.complete(office.incoming(), "start s"))[0].label == "support-bot · Sorts tickets"


async def test_settings_complete_that_may_be_changed_and_were_not_yet(office: Office) -> None:
    offered = await office.completed("start support-bot ")
    assert next(one for one in offered if "_" in one) == "start support-bot max_steps="
    assert "start support-bot scheduler=" not in offered
    assert "start tickets scheduler=" in await office.completed("start tickets ")
    assert await office.completed("start support-bot lr") == ["start support-bot learning_rate="]
    assert await office.completed("start support-bot max_steps=3 max") == ["start support-bot max_steps=3 max_length="]
    assert await office.completed("start support-bot max_steps=") == []
    for recipe in ("nonsense", "bad"):
        assert not [one for one in await office.completed(f"start {recipe} ") if "max_steps" in one]


async def outside(office: Office, name: str) -> None:
    """The newest run gets a name as jobs have that were started elsewhere."""
    await office.ask("start support-bot")
    await office.db.write(
        lambda connection: connection.execute(
            "UPDATE runs SET name = ?1, recipe = json_set(recipe, '$.name', ?1) "
            "WHERE number = (SELECT max(number) FROM runs)",
            (name,),
        )
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Äpfel und  Birnen", ['"äpfel und birnen"', '"Äpfel und Birnen #1"', '"äpfel UND birnen#1"']),
        ("100%_done", ["100%_done", "100%_DONE#1"]),
        ("ИМЯ", ["имя", "Имя#1", "ИМЯ #1"]),
        ("lora #7 final", ['"lora #7 final"', '"Lora #7 Final #1"']),
        ("x" * 300, ["x" * 200, '"' + "x" * 79 + '… #1"']),
    ],
)  # fmt: skip
async def test_a_run_with_a_name_of_any_letters_is_found(office: Office, name: str, words: list[str]) -> None:
    await outside(office, name)
    await outside(office, "another")
    for word in words if len(name) < 200 else words[1:]:
        for command in EVERY:
            told = (await office.ask(f"{command} {word}")).summary
            assert "#1" in told, f"{command} {word}"
            assert "There is no run" not in told


async def test_several_names_of_several_words_stand_between_commas(office: Office) -> None:
    await outside(office, "night run")
    await outside(office, "day run")
    assert "No numbers of night run #1 and day run #2" in await office.text("plot night run, day run")
    assert "There is no plot of day run #2 yet" in await office.text("plot day run")


async def test_names_and_starters_complete_where_they_are_filters(office: Office) -> None:
    grace = Person("fake", "team", "g1", "Grace Hopper")
    await office.ask("start support-bot")
    await office.ask("start tickets", person=grace)
    await outside(office, "night run")
    assert (await office.completed("list "))[:2] == ["list tickets", "list support-bot"]
    assert await office.completed("list by=") == ["list by=Ada", "list by=g1"]
    assert await office.completed("list by=gr") == ["list by=g1"]
    assert await office.completed("list state=f") == ["list state=failed"]
    assert await office.completed("list since=7") == ["list since=7d"]
    assert await office.completed("list recipe=s") == ["list recipe=support-bot"]
