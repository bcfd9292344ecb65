"""Numbers for whoever watches the bot, counted in the database."""

import asyncio
from pathlib import Path

from commands.office import opened

from bot.metrics import Gauges

NAMES = {"outbox_waiting", "outbox_buried", "places_blocked", "runs_live"}


async def counted(gauges: Gauges) -> None:
    """Counts once."""
    counting = asyncio.create_task(gauges.run())
    async with asyncio.timeout(10):
        while "runs_live" not in gauges.health():
            await asyncio.sleep(0)
    counting.cancel()
    await asyncio.gather(counting, return_exceptions=True)


async def test_what_waits_and_what_lives_is_counted(tmp_path: Path) -> None:
    async with opened(tmp_path / "bot.db") as office:
        await office.ask("start support-bot")
        gauges = Gauges(office.db)
        await counted(gauges)
    assert gauges.health() == {
        "ok": True, "outbox_waiting": 2, "outbox_buried": 0, "places_blocked": 0, "runs_live": 1,
    }  # fmt: skip


async def test_the_numbers_are_prometheus_text(tmp_path: Path) -> None:
    async with opened(tmp_path / "bot.db") as office:
        gauges = Gauges(office.db)
        await counted(gauges)
    lines = gauges.text().splitlines()
    assert gauges.text().endswith("\n")
    assert {line.split()[2] for line in lines if line.startswith("#")} == {f"trainbot_{name}" for name in NAMES}
    assert {tuple(line.split()) for line in lines if not line.startswith("#")} == {
        (f"trainbot_{name}", "0") for name in NAMES
    }


async def test_before_the_first_count_the_bot_is_well_and_has_no_numbers(tmp_path: Path) -> None:
    async with opened(tmp_path / "bot.db") as office:
        gauges = Gauges(office.db)
    assert gauges.health() == {"ok": True}
    assert gauges.text().strip() == ""
