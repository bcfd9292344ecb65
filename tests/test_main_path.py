"""The main path in a real browser against a real demo: start, vote, look, cancel, succeed quietly, fail loudly."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fakes.process import Program, nothing_left, program
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium or google-chrome on this machine"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
SOON, TRAINED = 10_000, 40_000  # milliseconds; generous, for a busy machine
RECIPE = """
description = "{description}"
model = "tiny"
[dataset]
type = "file"
name = "support-tickets.jsonl"
[settings]
max_steps = {steps}
learning_rate = {rate}
scheduler = "{scheduler}"
weight_decay = {decay}
batch_size = 8
max_length = 96
logging_steps = 5
save_steps = {save}
seed = 3
[samples]
prompts = 1
max_tokens = 8
[[prompts]]
user = "My parcel is late."
"""
QUICK = {"description": "A few steps", "steps": 30, "rate": 1e-3, "scheduler": "constant", "decay": 0, "save": 10}
HOT = QUICK | {"description": "Breaks", "steps": 60, "rate": 1000, "scheduler": "ramp", "decay": 2, "save": 40}
ENDLESS = QUICK | {"description": "Goes on", "steps": 100_000, "save": 50_000}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    """A demo with three recipes of its own."""
    home = tmp_path / "data"
    recipes = home / "demo" / "recipes"
    recipes.mkdir(parents=True)
    for name, filled in (("quick", QUICK), ("hot", HOT), ("endless", ENDLESS)):
        (recipes / f"{name}.toml").write_text(RECIPE.format(**filled))
    with (
        nothing_left(home),
        program("demo", "--data-dir", str(home), "--port", "0", "--stop-jobs", cwd=tmp_path) as bot,
    ):
        yield bot
        bot.ends()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def opened(browser: Browser, address: str, complaints: list[str], **options: object) -> Page:
    """A new person's browser at this address."""
    context = await browser.new_context(**{"viewport": {"width": 1200, "height": 900}} | options)  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(SOON)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    await page.goto(address)
    await expect(page.locator("#title")).to_have_text("#training")
    return page


async def say(page: Page, text: str) -> None:
    await page.locator("#write").fill(text)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")


def card(page: Page, title: str) -> Locator:
    """The run's card in the channel."""
    return page.locator("#list .message:not(.only)").filter(has=page.locator("h3", has_text=f"{title} ·"))


def thumb(page: Page, step: str, emoji: str) -> Locator:
    """The thumb below the sample of this step, in the open thread."""
    return page.locator("#thread-list .message").filter(has_text=step).locator(f".chip[data-emoji='{emoji}']").first


async def width_fits(page: Page) -> None:
    wide = await page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.scroll, .side, .head, .composer')]"
        ".filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className || one.nodeName)"
    )
    assert wide == []


async def test_the_main_path_from_the_printed_address_to_a_loud_failure(demo: Program, browser: Browser) -> None:
    complaints: list[str] = []
    url, token = demo.address()
    ada = await opened(browser, f"{url}/room?token={token}", complaints)

    await ada.locator("#write").click()
    await ada.keyboard.type("/train start qu")
    await expect(ada.get_by_role("option")).to_contain_text(["A few steps"])
    await ada.keyboard.press("Tab")
    await expect(ada.locator("#write")).to_have_value("/train start quick")
    await ada.keyboard.press("Escape")
    await ada.keyboard.press("Enter")
    await expect(card(ada, "quick #1")).to_be_visible(timeout=SOON)
    await expect(ada.locator("#list .only")).to_contain_text("Starting quick #1. Its card is in this channel.")

    await ada.click("#invite")
    invitation = await ada.locator("#invite-url").input_value()
    await ada.keyboard.press("Escape")
    grace = await opened(browser, invitation, complaints)
    await grace.click("#you")
    await grace.get_by_role("button", name="Grace").click()

    for page in (ada, grace):
        await card(page, "quick #1").locator(".replies").click(timeout=TRAINED)
        await expect(page.locator("#thread-list")).to_contain_text("before training", timeout=TRAINED)
        await expect(page.locator("#thread-list")).to_contain_text("step 10 of 30", timeout=TRAINED)

    ten = [thumb(page, "step 10 of 30", "👍") for page in (ada, grace)]
    for one in ten:
        await one.click(timeout=TRAINED)
    await expect(ten[0].locator(".number")).to_have_text("2")
    await expect(card(ada, "quick #1")).to_contain_text("👍 2", timeout=TRAINED)
    await thumb(grace, "step 10 of 30", "👎").click()
    await ten[1].click()
    await expect(card(ada, "quick #1")).to_contain_text("👍 1", timeout=TRAINED)
    await expect(card(ada, "quick #1")).to_contain_text("👎 1", timeout=TRAINED)
    await thumb(grace, "step 10 of 30", "👎").click()
    await expect(card(ada, "quick #1")).not_to_contain_text("👎 1", timeout=TRAINED)
    await expect(card(ada, "quick #1")).to_contain_text("completed", timeout=TRAINED)
    await expect(ada.locator("#thread-list .message").last).to_contain_text("quick #1 completed in", timeout=TRAINED)
    await expect(ada.locator(".pinged")).to_have_count(0)
    for page in (ada, grace):
        await page.click("#thread-close")

    await say(ada, "/train samples #1")
    table = ada.locator("#list .only").filter(has=ada.locator("table")).last
    await expect(table.locator("tr", has_text="step 10")).to_contain_text("👍 1")
    await card(ada, "quick #1").get_by_role("button", name="Plot").click()
    picture = ada.locator("#list .only .picture img").last
    await expect(picture).to_have_js_property("complete", True, timeout=TRAINED)
    assert await picture.evaluate("one => one.naturalWidth") > 300
    assert await picture.get_attribute("alt")

    await say(ada, "/train start endless")
    await card(ada, "endless #2").get_by_role("button", name="Cancel").click()
    await expect(ada.locator("#list .only").last).to_contain_text("Cancel endless #2?")
    await expect(card(ada, "endless #2")).not_to_contain_text("cancelled")
    await ada.get_by_role("button", name="Cancel endless #2").click()
    await expect(card(ada, "endless #2").locator("h3")).to_contain_text("cancelled", timeout=TRAINED)
    await expect(ada.locator(".pinged")).to_have_count(0)

    await say(grace, "/train start hot")
    loud = ada.locator("#list .pinged")
    await expect(loud).to_contain_text(re.compile("@here hot #3 failed after"), timeout=TRAINED)
    await expect(loud).to_contain_text("training diverged")
    await expect(card(ada, "hot #3").locator("h3")).to_contain_text("failed", timeout=TRAINED)
    await expect(ada.locator(".pinged")).to_have_count(1)

    await ada.click("#invite")
    phone = await opened(browser, await ada.locator("#invite-url").input_value(), complaints, **PHONE)
    await expect(card(phone, "hot #3")).to_be_visible()
    await width_fits(phone)
    await card(phone, "quick #1").locator(".replies").click()
    await expect(phone.locator("#thread-list")).to_contain_text("step 30 of 30")
    await width_fits(phone)
    assert complaints == []
