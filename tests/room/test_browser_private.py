"""The page in a real browser: private channels, downloads, wide tables, several pictures, and messages to one alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect
from room.browsing import CHROMIUM, Open, width_fits
from room.house import HOSTILE, Builder, FixedClock, House, everything, png

from bot.messages import model as m
from bot.room.chat import direct, person, place

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium or google-chrome on this machine"),
    pytest.mark.asyncio(loop_scope="module"),
]
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
NAMELESS = """[...document.querySelectorAll("button, a[href], input, textarea, [role=region], dialog[open]")]
    .filter(one => one.checkVisibility() && !one.ariaLabel && !one.title && !one.textContent.trim()
        && !one.labels?.length && !one.getAttribute("aria-labelledby") && !one.querySelector("img[alt]:not([alt=''])"))
    .map(one => one.outerHTML)"""


@pytest_asyncio.fixture(loop_scope="module")
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield await Builder(stack)(tmp_path / "bot.db", FixedClock())


async def post(house: House, message: m.Message, key: str = "k", channel: str = "training") -> None:
    await house.chat.post(place(channel), message, thread=None, key=key, tried_at=None)


async def become(page: Page, name: str) -> None:
    await page.click("#you")
    await page.get_by_role("button", name=name).click()
    await expect(page.locator("#you")).to_contain_text(name)


async def hush(page: Page) -> None:
    """Adds a private channel, which is then shown."""
    await page.get_by_role("button", name="Add a channel").click()
    await page.fill("#ask", "hush")
    await page.get_by_role("checkbox", name="Private").check()
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.locator("#members")).to_be_visible()


def table(text: str = "Ada Lovelace") -> m.Message:
    row = m.line("support-bot #42"), *(m.line(text) for _ in range(5))
    return m.Message("Runs", (m.Grid(("Run", "State", "By", "Took", "Loss", "Started"), (row,) * 10),))


async def test_a_private_channel_is_made_and_filled_by_keyboard_alone(house: House, visit: Open) -> None:
    page, other = await visit(), await visit()
    await become(other, "Grace")
    await page.get_by_role("button", name="Add a channel").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("hush")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("checkbox", name="Private")).to_be_focused()
    await page.keyboard.press("Space")
    await page.get_by_label("Name").press("Enter")
    await expect(page.locator("#title")).to_have_text("Private: hush")
    await expect(page.get_by_role("link", name="hush, private")).to_be_visible()
    await expect(page).to_have_title("hush · trainbot")
    await page.get_by_role("button", name="1 person in this private channel").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Who is in hush")).to_be_visible()
    await page.get_by_role("button", name="Let in Grace").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Remove Grace")).to_be_focused()
    await page.keyboard.press("Escape")
    await other.get_by_role("link", name="hush, private").click()
    await post(house, m.say("for two"), channel=page.url.rpartition("/")[2])
    await expect(other.locator("#list")).to_contain_text("for two")


async def test_who_is_let_out_is_led_away_and_their_page_forgets(house: House, visit: Open) -> None:
    page, other = await visit(), await visit()
    await become(other, "Grace")
    await hush(page)
    await page.click("#members")
    await page.get_by_role("button", name="Let in Grace").click()
    address = page.url
    await other.get_by_role("link", name="hush, private").click()
    await post(house, m.say("for two"), channel=address.rpartition("/")[2])
    await expect(other.locator("#list")).to_contain_text("for two")
    await page.get_by_role("button", name="Remove Grace").click()
    await expect(other.locator("#title")).to_have_text("#training")
    await expect(other.locator("#toast")).to_have_text("You are not in that channel any more.")
    await expect(other.get_by_role("link", name="hush")).to_have_count(0)
    await other.goto(address)
    await expect(other.locator("#toast")).to_have_text("There is no such channel here.")
    await expect(other.locator("#title")).to_have_text("#training")
    await expect(other.get_by_text("for two")).to_have_count(0)
    await page.get_by_role("button", name="Leave this channel").click()
    await expect(page.locator("#toast")).to_contain_text("You are the last one here.")


async def test_another_name_in_the_same_tab_does_not_keep_the_private_channels(house: House, visit: Open) -> None:
    page = await visit()
    await hush(page)
    await become(page, "Linus")
    await expect(page.locator("#title")).to_have_text("#training")
    await expect(page.get_by_role("link", name="hush")).to_have_count(0)
    await expect(page.locator("#members")).to_be_hidden()


async def test_files_are_chips_that_download_under_their_names(house: House, visit: Open) -> None:
    page = await visit()
    csv, hostile = m.File("support-bot-42.csv", "step\n" * 300, "Every metric"), m.File(HOSTILE, "<b>", HOSTILE)
    await post(house, m.say("Here.", csv, hostile))
    chips = page.get_by_role("list", name="Files").get_by_role("link")
    await expect(chips).to_have_count(2)
    await expect(chips.first).to_have_accessible_name("Download support-bot-42.csv, 1.5 kB: Every metric")
    await expect(chips.first).to_contain_text("1.5 kB · Every metric")
    async with page.expect_download() as waiting:
        await chips.first.press("Enter")
    download = await waiting.value
    assert download.suggested_filename == "support-bot-42.csv"
    assert Path(await download.path()).read_text() == "step\n" * 300
    await width_fits(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_wide_table_goes_sideways_on_a_phone_and_its_first_column_stays(
    house: House, visit: Open, scheme: str
) -> None:
    page = await visit(**PHONE, color_scheme=scheme)
    await post(house, table())
    grid = page.get_by_role("region", name="Table: Run, State, By, Took, Loss, Started")
    assert await grid.evaluate("one => one.scrollWidth > one.clientWidth")
    await width_fits(page)
    await grid.focus()
    await grid.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    await expect(grid.get_by_role("columnheader", name="Started")).to_be_in_viewport()
    first, box = await grid.locator("td").first.bounding_box(), await grid.bounding_box()
    assert first is not None
    assert box is not None
    assert abs(first["x"] - box["x"]) <= 2


async def test_a_table_of_long_words_wraps_them_on_a_wide_page(house: House, visit: Open) -> None:
    page = await visit()
    await post(house, table("word " * 60 + "w" * 200))
    await expect(page.locator("#list td").first).to_be_visible()
    await width_fits(page)
    assert await page.locator("#list td").nth(1).evaluate("one => one.clientWidth") <= 341


@pytest.mark.parametrize(("options", "rows"), [({}, 2), (PHONE, 3)], ids=["wide", "phone"])
async def test_pictures_stand_side_by_side_where_there_is_room(
    house: House, visit: Open, options: dict[str, object], rows: int
) -> None:
    page = await visit(**options)
    await post(house, m.say("Curves", *(m.Picture(png(640, 360, grey), f"curve {grey}") for grey in (10, 20, 30))))
    pictures = page.locator("#list .picture")
    await expect(pictures).to_have_count(3)
    for number in range(3):
        await expect(pictures.nth(number).locator("img")).to_have_js_property("naturalWidth", 640)
    tops = await pictures.evaluate_all("all => all.map(one => Math.round(one.getBoundingClientRect().top))")
    assert len(set(tops)) == rows
    await width_fits(page)


async def test_a_page_shows_its_end_however_late_its_pictures_come(house: House, visit: Open) -> None:
    page, come = await visit(), asyncio.Event()
    await post(house, m.say("Curves", *(m.Picture(png(640, 700, grey), "curve") for grey in (10, 20, 30))))
    await post(house, m.say("the end"), "end")

    async def late(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await page.route("**/room/picture/*", late)
    await page.reload()
    await expect(page.get_by_text("the end")).to_be_in_viewport()
    come.set()
    await expect(page.locator("#list img[src*=picture]").last).to_have_js_property("naturalWidth", 640)
    await expect(page.get_by_text("the end")).to_be_in_viewport()
    await expect(page.locator("#down")).to_be_hidden()


async def test_a_message_to_one_alone_is_noticed_from_everywhere(house: House, visit: Open) -> None:
    page, phone = await visit(), await visit(**PHONE)
    await house.chat.post(direct(person("ada")), m.say("support-bot is done"), thread=None, key="dm", tried_at=None)
    await expect(page.get_by_role("link", name="trainbot, 1 new message").locator(".badge")).to_have_text("1")
    await expect(page.locator("#live")).to_have_text("trainbot: support-bot is done")
    await expect(phone.locator("#menu .badge")).to_be_visible()
    await expect(phone.locator("#menu")).to_have_accessible_name("Channels and people, 1 new")
    await phone.click("#menu")
    await phone.get_by_role("link", name="trainbot, 1 new message").click()
    await expect(phone.locator("#list")).to_contain_text("support-bot is done")
    for one in (phone, page):
        await expect(one.locator("#menu .badge, #side .badge")).to_have_count(0 if one is phone else 2)


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
async def test_everything_that_can_be_used_has_a_name_and_nothing_runs_from_the_markup(
    house: House, visit: Open, options: dict[str, object]
) -> None:
    page = await visit(**options)
    await post(house, everything(), "a")
    await post(house, table(), "b")
    await expect(page.locator("#list td").first).to_be_visible()
    assert await page.evaluate(NAMELESS) == []
    if options:
        await page.click("#menu")
    await page.get_by_role("button", name="Add a channel").click()
    assert await page.evaluate(NAMELESS) == []
    await page.keyboard.press("Escape")
    await hush(page)
    await page.click("#members")
    await expect(page.locator("#inside li")).to_have_count(3)
    assert await page.evaluate(NAMELESS) == []
    inline = (
        "[...document.querySelectorAll('*')].flatMap(one => one.getAttributeNames()).filter(one => /^on/.test(one))"
    )
    assert await page.evaluate(inline) == []
    await expect(page.locator("script:not([src]), style")).to_have_count(0)
    await width_fits(page)
