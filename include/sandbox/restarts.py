"""Starts parts of the sandbox again that have ended by themselves: killed, or for want of a database that was down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from include.sandbox import process
from include.sandbox.process import Child

LONGEST_PAUSE_S = 16.0
MOST_STARTS = 8
"""Starts in a row that a part may need: with the pauses, more than a minute."""

STEADY_S = 60.0
"""Seconds that a part has to run for its earlier ends to be forgotten."""


@dataclass
class _Ends:
    """How often a part has ended of late, and when it is started again."""

    times: int
    start_at: float | None
    started_at: float = 0.0


@dataclass
class Restarts:
    """Keeps some children up: the first time at once, then after 1, 2, 4 ... seconds, until one keeps ending.

    Attributes:
        children: Those that are kept up. Any other one that ends is given up at once.
        say: Told of each end and each start.
        now: The clock, in seconds; replaced in tests.
    """

    children: Iterable[Child]
    say: Callable[[str], None]
    now: Callable[[], float] = time.monotonic
    _ends: dict[str, _Ends] = field(default_factory=dict)

    def look(self) -> Child | None:
        """Start again what has ended and is due; to be called every second or so.

        Returns:
            A child that has ended and is not started again; None if there is none.

        Raises:
            SandboxError: A part could not be started.
        """
        kept = {child.target.name for child in self.children}
        for child in process.ended():
            if child.target.name not in kept or not self._keep_up(child):
                return child
        return None

    def _keep_up(self, child: Child) -> bool:
        """Start a child again if it is due; tells whether to go on with it."""
        name, now = child.target.name, self.now()
        ends = self._ends.setdefault(name, _Ends(0, None))
        if ends.start_at is None:
            ends.times = ends.times + 1 if now - ends.started_at < STEADY_S else 1
            if ends.times > MOST_STARTS:
                return False
            pause = min(LONGEST_PAUSE_S, 2.0 ** (ends.times - 2)) if ends.times > 1 else 0.0
            ends.start_at = now + pause
            self.say(f"{name} has ended by itself (exit status {child.exit_code}); started again in {pause:g} s")
        if now >= ends.start_at:
            child.start_again()
            ends.start_at, ends.started_at = None, self.now()
        return True
