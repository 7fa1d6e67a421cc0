"""A level that was not Trueup's for a time: what it showed before says nothing of what it shows now."""

import pytest

from include.channel.planning import breaker, planner
from include.stock.atp import online_atp
from tests.scenarios import sync
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

P, Q = "50001", "50002"


def receive(store: Store, units: int) -> None:
    """The merchant counts units in, in Shopify and in the ERP."""
    store.emulator.edit_level(item(P), ONLINE, store.shown(P) + units)
    store.move(P, units)


def come_to_rest(store: Store) -> None:
    """What the jobs do within minutes: settle, push, and again what that has left open."""
    for _ in range(2):
        store.push()
        store.settle()


def set_master(store: Store, master: str) -> None:
    store.connection.execute(b"UPDATE inventory_channel SET inventory_master = %s", [master])
    online_atp.refresh(store.connection)


def unmap(store: Store, product: str) -> None:
    store.connection.execute(b"DELETE FROM shopify_shop_product WHERE product_id = %s", [product])
    online_atp.refresh(store.connection)


def test_a_location_that_shopify_was_master_of_is_looked_at_before_anything_is_pushed(store: Store) -> None:
    store.open({P: 10})
    set_master(store, "SHOPIFY")
    assert store.level(P)[0] is None, "nobody here says what it should show"
    receive(store, 100)
    come_to_rest(store)
    assert (store.shown(P), store.applied(P)) == (110, [])
    set_master(store, "OMS")
    store.move(P, -1)
    come_to_rest(store)
    assert (store.shown(P), store.applied(P)) == (109, [-1])


def test_a_level_that_returns_while_nobody_knows_what_became_of_its_batch_is_looked_at_once(store: Store) -> None:
    store.open({P: 10})
    store.move(P, -2)
    store.emulator.fault("drop_after", operation="inventoryAdjustQuantities")
    assert store.push().unknown == 1
    set_master(store, "SHOPIFY")
    set_master(store, "OMS")
    assert store.level(P) == (8, None)
    settlement = store.settle()
    assert (settlement.observed, settlement.settled) == (1, 1)
    come_to_rest(store)
    assert (store.batches(), store.shown(P), store.applied(P)) == (["SETTLED"], 8, [-2])


@pytest.mark.parametrize(
    ("leave", "come_back"),
    [
        (
            b"UPDATE inventory_channel SET thru_date = now()",
            b"UPDATE inventory_channel SET thru_date = 'infinity'",
        ),
        (
            b"DELETE FROM shopify_shop_product",
            b"INSERT INTO shopify_shop_product (shop_id, product_id, inventory_item_id)"
            b" SELECT shop_id, product_id, inventory_item_id FROM inventory_level",
        ),
        (
            b"UPDATE shopify_shop_product SET is_bundle = TRUE",
            b"UPDATE shopify_shop_product SET is_bundle = FALSE",
        ),
    ],
    ids=["location not mapped", "item not mapped", "a bundle"],
)
def test_a_level_without_a_target_for_a_time_is_looked_at_before_anything_is_pushed(
    store: Store, leave: bytes, come_back: bytes
) -> None:
    store.open({P: 10})
    store.connection.execute(leave)
    online_atp.refresh(store.connection)
    receive(store, 40)
    store.connection.execute(come_back)
    store.move(P, -1)
    come_to_rest(store)
    assert (store.shown(P), store.applied(P)) == (49, [-1])


def test_a_mapping_that_another_one_follows_at_once_goes_on(store: Store) -> None:
    store.open({P: 10})
    with store.connection.transaction():
        store.connection.execute(b"UPDATE inventory_channel SET thru_date = now()")
        store.world.channel("OTHER", STORE_LOCATION, ["BROADWAY"], queue="_NA_")
        store.connection.execute(
            b"UPDATE inventory_channel SET location_id = %s, from_date = now() WHERE location_id = %s",
            [ONLINE, STORE_LOCATION],
        )
    online_atp.refresh(store.connection)
    assert store.level(P) == (10, 10)


def test_an_item_that_moves_to_another_product_shows_what_that_one_can_promise(store: Store) -> None:
    """As after a variant was made anew in Shopify, or a mapping was corrected."""
    store.open({P: 10, Q: 3})
    unmap(store, P)
    unmap(store, Q)
    store.world.in_shop(Q, item(P))
    store.move(Q, -1)
    come_to_rest(store)
    assert (store.shown(P), store.applied(P)) == (2, [-8])
    rows = store.connection.execute(b"SELECT product_id, target FROM inventory_level ORDER BY inventory_item_id")
    assert rows.fetchall() == [(Q, 2), (Q, None)]
    store.emulator.edit_level(item(P), ONLINE, 20)
    observed = sync.hard_sync(store)
    assert sync.causes(store, observed) == {Q: ("WRONG_MAPPING", "REBASED")}, "its SKU is still the other product's"


def test_products_that_change_places_go_on_as_each_other(store: Store) -> None:
    store.open({P: 10, Q: 3})
    with store.connection.transaction():
        store.connection.execute(b"UPDATE shopify_shop_product SET inventory_item_id = '-' || inventory_item_id")
        for product, other in ((P, Q), (Q, P)):
            store.connection.execute(
                b"UPDATE shopify_shop_product SET inventory_item_id = %s WHERE product_id = %s", [item(other), product]
            )
    come_to_rest(store)
    assert (store.shown(P), store.shown(Q)) == (3, 10)
    rows = store.connection.execute(
        b"SELECT inventory_item_id, product_id, target, position FROM inventory_level ORDER BY inventory_item_id"
    )
    assert rows.fetchall() == [(item(P), Q, 3, 3), (item(Q), P, 10, 10)]


def test_what_was_planned_for_an_item_that_is_not_mapped_any_more_stays_here(store: Store) -> None:
    store.open({P: 10, Q: 10})
    for product in (P, Q):
        store.move(product, -2)
    store.plan()
    store.connection.execute(b"UPDATE inventory_level SET checked_at = now()")
    store.connection.execute(b"DELETE FROM shopify_shop_product WHERE product_id = %s", [P])
    store.deliver()
    assert (store.applied(P), store.applied(Q)) == ([], [-2])


@pytest.mark.parametrize("approve", [True, False])
def test_a_plan_that_waits_is_decided_on_whatever_became_of_its_items(store: Store, *, approve: bool) -> None:
    store.open({P: 10})
    store.connection.execute(b"UPDATE shopify_shop SET approval_least_rows = 1, approval_share = 0.01")
    store.move(P, -5)
    online_atp.refresh(store.connection)
    held = planner.make(store.connection, SHOP)
    assert held.held_because
    assert held.outbox_plan_id is not None
    unmap(store, P)
    (breaker.approve if approve else breaker.reject)(store.connection, held.outbox_plan_id, "ada")
    store.deliver()
    assert store.applied(P) == []
