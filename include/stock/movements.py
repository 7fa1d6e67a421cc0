"""Where stock comes from: the rows of the ledger, each with the file and line, order, shipment or count behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row

from include.db.connection import Connection
from include.db.sql import statement

NEWEST = 20
"""How many rows are read unless told otherwise."""

RESERVATION_REASONS = {
    "INV_RES_CREATE": "Reserved for an order",
    "INV_RES_RELEASE": "Reservation released",
    "ITEM_ISSUANCE": "Has left for an order",
}
"""Reasons that Trueup gives by itself; all others are in `variance_reason`."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One row of the stock ledger and where it comes from.

    Attributes:
        inventory_item_detail_id: The row.
        product_id: What moved.
        facility_id: Where.
        quantity_on_hand_diff: By how much quantity on hand changed.
        available_to_promise_diff: By how much ATP changed.
        reason_enum_id: Why.
        reason: The same in words, where they are known.
        effective_at: When it took effect.
        recorded_at: When it was recorded.
        data_manager_log_id: The file, by its number in the log.
        config_id: The feed of the file.
        file_name: Its name, as it came.
        line_number: The line in it; of JSON the element; position in a receipt if there is no file.
        retry_of: The file whose failed rows this file held, or that it tried again.
        order_id: The order.
        order_name: What people call the order.
        shipment_id: The shipment.
        restock_name: The scheduled restock that the shipment is.
        physical_inventory_id: The count or variance by hand.
        party_id: Who recorded that.
        description: The comment that came with it.
    """

    inventory_item_detail_id: int
    product_id: str
    facility_id: str
    quantity_on_hand_diff: Decimal
    available_to_promise_diff: Decimal
    reason_enum_id: str
    reason: str | None
    effective_at: datetime
    recorded_at: datetime
    data_manager_log_id: int | None
    config_id: str | None
    file_name: str | None
    line_number: int | None
    retry_of: str | None
    order_id: str | None
    order_name: str | None
    shipment_id: str | None
    restock_name: str | None
    physical_inventory_id: int | None
    party_id: str | None
    description: str | None

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        return "; ".join(part for part in (self._file(), self._order(), self._shipment(), self._by_hand()) if part)

    def _file(self) -> str:
        if self.data_manager_log_id is None:
            return ""
        name = self.file_name or "a file that is not in the log any more"
        line = f" line {self.line_number}" if self.line_number is not None else ""
        retry = f", again after {self.retry_of}" if self.retry_of else ""
        return f"{name}{line} ({self.config_id or 'unknown feed'}, log {self.data_manager_log_id}{retry})"

    def _order(self) -> str:
        if self.order_id is None:
            return ""
        return f"order {self.order_name} ({self.order_id})" if self.order_name else f"order {self.order_id}"

    def _shipment(self) -> str:
        if self.shipment_id is None:
            return ""
        restock = f" of the restock {self.restock_name!r}" if self.restock_name else ""
        line = f", item {self.line_number}" if self.data_manager_log_id is None and self.line_number else ""
        return f"shipment {self.shipment_id}{restock}{line}"

    def _by_hand(self) -> str:
        if self.physical_inventory_id is None:
            return ""
        return f"by hand, {self.party_id or 'nobody said by whom'} (no. {self.physical_inventory_id})"


def newest(
    connection: Connection,
    product_ids: Sequence[str],
    facility_ids: Sequence[str] | None = None,
    limit: int = NEWEST,
) -> tuple[Movement, ...]:
    """Read the newest rows of the ledger, newest first.

    Args:
        connection: Trueup's database.
        product_ids: Of these products.
        facility_ids: At these facilities; None: at all.
        limit: How many at most.
    """
    parameters = {
        "product_ids": list(product_ids),
        "facility_ids": None if facility_ids is None else list(facility_ids),
        "most": limit,
        "reservation_reasons": list(RESERVATION_REASONS),
        "reservation_words": list(RESERVATION_REASONS.values()),
    }
    with connection.cursor(row_factory=class_row(Movement)) as cursor:
        return tuple(cursor.execute(statement(__file__, "newest_movements"), parameters))
