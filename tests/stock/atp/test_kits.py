"""Kits: what their components make of them at each facility, by the documented examples and by consequences."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from include.db.connection import Connection, connect
from include.stock import ledger
from include.stock.atp import kits, online_atp
from tests.world import ONLINE, SHOP, World

STORES = ("BROADWAY", "PEARL", "MAIN_WH")

Stock = Callable[..., None]


@pytest.fixture
def shop(world: World) -> World:
    """Three places that sell online together; the kit SET of a BELT and a BUCKLE."""
    world.shop()
    for store in STORES:
        world.facility(store)
    world.facility("_NA_", "VIRTUAL_FACILITY")
    world.facility("ONLINE_CONFIG", "CONFIGURATION")
    world.channel("ONLINE", ONLINE, list(STORES), queue="_NA_", configuration="ONLINE_CONFIG")
    world.channel("BROADWAY", "broadway", ["BROADWAY"], queue="BROADWAY")
    for product in ("BELT", "BUCKLE", "BOX", "SET", "GIFT"):
        world.product(product)
        world.in_shop(product, f"item-{product}")
    kit(world, "SET", BELT=1, BUCKLE=1)
    return world


def kit(world: World, product_id: str, **components: float) -> None:
    world.connection.execute(
        b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = %s", [product_id]
    )
    for component, quantity in components.items():
        world.connection.execute(
            b"INSERT INTO product_assoc (product_id, product_id_to, quantity) VALUES (%s, %s, %s)",
            [product_id, component, quantity],
        )


def has(connection: Connection, facility: str, **units: float) -> None:
    """Let so many more units arrive, or leave."""
    with connection.transaction():
        ledger.open_for_posting(connection)
        for product, quantity in units.items():
            connection.execute(
                b"INSERT INTO movement (product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff,"
                b" reason_enum_id) VALUES (%s, %s, %s, %s, 'VAR_MANUAL')",
                [product, facility, quantity, quantity],
            )
        ledger.post(connection, datetime.now(UTC))


def online(connection: Connection, world: World, product: str = "SET") -> int | None:
    online_atp.refresh(connection)
    return world.levels()[product, ONLINE][0]


@pytest.mark.parametrize(
    "belts_and_buckles",
    [[(5, 0), (0, 10), (3, 7)], [(5, 0), (3, 2), (1, 5)]],
    ids=["first documented example", "second documented example, where Shopify's Bundles app shows 4"],
)
def test_the_documented_examples_make_3(
    connection: Connection, shop: World, belts_and_buckles: list[tuple[int, int]]
) -> None:
    for store, (belts, buckles) in zip(STORES, belts_and_buckles, strict=True):
        has(connection, store, BELT=belts, BUCKLE=buckles)
    assert online(connection, shop) == 3


def test_several_of_a_component_are_needed_at_one_facility(connection: Connection, shop: World) -> None:
    kit(shop, "GIFT", BELT=2, BOX=0.5)
    has(connection, "BROADWAY", BELT=5, BOX=10)
    has(connection, "PEARL", BELT=1, BOX=10)
    assert online(connection, shop, "GIFT") == 2
    assert shop.levels()["GIFT", "broadway"][0] == 2


def test_kits_within_kits(connection: Connection, shop: World) -> None:
    kit(shop, "GIFT", SET=2, BOX=1)
    has(connection, "BROADWAY", BELT=5, BUCKLE=9, BOX=9)
    assert online(connection, shop, "GIFT") == 2


def test_a_component_held_directly_and_through_a_kit_counts_together(connection: Connection, shop: World) -> None:
    kit(shop, "GIFT", SET=1, BELT=1)
    has(connection, "BROADWAY", BELT=3, BUCKLE=9)
    assert online(connection, shop, "GIFT") == 1, "a gift takes two belts"


def test_kits_share_a_component(connection: Connection, shop: World) -> None:
    kit(shop, "GIFT", BELT=1)
    has(connection, "BROADWAY", BELT=4, BUCKLE=2)
    online_atp.refresh(connection)
    assert {key[0]: level[0] for key, level in shop.levels().items() if key[1] == ONLINE} == {
        "BELT": 4, "BUCKLE": 2, "BOX": 0, "SET": 2, "GIFT": 4,
    }  # fmt: skip
    has(connection, "BROADWAY", BELT=-3)
    online_atp.refresh(connection)
    assert (shop.levels()["SET", ONLINE][0], shop.levels()["GIFT", ONLINE][0]) == (1, 1)


def test_a_kits_own_stock_counts_for_nothing(connection: Connection, shop: World) -> None:
    has(connection, "BROADWAY", BELT=4, BUCKLE=2, SET=50)
    assert online(connection, shop) == 2
    assert ledger.out_of_balance(connection) == []


def test_a_stocked_kit_promises_its_own_stock(connection: Connection, shop: World) -> None:
    has(connection, "BROADWAY", BELT=4, BUCKLE=2, SET=50, BOX=1)
    kit(shop, "GIFT", SET=25, BOX=1)
    assert online(connection, shop, "GIFT") == 0
    connection.execute(b"UPDATE product SET kit_is_stocked = TRUE WHERE product_id = 'SET'")
    assert online(connection, shop) == 50
    assert online(connection, shop, "GIFT") == 1, "of two boxed sets and one box"


def test_the_kits_own_rules_apply_and_those_of_its_components_do_not(connection: Connection, shop: World) -> None:
    has(connection, "BROADWAY", BELT=6, BUCKLE=6)
    has(connection, "PEARL", BELT=5, BUCKLE=5)
    has(connection, "MAIN_WH", BELT=20, BUCKLE=20)
    shop.rule("BELT", "BROADWAY", minimum_stock=6, brokering=False)
    shop.rule("SET", "BROADWAY", minimum_stock=1)
    shop.rule("SET", "PEARL", minimum_stock=50)
    shop.rule("SET", "MAIN_WH", brokering=False)
    shop.rule("SET", "ONLINE_CONFIG", minimum_stock=2)
    assert online(connection, shop) == 3
    connection.execute(b"UPDATE product_facility SET allow_brokering = FALSE WHERE facility_id = 'ONLINE_CONFIG'")
    assert online(connection, shop) == 0


def test_open_orders_of_a_component_are_deducted_from_its_kits(connection: Connection, shop: World) -> None:
    kit(shop, "GIFT", BELT=2)
    has(connection, "BROADWAY", BELT=9, BUCKLE=9)
    has(connection, "_NA_", BELT=-3, BUCKLE=-1)
    assert online(connection, shop) == 6
    assert online(connection, shop, "GIFT") == 2, "three open belts break into two gifts"


def test_a_facility_short_of_a_component_can_suppress_the_kit(connection: Connection, shop: World) -> None:
    has(connection, "BROADWAY", BELT=2, BUCKLE=2)
    has(connection, "PEARL", BELT=-3, BUCKLE=9)
    assert online(connection, shop) == 0, "the facilities add up to -1"


@pytest.mark.parametrize("end", ["2020-01-01", "infinity"], ids=["ended", "never named"])
def test_nothing_can_be_made_of_a_kit_without_components(connection: Connection, shop: World, end: str) -> None:
    kit(shop, "GIFT", BELT=1)
    has(connection, "BROADWAY", BELT=9, BUCKLE=9, SET=9)
    if end == "infinity":
        connection.execute(b"DELETE FROM product_assoc WHERE product_id = 'SET'")
    else:
        connection.execute(b"UPDATE product_assoc SET thru_date = %s WHERE product_id = 'SET'", [end])
    kit(shop, "GIFT", SET=1)
    assert online(connection, shop) == 0
    assert online(connection, shop, "GIFT") == 0


def test_a_circle_made_by_hand_promises_nothing_and_ends(connection: Connection, shop: World) -> None:
    kit(shop, "GIFT", SET=1, BOX=1)
    kit(shop, "SET", GIFT=1)
    has(connection, "BROADWAY", BELT=9, BUCKLE=9, BOX=9)
    assert online(connection, shop) == 0
    assert online(connection, shop, "GIFT") == 0


def test_what_a_unit_takes_from_stock(connection: Connection, shop: World) -> None:
    kit(shop, "GIFT", SET=2, BELT=0.5, BOX=1)

    def parts(product: str) -> dict[str, float]:
        rows = connection.execute(b"SELECT component_id, quantity FROM kit_component_of(%s)", [product])
        return {row[0]: float(row[1]) for row in rows}

    assert parts("GIFT") == {"BELT": 2.5, "BUCKLE": 2, "BOX": 1}
    assert parts("BELT") == {"BELT": 1}
    connection.execute(b"UPDATE product SET kit_is_stocked = TRUE WHERE product_id = 'SET'")
    assert parts("GIFT") == {"SET": 2, "BELT": 0.5, "BOX": 1}


def test_recent_computes_what_has_changed_and_all_computes_every_kit(connection: Connection, shop: World) -> None:
    kit(shop, "GIFT", BOX=1)
    assert kits.set_up_inventory(connection) == kits.KitInventory(kits=2, levels=10)
    assert kits.set_up_inventory(connection) == kits.KitInventory(kits=0, levels=0)
    has(connection, "BROADWAY", BOX=2)
    assert kits.set_up_inventory(connection) == kits.KitInventory(kits=1, levels=4)
    connection.execute(b"UPDATE inventory_level SET target = 77 WHERE product_id = 'SET'")
    assert kits.set_up_inventory(connection) == kits.KitInventory(kits=0, levels=0)
    assert kits.set_up_inventory(connection, include_all=True) == kits.KitInventory(kits=2, levels=2)
    assert online(connection, shop) == 0


def test_types_follow_components(connection: Connection, shop: World) -> None:
    connection.execute(b"INSERT INTO product_assoc (product_id, product_id_to) VALUES ('GIFT', 'BOX')")
    connection.execute(b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = 'BUCKLE'")
    has(connection, "BROADWAY", BOX=2, GIFT=7)
    assert online(connection, shop, "GIFT") == 7
    assert kits.keep_types(connection) == kits.KitTypes(made=1, unmade=0, without_components=1)
    assert online(connection, shop, "GIFT") == 2
    assert kits.keep_types(connection) == kits.KitTypes(made=0, unmade=0, without_components=1)
    connection.execute(b"UPDATE product_assoc SET thru_date = '2020-01-01' WHERE product_id = 'GIFT'")
    assert kits.keep_types(connection) == kits.KitTypes(made=0, unmade=0, without_components=1), "ended, not taken back"
    assert online(connection, shop, "GIFT") == 0
    connection.execute(b"DELETE FROM product_assoc WHERE product_id = 'GIFT'")
    assert kits.keep_types(connection) == kits.KitTypes(made=0, unmade=1, without_components=1)
    assert online(connection, shop, "GIFT") == 7


def test_what_a_kit_was_is_remembered_though_its_list_makes_it_one_meanwhile(
    connection: Connection, shop: World, dsn: str
) -> None:
    connection.execute(b"INSERT INTO product_assoc (product_id, product_id_to) VALUES ('GIFT', 'BOX')")
    with connect(dsn) as own, ThreadPoolExecutor(1) as thread:
        with connection.transaction():
            connection.execute(
                b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK', former_product_type_id = product_type_id"
                b" WHERE product_id = 'GIFT'"
            )
            kept = thread.submit(kits.keep_types, own)
            deadline = time.monotonic() + 60
            while not connection.execute(
                b"SELECT FROM pg_locks WHERE pid = %s AND NOT granted", [own.info.backend_pid]
            ).rowcount:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        assert kept.result().made == 0
    connection.execute(b"DELETE FROM product_assoc WHERE product_id = 'GIFT'")
    assert kits.keep_types(connection).unmade == 1


def test_a_refresh_does_not_wait_for_a_kit_list_and_misses_nothing(
    connection: Connection, shop: World, dsn: str
) -> None:
    kit(shop, "GIFT", BOX=1)
    has(connection, "BROADWAY", BELT=2, BUCKLE=2, BOX=3)
    with connect(dsn) as own:
        own.execute(b"SET lock_timeout = '5s'")
        with connection.transaction():
            connection.execute(b"UPDATE product_assoc SET as_of = now() WHERE product_id = 'SET'")
            online_atp.refresh(own)
    current = b"SELECT product_id FROM product_assoc WHERE is_current ORDER BY product_id"
    assert [row[0] for row in connection.execute(current)] == ["GIFT"]
    assert (online(connection, shop), online(connection, shop, "GIFT")) == (2, 3)
    assert [row[0] for row in connection.execute(current)] == ["GIFT", "SET", "SET"]


def test_a_shop_with_a_bundles_app_keeps_its_kit_numbers(connection: Connection, shop: World) -> None:
    has(connection, "BROADWAY", BELT=4, BUCKLE=2)
    assert online(connection, shop) == 2
    connection.execute(b"UPDATE inventory_level SET position = 1 WHERE product_id = 'SET'")
    connection.execute(b"UPDATE shopify_shop SET keeps_kit_numbers = TRUE WHERE shop_id = %s", [SHOP])
    assert online(connection, shop) is None
    assert online(connection, shop, "BELT") == 4
    assert connection.execute(b"SELECT count(*) FROM inventory_level WHERE delta <> 0").fetchone() == (0,)
    kit(shop, "GIFT", BOX=1)
    online_atp.refresh(connection)
    connection.execute(b"UPDATE shopify_shop SET keeps_kit_numbers = FALSE WHERE shop_id = %s", [SHOP])
    assert online(connection, shop) == 2


def test_a_bundle_has_no_target_in_its_shop(connection: Connection, shop: World) -> None:
    connection.execute(b"UPDATE shopify_shop_product SET is_bundle = TRUE WHERE product_id = 'BOX'")
    has(connection, "BROADWAY", BOX=4)
    online_atp.refresh(connection)
    assert ("BOX", ONLINE) not in shop.levels()
    connection.execute(b"UPDATE shopify_shop_product SET is_bundle = FALSE WHERE product_id = 'BOX'")
    assert online(connection, shop, "BOX") == 4
