"""Waiting for something to become true without looking again and again."""

import asyncio
from collections.abc import Callable


class Changes:
    """Counts changes, and wakes who waits for one. Belongs to one event loop."""

    def __init__(self) -> None:
        self.generation = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        """Say that something changed."""
        self.generation += 1
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    async def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition holds, asked after each change; False when the time is up."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    await self._next()
        except TimeoutError:
            return holds()
        return True

    async def _next(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)
