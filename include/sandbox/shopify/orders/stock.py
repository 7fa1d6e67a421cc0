"""What changes of orders have in common: versions, and the stock that moves with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from include.sandbox.shopify.orders.records import Order
from include.sandbox.shopify.records import Change
from include.sandbox.shopify.store import Refused, Store


def newest(store: Store, order_id: str) -> Order:
    """Return an order as it is now.

    Raises:
        Refused: the shop has no such order.
    """
    versions = store.orders.get(order_id)
    if not versions:
        raise Refused(f"orders.id: the shop has no order {order_id!r}; use the id that placing it returned")
    return versions[-1]


def append(store: Store, order: Order) -> Order:
    """Make an order's new version known."""
    store.orders.setdefault(order.id, []).append(order)
    store.dirty = True
    return order


def change(store: Store, order: Order) -> Order:
    """Make a changed order known: its moment and its status follow from what was done to its parts."""
    remaining = sum(row.remaining for part in order.fulfillment_orders if part.is_open for row in part.lines)
    fulfilled = sum(row.total - row.remaining for part in order.fulfillment_orders for row in part.lines)
    status = "UNFULFILLED"
    if fulfilled:
        status = "PARTIALLY_FULFILLED" if remaining else "FULFILLED"
    return append(store, replace(order, updated=store.now(), fulfillment_status=status))


def move_stock(store: Store, kind: str, order: Order, item: str, location: str, deltas: Mapping[str, int]) -> None:
    """Move quantities of a level because of an order. An item that is not tracked moves nothing (inferred)."""
    if not store.items[item].tracked:
        return
    now = store.now()
    store.change(store.add_level(item, location), deltas, now)
    store.note(
        Change(
            at=now,
            kind=kind,
            item=item,
            location=location,
            name="available",
            delta=deltas.get("available", 0),
            committed=deltas.get("committed", 0),
            on_hand=sum(deltas.values()),
            reference=order.id,
        )
    )
