"""The numbers of order lines: given once, in the order of Shopify's line item ids, and never changed."""

import pytest

from include.db.connection import Connection
from include.shopify.order_state import OrderLine
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.stock.orders.fulfilment_retailer import ITEM, Retailer
from tests.world import ONLINE, World


@pytest.fixture
def retailer(connection: Connection, world: World, monkeypatch: pytest.MonkeyPatch) -> Retailer:
    return Retailer(connection, world, monkeypatch)


def numbers(retailer: Retailer) -> dict[str, tuple[str, int]]:
    rows = retailer.connection.execute(
        b"SELECT split_part(line_item_id, '/', 5), order_item_seq_id, quantity FROM shopify_order_line"
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def line(number: int, quantity: int = 1, item: str | None = ITEM) -> OrderLine:
    return OrderLine(f"gid://shopify/LineItem/{number}", item, quantity)


def test_lines_are_numbered_in_the_order_of_their_ids_and_keep_their_numbers(retailer: Retailer) -> None:
    retailer.order({ONLINE: 1}, lines=(line(100), line(9), line(20, item=None)))
    first = {"9": ("00001", 1), "20": ("00002", 1), "100": ("00003", 1)}
    assert numbers(retailer) == first
    retailer.order({ONLINE: 1}, lines=(line(9, 3), line(150), line(50)))
    added = {"50": ("00004", 1), "150": ("00005", 1)}
    assert numbers(retailer) == first | added | {"9": ("00001", 3)}, "a line that is gone keeps its number too"
    retailer.order({ONLINE: 1}, lines=(line(9, 0), line(160)))
    assert numbers(retailer)["9"] == ("00001", 3), "what was there may have been sent"
    assert numbers(retailer)["160"] == ("00006", 1)


def test_the_lines_of_an_order_are_read_from_all_its_locations_and_pages(store: Store) -> None:
    products = [f"7{number:04d}" for number in range(120)]
    store.open(dict.fromkeys(products, 5))
    order = store.emulator.place_order(
        [
            {"inventoryItemId": item(product), "locationId": location, "quantity": 1 + number % 3}
            for number, (product, location) in enumerate(zip(products, [ONLINE, STORE_LOCATION] * 60, strict=True))
        ]
    )
    store.import_orders()

    def lines() -> list[tuple[str, str, int]]:
        rows = store.connection.execute(
            b"SELECT order_item_seq_id, inventory_item_id, quantity FROM shopify_order_line"
            b" WHERE order_id = %s AND order_name = '#1001' ORDER BY 1",
            [order],
        )
        return [(row[0], row[1], row[2]) for row in rows]

    expected = [(f"{number:05d}", item(product), 1 + (number - 1) % 3) for number, product in enumerate(products, 1)]
    assert lines() == expected
    store.emulator.cancel_order(order)
    store.import_orders()
    assert lines() == expected, "a cancelled line keeps its number and what may have been sent of it"
