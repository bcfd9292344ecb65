"""Which files may be trained on, and whether their rows can be.

Called in a worker thread before a job is queued, so that a bad row is told with its line number at
once and not in the middle of a run. It does not copy or change files.
"""

import json
import os
import stat
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .events import plain

LINE_CAP = 1024 * 1024  # bytes
NAMED = 5  # how many files a sentence lists


class DatasetError(Exception):
    """A sentence for the person who chose the data set."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A checked file: its resolved path and how many rows it holds."""

    path: Path
    rows: int


def open_dataset(source: Any, roots: Sequence[Path]) -> Dataset:
    """Find and check the file that `config.datasetSource` names; blocking. Raises DatasetError."""
    name = file_name(source)
    path = find(name, roots)
    try:
        # Not blocking, should somebody have put a pipe there.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DatasetError(f"{name} is not a file.")
            return Dataset(path, count_rows(file, name))
    except OSError as error:
        raise DatasetError(f"{name} cannot be read: {error.strerror}.") from error


def file_name(source: Any) -> str:
    """The relative name in a data set source; raises DatasetError for all other kinds."""
    supported = 'This service trains on files of its own: {"type": "file", "name": "tickets.jsonl"}.'
    if not isinstance(source, dict) or source.get("type") != "file":
        kind = source.get("type") if isinstance(source, dict) else None
        what = f"The data set type {plain(kind, 40)} is not supported here. " if isinstance(kind, str) else ""
        raise DatasetError(f"{what}{supported}")
    name = source.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 500:
        raise DatasetError("The data set needs a name, such as tickets.jsonl.")
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in name):
        raise DatasetError("The data set's name holds signs that no file name should have.")
    if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name:
        raise DatasetError(f"{plain(name, 100)} must be the name of a file inside the data folder.")
    return name


def find(name: str, roots: Sequence[Path]) -> Path:
    """The file of this name below one of the roots, with links resolved; raises DatasetError."""
    for root in roots:
        home = root.resolve()
        try:
            path = (home / name).resolve(strict=True)
        except (OSError, RuntimeError):  # RuntimeError: a loop of links
            continue
        if not path.is_relative_to(home):
            raise DatasetError(f"{name} leads outside the data folder.")
        if path.is_dir():
            raise DatasetError(f"{name} is a folder, not a file.")
        return path
    raise DatasetError(missing(name, roots))


def missing(name: str, roots: Sequence[Path]) -> str:
    """Say where was looked and what is there."""
    if not roots:
        return f"There is no data set {name}: the service has no data folder."
    there = sorted({path.name for root in roots if root.is_dir() for path in root.glob("*.jsonl")})
    folders = " or ".join(str(root) for root in roots)
    if not there:
        return f"There is no data set {name} in {folders}; no .jsonl files are there."
    more = f" and {len(there) - NAMED} more" if len(there) > NAMED else ""
    return f"There is no data set {name} in {folders}. There is {', '.join(there[:NAMED])}{more}."


def count_rows(file: BinaryIO, name: str) -> int:
    """Check every row; how many there are. Raises DatasetError for the first bad one."""
    rows = number = 0
    while raw := file.readline(LINE_CAP + 1):
        number += 1
        if len(raw) > LINE_CAP:
            problem: str | None = "longer than 1 MiB"
        else:
            problem = row_problem(raw) if raw.strip() else None
        if problem:
            start = plain(raw[:200].decode("utf-8", "replace"), 60)
            raise DatasetError(f"{name}, line {number}: {problem}: {start}")
        rows += bool(raw.strip())
    if not rows:
        raise DatasetError(f"{name} is empty: there is nothing to train on.")
    return rows


def row_problem(raw: bytes) -> str | None:
    """Why this row cannot be trained on; None when it can."""
    try:
        row = json.loads(raw.decode("utf-8").rstrip())
    except UnicodeDecodeError:
        return "not UTF-8 text"
    except json.JSONDecodeError as error:
        return f"not JSON ({error.msg}, column {error.colno})"
    except (ValueError, RecursionError):
        return "not JSON that can be read"
    if not isinstance(row, dict) or not isinstance(row.get("messages"), list):
        return 'no "messages" list'
    for message in row["messages"]:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            return 'a message without a "role"'
        if not isinstance(message.get("content"), str):
            return 'a message whose "content" is not text'
    if not any(message["role"] == "assistant" for message in row["messages"]):
        return "no message of the assistant to learn from"
    return None
