"""Refunds and what they put back.

Documented: CANCEL is for units that were not fulfilled, RETURN for those that were, and both restock at a location;
NO_RESTOCK restocks nothing. Reported: NO_RESTOCK refunds fulfilled units first; only the admin can remove unfulfilled
ones without restocking (here `removal`). Inferred: CANCEL at another location than the fulfilment order's gives back
there; removed units leave the stock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from include.sandbox.shopify.orders import picking
from include.sandbox.shopify.orders.picking import Wish, fewer, pick, take
from include.sandbox.shopify.orders.records import LineItem, Order, Refund, RefundLine
from include.sandbox.shopify.orders.stock import change, move_stock, newest
from include.sandbox.shopify.store import Refused, Store

RESTOCK_TYPES = ("CANCEL", "NO_RESTOCK", "RETURN")


@dataclass(frozen=True, slots=True)
class Refunded:
    """Units of a line that are to be refunded."""

    quantity: int
    restock_type: str
    item: str | None = None
    line_item: str | None = None
    location: str | None = None
    removal: bool = False


def refund(store: Store, order_id: str, wanted: Sequence[Refunded]) -> Order:
    """Refund some units of an order.

    Raises:
        Refused: no such order or line, a restock type or location that does not fit, or fewer units than that.
    """
    order = newest(store, order_id)
    for each in wanted:
        if each.restock_type not in RESTOCK_TYPES:
            raise Refused(
                f"orders.lines: restockType {each.restock_type!r}; expected one of {', '.join(RESTOCK_TYPES)}"
            )
    store.act()
    lines: list[RefundLine] = []
    for each in wanted:
        line = picking.line_item(order, each.item, each.line_item)
        if line is None or not 1 <= each.quantity <= line.current:
            raise Refused(
                f"orders.lines: {each.quantity} of {each.line_item or each.item} of {order.name}, bought and not"
                f" refunded are {line.current if line else 0}; refund 1 or more, and no more than there are"
            )
        order, refunded = _refund(store, order, line, each)
        lines += refunded
    done = Refund(store.new_id("Refund"), store.now(), tuple(lines))
    return change(store, replace(order, refunds=(*order.refunds, done)))


def _refund(store: Store, order: Order, line: LineItem, wanted: Refunded) -> tuple[Order, list[RefundLine]]:
    if wanted.restock_type == "RETURN":
        return _return(store, order, line, wanted)
    kept = 0
    if wanted.restock_type == "NO_RESTOCK":
        if not wanted.removal:
            kept = min(wanted.quantity, picking.kept_of(order, line.id))
        order, _ = _remove(store, order, line, wanted, wanted.quantity - kept)
        return fewer(order, line.id, kept), [_line(store, line, wanted.quantity, "NO_RESTOCK", None)]
    return _remove(store, order, line, wanted, wanted.quantity)


def _return(store: Store, order: Order, line: LineItem, wanted: Refunded) -> tuple[Order, list[RefundLine]]:
    kept = picking.kept_of(order, line.id)
    if wanted.location is None or wanted.quantity > kept:
        raise Refused(
            f"orders.lines: RETURN of {wanted.quantity} of {line.id}, fulfilled and not refunded are {kept};"
            " give locationId, and no more than there are"
        )
    store.check_known(line.item, wanted.location)
    move_stock(store, "restock", order, line.item, wanted.location, {"available": wanted.quantity})
    return fewer(order, line.id, wanted.quantity), [_line(store, line, wanted.quantity, "RETURN", wanted.location)]


def _remove(store: Store, order: Order, line: LineItem, wanted: Refunded, units: int) -> tuple[Order, list[RefundLine]]:
    picks = pick(order, [Wish(units, line_item=line.id)]) if units else []
    lines = []
    for each in picks:
        n = each.quantity
        move_stock(store, "cancel", order, line.item, each.part.location, {"committed": -n})
        if wanted.restock_type == "CANCEL":
            location = wanted.location or each.part.location
            store.check_known(line.item, location)
            move_stock(store, "restock", order, line.item, location, {"available": n})
            lines.append(_line(store, line, n, "CANCEL", location))
        order = fewer(order, line.id, n)
    return take(order, picks, store.now(), fulfilled=False), lines


def _line(store: Store, line: LineItem, quantity: int, restock_type: str, location: str | None) -> RefundLine:
    return RefundLine(store.new_id("RefundLineItem"), line.id, quantity, restock_type, location)
