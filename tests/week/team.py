"""The room as it is, on a real database, with a training service in memory and a clock that the story moves.

`Team` outlives the bot: the file, the recipes, the people. `start` and `stop` are a bot's life with one service. Time
passes in leaps, for a bot that looks every few seconds has nothing to do in most hours of a week.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from fakes.backend import FakeBackend
from fakes.clock import VirtualClock
from fakes.life import PIXEL, Fuse, FusedDatabase
from week.reading import Seen

from bot.commands.catalog import COMMANDS
from bot.commands.desk import Curve, Desk, Recipes
from bot.commands.registry import Registry
from bot.domain.places import Place
from bot.domain.recipes import Prompt
from bot.domain.runs import Point, Run
from bot.messages import facts, plots
from bot.messages.model import Picture
from bot.recipe_files import RecipeFiles
from bot.room import view
from bot.room.asks import Changed, Named, Opened, Pressed, Reacted, Said, Typed
from bot.room.chat import RoomChat
from bot.room.hub import Hub
from bot.room.room import Room
from bot.runtime.deliver import Deliverer
from bot.runtime.discover import Discoverer
from bot.runtime.jobs import Jobs
from bot.runtime.perform import Performer
from bot.runtime.reactions import Reactions
from bot.runtime.sending import Sender
from bot.runtime.watch import Watcher
from bot.store import people, runs
from bot.store import room as store
from bot.store.database import Query
from bot.store.room_contents import stored_file

QUIET = 15  # turns of the loop in which nothing is under way
LATEST = 2**62


class AltPlotter:
    """Draws nothing and says what would be seen."""

    async def picture(self, run: Run, points: Sequence[Point]) -> Picture | None:
        rows = plots.rows(points)
        return Picture(PIXEL, plots.alt_text(facts.title(run), rows)) if rows else None

    async def pictures(self, curves: Sequence[Curve]) -> Picture | None:
        named = [(facts.title(run), rows) for run, points in curves if (rows := plots.rows(points))]
        return Picture(PIXEL, plots.alt_texts(named)) if named else None


class Team:
    """The people, their room and its bot."""

    def __init__(self, database: FusedDatabase, clock: VirtualClock, folder: Path) -> None:
        self.database = database
        self.clock = clock
        self.book = RecipeFiles((folder,))
        self._tasks: list[asyncio.Task[None]] = []
        self._reading = 0
        self._acts = 0

    @classmethod
    async def gather(cls, path: Path, folder: Path, clock: VirtualClock) -> "Team":
        database = await FusedDatabase.open(path)
        database.fuse = Fuse()
        return cls(database, clock, folder)

    async def start(
        self, service: FakeBackend, identity: str, *, place: Place | None = None, prompts: tuple[Prompt, ...] = ()
    ) -> None:
        """The bot begins to run on this service."""
        hub, plotter = Hub(), AltPlotter()
        chats = {"room": RoomChat(self.database, self.clock, hub)}
        installation = await self.database.write(people.installation)
        jobs = Jobs(self.database, service, self.clock, installation)
        performer = Performer(jobs, Sender(self.database, chats, self.clock), plotter, self.clock)  # type: ignore[arg-type]
        self.deliverer = Deliverer(
            self.database, performer, self.clock, started=lambda: self.watcher.wake()  # noqa: PLW0108
        )  # fmt: skip
        self.watcher = Watcher(self.database, service, self.clock, changed=self.deliverer.wake, jitter=lambda: 0.0)
        self.discoverer = Discoverer(
            self.database, service, self.clock, identity=identity, installation=installation, place=place,
            recipes=self._recipes, prompts=prompts, changed=self._changed,
        )  # fmt: skip

        async def ask(job: str, step: int, model: str, messages: Sequence, limit: int) -> str:
            return await service.ask(job, step, model, messages, limit=limit)

        desk = Desk(
            self.database, self.clock, chats, self.book, plotter.picture, self.deliverer.wake,
            plots=plotter.pictures, ask=ask,
        )  # fmt: skip
        reactions = Reactions(self.database, chats, self.clock, changed=self.deliverer.wake)
        self.room = Room(
            self.database, Registry(COMMANDS, desk), clock=self.clock, hub=hub, on_reaction=reactions.record
        )
        await reactions.catch_up("room")
        self._tasks = [asyncio.create_task(one.run()) for one in (self.discoverer, self.watcher, self.deliverer)]
        await self.settle()

    async def stop(self) -> None:
        """The bot ends, as by Ctrl-C."""
        for one in (self.discoverer, self.watcher, self.deliverer):
            one.stop()
        await asyncio.gather(*self._tasks)
        self._tasks = []

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.database.close()

    async def settle(self) -> None:
        """Until nobody has anything to do at this moment."""
        turns = 0
        while turns < QUIET:
            await asyncio.sleep(0)
            turns = 0 if self.database.busy or self._reading else turns + 1
        for task in self._tasks:
            if task.done():
                task.result()

    async def later(self, minutes: float) -> None:
        """So much later: everybody who was due meanwhile wakes up once, and does what there is to do."""
        self.clock.move(60 * minutes)
        await self.settle()
        for _ in range(60):
            if not await self.waiting() or (due := self.clock.upcoming()) is None:
                return
            self.clock.move_to(due)
            await self.settle()
        raise AssertionError(f"a minute later there still waits {await self.waiting()}")

    async def soon(self, seconds: float) -> None:
        """So much later, whatever waits then."""
        self.clock.move(seconds)
        await self.settle()

    async def morning(self) -> None:
        """The next day at nine."""
        now = self.clock.now()
        await self.later(((9 - now.hour) % 24 or 24) * 60 - now.minute)

    async def waiting(self) -> list[str]:
        """What is still to be done for the outside world."""
        return await self._names("SELECT effect AS name FROM outbox WHERE state = 'waiting'")

    async def given_up(self) -> list[str]:
        """What never could be done."""
        return await self._names("SELECT effect AS name FROM outbox WHERE state NOT IN ('waiting', 'done')")

    async def calls(self) -> list[tuple[str, str, str]]:
        """Every message that ever called for somebody: channel, whom, and its first words."""
        sql = (
            "SELECT c.title, m.channel, m.ping, json_extract(m.body, '$.summary') AS said FROM room_messages m "
            "JOIN room_channels c ON c.name = m.channel WHERE m.ping IS NOT NULL ORDER BY m.id"
        )
        return await self.database.read(
            Query(
                sql, (), lambda rows: [(r["title"] or r["channel"], r["ping"], r["said"].split(":")[0]) for r in rows]
            )
        )

    async def run(self, number: int) -> Run:
        found = await self.database.read(runs.get(number))
        assert found is not None
        return found

    def act(self) -> str:
        """The id of one click or enter."""
        self._acts += 1
        return f"act-{self._acts:06}"

    def _changed(self) -> None:
        self.watcher.wake()
        self.deliverer.wake()

    async def _recipes(self) -> Recipes:
        self._reading += 1
        try:
            return await self.book.read()
        finally:
            self._reading -= 1

    async def _names(self, sql: str) -> list[str]:
        return await self.database.read(Query(sql, (), lambda rows: [str(row["name"]) for row in rows]))


class Somebody:
    """A person in the room, who types, presses, votes and reads."""

    def __init__(self, team: Team, user: str, name: str) -> None:
        self.team = team
        self.user = user
        self.name = name

    @classmethod
    async def comes(cls, team: Team, name: str) -> "Somebody":
        return cls(team, (await team.room.roster.add_person(Named(name)))["user"], name)

    @property
    def alone(self) -> str:
        """The conversation with the bot."""
        return f"@{self.user}"

    async def asks(self, text: str, where: str = "training", *, below: Seen | None = None) -> Seen:
        """What `/train <text>` is answered."""
        said = Said(self.team.act(), self.user, where, f"/train {text}".strip(), below.id if below else None)
        answer = (await self.team.room.say(said))["message"]
        await self.team.settle()
        assert answer["only"], f"the answer to {text!r} is for everybody"
        return Seen(answer, f"{self.name} asked `{text}` in {where}")

    async def says(self, text: str, where: str) -> None:
        await self.team.room.say(Said(self.team.act(), self.user, where, text))

    async def presses(self, message: Seen, label: str) -> Seen:
        """What a button is answered."""
        message.offers(label)
        pressed = Pressed(self.team.act(), self.user, message.id, message.calls[label])
        answer = (await self.team.room.press(pressed))["message"]
        await self.team.settle()
        return Seen(answer, f"{self.name} pressed [{label}] below what {message.how} gave")

    async def votes(self, message: Seen, emoji: str, *, on: bool = True) -> None:
        await self.team.room.react(Reacted(self.user, message.id, emoji, on))
        await self.team.settle()

    async def types(self, text: str, where: str = "training") -> list[str]:
        """What a half-typed line may become."""
        typed = Typed(self.user, where, f"/train {text}")
        return [one["value"].removeprefix("/train ") for one in (await self.team.room.complete(typed))["choices"]]

    async def opens(self, name: str, *, private: bool = False) -> str:
        """A new channel; its name in addresses."""
        return str((await self.team.room.roster.add_channel(Opened(self.team.act(), self.user, name, private)))["name"])

    async def lets_in(self, channel: str, other: "Somebody") -> None:
        await self.team.room.roster.change_member(Changed(self.user, channel, other.user, True))

    async def sees(self, channel: str) -> list[Seen]:
        """What everybody there sees in the channel, oldest first."""
        told: list[dict] = []
        more = True
        while more:
            before = told[0]["id"] if told else LATEST
            page = await view.history(self.team.database, self.user, channel, before)
            told, more = [*page["messages"], *told], page["more"]
        return [Seen(one, f"A message in {channel}") for one in told if not one["only"]]

    async def sees_all(self) -> list[Seen]:
        """Everything that this person can see now, answers to themselves too."""
        found = await self.team.database.read(store.changes(self.user, 0, LATEST, LATEST))
        return [Seen(view.message(one)) for one in found]

    async def reads(self, root: Seen) -> list[Seen]:
        """The replies below a message."""
        entry = await self.team.room.entry(self.user, root.id)
        told = (await view.thread(self.team.database, self.user, entry, LATEST))["messages"]
        return [Seen(one, f"A reply below {root.summary!r}") for one in told if not one["only"]]

    async def downloads(self, message: Seen) -> str:
        """The text of a message's first file."""
        message.says(".jsonl")
        found = await self.team.database.read(stored_file(self.user, message.id, message.files[0]["sha256"]))
        assert found is not None
        return found.content.decode()
