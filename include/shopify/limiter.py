"""Spends a shop's points without overdrawing them, by what Shopify itself says is left."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Limiter:
    """Follows the leaky bucket of one shop: what was left at the last answer, plus what has flowed in since."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    waited: float = 0.0
    _available: float = field(default=float("inf"))
    _bucket_size: float = field(default=float("inf"))
    _restore_rate: float = field(default=100.0)
    _measured_at: float = field(default=0.0)

    def wait_for_points(self, points: float) -> None:
        """Wait until the bucket should hold that many points."""
        if (missing := points - self._now()) > 0:
            self.pause(missing / self._restore_rate)

    def spend(self, points: float) -> None:
        """Take note that a request asks for so many points."""
        self._available = self._now() - points
        self._measured_at = self.clock()

    def pause(self, seconds: float) -> None:
        """Wait because Shopify asked for it."""
        self.waited += seconds
        self.sleep(seconds)

    def learn(self, cost: Mapping[str, object]) -> None:
        """Take over what an answer says of the bucket.

        Args:
            cost: `extensions.cost` of the answer.
        """
        status = cost.get("throttleStatus")
        if isinstance(status, Mapping):
            self._available = float(status["currentlyAvailable"])
            self._bucket_size = float(status["maximumAvailable"])
            self._restore_rate = float(status["restoreRate"])
            self._measured_at = self.clock()

    def seconds_until(self, points: float) -> float:
        """Seconds until the bucket should hold that many points, at least one (after THROTTLED)."""
        return max(1.0, (points - self._now()) / self._restore_rate)

    def _now(self) -> float:
        return min(self._bucket_size, self._available + (self.clock() - self._measured_at) * self._restore_rate)
