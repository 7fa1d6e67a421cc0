"""Which units of an order a change is about: rows of open fulfilment orders, and how many units of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from include.sandbox.shopify.orders.records import FulfillmentOrder, Line, LineItem, Order
from include.sandbox.shopify.store import Refused


@dataclass(frozen=True, slots=True)
class Wish:
    """`quantity` units of an item or of a line item, at one location or wherever they are."""

    quantity: int
    item: str | None = None
    line_item: str | None = None
    location: str | None = None

    def fits(self, part: FulfillmentOrder, row: Line) -> bool:
        """Say whether a row is meant."""
        return (
            self.item in (None, row.item)
            and self.line_item in (None, row.line_item)
            and self.location in (None, part.location)
        )


@dataclass(frozen=True, slots=True)
class Pick:
    """Units of one row that are still to be fulfilled."""

    part: FulfillmentOrder
    row: Line
    quantity: int


def pick(order: Order, wishes: Sequence[Wish]) -> list[Pick]:
    """Find the unfulfilled units that are wished for, or all there are if nothing is.

    Raises:
        Refused: there are fewer.
    """
    open_rows = [(part, row) for part in order.fulfillment_orders if part.is_open for row in part.lines]
    if not wishes:
        return [Pick(part, row, row.remaining) for part, row in open_rows if row.remaining]
    left = {row.id: row.remaining for _, row in open_rows}
    picks: dict[str, Pick] = {}
    for wish in wishes:
        missing = wish.quantity
        for part, row in open_rows:
            n = min(missing, left[row.id]) if wish.fits(part, row) else 0
            if n:
                left[row.id] -= n
                missing -= n
                picks[row.id] = Pick(part, row, n + (picks[row.id].quantity if row.id in picks else 0))
        if missing or wish.quantity < 1:
            raise Refused(
                f"orders.lines: {wish.quantity} of {wish.line_item or wish.item or 'any item'} of {order.name}, "
                f"to be fulfilled are {wish.quantity - missing}; expected 1 or more, and no more than there are"
            )
    return list(picks.values())


def take(order: Order, picks: Iterable[Pick], now: float, *, fulfilled: bool) -> Order:
    """Return the order with the picked units fulfilled, or gone from it. Rows keep their ids.

    A fulfilment order of which a part was fulfilled is IN_PROGRESS (reported), and CLOSED when nothing is left of it.
    """
    taken = {each.row.id: each.quantity for each in picks}
    return replace(order, fulfillment_orders=tuple(_taken(order.fulfillment_orders, taken, now, fulfilled)))


def _taken(
    parts: Iterable[FulfillmentOrder], taken: dict[str, int], now: float, fulfilled: bool
) -> Iterator[FulfillmentOrder]:
    for part in parts:
        if not any(row.id in taken for row in part.lines):
            yield part
            continue
        rows = tuple(
            replace(
                row,
                remaining=row.remaining - taken.get(row.id, 0),
                total=row.total - (0 if fulfilled else taken.get(row.id, 0)),
            )
            for row in part.lines
        )
        yield replace(part, lines=rows, status=_status(part, rows), updated=now)


def _status(part: FulfillmentOrder, rows: tuple[Line, ...]) -> str:
    if not any(row.remaining for row in rows):
        return "CLOSED"
    if part.status == "OPEN" and any(row.total > row.remaining for row in rows):
        return "IN_PROGRESS"
    return part.status


def line_item(order: Order, item: str | None, identity: str | None) -> LineItem | None:
    """Return the order's line of an item, or that with an id: the first one that has units, else the first one."""
    fitting = [x for x in order.line_items if item in (None, x.item) and identity in (None, x.id)]
    return next((x for x in fitting if x.current), fitting[0] if fitting else None)


def fewer(order: Order, identity: str, quantity: int) -> Order:
    """Return the order with fewer current units of a line; what was bought stays on record (recorded)."""
    lines = tuple(replace(x, current=x.current - quantity) if x.id == identity else x for x in order.line_items)
    return replace(order, line_items=lines)


def fulfilled_of(order: Order, identity: str) -> int:
    """Return how many units of a line were fulfilled."""
    return sum(row.total - row.remaining for row in _rows(order) if row.line_item == identity)


def kept_of(order: Order, identity: str) -> int:
    """Return how many fulfilled units of a line were not refunded yet."""
    line = line_item(order, None, identity)
    assert line is not None
    to_fulfil = sum(
        row.remaining
        for part in order.fulfillment_orders
        if part.is_open
        for row in part.lines
        if row.line_item == identity
    )
    return line.current - to_fulfil


def _rows(order: Order) -> Iterator[Line]:
    for part in order.fulfillment_orders:
        yield from part.lines
