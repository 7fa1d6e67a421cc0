"""Scheduled restocks: units that are to be stock, and in the shop, from a set moment on.

HotWax's job `JOB_SCHEDULED_RSTK` (seed page Inventory, "Schedule Restock"). Rows with the same restock name, facility,
shop and time form one restock, which is an incoming shipment. The file changes no stock: see
`stock/inbound/restocks.py`.
"""

from dataclasses import replace

from include.db.sql import statement
from include.intake import rows
from include.intake.feed import Layout, Posted, StagedFile
from include.intake.feeds import shipment_rows
from include.intake.rows import Demand
from include.intake.staging import Header
from include.stock.inbound import restocks, shipments

LAYOUT = Layout(
    title="inventory restock",
    example="Shopify Product SKU,Restock Quantity,Schedule Time,Facility,Product Store,Shopify Store,Restock Name",
    columns={
        "Shopify Product SKU": "id_value",
        "productIdentification": "id_value",
        "idType": "id_type",
        "Restock Quantity": "quantity",
        "quantity": "quantity",
        "Schedule Time": "schedule_time",
        "Facility": "named_facility",
        "Product Store": "product_store_id",
        "Shopify Store": "named_shop",
        "Restock Name": "restock_name",
    },
    required=(("id_value",), ("quantity",), ("schedule_time",), ("named_facility",)),
    speaks_of_a_moment=False,
)

DEMAND = Demand(quantity="Restock Quantity")


def check(file: StagedFile) -> int:
    """Refuse rows without a known product, facility and shop, and a quantity and a moment to come; returns how many."""
    connection = file.connection
    shipments.lock(connection)
    understood = replace(
        file, header=Header((*file.header.fields, (file.written("named_facility", "Facility"), "facility_id")))
    )
    rows.resolve(understood, DEMAND, statement(__file__, "find_restock_facility"))
    restocks.create_restock_rows(connection)
    parameters = file.parameters() | {
        "time_zone": file.config.time_zone,
        "quantity_name": file.written("quantity", "Restock Quantity"),
    }
    connection.execute(statement(__file__, "fill_restock_rows"), parameters)
    restocks.judge(connection)
    connection.execute(statement(__file__, "complain_restock"))
    return shipment_rows.refuse(understood, DEMAND)


def post(file: StagedFile) -> Posted:
    """Schedule the restocks."""
    file.connection.execute(statement(__file__, "drop_refused_restock_rows"))
    saved = restocks.save(file.connection, file.moment.as_of, file.log.data_manager_log_id)
    return Posted(saved.changed, saved.unchanged, saved.superseded)
