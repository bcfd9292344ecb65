"""The official tools' files: what counts as a login and as a project, what is refused, and that no token is told."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.backend import credentials
from bot.backend.credentials import DEFAULT_URL, Credentials, State
from bot.domain.errors import UserError

NOW = 1_786_179_600.0
TOKEN = "s3cret-of-ada"
ANON = {
    "mode": "anon",
    "token": TOKEN,
    "anonymousId": "an-1",
    "arkorCloudApiUrl": "https://api.arkor.ai",
    "orgSlug": "anon-7f",
}
OAUTH = {
    "mode": "oauth",
    "accessToken": TOKEN,
    "refreshToken": "s3cret-refresh",
    "expiresAt": NOW + 60,
    "auth0Domain": "auth.example",
    "audience": "a",
    "clientId": "c",
}
STATE = {"orgSlug": "acme", "projectSlug": "tickets", "projectId": "p-1"}


def written(path: Path, value: Any, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    path.chmod(mode)
    return path


def refused(path: Path) -> str:
    with pytest.raises(UserError) as raised:
        credentials.read_credentials(path, NOW)
    assert "s3cret" not in str(raised.value)
    return str(raised.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".arkor" / "credentials.json"


def test_the_login_lies_in_the_users_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert credentials.credentials_file() == tmp_path / ".arkor" / "credentials.json"


def test_an_anonymous_identity_has_its_organisation_and_its_service(file: Path) -> None:
    login = credentials.read_credentials(written(file, ANON), NOW)
    assert login is not None
    assert (login.token.get_secret_value(), login.org, login.url) == (TOKEN, "anon-7f", "https://api.arkor.ai")
    assert TOKEN not in repr(login)


def test_a_persons_login_has_no_organisation_and_perhaps_no_service(file: Path) -> None:
    login = credentials.read_credentials(written(file, OAUTH), NOW)
    assert login is not None
    assert (login.token.get_secret_value(), login.org, login.url) == (TOKEN, None, None)
    login = credentials.read_credentials(written(file, {**OAUTH, "arkorCloudApiUrl": "https://A.example/x//"}), NOW)
    assert login is not None
    assert login.url == "https://a.example/x"


def test_an_address_that_is_no_text_counts_as_missing(file: Path) -> None:
    for odd in (None, 5, ["https://a.example"]):
        login = credentials.read_credentials(written(file, {**ANON, "arkorCloudApiUrl": odd}), NOW)
        assert login is not None
        assert login.url is None


def test_a_missing_file_and_one_that_is_no_json_are_no_login(file: Path, tmp_path: Path) -> None:
    assert credentials.read_credentials(file, NOW) is None
    for text in (b"", b"{", b"\xff\xfe", b"null", b"[]", b"3", b"[" * 60_000):
        assert credentials.read_credentials(written(file, text), NOW) is None
    written(tmp_path / "file", b"")
    assert credentials.read_credentials(tmp_path / "file" / "credentials.json", NOW) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620, 0o601])
def test_a_login_that_others_can_get_at_is_not_used_and_the_way_to_close_it_is_told(file: Path, mode: int) -> None:
    assert refused(written(file, ANON, mode)).endswith(f"Close it with: chmod 600 {file}")


def test_a_login_that_only_its_owner_can_read_is_used(file: Path) -> None:
    assert credentials.read_credentials(written(file, ANON, 0o400), NOW) is not None


def test_what_is_there_and_cannot_be_read_is_an_error_and_no_missing_login(file: Path, tmp_path: Path) -> None:
    file.mkdir(parents=True)
    assert "it is no file" in refused(file)
    os.mkfifo(pipe := tmp_path / "pipe", 0o600)
    assert "it is no file" in refused(pipe)
    (loop := tmp_path / "loop").symlink_to(loop)
    assert f"{loop} cannot be read: " in refused(loop)
    assert "larger than 64 KiB" in refused(written(tmp_path / "large", b'{"mode": "anon"}' + b" " * 70_000))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everywhere")
def test_a_file_that_may_not_be_read_is_an_error(file: Path) -> None:
    assert "Permission denied" in refused(written(file, ANON, 0o000))


@pytest.mark.parametrize("ends", [NOW, NOW - 1, 0, -1, NOW / 1000])
def test_a_login_that_has_ended_says_how_to_get_a_new_one(file: Path, ends: float) -> None:
    assert refused(written(file, {**OAUTH, "expiresAt": ends})).endswith("Log in again with `arkor login`.")


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"mode": None}, "mode"),
        ({"mode": "sso"}, "mode"),
        ({"mode": ["anon"]}, "mode"),
        ({"token": None}, "token"),
        ({"token": ""}, "token"),
        ({"token": 5}, "token"),
        ({"token": "s3cret\r\nX-Evil: 1"}, "token"),
        ({"token": "s3cret\u00e9"}, "token"),
        ({"orgSlug": None}, "orgSlug"),
        ({"orgSlug": "a b"}, "orgSlug"),
        ({"orgSlug": "a\u202eb"}, "orgSlug"),
        ({"orgSlug": "a" * 101}, "orgSlug"),
        ({"mode": "oauth", "accessToken": None}, "accessToken"),
    ],
)
def test_a_login_with_something_wrong_names_it(file: Path, change: dict[str, Any], key: str) -> None:
    assert f"`{key}` is missing or wrong" in refused(written(file, {**ANON, **change}))


def test_the_project_of_a_folder_is_read_also_by_the_folder_that_holds_the_file(tmp_path: Path) -> None:
    path = credentials.state_file(tmp_path)
    assert path == credentials.state_file(tmp_path / ".arkor") == tmp_path / ".arkor" / "state.json"
    assert credentials.read_state(path) is None
    assert credentials.read_state(written(path, STATE, 0o644)) == State("acme", "tickets")


@pytest.mark.parametrize("key", list(STATE))
@pytest.mark.parametrize("value", [None, 5, []])
def test_a_project_with_a_field_missing_is_none(tmp_path: Path, key: str, value: Any) -> None:
    assert credentials.read_state(written(tmp_path / "state.json", {**STATE, key: value})) is None
    without = {name: text for name, text in STATE.items() if name != key}
    assert credentials.read_state(written(tmp_path / "state.json", without)) is None


def test_a_project_with_a_slug_that_is_none_is_none(tmp_path: Path) -> None:
    for slug in ("", "a b", "a\n", "<!here>", "a" * 101):
        assert credentials.read_state(written(tmp_path / "s.json", {**STATE, "orgSlug": slug})) is None
        assert credentials.read_state(written(tmp_path / "s.json", {**STATE, "projectSlug": slug})) is None


def test_an_anonymous_identity_is_not_used_for_another_organisation() -> None:
    anonymous, person = Credentials(TOKEN, "anon-7f"), Credentials(TOKEN)  # type: ignore[arg-type]
    credentials.check_org(anonymous, "anon-7f", "state.json names the project")
    credentials.check_org(person, "acme", "state.json names the project")
    with pytest.raises(UserError, match=r"^state.json names the project in the organisation acme, but .* anon-7f"):
        credentials.check_org(anonymous, "acme", "state.json names the project")


def test_the_variable_comes_before_the_login_and_the_login_before_the_default() -> None:
    login = Credentials(TOKEN, None, "https://own.example")  # type: ignore[arg-type]
    assert credentials.base_url("http://127.0.0.1:9000/", login) == "http://127.0.0.1:9000"
    assert credentials.base_url(None, login) == "https://own.example"
    assert credentials.base_url(None, Credentials(TOKEN)) == DEFAULT_URL  # type: ignore[arg-type]
    assert credentials.base_url(None, None) == DEFAULT_URL


@pytest.mark.parametrize(
    ("written_", "read"),
    [
        ("https://API.Example", "https://api.example"),
        ("https://api.example///", "https://api.example"),
        ("https://api.example:443/v/", "https://api.example/v"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        (" http://localhost ", "http://localhost"),
    ],
)
def test_an_address_is_compared_in_one_form(written_: str, read: str) -> None:
    assert credentials.address(written_, "X") == read
    assert credentials.address(read, "X") == read


@pytest.mark.parametrize(
    "text",
    ["", "api.arkor.ai", "ftp://a", "https://", "https://u:s3cret@a", "https://a?b", "https://a#b", "https://a:x",
     "https://a b", "https://[a", "https://a\x00", "https://" + "a" * 1000],
)  # fmt: skip
def test_what_no_service_can_have_as_its_address_is_named_and_not_repeated(text: str) -> None:
    with pytest.raises(
        UserError, match=r"^ARKOR_CLOUD_API_URL must be an address such as https://api\.arkor\.ai, "
    ) as e:
        credentials.base_url(text, None)
    assert "s3cret" not in str(e.value)


def test_an_empty_address_in_a_login_does_not_become_the_default(file: Path) -> None:
    assert "`arkorCloudApiUrl`" in refused(written(file, {**ANON, "arkorCloudApiUrl": ""}))


words = st.text("as/:.@ \n\x00\x7f\u00e9\u202e", max_size=8) | st.sampled_from(["anon", "oauth", "https://a", TOKEN])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
changes = st.dictionaries(st.sampled_from([*ANON, *OAUTH, *STATE]), anything, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200) | st.tuples(st.sampled_from([ANON, OAUTH, STATE]), changes).map(lambda two: two[0] | two[1])
)
def test_nonsense_is_a_login_a_project_a_sentence_or_nothing(tmp_path: Path, content: Any) -> None:
    path = written(tmp_path / "nonsense.json", content)
    state = credentials.read_state(path)
    assert state is None or (state.org.isascii() and state.project.isascii())
    told = ""
    try:
        login = credentials.read_credentials(path, NOW)
    except UserError as error:
        login, told = None, str(error)
    assert login is None or login.token.get_secret_value().isascii()
    assert "\n" not in told
    assert "s3cret" not in told
