"""What another place than that of the runs follows, for the tests of it."""

from commands.office import ELSEWHERE, Office

from bot.domain.follows import Follow, Wants
from bot.domain.places import Place
from bot.store import follows

THERE = ELSEWHERE
FAILURES = Wants(samples=False, success="nobody")


async def here(office: Office, place: Place = THERE) -> list[Follow]:
    return await office.db.read(follows.of_place(place))


async def only(office: Office, place: Place = THERE) -> Follow:
    (one,) = await here(office, place)
    return one
