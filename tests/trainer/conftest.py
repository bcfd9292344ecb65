"""A real service on a real port, with training and answering programs that play a given script."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.trainer.service import Options, Program, serve, stop_jobs

TOKEN = "s3cret-token"
ROOT = Path(__file__).resolve().parents[2]
ROW = json.dumps({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]})

# Plays config.play of its job.json, one action after the other.
TRAIN = """
import ctypes, json, os, signal, sys, time
job = json.load(open("job.json"))
for action, value in job["config"].get("play", []):
    if action == "say":
        print(json.dumps({"timestamp": "2026-08-08T09:01:12.410Z", **value}), flush=True)
    elif action == "raw":
        os.write(1, value.encode())
    elif action == "long":
        for _ in range(value):
            os.write(1, b"x" * 65536)
        os.write(1, b"\\n")
    elif action == "log":
        print(value, file=sys.stderr, flush=True)
    elif action == "checkpoint":
        os.makedirs(f"checkpoints/step-{value:06d}")
    elif action == "wait":
        while not os.path.exists(value):
            time.sleep(0.01)
    elif action == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif action == "confess":
        def confess(*_):
            print(json.dumps({"type": "training.failed", "error": "interrupted"}), flush=True)
            sys.exit(1)
        signal.signal(signal.SIGTERM, confess)
    elif action == "outlive":
        ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    elif action == "environment":
        print(json.dumps({"type": "seen", "names": sorted(os.environ)}), flush=True)
    elif action == "kill":
        os.kill(os.getpid(), value)
    elif action == "exit":
        sys.exit(value)
"""

ANSWER = """
import json, os, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    last = asked["messages"][-1]["content"]
    if last == "die":
        print("no memory left", file=sys.stderr, flush=True)
        os._exit(3)
    if last == "hang":
        open("hanging", "w").close()
        time.sleep(600)
    if last == "noise":
        print("loading...", flush=True)
        print(json.dumps({"id": "another", "text": "not this"}), flush=True)
    if last == "refuse":
        print(json.dumps({"id": asked["id"], "error": "the checkpoint is torn"}), flush=True)
        continue
    where = os.path.basename(asked["checkpoint"]) if asked["checkpoint"] else "base"
    words = {"where": where, "pid": os.getpid(), "asked": asked}
    text = json.dumps(words) if last == "tell" else f"{where} says: " + "word " * 200
    print(json.dumps({"id": asked["id"], "text": text, "finish_reason": "length",
                      "prompt_tokens": 7, "completion_tokens": 5}), flush=True)
