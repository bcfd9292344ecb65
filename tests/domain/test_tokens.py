"""The tokens of data sets: from which variable, to which host, and that nothing keeps them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import tokens

NAME = "TRAINBOT_DATASET_TOKEN_DATA_ACME_ORG"
SOURCE = {"type": "blob", "url": "https://data.acme.org/t.jsonl", "token": "***"}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://data.acme.org/t.jsonl", NAME),
        ("https://DATA.acme.org:8443?x=1", NAME),
        ("https://data-acme.org/", "TRAINBOT_DATASET_TOKEN_DATA__ACME_ORG"),
        ("https://localhost/x", "TRAINBOT_DATASET_TOKEN_LOCALHOST"),
        ("http://data.acme.org/t.jsonl", None),
        ("https://data.acme.org@evil.example/", None),
        ("https://evil.example\\@data.acme.org/", None),
        ("https://evil.example/\\data.acme.org/", None),
        ("https://data_acme.org/", None),
        ("https://-data.acme.org/", None),
        ("https://data.acme.org\n/", None),
        ("https://dáta.acme.org/", None),
        ("https:///x", None),
        ("", None),
    ],
)
def test_a_variable_is_named_after_the_host(url: str, name: str | None) -> None:
    assert tokens.variable(url) == name


HOSTS = st.text("ab-.", min_size=1, max_size=8)


@given(HOSTS, HOSTS)
def test_two_hosts_never_share_a_variable(one: str, other: str) -> None:
    names = [tokens.variable(f"https://{host}/") for host in (one, other)]
    assert one == other or None in names or names[0] != names[1]


def test_the_token_is_filled_in_for_its_own_host_alone() -> None:
    secrets = {NAME: "sesame"}
    assert tokens.filled({"model": "m", "datasetSource": SOURCE}, secrets)["datasetSource"]["token"] == "sesame"
    other = SOURCE | {"url": "https://evil.example/t.jsonl"}
    assert tokens.filled({"datasetSource": other}, secrets) == {
        "datasetSource": {"type": "blob", "url": "https://evil.example/t.jsonl"}
    }


@pytest.mark.parametrize(
    "config", [{}, {"datasetSource": {"type": "file", "name": "x"}}, {"datasetSource": 3}], ids=str
)
def test_a_config_that_notes_no_token_stays_what_it_is(config: dict[str, object]) -> None:
    assert tokens.filled(config, {NAME: "sesame"}) == config


def test_what_is_wanted_is_the_variable_or_one_that_is_never_set() -> None:
    assert tokens.wanted({"type": "file", "name": "x"}) is None
    assert tokens.wanted(SOURCE) == NAME
    assert tokens.wanted(SOURCE | {"url": "ftp://x"}) == tokens.PREFIX
    assert "begins with https" in tokens.where({"url": "ftp://x"})
    assert NAME in tokens.where(SOURCE)


def test_a_text_is_shown_without_the_secrets_however_they_are_written() -> None:
    secrets = tokens.Secrets(["sesame", "open sesame/now", 'qu"ote', ""])
    assert secrets.hidden("no: sesame; open sesame/now") == "no: ***; ***"
    assert secrets.hidden("GET /x?t=open%20sesame%2Fnow") == "GET /x?t=***"
    assert secrets.hidden('{"token": "qu\\"ote"}') == '{"token": "***"}'
    assert secrets.hidden("nothing of ours") == "nothing of ours"


def test_the_beginning_of_a_secret_where_a_text_was_cut_is_not_shown() -> None:
    secrets = tokens.Secrets(["sesame-opens-it"])
    assert secrets.hidden("refused sesame-op…") == "refused ***…"
    assert secrets.hidden("refused sesame-opens-it…") == "refused ***…"
    assert secrets.hidden("refused s…") == "refused s…"


def test_without_secrets_nothing_is_hidden() -> None:
    assert not tokens.Secrets()
    assert tokens.Secrets([""]).hidden("anything…") == "anything…"
