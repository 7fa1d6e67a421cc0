"""Orders: what they do to stock, how the search sees them, and how late."""

from __future__ import annotations

import time
from typing import Any

import pytest

from include.sandbox.shopify.scalars import timestamp
from include.sandbox.shopify.store import Refused
from tests.sandbox.shopify.shop import ITEMS, MAIN, OUTLET, UNTRACKED, Shop, only, wait_for

SEARCH = """query Search($query: String) {
  orders(first: 50, query: $query, sortKey: UPDATED_AT) {
    nodes {
      id name number sourceName updatedAt createdAt cancelledAt displayFulfillmentStatus
      fulfillmentOrders(first: 10) { nodes {
        status assignedLocation { location { id } }
        lineItems(first: 100) { nodes { lineItem { id sku } inventoryItemId sku totalQuantity remainingQuantity } }
      } }
    }
  }
}"""


def found(shop: Shop, query: str = "") -> list[dict[str, Any]]:
    """The orders that a search without a warning finds."""
    answer = shop.post(SEARCH, {"query": query})
    assert "errors" not in answer, answer["errors"]
    assert "search" not in answer["extensions"]
    nodes: list[dict[str, Any]] = answer["data"]["orders"]["nodes"]
    return nodes


def stock(shop: Shop, item: str = ITEMS[0]) -> tuple[int, int, int]:
    """Available, committed and on_hand."""
    shown = shop.quantities(item)
    return shown["available"], shown["committed"], shown["on_hand"]


def test_an_order_commits_and_its_fulfilment_leaves_the_shelf(shop: Shop) -> None:
    order = shop.order((ITEMS[0], 3))
    assert stock(shop) == (7, 3, 10)
    shop.control.fulfil_order(order)
    assert stock(shop) == (7, 0, 7)
    assert [(x["kind"], x["delta"], x["referenceDocumentUri"]) for x in shop.control.history()] == [
        ("order", -3, order),
        ("fulfil", 0, order),
    ]


def test_a_cancelled_order_gives_back(shop: Shop) -> None:
    shop.control.cancel_order(shop.order((ITEMS[0], 3)))
    assert stock(shop) == (10, 0, 10)
    order = only(found(shop, "status:cancelled"))
    assert order["cancelledAt"]
    part = only(order["fulfillmentOrders"]["nodes"])
    assert part["status"] == "CLOSED"


def test_a_sale_at_the_till_is_never_seen_in_committed(shop: Shop) -> None:
    shop.order((ITEMS[0], 3), source="pos")
    assert stock(shop) == (7, 0, 7)
    order = only(found(shop))
    assert (order["sourceName"], order["displayFulfillmentStatus"]) == ("pos", "FULFILLED")
    line = only(only(order["fulfillmentOrders"]["nodes"])["lineItems"]["nodes"])
    assert (line["totalQuantity"], line["remainingQuantity"]) == (3, 0)


def test_an_order_shows_a_part_for_each_location(shop: Shop) -> None:
    wanted = [
        {"inventoryItemId": ITEMS[0], "locationId": MAIN, "quantity": 2},
        {"inventoryItemId": ITEMS[1], "locationId": OUTLET, "quantity": 1},
        {"inventoryItemId": ITEMS[1], "locationId": MAIN, "quantity": 4},
    ]
    identity = shop.control.place_order(wanted)
    order = only(found(shop))
    assert (order["id"], order["name"], order["number"]) == (identity, "#1001", 1001)
    parts = [
        (
            part["assignedLocation"]["location"]["id"],
            [(x["inventoryItemId"], x["sku"], x["totalQuantity"]) for x in part["lineItems"]["nodes"]],
        )
        for part in order["fulfillmentOrders"]["nodes"]
    ]
    assert parts == [
        (MAIN, [(ITEMS[0], "SKU-100", 2), (ITEMS[1], "SKU-101", 4)]),
        (OUTLET, [(ITEMS[1], "SKU-101", 1)]),
    ]
    assert shop.quantities(ITEMS[1], OUTLET)["available"] == -1


def test_line_items_are_numbered_as_they_were_bought_and_keep_their_ids(shop: Shop) -> None:
    wanted = [
        {"inventoryItemId": ITEMS[0], "locationId": MAIN, "quantity": 2},
        {"inventoryItemId": ITEMS[1], "locationId": OUTLET, "quantity": 1},
        {"inventoryItemId": ITEMS[2], "locationId": MAIN, "quantity": 4},
    ]
    identity = shop.control.place_order(wanted)

    def lines() -> dict[str, str]:
        parts = only(found(shop))["fulfillmentOrders"]["nodes"]
        rows = [row["lineItem"] for part in parts for row in part["lineItems"]["nodes"]]
        return {row["sku"]: row["id"] for row in rows}

    first = lines()
    assert all(line.startswith("gid://shopify/LineItem/") for line in first.values())
    assert sorted(first, key=lambda sku: int(first[sku].rpartition("/")[2])) == ["SKU-100", "SKU-101", "SKU-102"]
    shop.control.cancel_order(identity)
    assert lines() == first


