"""Numbers for whoever watches the bot: /metrics as Prometheus text, /healthz in short.

Counted every few seconds by a task, so that asking costs nothing and blocks nothing.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from typing import Any

import structlog

from bot.store import operator
from bot.store.database import Database

log = structlog.get_logger()
EVERY = 5.0  # seconds


class Gauges:
    """The last count."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._counts: Mapping[str, int] = {}
        self._well = True

    async def run(self) -> None:
        """Counts until it is cancelled."""
        while True:
            try:
                self._counts = await self._db.read(operator.counts())
                self._well = True
            except sqlite3.OperationalError as error:
                self._well = False
                log.warning("the database cannot be read", error=str(error))
            await asyncio.sleep(EVERY)

    def health(self) -> Mapping[str, Any]:
        return {"ok": self._well, **self._counts}

    def text(self) -> str:
        """Prometheus text exposition format 0.0.4."""
        lines = []
        for name, value in self._counts.items():
            lines += [f"# TYPE trainbot_{name} gauge", f"trainbot_{name} {value}"]
        return "\n".join(lines) + "\n"
