"""Signed deltas: adjustments, variances, item receipts and transfers, each row added to both totals.

HotWax's jobs `JOB_INV_ADJUST`, `JOB_INV_VAR`, `JOB_ITM_RECEIPT` (CSV) and `JOB_INV_TRANS` (seed page Inventory): they
share NetSuite's five columns. A delta from before the newest snapshot of its product and facility is in that snapshot
already: it is skipped and counted; unless it is born here and only the ERP's snapshots are newer, for it has yet to be
told of it. Rows about kits are left out and counted, for what a kit promises is computed from its components; unless
the kit is stocked (`product.kit_is_stocked`). The reason is the row's `varianceReasonId`, else the feed's.
"""

from include.db.sql import statement
from include.intake import newer_snapshots, rows
from include.intake.feed import Layout, Posted, StagedFile
from include.intake.rows import Demand
from include.stock import ledger

LAYOUT = Layout(
    title="inventory delta",
    example="externalFacilityId,idValue,idType,availableDelta,comments, or the long form with varianceReasonId",
    columns={
        "externalFacilityId": "external_facility_id",
        "facilityId": "facility_id",
        "locationSeqId": "location_seq_id",
        "idType": "id_type",
        "idValue": "id_value",
        "productId": "product_id",
        "availableDelta": "quantity",
        "varianceReasonId": "variance_reason_id",
        "comments": "comments",
    },
    required=(("external_facility_id", "facility_id"), ("id_value", "product_id"), ("quantity",)),
    speaks_of_a_moment=False,
)

DEMAND = Demand(quantity="availableDelta")


def check(file: StagedFile) -> int:
    """Refuse rows without a known product, facility, number and reason, or below zero; returns how many."""
    ledger.open_for_posting(file.connection)
    rows.understand(file, DEMAND)
    parameters = file.parameters() | {"has_reason": file.has("variance_reason_id")}
    file.connection.execute(statement(__file__, "resolve_delta"), parameters)
    newer_snapshots.find(file, is_snapshot=False)
    if file.config.below_zero == "REFUSED":
        file.connection.execute(b"ANALYZE movement")
        file.connection.execute(statement(__file__, "complain_below_zero"), parameters)
    return rows.reject(file, DEMAND)


def post(file: StagedFile) -> Posted:
    """Post each delta that no newer snapshot holds already."""
    counted = file.connection.execute(statement(__file__, "count_delta")).fetchone()
    assert counted is not None
    covered, about_kits = 0, file.rows - counted[0]
    if file.connection.execute(b"SELECT FROM newer_snapshot LIMIT 1").fetchone() is not None:
        covered = file.connection.execute(statement(__file__, "drop_covered_delta")).rowcount
    zero = file.connection.execute(b"DELETE FROM movement WHERE quantity_on_hand_diff = 0").rowcount
    rows.keep_comments(file)
    changed = ledger.post(file.connection, file.moment.as_of, file.log.data_manager_log_id)
    return Posted(changed, zero, covered + about_kits, rows.note_about_kits(about_kits))
