"""Fixtures: a room on a real port with a real database, and a browser that was let in, without a page or with one.

Tests of the page share one event loop a module, as the browser does: each module has a `house` of its own for that.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from room.browsing import CHROMIUM, Open, unexpected
from room.house import Builder, House, Visitor


@pytest.fixture
async def build() -> AsyncIterator[Builder]:
    async with AsyncExitStack() as stack:
        yield Builder(stack)


@pytest.fixture
async def house(build: Builder, tmp_path: Path) -> House:
    return await build(tmp_path / "bot.db")


@pytest.fixture
async def ada(house: House) -> AsyncIterator[Visitor]:
    async with await house.visitor() as visitor:
        yield visitor


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; each page is a visitor of its own."""
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, house: House) -> AsyncIterator[Open]:
    """Opens the page as a new visitor. Whatever the browser complains of, and every foreign request, is a failure."""
    complaints: list[str] = []
    async with AsyncExitStack() as stack:

        async def opened(**options: Any) -> Page:
            context = await browser.new_context(**{"viewport": {"width": 1200, "height": 800}} | options)
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.set_default_timeout(5000)
            page.on("console", lambda said: complaints.append(said.text) if unexpected(said) else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("dialog", lambda dialog: complaints.append(dialog.message))
            page.on(
                "request",
                lambda sent: complaints.append(sent.url) if not sent.url.startswith((house.url, "ws")) else None,
            )
            await page.goto(await house.room.address(house.url))
            await expect(page.locator("#title")).to_have_text("#training")
            await expect(page.locator("#side a").first).to_be_attached()
            return page

        yield opened
    assert complaints == []
