"""The shop's one clock: time stamps, the points bucket, the search's lag, keys, tokens, bulk operations and webhooks.

It runs with the machine's until it is told otherwise. Tests set it forward or let it run faster; at rate 0 it stands
still and moves only when told to, so that what takes hours happens at once, and when a test wants it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time


class Clock:
    """Seconds since 1970 as the shop sees them, and sleep measured by them."""

    def __init__(self, offset: float = 0.0) -> None:
        self._rate = 1.0
        self._moved = asyncio.Event()
        self._machine_then = time.time()
        self._shop_then = self._machine_then + offset

    def now(self) -> float:
        """Return the shop's time in seconds since 1970."""
        return self._shop_then + (time.time() - self._machine_then) * self._rate

    @property
    def rate(self) -> float:
        """Seconds of the shop per second of the machine."""
        return self._rate

    @property
    def offset(self) -> float:
        """Seconds by which the shop is ahead of the machine."""
        return round(self.now() - time.time(), 6) if self._rate != 1 else round(self._shop_then - self._machine_then, 6)

    def set(self, *, offset: float | None = None, rate: float | None = None) -> None:
        """Put the clock `offset` seconds ahead of the machine's, let it run at `rate` from now on, or both."""
        machine = time.time()
        self._shop_then = self.now() if offset is None else machine + offset
        self._machine_then = machine
        self._rate = self._rate if rate is None else rate
        self.wake()

    def advance(self, seconds: float) -> None:
        """Let time pass in no time."""
        self._shop_then += seconds
        self.wake()

    def wake(self) -> None:
        """Let everyone who dozes look again: the clock was moved, or there is something new to do."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def doze(self, until: float | None = None) -> None:
        """Sleep until the shop's time `until`, or until woken, whichever comes first; without `until`, until woken."""
        moved = self._moved
        if until is None or self._rate == 0:
            if until is None or until > self.now():
                await moved.wait()
            return
        left = (until - self.now()) / self._rate
        if left > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), left)
