"""What an order has taken from each location and given back, by its present state alone.

Units are counted in fulfilment orders: what a location has to fulfil or has fulfilled was taken from `available` there.
A closed one is done: of it only what was fulfilled counts. Its other units wait in another one (moved, or their
fulfilment was cancelled), or are no longer ordered; its rows may go on showing them.

Units that are no longer in any went back to where they were. Only what a cancelled order did not restock has left its
location like fulfilled units, where its refunds account for all that is missing from the line: an edit leaves none
behind. Other units that were taken off tell no longer where they were, as what is left of their fulfilment order may
have moved since. If they were not put back there, Shopify shows less than thought until it is looked at again.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CANCELLING = timedelta(minutes=1)
"""How long before the moment of a cancellation its own refund may have been made."""


@dataclass(frozen=True, slots=True)
class OrderItem:
    """Units of one item that an order took from `available` at one location, and how many of them have left it.

    `returned` units were put back into `available` there after they had left, from wherever; the last of them at
    `returned_at`.
    """

    inventory_item_id: str
    location_id: str
    taken: int
    fulfilled: int
    returned: int = 0
    returned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order: how many units of it are to be fulfilled or have been, at all locations together.

    `ordered` also counts units that were refunded or taken off.
    """

    line_item_id: str
    inventory_item_id: str | None
    quantity: int
    ordered: int = 0

    @property
    def number(self) -> int:
        """The number in the line item's id; lines were added in its order."""
        return int(self.line_item_id.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Row:
    """Units of a line in one fulfilment order. `ordered` and `current` are the line's own, at all locations.

    `ordered` counts refunded and removed units, `current` does not. `location_id` is None where a location is gone,
    `inventory_item_id` for an item made up at the till.
    """

    status: str
    location_id: str | None
    line_item_id: str
    inventory_item_id: str | None
    total: int
    remaining: int
    ordered: int
    current: int

    @property
    def fulfilled(self) -> int:
        """How many units have left."""
        return 0 if self.status == "CANCELLED" else self.total - self.remaining

    @property
    def taken(self) -> int:
        """How many units have left or are to leave from here."""
        return self.fulfilled if self.status in ("CLOSED", "CANCELLED") else self.total

    @property
    def is_superseded(self) -> bool:
        """Whether its units wait in another fulfilment order."""
        return self.taken == 0 and self.remaining > 0


@dataclass(frozen=True, slots=True)
class RefundRow:
    """Refunded units of a line. `location_id` is where they were put back; None if they were not."""

    line_item_id: str
    quantity: int
    restock_type: str
    location_id: str | None
    created_at: datetime


@dataclass(slots=True)
class _Tally:
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    fulfilled: Counter[tuple[str, str]] = field(default_factory=Counter)
    returned: Counter[tuple[str, str]] = field(default_factory=Counter)
    returned_at: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def leave(self, place: tuple[str, str], units: int) -> None:
        """Count units that were taken and have left."""
        self.taken[place] += units
        self.fulfilled[place] += units

    def come_back(self, place: tuple[str, str], refund: RefundRow) -> None:
        """Count units that were put back."""
        self.returned[place] += refund.quantity
        self.returned_at[place] = max(refund.created_at, self.returned_at.get(place, refund.created_at))


def items_of(
    rows: Sequence[Row], refunds: Iterable[RefundRow], cancelled_at: datetime | None = None
) -> tuple[OrderItem, ...]:
    """Add up what an order has taken from each location and given back."""
    tally = _Tally()
    for row in rows:
        if row.location_id is not None and row.inventory_item_id is not None:
            place = (row.inventory_item_id, row.location_id)
            tally.taken[place] += row.taken
            tally.fulfilled[place] += row.fulfilled
    by_line: dict[str, list[RefundRow]] = {}
    for refund in refunds:
        by_line.setdefault(refund.line_item_id, []).append(refund)
    for line_item_id, refunded in by_line.items():
        _count_refunds(tally, [row for row in rows if row.line_item_id == line_item_id], refunded, cancelled_at)
    places = sorted(tally.taken.keys() | tally.returned.keys())
    return tuple(
        OrderItem(
            *place, tally.taken[place], tally.fulfilled[place], tally.returned[place], tally.returned_at.get(place)
        )
        for place in places
    )


def lines_of(rows: Iterable[Row]) -> tuple[OrderLine, ...]:
    """Add up the units of each line, which several locations may share; also of lines with nothing left to fulfil."""
    lines: dict[str, OrderLine] = {}
    for row in rows:
        known = lines.get(row.line_item_id)
        item = row.inventory_item_id or (known.inventory_item_id if known else None)
        quantity = row.taken + (known.quantity if known else 0)
        lines[row.line_item_id] = OrderLine(row.line_item_id, item, quantity, row.ordered)
    return tuple(sorted(lines.values(), key=lambda line: line.number))


def _count_refunds(
    tally: _Tally, rows: Sequence[Row], refunded: Sequence[RefundRow], cancelled_at: datetime | None
) -> None:
    """Count what the refunds of one line say beyond its fulfilment orders."""
    item = next((row.inventory_item_id for row in rows if row.inventory_item_id), None)
    if item is None:
        return
    for refund in refunded:
        if refund.restock_type == "RETURN" and refund.location_id is not None:
            tally.come_back((item, refund.location_id), refund)
    gone = _gone(rows, refunded, cancelled_at)
    locations = {row.location_id for row in rows if row.location_id and not row.is_superseded}
    if gone and len(locations) == 1:
        tally.leave((item, locations.pop()), gone)


def _gone(rows: Sequence[Row], refunded: Sequence[RefundRow], cancelled_at: datetime | None) -> int:
    """How many units of a line were to be fulfilled when the order was cancelled, and were not put back."""
    if cancelled_at is None or rows[0].ordered - rows[0].current != sum(refund.quantity for refund in refunded):
        return 0
    put_back = sum(each.quantity for each in refunded if each.restock_type in ("CANCEL", "LEGACY_RESTOCK"))
    not_put_back = sum(
        each.quantity
        for each in refunded
        if each.restock_type == "NO_RESTOCK" and each.created_at >= cancelled_at - CANCELLING
    )
    removed = rows[0].ordered - sum(row.taken for row in rows) - put_back
    return max(0, min(removed, not_put_back))
