"""A restock that somebody enters in a form, in place of a file."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from include.db.connection import Connection
from include.stock import identify
from include.stock.inbound import restocks, shipments
from include.stock.inbound.restocks import RestockRefused


@dataclass(frozen=True, slots=True)
class Entry:
    """What was entered: one product for one facility and shop.

    Attributes:
        product: SKU, id or another identification of the product.
        quantity: Units.
        facility: Id, NetSuite's id or name of the store or warehouse.
        shop: Its id or myshopify domain; None: the only one.
        scheduled_at: The moment.
        restock_name: The name; with facility, shop and moment it makes it this restock.
    """

    product: str
    quantity: Decimal
    facility: str
    shop: str | None
    scheduled_at: datetime
    restock_name: str


@dataclass(frozen=True, slots=True)
class Identified:
    """What the names in a form mean."""

    product_id: str
    facility_id: str
    shop_id: str


def identified(connection: Connection, entry: Entry) -> Identified:
    """Find what a form names.

    Raises:
        NotIdentified: Something is not known; the message says what there is nearby.
    """
    shop_id = identify.shop(connection, entry.shop)
    return Identified(
        identify.product(connection, entry.product, shop_id),
        identify.facility(connection, entry.facility, identify.STORES_AND_WAREHOUSES),
        shop_id,
    )


def schedule(connection: Connection, entry: Entry, now: datetime) -> str:
    """Schedule a restock, or set a product's quantity in the one of the same name, facility, shop and moment.

    Doing it again changes nothing, so that a step that died after its commit can be repeated.

    Args:
        connection: Trueup's database, outside a transaction.
        entry: The form.
        now: The present.

    Returns:
        The restock's shipment id.

    Raises:
        NotIdentified: Something is not known. Nothing was scheduled.
        RestockRefused: The moment is in the past, the quantity or the name makes no sense, or the restock of this name
            and moment has been received or cancelled. Nothing was scheduled.
    """
    found = identified(connection, entry)
    if entry.quantity <= 0 or not entry.restock_name.strip():
        raise RestockRefused(
            f"nothing was scheduled: quantity {entry.quantity}, name {entry.restock_name!r}; expected more than zero"
            " units and a name that is not empty"
        )
    with connection.transaction():
        shipments.lock(connection)
        restocks.create_restock_rows(connection)
        connection.execute(
            b"INSERT INTO restock_row (line_number, requested_name, facility_id, shop_id, requested_at, product_id,"
            b" quantity) VALUES (1, %s, %s, %s, %s, %s, %s)",
            [
                entry.restock_name.strip(),
                found.facility_id,
                found.shop_id,
                entry.scheduled_at,
                found.product_id,
                entry.quantity,
            ],
        )
        restocks.judge(connection)
        row = connection.execute(b"SELECT shipment_id, complaint FROM restock_row").fetchone()
        assert row is not None
        if row[1] is not None:
            raise RestockRefused(f"nothing was scheduled: {row[1]}")
        if row[0] is None and entry.scheduled_at < now:
            raise RestockRefused(
                f"nothing was scheduled: {entry.scheduled_at:%Y-%m-%d %H:%M:%S %Z} is in the past; expected"
                f" {now:%Y-%m-%d %H:%M:%S %Z} or later"
            )
        restocks.save(connection, now, None)
        scheduled = connection.execute(b"SELECT shipment_id FROM restock_row").fetchone()
        assert scheduled is not None
        return str(scheduled[0])
