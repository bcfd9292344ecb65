"""Takes README's pictures anew from the running demo: `python tests/take_pictures.py`. Needs a Chromium.

No test: it trains the packaged recipes, which takes about two minutes.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parents[1] / ".github" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
MINUTES = 180_000  # milliseconds that a run may take


@contextmanager
def demo() -> Iterator[str]:
    """A demo of its own in an empty folder; gives its address."""
    folder = tempfile.mkdtemp()
    command = [sys.executable, "-m", "bot", "demo", "--port", "0", "--data-dir", folder, "--stop-jobs"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        assert process.stdout is not None
        address = next(match[1] for line in process.stdout if (match := re.search(r"Open\s+(\S+)", line)))
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def type_command(page: Page, text: str) -> None:
    box = page.locator("#write")
    box.fill(text)
    page.keyboard.press("Escape")
    box.press("Enter")


def run_picture(page: Page) -> None:
    type_command(page, "/train start support-bot")
    page.locator(".replies").first.click(timeout=30_000)
    thread = page.locator("#thread-list")
    thread.get_by_text("step 200").first.wait_for(timeout=MINUTES)
    thumbs = thread.locator(".chip[data-emoji='👍']")
    for number in (9, 10, 12, 13, 14):
        thumbs.nth(number).click()
    thread.locator(".chip[data-emoji='👎']").nth(3).click()
    page.wait_for_timeout(5000)
    thread.get_by_text("step 40").first.evaluate("one => one.scrollIntoView({block: 'start'})")
    page.locator("#thread-scroll").evaluate("one => one.scrollBy(0, -320)")
    page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / "run.png")


def failure_picture(page: Page) -> None:
    page.keyboard.press("Escape")
    type_command(page, "/train start too-hot")
    page.get_by_text("@here").first.wait_for(timeout=MINUTES)
    page.wait_for_timeout(3000)
    page.screenshot(path=IMAGES / "failure.png")


def phone_picture(browser: Browser, page: Page, address: str) -> None:
    state = page.context.storage_state()
    context = browser.new_context(
        viewport={"width": 390, "height": 780}, color_scheme="dark", storage_state=state, device_scale_factor=2
    )
    phone = context.new_page()
    phone.goto(re.sub(r"/room.*", "/", address))
    phone.locator(".replies").first.click()
    phone.wait_for_timeout(1500)
    phone.screenshot(path=IMAGES / "phone.png")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(address)
        run_picture(page)
        page.get_by_text("completed in").first.wait_for(timeout=MINUTES)
        failure_picture(page)
        phone_picture(browser, page, address)
        browser.close()


if __name__ == "__main__":
    main()
