"""Scheduled restocks: shipments that are received by themselves at a set moment.

HotWax's job `JOB_SCHEDULED_RSTK` (`receiveAndUpdateInventoryToShopify`). Until its moment a restock can be renamed,
rescheduled, cancelled and changed item by item; once received it is read only.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row

from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction, TryAgain
from include.stock import ledger
from include.stock.inbound import shipments
from include.stock.inbound.shipments import Received, Saved

RECEIVED = "VAR_SCH_SHIP_RECV"
"""Reason in the ledger of units received from a restock."""

_RECEIPT_KEY = "restock"


@dataclass(frozen=True, slots=True)
class Restock:
    """A restock: `status_id` is SCHEDULED, RECEIVED or CANCELLED, `closed_at` when it became one of the latter."""

    shipment_id: str
    restock_name: str
    facility_id: str
    shop_id: str
    product_store_id: str | None
    scheduled_at: datetime
    status_id: str
    closed_at: datetime | None

    def __str__(self) -> str:
        """As messages name it."""
        return f"restock {self.restock_name!r} (shipment {self.shipment_id})"


class UnknownRestock(NeedsAction):
    """No restock has this shipment id."""


class RestockClosed(NeedsAction):
    """What was asked of a restock cannot be done any more: it has been received or cancelled."""


class RestockRefused(NeedsAction):
    """A restock cannot be changed in this way."""


class NotDue(TryAgain):
    """A restock's moment has not come yet."""


def create_restock_rows(connection: Connection) -> None:
    """Make the empty table `restock_row`, which the caller fills; it vanishes with the transaction."""
    connection.execute(statement(__file__, "create_restock_row"))


def judge(connection: Connection) -> None:
    """Find the restock of each row of `restock_row`, and complain of rows that cannot be taken.

    Args:
        connection: Inside the transaction of `shipments.lock`.
    """
    connection.execute(b"ANALYZE restock_row")
    connection.execute(statement(__file__, "find_restocks"), {})
    connection.execute(statement(__file__, "complain_of_kits"))
    connection.execute(statement(__file__, "judge_restock_items"), {})


def save(connection: Connection, as_of: datetime, data_manager_log_id: int | None) -> Saved:
    """Create the restocks of `restock_row`, or replace the quantities of those that still wait. Stock does not change.

    Args:
        connection: Inside the transaction of `shipments.lock`. `restock_row` holds judged rows without a complaint.
        as_of: The moment of the file.
        data_manager_log_id: The file, if they come from one.
    """
    connection.execute(statement(__file__, "number_restocks"))
    shipments.create_shipment_rows(connection)
    connection.execute(statement(__file__, "ship_restocks"))
    saved = shipments.save(connection, as_of, data_manager_log_id)
    connection.execute(statement(__file__, "schedule_restocks"), {"data_manager_log_id": data_manager_log_id})
    return saved


def read(connection: Connection, shipment_id: str) -> Restock:
    """Read one restock.

    Raises:
        UnknownRestock: There is none.
    """
    found = _select(connection, shipment_id, None)
    if not found:
        raise UnknownRestock(
            f"shipment {shipment_id}: there is no such restock; expected the shipment_id of a row of scheduled_restock"
        )
    return found[0]


def due(connection: Connection, now: datetime) -> list[Restock]:
    """List the restocks that wait and whose moment has come, the earliest first."""
    return _select(connection, None, now)


def receive(connection: Connection, shipment_id: str, now: datetime) -> Received:
    """Receive a restock whose moment has come, exactly once, in a transaction of its own.

    Args:
        connection: Trueup's database.
        shipment_id: The restock.
        now: The present, from which its units are stock.

    Returns:
        What was received; of a restock that has been received before, nothing, with `is_repeated`.

    Raises:
        UnknownRestock: There is none.
        RestockClosed: It is cancelled.
        NotDue: Its moment has not come: it may have been rescheduled.
    """
    with connection.transaction():
        ledger.open_for_posting(connection)
        shipments.lock(connection)
        restock = read(connection, shipment_id)
        if restock.status_id == "RECEIVED":
            return Received(0, 0, Decimal(0), is_repeated=True)
        _refuse_if_closed(restock)
        if restock.scheduled_at > now:
            raise NotDue(f"{restock}: scheduled for {restock.scheduled_at:%Y-%m-%d %H:%M:%S %Z}, not before")
        received = Received(0, 0, Decimal(0))
        if lines := shipments.open_lines(connection, shipment_id):
            received = shipments.receive_locked(
                connection, shipment_id, now, _RECEIPT_KEY, lines, RECEIVED, of_restock=True
            )
        _close(connection, shipment_id, "RECEIVED", now)
        connection.execute(statement(__file__, "release_products"), {"shipment_id": shipment_id, "now": now})
        return received


