"""What an order consists of. An order is never changed: a change makes a new version, so that the search can lag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line as it was bought. `quantity` counts refunded and removed units, `current` does not (schema)."""

    id: str
    item: str
    quantity: int
    current: int


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a fulfilment order: units of a line item that its location has to fulfil, or has fulfilled."""

    id: str
    item: str
    total: int
    remaining: int
    line_item: str = ""


@dataclass(frozen=True, slots=True)
class FulfillmentOrder:
    """What one location has to fulfil of an order."""

    id: str
    location: str
    status: str
    created: float
    updated: float
    lines: tuple[Line, ...]

    @property
    def is_open(self) -> bool:
        """Say whether anything of it can still be fulfilled, moved or cancelled."""
        return self.status not in ("CLOSED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Units of a line item that were refunded, and where they were put back, if anywhere."""

    id: str
    line_item: str
    quantity: int
    restock_type: str
    location: str | None


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund, or what a cancelled order leaves behind."""

    id: str
    created: float
    lines: tuple[RefundLine, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One version of an order; a change appends a new version, so that the search can lag behind."""

    id: str
    number: int
    source: str
    created: float
    updated: float
    cancelled: float | None
    fulfillment_status: str
    fulfillment_orders: tuple[FulfillmentOrder, ...]
    line_items: tuple[LineItem, ...] = ()
    refunds: tuple[Refund, ...] = ()
    processed: float | None = None

    @property
    def name(self) -> str:
        """The order's name as merchants see it, such as #1001."""
        return f"#{self.number}"


def read(version: dict[str, Any]) -> Order:
    """Make a version of an order from what `dataclasses.asdict` made of it.

    A version from before orders had line items gets one for each row: none was split over locations then.
    """
    parts = tuple(
        FulfillmentOrder(**{**part, "lines": tuple(_line(row) for row in part["lines"])})
        for part in version["fulfillment_orders"]
    )
    refunds = tuple(
        Refund(**{**refund, "lines": tuple(RefundLine(**row) for row in refund["lines"])})
        for refund in version.get("refunds", ())
    )
    lines = tuple(LineItem(**line) for line in version.get("line_items", ())) or tuple(
        LineItem(row.line_item, row.item, row.total, row.total) for part in parts for row in part.lines
    )
    return Order(**{**version, "fulfillment_orders": parts, "refunds": refunds, "line_items": lines})


def _line(row: dict[str, Any]) -> Line:
    number = row["id"].rpartition("/")[2]
    return Line(**{**row, "line_item": row.get("line_item") or f"gid://shopify/LineItem/{number}"})
