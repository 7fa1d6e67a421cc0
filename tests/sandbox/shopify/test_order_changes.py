"""What happens to placed orders: what the API shows of it, and what available, committed and on_hand do."""

from __future__ import annotations

from typing import Any

import pytest

from include.sandbox.shopify.store import Refused
from tests.sandbox.shopify.shop import ITEMS, MAIN, OUTLET, Shop, only

A, B = ITEMS[:2]
ORDER = """query Order($id: ID!) {
  order(id: $id) {
    updatedAt processedAt displayFulfillmentStatus cancelledAt
    fulfillmentOrders(first: 20) { nodes {
      id status assignedLocation { location { id } }
      lineItems(first: 20) { nodes {
        id inventoryItemId totalQuantity remainingQuantity lineItem { id quantity currentQuantity }
      } }
    } }
    refunds(first: 10) {
      id createdAt
      refundLineItems(first: 20) { nodes { lineItem { id } quantity restockType restocked location { id } } }
    }
  }
}"""

Parts = list[tuple[str, str, list[tuple[str, int, int]]]]


def shown(shop: Shop, order: str) -> dict[str, Any]:
    answer = shop.post(ORDER, {"id": order})
    assert "errors" not in answer, answer["errors"]
    found: dict[str, Any] = answer["data"]["order"]
    return found


def parts(shop: Shop, order: str) -> Parts:
    """Status and location of each fulfilment order, and of its rows item, total and remaining."""
    return [
        (
            part["status"],
            part["assignedLocation"]["location"]["id"],
            [(x["inventoryItemId"], x["totalQuantity"], x["remainingQuantity"]) for x in part["lineItems"]["nodes"]],
        )
        for part in shown(shop, order)["fulfillmentOrders"]["nodes"]
    ]


def stock(shop: Shop, item: str = A, location: str = MAIN) -> tuple[int, int, int]:
    """Available, committed and on_hand."""
    level = shop.quantities(item, location)
    return level["available"], level["committed"], level["on_hand"]


def line(item: str = A, quantity: int = 1, location: str | None = None, **more: object) -> dict[str, object]:
    return {"inventoryItemId": item, "quantity": quantity, **({"locationId": location} if location else {}), **more}


