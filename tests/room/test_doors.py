"""Who gets in: tokens, cookies, names of the host, origins, and what each refusal says."""

import asyncio
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from room.house import START, Builder, FixedClock, House, Visitor, everything, png

from bot.room.chat import place
from bot.room.render import digest

READS = (
    "/",
    "/room/history?person=ada&channel=training",
    "/room/thread?person=ada&root=1",
    f"/room/picture/{digest(png())}.png?person=ada",
    "/room/file/1/0000?person=ada",
)
WRITES: dict[str, dict[str, Any]] = {
    "say": {"id": "12345678", "person": "ada", "channel": "training", "text": "hi"},
    "press": {"id": "12345678", "person": "ada", "message": 1, "call": "1|status"},
    "react": {"person": "ada", "message": 1, "emoji": "👍", "on": True},
    "delete": {"person": "ada", "message": 1},
    "read": {"person": "ada", "message": 1},
    "channels": {"id": "12345678", "person": "ada", "name": "new"},
    "people": {"name": "New"},
    "members": {"person": "ada", "channel": "training", "member": "grace", "on": True},
    "complete": {"person": "ada", "channel": "training", "text": "/"},
    "invite": {},
}


async def raw(method: str, url: str, *, cookies: Any = None, **options: Any) -> tuple[int, str, Any]:
    async with (
        aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
        http.request(method, url, allow_redirects=False, **options) as response,
    ):
        return response.status, await response.text(), response.headers


async def test_a_token_becomes_a_cookie_and_is_spent(house: House) -> None:
    address = await house.room.address(house.url)
    status, _, headers = await raw("GET", address)
    assert (status, headers["Location"]) == (303, "/")
    port = house.url.rpartition(":")[2]
    (cookie,) = SimpleCookie(headers["Set-Cookie"]).values()
    assert cookie.key == f"trainbot-room-{port}"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    again, page, headers = await raw("GET", address)
    assert (again, "not let in yet" in page, "Set-Cookie" in headers) == (403, True, False)


async def test_asking_for_the_head_of_an_address_does_not_spend_it(house: House) -> None:
    address = await house.room.address(house.url)
    assert (await raw("HEAD", address))[0] == 405
    assert (await raw("GET", address))[0] == 303


async def test_a_token_is_good_for_a_day(build: Builder, tmp_path: Path) -> None:
    house = await build(tmp_path / "bot.db")
    address = await house.room.address(house.url)
    house.clock.at = START + timedelta(days=1, seconds=1)
    assert (await raw("GET", address))[0] == 403


async def test_a_session_ends_after_three_months(house: House, ada: Visitor) -> None:
    house.clock.at = START + timedelta(days=89)
    assert "messages" in await ada.get("history", person="ada", channel="training")
    house.clock.at = START + timedelta(days=91)
    assert "error" in await ada.get("history", person="ada", channel="training")


async def test_the_operators_token_does_not_wear_out(build: Builder, tmp_path: Path) -> None:
    house = await build(tmp_path / "bot.db", operator_token="s3cret-of-the-operator")
    for token, status in (("s3cret-of-the-operator", 303), ("s3cret-of-the-operator", 303), ("ü", 403), ("", 403)):
        assert (await raw("GET", f"{house.url}/room", params={"token": token}))[0] == status


async def test_a_long_token_of_the_operator_is_compared_whole(build: Builder, tmp_path: Path) -> None:
    token = "t" * 300
    house = await build(tmp_path / "bot.db", operator_token=token)
    for given, status in ((token, 303), (token[:-1], 403), (token[:200], 403), (token + "t", 403), ("t" * 5000, 403)):
        assert (await raw("GET", f"{house.url}/room", params={"token": given}))[0] == status


