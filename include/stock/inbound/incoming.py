"""What is on its way to a facility: announced or shipped, and not received yet. It is no stock."""

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
