"""A clock that stands still until a test moves it, and then jumps from sleeper to sleeper."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class VirtualClock:
    """`ports.Clock`. Nothing moves but by `advance`."""

    def __init__(self, begin: datetime = BEGIN) -> None:
        self._begin = begin
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + max(seconds, 0.0), next(self._order), future))
        await future

    def advance(self) -> bool:
        """Moves to the next sleeper and wakes everybody who is due; False when nobody sleeps."""
        self._drop_finished()
        if not self._sleepers:
            return False
        self.move_to(self._sleepers[0][0])
        return True

    def upcoming(self) -> float | None:
        """The moment (monotonic) at which the next sleeper is due; None when nobody sleeps."""
        self._drop_finished()
        return self._sleepers[0][0] if self._sleepers else None

    def step_back(self, seconds: float) -> None:
        """Somebody sets the wall clock back; the monotonic one goes on."""
        self._begin -= timedelta(seconds=seconds)

    def move(self, seconds: float) -> None:
        """Moves on by so many seconds."""
        self.move_to(self._elapsed + seconds)

    def move_to(self, moment: float) -> None:
        self._elapsed = max(self._elapsed, moment)
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)

    def _drop_finished(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