@pytest.mark.parametrize("request_line", [
    b"GET /room?token=\xff\xfe HTTP/1.1", b"GET / HTTP/1.1\r\nCookie: trainbot-room-%d=\xff",
])  # fmt: skip
async def test_secrets_that_are_no_text_are_wrong_ones(build: Builder, tmp_path: Path, request_line: bytes) -> None:
    house = await build(tmp_path / "bot.db", operator_token="s3cret")
    port = int(house.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    line = request_line % port if b"%d" in request_line else request_line
    writer.write(line + b"\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
    assert (await reader.readline()).split()[1] in {b"400", b"401", b"403"}
    writer.close()
    await writer.wait_closed()


async def test_somebody_inside_can_let_another_browser_in(house: House, ada: Visitor) -> None:
    status, told = await ada.post("invite", {})
    assert (status, told["url"].startswith(f"{house.url}/room?token=")) == (200, True)
    assert (await raw("GET", told["url"]))[0] == 303


async def test_no_secret_is_stored_as_it_is(house: House, ada: Visitor) -> None:
    token = (await house.room.address(house.url)).partition("=")[2]
    (cookie,) = ada.http.cookie_jar
    sql = "SELECT hash FROM room_invites UNION SELECT hash FROM room_sessions"
    stored = await house.db.write(lambda connection: str([tuple(row) for row in connection.execute(sql)]))
    assert len(stored) > 100
    assert token not in stored
    assert cookie.value not in stored


@pytest.mark.parametrize("path", READS)
async def test_without_a_cookie_nothing_is_told(house: House, path: str) -> None:
    await house.chat.post(place("training"), everything("secret run"), thread=None, key="k", tried_at=None)
    for cookies in (None, {f"trainbot-room-{house.url.rpartition(':')[2]}": "wrong"}):
        status, text, headers = await raw("GET", house.url + path, cookies=cookies)
        assert status == 401
        assert "secret run" not in text
        assert headers["Cache-Control"] == "no-store"
    if path == "/":
        assert "trainbot demo" in text


async def test_a_link_from_elsewhere_asks_again_from_here_once(house: House) -> None:
    # SameSite=Strict keeps the cookie back when another site sends somebody here.
    status, text, _ = await raw("GET", f"{house.url}/", headers={"Sec-Fetch-Site": "cross-site"})
    assert (status, "/room/page/again.js" in text) == (200, True)
    status, text, _ = await raw("GET", f"{house.url}/?again", headers={"Sec-Fetch-Site": "cross-site"})
    assert (status, "not let in yet" in text) == (401, True)


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "[", "10.0.0.7"])
async def test_a_host_that_is_not_ours_is_refused_everywhere(house: House, ada: Visitor, name: str) -> None:
    port = house.url.rpartition(":")[2]
    cookies = {cookie.key: cookie.value for cookie in ada.http.cookie_jar}
    headers = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
    for path in (*READS, "/room?token=x", "/room/page/room.js", "/room/live"):
        status, text, _ = await raw("GET", house.url + path, cookies=cookies, headers=headers)
        assert status in {400, 403}, path
        assert "TRAINBOT_PUBLIC_HOST" in text or status == 400  # a Host that is none at all ends in the HTTP parser
    for path, body in WRITES.items():
        status, _, _ = await raw("POST", f"{house.url}/room/{path}", cookies=cookies, headers=headers, json=body)
        assert status in {400, 403}, path


@pytest.mark.parametrize("public", ["bot.example.org", "bot.example.org:8443"])
async def test_the_public_host_is_ours(build: Builder, tmp_path: Path, public: str) -> None:
    house = await build(tmp_path / "bot.db", public_host=public)
    token = (await house.room.address("")).partition("=")[2]
    headers = {"Host": public, "X-Forwarded-Proto": "https"}
    status, _, told = await raw("GET", f"{house.url}/room?token={token}", headers=headers)
    (cookie,) = SimpleCookie(told["Set-Cookie"]).values()
    assert (status, cookie["secure"]) == (303, True)
    headers |= {"Origin": f"https://{public}", "Cookie": f"{cookie.key}={cookie.value}"}
    status, text, _ = await raw("POST", f"{house.url}/room/invite", headers=headers, json={})
    assert status == 200
    assert f"https://{public}/room?token=" in text


