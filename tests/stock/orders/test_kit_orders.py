"""An ordered kit takes its components from stock; it has none of its own."""

import pytest

from include.db.connection import Connection
from include.stock import ledger
from tests.stock.orders.fulfilment_retailer import STORE, Retailer, Row
from tests.world import ONLINE, World

KIT, BELT, BUCKLE = "90001", "60001", "60002"
KIT_ITEM = f"gid://shopify/InventoryItem/{KIT}"


@pytest.fixture
def retailer(connection: Connection, world: World, monkeypatch: pytest.MonkeyPatch) -> Retailer:
    """Ten belts and twenty buckles in each place; a kit is a belt and two buckles."""
    made = Retailer(connection, world, monkeypatch)
    made.product(BELT, "item-belt", 10, 10)
    made.product(BUCKLE, "item-buckle", 20, 20)
    world.product(KIT)
    world.in_shop(KIT, KIT_ITEM)
    connection.execute(b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = %s", [KIT])
    hold(connection, BELT, 1)
    hold(connection, BUCKLE, 2)
    return made


def hold(connection: Connection, component: str, quantity: int) -> None:
    """Let the kit hold so many of a component from now on."""
    connection.execute(
        b"INSERT INTO product_assoc (product_id, product_id_to, product_assoc_type_id, quantity, from_date, as_of,"
        b" file_modified_at, file_name) VALUES (%s, %s, 'PRODUCT_COMPONENT', %s, '-infinity', now(), now(), '')"
        b" ON CONFLICT (product_id, product_id_to, product_assoc_type_id, from_date)"
        b" DO UPDATE SET quantity = excluded.quantity",
        [KIT, component, quantity],
    )


def order(retailer: Retailer, location: str, taken: int, fulfilled: int = 0) -> None:
    retailer.order({location: taken}, {location: fulfilled}, item=KIT_ITEM)


def both(retailer: Retailer, facility: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Belts and buckles on hand and available to promise."""
    return retailer.stock(BELT).get(facility, (0, 0)), retailer.stock(BUCKLE).get(facility, (0, 0))


def test_a_kit_reserves_and_releases_its_components(retailer: Retailer) -> None:
    order(retailer, ONLINE, 3)
    assert both(retailer, "_NA_") == ((0, -3), (0, -6))
    assert retailer.stock(KIT) == {}
    assert retailer.online(KIT) == 17
    order(retailer, ONLINE, 1)
    assert both(retailer, "_NA_") == ((0, -1), (0, -2))
    order(retailer, ONLINE, 0)
    assert both(retailer, "_NA_") == ((0, 0), (0, 0))
    assert ledger.out_of_balance(retailer.connection) == []


def test_a_store_hands_over_the_components(retailer: Retailer) -> None:
    order(retailer, STORE, 2, 2)
    assert both(retailer, "BROADWAY") == ((8, 8), (16, 16))
    assert retailer.online(KIT) == 18


def test_a_kit_whose_content_changes_releases_what_it_had_reserved(retailer: Retailer) -> None:
    order(retailer, ONLINE, 3)
    hold(retailer.connection, BUCKLE, 4)
    order(retailer, ONLINE, 1)
    assert both(retailer, "_NA_") == ((0, -1), (0, -2))
    order(retailer, ONLINE, 0)
    assert both(retailer, "_NA_") == ((0, 0), (0, 0))


def test_the_erp_completes_a_kit_by_its_components(retailer: Retailer) -> None:
    order(retailer, ONLINE, 3)
    retailer.complete(Row("WH", -1, 2))
    assert both(retailer, "WH") == ((8, 8), (16, 16))
    assert both(retailer, "_NA_") == ((0, -1), (0, -2))
    assert retailer.stock(KIT) == {}


def test_a_reservation_ends_when_each_component_was_counted(retailer: Retailer) -> None:
    order(retailer, ONLINE, 3, 3)
    retailer.snapshot(1, {"BROADWAY": 10, "WH": 7}, BELT)
    assert both(retailer, "_NA_") == ((0, -3), (0, -6)), "the buckles were not"
    retailer.snapshot(1, {"BROADWAY": 20, "WH": 14}, BUCKLE)
    assert both(retailer, "_NA_") == ((0, 0), (0, 0))
    assert retailer.online(KIT) == 17


def test_a_count_of_a_component_contains_what_was_sent_before(retailer: Retailer) -> None:
    order(retailer, ONLINE, 3)
    retailer.snapshot(1, {"WH": 8}, BELT)
    retailer.complete(Row("WH", -1, 2))
    assert both(retailer, "WH") == ((8, 8), (16, 16))


def test_a_product_that_becomes_a_kit_goes_on_with_its_orders_as_it_was(retailer: Retailer) -> None:
    retailer.connection.execute(b"UPDATE product SET product_type_id = 'FINISHED_GOOD' WHERE product_id = %s", [KIT])
    order(retailer, ONLINE, 3)
    assert retailer.stock(KIT) == {"_NA_": (0, -3)}
    retailer.connection.execute(
        b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = %s", [KIT]
    )
    order(retailer, ONLINE, 1)
    assert retailer.stock(KIT) == {"_NA_": (0, -1)}
    assert both(retailer, "_NA_") == ((0, 0), (0, 0))
