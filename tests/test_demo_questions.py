"""What people ask of the demo once runs are there, one of them started by another client of its training service: real
processes, real training, the room over HTTP."""

import json
from pathlib import Path
from typing import Any

import httpx
from fakes.process import kill, nothing_left, program, until
from fakes.visitor import Message, Visitor, words
from week.reading import Seen

RECIPE = """
description = "Sorts a few tickets"
model = "tiny"
match = ["night*"]
[dataset]
type = "file"
name = "support-tickets.jsonl"
[settings]
max_steps = 30
batch_size = 8
max_length = 96
logging_steps = 5
save_steps = 10
seed = 3
[samples]
checkpoints = 2
max_tokens = 8
[[prompts]]
user = "My parcel is late."
"""
CONFIG = {
    "model": "tiny", "datasetSource": {"type": "file", "name": "support-tickets.jsonl"}, "maxSteps": 30,
    "learningRate": 2e-3, "perDeviceTrainBatchSize": 8, "maxLength": 96, "loggingSteps": 5, "saveSteps": 10, "seed": 3,
}  # fmt: skip


def another_client_starts(home: Path, name: str) -> None:
    """As any program may that was given the service's address and token."""
    service = json.loads((home / "demo" / "trainer" / "service.json").read_text())
    answer = httpx.post(
        f"{service['url']}/v1/jobs",
        params={"orgSlug": "local", "projectSlug": "local"},
        headers={"Authorization": f"Bearer {service['token']}"},
        json={"name": name, "config": CONFIG},
        trust_env=False,
    )
    assert answer.status_code == 201, answer.text


def finished(visitor: Visitor, title: str, channel: str) -> tuple[Message, list[str]]:
    """The card and what its thread says, once the run is over."""
    card = visitor.card(title, channel)
    until(lambda: f"{title} completed in" in str([words(one) for one in visitor.thread(card)]), f"the end of {title}")
    return visitor.card(title, channel), [Seen(one).text for one in visitor.thread(card)]


def asked(visitor: Visitor, text: str, *parts: str) -> Message:
    """The answer, which has all of these parts."""
    answer = visitor.asks(text)
    Seen(answer, f"asked `{text}`").says(*parts)
    return answer


def votes(text: str) -> list[tuple[int, int, str, int]]:
    rows: list[dict[str, Any]] = [json.loads(row) for row in text.splitlines()]
    return [(one["run"], one["step"], one["prompt"], one["up"]) for one in rows]


def test_a_run_that_another_client_started_while_the_bot_was_dead_is_told_and_asked_as_any(tmp_path: Path) -> None:
    home = tmp_path / "data"
    recipes = home / "demo" / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "quick.toml").write_text(RECIPE)
    start = ("demo", "--data-dir", str(home), "--port", "0", "--stop-jobs")
    with nothing_left(home):
        with program(*start, cwd=tmp_path) as bot, Visitor(bot) as ada:
            ada.train("start quick")
            finished(ada, "quick #1", "training")
            assert ada.train("follow everything", "general").startswith("From the next run on this is followed here")
            kill(bot.process.pid)
            bot.process.wait(10)
        another_client_starts(home, "night sweep")
        with program(*start, cwd=tmp_path) as bot, Visitor(bot) as ada:
            card, thread = finished(ada, "night sweep #2", "general")
            Seen(card).says("Started: outside chat", "Told here because Ada follows every run.")
            assert [text.splitlines()[0].partition(" in ")[0] for text in thread] == [
                "night sweep #2 · before training, base model tiny",
                "night sweep #2 · step 20 of 30",
                "night sweep #2 · step 30 of 30",
                "night sweep #2 completed",
            ]
            assert all("My parcel is late." in text for text in thread[:3]), "the prompts of the recipe that it fits"
            assert "night sweep #2" not in str([words(one) for one in ada.channel("training")])

            asked(ada, "ask #2 Where is my parcel? step=10", "Where is my parcel?", "step 10")
            asked(ada, "samples #2 step=10", "step 10", "My parcel is late.")
            assert len(ada.thread(card)) == len(thread), "what is drawn on demand is told to nobody else"
            compared = asked(ada, "compare #1 #2", "What came of it:", "learning_rate", "My parcel is late.")
            assert [block for block in compared["body"]["blocks"] if block["is"] == "picture"]
            ada.react(ada.thread(card)[2], "👍")
            until(lambda: "👍 1" in Seen(ada.asks("votes #2")).text, "the vote")
            asked(ada, "best #2", "Only step 30 has votes (👍 1)")
            rows = votes(ada.download(asked(ada, "votes export #2", "votes-2.jsonl")))
            parcel = "My parcel is late."
            assert rows == [(2, 0, parcel, 0), (2, 10, parcel, 0), (2, 20, parcel, 0), (2, 30, parcel, 1)]

            asked(ada, "again #2 steps=10 note=shorter", "Starting night sweep #3, again from #2.")
            _, thread = finished(ada, "night sweep #3", "training")
            assert "step 10 of 10" in thread[-2]
            asked(ada, "list", "3 runs", "night sweep #2 | completed", "outside chat")
            every = [*ada.channel("training"), *ada.channel("general")]
            assert {one["ping"] for one in every} == {None}
            assert "Traceback" not in bot.err
            bot.ends()