@pytest.mark.parametrize(
    "origin", [None, "http://evil.example", "null", "http://127.0.0.1:1", "file://127.0.0.1", "http://["]
)
@pytest.mark.parametrize("path", [*WRITES, "live"])
async def test_writes_and_the_socket_want_our_own_origin(
    house: House, ada: Visitor, path: str, origin: str | None
) -> None:
    ada.headers = {"Origin": origin} if origin else {}
    if path == "live":
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await ada.live("ada")
        assert refused.value.status == 403
    else:
        status, told = await ada.post(path, WRITES[path])
        assert (status, told["error"]) == (403, "This request does not come from the room's own page.")


@pytest.mark.parametrize("path", [*WRITES, "live"])
async def test_writes_and_the_socket_want_the_cookie(house: House, path: str) -> None:
    async with Visitor(house) as stranger:
        if path == "live":
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await stranger.live("ada")
            assert refused.value.status == 401
        else:
            assert (await stranger.post(path, WRITES[path]))[0] == 401


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_body_that_a_form_could_send_is_refused(ada: Visitor, kind: str) -> None:
    status, told = await ada.post("say", WRITES["say"], **{"Content-Type": kind})
    assert (status, told["error"]) == (415, "Only JSON is taken here.")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"id": 3}', b'{"name": "x", "extra": 1}', b"\xff", b"[" * 50_000])
async def test_a_body_that_is_not_the_expected_one_is_refused(house: House, ada: Visitor, body: bytes) -> None:
    headers = ada.headers | {"Content-Type": "application/json"}
    for path in WRITES.keys() - {"invite"}:
        async with ada.http.post(f"{house.url}/room/{path}", data=body, headers=headers) as response:
            assert response.status == 400, (path, await response.text())


async def test_a_body_over_64_kib_is_refused(ada: Visitor) -> None:
    assert (await ada.post("say", WRITES["say"] | {"text": "x" * 70_000}))[0] == 413


async def test_pictures_are_png_and_nothing_else_to_the_browser(house: House, ada: Visitor) -> None:
    await house.chat.post(place("training"), everything(), thread=None, key="k", tried_at=None)
    async with ada.http.get(f"{house.url}/room/picture/{digest(png(60, 30))}.png?person=ada") as response:
        assert (response.status, response.content_type, await response.read()) == (200, "image/png", png(60, 30))
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    for name in ("0" * 64, "..%2f..%2fetc%2fpasswd", "x"):
        async with ada.http.get(f"{house.url}/room/picture/{name}.png") as response:
            assert response.status == 404


@pytest.mark.parametrize("name", ["index.html", "nothing.js", "..%2froutes.py", "%2fetc%2fpasswd"])
async def test_only_the_pages_own_files_are_served(house: House, name: str) -> None:
    assert (await raw("GET", f"{house.url}/room/page/{name}"))[0] == 404


async def test_a_restart_keeps_the_history_the_session_and_what_was_answered(build: Builder, tmp_path: Path) -> None:
    house = await build(tmp_path / "bot.db", FixedClock(START))
    async with await house.visitor() as ada:
        await house.chat.post(place("training"), everything("before"), thread=None, key="k", tried_at=None)
        said = WRITES["say"] | {"text": "/train help"}
        first = await ada.post("say", said)
        await build.stack.aclose()
        again = await build(tmp_path / "bot.db", FixedClock(START))
        # The same name of the cookie would come with the same port, which a test cannot count on.
        (cookie,) = ada.http.cookie_jar
        ada.house, ada.headers = again, {"Origin": again.url}
        ada.http.cookie_jar.update_cookies({f"trainbot-room-{again.url.rpartition(':')[2]}": cookie.value})
        told = await ada.get("history", person="ada", channel="training")
        assert [one["body"]["summary"] for one in told["messages"]] == ["before", "Answer to help."]
        assert await ada.post("say", said) == first
        assert again.registry.asked == []
