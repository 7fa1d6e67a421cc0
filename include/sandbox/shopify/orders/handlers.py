"""The calls of the control API that concern orders: their bodies, read and passed on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from include.sandbox.shopify.orders import changes, moves, placing, refunds
from include.sandbox.shopify.orders.changes import Edit
from include.sandbox.shopify.orders.picking import Wish
from include.sandbox.shopify.orders.placing import Wanted
from include.sandbox.shopify.orders.records import Order
from include.sandbox.shopify.orders.refunds import Refunded
from include.sandbox.shopify.store import Store

Given = Mapping[str, Any]


def place(store: Store, given: Given) -> Order:
    """Place an order: `{lines, source, oversell, processedAt}`."""
    lines = [Wanted(line["inventoryItemId"], line["locationId"], int(line["quantity"])) for line in given["lines"]]
    processed = given.get("processedAt")
    return placing.place(
        store,
        lines,
        given.get("source", "web"),
        oversell=given.get("oversell", True),
        processed=None if processed is None else datetime.fromisoformat(processed).timestamp(),
    )


def cancel(store: Store, given: Given) -> Order:
    """Cancel what is open: `{id, restock}`."""
    return changes.cancel(store, given["id"], restock=given.get("restock", True))


def fulfil(store: Store, given: Given) -> Order:
    """Fulfil all that is open, or some of it: `{id, lines}`."""
    return changes.fulfil(store, given["id"], _wishes(given))


def refund(store: Store, given: Given) -> Order:
    """Refund units: `{id, lines: [{inventoryItemId or lineItemId, quantity, restockType, locationId, removal}]}`."""
    wanted = [
        Refunded(
            int(line["quantity"]),
            line["restockType"],
            line.get("inventoryItemId"),
            line.get("lineItemId"),
            line.get("locationId"),
            line.get("removal", False),
        )
        for line in given["lines"]
    ]
    return refunds.refund(store, given["id"], wanted)


def edit(store: Store, given: Given) -> Order:
    """Set the units of lines: `{id, lines: [{inventoryItemId or lineItemId, quantity, locationId, restock}]}`."""
    edits = [
        Edit(
            int(line["quantity"]),
            line.get("inventoryItemId"),
            line.get("lineItemId"),
            line.get("locationId"),
            line.get("restock", True),
        )
        for line in given["lines"]
    ]
    return changes.edit(store, given["id"], edits)


def move(store: Store, given: Given) -> Order:
    """Move unfulfilled units to a location: `{id, locationId, lines}`; a line's own `locationId` is where it is."""
    return moves.move(store, given["id"], given["locationId"], _wishes(given))


def hold(store: Store, given: Given) -> Order:
    """Put on hold, or release: `{id, release}`."""
    return changes.hold(store, given["id"], release=given.get("release", False))


def take_back(store: Store, given: Given) -> Order:
    """Cancel all fulfilments: `{id}`."""
    return changes.take_back(store, given["id"])


def _wishes(given: Given) -> list[Wish]:
    return [
        Wish(int(line["quantity"]), line.get("inventoryItemId"), line.get("lineItemId"), line.get("locationId"))
        for line in given.get("lines", [])
    ]


HANDLERS = {
    "/control/orders": place,
    "/control/orders/cancel": cancel,
    "/control/orders/fulfil": fulfil,
    "/control/orders/refund": refund,
    "/control/orders/edit": edit,
    "/control/orders/move": move,
    "/control/orders/hold": hold,
    "/control/orders/take-back": take_back,
}
"""By path; each returns the order as it is afterwards."""
