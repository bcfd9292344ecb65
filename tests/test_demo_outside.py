"""The demo, and a job that another client of its training service begins: told where somebody follows everything."""

import json
import signal
from pathlib import Path
from typing import Any

import httpx
from fakes.process import nothing_left, program, until
from fakes.visitor import Visitor

CONFIG = {
    "model": "tiny",
    "datasetSource": {"type": "file", "name": "support-tickets.jsonl"},
    "maxSteps": 20,
    "batchSize": 8,
    "maxLength": 96,
    "loggingSteps": 5,
    "saveSteps": 10,
}


def begin(home: Path, name: str) -> None:
    """Creates a job as any client of the protocol would."""
    facts: dict[str, Any] = json.loads((home / "demo" / "trainer" / "service.json").read_text())
    headers = {"Authorization": f"Bearer {facts['token']}", "X-Arkor-Client": "arkor/0.0.3-alpha.1"}
    with httpx.Client(base_url=facts["url"], headers=headers, trust_env=False) as http:
        scope = {"orgSlug": "local", "projectSlug": "local"}
        told = http.post("/v1/jobs", params=scope, json={"name": name, "config": CONFIG})
        assert told.status_code == 201, told.text


def test_a_job_of_another_client_is_told_where_somebody_follows_everything(tmp_path: Path) -> None:
    home = tmp_path / "data"
    with nothing_left(home):
        with program("demo", "--data-dir", str(home), "--port", "0", cwd=tmp_path) as bot, Visitor(bot) as ada:
            ada.train("follow everything")
            begin(home, "from the console")
            assert bot.ends(signal.SIGINT) == 0
        with program("demo", "--data-dir", str(home), "--port", "0", cwd=tmp_path) as bot, Visitor(bot) as ada:
            card = ada.state("from the console #1", "completed")
            assert "outside chat" in str(card["body"])
            thread = until(
                lambda: found if "completed in" in str(found := ada.thread(card)) else None, "the end in the thread"
            )
            assert "prompts" in str(thread), "it says once how to ask such a run something"
            assert len(ada.channel()) == 1
            assert bot.ends(signal.SIGINT) == 0
            assert "Traceback" not in bot.err
