"""The page in a real browser: what people see and do, by pointer, by keyboard alone, and on a phone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from room.browsing import CHROMIUM, PHONE, Open, width_fits
from room.house import Builder, FixedClock, House, everything

from bot.domain.calls import Call
from bot.domain.places import PostRef
from bot.messages import model as m
from bot.room.chat import direct, person, place

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium or google-chrome on this machine"),
    pytest.mark.asyncio(loop_scope="module"),
]
TRAINING = place("training")


@pytest_asyncio.fixture(loop_scope="module")
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield await Builder(stack)(tmp_path / "bot.db", FixedClock())


async def post(house: House, message: m.Message | str, key: str, thread: PostRef | None = None) -> PostRef:
    message = m.say(message) if isinstance(message, str) else message
    return await house.chat.post(TRAINING, message, thread=thread, key=key, tried_at=None)


async def test_every_block_is_drawn_and_hostile_text_is_inert(house: House, visit: Open) -> None:
    page = await visit()
    await post(house, everything(), "k")
    card = page.locator("#list .card")
    await expect(card).to_contain_text("<script>alert(1)</script>")
    await expect(card).to_contain_text("<U+202E>evil")
    for part in ("h3", "p.prose", "dl.facts dt", "pre", "blockquote", "table td", "progress", "p.aside", "time"):
        await expect(card.locator(part).first).to_be_visible()
    await expect(card.locator(".picture img")).to_have_js_property("naturalWidth", 60)
    await expect(card.locator("progress")).to_have_js_property("value", 0.4)
    await expect(card.locator("script, img[onerror]")).to_have_count(0)
    await expect(card.locator("a[href^=http]")).to_have_attribute("rel", "noopener noreferrer")
    await expect(card.locator(".ping").first).to_have_text("@here")
    await expect(page.locator("#list .pinged")).to_have_count(1)
    await card.locator(".picture").click()
    await expect(page.locator("#lightbox img")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#lightbox img")).to_be_hidden()
    await width_fits(page)


async def test_a_card_is_edited_in_place_and_keeps_the_focus(house: House, visit: Open) -> None:
    page = await visit()

    def card(done: float) -> m.Message:
        return m.Message(
            "card", (m.Meter(done, f"{done:.0%}"), m.Buttons((m.Button("x", Call("status")),))), m.Tone.RUNNING
        )

    ref = await post(house, card(0.1), "k")
    button = page.get_by_role("button", name="x", exact=True)
    await button.focus()
    await house.chat.edit(ref, card(0.9))
    await expect(page.locator(".meter")).to_contain_text("90%")
    await expect(button).to_be_focused()
    await expect(page.locator("#list .card")).to_have_count(1)


async def test_a_button_is_pressed_once_while_it_waits_and_the_answer_is_for_me(house: House, visit: Open) -> None:
    page, other = await visit(), await visit()
    await post(house, everything("Press"), "k")
    house.registry.gate = asyncio.Event()
    button = page.locator(".button.danger")
    await button.dblclick()
    await expect(button).to_have_attribute("aria-disabled", "true")
    house.registry.gate.set()
    await expect(page.locator(".only")).to_contain_text("Answer to status.")
    await expect(button).not_to_have_attribute("aria-disabled", "true")
    assert len(house.registry.asked) == 1
    # The other browser is Ada too, as she was chosen there, so she sees it; Grace would not.
    await other.click("#you")
    await other.get_by_role("button", name="Grace").click()
    await expect(other.locator("#list .card")).to_be_visible()
    await expect(other.locator(".only")).to_have_count(0)
    await page.get_by_role("button", name="Dismiss this reply").click()
    await expect(page.locator(".only")).to_have_count(0)


async def test_two_people_vote_and_one_takes_it_back(house: House, visit: Open) -> None:
    ref = await post(house, "Sample", "k")
    await house.chat.react(ref, ["👍", "👎"])
    ada, grace = await visit(), await visit()
    await grace.click("#you")
    await grace.get_by_role("button", name="Grace").click()
    up = [page.locator("#list .chip[data-emoji='👍']") for page in (ada, grace)]
    await up[0].click()
    await expect(up[0]).to_have_attribute("aria-pressed", "true")
    await up[1].click()
    for chip in up:
        await expect(chip.locator(".number")).to_have_text("2")
    assert await up[0].get_attribute("title") == "you and Grace"
    await up[1].click()
    await expect(up[0].locator(".number")).to_have_text("1")
    assert await house.chat.reactions(ref) == [(person("ada"), "👍")]
    await grace.get_by_role("button", name="Add a reaction").last.click()
    await grace.get_by_role("menuitemcheckbox", name="🎉").click()
    await expect(ada.locator(".chip[data-emoji='🎉']")).to_be_visible()


async def test_the_whole_way_by_keyboard(house: House, visit: Open) -> None:
    page = await visit()
    root = await post(house, "Card", "k")
    await post(house, "Sample", "r", root)
    await expect(page.locator("#write")).to_be_focused()
    await page.keyboard.type("/sta")
    options = page.get_by_role("option")
    await expect(options).to_have_count(2)
    await expect(page.locator("#write")).to_have_attribute("aria-activedescendant", "write-choices-0")
    await page.keyboard.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page.locator("#write")).to_have_value("/train start ")
    await page.keyboard.type("sup")
    await expect(options).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(page.locator("#write")).to_have_value("/train start support-bot")
    await page.keyboard.press("Escape")
    await expect(options).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(page.locator(".only .echo")).to_have_text("/train start support-bot")
    assert house.registry.asked[0][1] == "start support-bot"
    replies = page.locator(".replies")
    for _ in range(12):
        await page.keyboard.press("Shift+Tab")
        if await replies.evaluate("one => one === document.activeElement"):
            break
    await expect(replies).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#reply")).to_be_focused()
    await page.keyboard.type("nice")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread-list")).to_contain_text("nice")
    await expect(replies).to_contain_text("2 replies")
    await page.keyboard.press("Escape")
    await expect(page.locator("#thread")).to_be_hidden()
    await expect(replies).to_be_focused()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator("#title")).to_have_text("#general")
    await page.keyboard.press("/")
    await expect(page.locator("#write")).to_have_value("/")


async def test_a_phone_has_the_channels_in_a_drawer_and_the_thread_over_everything(house: House, visit: Open) -> None:
    page = await visit(**PHONE)
    root = await post(house, everything(), "k")
    await post(house, everything(), "r", root)
    await expect(page.locator("#list .card")).to_be_visible()
    await width_fits(page)
    await expect(page.locator("#side")).to_be_hidden()
    await page.click("#menu")
    await expect(page.locator("#side a").first).to_be_visible()
    await width_fits(page)
    await page.locator("#side a").nth(1).click()
    await expect(page.locator("#title")).to_have_text("#general")
    await expect(page.locator("#side")).to_be_hidden()
    await page.go_back()
    await page.locator(".replies").click()
    await expect(page.locator("#main")).to_be_hidden()
    await expect(page.locator("#thread-list .card")).to_have_count(2)
    await width_fits(page)
    await page.get_by_role("button", name="Close the thread").click()
    await expect(page.locator("#main")).to_be_visible()


async def test_a_mention_elsewhere_shows_at_the_channel_and_in_the_title(house: House, visit: Open) -> None:
    page = await visit()
    await page.locator("#side a").nth(1).click()
    await post(house, m.Message("failed", (m.Prose(m.line(m.Ping(), " failed")),), m.Tone.BAD), "k")
    await expect(page.locator("#side .badge")).to_have_text("1")
    await expect(page).to_have_title("(1) #general · trainbot")
    await house.chat.post(direct(person("ada")), m.say("done"), thread=None, key="dm", tried_at=None)
    await expect(page).to_have_title("(2) #general · trainbot")
    await page.locator("#side a").first.click()
    await expect(page.locator("#side .badge")).to_have_count(1)
    await page.get_by_role("link", name="trainbot").click()
    await expect(page.locator("#list")).to_contain_text("done")
    await expect(page).to_have_title("trainbot · trainbot")


async def test_what_was_said_while_the_connection_was_down_comes_when_it_is_back(house: House, visit: Open) -> None:
    page = await visit()
    await page.context.set_offline(True)
    await house.room.hub.hang_up()
    await expect(page.locator("#link")).to_have_text("Connecting again …")
    await page.fill("#write", "typed while away")
    await page.keyboard.press("Enter")
    await expect(page.locator(".pending")).to_contain_text("Waiting for the connection")
    await post(house, "said meanwhile", "k")
    await page.context.set_offline(False)
    await expect(page.locator("#list .message:not(.pending)")).to_have_count(2)
    await expect(page.locator("#list")).to_contain_text("said meanwhile")
    await expect(page.locator("#link")).to_be_empty()


async def test_history_survives_a_reload_and_older_pages_are_fetched(house: House, visit: Open) -> None:
    page = await visit()
    for number in range(60):
        await post(house, f"message {number}.", f"{number}")
    await page.fill("#write", "a draft")
    await page.reload()
    await expect(page.locator("#list .message")).to_have_count(40)
    await expect(page.locator("#write")).to_have_value("a draft")
    await page.locator("#scroll").evaluate("one => { one.scrollTop = 0; }")
    await expect(page.locator("#list .message")).to_have_count(60)
    await expect(page.locator("#older button")).to_have_count(0)


async def test_a_link_brings_an_old_message_of_a_channel_into_view(house: House, visit: Open) -> None:
    page = await visit()
    refs = [await post(house, f"message {number}.", f"{number}") for number in range(60)]
    link = await house.chat.link(refs[3])
    await expect(page.locator("#list")).to_contain_text("message 59.")
    for again in (False, True):
        await page.goto(house.url + str(link))
        if again:
            await page.reload()
        await expect(page.locator(".message.target")).to_contain_text("message 3.")
        await expect(page.locator(".message.target")).to_be_in_viewport()


async def test_channels_people_and_an_invitation_are_made_in_the_page(house: House, visit: Open) -> None:
    page = await visit()
    await page.get_by_role("button", name="Add a channel").click()
    await page.fill("#ask", "Not good!")
    await page.keyboard.press("Enter")
    await expect(page.locator(".problem")).to_contain_text("letters a to z")
    await page.fill("#ask", "evals")
    await page.keyboard.press("Enter")
    await expect(page.locator("#title")).to_have_text("#evals")
    await page.click("#you")
    await page.fill("#ask", "Barbara")
    await page.keyboard.press("Enter")
    await expect(page.locator("#you")).to_contain_text("Barbara")
    await page.fill("#write", "hello")
    await page.keyboard.press("Enter")
    await expect(page.locator("#list .message:not(.pending) .who")).to_contain_text("Barbara")
    await page.click("#invite")
    url = await page.locator("#invite-url").input_value()
    assert url.startswith(f"{house.url}/room?token=")


async def test_a_stranger_reads_how_to_get_in(house: House, browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(house.url)
    await expect(page.get_by_role("heading")).to_have_text("This browser is not let in yet")
    await expect(page.locator("code")).to_have_text("trainbot demo")
    await context.close()


async def test_a_link_on_another_site_leads_in_and_keeps_its_place(house: House, browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await house.chat.post(place("general"), m.say("found"), thread=None, key="k", tried_at=None)
    elsewhere = house.url.replace("127.0.0.1", "localhost")  # another site to a browser
    for address in (await house.room.address(house.url), f"{house.url}/#c/general/m1"):
        await page.goto(elsewhere)
        await page.evaluate("address => { location.href = address; }", address)
        await expect(page.locator("#side a").first).to_be_visible()
    await expect(page.locator("#list .target")).to_contain_text("found")
    await context.close()
