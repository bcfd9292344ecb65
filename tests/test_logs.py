"""The log: one form for all, on standard error, with every secret cut out wherever it lies."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog

from bot import logs

PLAIN, ODD = "s3cret-token", 'pa"ss\\wört/+'
HIDDEN = (PLAIN, ODD)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The log as it was before the test."""
    root = logging.getLogger()
    before, level, named = root.handlers[:], root.level, logging.getLogger("httpx").level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(named)
    structlog.reset_defaults()


def set_up(*, as_json: bool, level: str = "debug") -> structlog.stdlib.BoundLogger:
    logs.set_up(level, as_json=as_json, secrets=[*HIDDEN, ""])
    made: structlog.stdlib.BoundLogger = structlog.get_logger()
    return made


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == "", "the log goes to standard error"
    return err


def assert_clean(text: str) -> None:
    assert logs.HIDDEN in text
    assert "s3cret" not in text
    for part in ("wört", "w\\u00f6rt", "w\\xf6rt", "w%C3%B6rt", 'pa"ss', 'pa\\"ss'):
        assert part not in text, part


def breaks() -> None:
    try:
        {}[ODD]  # type: ignore[index]
    except KeyError as error:
        raise RuntimeError(f"told {PLAIN}") from error


class Odd:
    """Shows itself by repr alone."""

    def __repr__(self) -> str:
        return f"Odd({ODD!r})"


@pytest.mark.parametrize("as_json", [False, True], ids=["console", "json"])
@pytest.mark.parametrize("secret", HIDDEN, ids=["plain", "odd"])
def test_a_secret_is_cut_out_wherever_it_lies(as_json: bool, secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(as_json=as_json).warning(
        f"event {secret}",
        text=f"x{secret}y",
        listed=[secret, {"deep": (secret,)}],
        mapped={"headers": {"authorization": f"Bearer {secret}"}, secret: 1},
        path=Path(f"/tmp/{secret}"),
        error=ValueError(secret),
        odd={"odd": Odd()},
    )
    assert_clean(said(capsys))


@pytest.mark.parametrize("as_json", [False, True], ids=["console", "json"])
def test_a_secret_is_cut_out_of_exceptions_and_their_causes(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    log = set_up(as_json=as_json)
    try:
        breaks()
    except RuntimeError:
        log.exception("broke")
        logging.getLogger("library").exception("broke with %s", ODD)
    text = said(capsys)
    assert_clean(text)
    assert text.count("RuntimeError") >= 2


@pytest.mark.parametrize("as_json", [False, True], ids=["console", "json"])
def test_a_librarys_own_lines_come_in_the_same_form_without_secrets(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(as_json=as_json)
    logging.getLogger("library").warning("GET https://x/?token=%s %r", quote(ODD, ""), {"t": ODD})
    text = said(capsys)
    assert_clean(text)
    assert "warning" in text


def test_the_json_form_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log = set_up(as_json=True)
    log.info("one\ntwo", number=1, token=ODD)
    logging.getLogger("library").error("three")
    lines = [json.loads(one) for one in said(capsys).splitlines()]
    assert [(one["event"], one["level"]) for one in lines] == [("one\ntwo", "info"), ("three", "error")]
    assert lines[0]["token"] == logs.HIDDEN
    assert lines[0]["timestamp"].endswith("Z")


def test_a_line_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    log = set_up(as_json=True, level="warning")
    log.info("quiet")
    logging.getLogger("library").info("quiet")
    log.warning("loud")
    assert [json.loads(one)["event"] for one in said(capsys).splitlines()] == ["loud"]


def test_chatty_libraries_are_heard_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(as_json=True)
    logging.getLogger("httpx").info("request with a token in its address")
    logging.getLogger("httpx").warning("trouble")
    assert [json.loads(one)["event"] for one in said(capsys).splitlines()] == ["trouble"]


def test_without_secrets_nothing_is_cut_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", as_json=True, secrets=["", ""])
    structlog.get_logger().info("plain")
    assert logs.HIDDEN not in said(capsys)