def test_an_untracked_item_moves_nothing(shop: Shop) -> None:
    shop.order((UNTRACKED, 3))
    assert shop.level(UNTRACKED) is None
    assert len(found(shop)) == 1


def test_a_closed_order_cannot_change_again(shop: Shop) -> None:
    order = shop.order((ITEMS[0], 1))
    shop.control.fulfil_order(order)
    for change in (shop.control.cancel_order, shop.control.fulfil_order):
        with pytest.raises(Refused, match="is fulfilled already"):
            change(order)
    with pytest.raises(Refused, match="no order 'gid://shopify/Order/5'"):
        shop.control.cancel_order("gid://shopify/Order/5")


def test_selling_below_zero_can_be_forbidden(shop: Shop) -> None:
    line = {"inventoryItemId": ITEMS[0], "locationId": MAIN, "quantity": 11}
    with pytest.raises(Refused, match="available 10; order less"):
        shop.control.place_order([line], oversell=False)
    assert stock(shop) == (10, 0, 10)
    shop.control.place_order([line])
    assert stock(shop) == (-1, 11, 10)


def test_the_search_compares_whole_seconds(shop: Shop) -> None:
    shop.control.settings(clock_offset=-100)
    old = shop.order((ITEMS[0], 1))
    shop.control.settings(clock_offset=0)
    new = shop.order((ITEMS[0], 1))
    at = {order["id"]: order["updatedAt"] for order in found(shop)}
    assert list(at) == [old, new]
    for query, expected in (
        (f"updated_at:>='{at[new]}'", [new]),
        (f"updated_at:>'{at[new]}'", []),
        (f"updated_at:>='{at[old]}'", [old, new]),
        (f"updated_at:>'{at[old]}'", [new]),
        (f"updated_at:<'{at[new]}'", [old]),
        (f"updated_at:<='{at[new]}' AND created_at:>'{at[old]}'", [new]),
        (f'updated_at:"{at[old]}"', [old]),
        (f"id:{new.rpartition('/')[2]}", [new]),
        ("name:#1001 status:open", [old]),
        ("status:cancelled", []),
    ):
        assert [order["id"] for order in found(shop, query)] == expected, query


def test_a_later_change_moves_an_order_to_the_end(shop: Shop) -> None:
    shop.control.settings(clock_offset=-200)
    first, second = shop.order((ITEMS[0], 1)), shop.order((ITEMS[0], 1))
    shop.control.settings(clock_offset=0)
    moment = timestamp(time.time() - 100)
    shop.control.fulfil_order(first)
    assert [order["id"] for order in found(shop)] == [second, first]
    assert [order["id"] for order in found(shop, f"updated_at:>='{moment}'")] == [first]


def test_the_search_lags_behind_and_a_lookup_does_not(shop: Shop) -> None:
    shop.control.settings(clock_offset=-100)
    order = shop.order((ITEMS[0], 2))
    shop.control.settings(clock_offset=0, order_search_lag=50)
    shop.control.cancel_order(order)
    newest = shop.order((ITEMS[0], 1))
    # The search still shows the older version of the one order, and nothing of the other.
    shown = only(found(shop))
    assert (shown["id"], shown["cancelledAt"]) == (order, None)
    assert found(shop, "status:cancelled") == []
    direct = shop.post("query ($id: ID!) { order(id: $id) { cancelledAt } }", {"id": order})["data"]["order"]
    assert direct["cancelledAt"]
    shop.control.settings(clock_offset=60)
    assert {each["id"] for each in found(shop)} == {order, newest}
    assert only(found(shop, "status:cancelled"))["id"] == order


def test_the_lag_passes_by_itself(shop: Shop) -> None:
    shop.control.settings(order_search_lag=0.3)
    shop.order((ITEMS[0], 1))
    wait_for("the order in the search", lambda: len(found(shop)) == 1)


def test_an_unknown_filter_is_ignored_with_a_warning(shop: Shop) -> None:
    shop.order((ITEMS[0], 1))
    query = "colour:red updated_at:>='2020-01-01T00:00:00Z'"
    answer = shop.post(SEARCH, {"query": query})
    assert len(answer["data"]["orders"]["nodes"]) == 1
    search = only(answer["extensions"]["search"])
    assert (search["path"], search["query"]) == (["orders"], query)
    assert only(search["warnings"]) == {
        "field": "colour",
        "message": "Invalid search field for this query.",
        "code": "invalid_field",
    }
    answer = shop.post(SEARCH, {"query": "updated_at:>'yesterday'"})
    assert only(only(answer["extensions"]["search"])["warnings"])["code"] == "invalid_value"


@pytest.mark.parametrize("query", ["sku:A", "(status:open)", "status:open OR status:cancelled", "shirt"])
def test_what_the_search_does_not_emulate_is_refused(shop: Shop, query: str) -> None:
    assert only(shop.post(SEARCH, {"query": query})["errors"])["extensions"]["code"] == "NOT_EMULATED"
