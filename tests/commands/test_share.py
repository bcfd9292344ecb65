"""What is read of a run that was shared: nothing of a private one that it does again, nor where it was started."""

from dataclasses import replace

import pytest
from commands.office import ADA, DIRECT, ELSEWHERE, GRACE, HERE, Office
from messages.made import everything

from bot.domain.lanes import announce_key
from bot.domain.places import Place, PostRef
from bot.messages.model import Message
from bot.store import runs

HOME = {"place": DIRECT, "private": True, "direct": True}
CLOSED = Place("fake", "team", "acquisition")


async def read(office: Office, *lines: str, **given: object) -> str:
    """All that somebody else reads, also what no renderer shows."""
    told: list[Message] = [await office.ask(line, **{"person": GRACE, "place": ELSEWHERE} | given) for line in lines]
    return " ".join(f"{everything(one)} {one!r}" for one in told)


async def card(office: Office, number: int, place: Place) -> None:
    await office.post(number, announce_key(number, place), PostRef(place, f"card-{number}-{place.channel}"))


async def test_a_run_that_does_a_private_one_again_is_shared_without_it(office: Office) -> None:
    await office.ask("start support-bot", **HOME)
    await office.ask("again #1 lr=5e-4 seed=7", **HOME)
    assert "Again from: #1" in await office.text("status #2", **HOME)
    text = await office.text("share #2 sure", **HOME)
    assert "#1, which it does again, stays private: it is named no more, nor what was changed from it." in text
    run = await office.run(2)
    assert (run.parent, run.changes) == (None, ("learning_rate=5e-4", "seed=7"))
    told = await read(office, "status #2", "list", "list support", "compare #2 #2", "follow #2", "follows #2")
    assert "learning_rate=5e-4" in told
    for secret in ("#1", "Again from", "1e-3", "was "):
        assert secret not in told, secret


async def test_a_run_that_does_a_public_one_again_keeps_what_was_before(office: Office) -> None:
    await office.ask("start support-bot")
    await office.ask("again #1 lr=5e-4", **HOME)
    assert "does again" not in await office.text("share #2 sure", **HOME)
    assert "learning_rate=5e-4 (was 1e-3)" in await read(office, "status #2")


async def test_a_run_in_a_place_that_was_opened_since_names_no_private_one(office: Office) -> None:
    await office.ask("start support-bot", private=True)
    await office.ask("again #1 lr=5e-4")
    run = await office.run(2)
    assert (run.private, run.parent, run.changes) == (False, None, ("learning_rate=5e-4",))


@pytest.mark.parametrize("line", ["status #1", "list", "list support"])
async def test_nobody_is_led_to_the_place_where_a_shared_run_was_started(office: Office, line: str) -> None:
    await office.ask("start support-bot", place=CLOSED, private=True)
    await card(office, 1, CLOSED)
    await office.ask("share #1 sure", place=CLOSED, private=True)
    for given in ({}, {"person": ADA}, {"place": HERE}, {"place": DIRECT, "private": True}):
        assert "acquisition" not in await read(office, line, **given), given
    assert "acquisition" in await read(office, line, place=CLOSED)


async def test_a_list_leads_to_the_card_of_a_shared_run_in_the_place_itself(office: Office) -> None:
    await office.ask("start support-bot", place=CLOSED, private=True)
    await card(office, 1, CLOSED)
    await office.ask("share #1 sure", place=CLOSED, private=True)
    await office.ask("follow #1", place=ELSEWHERE)
    await card(office, 1, ELSEWHERE)
    assert "card-1-general" in await read(office, "list")


async def test_a_run_of_an_open_place_is_linked_from_everywhere(office: Office) -> None:
    await office.ask("start support-bot")
    await card(office, 1, HERE)
    for line in ("status #1", "list"):
        assert "card-1-training" in await read(office, line)


async def test_that_a_home_is_private_outlives_every_change_of_the_run(office: Office) -> None:
    await office.ask("start support-bot", **HOME)
    await office.ask("share #1 sure", **HOME)
    changed = replace(await office.run(1), step=7)
    await office.db.write(lambda connection: runs.save(connection, changed))
    run = await office.run(1)
    assert (run.private, run.home_private, run.opens_from(DIRECT), run.opens_from(HERE)) == (False, True, True, False)
