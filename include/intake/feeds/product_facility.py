"""Safety stock, thresholds, and the brokering and pickup switches of products at facilities.

HotWax's job `JOB_IMP_PROD_FAC` (seed page Inventory): the result of the ATP rules, or a sheet made by hand. A minimum
at a store or warehouse is its safety stock; at a channel's configuration facility it is the channel's threshold, and a
switch there is one for the whole channel. An empty cell leaves its value as it is. Each value belongs to the newest
file that spoke of it, whatever order files arrive in; of several rows of a file the last that says something of it
counts.

A file that the rules have not written is somebody's word: it is also the new base of the values that rules have changed
(docs/adr/0013).
"""

from include.db.connection import Connection
from include.db.sql import statement
from include.intake import rows
from include.intake.feed import Layout, Posted, StagedFile
from include.intake.rows import STORES_AND_WAREHOUSES, Demand
from include.stock.atp_rules import evaluation

LAYOUT = Layout(
    title="product facility",
    example=(
        "product-id,facility-id and one or more of facility-safety-stock, minimum-stock, allow-brokering, allow-pickup"
    ),
    columns={
        "product-id": "product_id",
        "product-sku": "id_value",
        "facility-id": "facility_id",
        "facility-external-id": "external_facility_id",
        "facility-safety-stock": "facility_safety_stock",
        "minimum-stock": "minimum_stock",
        "allow-brokering": "allow_brokering",
        "allow-pickup": "allow_pickup",
        "reorder-quantity": "reorder_quantity",
    },
    required=(
        ("product_id", "id_value"),
        ("facility_id", "external_facility_id"),
        ("facility_safety_stock", "minimum_stock", "allow_brokering", "allow_pickup"),
    ),
    speaks_of_a_moment=True,
)

DEMAND = Demand(quantity=None, facility_types=(*STORES_AND_WAREHOUSES, "CONFIGURATION"))


def check(file: StagedFile) -> int:
    """Refuse rows without a known product and facility, or with a value that is none; returns how many."""
    rows.resolve(file, DEMAND)
    names = {f"{column}_name": file.written(column, name) for name, column in LAYOUT.columns.items()}
    file.connection.execute(statement(__file__, "complain_of_value"), file.parameters() | names)
    if {"product_id", "id_value"} <= set(file.header.columns) or file.has("external_facility_id"):
        file.connection.execute(statement(__file__, "complain_of_two_names"), file.parameters() | names)
    return rows.reject(file, DEMAND)


def post(file: StagedFile) -> Posted:
    """Write the values that differ and that no newer file has spoken of."""
    connection = file.connection
    evaluation.take_turn(connection)
    is_of_rules = evaluation.note_imported(connection, file.log.file_name, file.log.data_manager_log_id)
    parameters = file.parameters() | {
        "file_modified_at": file.log.file_modified_at,
        "file_name": file.log.file_name,
    }
    connection.execute(statement(__file__, "create_product_value"))
    usable, speaking, products_and_facilities = _counts(connection, "fill_product_value")
    connection.execute(b"ANALYZE product_value")
    if speaking > products_and_facilities:
        connection.execute(statement(__file__, "drop_repeated_value"))
    connection.execute(statement(__file__, "create_newer_value"))
    # Only a file that comes late has anything to compare; how much cannot be told from the arrays in the table.
    is_late = connection.execute(statement(__file__, "fill_newer_value"), parameters).rowcount > 0
    if is_late:
        connection.execute(b"ANALYZE newer_value")
    if not is_of_rules:
        connection.execute(statement(__file__, "set_base"))
    # Covered even where it has no say now: for the base, a file that is older still has less.
    connection.execute(statement(__file__, "cover_value"), parameters)
    if is_late:
        connection.execute(statement(__file__, "drop_older_value"))
    counting, changed = _counts(connection, "drop_known_value")
    connection.execute(statement(__file__, "merge_product_facility"))
    superseded = speaking - counting
    return Posted(changed, usable - superseded - changed, superseded)


def _counts(connection: Connection, step: str) -> tuple[int, ...]:
    row = connection.execute(statement(__file__, step)).fetchone()
    assert row is not None
    return tuple(map(int, row))
