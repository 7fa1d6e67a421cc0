"""The emulated shop as the simulator deals with it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from include.sandbox.shopify.control import SECONDS_TO_ANSWER, Control
from include.sandbox.shopify.store import Refused

SECONDS_OPEN = 30.0
"""After so long a connection that was not used is made anew: the emulator closes it after a minute."""


class Shop(Control):
    """The emulated shop; `before` is called before it is asked for anything, to tell it the time.

    It is asked some hundred times in each run, so this is done with as little ceremony as Python has.
    """

    before: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, url: str) -> None:
        super().__init__(url)
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS_TO_ANSWER)
        self._last_used = time.monotonic()
        self._history: list[dict[str, Any]] = []

    def close(self) -> None:
        """Let go of the connections; the emulator goes on."""
        self._connection.close()
        super().close()

    def seed(
        self,
        locations: Sequence[Mapping[str, object]],
        items: Sequence[Mapping[str, object]],
        levels: Sequence[Mapping[str, object]],
        counters: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """Replace the shop by a new one; returns its ids."""
        self._history = []
        return super().seed(locations, items, levels, counters)

    def history(self, since: int = 0) -> list[dict[str, Any]]:
        """Every change that was applied, in order, less the first `since`; what was read before is not read again."""
        self._history += super().history(len(self._history))
        return self._history[since:]

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        if path != "clock":
            self.before()
        if time.monotonic() - self._last_used > SECONDS_OPEN:
            self._connection.close()
        self._connection.request(method, f"/control/{path}", None if body is None else json.dumps(body))
        answer = self._connection.getresponse()
        told = json.loads(answer.read())
        self._last_used = time.monotonic()
        if answer.status >= 400:
            raise Refused(told["error"])
        return told
