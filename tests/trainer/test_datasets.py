"""Which data sets are taken, and what people read about those that are not."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bot.trainer.datasets import LINE_CAP, DatasetError, open_dataset
from tests.trainer.conftest import ROW, Client, Place


def source(name: Any) -> dict[str, Any]:
    return {"type": "file", "name": name}


def complaint(place: Place, name: Any) -> str:
    with pytest.raises(DatasetError) as caught:
        open_dataset(source(name), (place.root,))
    return f"{caught.value}"


def test_rows_are_counted_and_empty_lines_are_not(place: Place) -> None:
    (place.root / "deep").mkdir()
    (place.root / "deep" / "more.jsonl").write_bytes(f"\n{ROW}\r\n  \n{ROW}".encode())
    data = open_dataset(source("deep/more.jsonl"), (place.root,))
    assert (data.path, data.rows) == (place.root / "deep" / "more.jsonl", 2)


def test_the_first_root_that_has_the_file_wins(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "tickets.jsonl").write_text(ROW)
    assert open_dataset(source("tickets.jsonl"), (tmp_path / "none", other, place.root)).rows == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "not JSON (Expecting property name enclosed in double quotes, column 2): {"),
        (b"\xff\xfe", "not UTF-8 text: \ufffd\ufffd"),
        (b"[" * 100_000, "not JSON that can be read: [[["),
        (b"[]", 'no "messages" list: []'),
        (b'{"messages":{}}', 'no "messages" list: {'),
        (b'{"messages":[7]}', 'a message without a "role": {'),
        (b'{"messages":[{"role":"assistant","content":null}]}', 'a message whose "content" is not text: {'),
        (b'{"messages":[{"role":"user","content":"x"}]}', "no message of the assistant to learn from: {"),
        (b'{"messages":[]}', "no message of the assistant to learn from: {"),
        (b"x" * (LINE_CAP + 1), "longer than 1 MiB: xxx"),
        (b"\x1b[31m\x00bad", "not JSON (Expecting value, column 1): bad"),
    ],
)
def test_the_first_bad_line_is_named_with_its_number_and_start(place: Place, line: bytes, problem: str) -> None:
    (place.root / "bad.jsonl").write_bytes(f"{ROW}\n\n".encode() + line + b"\n" + b"worse\n")
    sentence = complaint(place, "bad.jsonl")
    assert sentence.startswith(f"bad.jsonl, line 3: {problem}")
    assert len(sentence) < 200


def test_a_file_without_rows_says_so(place: Place) -> None:
    (place.root / "empty.jsonl").write_text("\n\n")
    assert complaint(place, "empty.jsonl") == "empty.jsonl is empty: there is nothing to train on."


def test_a_missing_file_names_the_folder_and_what_is_there(place: Place) -> None:
    for number in range(6):
        (place.root / f"a{number}.jsonl").touch()
    assert complaint(place, "ticket.jsonl") == (
        f"There is no data set ticket.jsonl in {place.root}. "
        "There is a0.jsonl, a1.jsonl, a2.jsonl, a3.jsonl, a4.jsonl and 2 more."
    )


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../train.py",
        "deep/../../train.py",
        "..",
        ".",
        "",
        " ",
        "a\x00b",
        "a\nb",
        "a\u202eb",
        "..\\x",
        7,
        "x" * 501,
    ],
)
def test_no_name_leads_out_of_the_folder(place: Place, name: Any) -> None:
    assert complaint(place, name)


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_not(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text(ROW)
    (place.root / "out.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (place.root / "folder").symlink_to(tmp_path)
    (place.root / "in.jsonl").symlink_to("tickets.jsonl")
    (place.root / "loop.jsonl").symlink_to("loop.jsonl")
    assert complaint(place, "out.jsonl") == "out.jsonl leads outside the data folder."
    assert complaint(place, "folder/secret.jsonl") == "folder/secret.jsonl leads outside the data folder."
    assert complaint(place, "loop.jsonl").startswith("There is no data set loop.jsonl")
    assert open_dataset(source("in.jsonl"), (place.root,)).path == place.root / "tickets.jsonl"


def test_what_is_no_file_is_refused_without_waiting_for_it(place: Place) -> None:
    os.mkfifo(place.root / "pipe.jsonl")
    (place.root / "folder.jsonl").mkdir()
    assert complaint(place, "pipe.jsonl") == "pipe.jsonl is not a file."
    assert complaint(place, "folder.jsonl") == "folder.jsonl is a folder, not a file."


@pytest.mark.parametrize("kind", ["huggingface", "blob"])
async def test_other_kinds_of_data_sets_get_a_sentence_that_says_what_is_supported(client: Client, kind: str) -> None:
    config = {"model": "fake", "datasetSource": {"type": kind, "name": "acme/tickets"}}
    status, answer = await client.post("/v1/jobs", {"name": "x", "config": config})
    assert status == 400
    assert answer["error"].startswith(f"The data set type {kind} is not supported here.")
    assert '"type": "file"' in answer["error"]


async def test_a_job_with_a_bad_data_set_is_never_made(client: Client, place: Place) -> None:
    (place.root / "bad.jsonl").write_text(f"{ROW}\n{json.dumps({'text': 'Hi'})}\n")
    config = {"model": "fake", "datasetSource": source("bad.jsonl")}
    answer = await client.post("/v1/jobs", {"name": "x", "config": config})
    assert answer == (400, {"error": 'bad.jsonl, line 2: no "messages" list: {"text": "Hi"}'})
    assert await client.get("/v1/jobs") == (200, {"jobs": []})
    assert not list((place.data / "jobs").iterdir())
