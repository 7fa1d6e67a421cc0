"""Inbound shipments: what is on its way to a facility, one row per item.

HotWax's job `JOB_IMP_TO_SHPMNT` (seed page Inventory, "Import Inbound Shipment"). Rows with the same
external-shipment-id or shipment-id form one shipment. A shipment changes no stock; a newer file about it replaces the
quantities of its items, and what has been received is neither lost nor undercut.
"""

from include.db.sql import statement
from include.intake import rows
from include.intake.feed import Layout, Posted, StagedFile
from include.intake.feeds import shipment_rows
from include.intake.rows import Demand
from include.stock.inbound import shipments

LAYOUT = Layout(
    title="inbound shipment",
    example="external-shipment-id,product-sku,quantity,origin-facility-id,destination-facility-id,item-external-id,"
    "tracking-number,shipment-attribute,shipment-type, or the long form with shipment-id and shipment-status",
    columns={
        "shipment-id": "shipment_id",
        "external-shipment-id": "external_shipment_id",
        "shipment-type": "shipment_type_id",
        "shipment-status": "status_id",
        "origin-facility-id": "origin_facility_id",
        "supplier-id": "supplier_id",
        "supplier-external-id": "supplier_external_id",
        "destination-facility-id": "facility_id",
        **shipment_rows.PRODUCT_COLUMNS,
        "quantity": "quantity",
        "serial-number": "serial_number",
        "order-id": "order_id",
        "item-external-id": "item_external_id",
        "shipment-attribute": "shipment_attribute",
        "tracking-number": "tracking_number",
    },
    required=(
        ("external_shipment_id", "shipment_id"),
        shipment_rows.IDENTIFIERS,
        ("quantity",),
        ("facility_id",),
    ),
    speaks_of_a_moment=True,
)

DEMAND = Demand(quantity="quantity", facility_id_may_be_external=True)


def check(file: StagedFile) -> int:
    """Refuse rows that cannot be taken, or that contradict others or what was received; returns how many."""
    connection = file.connection
    shipments.lock(connection)
    understood = shipment_rows.with_names(file)
    rows.resolve(understood, DEMAND, statement(__file__, "name_product"))
    shipments.create_shipment_rows(connection)
    connection.execute(statement(__file__, "fill_shipment_names"))
    shipments.name(connection)
    connection.execute(statement(__file__, "fill_shipment_rows"), {"facility_types": list(DEMAND.facility_types)})
    shipments.judge(connection, file.moment.as_of)
    connection.execute(statement(__file__, "complain_shipment"))
    return shipment_rows.refuse(understood, DEMAND)


def post(file: StagedFile) -> Posted:
    """Create and update the shipments."""
    file.connection.execute(statement(__file__, "drop_refused_shipment_rows"))
    saved = shipments.save(file.connection, file.moment.as_of, file.log.data_manager_log_id)
    return Posted(saved.changed, saved.unchanged, saved.superseded)
