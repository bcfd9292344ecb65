"""Which training service a program works with, and its client.

Decided once, at the start of `run` and of `doctor`: TRAINBOT_TRAINER=embedded, else ARKOR_TOKEN, else the user's own
Arkor login with the project of a folder, else the embedded service. What somebody set and what cannot be followed is
an error and never another service instead. The demo decides nothing: it has the embedded one.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from bot.app import SystemClock
from bot.backend import credentials
from bot.backend.client import ServiceClient
from bot.backend.credentials import DEFAULT_URL, Credentials
from bot.programs.embedded import Address
from bot.settings import Settings, SettingsError, variable

EMBEDDED = "embedded"
LOCAL = "local"  # the embedded service's only organisation, and its only project
OR_EMBEDDED = "TRAINBOT_TRAINER=embedded trains on this computer instead."


@dataclass(frozen=True, slots=True)
class Service:
    """A training service, one project of it, and why it is this one, in words that follow `because`.

    `url` is empty for the embedded one: its address is known when it listens.
    """

    url: str
    org: str
    project: str
    why: str
    token: SecretStr | None = field(default=None, repr=False)

    @property
    def embedded(self) -> bool:
        return not self.url

    @property
    def name(self) -> str:
        """Which service, in a word: its address, or `embedded`."""
        return self.url or EMBEDDED

    @property
    def identity(self) -> str:
        """The same for the same project of the same service, over restarts and whoever asks."""
        return EMBEDDED if self.embedded else f"{self.url} {self.org} {self.project}"

    def __str__(self) -> str:
        return f"{self.name}, organisation {self.org}, project {self.project}, because {self.why}"


def embedded(why: str) -> Service:
    """The service on this computer."""
    return Service("", LOCAL, LOCAL, why)


def choose(settings: Settings, now: float) -> Service:
    """The service that the settings, the user's login and the folder name. `now`: Unix seconds.

    SettingsError names what is missing or does not fit; UserError says what is wrong with a file.
    """
    if settings.trainer == EMBEDDED:
        return embedded("TRAINBOT_TRAINER=embedded is set")
    if settings.service_token is not None:
        return _by_token(settings, settings.service_token)
    return _by_login(settings, now)


def client(service: Service) -> ServiceClient:
    """The client of a service that is not the embedded one."""
    token = service.token or ""
    return ServiceClient(service.url, token, org=service.org, project=service.project, clock=SystemClock())


def local(address: Address) -> ServiceClient:
    """The client of the embedded service, which has one organisation and one project."""
    return ServiceClient(address.url, address.token, org=LOCAL, project=LOCAL, clock=SystemClock())


def _by_token(settings: Settings, token: SecretStr) -> Service:
    """The login's file is not looked at: its service need not be this token's."""
    scope = _scope(settings)
    org, project = scope.complete("ARKOR_TOKEN is set")
    url = credentials.base_url(settings.service_url, None)
    return Service(url, org, project, f"ARKOR_TOKEN is set and {scope.source}", token)


def _by_login(settings: Settings, now: float) -> Service:
    """The user's login with the folder's project; the embedded service where one of them is missing and nothing was
    set that asks for it."""
    scope, path, asked = _scope(settings), credentials.credentials_file(), _asked(settings)
    if not (scope.org or scope.project):
        if asked:
            raise SettingsError(f"{asked} is set, but {scope.absent}, so no project is named. {OR_EMBEDDED}")
        return embedded(f"ARKOR_TOKEN is not set and {scope.absent}")
    login = credentials.read_credentials(path, now)
    if login is None:
        if asked:
            raise SettingsError(
                f"{asked} is set, but there is no token. Set ARKOR_TOKEN, or log in with `arkor login`. {OR_EMBEDDED}"
            )
        return embedded(f"ARKOR_TOKEN is not set and there is no Arkor login in {path}")
    org, project = scope.complete(f"There is an Arkor login in {path}")
    credentials.check_org(login, org, scope.source)
    _check_not_sent_elsewhere(settings, login)
    url = credentials.base_url(settings.service_url, login)
    kind = "an Arkor login" if login.org is None else "an anonymous Arkor identity"
    return Service(url, org, project, f"you have {kind} in {path} and {scope.source}", login.token)


def _asked(settings: Settings) -> str | None:
    """The variable that asks for a service elsewhere, if one is set."""
    fields = ("service_org", "service_project", "arkor_dir", "service_url")
    return next((variable(name) for name in fields if getattr(settings, name) is not None), None)


def _check_not_sent_elsewhere(settings: Settings, login: Credentials) -> None:
    """SettingsError where `.env` would send the login to a service that did not give it.

    Who exports ARKOR_CLOUD_API_URL decides that for themselves, as with the official tools (reference 15, trap 1);
    `.env` comes with a folder, and a folder may be anybody's.
    """
    name = variable("service_url")
    if settings.service_url is None or os.environ.get(name) == settings.service_url:
        return
    wanted, own = credentials.base_url(settings.service_url, None), login.url or DEFAULT_URL
    if wanted != own:
        raise SettingsError(
            f"{name} in .env names {wanted}, but your Arkor login is for {own}, and a file does not send it elsewhere. "
            f"Set ARKOR_TOKEN for that service, or export {name} in your shell."
        )


@dataclass(frozen=True, slots=True)
class _Scope:
    """Organisation and project as far as they are named; `source` says by what, `absent` why the folder names none."""

    org: str | None
    project: str | None
    source: str = ""
    absent: str = ""

    def complete(self, when: str) -> tuple[str, str]:
        """Both; SettingsError, which begins with `when`, names what is missing."""
        if self.org and self.project:
            return self.org, self.project
        names = {"ARKOR_ORG": self.org, "ARKOR_PROJECT": self.project}
        missing = [name for name, value in names.items() if not value]
        raise SettingsError(
            f"{when}, but not {' and '.join(missing)}, and {self.absent}. Set {'them' if len(missing) > 1 else 'it'}, "
            f"or name the folder of the project in TRAINBOT_ARKOR_DIR. {OR_EMBEDDED}"
        )


def _scope(settings: Settings) -> _Scope:
    """What the settings name; what they leave open is the folder's, where the rest of it fits."""
    org, project = settings.service_org, settings.service_project
    if org and project:
        return _Scope(org, project, "ARKOR_ORG and ARKOR_PROJECT name the project")
    path = credentials.state_file(settings.arkor_dir or Path())
    state = credentials.read_state(path)
    if state is None:
        return _Scope(org, project, absent=f"there is no {path} that can be used")
    if org not in (None, state.org) or project not in (None, state.project):
        return _Scope(org, project, absent=f"{path} is of another project, {state.project} of {state.org}")
    return _Scope(state.org, state.project, f"{path} names the project")
