"""Nothing of a private run appears where it may not: every command, by words and by buttons, every person, every place.

A private run is full of words that stand nowhere else. Whatever is asked, by whomever and wherever, these words reach
only those who may see the run, and what is done about it is seen only at its home and by its starter alone.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from commands.office import ADA, GRACE, HERE, Office
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages.made import everything

from bot.commands.catalog import COMMANDS
from bot.commands.roles import Roles, Standing
from bot.commands.spec import Incoming
from bot.domain.calls import Call
from bot.domain.follows import Follow, Wants
from bot.domain.places import Person, Place
from bot.domain.recipes import Prompt, Recipe
from bot.domain.runs import Numbers, Run, Sample, State, Viewer
from bot.messages.model import Buttons, Message
from bot.store import follows, listing, people, posts, runs
from bot.store.database import Query
from bot.store.listing import Filter

CLOSED = Place("fake", "team", "closed")  # a private channel, where the run was started
OTHER = Place("fake", "team", "other")  # another private channel
DIRECT = Place("fake", "team", "@ada")
HERS = Place("fake", "team", "@grace")
ADMIN, GUEST = Person("fake", "team", "root", "Root"), Person("fake", "team", "gast", "Gast")
SECRETS = ("zebra", "xylophone", "quokka", "narwhal", "okapi", "axolotl", "job-4711")
SECRET_RECIPE = Recipe(
    "zebra",
    "tiny",
    {"type": "file", "name": "axolotl.jsonl"},
    settings={"max_steps": 20},
    prompts=(Prompt("where is the xylophone?"),),
)
PEOPLE = {
    "starter": (ADA, Standing.MEMBER),
    "member": (GRACE, Standing.MEMBER),
    "guest": (GUEST, Standing.GUEST),
    "admin": (ADMIN, Standing.ADMIN),
}
PLACES = {
    "home": (CLOSED, True, False),
    "other private": (OTHER, True, False),
    "public": (HERE, False, False),
    "own conversation": (DIRECT, True, True),
    "her conversation": (HERS, True, True),
}
STATES = (State.RUNNING, State.FAILED)
REFS = ("", "#1", "1", "zebra", "zebra #1", "Zebra", "zeb", "#2", "everything", "me", "zeb*", "*")
EXTRA = (
    *("", "#2", "steps=5", "what is it", "add Hello there", "remove 1", "show zebra", "save #1 as stolen", "export"),
    *("export all", "page=1", "by=ada", "since=30d", "state=failed", "step=10", "step=last", "samples", "off"),
)


def secret_run(state: State, begun: Any) -> Run:
    return Run(
        number=1,
        recipe=SECRET_RECIPE,
        home=CLOSED,
        starter=ADA,
        requested_at=begun,
        private=True,
        note="narwhal",
        state=state,
        job_id="job-4711",
        started_at=begun,
        ended_at=begun + timedelta(hours=1) if state.final else None,
        heard_at=begun,
        step=10,
        total_steps=20,
        numbers=Numbers(loss=1.5),
        checkpoints=(10,),
        sampled=(10,),
        error="okapi" if state.final else None,
    )


async def furnish(office: Office, state: State = State.RUNNING) -> None:
    """The private run #1 with everything a run can have, and a public run #2."""
    now = office.clock.now()

    def write(connection: Any) -> None:
        for person in (ADA, GRACE, ADMIN, GUEST):
            people.see(connection, person, now)
        run = runs.add(connection, lambda number: replace(secret_run(state, now), number=number))
        follows.add(connection, Follow.of_home(run, Wants()))
        runs.record(connection, 1, 10, Numbers(loss=1.5, eval_loss=1.6))
        runs.add_sample(connection, Sample(1, 10, 0, "a quokka has it"), now)
        ref = posts.PostRef(CLOSED, "77", "76")
        posts.add(connection, posts.Post("sample:1:10:0:x", 1, ref, 10, 0), now)
        posts.add(connection, posts.Post(f"announce:1:{CLOSED}", 1, posts.PostRef(CLOSED, "76")), now)
        posts.react(connection, ref, GRACE, "👍", added=True)
        runs.add(
            connection,
            lambda number: Run(
                number=number,
                recipe=replace(SECRET_RECIPE, name="open-run", prompts=(), dataset={"type": "file", "name": "o"}),
                home=HERE,
                starter=GRACE,
                requested_at=now,
                state=State.COMPLETED,
                ended_at=now,
            ),
        )

    await office.db.write(write)


