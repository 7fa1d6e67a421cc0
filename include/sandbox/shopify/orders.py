"""Orders and what they do to stock.

Documented: placing takes n from available and adds n to committed; fulfilling takes n from committed, so on_hand falls;
cancelling with restock gives n back from committed to available. Selling below zero is possible (inventory policy
"continue"). Inferred: after a cancel the fulfilment orders stay, CANCELLED, with totalQuantity and remainingQuantity 0;
an item that is not tracked moves nothing; a sale at the till is fulfilled in the same moment and so is never seen
in committed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from include.sandbox.shopify.store import Change, FulfillmentOrder, Line, Order, Refused, Store

FIRST_NUMBER = 1001
SOURCES = ("web", "pos")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line of an order to be placed: `quantity` units of an item from a location."""

    item: str
    location: str
    quantity: int


def place(store: Store, lines: Sequence[Wanted], source: str = "web", *, oversell: bool = True) -> Order:
    """Place an order and move the stock.

    Args:
        store: the shop.
        lines: what is bought and where it is taken from; one fulfilment order per location.
        source: "web" stays open until fulfilled, "pos" is fulfilled at once.
        oversell: False refuses an order that would take available below zero.

    Raises:
        Refused: unknown ids or source, no lines, a quantity below 1, or not enough stock while oversell is False.
    """
    if source not in SOURCES:
        raise Refused(f"orders.source: got {source!r}, expected one of {', '.join(SOURCES)}")
    if not lines:
        raise Refused("orders.lines: an order needs at least one line")
    needed: dict[tuple[str, str], int] = {}
    for line in lines:
        store.check_known(line.item, line.location)
        if line.quantity < 1:
            raise Refused(f"orders.lines: quantity {line.quantity} of {line.item}; expected 1 or more")
        needed[line.item, line.location] = needed.get((line.item, line.location), 0) + line.quantity
    if not oversell:
        _check_stock(store, needed)
    store.act()
    now = store.now()
    at_till = source == "pos"
    status = "CLOSED" if at_till else "OPEN"
    parts = []
    ids = [store.new_id("FulfillmentOrderLineItem") for _ in lines]  # as they were bought, whatever their locations
    for location in dict.fromkeys(line.location for line in lines):
        rows = tuple(
            Line(identity, x.item, x.quantity, 0 if at_till else x.quantity)
            for identity, x in zip(ids, lines, strict=True)
            if x.location == location
        )
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
    )
    store.orders[order.id] = [order]
    store.dirty = True
    for (item, location), n in needed.items():
        deltas = {"available": -n} if at_till else {"available": -n, "committed": n}
        _move(store, "order", order, item, location, deltas, now)
    return order


def cancel(store: Store, order_id: str, *, restock: bool = True) -> Order:
    """Cancel an open order; with restock its units become available again, without they leave the stock.

    Raises:
        Refused: no such order, or it is cancelled or fulfilled already.
    """
    order = _open(store, order_id)
    store.act()
    now = store.now()
    for item, location, n in _remaining(order):
        deltas = {"committed": -n, "available": n} if restock else {"committed": -n}
        _move(store, "cancel", order, item, location, deltas, now)
    done = _finish(order, "CANCELLED", now, keep_total=False)
    return _append(store, replace(done, cancelled=now))


def fulfil(store: Store, order_id: str) -> Order:
    """Fulfil everything that an open order still waits for.

    Raises:
        Refused: no such order, or it is cancelled or fulfilled already.
    """
    order = _open(store, order_id)
    store.act()
    now = store.now()
    for item, location, n in _remaining(order):
        _move(store, "fulfil", order, item, location, {"committed": -n}, now)
    done = _finish(order, "CLOSED", now, keep_total=True)
    return _append(store, replace(done, fulfillment_status="FULFILLED"))


def _check_stock(store: Store, needed: Mapping[tuple[str, str], int]) -> None:
    for (item, location), n in needed.items():
        level = store.levels.get((item, location))
        there = level.quantity("available") if level else 0
        if store.items[item].tracked and there < n:
            raise Refused(
                f"orders.lines: {n} of {item} at {location}, available {there}; "
                "order less, or leave oversell out to sell below zero"
            )


def _open(store: Store, order_id: str) -> Order:
    versions = store.orders.get(order_id)
    if not versions:
        raise Refused(f"orders.id: the shop has no order {order_id!r}; use the id that placing it returned")
    order = versions[-1]
    if order.cancelled is not None or order.fulfillment_status == "FULFILLED":
        state = "cancelled" if order.cancelled is not None else "fulfilled"
        raise Refused(f"orders.id: {order.name} ({order.id}) is {state} already; only an open order can change")
    return order


def _remaining(order: Order) -> list[tuple[str, str, int]]:
    return [(x.item, part.location, x.remaining) for part in order.fulfillment_orders for x in part.lines]


def _finish(order: Order, status: str, now: float, *, keep_total: bool) -> Order:
    parts = tuple(
        replace(
            part,
            status=status,
            updated=now,
            lines=tuple(replace(x, remaining=0, total=x.total if keep_total else 0) for x in part.lines),
        )
        for part in order.fulfillment_orders
    )
    return replace(order, updated=now, fulfillment_orders=parts)


def _append(store: Store, order: Order) -> Order:
    store.orders[order.id].append(order)
    store.dirty = True
    return order


def _move(
    store: Store, kind: str, order: Order, item: str, location: str, deltas: Mapping[str, int], now: float
) -> None:
    if not store.items[item].tracked:
        return
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
