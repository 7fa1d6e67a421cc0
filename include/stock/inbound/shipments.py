"""Shipments on their way to a facility, and what is received of them.

A shipment is no stock: only accepted units are, from the moment that they were received. A file of shipments comes in
through `create_shipment_rows`, `name`, `judge` and `save`; a file of receipts through `create_received_items`,
`find_items` and `receive_found`; a form, or a restock whose moment has come, through `receive`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction
from include.stock import ledger

RECEIVED = "VAR_SHIP_RECV"
"""Reason in the ledger of units received from a shipment."""

MOST_NOTES = 20
"""Items received in excess that are named one by one."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of the rows of a shipment file."""

    changed: int
    unchanged: int
    superseded: int


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """What has arrived of one item.

    Attributes:
        accepted: Units that are stock now.
        rejected: Units that came, but are not stock.
        shipment_item_seq_id: The item; None where only the product is known.
        product_id: The product; units of it go to its items one after the other, as far as they are open.
        rejection_reason: Why units were rejected.
    """

    accepted: Decimal
    rejected: Decimal = Decimal(0)
    shipment_item_seq_id: str | None = None
    product_id: str | None = None
    rejection_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a receipt.

    Attributes:
        recorded: Lines recorded.
        in_snapshot: Those of them whose units the newest snapshot holds already, so that stock did not change.
        accepted: Units accepted.
        notes: Items of which more has come than was shipped, and kits, whose units are no stock; in words.
        is_repeated: The receipt had been recorded before; nothing was done.
    """

    recorded: int
    in_snapshot: int
    accepted: Decimal
    notes: tuple[str, ...] = ()
    is_repeated: bool = False


class NotReceivable(NeedsAction):
    """A receipt is about a shipment or an item that there is not, or that cannot be received."""


def lock(connection: Connection) -> None:
    """Keep other writers of shipments out until the transaction ends.

    Who also posts to stock calls `ledger.open_for_posting` first, so that two never wait for each other.
    """
    connection.execute(b"LOCK TABLE shipment IN SHARE ROW EXCLUSIVE MODE")


def create_shipment_rows(connection: Connection) -> None:
    """Make the empty tables `shipment_name` and `shipment_row`, which the caller fills.

    They vanish with the transaction.
    """
    connection.execute(statement(__file__, "create_shipment_row"))


def name(connection: Connection) -> None:
    """Find the shipment of each name in `shipment_name`: a file has fewer of them than rows, which are filled with it.

    Args:
        connection: Inside the transaction of `lock`.
    """
    connection.execute(b"ANALYZE shipment_name")
    connection.execute(statement(__file__, "name_shipments"), {})
    connection.execute(b"ANALYZE shipment_name")


def judge(connection: Connection, as_of: datetime) -> None:
    """Complain of rows of `shipment_row` that cannot be taken.

    Args:
        connection: Inside the transaction of `lock`.
        as_of: The moment of the file.
    """
    connection.execute(b"ANALYZE shipment_row")
    connection.execute(statement(__file__, "judge_shipments"), {"as_of": as_of})
    connection.execute(statement(__file__, "judge_shipment_items"), {})


def save(connection: Connection, as_of: datetime, data_manager_log_id: int | None) -> Saved:
    """Create or update the shipments of `shipment_row`. Stock does not change.

    Items are replaced by a newer file and left alone by an older one; items that a file does not name stay.

    Args:
        connection: Inside the transaction of `lock`. `shipment_row` holds judged rows without a complaint.
        as_of: The moment of the file.
        data_manager_log_id: The file, for shipments that are new.
    """
    parameters = {"as_of": as_of, "data_manager_log_id": data_manager_log_id}
    connection.execute(statement(__file__, "gather_headers"))
    connection.execute(b"ANALYZE shipment_header")
    connection.execute(statement(__file__, "create_shipments"), parameters)
    connection.execute(statement(__file__, "gather_items"), parameters)
    connection.execute(b"ANALYZE wanted_item")
    connection.execute(statement(__file__, "save_shipment_items"), parameters)
    connection.execute(statement(__file__, "merge_headers"), parameters)
    connection.execute(statement(__file__, "update_shipments"), parameters)
    row = connection.execute(statement(__file__, "count_shipment_rows")).fetchone()
    assert row is not None
    return Saved(row[0], row[1], row[2])


def create_received_items(connection: Connection) -> None:
    """Make the empty table `received_item`, which the caller fills, and that of what it comes to.

    They vanish with the transaction.
    """
    connection.execute(statement(__file__, "create_received_item"))


def find_items(connection: Connection, *, of_restock: bool = False) -> None:
    """Find the shipment and the item of each row of `received_item`, and complain of rows that cannot be received.

    Args:
        connection: Inside the transaction of `lock`.
        of_restock: Whether the shipments may be restocks, which otherwise wait for their moment.
    """
    connection.execute(b"ANALYZE received_item")
    connection.execute(statement(__file__, "find_received_items"), {"of_restock": of_restock})


def receive_found(
    connection: Connection,
    reason_enum_id: str,
    *,
    data_manager_log_id: int | None = None,
    receipt_key: str | None = None,
) -> Received:
    """Record the rows of `received_item` and post the accepted units at their destination, each at its own moment.

    Units from before the newest snapshot of their product and facility are in that snapshot: they count as received,
    and nothing is posted. A shipment with nothing left open becomes PURCH_SHIP_RECEIVED.

    Args:
        connection: Inside the transaction of `ledger.open_for_posting` and `lock`. `received_item` holds rows that
            `find_items` had no complaint about.
        reason_enum_id: The reason in the ledger.
        data_manager_log_id: The file that the receipt comes from.
        receipt_key: What makes it this receipt if it comes from no file.
    """
    parameters = {
        "reason_enum_id": reason_enum_id,
        "data_manager_log_id": data_manager_log_id,
        "receipt_key": receipt_key,
    }
    connection.execute(statement(__file__, "share_out_received"))
    connection.execute(b"ANALYZE arrived_item")
    row = connection.execute(statement(__file__, "record_receipts"), parameters).fetchone()
    moment = connection.execute(b"SELECT coalesce(max(received_at), now()) FROM received_item").fetchone()
    assert row is not None
    assert moment is not None
    ledger.post(connection, moment[0], data_manager_log_id)
    connection.execute(statement(__file__, "close_received_shipments"))
    return Received(row[0], row[1], row[2], (*_in_excess(connection), *_of_kits(connection)))


def identified(connection: Connection, name: str) -> str:
    """Find a shipment by its id or by the ERP's number for it; returns its id.

    Raises:
        NotReceivable: There is none.
    """
    row = connection.execute(
        b"SELECT shipment_id FROM shipment WHERE shipment_id = %(name)s OR external_id = %(name)s"
        b" ORDER BY shipment_id <> %(name)s LIMIT 1",
        {"name": name.strip()},
    ).fetchone()
    if row is None:
        raise NotReceivable(
            f"shipment {name!r}: no shipment has this id or external id; correct it, or import the shipment first"
        )
    return str(row[0])


def open_lines(connection: Connection, shipment_id: str) -> list[ReceivedLine]:
    """List what is still open of a shipment, as lines that receive all of it."""
    rows = connection.execute(statement(__file__, "select_open_items"), {"shipment_id": shipment_id})
    return [ReceivedLine(quantity, shipment_item_seq_id=seq, product_id=product) for seq, product, quantity in rows]


def receive(
    connection: Connection,
    shipment_id: str,
    received_at: datetime,
    receipt_key: str,
    *,
    lines: Sequence[ReceivedLine] | None = None,
    reason_enum_id: str = RECEIVED,
) -> Received:
    """Receive a shipment, or a part of it, in a transaction of its own.

    Args:
        connection: Trueup's database.
        shipment_id: The shipment.
        received_at: When it was received.
        receipt_key: What makes it this receipt, such as the id of the run that receives it: with the same key again
            nothing is done, so that a step that died after its commit can be repeated.
        lines: What has arrived; None: everything that is still open.
        reason_enum_id: The reason in the ledger.

    Raises:
        NotReceivable: The shipment or one of the lines cannot be received; nothing was. The message says which and why.
    """
    with connection.transaction():
        ledger.open_for_posting(connection)
        lock(connection)
        return receive_locked(connection, shipment_id, received_at, receipt_key, lines, reason_enum_id)


def receive_locked(
    connection: Connection,
    shipment_id: str,
    received_at: datetime,
    receipt_key: str,
    lines: Sequence[ReceivedLine] | None,
    reason_enum_id: str,
    *,
    of_restock: bool = False,
) -> Received:
    """The same inside the caller's transaction of `ledger.open_for_posting` and `lock`; once per transaction."""
    known = connection.execute(
        b"SELECT count(*) FROM shipment_receipt WHERE shipment_id = %s AND receipt_key = %s", [shipment_id, receipt_key]
    ).fetchone()
    if known != (0,):
        return Received(0, 0, Decimal(0), is_repeated=True)
    create_received_items(connection)
    _fill(connection, shipment_id, received_at, open_lines(connection, shipment_id) if lines is None else lines)
    find_items(connection, of_restock=of_restock)
    complaints = connection.execute(
        b"SELECT line_number, complaint FROM received_item WHERE complaint IS NOT NULL ORDER BY line_number"
    ).fetchall()
    if complaints:
        raise NotReceivable(
            f"shipment {shipment_id}: nothing was received; "
            + "; ".join(f"line {line}: {complaint}" for line, complaint in complaints)
        )
    return receive_found(connection, reason_enum_id, receipt_key=receipt_key)