def may_see(who: str, where: str) -> bool:
    return where == "home" or who in {"starter", "admin"}


def incoming(number: int, who: str, where: str) -> Incoming:
    person, standing = PEOPLE[who]
    place, private, direct = PLACES[where]
    alone = direct and place.channel == f"@{person.user}"  # nobody else gets into a conversation with the bot
    return Incoming(f"try-{number}", person, place, standing, private=private, direct=alone)


def words_of(message: Message) -> str:
    """Everything that is in a message, also what no renderer shows."""
    return f"{everything(message)} {message!r}".lower()


def leaked(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def told(asked: str) -> str:
    """What the asker said is no news to them."""
    return asked.lower()


def lines() -> Iterator[str]:
    for command, ref, extra in itertools.product(COMMANDS, REFS, EXTRA):
        if command.name != "share":
            yield " ".join(part for part in (command.name, ref, extra) if part)


LINES = list(lines())


def share_of(who: str, where: str) -> list[str]:
    """A fifth of all lines, another one for each pair; the long form asks them all."""
    return LINES[(list(PEOPLE).index(who) + list(PLACES).index(where)) % 5 :: 5]


def news(message: Message, asked: str) -> list[str]:
    """The secrets that the asker did not say."""
    return [secret for secret in leaked(words_of(message)) if secret not in told(asked)]


PAIRS = [(who, where) for who, where in itertools.product(PEOPLE, PLACES) if not may_see(who, where)]


async def hears_nothing(office: Office, who: str, where: str, asked: list[str]) -> None:
    await furnish(office)
    for number, line in enumerate(asked):
        answer = await office.registry.answer(incoming(number, who, where), line)
        assert news(answer, line) == [], line
    assert await elsewhere(office) == []


@pytest.mark.parametrize(("who", "where"), PAIRS)
async def test_nobody_who_may_not_see_it_hears_of_a_private_run_by_any_command(
    office: Office, who: str, where: str
) -> None:
    await hears_nothing(office, who, where, share_of(who, where))


@pytest.mark.long
@pytest.mark.parametrize(("who", "where"), PAIRS)
async def test_nobody_who_may_not_see_it_hears_of_it_by_any_words(office: Office, who: str, where: str) -> None:
    await hears_nothing(office, who, where, LINES)


@pytest.mark.parametrize(("who", "where"), PAIRS)
async def test_nobody_who_may_not_see_it_is_offered_a_private_run(office: Office, who: str, where: str) -> None:
    await furnish(office)
    heads = [f"{command.name} " for command in COMMANDS] + [f"{command.name} #2 " for command in COMMANDS]
    tails = ("", "z", "#", "#1", "zebra", "run=", "recipe=", "by=", "step=", "what=", "save #", "state=")
    for number, (head, tail) in enumerate(itertools.product(heads, tails)):
        offered = await office.registry.complete(incoming(number, who, where), head + tail)
        said = " ".join(f"{one.value} {one.label}" for one in offered).lower().replace(told(head + tail), "")
        assert leaked(said) == [], head + tail
        assert not any(one.value.strip() in {f"{head}#1", f"{head}1"} for one in offered), head + tail


@pytest.mark.parametrize(("who", "where"), PAIRS)
async def test_no_button_opens_a_private_run_to_those_who_may_not_see_it(office: Office, who: str, where: str) -> None:
    """Buttons of messages that were seen by somebody else, forwarded or guessed."""
    await furnish(office, State.FAILED)
    seen: list[Call] = []
    for number, line in enumerate(("status #1", "list", "follows #1", "samples #1", "best #1", "again #1 sure=no")):
        answer = await office.registry.answer(incoming(10_000 + number, "starter", "home"), line)
        blocks = [block for block in answer.blocks if isinstance(block, Buttons)]
        seen += [button.call for block in blocks for button in block.buttons]
    assert seen
    for number, call in enumerate(call for call in seen if call.name != "share"):
        answer = await office.registry.answer(incoming(number, who, where), call)
        assert news(answer, call.encode()) == [], call
    assert await elsewhere(office) == []


async def elsewhere(office: Office) -> list[str]:
    """What is to be said of the private run in places that are neither its home nor its starter's own."""
    query = Query(
        "SELECT effect, place FROM outbox WHERE run = 1 AND place IS NOT NULL",
        (),
        lambda rows: [(row["effect"], row["place"]) for row in rows],
    )
    found = await office.db.read(query)
    return [json.loads(effect)["effect"] for effect, place in found if place not in {str(CLOSED), str(DIRECT)}]


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("where", ["public", "other private", "her conversation"])
async def test_not_even_those_who_may_see_it_spread_a_private_run_unasked(office: Office, who: str, where: str) -> None:
    await furnish(office)
    for number, line in enumerate(share_of(who, where)):
        await office.registry.answer(incoming(number, who, where), line)
    assert await elsewhere(office) == []


@pytest.mark.parametrize("who", ["starter", "member", "admin"])
async def test_at_home_everybody_sees_it(office: Office, who: str) -> None:
    await furnish(office)
    answer = await office.registry.answer(incoming(1, who, "home"), "status zebra")
    assert {"zebra", "narwhal", "axolotl"} <= set(leaked(words_of(answer)))


@pytest.mark.parametrize("sharer", ["starter", "admin"])
async def test_once_it_is_shared_everybody_may_see_it(office: Office, sharer: str) -> None:
    await furnish(office)
    await office.registry.answer(incoming(1, sharer, "home"), "share #1 sure")
    answer = await office.registry.answer(incoming(2, "member", "public"), "status #1")
    assert "zebra" in words_of(answer)


@pytest.mark.parametrize("who", ["member", "guest"])
async def test_nobody_else_shares_it(office: Office, who: str) -> None:
    await furnish(office)
    await office.registry.answer(incoming(1, who, "home"), "share #1 sure")
    assert (await office.run(1)).private


async def test_a_role_list_says_who_is_an_admin_and_who_may_act(office: Office) -> None:
    await furnish(office)
    lists = Roles(admins=frozenset({"fake/team/role:lead"}), operators=frozenset({GRACE.key}))
    office.registry.desk = replace(office.registry.desk, roles=lists)
    lead = replace(incoming(1, "guest", "public"), roles=("fake/team/role:lead",))
    assert "zebra" in words_of(await office.registry.answer(lead, "status #1"))
    plain_admin = incoming(2, "admin", "public")
    assert news(await office.registry.answer(plain_admin, "status #1"), "status #1") == []
    refused = await office.text("start support-bot", person=ADA)
    assert "list of operators" in refused
    assert "Starting" in await office.text("start support-bot", person=GRACE)


SIGHTS = st.builds(
    Viewer,
    st.sampled_from([ADA, GRACE, ADMIN]),
    st.sampled_from([place for place, _, _ in PLACES.values()]),
    st.booleans(),
)


@given(SIGHTS, st.booleans(), st.sampled_from([ADA, GRACE]), st.sampled_from([CLOSED, OTHER, HERE, DIRECT]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_database_and_the_domain_agree_on_who_sees_what(
    office: Office, viewer: Viewer, private: bool, starter: Person, home: Place
) -> None:
    now = office.clock.now()

    def write(connection: Any) -> Run:
        for person in (ADA, GRACE):
            people.see(connection, person, now)
        return runs.add(
            connection,
            lambda number: Run(
                number,
                SECRET_RECIPE,
                home,
                starter,
                now,
                private=private,  # the rest is as it begins
            ),
        )

    run = await office.db.write(write)
    found = await office.db.read(listing.select(viewer, Filter(), 10_000))
    assert (run.number in {one.number for one in found}) == viewer.sees(run)
