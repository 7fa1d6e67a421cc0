"""The shop's one clock: it can stand, jump and run, and all that waits goes by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from include.sandbox.shopify.clock import Clock
from include.sandbox.shopify.store import Refused
from tests.sandbox.shopify.shop import ITEMS, Shop, row

KNOWN = "{ orders(first: 5) { nodes { id } } }"


def known(shop: Shop) -> int:
    return len(shop.post(KNOWN)["data"]["orders"]["nodes"])


def test_points_come_back_by_the_shops_clock(shop: Shop) -> None:
    shop.control.settings(clock_rate=0, points=100, restore_rate=50)
    assert shop.control.settings()["points"] == 100
    shop.control.advance(3)
    assert shop.control.settings()["points"] == 250
    # A clock that is set back gives nothing and takes nothing.
    shop.control.settings(clock_offset=-3600)
    assert shop.control.settings()["points"] == 250


def test_the_search_lags_by_the_shops_clock(shop: Shop) -> None:
    shop.control.settings(clock_rate=0, order_search_lag=600)
    shop.order((ITEMS[0], 1))
    assert known(shop) == 0
    shop.control.advance(599)
    assert known(shop) == 0
    shop.control.advance(1)
    assert known(shop) == 1


def test_keys_are_forgotten_by_the_shops_clock(shop: Shop) -> None:
    shop.control.settings(clock_rate=0)
    shop.adjust(row(delta=1), key="k")
    shop.control.advance(24 * 3600)
    assert shop.codes(row(delta=2, expected=None), key="k") == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    shop.control.advance(1)
    assert shop.codes(row(delta=2, expected=None), key="k") == []


def test_time_can_run_faster(shop: Shop) -> None:
    before = shop.control.settings(clock_rate=1_000_000)["clock_offset"]
    assert shop.control.settings()["clock_offset"] > before
    shown = shop.control.settings(clock_rate=1, clock_offset=7)
    assert (shown["clock_rate"], shown["clock_offset"]) == (1, 7)


def test_time_cannot_be_taken_back_by_letting_it_pass(shop: Shop) -> None:
    with pytest.raises(Refused, match=r"clock\.advance: got -1; expected seconds, 0 or more"):
        shop.control.advance(-1)


def test_who_dozes_is_woken_by_time_by_a_jump_and_by_news() -> None:
    async def doze() -> None:
        clock = Clock()
        await asyncio.wait_for(clock.doze(clock.now() - 1), 5)
        await asyncio.wait_for(clock.doze(clock.now() + 0.01), 5)
        clock.set(rate=1_000_000)
        await asyncio.wait_for(clock.doze(clock.now() + 3600), 5)
        clock.set(rate=0)
        cases: tuple[tuple[float | None, Callable[[], None]], ...] = (
            (clock.now() + 60, partial(clock.advance, 60)),
            (None, clock.wake),
        )
        for due, news in cases:
            sleeper = asyncio.create_task(clock.doze(due))
            await asyncio.sleep(0)
            assert not sleeper.done()
            news()
            await asyncio.wait_for(sleeper, 5)

    asyncio.run(doze())
