"""Every explanation adds up to the stored target, whatever stores, channels, queues, kits and dates there are."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.stock.atp import online_atp
from include.stock.explanation import page
from include.stock.explanation.explain import explain
from tests.stock.atp.test_online_atp_histories import KITS, MEMBERS, PLACES, PLAIN, retailer, steps
from tests.world import World

__all__ = ["retailer"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {place: st.integers(-8, 12) for place in itertools.product(PLAIN, PLACES[:3])}
        | {place: st.integers(-1, 3) for place in itertools.product(PLAIN, PLACES[3:])}
    ),
    st.fixed_dictionaries(
        {
            place: st.tuples(st.integers(0, 5), st.integers(0, 7).map(bool))
            for place in itertools.product(PLAIN + KITS, PLACES[:3] + MEMBERS[3:])
        }
    ),
    st.lists(steps, max_size=14),
)
def test_every_explanation_adds_up(
    connection: Connection,
    retailer: World,
    stock: dict[tuple[str, str], int],
    rules: dict[tuple[str, str], tuple[int, bool]],
    history: list[tuple[Any, ...]],
) -> None:
    # A world full of stock and rules, where something is kept back nearly everywhere.
    connection.execute(b"DELETE FROM inventory_item")
    with connection.cursor() as cursor:
        cursor.executemany(
            b"INSERT INTO inventory_item VALUES (%s, %s, %s, %s)",
            [(*place, units, units) for place, units in stock.items() if units],
        )
        cursor.executemany(
            b"INSERT INTO product_facility (product_id, facility_id, minimum_stock, allow_brokering)"
            b" VALUES (%s, %s, %s, %s) ON CONFLICT (product_id, facility_id) DO UPDATE"
            b" SET minimum_stock = excluded.minimum_stock, allow_brokering = excluded.allow_brokering",
            [(*place, *values) for place, values in rules.items()],
        )
    connection.execute(b"INSERT INTO dirty_product (product_id) SELECT product_id FROM product")
    for act, *arguments in history:
        act(connection, *arguments)
    online_atp.refresh(connection)
    mapped = connection.execute(
        b"SELECT shop_id, product_id, inventory_channel_id FROM shopify_shop_product INNER JOIN inventory_channel"
        b" USING (shop_id) WHERE from_date <= now() AND thru_date > now()"
    ).fetchall()
    for shop_id, product_id, channel_id in mapped:
        explained = explain(connection, shop_id, product_id, channel_id)
        stored = None if explained.level is None else explained.level.target
        assert explained.recomputed_target == stored, page.as_text(explained)
        assert explained.agrees
        assert not explained.item.is_waiting


@pytest.fixture
def kit(connection: Connection, retailer: World) -> World:
    """2 of A and 1 of B make a K; K and 3 of A make an L. M is a kit of nothing."""
    for facility, product, units in (("BROADWAY", "A", 9), ("BROADWAY", "B", 7), ("PEARL", "B", 5), ("_NA_", "A", -3)):
        connection.execute(b"INSERT INTO inventory_item VALUES (%s, %s, %s, %s)", [product, facility, units, units])
    connection.execute(
        b"INSERT INTO product_assoc (product_id, product_id_to, quantity) VALUES ('K', 'A', 2), ('K', 'B', 1),"
        b" ('L', 'K', 1), ('L', 'A', 3)"
    )
    connection.execute(b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id IN ('K', 'L', 'M')")
    online_atp.refresh(connection)
    return retailer


def test_a_kits_components_and_its_bottleneck(connection: Connection, kit: World) -> None:
    explained = explain(connection, "demo", "L", "ONLINE")
    parts = {part.facility_id: part.stock.components for part in explained.facilities}
    told = {
        facility: [(part.product_id, int(part.quantity), part.makes, part.is_bottleneck) for part in components]
        for facility, components in parts.items()
    }
    assert told["BROADWAY"] == [("A", 5, 1, True), ("B", 1, 7, False)]
    assert told["PEARL"] == [("A", 5, 0, True), ("B", 1, 5, False)]
    assert [int(queue.open_quantity) for queue in explained.queues if queue.facility_id == "_NA_"] == [1]
    lines = page.as_text(explained).splitlines()
    assert lines[2] == "components      K holds 2 x A, K holds 1 x B, L holds 3 x A, L holds 1 x K"
    assert any(line.split() == ["5", "x", "A", "9", "9", "makes", "1:", "the", "bottleneck"] for line in lines)
    assert explained.recomputed_target == 0
    nothing = explain(connection, "demo", "M", "ONLINE")
    assert nothing.recomputed_target == 0
    assert "none now: nothing can be made of it" in page.as_text(nothing)


def test_kits_that_shopify_computes_have_no_target(connection: Connection, kit: World) -> None:
    connection.execute(b"UPDATE shopify_shop SET keeps_kit_numbers = TRUE WHERE shop_id = 'demo'")
    connection.execute(b"UPDATE shopify_shop_product SET is_bundle = TRUE WHERE product_id = 'A'")
    online_atp.refresh(connection)
    for product, reason in (("K", "KitNumbersOfShop"), ("A", "Bundle")):
        explained = explain(connection, "demo", product, "ONLINE")
        assert explained.no_target_because == (reason,)
        assert explained.recomputed_target is None
        assert explained.agrees
        assert reason in page.as_text(explained)


def test_open_pre_orders_hold_everything_back(connection: Connection, kit: World) -> None:
    connection.execute(b"UPDATE shopify_shop SET product_store_id = 'STORE' WHERE shop_id = 'demo'")
    connection.execute(b"UPDATE product_store SET hold_pre_order_physical_inventory = TRUE")
    connection.execute(b"INSERT INTO inventory_item VALUES ('B', 'PRE_ORDER', -1, -1)")
    connection.execute(b"INSERT INTO dirty_product VALUES ('B')")
    online_atp.refresh(connection)
    explained = explain(connection, "demo", "B", "ONLINE")
    assert explained.zero_because == ("PreOrderHold",)
    assert explained.agrees
    assert explained.recomputed_target == 0


def test_a_facility_that_the_store_does_not_sell_from(connection: Connection, kit: World) -> None:
    connection.execute(b"UPDATE shopify_shop SET product_store_id = 'STORE' WHERE shop_id = 'demo'")
    connection.execute(b"DELETE FROM product_store_facility WHERE facility_id = 'PEARL'")
    online_atp.refresh(connection)
    explained = explain(connection, "demo", "B", "ONLINE")
    assert {part.facility_id: part.excluded_by for part in explained.facilities}["PEARL"] == ("ProductStore",)
    assert explained.agrees
    assert explained.recomputed_target == 7
