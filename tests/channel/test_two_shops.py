"""What happens in one shop leaves another one alone, though both sell the same items at locations of the same ids.

And what happens at one location leaves the same items alone at another one.
"""

from __future__ import annotations

from typing import Any

import pytest

from include.channel.delivery import outbox
from include.channel.planning import breaker, planner
from include.stock.atp import online_atp
from tests.scenarios import sync
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

P, Q, R, S, U = PRODUCTS = ("50001", "50002", "50003", "50004", "50005")
OTHER = "another"
ADJUST = "inventoryAdjustQuantities"


@pytest.fixture
def two(store: Store) -> Store:
    """A shop at rest beside another one, in which a batch of each kind is open, all of the same items."""
    store.open(dict.fromkeys(PRODUCTS, 10))
    store.plan()
    connection = store.connection
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id, approval_least_rows, approval_share,"
        b" seconds_to_arrive) VALUES (%s, 'another.myshopify.com', 'another', 1, 0.001, 0.1)",
        [OTHER],
    )
    store.world.facility("ANOTHER_QUEUE", "VIRTUAL_FACILITY")
    connection.execute(
        b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
        b" queue_facility_id) SELECT 'ANOTHER', %s, location_id, facility_group_id, 'ANOTHER_QUEUE'"
        b" FROM inventory_channel",
        [OTHER],
    )
    connection.execute(
        b"INSERT INTO shopify_shop_product SELECT %s, product_id, inventory_item_id FROM shopify_shop_product", [OTHER]
    )
    online_atp.refresh(connection)
    for product, position in ((P, 7), (Q, 6)):
        _believe(store, product, position)
    unknown, sending = _plan_one_by_one(store, P), _plan_one_by_one(store, Q)
    sender = outbox.take_over(connection, OTHER)
    for batch in (unknown, sending):
        outbox.mark_sending(connection, sender, batch)
    outbox.set_unknown(connection, unknown, "no answer")
    _believe(store, R, 15)
    assert planner.make(connection, OTHER).held_because is not None
    connection.execute(
        b"UPDATE inventory_level SET quarantine_reason = 'odd', position = 3 WHERE shop_id = %s AND product_id = %s",
        [OTHER, S],
    )
    connection.execute(
        b"UPDATE inventory_level SET held_back = 2, position = 1 WHERE shop_id = %s AND product_id = %s", [OTHER, U]
    )
    return store


def _believe(store: Store, product: str, position: int) -> None:
    store.connection.execute(
        b"UPDATE inventory_level SET position = %s WHERE shop_id = %s AND product_id = %s", [position, OTHER, product]
    )


def _plan_one_by_one(store: Store, product: str) -> int:
    """A batch of one product, the others looking as they should."""
    store.connection.execute(
        b"UPDATE inventory_level SET held_back = CASE WHEN product_id = %s THEN 0 ELSE coalesce(delta, 0) END"
        b" WHERE shop_id = %s",
        [product, OTHER],
    )
    (batch,) = planner.plan(store.connection, OTHER)
    return batch


def _rows_of_the_other(store: Store) -> list[Any]:
    """All that is kept of the other shop, but for what the common stock moves."""
    queries = (
        b"SELECT to_jsonb(each) - 'target' - 'delta' - 'to_observe' FROM inventory_level AS each WHERE shop_id = %s"
        b" ORDER BY product_id",
        b"SELECT to_jsonb(each) FROM outbox_batch AS each WHERE shop_id = %s ORDER BY outbox_batch_id",
        b"SELECT to_jsonb(each) FROM outbox_plan AS each WHERE shop_id = %s ORDER BY outbox_plan_id",
        b"SELECT to_jsonb(each) FROM outbox_batch_row AS each INNER JOIN outbox_batch USING (outbox_batch_id)"
        b" WHERE shop_id = %s ORDER BY outbox_batch_id",
        b"SELECT to_jsonb(each) FROM shopify_shop AS each WHERE shop_id = %s",
        b"SELECT to_jsonb(each) FROM inventory_drift AS each WHERE shop_id = %s",
    )
    return [store.connection.execute(query, [OTHER]).fetchall() for query in queries]


def test_the_fixture_has_a_batch_of_each_kind(two: Store) -> None:
    rows = two.connection.execute(
        b"SELECT product_id, status_id, held_back, quarantine_reason FROM inventory_level AS level"
        b" LEFT JOIN outbox_batch AS batch USING (outbox_batch_id) WHERE level.shop_id = %s ORDER BY product_id",
        [OTHER],
    ).fetchall()
    assert [(row[0], row[1]) for row in rows] == [(P, "UNKNOWN"), (Q, "SENDING"), (R, "HELD"), (S, None), (U, None)]


