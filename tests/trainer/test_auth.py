"""Who is let in: host names, origins, content types, tokens, ids."""

import json
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.trainer.conftest import TOKEN, Client, Launch, Place

ROUTES = [
    ("GET", "/v1/me"),
    ("GET", "/v1/projects"),
    ("GET", "/v1/jobs"),
    ("POST", "/v1/jobs"),
    ("GET", "/v1/jobs/0b5f3c1e-7a52-4a0e-9d5e-2f6f1c8f2a11"),
    ("POST", "/v1/jobs/0b5f3c1e-7a52-4a0e-9d5e-2f6f1c8f2a11/cancel"),
    ("GET", "/v1/jobs/0b5f3c1e-7a52-4a0e-9d5e-2f6f1c8f2a11/events/stream"),
    ("POST", "/v1/inference/chat"),
    ("GET", "/v1/endpoints"),
    ("GET", "/nowhere"),
]
WITHOUT_TOKEN = [("GET", "/v1/auth/cli/config"), ("POST", "/v1/auth/anonymous")]


async def test_every_route_wants_the_token(client: Client) -> None:
    for given in (None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u00e9"):
        client.headers = {} if given is None else {"Authorization": given}
        for method, path in ROUTES:
            assert await client.call(method, path) == (401, {"error": "The token is missing or wrong."})


async def test_every_route_refuses_foreign_host_names(client: Client) -> None:
    port = urlsplit(client.url).port
    for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "127.0.0.1@evil.example", "[::1"):
        for method, path in ROUTES + WITHOUT_TOKEN:
            status, answer = await client.call(method, path, headers={"Host": host})
            assert (status, answer) == (403, {"error": "This service does not answer under that host name."})


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]:7", "trainer.lan"])
async def test_loopback_names_and_configured_names_are_ours(launch: Launch, host: str) -> None:
    client = await launch(hosts=("trainer.lan",))
    assert (await client.call("GET", "/v1/me", headers={"Host": host}))[0] == 200


async def test_every_route_refuses_web_pages(client: Client) -> None:
    for origin in ("https://evil.example", "null", client.url):
        for method, path in ROUTES + WITHOUT_TOKEN:
            status, answer = await client.call(method, path, headers={"Origin": origin})
            assert (status, answer) == (403, {"error": "This service does not answer web pages."})


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_body_must_be_json_by_its_type(client: Client, kind: str) -> None:
    body: dict[str, Any] = {"name": "x", "config": {"model": "fake"}}
    for method, path in ROUTES:
        if method == "POST":
            status, answer = await client.call(method, path, data=json.dumps(body), headers={"Content-Type": kind})
            assert (status, answer) == (415, {"error": "The body must be application/json."})


@pytest.mark.parametrize(
    "wrong",
    ["x", "..%2f..%2fetc", "0B5F3C1E-7A52-4A0E-9D5E-2F6F1C8F2A11", "0b5f3c1e-7a52-1a0e-9d5e-2f6f1c8f2a11", "%00"],
)
async def test_only_ids_reach_the_file_system(client: Client, wrong: str) -> None:
    for method, tail in (("GET", ""), ("POST", "/cancel"), ("GET", "/events/stream")):
        status, answer = await client.call(method, f"/v1/jobs/{wrong}{tail}")
        assert (status, answer["error"]) in [
            (404, "That is not the id of a job."),
            (404, "There is no such route."),
        ]


async def test_the_answer_is_not_compressed_and_head_is_no_stream(client: Client) -> None:
    async with client.session.get(
        f"{client.url}/v1/me", headers=client.headers | {"Accept-Encoding": "gzip"}
    ) as response:
        assert "Content-Encoding" not in response.headers
    async with client.session.head(f"{client.url}/v1/jobs", headers=client.headers) as response:
        assert response.status == 405


async def test_a_fault_of_ours_is_a_sentence_and_not_a_trace(client: Client, place: Place) -> None:
    (place.data / "jobs").rmdir()
    config = {"model": "fake", "datasetSource": {"type": "file", "name": "tickets.jsonl"}}
    answer = await client.post("/v1/jobs", {"name": "x", "config": config})
    assert answer == (500, {"error": "The service could not do this (No such file or directory)."})


async def test_the_token_is_needed_from_every_connection(client: Client) -> None:
    async with aiohttp.ClientSession() as other, other.get(f"{client.url}/v1/jobs") as response:
        assert response.status == 401
