"""Fulfilment orders that change their location.

Documented: one that moves whole is assigned to the new location; fulfilled units stay where they are; if the order has
an open fulfilment order at the new location, that one is closed, and its units come with the moved ones in a new one.
Recorded on 2026-04: what moves of a part comes in a new fulfilment order, in rows of the same line items; rows of which
nothing is left are gone. Inferred: a closed one keeps the numbers of its rows, and stock moves as if the units were
given back at the one location and ordered at the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from include.sandbox.shopify.orders.changes import new_part
from include.sandbox.shopify.orders.picking import Pick, Wish, pick
from include.sandbox.shopify.orders.records import FulfillmentOrder, Line, Order
from include.sandbox.shopify.orders.stock import change, move_stock, newest
from include.sandbox.shopify.store import Refused, Store


def move(store: Store, order_id: str, location: str, wishes: Sequence[Wish] = ()) -> Order:
    """Move unfulfilled units of an order to another location, or all of them.

    Raises:
        Refused: no such order or location, or nothing to move that is not there already.
    """
    order = newest(store, order_id)
    picks = [each for each in pick(order, wishes) if each.part.location != location]
    if not picks:
        raise Refused(f"orders.id: {order.name} ({order.id}) has nothing to move to {location}")
    store.act()
    for each in picks:
        store.check_known(each.row.item, location)
        n = each.quantity
        move_stock(store, "move", order, each.row.item, each.part.location, {"committed": -n, "available": n})
        move_stock(store, "move", order, each.row.item, location, {"committed": n, "available": -n})
    there = next((x for x in order.fulfillment_orders if x.is_open and x.location == location), None)
    parts = [_left(part, picks, location, there) for part in order.fulfillment_orders]
    rows = [row for part in order.fulfillment_orders for row in _moved(store, part, picks, there)]
    if there is not None:
        parts = [replace(part, status="CLOSED") if part.id == there.id else part for part in parts]
        rows += [_again(store, row, row.remaining) for row in there.lines if row.remaining]
    if rows:
        parts.append(new_part(store, location, rows))
    return change(store, replace(order, fulfillment_orders=tuple(part for part in parts if part.lines)))


def _left(
    part: FulfillmentOrder, picks: Iterable[Pick], location: str, there: FulfillmentOrder | None
) -> FulfillmentOrder:
    """Return what becomes of a fulfilment order from which units were picked."""
    taken = {each.row.id: each.quantity for each in picks if each.part.id == part.id}
    if not taken:
        return part
    if _is_whole(part, taken):
        return replace(part, location=location) if there is None else replace(part, status="CLOSED")
    rows = [
        replace(row, total=row.total - taken.get(row.id, 0), remaining=row.remaining - taken.get(row.id, 0))
        for row in part.lines
    ]
    rows = [row for row in rows if row.total]
    status = part.status if any(row.remaining for row in rows) else "CLOSED"
    return replace(part, lines=tuple(rows), status=status)


def _moved(store: Store, part: FulfillmentOrder, picks: Iterable[Pick], there: FulfillmentOrder | None) -> list[Line]:
    """Return the rows that a new fulfilment order takes over from another one."""
    taken = {each.row.id: each.quantity for each in picks if each.part.id == part.id}
    if not taken or (there is None and _is_whole(part, taken)):
        return []
    return [_again(store, row, taken[row.id]) for row in part.lines if row.id in taken]


def _is_whole(part: FulfillmentOrder, taken: dict[str, int]) -> bool:
    return all(taken.get(row.id, 0) == row.total for row in part.lines)


def _again(store: Store, row: Line, units: int) -> Line:
    return Line(store.new_id("FulfillmentOrderLineItem"), row.item, units, units, row.line_item)
