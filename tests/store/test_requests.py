"""A request is answered once, however often it is delivered."""

import sqlite3

import pytest

from bot.store import requests


def test_a_redelivered_request_gets_the_first_answer_and_does_nothing(connection: sqlite3.Connection) -> None:
    done: list[int] = []

    def work(_: sqlite3.Connection) -> dict[str, int]:
        done.append(1)
        return {"run": len(done)}

    assert [requests.once(connection, "delivery-1", at, work) for at in (1.0, 2.0)] == [{"run": 1}] * 2
    assert requests.once(connection, "delivery-2", 3.0, work) == {"run": 2}
    assert len(done) == 2


@pytest.mark.parametrize("answer", [None, False, 0, "", [], {"a": None}])
def test_an_answer_that_is_nothing_much_is_kept_too(connection: sqlite3.Connection, answer: object) -> None:
    assert requests.once(connection, "one", 1.0, lambda _: answer) == answer
    assert requests.once(connection, "one", 1.0, lambda _: "another") == answer


def test_a_request_that_failed_is_not_answered(connection: sqlite3.Connection) -> None:
    with pytest.raises(ZeroDivisionError):
        requests.once(connection, "one", 1.0, lambda _: 1 / 0)
    assert requests.once(connection, "one", 1.0, lambda _: "done") == "done"
