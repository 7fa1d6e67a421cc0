"""A clean stop saves what changed up to the last moment, and the next start goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from include.sandbox import shopify
from tests.sandbox.shopify.shop import ITEMS, MAIN, Shop, row


@contextmanager
def shop_in(folder: Path) -> Iterator[Shop]:
    with shopify.running(folder) as emulator, closing(Shop(emulator)) as shop:
        yield shop


def test_a_stop_right_after_a_change_loses_nothing(tmp_path: Path) -> None:
    with shop_in(tmp_path) as shop:
        shop.reset()
        order = shop.order((ITEMS[0], 2))
        # The file is written at most once a second, so the last of these changes are younger than the file.
        payloads = [shop.adjust(row(ITEMS[1], 1, 10 + n), key=f"key-{n}") for n in range(5)]
        levels, history = shop.control.levels(), shop.control.history()

    with shop_in(tmp_path) as shop:
        assert shop.control.levels() == levels
        assert shop.control.history() == history
        # A key that was used is still known, and so is the group that it made.
        shop.control.settings(replay="documented")
        assert shop.adjust(row(ITEMS[1], 1, 14), key="key-4") == payloads[4]
        assert shop.quantities(ITEMS[1])["available"] == 15
        # New ids do not collide with those handed out before the stop.
        assert shop.order((ITEMS[0], 1)) != order
        shop.control.cancel_order(order)
        assert shop.quantities(ITEMS[0], MAIN) == {
            "available": 9,
            "on_hand": 10,
            "committed": 1,
            "damaged": 0,
            "incoming": 0,
        }


def test_a_foreign_state_file_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "shop.json"
    foreign.write_text('{"someone": "else"}')
    with pytest.raises(Exception, match="not a state file of the Shopify emulator"), shopify.running(tmp_path):
        pass
    assert foreign.read_text() == '{"someone": "else"}'
