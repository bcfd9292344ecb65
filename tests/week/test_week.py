"""A week in the room, as a story: three people, two training services, and every question that can be asked.

Each day is a module beside this one. A failure names who asked what, where, and what they read.
"""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from week.cast import Cast
from week.friday import friday
from week.monday import monday
from week.thursday import thursday
from week.tuesday import tuesday
from week.wednesday import wednesday

# What the bot said by itself in five days, replies left out.
MESSAGES = {"training": 24, "general": 27, "alerts": 4, "watch": 21, "@ada": 7, "@grace": 0, "@linus": 1}


@pytest.fixture
async def cast(tmp_path: Path) -> AsyncIterator[Cast]:
    one = await Cast.gather(tmp_path)
    yield one
    await one.team.close()


async def test_a_week_in_which_everything_is_asked_and_answered_rightly(cast: Cast) -> None:
    for day in (monday, tuesday, wednesday, thursday, friday):
        await day(cast)
    await nothing_is_left_to_do(cast)
    await nobody_was_called_without_a_reason(cast)
    await every_answer_was_for_the_one_who_asked(cast)
    await no_place_heard_too_much(cast)


async def nothing_is_left_to_do(cast: Cast) -> None:
    assert await cast.team.waiting() == []
    assert await cast.team.given_up() == []
    for service in (cast.first, cast.second):
        assert set(service.created.values()) == {1}, "started twice"


async def nobody_was_called_without_a_reason(cast: Cast) -> None:
    assert sorted(await cast.team.calls()) == sorted(cast.called)


async def every_answer_was_for_the_one_who_asked(cast: Cast) -> None:
    seen = [await person.sees_all() for person in (cast.ada, cast.grace, cast.linus)]
    answers = Counter(one.id for mine in seen for one in mine if one.told["only"])
    assert len(answers) > 100
    assert set(answers.values()) == {1}, "somebody else saw an answer"


async def no_place_heard_too_much(cast: Cast) -> None:
    """So many messages of the bot in each channel in five days, and no two replies that say the same."""
    heard = {channel: await cast.ada.sees(channel) for channel in ("training", "general", "alerts", "watch")}
    heard |= {one.alone: await one.sees(one.alone) for one in (cast.ada, cast.grace, cast.linus)}
    assert {channel: len(messages) for channel, messages in heard.items()} == MESSAGES
    for one in (*heard["training"], *heard["general"]):
        replies = Counter(reply.text for reply in await cast.ada.reads(one))
        assert [text for text, times in replies.items() if times > 1] == []