"""

# A service in a process of its own, to be killed.
ALONE = """
import asyncio, json, sys
from pathlib import Path
from bot.trainer.service import Options, Program, serve
facts = json.loads(sys.argv[1])
options = Options(
    data_dir=Path(facts["data"]), roots=(Path(facts["root"]),), token=facts["token"],
    programs={"fake": Program(tuple(facts["train"]))},
)
asyncio.run(serve(options, lambda url: print(url, flush=True), asyncio.Event()))
"""


@dataclass(frozen=True)
class Frame:
    """One SSE frame as it came: name, raw data, id."""

    name: str
    data: str
    id: str | None

    @property
    def event(self) -> dict[str, Any]:
        value = json.loads(self.data)
        assert isinstance(value, dict)
        return value


@dataclass
class Client:
    """Talks to one service."""

    url: str
    session: aiohttp.ClientSession
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})

    async def call(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        headers = self.headers | more.pop("headers", {})
        async with self.session.request(method, self.url + path, headers=headers, **more) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def get(self, path: str) -> tuple[int, Any]:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return await self.call("POST", path, **({} if body is None else {"json": body}))

    async def start(self, *play: Any, name: str = "tickets", **config: Any) -> str:
        """Start a job whose program plays these actions; its id."""
        source = {"type": "file", "name": "tickets.jsonl"}
        body = {"name": name, "config": {"model": "fake", "datasetSource": source, "play": play, **config}}
        status, answer = await self.post("/v1/jobs", body)
        assert status == 201, answer
        return str(answer["job"]["id"])

    async def job(self, job_id: str) -> dict[str, Any]:
        status, answer = await self.get(f"/v1/jobs/{job_id}")
        assert status == 200, answer
        job = answer["job"]
        assert isinstance(job, dict)
        return job

    @asynccontextmanager
    async def open_stream(self, job_id: str, after: str | None = None) -> AsyncIterator[AsyncIterator[Frame]]:
        headers = self.headers | ({} if after is None else {"Last-Event-ID": after})
        path = f"{self.url}/v1/jobs/{job_id}/events/stream"
        async with self.session.get(path, headers=headers) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream"
            yield frames(response)

    async def stream(self, job_id: str, after: str | None = None) -> list[Frame]:
        """All frames until the server closes, without pings."""
        async with asyncio.timeout(15), self.open_stream(job_id, after) as stream:
            return [frame async for frame in stream if frame.name != "ping"]


async def frames(response: aiohttp.ClientResponse) -> AsyncIterator[Frame]:
    """Parse SSE strictly as the service promises to write it."""
    buffer = b""
    async for chunk in response.content.iter_any():
        buffer += chunk
        while b"\n\n" in buffer:
            block, buffer = buffer.split(b"\n\n", 1)
            assert b"\r" not in block
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            assert "data" in fields
            yield Frame(fields.get("event", "message"), fields["data"], fields.get("id"))
    assert not buffer


async def until(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """Wait for a condition on files or processes."""
    async with asyncio.timeout(seconds):
        while not (value := condition()):
            await asyncio.sleep(0.02)
    return value


async def eventually(ask: Callable[[], Awaitable[Any]], seconds: float = 10) -> Any:
    """Wait for a condition that has to be asked for."""
    async with asyncio.timeout(seconds):
        while not (value := await ask()):
            await asyncio.sleep(0.05)
    return value


@dataclass
class Place:
    """Folders and programs of one test."""

    data: Path
    root: Path
    train: tuple[str, ...]
    answer: tuple[str, ...]

    def options(self, **changes: Any) -> Options:
        given: dict[str, Any] = {
            "data_dir": self.data,
            "roots": (self.root,),
            "token": TOKEN,
            "programs": {"fake": Program(self.train, self.answer), "mute": Program(self.train)},
            "grace": 0.5,
        }
        return Options(**(given | changes))

    def folder(self, job_id: str) -> Path:
        return self.data / "jobs" / job_id

    def go(self, job_id: str, name: str = "go") -> None:
        (self.folder(job_id) / name).touch()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    root = tmp_path / "datasets"
    root.mkdir()
    (root / "tickets.jsonl").write_text(f"{ROW}\n\n{ROW}\n")
    for name, text in {"train.py": TRAIN, "answer.py": ANSWER}.items():
        (tmp_path / name).write_text(text)
    programs = [(sys.executable, str(tmp_path / name)) for name in ("train.py", "answer.py")]
    return Place(tmp_path / "data", root, *programs)


Launch = Callable[..., Awaitable[Client]]


@pytest.fixture
async def launch(place: Place) -> AsyncIterator[Launch]:
    """Start a service in this process; several may follow each other on the same folder."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(stop_jobs, place.data, patience=5)

        async def start(**changes: Any) -> Client:
            return await stack.enter_async_context(running(place.options(**changes)))

        yield start


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[Client]:
    """A service in this process until the block is left."""
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(options, url.set_result, stop))
    await asyncio.wait({task, url}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        try:
            yield Client(url.result(), session, stop)
        finally:
            stop.set()
            await asyncio.wait_for(task, 10)


@pytest.fixture
async def client(launch: Launch) -> Client:
    return await launch()


@pytest.fixture
async def alone(place: Place) -> AsyncIterator[Callable[[], Awaitable[tuple[Client, asyncio.subprocess.Process]]]]:
    """Start a service in a process of its own."""
    started: list[asyncio.subprocess.Process] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:

        async def start() -> tuple[Client, asyncio.subprocess.Process]:
            facts = {"data": str(place.data), "root": str(place.root), "token": TOKEN, "train": place.train}
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", ALONE, json.dumps(facts), cwd=ROOT, stdout=asyncio.subprocess.PIPE
            )
            started.append(process)
            assert process.stdout is not None
            url = (await asyncio.wait_for(process.stdout.readline(), 10)).decode().strip()
            return Client(url, session), process

        yield start
    for process in started:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()
    await stop_jobs(place.data, patience=5)


def say(kind: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """The action that prints an event."""
    return "say", {"type": kind, **fields}


@pytest.fixture
def whole() -> list[Any]:
    """The play of a short, successful training."""
    return [
        say("training.started"),
        say("training.log", step=10, loss=2.1, evalLoss=None),
        ("checkpoint", 30),
        say("checkpoint.saved", step=30, artifacts=[]),
        say("training.completed", metrics={"trainLoss": 1.3}, artifacts=[]),
    ]
