"""The emulated shop as the simulator deals with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from include.sandbox.shopify.control import Control


class Shop(Control):
    """The emulated shop; `before` is called before it is asked for anything, to tell it the time."""

    before: Callable[[], None] = staticmethod(lambda: None)

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        if path != "clock":
            self.before()
        return super()._call(method, path, body)
