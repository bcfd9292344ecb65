"""The answering worker: whatever comes in, a line comes back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.trainer.tiny.answer import Shelf, handle
from bot.trainer.tiny.checkpoint import base, save
from bot.trainer.tiny.tokens import tokenizer


@pytest.fixture
def parrot(tmp_path: Path) -> Path:
    """A checkpoint that says `high` without end, whatever is asked."""
    weights = base()
    weights.of["prior"][tokenizer().encode("high")[0]] = 1000.0
    return tmp_path / Path(save(tmp_path, 10, weights)).parent


def test_the_worker_answers_from_the_base_and_ends_with_its_input(worker: Any) -> None:
    reply = worker.ask("hello there")
    assert reply["id"] == 1
    assert reply["text"].strip()
    assert reply["text"].isprintable()
    assert reply["completion_tokens"] == 12
    assert reply["finish_reason"] == "length"
    assert worker.end() == 0


def test_the_worker_survives_what_it_cannot_read(worker: Any) -> None:
    for line in (b"{", b"\xff\xfe", b"[]", b"3", b"[" * 100_000, b'{"id": NaN}', b'{"id": 1e999}'):
        assert "error" in worker.send(line)
    assert worker.send(b"{")["id"] is None
    assert "text" in worker.ask("still there?")


def test_the_worker_answers_from_a_checkpoint_and_tells_of_a_missing_one(worker: Any, parrot: Path) -> None:
    assert worker.ask("hi", checkpoint=str(parrot))["text"] == "high" * 12
    gone = worker.ask("hi", checkpoint=str(parrot.with_name("step-000099")))
    assert gone == {"id": 1, "error": "there is no checkpoint step-000099"}
    assert worker.ask("hi")["text"] != "high" * 12


def test_a_huge_text_is_cut_and_answered(worker: Any) -> None:
    reply = worker.ask("parcel \U0001f4e6 \x00" * 100_000)
    assert reply["prompt_tokens"] + 12 == 256
    assert reply["completion_tokens"] == 12


def bad(**parts: Any) -> bytes:
    """A request that is right but for these parts."""
    whole = {"id": "q", "checkpoint": None, "messages": [{"role": "user", "content": "x"}], "max_tokens": 3}
    return json.dumps(whole | parts).encode()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (bad(messages=[]), "messages must be a list with at least one message"),
        (bad(messages=[{"role": "user"}]), "the content of a message must be text"),
        (bad(messages="hello"), "messages must be a list with at least one message"),
        (bad(max_tokens=0), "max_tokens must be from 1 to 1e+06"),
        (bad(max_tokens="many"), "max_tokens must be a number"),
        (bad(max_tokens=10**400), "max_tokens must be from 1 to 1e+06"),
        (bad(temperature=-1), "temperature must be from 0 to 10"),
        (bad(seed="x"), "seed must be a whole number"),
        (bad(checkpoint=5), "checkpoint must be a path or null"),
        (bad(checkpoint="a\0b"), "checkpoint must be a path or null"),
        (bad(checkpoint="/" + "x" * 5000), "no answer: "),
    ],
)
def test_a_request_that_makes_no_sense_gets_its_id_and_a_sentence(line: bytes, sentence: str) -> None:
    reply = handle(Shelf(), line)
    assert reply["id"] == "q"
    assert reply["error"].startswith(sentence)


def test_a_reply_longer_than_half_the_context_is_cut_there(parrot: Path) -> None:
    reply = handle(Shelf(), bad(checkpoint=str(parrot), max_tokens=5000))
    assert reply["completion_tokens"] == 128
    assert reply["finish_reason"] == "length"


def test_the_same_seed_draws_the_same_words() -> None:
    first, again, other = (handle(Shelf(), bad(temperature=1.5, max_tokens=9, seed=s)) for s in (4, 4, 5))
    assert first["text"] == again["text"] != other["text"]


def test_a_temperature_of_almost_nothing_is_greedy() -> None:
    cold, greedy = (handle(Shelf(), bad(temperature=t, max_tokens=9)) for t in (1e-300, 0))
    assert cold["text"] == greedy["text"]


def test_weights_that_are_no_numbers_still_get_a_line(tmp_path: Path) -> None:
    weights = base()
    weights.flat[...] = np.nan
    folder = tmp_path / Path(save(tmp_path, 1, weights)).parent
    for temperature in (0, 1):
        reply = handle(Shelf(), bad(checkpoint=str(folder), temperature=temperature))
        json.dumps(reply, allow_nan=False)
        assert ("text" in reply) != ("error" in reply)


def test_only_a_few_checkpoints_stay_loaded(tmp_path: Path) -> None:
    shelf = Shelf(room=2)
    folders = [tmp_path / Path(save(tmp_path, step, base())).parent for step in (1, 2, 3)]
    for folder in folders:
        shelf.take(folder)
    assert len(shelf.loaded) == 2
    assert shelf.take(None) is shelf.take(None)
