"""The client of the training service that a program works with: the embedded one, or the one that the settings name."""

from bot.app import SystemClock
from bot.backend.client import ServiceClient
from bot.programs.embedded import Address
from bot.settings import Settings


def local(address: Address) -> ServiceClient:
    """The client of the embedded service, which has one organisation and one project."""
    return ServiceClient(address.url, address.token, org="local", project="local", clock=SystemClock())


def named(settings: Settings) -> ServiceClient | None:
    """The client of the service that the settings name; None unless token, organisation and project are all set."""
    token, org, project = settings.service_token, settings.service_org, settings.service_project
    if token is None or org is None or project is None:
        return None
    return ServiceClient(settings.service_url, token, org=org, project=project, clock=SystemClock())
