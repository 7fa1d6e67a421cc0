"""Transfers between locations: which named quantities they move, and what does not show them."""

from __future__ import annotations

import pytest

from include.sandbox.shopify.store import Refused
from tests.sandbox.shopify.shop import ITEMS, MAIN, OUTLET, Shop, row

ITEM = ITEMS[0]
QUANTITIES = """query Level($item: ID!, $location: ID!) {
  inventoryItem(id: $item) { inventoryLevel(locationId: $location) {
    quantities(names: ["available", "on_hand", "reserved", "incoming"]) { quantity }
  } }
}"""


def shown(shop: Shop, location: str) -> list[int] | None:
    """Available, on hand, reserved and incoming."""
    answer = shop.post(QUANTITIES, {"item": ITEM, "location": location})["data"]["inventoryItem"]["inventoryLevel"]
    return None if answer is None else [each["quantity"] for each in answer["quantities"]]


def test_units_are_reserved_then_incoming_then_there(shop: Shop) -> None:
    transfer = shop.control.transfer(ITEM, MAIN, OUTLET, 4)
    assert (shown(shop, MAIN), shown(shop, OUTLET)) == ([6, 10, 4, 0], None)
    shop.control.ship_transfer(transfer)
    assert (shown(shop, MAIN), shown(shop, OUTLET)) == ([6, 6, 0, 0], [0, 0, 0, 4])
    shop.control.receive_transfer(transfer, 1)
    assert shown(shop, OUTLET) == [1, 1, 0, 3]
    shop.control.receive_transfer(transfer)
    assert shown(shop, OUTLET) == [4, 4, 0, 0]
    assert shop.codes(row(expected=10)) == ["CHANGE_FROM_QUANTITY_STALE"], "whoever has not read it finds out"
    changes = [
        (change["kind"], change["locationId"], change["name"], change["delta"]) for change in shop.control.history()
    ]
    assert changes == [
        ("transfer", MAIN, "available", -4),
        ("transfer", MAIN, "reserved", 4),
        ("transfer", MAIN, "reserved", -4),
        ("transfer", OUTLET, "incoming", 4),
        ("transfer", OUTLET, "incoming", -1),
        ("transfer", OUTLET, "available", 1),
        ("transfer", OUTLET, "incoming", -3),
        ("transfer", OUTLET, "available", 3),
    ]


@pytest.mark.parametrize("is_shipped", [False, True])
def test_a_cancelled_transfer_gives_back_what_was_not_received(shop: Shop, is_shipped: bool) -> None:
    transfer = shop.control.transfer(ITEM, MAIN, OUTLET, 4)
    if is_shipped:
        shop.control.ship_transfer(transfer)
        shop.control.receive_transfer(transfer, 1)
    shop.control.cancel_transfer(transfer)
    assert shown(shop, MAIN) == ([9, 9, 0, 0] if is_shipped else [10, 10, 0, 0])
    assert shown(shop, OUTLET) == ([1, 1, 0, 0] if is_shipped else None)


def test_what_cannot_be_done_with_a_transfer(shop: Shop) -> None:
    control = shop.control
    with pytest.raises(Refused, match="the shop has no transfer 'x'"):
        control.ship_transfer("x")
    with pytest.raises(Refused, match="the shop has no location"):
        control.transfer(ITEM, MAIN, "gid://shopify/Location/99", 1)
    with pytest.raises(Refused, match="got 0; expected a whole number of 1 or more"):
        control.transfer(ITEM, MAIN, OUTLET, 0)
    transfer = control.transfer(ITEM, MAIN, OUTLET, 2)
    with pytest.raises(Refused, match="is READY_TO_SHIP; expected IN_TRANSIT"):
        control.receive_transfer(transfer)
    control.ship_transfer(transfer)
    with pytest.raises(Refused, match=r"got 3; .* has 2 on the way"):
        control.receive_transfer(transfer, 3)
    control.receive_transfer(transfer)
    with pytest.raises(Refused, match="is DONE; expected READY_TO_SHIP or IN_TRANSIT"):
        control.cancel_transfer(transfer)
    assert shown(shop, MAIN) == [8, 8, 0, 0]
