"""Shops that are odd in one way: a wrong clock, a search that lags, items not counted for a time, huge numbers."""

import json

import pytest

from include.channel.reconciliation import observation
from include.shopify.client import Document
from tests.scenarios import sync
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

A, B = "50001", "50002"
ADJUST = "inventoryAdjustQuantities"
TRACK = Document(
    "Track",
    "mutation Track($id: ID!, $input: InventoryItemInput!) {"
    " inventoryItemUpdate(id: $id, input: $input) { userErrors { message } } }",
    10.0,
)
LOWEST, HIGHEST = -2_000_000_000, 2_000_000_000
"""What Shopify lets a level show."""


def come_to_rest(store: Store) -> None:
    """What the jobs do within the next minutes."""
    for _ in range(3):
        store.import_orders()
        store.push()
        store.settle()
        sync.recent_changes(store)


@pytest.mark.parametrize("ahead", [-7200, 7200])
def test_a_shop_whose_clock_is_hours_away_from_ours(store: Store, ahead: float) -> None:
    """No moment of the shop's is compared with one of ours where anything is decided by it."""
    store.open({A: 20, B: 20})
    store.emulator.settings(clock_offset=ahead)
    try:
        kept = store.sell(A, 3)
        store.sell(B, 2)
        store.import_orders()
        store.move(A, -4)
        store.emulator.fault("drop_after", operation=ADJUST)
        assert store.push().unknown == 1
        store.sell(A, 1)
        store.emulator.cancel_order(kept)
        assert store.settle().settled + observation.settle(store.connection, SHOP, store.client).settled == 1
        store.emulator.edit_level(item(B), ONLINE, 50)
        sync.hard_sync(store)
        come_to_rest(store)
        assert store.applied(A) == [-4], "never twice"
        assert [(store.shown(each), store.level(each)) for each in (A, B)] == [(15, (15, 15)), (18, (18, 18))]
    finally:
        store.emulator.settings(clock_offset=0)


def test_a_till_sale_that_the_search_hides_for_longer_than_allowed_for_is_made_good_once_it_is_imported(
    store: Store,
) -> None:
    """Nothing tells it from an edit: `order_search_lag` rules it out. So long does the harm last if it is too short."""
    store.open({A: 5})
    store.emulator.settings(order_search_lag=1000)
    store.emulator.place_order([{"inventoryItemId": item(A), "locationId": ONLINE, "quantity": 4}], source="pos")
    sync.hard_sync(store)
    assert store.shown(A) == 5, "four too many"
    store.emulator.settings(order_search_lag=0)
    store.import_orders()
    assert store.level(A) == (1, 1)
    sync.recent_changes(store)
    assert (store.shown(A), store.level(A)) == (1, (1, 1)), "the import has marked the level"


def test_an_online_order_that_the_search_hides_is_seen_in_what_is_committed(store: Store) -> None:
    store.open({A: 5})
    store.emulator.settings(order_search_lag=1000)
    store.sell(A, 4)
    for _ in range(2):
        sync.hard_sync(store)
    assert (store.shown(A), store.applied(A)) == (1, [])


def test_an_item_that_is_not_counted_for_a_time(store: Store) -> None:
    """What is sold meanwhile moves nothing in Shopify. That is told, and nothing is raised because of it."""
    store.open({A: 10})
    track(store, tracked=False)
    store.sell(A, 3)
    come_to_rest(store)
    track(store, tracked=True)
    assert sync.causes(store, sync.hard_sync(store)) == {A: ("UNSEEN_ORDER", "WAITING")}
    store.emulator.edit_level(item(A), ONLINE, 7)
    store.move(A, +1)
    come_to_rest(store)
    assert (store.shown(A), store.level(A), store.applied(A)) == (8, (8, 8), [1])


def track(store: Store, *, tracked: bool) -> None:
    variables = {"id": item(A), "input": {"tracked": tracked}}
    assert store.client.execute(TRACK, json.dumps(variables))["inventoryItemUpdate"]["userErrors"] == []


@pytest.mark.parametrize("available", [LOWEST, -1, HIGHEST])
def test_a_level_may_show_whatever_shopify_lets_it_show(store: Store, available: int) -> None:
    """It is put right, if need be in two steps, and holds up nobody."""
    store.open({A: 1_000_000_000, B: 5})
    store.emulator.edit_level(item(A), ONLINE, available)
    store.emulator.edit_level(item(B), ONLINE, 6)
    for _ in range(2):
        sync.hard_sync(store)
        assert store.shown(B) == 5
    assert (store.shown(A), store.level(A)) == (1_000_000_000, (1_000_000_000, 1_000_000_000))
