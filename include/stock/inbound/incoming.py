"""What is on its way to a facility, announced or shipped and not received yet; and what was rejected on arrival.

Neither is stock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row

from include.db.connection import Connection
from include.db.sql import statement


@dataclass(frozen=True, slots=True)
class Incoming:
    """An item of a shipment of which something is still open.

    Attributes:
        product_id: The product.
        facility_id: Where it goes.
        shipment_id: The shipment; `external_id` is the ERP's number for it.
        external_id: The ERP's number; None for a restock.
        shipment_type_id: Its kind, such as IN_TRANSFER.
        status_id: Its status.
        origin_facility_id: Where it comes from, as far as its file says.
        quantity: Units shipped.
        accepted: Units of it that are stock by now.
        rejected: Units that came and are none.
        open_quantity: Units that have not come.
        expected_at: When they are expected: a restock's moment, or what the shipment's file says; None if it does not.
    """

    product_id: str
    facility_id: str
    shipment_id: str
    external_id: str | None
    shipment_type_id: str
    status_id: str
    origin_facility_id: str | None
    quantity: Decimal
    accepted: Decimal
    rejected: Decimal
    open_quantity: Decimal
    expected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Units that came with a shipment and did not become stock. The ERP is told of them by the variance feed.

    Attributes:
        product_id: The product.
        facility_id: Where it came to.
        shipment_id: The shipment; `external_id` is the ERP's number for it.
        external_id: The ERP's number; None for a restock.
        quantity: Units rejected.
        rejection_reason: Why, as the receipt says.
        received_at: When they came.
        told_in: The variance file that tells the ERP; None if none does yet.
    """

    product_id: str
    facility_id: str
    shipment_id: str
    external_id: str | None
    quantity: Decimal
    rejection_reason: str | None
    received_at: datetime
    told_in: str | None


def incoming(connection: Connection, product_id: str, facility_id: str | None = None) -> list[Incoming]:
    """List what is on its way of a product, what is expected first at the top, without a date at the end.

    Args:
        connection: Trueup's database.
        product_id: The product.
        facility_id: Only what goes there; None: anywhere.
    """
    with connection.cursor(row_factory=class_row(Incoming)) as cursor:
        parameters = {"product_id": product_id, "facility_id": facility_id}
        return cursor.execute(statement(__file__, "select_incoming"), parameters).fetchall()


def rejected(
    connection: Connection, product_ids: Sequence[str], facility_ids: Sequence[str], limit: int
) -> list[Rejected]:
    """List what was rejected on arrival, newest first.

    Args:
        connection: Trueup's database.
        product_ids: Of these products.
        facility_ids: At these facilities.
        limit: How many at most.
    """
    with connection.cursor(row_factory=class_row(Rejected)) as cursor:
        parameters = {"product_ids": list(product_ids), "facility_ids": list(facility_ids), "most": limit}
        return cursor.execute(statement(__file__, "select_rejected"), parameters).fetchall()