def test_a_fulfilment_in_part_leaves_the_order_in_progress(shop: Shop) -> None:
    order = shop.order((A, 3))
    shop.control.fulfil_order(order, [line(A, 2)])
    assert parts(shop, order) == [("IN_PROGRESS", MAIN, [(A, 3, 1)])]
    assert shown(shop, order)["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert stock(shop) == (7, 1, 8)
    with pytest.raises(Refused, match="to be fulfilled are 1"):
        shop.control.fulfil_order(order, [line(A, 2)])
    shop.control.fulfil_order(order)
    assert parts(shop, order) == [("CLOSED", MAIN, [(A, 3, 0)])]
    assert stock(shop) == (7, 0, 7)


def test_what_is_open_of_a_started_order_can_be_cancelled(shop: Shop) -> None:
    order = shop.order((A, 3))
    shop.control.fulfil_order(order, [line(A, 1)])
    shop.control.cancel_order(order)
    assert parts(shop, order) == [("CLOSED", MAIN, [(A, 1, 0)])]
    assert stock(shop) == (9, 0, 9)
    refund = only(only(shown(shop, order)["refunds"])["refundLineItems"]["nodes"])
    assert (refund["quantity"], refund["restockType"], refund["location"]) == (2, "CANCEL", {"id": MAIN})


def test_a_cancel_without_restock_takes_the_units_out_of_stock(shop: Shop) -> None:
    order = shop.order((A, 3))
    shop.control.cancel_order(order, restock=False)
    assert stock(shop) == (7, 0, 7)
    refund = only(only(shown(shop, order)["refunds"])["refundLineItems"]["nodes"])
    assert (refund["restockType"], refund["restocked"], refund["location"]) == ("NO_RESTOCK", False, None)


def test_a_cancelled_fulfilment_leaves_its_closed_fulfilment_order_behind(shop: Shop) -> None:
    order = shop.order((A, 3))
    shop.control.fulfil_order(order)
    shop.control.take_back_fulfilment(order)
    assert parts(shop, order) == [("CLOSED", MAIN, [(A, 3, 3)]), ("OPEN", MAIN, [(A, 3, 3)])]
    assert stock(shop) == (7, 3, 10)
    assert shown(shop, order)["displayFulfillmentStatus"] == "UNFULFILLED"
    shop.control.fulfil_order(order, [line(A, 1)])
    shop.control.take_back_fulfilment(order)
    assert parts(shop, order) == [("CLOSED", MAIN, [(A, 3, 3)]), ("OPEN", MAIN, [(A, 3, 3)])]
    with pytest.raises(Refused, match="no fulfilment"):
        shop.control.take_back_fulfilment(order)


def test_an_edit_lowers_a_row_and_adds_in_a_fulfilment_order_of_its_own(shop: Shop) -> None:
    order = shop.order((A, 3))
    shop.control.edit_order(order, [line(A, 1), line(B, 2, OUTLET)])
    assert parts(shop, order) == [("OPEN", MAIN, [(A, 1, 1)]), ("OPEN", OUTLET, [(B, 2, 2)])]
    assert (stock(shop), stock(shop, B, OUTLET)) == ((9, 1, 10), (-2, 2, 0))
    bought = [
        (row["lineItem"]["quantity"], row["lineItem"]["currentQuantity"])
        for part in shown(shop, order)["fulfillmentOrders"]["nodes"]
        for row in part["lineItems"]["nodes"]
    ]
    assert bought == [(3, 1), (2, 2)]
    shop.control.edit_order(order, [line(A, 2)])
    assert parts(shop, order)[2] == ("OPEN", MAIN, [(A, 1, 1)])
    shop.control.edit_order(order, [line(A, 0, restock=False)])
    assert stock(shop) == (8, 0, 8)
    assert shown(shop, order)["refunds"] == [], "an edit leaves none behind"
    with pytest.raises(Refused, match="no such line; to add one"):
        shop.control.edit_order(order, [line(ITEMS[2], 1)])


def test_a_whole_fulfilment_order_moves_in_place(shop: Shop) -> None:
    order = shop.order((A, 3))
    before = only(shown(shop, order)["fulfillmentOrders"]["nodes"])
    shop.control.move_order(order, OUTLET)
    after = only(shown(shop, order)["fulfillmentOrders"]["nodes"])
    assert (after["id"], after["assignedLocation"]["location"]["id"]) == (before["id"], OUTLET)
    assert (stock(shop), stock(shop, A, OUTLET)) == ((10, 0, 10), (-3, 3, 0))
    with pytest.raises(Refused, match="nothing to move"):
        shop.control.move_order(order, OUTLET)


def test_a_part_moves_in_a_new_fulfilment_order_and_fulfilled_units_stay(shop: Shop) -> None:
    order = shop.control.place_order([line(A, 3, MAIN), line(B, 1, MAIN)])
    shop.control.fulfil_order(order, [line(A, 1)])
    shop.control.move_order(order, OUTLET, [line(A, 1, MAIN), line(B, 1, MAIN)])
    assert parts(shop, order) == [
        ("IN_PROGRESS", MAIN, [(A, 2, 1)]),
        ("OPEN", OUTLET, [(A, 1, 1), (B, 1, 1)]),
    ], "a row of which nothing is left is gone"
    rows = [row for part in shown(shop, order)["fulfillmentOrders"]["nodes"] for row in part["lineItems"]["nodes"]]
    assert rows[0]["lineItem"]["id"] == rows[1]["lineItem"]["id"]
    assert rows[0]["id"] != rows[1]["id"]
    assert (stock(shop), stock(shop, A, OUTLET)) == ((8, 1, 9), (-1, 1, 0))


def test_what_moves_to_where_something_is_comes_together_in_a_new_one(shop: Shop) -> None:
    order = shop.control.place_order([line(A, 2, MAIN), line(B, 1, OUTLET)])
    shop.control.move_order(order, OUTLET)
    assert parts(shop, order) == [
        ("CLOSED", MAIN, [(A, 2, 2)]),
        ("CLOSED", OUTLET, [(B, 1, 1)]),
        ("OPEN", OUTLET, [(A, 2, 2), (B, 1, 1)]),
    ]
    assert (stock(shop), stock(shop, B, OUTLET)) == ((10, 0, 10), (-1, 1, 0))


def test_a_hold_keeps_from_fulfilling_and_moves_nothing(shop: Shop) -> None:
    order = shop.order((A, 3))
    shop.control.hold_order(order)
    assert parts(shop, order) == [("ON_HOLD", MAIN, [(A, 3, 3)])]
    assert stock(shop) == (7, 3, 10)
    with pytest.raises(Refused, match="is on hold; release it first"):
        shop.control.fulfil_order(order)
    shop.control.hold_order(order, release=True)
    shop.control.fulfil_order(order)
    assert stock(shop) == (7, 0, 7)


@pytest.mark.parametrize(
    ("fulfilled", "refund", "expected", "elsewhere", "row"),
    [
        (0, line(A, 2, restockType="CANCEL"), (9, 1, 10), 0, (A, 1, 1)),
        (0, line(A, 2, OUTLET, restockType="CANCEL"), (7, 1, 8), 2, (A, 1, 1)),
        (3, line(A, 2, MAIN, restockType="RETURN"), (9, 0, 9), 0, (A, 3, 0)),
        (3, line(A, 2, OUTLET, restockType="RETURN"), (7, 0, 7), 2, (A, 3, 0)),
        (3, line(A, 2, restockType="NO_RESTOCK"), (7, 0, 7), 0, (A, 3, 0)),
        (1, line(A, 2, restockType="NO_RESTOCK"), (7, 1, 8), 0, (A, 2, 1)),
        (1, line(A, 2, restockType="NO_RESTOCK", removal=True), (7, 0, 7), 0, (A, 1, 0)),
    ],
)
def test_refunds_put_back_what_their_type_says(
    shop: Shop,
    fulfilled: int,
    refund: dict[str, object],
    expected: tuple[int, int, int],
    elsewhere: int,
    row: tuple[str, int, int],
) -> None:
    shop.control.edit_level(A, OUTLET, 0)
    order = shop.order((A, 3))
    if fulfilled:
        shop.control.fulfil_order(order, [line(A, fulfilled)])
    shop.control.refund_order(order, [refund])
    assert stock(shop) == expected
    assert stock(shop, A, OUTLET) == (elsewhere, 0, elsewhere)
    assert only(parts(shop, order))[2] == [row]
    shown_line = only(only(shown(shop, order)["fulfillmentOrders"]["nodes"])["lineItems"]["nodes"])["lineItem"]
    assert (shown_line["quantity"], shown_line["currentQuantity"]) == (3, 1)


def test_refunds_that_do_not_fit_are_refused(shop: Shop) -> None:
    order = shop.order((A, 3))
    for refund, complaint in (
        (line(A, 4, restockType="CANCEL"), "bought and not refunded are 3"),
        (line(A, 1, MAIN, restockType="RETURN"), "fulfilled and not refunded are 0"),
        (line(A, 1, restockType="LEGACY_RESTOCK"), "expected one of CANCEL, NO_RESTOCK, RETURN"),
        (line(B, 1, restockType="CANCEL"), "bought and not refunded are 0"),
    ):
        with pytest.raises(Refused, match=complaint):
            shop.control.refund_order(order, [refund])
    assert stock(shop) == (7, 3, 10)


def test_a_sale_without_a_connection_tells_when_it_was(shop: Shop) -> None:
    order = shop.control.place_order([line(A, 1, MAIN)], "pos", processedAt="2026-11-20T08:00:00+00:00")
    assert shown(shop, order)["processedAt"] == "2026-11-20T08:00:00Z"
    assert shown(shop, order)["updatedAt"] > "2026-11-20T08:00:00Z"


def test_the_search_may_not_know_of_single_orders(shop: Shop) -> None:
    order = shop.order((A, 1))
    shop.control.settings(unindexed_orders=[order])
    query = "{ orders(first: 10) { nodes { id } } }"
    assert shop.post(query)["data"]["orders"]["nodes"] == []
    assert shown(shop, order)["displayFulfillmentStatus"] == "UNFULFILLED"
    shop.control.settings(unindexed_orders=[])
    assert shop.post(query)["data"]["orders"]["nodes"] == [{"id": order}]


def test_an_older_version_shows_its_own_refunds_and_lines(shop: Shop) -> None:
    shop.control.settings(clock_offset=-100)
    order = shop.order((A, 3))
    shop.control.settings(clock_offset=0, order_search_lag=50)
    shop.control.refund_order(order, [line(A, 1, restockType="CANCEL")])
    query = (
        "{ orders(first: 1) { nodes { refunds(first: 5) { id } fulfillmentOrders(first: 1) { nodes {"
        " lineItems(first: 1) { nodes { totalQuantity lineItem { currentQuantity } } } } } } } }"
    )
    old = only(shop.post(query)["data"]["orders"]["nodes"])
    row = only(only(old["fulfillmentOrders"]["nodes"])["lineItems"]["nodes"])
    assert (old["refunds"], row) == ([], {"totalQuantity": 3, "lineItem": {"currentQuantity": 3}})
    assert len(shown(shop, order)["refunds"]) == 1
