"""Somebody at the browser room of a running trainbot: says, presses and votes over HTTP, hears over the WebSocket."""

import asyncio
from typing import Any, Self
from uuid import uuid4

import aiohttp
import httpx
from fakes.process import PATIENCE, Program, until

Message = dict[str, Any]


class Visitor:
    """A browser that was let in once and keeps its cookie."""

    def __init__(self, bot: Program, person: str = "ada") -> None:
        self.url, token = bot.address()
        self.person = person
        self._http = httpx.Client(base_url=self.url, headers={"Origin": self.url}, trust_env=False, timeout=PATIENCE)
        self._http.get(f"/room?token={token}", follow_redirects=True).raise_for_status()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self._http.post(f"/room/{path}", json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def asks(self, text: str, channel: str = "training", number: str | None = None) -> Message:
        """The answer to `/train <text>`."""
        said = {"id": number or str(uuid4()), "person": self.person, "channel": channel, "text": f"/train {text}"}
        answer: Message = self.post("say", **said)["message"]
        return answer

    def train(self, text: str, channel: str = "training", number: str | None = None) -> str:
        """What `/train <text>` is answered, in a line."""
        return str(self.asks(text, channel, number)["body"]["summary"])

    def react(self, message: Message, emoji: str, *, on: bool = True) -> None:
        self.post("react", person=self.person, message=message["id"], emoji=emoji, on=on)

    def channel(self, name: str = "training") -> list[Message]:
        """What everybody sees in the channel, oldest first."""
        told = self._http.get("/room/history", params={"person": self.person, "channel": name}).json()
        return [one for one in told["messages"] if not one["only"]]

    def thread(self, root: Message) -> list[Message]:
        """All replies, oldest first."""
        found: list[Message] = []
        while True:
            before = str(found[0]["id"]) if found else ""
            query = {"person": self.person, "root": root["id"], "before": before}
            told = self._http.get("/room/thread", params=query).json()
            found = [*told["messages"], *found]
            if not told["more"]:
                return [one for one in found if not one["only"]]

    def card(self, title: str, channel: str = "training") -> Message:
        """The run's card, as soon as it is there."""
        return until(
            lambda: next(
                (one for one in self.channel(channel) if one["body"]["summary"].startswith(f"{title}:")), None
            ),
            f"the card of {title}",
        )

    def download(self, message: Message) -> str:
        """The text of the message's first file."""
        file = next(one for one in message["body"]["blocks"] if one["is"] == "file")
        path = f"/room/file/{message['id']}/{file['sha256']}"
        answer = self._http.get(path, params={"person": self.person}).raise_for_status()
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{file["name"]}"'
        return answer.text

    def state(self, title: str, state: str) -> Message:
        """The run's card once it says this."""
        return until(
            lambda: card if state in (card := self.card(title))["body"]["summary"] else None,
            f"{title} to be {state}",
        )

    def hears(self, text: str) -> Message:
        """The first message with these words that the open page is told of, while the text is sent as a command."""
        return asyncio.run(self._hears(text))

    async def _hears(self, text: str) -> Message:
        cookies = dict(self._http.cookies)
        async with (
            aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
            http.ws_connect(
                f"{self.url}/room/live", params={"person": self.person}, headers={"Origin": self.url}
            ) as socket,
            asyncio.timeout(PATIENCE),
        ):
            await socket.receive_json()
            await asyncio.to_thread(self.train, text)
            while True:
                for one in (await socket.receive_json())["messages"]:
                    if not one["only"]:
                        return dict(one)


def words(message: Message) -> str:
    """Every text of the message, for a look at what it says."""

    def texts(part: Any) -> list[str]:
        if isinstance(part, str):
            return [part]
        if isinstance(part, dict):
            return [text for value in part.values() for text in texts(value)]
        return [text for one in part for text in texts(one)] if isinstance(part, list) else []

    return "\n".join(texts(message["body"]))