def _fill(connection: Connection, shipment_id: str, received_at: datetime, lines: Sequence[ReceivedLine]) -> None:
    if not lines:
        raise NotReceivable(
            f"shipment {shipment_id}: there is no such shipment, or nothing of it is open; expected something to"
            " receive. What came on top of what was shipped is received by naming the items"
        )
    for position, line in enumerate(lines, 1):
        if line.accepted < 0 or line.rejected < 0 or line.accepted + line.rejected == 0:
            raise NotReceivable(
                f"shipment {shipment_id}, line {position}: {line.accepted} accepted and {line.rejected} rejected;"
                " expected numbers that are not below zero, and one of them above"
            )
        if line.shipment_item_seq_id is None and line.product_id is None:
            raise NotReceivable(f"shipment {shipment_id}, line {position}: expected an item or a product")
    with connection.cursor() as cursor:
        cursor.executemany(
            b"INSERT INTO received_item (line_number, shipment_id, shipment_item_seq_id, product_id, quantity_accepted,"
            b" quantity_rejected, rejection_reason, received_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    position,
                    shipment_id,
                    line.shipment_item_seq_id,
                    line.product_id,
                    line.accepted,
                    line.rejected,
                    line.rejection_reason,
                    received_at,
                )
                for position, line in enumerate(lines, 1)
            ],
        )


def _of_kits(connection: Connection) -> tuple[str, ...]:
    return tuple(
        f"{units} units of the kit {product_id} are no stock: what it promises is computed from its components; receive"
        " these, or set product.kit_is_stocked if it is assembled beforehand, and record the units as a variance"
        for product_id, units in connection.execute(statement(__file__, "received_kits")).fetchall()
    )


def _in_excess(connection: Connection) -> tuple[str, ...]:
    rows = connection.execute(statement(__file__, "over_received")).fetchall()
    notes = [
        f"shipment {shipment}, item {item}, product {product}: {received} received, {shipped} shipped"
        for shipment, item, product, received, shipped in rows[:MOST_NOTES]
    ]
    if len(rows) > MOST_NOTES:
        notes.append(f"and {len(rows) - MOST_NOTES:,} more items of which more came than was shipped")
    return tuple(notes)
