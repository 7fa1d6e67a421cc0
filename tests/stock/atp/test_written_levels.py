"""Which levels a refresh writes, and what it leaves of each: those that stay as they are, it does not touch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.db.connection import Connection
from include.stock import ledger
from include.stock.atp import online_atp
from tests.world import ONLINE, SHOP, World

COUNTER = "counter"
"""A location of which Shopify is master."""

P, Q, R, BUNDLE = PRODUCTS = ("10001", "10002", "10003", "10004")

Level = tuple[str, int | None, int | None, bool]
"""Product, target, position, whether it is to be looked at."""


@pytest.fixture
def shop(connection: Connection, world: World) -> World:
    """Levels that were looked at and show what they should; R has no item yet."""
    world.shop()
    world.facility("BROADWAY")
    world.facility("_NA_", "VIRTUAL_FACILITY")
    world.channel("ONLINE", ONLINE, ["BROADWAY"], queue="_NA_")
    world.channel("COUNTER", COUNTER, ["BROADWAY"], queue="BROADWAY")
    connection.execute(b"UPDATE inventory_channel SET inventory_master = 'SHOPIFY' WHERE location_id = %s", [COUNTER])
    for product in PRODUCTS:
        world.product(product)
        move(connection, product, 5)
        if product != R:
            world.in_shop(product, f"item of {product}")
    connection.execute(b"UPDATE shopify_shop_product SET is_bundle = TRUE WHERE product_id = %s", [BUNDLE])
    online_atp.refresh(connection)
    connection.execute(b"UPDATE inventory_level SET position = coalesce(target, 9), to_observe = FALSE")
    return world


def move(connection: Connection, product: str, units: int) -> None:
    with connection.transaction():
        ledger.open_for_posting(connection)
        connection.execute(
            b"INSERT INTO movement VALUES (%s, 'BROADWAY', %s, %s, 'VAR_MANUAL', NULL, NULL)", [product, units, units]
        )
        ledger.post(connection, datetime.now(UTC))


def levels(connection: Connection) -> dict[tuple[str, str], Level]:
    rows = connection.execute(
        b"SELECT inventory_item_id, location_id, product_id, target, position, to_observe FROM inventory_level"
    )
    return {(row[0], row[1]): tuple(row[2:]) for row in rows}


def item_of(product: str) -> str:
    return f"item of {product}"


def test_nothing_is_written_where_nothing_is_other_than_before(connection: Connection, shop: World) -> None:
    before = levels(connection)
    assert before == {
        (item_of(P), ONLINE): (P, 5, 5, False),
        (item_of(Q), ONLINE): (Q, 5, 5, False),
        (item_of(P), COUNTER): (P, None, 9, False),
        (item_of(Q), COUNTER): (Q, None, 9, False),
        (item_of(BUNDLE), COUNTER): (BUNDLE, None, 9, False),
    }, "of a location that Shopify is master of each level is known; of others those that have a target"
    connection.execute(b"INSERT INTO dirty_product SELECT product_id FROM product")
    assert online_atp.refresh(connection) == 0
    assert online_atp.recompute_all(connection) == 0
    assert levels(connection) == before


def test_a_level_is_looked_at_again_once_its_target_is_another(connection: Connection, shop: World) -> None:
    before = levels(connection)
    move(connection, P, -2)
    assert online_atp.refresh(connection) == 1
    assert levels(connection) == before | {(item_of(P), ONLINE): (P, 3, 5, True)}


def test_an_item_that_goes_to_another_product_of_the_same_number_follows_that_one(
    connection: Connection, shop: World
) -> None:
    """What it showed was another product's: where Shopify is master, what it showed is nobody's business."""
    before = levels(connection)
    connection.execute(b"UPDATE shopify_shop_product SET product_id = %s WHERE product_id = %s", [R, P])
    assert online_atp.refresh(connection) == 2
    assert levels(connection) == before | {
        (item_of(P), ONLINE): (R, 5, None, True), (item_of(P), COUNTER): (R, None, None, True),
    }  # fmt: skip
    move(connection, R, 1)
    assert online_atp.refresh(connection) == 1
    assert levels(connection)[item_of(P), ONLINE] == (R, 6, None, True)


def test_a_level_of_a_product_that_is_not_there_is_looked_at_as_that_of_its_item(
    connection: Connection, shop: World
) -> None:
    """A product that somebody has deleted by hand, say: nothing tells what its level showed."""
    before = levels(connection)
    connection.execute(
        b"UPDATE inventory_level SET product_id = 'nobody' WHERE inventory_item_id = %s AND location_id = %s",
        [item_of(P), ONLINE],
    )
    assert online_atp.recompute_all(connection) == 1
    assert levels(connection) == before | {(item_of(P), ONLINE): (P, 5, None, True)}


def test_what_was_shown_while_shopify_was_master_counts_for_nothing_later(connection: Connection, shop: World) -> None:
    before = levels(connection)
    for location, master in ((ONLINE, "SHOPIFY"), (COUNTER, "OMS")):
        connection.execute(
            b"UPDATE inventory_channel SET inventory_master = %s WHERE location_id = %s", [master, location]
        )
    assert online_atp.refresh(connection) == 4 + 1, "and the level of the bundle online is known from now on"
    after = levels(connection)
    assert after[item_of(P), ONLINE] == (P, None, 5, True)
    assert after[item_of(P), COUNTER] == (P, 5, None, True)
    assert after[item_of(BUNDLE), COUNTER] == before[item_of(BUNDLE), COUNTER]


def test_an_item_of_two_shops_has_the_target_of_each(connection: Connection, shop: World) -> None:
    """Both know it by the same id, at a location of the same id; they sell from other facilities, and what is a bundle
    in one of them is none in the other."""
    before = levels(connection)
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('other', 'o.myshopify.com', 'o')"
    )
    shop.facility("PEARL")
    shop.channel("OTHER", "elsewhere", ["PEARL"], queue="PEARL")
    connection.execute(
        b"UPDATE inventory_channel SET shop_id = 'other', location_id = %s WHERE location_id = 'elsewhere'", [ONLINE]
    )
    connection.execute(
        b"INSERT INTO shopify_shop_product SELECT 'other', product_id, inventory_item_id FROM shopify_shop_product"
    )
    assert online_atp.refresh(connection) == 3
    rows = connection.execute(
        b"SELECT shop_id, location_id, product_id, target FROM inventory_level WHERE shop_id <> %s ORDER BY 3", [SHOP]
    ).fetchall()
    assert rows == [("other", ONLINE, product, 0) for product in (P, Q, BUNDLE)]
    connection.execute(b"DELETE FROM inventory_level WHERE shop_id <> %s", [SHOP])
    assert levels(connection) == before
