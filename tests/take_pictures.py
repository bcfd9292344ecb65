"""Takes README's pictures anew from the running demo: `python tests/take_pictures.py`. Needs a Chromium.

No test: it trains the packaged recipes several times, which takes about five minutes. `python tests/take_pictures.py
questions` leaves out the first three pictures, `runs` takes only these.
"""

import json
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

import httpx
from playwright.sync_api import Browser, Locator, Page, sync_playwright

IMAGES = Path(__file__).parents[1] / ".github" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
MINUTES = 180_000  # milliseconds that a run may take
WINDOW, TALL = {"width": 1280, "height": 860}, {"width": 1280, "height": 1600}


@contextmanager
def demo() -> Iterator[tuple[str, Path]]:
    """A demo of its own in an empty folder; gives its address and the folder."""
    folder = tempfile.mkdtemp()
    command = [sys.executable, "-m", "bot", "demo", "--port", "0", "--data-dir", folder, "--stop-jobs"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TRAINBOT_CONCURRENCY": "2"}
    )
    try:
        assert process.stdout is not None
        address = next(match[1] for line in process.stdout if (match := re.search(r"Open\s+(\S+)", line)))
        yield address, Path(folder)
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
    page.set_viewport_size({"width": 1280, "height": 940})  # the whole message, with its buttons
    page.wait_for_timeout(3000)
    page.locator("#scroll").evaluate("one => one.scrollTo(0, one.scrollHeight)")
    page.wait_for_timeout(1000)
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


def go(page: Page, channel: str) -> None:
    page.goto(re.sub(r"#.*", "", page.url) + f"#c/{channel}")
    page.locator("#title").get_by_text(f"#{channel}").wait_for()


def ask(page: Page, text: str) -> Locator:
    """The answer to what is typed."""
    told = page.locator("#list .only")
    before = told.count()
    type_command(page, text)
    told.nth(before).wait_for()
    return told.nth(before)


def ended(page: Page, title: str) -> Locator:
    """The run's card once it is over."""
    card = page.locator("#list .message:not(.only)").filter(has=page.locator("h3", has_text=f"{title} ·"))
    card.locator("h3", has_text=re.compile("completed|failed")).wait_for(timeout=MINUTES)
    return card


def save(message: Locator, name: str) -> None:
    """The picture of one message, at rest."""
    message.scroll_into_view_if_needed()
    message.page.mouse.move(0, 0)
    message.page.wait_for_timeout(800)
    message.screenshot(path=IMAGES / name)


def another_client_starts(folder: Path, name: str) -> None:
    """A job that nobody asked for in the chat."""
    service = json.loads((folder / "demo" / "trainer" / "service.json").read_text())
    data = {"type": "file", "name": "support-tickets.jsonl"}
    sizes = {"maxSteps": 1200, "perDeviceTrainBatchSize": 24, "maxLength": 160, "loggingSteps": 10, "saveSteps": 200}
    httpx.post(
        f"{service['url']}/v1/jobs",
        headers={"Authorization": f"Bearer {service['token']}"},
        json={
            "name": name,
            "config": {"model": "tiny", "datasetSource": data, "learningRate": 2e-3, **sizes},
        },
        trust_env=False,
    ).raise_for_status()


def storm_picture(page: Page) -> None:
    """Three failures in short order; the third folds."""
    go(page, "training")
    for _ in range(3):
        ask(page, "/train start too-hot")
    storm = page.locator("#list .message").filter(has_text="failed here in short order")
    storm.wait_for(timeout=2 * MINUTES)
    save(storm, "storm.png")


def comparison_pictures(page: Page, first: str, second: str) -> None:
    go(page, "training")
    for title in (first, second):
        ended(page, title)
    page.set_viewport_size(TALL)
    save(ask(page, f"/train compare {first} {second}"), "compare.png")
    page.set_viewport_size(WINDOW)


def outside_pictures(page: Page, folder: Path) -> None:
    """A run that was started by another client, where every run is followed; and why it is told there."""
    go(page, "general")
    ask(page, "/train follow everything")
    another_client_starts(folder, "nightly-sweep")
    card = page.locator("#list .message:not(.only)").filter(has_text="outside chat").first
    card.wait_for(timeout=MINUTES)
    card.get_by_text(re.compile("step [2-9][0-9]0 of")).wait_for(timeout=MINUTES)
    save(card, "outside.png")
    save(ask(page, "/train follows #3"), "follows.png")


def list_picture(page: Page) -> None:
    go(page, "general")
    save(ask(page, "/train list since=1d"), "list.png")


def question_pictures(page: Page, folder: Path) -> None:
    go(page, "training")
    ask(page, '/train start support-bot lr=6e-4 note="a third of the rate"')
    ask(page, '/train start support-bot note="as it is"')
    comparison_pictures(page, "support-bot #1", "support-bot #2")
    outside_pictures(page, folder)
    storm_picture(page)
    list_picture(page)


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        if "questions" not in sys.argv:
            with demo() as (address, _):
                page = browser.new_page(viewport=WINDOW)
                page.goto(address)
                run_picture(page)
                page.get_by_text("completed in").first.wait_for(timeout=MINUTES)
                failure_picture(page)
                phone_picture(browser, page, address)
        if "runs" not in sys.argv:
            with demo() as (address, folder):
                page = browser.new_page(viewport=WINDOW)
                page.goto(address)
                question_pictures(page, folder)
        browser.close()


if __name__ == "__main__":
    main()
