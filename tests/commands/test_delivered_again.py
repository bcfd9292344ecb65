"""A request that is delivered again is answered the same, whatever has happened in between, and changes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from commands.office import DIRECT, SUPPORT, Office
from messages.made import everything

from bot.commands.spec import Incoming
from bot.domain.recipes import Recipe
from bot.store import people


@dataclass
class Slow:
    """A training service that answers when it is let."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def __call__(self, job: str, step: int, model: str, messages: Sequence[Mapping[str, str]], limit: int) -> str:
        self.asked += 1
        self.begun.set()
        await self.let.wait()
        return f"answer {self.asked}"


async def again(office: Office, incoming: Incoming, line: str) -> str:
    return everything(await office.registry.answer(incoming, line))


def prompts_of(office: Office, name: str = "support-bot") -> list[str]:
    recipe = office.recipes[name]
    assert isinstance(recipe, Recipe)
    return [one.user for one in recipe.prompts]


async def test_a_recipe_that_was_saved_is_not_asked_about_again(office: Office) -> None:
    await office.ask("start support-bot")
    incoming = office.incoming()
    first = await again(office, incoming, "recipes save as mine")
    await office.ask("start tickets")
    assert await again(office, incoming, "recipes save as mine") == first
    assert first.startswith("Saved support-bot #1 as recipe `mine`.")


async def test_a_recipe_whose_saving_broke_off_after_the_file_was_written_is_saved(office: Office) -> None:
    await office.ask("start support-bot")
    office.recipes["mine"] = replace(SUPPORT, name="mine")
    assert "Saved support-bot #1" in await office.text("recipes save #1 as mine")


async def test_a_prompt_is_answered_for_the_run_that_it_was_added_to(office: Office) -> None:
    await office.ask("start support-bot")
    incoming = office.incoming()
    first = await again(office, incoming, "prompts add More?")
    await office.complete()
    await office.ask("start tickets")
    await office.ask("prompts #2 remove 1")
    assert await again(office, incoming, "prompts add More?") == first
    assert (await office.run(2)).recipe.asked == (1,)


async def test_a_prompt_says_how_many_there_were_then(office: Office) -> None:
    await office.ask("start support-bot")
    incoming = office.incoming()
    first = await again(office, incoming, "prompts add More?")
    await office.ask("prompts add Even more?")
    assert await again(office, incoming, "prompts add More?") == first


async def test_a_cancel_is_answered_for_the_run_that_it_ended(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    incoming = office.incoming()
    first = await again(office, incoming, "cancel sure")
    await office.complete()
    await office.ask("start tickets")
    assert await again(office, incoming, "cancel sure") == first
    assert "Cancelling support-bot #1." in first
    assert (await office.run(2)).cancel_by is None


async def test_a_prompt_that_was_removed_meanwhile_does_not_come_back(office: Office) -> None:
    incoming = office.incoming()
    line = "prompts recipe=support-bot add More?"
    first = await again(office, incoming, line)
    await office.ask("prompts recipe=support-bot remove 3")
    assert await again(office, incoming, line) == first
    assert prompts_of(office) == ["question 1", "question 2"]


async def test_direct_messages_that_are_on_again_stay_on(office: Office) -> None:
    incoming = office.incoming()
    first = await again(office, incoming, "dm off")
    await office.ask("dm on")
    assert await again(office, incoming, "dm off") == first
    assert not await office.db.read(people.quiet(incoming.person))


async def test_a_mute_is_answered_the_same_after_the_end_of_its_run(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    muting, ending, every = office.incoming(), office.incoming(), office.incoming()
    muted = await again(office, muting, "mute support-bot")
    ended = await again(office, ending, "mute #1 off")
    none = await again(office, every, "mute off")
    await office.complete()
    await office.ask("start support-bot")
    await office.ask("mute")
    assert await again(office, muting, "mute support-bot") == muted
    assert await again(office, ending, "mute #1 off") == ended
    assert await again(office, every, "mute off") == none
    assert none.startswith("This place is not muted. Nothing was changed.")


async def test_a_run_that_was_shared_is_named_though_another_one_fits_now(office: Office) -> None:
    await office.ask("start support-bot", place=DIRECT, private=True)
    incoming = office.incoming(place=DIRECT, private=True)
    first = await again(office, incoming, "share sure")
    await office.ask("start tickets", place=DIRECT, private=True)
    assert await again(office, incoming, "share sure") == first
    assert (await office.run(2)).private


async def test_a_question_that_comes_twice_at_once_is_put_once(office: Office) -> None:
    await office.ask("start support-bot")
    await office.train()
    service, incoming = Slow(), office.incoming()
    office.registry.desk = replace(office.registry.desk, ask=service)
    answers = [asyncio.ensure_future(again(office, incoming, "ask support-bot Hello?")) for _ in range(3)]
    await asyncio.wait_for(service.begun.wait(), 10)
    await office.ask("start support-bot")
    service.let.set()
    assert len(set(await asyncio.gather(*answers))) == 1
    assert service.asked == 1
