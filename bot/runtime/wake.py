"""A wake-up call between tasks: set by whoever has news, waited for with a limit on the injected clock."""

import asyncio

from bot.ports import Clock


class Wake:
    """`set` before `wait` is not lost."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Returns at the next `set`, or after so many seconds."""
        if not self._event.is_set():
            await self._either(seconds)
        self._event.clear()

    async def _either(self, seconds: float) -> None:
        waiting = {asyncio.ensure_future(self._event.wait()), asyncio.ensure_future(self._clock.sleep(seconds))}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
