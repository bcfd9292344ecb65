"""Which service a program works with: what comes first, what is never used silently, and why it says so."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import UserError
from bot.programs import services
from bot.programs.services import Service
from bot.settings import SettingsError, read

TOKEN = "s3cret-token"
OWN = "s3cret-login"
OURS = ("ARKOR_CLOUD_API_URL", "ARKOR_TOKEN", "ARKOR_ORG", "ARKOR_PROJECT", "TRAINBOT_TRAINER", "TRAINBOT_ARKOR_DIR")


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home and a folder of its own, both empty, and none of our variables."""
    (tmp_path / "home").mkdir()
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "folder")
    for name in OURS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def login(tmp_path: Path) -> Path:
    """A person's login."""
    return logged_in(tmp_path, mode="oauth", accessToken=OWN, expiresAt=time.time() + 3600)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The project `acme/tickets` in the folder we are started in."""
    return project(tmp_path / "folder")


def logged_in(tmp_path: Path, **value: Any) -> Path:
    path = tmp_path / "home" / ".arkor" / "credentials.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value))
    path.chmod(0o600)
    return path


def project(folder: Path, org: str = "acme", slug: str = "tickets") -> Path:
    path = folder / ".arkor" / "state.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"orgSlug": org, "projectSlug": slug, "projectId": "p-1"}))
    return path


def chosen(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Service:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    service = services.choose(read(), time.time())
    assert "s3cret" not in repr(service) + str(service) + service.identity
    return service


def refused(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    with pytest.raises(UserError) as raised:
        chosen(monkeypatch, **variables)
    assert "s3cret" not in str(raised.value)
    return str(raised.value)


def test_with_nothing_at_all_it_is_the_embedded_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    service = chosen(monkeypatch)
    assert service.embedded
    assert (service.identity, service.org, service.project) == ("embedded", "local", "local")
    assert service.why == f"ARKOR_TOKEN is not set and there is no {tmp_path}/folder/.arkor/state.json that can be used"


@pytest.mark.usefixtures("login", "state")
def test_the_embedded_service_comes_first_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"ARKOR_TOKEN": TOKEN, "ARKOR_ORG": "a", "ARKOR_PROJECT": "b", "TRAINBOT_TRAINER": "embedded"}
    service = chosen(monkeypatch, **given)
    assert str(service) == "embedded, organisation local, project local, because TRAINBOT_TRAINER=embedded is set"


@pytest.mark.usefixtures("login", "state")
def test_a_token_of_the_settings_comes_before_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    service = chosen(monkeypatch, ARKOR_TOKEN=TOKEN, ARKOR_ORG="a", ARKOR_PROJECT="b")
    assert service.token is not None
    assert service.token.get_secret_value() == TOKEN
    assert str(service) == (
        "https://api.arkor.ai, organisation a, project b, because ARKOR_TOKEN is set and ARKOR_ORG and ARKOR_PROJECT "
        "name the project"
    )


def test_a_token_of_the_settings_does_not_go_to_the_service_of_the_login(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    logged_in(tmp_path, mode="anon", token=OWN, orgSlug="a", arkorCloudApiUrl="http://own.example").chmod(0o644)
    given = {"ARKOR_TOKEN": TOKEN, "ARKOR_ORG": "a", "ARKOR_PROJECT": "b"}
    assert chosen(monkeypatch, **given).url == "https://api.arkor.ai"
    assert chosen(monkeypatch, **given, ARKOR_CLOUD_API_URL="http://127.0.0.1:9/").url == "http://127.0.0.1:9"


@pytest.mark.parametrize("given", [{}, {"ARKOR_ORG": "acme"}, {"ARKOR_PROJECT": "tickets"}])
def test_what_is_not_set_beside_a_token_is_taken_from_the_folder(
    monkeypatch: pytest.MonkeyPatch, state: Path, given: dict[str, str]
) -> None:
    service = chosen(monkeypatch, ARKOR_TOKEN=TOKEN, **given)
    assert (service.org, service.project) == ("acme", "tickets")
    assert service.why == f"ARKOR_TOKEN is set and {state} names the project"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "but not ARKOR_ORG and ARKOR_PROJECT, and there is no "),
        ({"ARKOR_ORG": "acme"}, "but not ARKOR_PROJECT, and there is no "),
        ({"ARKOR_PROJECT": "tickets"}, "but not ARKOR_ORG, and there is no "),
    ],
)
def test_a_token_without_its_project_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str
) -> None:
    text = refused(monkeypatch, ARKOR_TOKEN=TOKEN, **given)
    assert text.startswith("ARKOR_TOKEN is set, ")
    assert missing in text
    assert "TRAINBOT_ARKOR_DIR" in text


@pytest.mark.usefixtures("state")
def test_a_folder_of_another_project_does_not_fill_in_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = refused(monkeypatch, ARKOR_TOKEN=TOKEN, ARKOR_ORG="other")
    assert "but not ARKOR_PROJECT" in text
    assert "is of another project, tickets of acme" in text


def test_the_users_login_with_the_folders_project_is_used(
    monkeypatch: pytest.MonkeyPatch, login: Path, state: Path
) -> None:
    service = chosen(monkeypatch)
    assert service.token is not None
    assert service.token.get_secret_value() == OWN
    assert service.identity == "https://api.arkor.ai acme tickets"
    assert service.why == f"you have an Arkor login in {login} and {state} names the project"


def test_an_anonymous_identity_is_used_at_the_service_that_made_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = logged_in(tmp_path, mode="anon", token=OWN, orgSlug="anon-7", arkorCloudApiUrl="http://127.0.0.1:9/")
    state = project(tmp_path / "folder", "anon-7")
    service = chosen(monkeypatch)
    assert (service.url, service.org, service.project) == ("http://127.0.0.1:9", "anon-7", "tickets")
    assert service.why == f"you have an anonymous Arkor identity in {path} and {state} names the project"


@pytest.mark.usefixtures("login")
def test_another_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project(tmp_path / "folder", "here", "here")
    project(tmp_path / "elsewhere", "there", "there")
    for folder in (tmp_path / "elsewhere", tmp_path / "elsewhere" / ".arkor", "../elsewhere"):
        assert chosen(monkeypatch, TRAINBOT_ARKOR_DIR=str(folder)).identity == "https://api.arkor.ai there there"


@pytest.mark.usefixtures("login")
def test_the_settings_can_name_the_project_of_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    service = chosen(monkeypatch, ARKOR_ORG="acme", ARKOR_PROJECT="other")
    assert (service.org, service.project) == ("acme", "other")
    assert service.why.endswith("ARKOR_ORG and ARKOR_PROJECT name the project")
    assert "but not ARKOR_PROJECT" in refused(monkeypatch, ARKOR_PROJECT="")


def test_a_login_without_a_project_and_a_project_without_a_login_mean_the_embedded_service(
    monkeypatch: pytest.MonkeyPatch, login: Path, tmp_path: Path
) -> None:
    assert chosen(monkeypatch).embedded
    login.unlink()
    project(tmp_path / "folder")
    service = chosen(monkeypatch)
    assert service.embedded
    assert service.why == f"ARKOR_TOKEN is not set and there is no Arkor login in {login}"
    assert not login.exists()


@pytest.mark.parametrize("name", ["ARKOR_ORG", "ARKOR_PROJECT", "ARKOR_CLOUD_API_URL", "TRAINBOT_ARKOR_DIR"])
def test_what_was_set_is_never_passed_over_for_the_embedded_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    given = {name: "http://127.0.0.1:9"}
    text = refused(monkeypatch, **given)
    assert text.startswith(f"{name} is set, but ")
    assert "TRAINBOT_TRAINER=embedded" in text
    project(tmp_path / "folder")
    assert refused(monkeypatch, **given).startswith(f"{name} is set, but ")


def test_a_folder_of_another_anonymous_identity_is_an_error_and_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: Path
) -> None:
    logged_in(tmp_path, mode="anon", token=OWN, orgSlug="anon-7")
    before = state.read_bytes()
    text = refused(monkeypatch)
    assert text.startswith(f"{state} names the project in the organisation acme, but your anonymous Arkor identity")
    assert state.read_bytes() == before


@pytest.mark.usefixtures("state")
def test_a_login_that_cannot_be_used_is_an_error_and_not_the_embedded_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, login: Path
) -> None:
    login.chmod(0o644)
    assert f"chmod 600 {login}" in refused(monkeypatch)
    logged_in(tmp_path, mode="oauth", accessToken=OWN, expiresAt=time.time() - 1)
    assert "`arkor login`" in refused(monkeypatch)


@pytest.mark.usefixtures("login", "state")
def test_the_address_of_the_environment_wins_over_the_logins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, ARKOR_CLOUD_API_URL="http://127.0.0.1:9").url == "http://127.0.0.1:9"


@pytest.mark.usefixtures("login", "state")
def test_a_file_of_the_folder_cannot_send_the_login_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "folder" / ".env").write_text("ARKOR_CLOUD_API_URL=http://evil.example\n")
    text = refused(monkeypatch)
    assert (
        "ARKOR_CLOUD_API_URL in .env names http://evil.example, but your Arkor login is for https://api.arkor.ai"
        in text
    )
    (tmp_path / "folder" / ".env").write_text("ARKOR_CLOUD_API_URL=https://API.arkor.ai/\n")
    assert chosen(monkeypatch).url == "https://api.arkor.ai"


def test_an_address_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"ARKOR_TOKEN": TOKEN, "ARKOR_ORG": "a", "ARKOR_PROJECT": "b"}
    assert refused(monkeypatch, **given, ARKOR_CLOUD_API_URL="arkor").startswith("ARKOR_CLOUD_API_URL must be")


def test_two_projects_have_two_identities_and_one_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"ARKOR_TOKEN": TOKEN, "ARKOR_ORG": "a", "ARKOR_PROJECT": "b"}
    one = chosen(monkeypatch, **given, ARKOR_CLOUD_API_URL="https://A.example/")
    same = chosen(monkeypatch, ARKOR_TOKEN="another", ARKOR_CLOUD_API_URL="https://a.example:443")
    other = chosen(monkeypatch, ARKOR_PROJECT="c")
    assert one.identity == same.identity != other.identity


async def test_the_client_of_a_named_service_asks_for_its_project(monkeypatch: pytest.MonkeyPatch) -> None:
    service = chosen(
        monkeypatch, ARKOR_TOKEN=TOKEN, ARKOR_ORG="a", ARKOR_PROJECT="b", ARKOR_CLOUD_API_URL="http://[::1]:9"
    )
    async with services.client(service) as client:
        (problem,) = await client.check()
    assert "[::1]:9" in problem


def test_what_is_missing_is_an_error_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARKOR_TOKEN", TOKEN)
    with pytest.raises(SettingsError):
        services.choose(read(), time.time())
