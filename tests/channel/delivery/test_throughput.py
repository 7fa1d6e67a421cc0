"""Ten thousand changed levels on the Standard plan: forty writes, nobody throttled, nobody waiting."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from include.channel.planning import planner
from include.jobs.defaults import RETRY_BY_KIND
from include.shopify.access import Access
from include.shopify.client import Client
from include.shopify.errors import Throttled
from tests.scenarios.store import Store
from tests.world import ONLINE, SHOP

ADJUST = "inventoryAdjustQuantities"
LEVELS = 10_000
ITEM = "gid://shopify/InventoryItem/"


@pytest.fixture
def store(store: Store) -> Iterator[Store]:
    """A store whose client has all the patience that it needs."""
    with Client(Access(store.emulator.url, store.emulator.token)) as patient:
        yield replace(store, client=patient)


def test_ten_thousand_changed_levels_are_forty_writes_without_a_wait(store: Store) -> None:
    store.open({})
    store.emulator.seed(
        [{"id": ONLINE, "name": "Online"}],
        [{"id": f"{ITEM}{number}"} for number in range(LEVELS)],
        [{"inventoryItemId": f"{ITEM}{number}", "locationId": ONLINE, "available": 5} for number in range(LEVELS)],
    )
    numbers = {"item": ITEM, "shop": SHOP, "location": ONLINE, "last": LEVELS - 1}
    with store.connection.transaction():
        store.connection.execute(
            b"INSERT INTO product (product_id, internal_name)"
            b" SELECT number::text, number::text FROM generate_series(0, %(last)s) AS number",
            numbers,
        )
        store.connection.execute(
            b"INSERT INTO shopify_shop_product SELECT %(shop)s, number::text, %(item)s || number"
            b" FROM generate_series(0, %(last)s) AS number",
            numbers,
        )
        store.connection.execute(b"DELETE FROM dirty_product")
        store.connection.execute(
            b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position)"
            b" SELECT %(shop)s, %(item)s || number, %(location)s, number::text, 6, 5"
            b" FROM generate_series(0, %(last)s) AS number",
            numbers,
        )
    store.emulator.settings(bucket_size=2000, restore_rate=100, points=2000)
    before = store.emulator.stats()
    assert planner.make(store.connection, SHOP).rows == LEVELS
    waits: list[float] = []
    store.client.limiter.sleep = waits.append
    assert store.deliver().confirmed_rows == LEVELS
    after = store.emulator.stats()
    assert after["calls"][ADJUST] - before["calls"].get(ADJUST, 0) == 40
    assert after["throttled"] == before["throttled"]
    assert waits == []
    assert {level["available"] for level in store.emulator.levels()} == {6}


def test_a_throttled_task_is_tried_again_after_as_long_as_the_answer_asked_for() -> None:
    decision = RETRY_BY_KIND.evaluate(Throttled("x", 42.0), 1, 3)
    assert (decision.action.value, decision.retry_delay) == ("retry", timedelta(seconds=42))