def _a_day(two: Store) -> None:
    """A push of each outcome, unseen orders, and looks of each kind."""
    two.move(P, -1)
    two.move(Q, +2)
    two.sell(Q, 1)
    two.push()  # Q is stale and goes on
    two.import_orders()
    two.move(P, -1)
    two.emulator.fault("drop_after", operation=ADJUST)
    two.push()
    two.settle()
    two.move(R, -1)
    two.emulator.fault("user_error", code="NON_MUTABLE_INVENTORY_ITEM", operation=ADJUST)
    two.push()  # R goes into quarantine
    two.emulator.edit_level(item(S), ONLINE, 3)
    two.connection.execute(b"UPDATE inventory_level SET to_observe = TRUE WHERE shop_id = %s", [SHOP])
    sync.recent_changes(two)
    two.emulator.edit_level(item(S), ONLINE, 30)
    sync.hard_sync(two)


def test_a_day_in_one_shop_changes_nothing_in_the_other(two: Store) -> None:
    before = _rows_of_the_other(two)
    _a_day(two)
    assert _rows_of_the_other(two) == before


def test_a_day_at_one_location_changes_nothing_at_another(store: Store) -> None:
    store.open(dict.fromkeys(PRODUCTS, 10))
    store.world.facility("COUNTER")
    store.world.channel("COUNTER", STORE_LOCATION, ["BROADWAY"], queue="COUNTER")
    online_atp.refresh(store.connection)
    store.connection.execute(
        b"UPDATE inventory_channel SET inventory_master = 'SHOPIFY' WHERE queue_facility_id = 'COUNTER'"
    )
    store.connection.execute(
        b"UPDATE inventory_level SET position = 4, held_back = 3, quarantine_tries = 2,"
        b" quarantine_reason = CASE WHEN product_id = %s THEN 'odd' END WHERE location_id = %s",
        [U, STORE_LOCATION],
    )

    def kept() -> list[Any]:
        return store.connection.execute(
            b"SELECT product_id, position, held_back, quarantine_reason, quarantine_tries, outbox_batch_id, moves_until"
            b" FROM inventory_level WHERE location_id = %s ORDER BY product_id",
            [STORE_LOCATION],
        ).fetchall()

    before = kept()
    assert len(before) == len(PRODUCTS)
    _a_day(store)
    assert kept() == before


def test_a_plan_of_one_shop_has_only_its_rows(two: Store) -> None:
    for product in PRODUCTS:
        two.move(product, +1)
    online_atp.refresh(two.connection)
    made = planner.make(two.connection, SHOP)
    assert (made.rows, made.units_up, made.units_down) == (5, 5, 0)
    rows = two.connection.execute(
        b"SELECT count(*), count(DISTINCT inventory_item_id) FROM outbox_batch_row WHERE outbox_batch_id = ANY(%s)",
        [list(made.batches)],
    ).fetchone()
    assert rows == (5, 5)


def test_what_only_another_shop_sells_or_maps_is_not_planned(two: Store) -> None:
    two.connection.execute(b"DELETE FROM shopify_shop_product WHERE shop_id = %s AND product_id = %s", [SHOP, P])
    two.connection.execute(b"UPDATE inventory_level SET target = position + 1 WHERE shop_id = %s", [SHOP])
    with two.connection.transaction(force_rollback=True):
        assert planner.make(two.connection, SHOP).rows == 4
    two.connection.execute(b"UPDATE inventory_channel SET thru_date = now() WHERE shop_id = %s", [SHOP])
    assert planner.make(two.connection, SHOP).rows == 0


@pytest.mark.parametrize("approved", [True, False])
def test_a_decision_on_a_plan_of_one_shop_is_none_on_the_other_ones(two: Store, approved: bool) -> None:
    two.connection.execute(
        b"UPDATE shopify_shop SET approval_least_rows = 1, approval_share = 0.001 WHERE shop_id = %s", [SHOP]
    )
    two.move(R, -3)
    online_atp.refresh(two.connection)
    made = planner.make(two.connection, SHOP)
    assert made.held_because is not None
    assert made.outbox_plan_id is not None
    before = _rows_of_the_other(two)
    (breaker.approve if approved else breaker.reject)(two.connection, made.outbox_plan_id, "ada")
    assert _rows_of_the_other(two) == before


def test_a_sender_of_one_shop_leaves_that_of_the_other_its_right(two: Store) -> None:
    before = _rows_of_the_other(two)
    outbox.take_over(two.connection, SHOP)
    assert _rows_of_the_other(two) == before
