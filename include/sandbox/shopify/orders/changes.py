"""What happens to placed orders: fulfilled, cancelled, edited, put on hold, and fulfilments taken back.

Documented: fulfilling takes n from committed, so on_hand falls; cancelling with restock gives n back from committed to
available. Recorded on 2026-04: a cancelled order's fulfilment orders are CLOSED and their rows stay, with totalQuantity
and remainingQuantity 0; an edit that lowers a line lowers its row, and what it adds comes in a fulfilment order of its
own; a cancelled fulfilment leaves the CLOSED fulfilment order behind with its units remaining, and a new OPEN one with
the same units. Inferred: without restock, units of a cancelled order leave the stock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from include.sandbox.shopify.orders import picking
from include.sandbox.shopify.orders.picking import Pick, Wish, fewer, pick, take
from include.sandbox.shopify.orders.records import FulfillmentOrder, Line, LineItem, Order, Refund, RefundLine
from include.sandbox.shopify.orders.stock import change, move_stock, newest
from include.sandbox.shopify.store import Refused, Store


@dataclass(frozen=True, slots=True)
class Edit:
    """A line is to have `quantity` current units. A line that the order has not is added at `location`."""

    quantity: int
    item: str | None = None
    line_item: str | None = None
    location: str | None = None
    restock: bool = True


def fulfil(store: Store, order_id: str, wishes: Sequence[Wish] = ()) -> Order:
    """Fulfil some of what an open order still waits for, or all of it.

    Raises:
        Refused: no such order, it is cancelled or fulfilled already, on hold, or there are fewer units.
    """
    order = _open(store, order_id)
    picks = pick(order, wishes)
    held = next((each.part for each in picks if each.part.status == "ON_HOLD"), None)
    if held is not None:
        raise Refused(f"orders.id: {held.id} of {order.name} is on hold; release it first")
    store.act()
    for each in picks:
        move_stock(store, "fulfil", order, each.row.item, each.part.location, {"committed": -each.quantity})
    return change(store, take(order, picks, store.now(), fulfilled=True))


def cancel(store: Store, order_id: str, *, restock: bool = True) -> Order:
    """Cancel what is open of an order; with restock its units become available again, without they leave the stock.

    Raises:
        Refused: no such order, or it is cancelled or fulfilled already.
    """
    order = _open(store, order_id)
    store.act()
    picks = pick(order, ())
    order = remove(store, "cancel", order, picks, restock=restock)
    lines = tuple(
        RefundLine(
            store.new_id("RefundLineItem"),
            each.row.line_item,
            each.quantity,
            "CANCEL" if restock else "NO_RESTOCK",
            each.part.location if restock else None,
        )
        for each in picks
    )
    refund = Refund(store.new_id("Refund"), store.now(), lines)
    return change(store, replace(order, cancelled=store.now(), refunds=(*order.refunds, refund)))


def edit(store: Store, order_id: str, edits: Sequence[Edit]) -> Order:
    """Change the lines of an order. An edit leaves no refund behind (reported).

    Raises:
        Refused: no such order or line, it is cancelled, or fewer units than that are open.
    """
    order = newest(store, order_id)
    if order.cancelled is not None:
        raise Refused(f"orders.id: {order.name} ({order.id}) is cancelled already; it cannot be edited")
    store.act()
    for each in edits:
        line = picking.line_item(order, each.item, each.line_item)
        if line is None or (each.line_item is None and line.current == 0):
            order = _add(store, order, each)
        elif each.quantity > line.current:
            order = _raise(store, order, line, each.quantity - line.current)
        elif each.quantity < line.current:
            picks = pick(order, [Wish(line.current - each.quantity, line_item=line.id)])
            order = remove(store, "edit_order", order, picks, restock=each.restock)
    return change(store, order)


def hold(store: Store, order_id: str, *, release: bool = False) -> Order:
    """Put what is open of an order on hold, or release it. No stock moves.

    Raises:
        Refused: no such order, or nothing of it is open.
    """
    order = _open(store, order_id)
    before, after = ("ON_HOLD", "OPEN") if release else ("OPEN", "ON_HOLD")
    parts = tuple(replace(x, status=after) if x.status == before else x for x in order.fulfillment_orders)
    store.act()
    return change(store, replace(order, fulfillment_orders=parts))


def take_back(store: Store, order_id: str) -> Order:
    """Cancel the fulfilments of an order: its units are committed again.

    Raises:
        Refused: no such order, nothing of it was fulfilled, or some of that was refunded.
    """
    order = newest(store, order_id)
    fulfilled = {line.id: picking.fulfilled_of(order, line.id) for line in order.line_items}
    if not any(fulfilled.values()) or any(picking.kept_of(order, x) < n for x, n in fulfilled.items()):
        raise Refused(f"orders.id: {order.name} ({order.id}) has no fulfilment that could be cancelled")
    store.act()
    parts: list[FulfillmentOrder] = []
    again: list[FulfillmentOrder] = []
    for part in order.fulfillment_orders:
        for row in part.lines:
            n = row.total - row.remaining
            if n:
                deltas = {"committed": n}
                move_stock(store, "cancel_fulfilment", order, row.item, part.location, deltas)
        undone = tuple(replace(row, remaining=row.total) for row in part.lines)
        if undone == part.lines:
            parts.append(part)
        elif part.is_open:
            parts.append(replace(part, status="OPEN", lines=undone, updated=store.now()))
        else:
            parts.append(replace(part, lines=undone, updated=store.now()))
            rows = [replace(row, id=store.new_id("FulfillmentOrderLineItem")) for row in undone if row.total]
            again.append(new_part(store, part.location, rows))
    return change(store, replace(order, fulfillment_orders=(*parts, *again)))


def remove(store: Store, kind: str, order: Order, picks: Sequence[Pick], *, restock: bool) -> Order:
    """Return an order without some units that were still to be fulfilled; they go back, or leave the stock."""
    for each in picks:
        deltas = {"committed": -each.quantity, **({"available": each.quantity} if restock else {})}
        move_stock(store, kind, order, each.row.item, each.part.location, deltas)
        order = fewer(order, each.row.line_item, each.quantity)
    return take(order, picks, store.now(), fulfilled=False)


def new_part(store: Store, location: str, rows: Sequence[Line]) -> FulfillmentOrder:
    """Return a new open fulfilment order of a location."""
    now = store.now()
    return FulfillmentOrder(store.new_id("FulfillmentOrder"), location, "OPEN", now, now, tuple(rows))


def _open(store: Store, order_id: str) -> Order:
    order = newest(store, order_id)
    if order.cancelled is not None or order.fulfillment_status == "FULFILLED":
        state = "cancelled" if order.cancelled is not None else "fulfilled"
        raise Refused(f"orders.id: {order.name} ({order.id}) is {state} already; only an open order can change")
    return order


def _add(store: Store, order: Order, wanted: Edit) -> Order:
    """Add a line, in a fulfilment order of its own (recorded)."""
    if wanted.item is None or wanted.location is None or wanted.quantity < 1:
        raise Refused(
            f"orders.lines: {order.name} has no such line; to add one, give inventoryItemId, locationId and quantity"
        )
    store.check_known(wanted.item, wanted.location)
    line = LineItem(store.new_id("LineItem"), wanted.item, wanted.quantity, wanted.quantity)
    return _commit(store, replace(order, line_items=(*order.line_items, line)), line, wanted.location, wanted.quantity)


def _raise(store: Store, order: Order, line: LineItem, units: int) -> Order:
    """Raise a line; that the new units come in a fulfilment order of their own is inferred."""
    parts = [part for part in order.fulfillment_orders if any(row.line_item == line.id for row in part.lines)]
    lines = tuple(
        replace(x, quantity=x.quantity + units, current=x.current + units) if x.id == line.id else x
        for x in order.line_items
    )
    return _commit(store, replace(order, line_items=lines), line, parts[-1].location, units)


def _commit(store: Store, order: Order, line: LineItem, location: str, units: int) -> Order:
    move_stock(store, "edit_order", order, line.item, location, {"available": -units, "committed": units})
    row = Line(store.new_id("FulfillmentOrderLineItem"), line.item, units, units, line.id)
    part = new_part(store, location, [row])
    return replace(order, fulfillment_orders=(*order.fulfillment_orders, part))