def reschedule(connection: Connection, shipment_id: str, scheduled_at: datetime, now: datetime) -> None:
    """Receive a restock at another moment; `now` has it received by the next run of the job.

    Raises:
        UnknownRestock: There is none.
        RestockClosed: It has been received or cancelled.
        RestockRefused: The moment is in the past.
    """
    with connection.transaction():
        restock = _open(connection, shipment_id)
        if scheduled_at < now:
            raise RestockRefused(
                f"{restock}: {scheduled_at:%Y-%m-%d %H:%M:%S %Z} is in the past; expected {now:%Y-%m-%d %H:%M:%S %Z} or"
                " later"
            )
        connection.execute(
            b"UPDATE scheduled_restock SET scheduled_at = %s, run_started_at = NULL WHERE shipment_id = %s",
            [scheduled_at, shipment_id],
        )


def rename(connection: Connection, shipment_id: str, restock_name: str) -> None:
    """Call a restock something else. Its file still knows it by the old name.

    Raises:
        UnknownRestock: There is none.
        RestockClosed: It has been received or cancelled.
        RestockRefused: The name is empty.
    """
    with connection.transaction():
        restock = _open(connection, shipment_id)
        if not restock_name.strip():
            raise RestockRefused(f"{restock}: the new name is empty; expected one")
        connection.execute(
            b"UPDATE scheduled_restock SET restock_name = %s WHERE shipment_id = %s",
            [restock_name.strip(), shipment_id],
        )


def cancel(connection: Connection, shipment_id: str, now: datetime) -> None:
    """Call a restock off: it is never received. One that is cancelled already stays so.

    Raises:
        UnknownRestock: There is none.
        RestockClosed: It has been received.
    """
    with connection.transaction():
        shipments.lock(connection)
        restock = read(connection, shipment_id)
        if restock.status_id != "CANCELLED":
            _refuse_if_closed(restock)
            _close(connection, shipment_id, "CANCELLED", now)


def edit_item(connection: Connection, shipment_id: str, product_id: str, quantity: Decimal, now: datetime) -> None:
    """Set how many units of a product a restock brings: adds the product if need be, 0 takes it out.

    Raises:
        UnknownRestock: There is none.
        RestockClosed: It has been received or cancelled.
        RestockRefused: The quantity is below zero, the product is a kit, or there is no such product.
    """
    with connection.transaction():
        restock = _open(connection, shipment_id)
        if quantity < 0:
            raise RestockRefused(f"{restock}, product {product_id}: quantity {quantity}; expected 0 or more")
        if quantity > 0 and _is_kit(connection, product_id):
            raise RestockRefused(
                f"{restock}: product {product_id!r} is a kit: what it promises is computed from its components; restock"
                " these, or set product.kit_is_stocked if it is assembled beforehand"
            )
        parameters = {"shipment_id": shipment_id, "product_id": product_id, "quantity": quantity, "now": now}
        if not connection.execute(statement(__file__, "edit_restock_item"), parameters).rowcount:
            raise RestockRefused(f"{restock}: product {product_id!r}: no such product; correct it or set it up")


def _select(connection: Connection, shipment_id: str | None, moment: datetime | None) -> list[Restock]:
    with connection.cursor(row_factory=class_row(Restock)) as cursor:
        parameters = {"shipment_id": shipment_id, "due": moment}
        return cursor.execute(statement(__file__, "select_restocks"), parameters).fetchall()


def _is_kit(connection: Connection, product_id: str) -> bool:
    row = connection.execute(b"SELECT is_kit FROM product WHERE product_id = %s", [product_id]).fetchone()
    return row is not None and bool(row[0])


def _open(connection: Connection, shipment_id: str) -> Restock:
    """Read a restock that may still be changed, and let nobody else change it until the transaction ends."""
    shipments.lock(connection)
    restock = read(connection, shipment_id)
    _refuse_if_closed(restock)
    return restock


def _refuse_if_closed(restock: Restock) -> None:
    if restock.status_id != "SCHEDULED":
        raise RestockClosed(
            f"{restock}: {restock.status_id.lower()} at {restock.closed_at:%Y-%m-%d %H:%M:%S %Z}, and read only since;"
            " schedule another one"
        )


def _close(connection: Connection, shipment_id: str, status_id: str, now: datetime) -> None:
    parameters = {"shipment_id": shipment_id, "status_id": status_id, "now": now}
    connection.execute(statement(__file__, "close_restock"), parameters)
