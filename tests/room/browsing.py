"""What the tests of the page share: where the browser is, a phone, and looks at a page."""

import shutil
from collections.abc import Awaitable, Callable

from playwright.async_api import ConsoleMessage, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
Open = Callable[..., Awaitable[Page]]


def unexpected(said: ConsoleMessage) -> bool:
    """Whether the browser complains of the page; a refused or broken request it notes by itself."""
    noted = ("status of 400", "ERR_INTERNET_DISCONNECTED")
    return said.type in {"error", "warning"} and not any(one in said.text for one in noted)


async def width_fits(page: Page) -> None:
    wide = await page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.scroll, .side, .head, .composer')]"
        ".filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className || one.nodeName)"
    )
    assert wide == []
