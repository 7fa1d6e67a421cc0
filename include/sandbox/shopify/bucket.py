"""The points bucket: one per app and shop, shared by everything that calls (documented)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """A leaky bucket of points.

    The size of 2000 points and the rate of 100 points a second are those of the Standard plan (size recorded on
    2026-04, rate documented). `points` is what was left at `filled_at`.
    """

    size: float = 2000.0
    rate: float = 100.0
    points: float = 2000.0
    clock: Callable[[], float] = time.monotonic
    filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.filled_at = self.clock()

    def available(self) -> float:
        """Return the points in the bucket now."""
        now = self.clock()
        self.points = min(self.size, self.points + max(0.0, now - self.filled_at) * self.rate)
        self.filled_at = now
        return self.points

    def take(self, points: float) -> bool:
        """Take the requested cost out of the bucket; False, and nothing taken, if it holds less."""
        if self.available() < points:
            return False
        self.points -= points
        return True

    def give_back(self, points: float) -> None:
        """Refund what was requested and not used (documented)."""
        self.points = min(self.size, self.available() + points)

    def configure(self, *, size: float | None = None, rate: float | None = None, points: float | None = None) -> None:
        """Change the plan. A new size fills the bucket; `points` sets what it holds now."""
        held = self.available()
        if size is not None:
            self.size = held = size
        if rate is not None:
            self.rate = rate
        self.points = min(self.size, held if points is None else points)

    def status(self) -> dict[str, float | int]:
        """Return throttleStatus as Shopify shows it: two floats and a whole number of points (recorded on 2026-04)."""
        return {
            "maximumAvailable": float(self.size),
            "currentlyAvailable": int(self.available()),
            "restoreRate": float(self.rate),
        }
