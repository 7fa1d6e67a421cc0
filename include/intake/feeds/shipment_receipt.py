"""Receipts of inbound shipments: what has arrived, accepted and rejected.

HotWax's `RECEIVE_SHIP_ITEMS` (`receiveShipmentItem`). Accepted units are stock at the shipment's destination from the
row's received-date on, else from the file's moment; rejected units are recorded and are not stock. More than was
shipped is taken, and reported.
"""

from include.db.sql import statement
from include.intake import rows
from include.intake.feed import Layout, Posted, StagedFile
from include.intake.feeds import shipment_rows
from include.intake.rows import Demand
from include.stock import ledger
from include.stock.inbound import shipments

LAYOUT = Layout(
    title="inbound shipment receipt",
    example="external-shipment-id,product-sku,item-external-id,quantity-accepted,quantity-rejected,rejection-reason,"
    "received-date",
    columns={
        "external-shipment-id": "external_shipment_id",
        "shipment-id": "shipment_id",
        "shipment-item-seq-id": "shipment_item_seq_id",
        "item-external-id": "item_external_id",
        **shipment_rows.PRODUCT_COLUMNS,
        "quantity-accepted": "quantity_accepted",
        "quantity-rejected": "quantity_rejected",
        "rejection-reason": "rejection_reason",
        "received-date": "received_date",
    },
    required=(
        ("external_shipment_id", "shipment_id"),
        (*shipment_rows.IDENTIFIERS, "item_external_id", "shipment_item_seq_id"),
        ("quantity_accepted", "quantity_rejected"),
    ),
    speaks_of_a_moment=False,
)

DEMAND = Demand(quantity=None)


def check(file: StagedFile) -> int:
    """Refuse rows without a known shipment, item, quantity and moment; returns how many."""
    connection = file.connection
    ledger.open_for_posting(connection)
    shipments.lock(connection)
    understood = shipment_rows.with_names(file)
    rows.resolve(understood, DEMAND, statement(__file__, "place_receipt"))
    shipments.create_received_items(connection)
    parameters = file.parameters() | {"time_zone": file.config.time_zone}
    connection.execute(statement(__file__, "fill_received_items"), parameters)
    shipments.find_items(connection)
    connection.execute(statement(__file__, "complain_receipt"))
    return shipment_rows.refuse(understood, DEMAND)


def post(file: StagedFile) -> Posted:
    """Record the receipts, and post what was accepted and is in no snapshot yet."""
    file.connection.execute(statement(__file__, "drop_refused_receipts"))
    total = file.connection.execute(b"SELECT count(*) FROM received_item").fetchone()
    assert total is not None
    received = shipments.receive_found(
        file.connection, file.config.reason_enum_id, data_manager_log_id=file.log.data_manager_log_id
    )
    notes = received.notes
    if received.in_snapshot:
        notes = (
            f"{received.in_snapshot:,} rows were received before the newest inventory reset, which holds their units:"
            " recorded as received, stock not changed",
            *notes,
        )
    return Posted(received.recorded - received.in_snapshot, total[0] - received.recorded, received.in_snapshot, notes)
