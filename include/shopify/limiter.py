"""Spends a shop's points without overdrawing them, by what Shopify itself says is left."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

NEXT_TO_NOTHING = 1e-6
"""Points that may be missing by rounding."""


@dataclass(slots=True)
class Limiter:
    """Follows the leaky bucket of one shop: what was left at the last answer, plus what has flowed in since.

    Several requests may be on their way at a time, and their answers come in any order. What an answer says is left is
    certain to take account only of requests that were answered before this one was sent; all others taken since then
    are deducted from it. That may be a few points too many until the next answer, and is never too few.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    waited: float = 0.0
    _available: float = field(default=float("inf"))
    _bucket_size: float = field(default=float("inf"))
    _restore_rate: float = field(default=100.0)
    _measured_at: float = field(default=0.0)
    _taken: float = 0.0
    _answered: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, points: float) -> None:
        """Wait until the bucket should hold that many points, and take them for a request that is about to leave."""
        while (missing := self._take(points)) > 0:
            self.pause(missing / self._restore_rate)

    def give_back(self, points: float) -> None:
        """Give back what was taken for a request that does not leave after all."""
        with self._lock:
            self._available += points
            self._taken -= points

    def sent(self) -> float:
        """Note that a request leaves.

        Returns:
            What `answered` is to be told of it: the points of the requests that were answered by now.
        """
        return self._answered

    def answered(self, points: float, sent: float, cost: Mapping[str, object]) -> None:
        """Take over what an answer says of the bucket. To be told also of requests that get no answer.

        Args:
            points: What was taken for the request.
            sent: What `sent` has returned for it.
            cost: `extensions.cost` of the answer; empty if there is none.
        """
        with self._lock:
            bucket = _bucket(cost)
            if bucket is not None:
                available, self._bucket_size, self._restore_rate = bucket
                perhaps_not_counted = self._taken - sent - points
                self._available = available - perhaps_not_counted
                self._measured_at = self.clock()
            self._answered += points

    def pause(self, seconds: float) -> None:
        """Wait because Shopify asked for it."""
        self.waited += seconds
        self.sleep(seconds)

    def seconds_until(self, points: float) -> float:
        """Seconds until the bucket should hold that many points, at least one (after THROTTLED)."""
        with self._lock:
            return max(1.0, (points - self._now()) / self._restore_rate)

    def _take(self, points: float) -> float:
        """Take points if they are there; returns how many are missing."""
        with self._lock:
            missing = points - self._now()
            if missing > NEXT_TO_NOTHING:
                return missing
            self._available, self._measured_at = -missing, self.clock()
            self._taken += points
            return 0.0

    def _now(self) -> float:
        return min(self._bucket_size, self._available + (self.clock() - self._measured_at) * self._restore_rate)


def _bucket(cost: Mapping[str, object]) -> tuple[float, float, float] | None:
    """What is left, the size and the restore rate, if an answer tells all of them."""
    status = cost.get("throttleStatus")
    if not isinstance(status, Mapping):
        return None
    told = [status.get(name) for name in ("currentlyAvailable", "maximumAvailable", "restoreRate")]
    numbers = [float(each) for each in told if isinstance(each, int | float)]
    if len(numbers) < len(told) or numbers[2] <= 0:
        return None
    return numbers[0], numbers[1], numbers[2]
