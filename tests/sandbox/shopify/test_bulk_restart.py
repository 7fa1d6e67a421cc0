"""Bulk operations go on where the saved state is, after a clean stop and after a kill."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from include.sandbox import shopify
from tests.sandbox.shopify import bulk
from tests.sandbox.shopify.shop import ITEMS, Shop, row, wait_for

COUNT = 20
SLOW: dict[str, Any] = {"clock_rate": 0, "bulk_start_seconds": 0, "bulk_lines_per_second": 1}


@contextmanager
def shop_in(folder: Path) -> Iterator[Shop]:
    # Set with the start, so that an operation that is under way does not go ahead by the machine's clock.
    with shopify.running(folder, **SLOW) as emulator, closing(Shop(emulator)) as shop:
        yield shop


def test_a_mutation_goes_on_after_a_clean_stop(tmp_path: Path) -> None:
    with shop_in(tmp_path) as shop:
        shop.reset()
        shop.control.settings(**SLOW)
        content = b"\n".join(bulk.line(row(delta=1, expected=None)) for _ in range(COUNT))
        operation = bulk.run(shop, content)
        waiting = bulk.upload(shop, bulk.lines(ITEMS))
        shop.control.advance(8)
        wait_for("eight lines", lambda: shop.quantities()["available"] == 18)
    with shop_in(tmp_path) as shop:
        assert shop.quantities()["available"] >= 18
        shop.control.advance(1000)
        done = bulk.wait_until(shop, operation, "COMPLETED")
        assert sorted(bulk.numbered(done["url"])) == list(range(COUNT))
        assert shop.quantities()["available"] == 10 + COUNT
        # An upload outlives it too.
        assert bulk.start(shop, waiting)["userErrors"] == []


@pytest.mark.parametrize("export", [False, True])
def test_a_kill_in_the_middle_leaves_lines_and_stock_in_step(tmp_path: Path, export: bool) -> None:
    state = tmp_path / "shop.json"
    with shop_in(tmp_path) as shop:
        shop.reset()
        shop.control.settings(**SLOW)
        content = b"\n".join(bulk.line(row(delta=1, expected=None), key=f"line-{n}") for n in range(COUNT))
        operation = (
            bulk.query(shop, "{ inventoryItems { edges { node { id } } } }") if export else bulk.run(shop, content)
        )
        shop.control.advance(3)
        wait_for("three lines", lambda: bulk.get(shop, operation)["objectCount"] == "3")
        saved = state.stat().st_mtime_ns if state.exists() else 0
        shop.control.edit_level(ITEMS[1], "gid://shopify/Location/12", 1)
        wait_for("the state in the file", lambda: state.exists() and state.stat().st_mtime_ns > saved)
        # What comes after may be lost, but lines and stock alike.
        shop.control.advance(2)
        wait_for("five lines", lambda: bulk.get(shop, operation)["objectCount"] == "5")
        os.kill(shop.control.pid, signal.SIGKILL)
    with shop_in(tmp_path) as shop:
        shop.control.advance(1000)
        done = bulk.wait_until(shop, operation, "COMPLETED")
        if export:
            assert len(bulk.read(done["url"])) == 6
            return
        results = bulk.numbered(done["url"])
        assert sorted(results) == list(range(COUNT))
        assert all(each["data"]["inventoryAdjustQuantities"]["userErrors"] == [] for each in results.values())
        assert shop.quantities()["available"] == 10 + COUNT
