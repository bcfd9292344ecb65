"""What a handler works with: a write that is done once per request."""

import asyncio
import sqlite3

import pytest
from commands.office import Office

from bot.commands.desk import Write
from bot.domain.errors import UserError
from bot.messages.model import Message, say


async def test_a_write_is_done_for_the_first_delivery_and_its_result_given_to_every_later_one(office: Office) -> None:
    desk, done = office.registry.desk, []

    def write(_: sqlite3.Connection) -> dict[str, int]:
        done.append(1)
        return {"number": len(done)}

    found = await asyncio.gather(*(desk.once("one", write) for _ in range(10)))
    assert found == [{"number": 1}] * 10
    assert await desk.once("two", write) == {"number": 2}
    assert len(office.woken) == 11


async def test_a_write_that_fails_leaves_no_note_of_the_request(office: Office) -> None:
    desk = office.registry.desk

    def refuse(_: sqlite3.Connection) -> None:
        raise UserError("no")

    with pytest.raises(UserError):
        await desk.once("one", refuse)
    assert await desk.earlier("one") is None
    assert await desk.once("one", lambda _: 7) == 7
    assert await desk.earlier("one") == 7


async def test_looking_for_an_earlier_delivery_notes_nothing(office: Office) -> None:
    desk = office.registry.desk
    assert await desk.earlier("one") is None
    assert await desk.earlier("one") is None
    assert office.woken == []


async def test_deliveries_of_one_request_take_turns_and_one_alone_begins(office: Office) -> None:
    desk, begun = office.registry.desk, []

    async def begin() -> Write | Message:
        begun.append(1)
        await asyncio.sleep(0)
        return lambda _: {"number": len(begun)}

    found = await asyncio.gather(*(desk.settled("one", begin) for _ in range(5)), desk.settled("two", begin))
    assert [found[0]] * 5 == found[:5]
    assert len(begun) == 2
    assert not desk.turns


async def test_an_answer_with_nothing_to_write_is_not_kept(office: Office) -> None:
    desk = office.registry.desk

    async def ask() -> Write | Message:
        return say("sure?")

    async def act() -> Write | Message:
        return lambda _: {"done": True}

    assert await desk.settled("one", ask) == say("sure?")
    assert await desk.settled("one", act) == {"done": True}
    assert await desk.settled("one", ask) == {"done": True}
