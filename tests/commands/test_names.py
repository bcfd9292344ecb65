"""People are shown with the name they have today."""

from dataclasses import replace

from commands.office import ADA, ELSEWHERE, GUEST, Office

from bot.store import people
from bot.store.database import Query


async def known(office: Office) -> list[tuple[str, float]]:
    query = Query(
        "SELECT name, seen_at FROM people WHERE id = ?", (ADA.key,), lambda rows: [tuple(row) for row in rows]
    )
    return await office.db.read(query)


async def test_a_new_name_is_kept_at_the_next_request_whatever_it_asks(office: Office) -> None:
    await office.ask("follow me", place=ELSEWHERE)
    await office.ask("help", person=replace(ADA, name="Ada Lovelace"), standing=GUEST)
    assert "what Ada Lovelace starts" in await office.text("follows", place=ELSEWHERE, person=replace(ADA, name=""))


async def test_a_name_that_has_not_changed_is_written_once(office: Office) -> None:
    await office.ask("help")
    first = await known(office)
    office.clock.move(60)
    await office.ask("help")
    assert await known(office) == first


async def test_a_request_without_a_name_takes_none_away(office: Office) -> None:
    await office.ask("help")
    await office.ask("help", person=replace(ADA, name=""))
    assert [name for name, _ in await known(office)] == ["Ada"]


async def test_a_name_that_was_taken_back_is_written_again(office: Office) -> None:
    for name in ("Ada", "Countess", "Ada"):
        await office.ask("help", person=replace(ADA, name=name))
    assert [name for name, _ in await known(office)] == ["Ada"]
    assert not await office.db.read(people.quiet(ADA))
