"""Orders by state: imported again they change nothing, and target and position move together."""

from typing import Any

import pytest

from include.shopify.client import Client, Document
from include.stock import ledger
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE

P = "50001"


def test_importing_again_changes_nothing(store: Store) -> None:
    store.open({P: 10})
    store.sell(P, 3)
    assert store.import_orders() == 1
    assert store.import_orders() == 0
    assert store.level(P) == (7, 7)
    assert store.world.stock()[P, "_NA_"] == (0, -3)


def test_a_cancelled_order_gives_back_what_it_took(store: Store) -> None:
    store.open({P: 10})
    order = store.sell(P, 3)
    store.import_orders()
    store.emulator.cancel_order(order)
    assert store.import_orders() == 1
    assert store.level(P) == (10, 10)
    store.push()
    assert store.applied(P) == []
    assert store.shown(P) == 10
    assert ledger.out_of_balance(store.connection) == []


def test_what_left_the_building_before_trueup_came_is_not_taken_out_again(store: Store) -> None:
    """The first import finds old orders: those that have left are in nobody's stock, open ones reserve."""
    store.open({P: 10})
    left, still_open = store.sell(P, 4), store.sell(P, 3)
    store.emulator.fulfil_order(left)
    store.connection.execute(b"UPDATE shopify_shop SET orders_read_through = NULL")
    store.import_orders()
    assert store.world.stock()[P, "_NA_"] == (0, -3)
    store.emulator.cancel_order(still_open)
    store.import_orders()
    assert store.world.stock()[P, "_NA_"] == (0, 0)


def test_an_order_placed_and_cancelled_between_two_imports_leaves_nothing(store: Store) -> None:
    store.open({P: 10})
    store.emulator.cancel_order(store.sell(P, 3))
    assert store.import_orders() == 0
    assert store.level(P) == (10, 10)


def test_an_online_order_stays_reserved_when_it_is_fulfilled(store: Store) -> None:
    """Which facility it left from is for the ERP to say; until then the unit must not come back for sale."""
    store.open({P: 10})
    order = store.sell(P, 3)
    store.import_orders()
    store.emulator.fulfil_order(order)
    assert store.import_orders() == 1
    assert store.level(P) == (7, 7)


def test_a_sale_at_the_till_moves_the_other_location_too(store: Store) -> None:
    store.open({P: 10})
    store.world.channel("BROADWAY", STORE_LOCATION, ["BROADWAY"], queue="BROADWAY")
    store.emulator.edit_level(item(P), STORE_LOCATION, 10)
    store.plan()
    store.settle()
    store.emulator.place_order(
        [{"inventoryItemId": item(P), "locationId": STORE_LOCATION, "quantity": 2}], source="pos"
    )
    store.import_orders()
    assert store.world.stock()[P, "BROADWAY"] == (8, 8)
    assert store.world.levels() == {(P, ONLINE): (8, 10), (P, STORE_LOCATION): (8, 8)}
    store.push()
    assert store.shown(P) == 8
    assert store.applied(P) == [-2], "pushed online only: the till has told its own location"


def test_a_lagging_search_is_read_again(store: Store) -> None:
    store.open({P: 10})
    store.sell(P, 1)
    store.import_orders()
    store.emulator.settings(order_search_lag=0.3)
    store.sell(P, 2)
    assert store.import_orders() == 0, "the search has not heard of it yet"
    store.emulator.settings(order_search_lag=0)
    assert store.import_orders() == 1
    assert store.level(P) == (7, 7)


def test_a_location_that_is_no_longer_mapped_is_left_alone(store: Store) -> None:
    store.open({P: 10})
    store.connection.execute(b"UPDATE inventory_channel SET thru_date = now()")
    store.sell(P, 3)
    store.import_orders()
    store.push()
    assert (store.applied(P), store.shown(P)) == ([], 7), "its sales are not pushed back"


def test_a_product_that_is_no_longer_mapped_is_left_alone(store: Store) -> None:
    store.open({P: 10})
    store.connection.execute(b"DELETE FROM shopify_shop_product")
    store.sell(P, 3)
    store.import_orders()
    store.push()
    assert (store.applied(P), store.shown(P)) == ([], 7)


def test_what_was_sold_before_a_product_was_mapped_is_reserved_once_it_is(store: Store) -> None:
    """The ordinary day of a new product: Shopify sells it before Trueup has been told what it is."""
    store.open({P: 10})
    store.connection.execute(b"DELETE FROM shopify_shop_product")
    store.connection.execute(b"DELETE FROM inventory_level")
    order = store.sell(P, 3)
    store.import_orders()
    assert store.world.stock() == {(P, "BROADWAY"): (10, 10)}
    store.world.in_shop(P, item(P))
    store.plan()
    store.settle()
    store.push()
    assert (store.level(P), store.shown(P), store.applied(P)) == ((7, 7), 7, [])
    store.emulator.cancel_order(order)
    store.import_orders()
    assert store.world.stock()[P, "_NA_"] == (0, 0), "no more is released than was reserved"


def test_a_reservation_ends_when_a_later_snapshot_has_counted_what_was_sent(store: Store) -> None:
    store.open({P: 10})
    order = store.sell(P, 3)
    store.import_orders()
    store.emulator.fulfil_order(order)
    store.import_orders()
    assert store.level(P) == (7, 7)
    store.connection.execute(
        b"INSERT INTO inventory_snapshot VALUES (1, 'BROADWAY', now() - interval '1 hour', ARRAY[%s])", [P]
    )
    store.import_orders()
    assert store.level(P) == (7, 7), "a snapshot from before says nothing of it"
    store.connection.execute(b"INSERT INTO inventory_snapshot VALUES (2, 'BROADWAY', now(), ARRAY[%s])", [P])
    store.move(P, -3, "VAR_EXT_RESET")
    store.import_orders()
    assert store.world.stock() == {(P, "BROADWAY"): (7, 7), (P, "_NA_"): (0, 0)}
    store.push()
    assert (store.level(P), store.shown(P)) == ((7, 7), 7)
    assert ledger.out_of_balance(store.connection) == []


def test_a_custom_item_is_nobodys_stock(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.open({P: 10})
    store.sell(P, 2)
    execute = Client.execute

    def with_custom_item(self: Client, request: Document, variables: str) -> dict[str, Any]:
        data = execute(self, request, variables)
        for order in data.get("nodes", []):
            order["fulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"].append(
                {
                    "lineItem": {"id": "gid://shopify/LineItem/1", "quantity": 1, "currentQuantity": 1},
                    "inventoryItemId": None,
                    "totalQuantity": 1,
                    "remainingQuantity": 1,
                }
            )
        return data

    monkeypatch.setattr(Client, "execute", with_custom_item)
    assert store.import_orders() == 1
    assert store.level(P) == (8, 8)


def test_an_order_of_many_lines_is_read_to_its_end(store: Store) -> None:
    products = {f"7{number:04d}": 5 for number in range(260)}
    store.open(products)
    store.emulator.place_order(
        [{"inventoryItemId": item(product), "locationId": ONLINE, "quantity": 1} for product in products]
    )
    assert store.import_orders() == 260
    assert {level for (level,) in store.connection.execute(b"SELECT position FROM inventory_level")} == {4}
