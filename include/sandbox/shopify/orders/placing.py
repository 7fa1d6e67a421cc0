"""Placing orders. Documented: placing takes n from available and adds n to committed, so on_hand stays.

Selling below zero is possible (inventory policy "continue"). Inferred: an item that is not tracked moves nothing; a
sale at the till is fulfilled in the same moment and so is never seen in committed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.sandbox.shopify.orders.records import FulfillmentOrder, Line, LineItem, Order
from include.sandbox.shopify.orders.stock import append, move_stock
from include.sandbox.shopify.store import Refused, Store

FIRST_NUMBER = 1001
SOURCES = ("web", "pos")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of an order to be placed: `quantity` units of an item from a location."""

    item: str
    location: str
    quantity: int


def place(
    store: Store, lines: Sequence[Wanted], source: str = "web", *, oversell: bool = True, processed: float | None = None
) -> Order:
    """Place an order and move the stock.

    Args:
        store: the shop.
        lines: what is bought and where it is taken from; one fulfilment order per location.
        source: "web" stays open until fulfilled, "pos" is fulfilled at once.
        oversell: False refuses an order that would take available below zero.
        processed: when it was sold, in seconds since 1970, if that was before Shopify heard of it, as at a till
            without a connection.

    Raises:
        Refused: unknown ids or source, no lines, a quantity below 1, or not enough stock while oversell is False.
    """
    if source not in SOURCES:
        raise Refused(f"orders.source: got {source!r}, expected one of {', '.join(SOURCES)}")
    needed = _needed(store, lines)
    if not oversell:
        _check_stock(store, needed)
    store.act()
    now = store.now()
    at_till = source == "pos"
    line_items = tuple(LineItem(store.new_id("LineItem"), x.item, x.quantity, x.quantity) for x in lines)
    parts = []
    for location in dict.fromkeys(line.location for line in lines):
        rows = tuple(
            Line(store.new_id("FulfillmentOrderLineItem"), x.item, x.quantity, 0 if at_till else x.quantity, line.id)
            for line, x in zip(line_items, lines, strict=True)
            if x.location == location
        )
        status = "CLOSED" if at_till else "OPEN"
        parts.append(FulfillmentOrder(store.new_id("FulfillmentOrder"), location, status, now, now, rows))
    order = Order(
        id=store.new_id("Order"),
        number=FIRST_NUMBER + len(store.orders),
        source=source,
        created=now,
        updated=now,
        cancelled=None,
        fulfillment_status="FULFILLED" if at_till else "UNFULFILLED",
        fulfillment_orders=tuple(parts),
        line_items=line_items,
        processed=processed,
    )
    append(store, order)
    for (item, location), n in needed.items():
        deltas = {"available": -n} if at_till else {"available": -n, "committed": n}
        move_stock(store, "order", order, item, location, deltas)
    return order


def _needed(store: Store, lines: Sequence[Wanted]) -> dict[tuple[str, str], int]:
    if not lines:
        raise Refused("orders.lines: an order needs at least one line")
    needed: dict[tuple[str, str], int] = {}
    for line in lines:
        store.check_known(line.item, line.location)
        if line.quantity < 1:
            raise Refused(f"orders.lines: quantity {line.quantity} of {line.item}; expected 1 or more")
        needed[line.item, line.location] = needed.get((line.item, line.location), 0) + line.quantity
    return needed


def _check_stock(store: Store, needed: Mapping[tuple[str, str], int]) -> None:
    for (item, location), n in needed.items():
        level = store.levels.get((item, location))
        there = level.quantity("available") if level else 0
        if store.items[item].tracked and there < n:
            raise Refused(
                f"orders.lines: {n} of {item} at {location}, available {there}; "
                "order less, or leave oversell out to sell below zero"
            )
