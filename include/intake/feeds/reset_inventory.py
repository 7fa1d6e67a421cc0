"""Inventory resets: a snapshot of what is available or on hand, turned into differences.

HotWax's job `JOB_IMP_INV` (seed page Inventory) with its relatives: `RESET_INVENTORY` resets by ATP, `STORE_INV_RESET`
by QOH, `REC_INV_COUNT` takes a cycle count. By ATP a row posts `file - ATP` to both totals; by QOH and by count
`file - QOH` to both, so that what is reserved stays reserved. The difference is taken against the stock *as of* the
snapshot's moment: what happened since stays. A difference of zero writes nothing; what the file does not mention stays
untouched; a row older than the newest snapshot of its product and facility is skipped and counted, but for a count of
which the ERP, whose snapshot is newer, has not been told; of several rows for one product and facility the last one
counts. Rows about kits are left out and counted, for what a kit promises is
computed from its components; unless the kit is stocked (`product.kit_is_stocked`).
"""

from typing import Any

from psycopg import Rollback

from include.db.sql import statement
from include.intake import newer_snapshots, rows
from include.intake.feed import Layout, Posted, StagedFile
from include.intake.rows import Demand
from include.stock import ledger
from include.stock.orders import reservations

LAYOUT = Layout(
    title="inventory reset",
    example="Item,externalFacilityId,availableQty,idValue, or the long form with facilityId, idType and resetByAtp",
    columns={
        "item": "item",
        "externalFacilityId": "external_facility_id",
        "facilityId": "facility_id",
        "locationSeqId": "location_seq_id",
        "idType": "id_type",
        "idValue": "id_value",
        "netsuiteProductId": "id_value",
        "productId": "product_id",
        "availableQty": "quantity",
        "quantity": "quantity",
        "resetByAtp": "reset_by_atp",
        "resetBy": "reset_by",
        "comments": "comments",
    },
    required=(("external_facility_id", "facility_id"), ("id_value", "product_id"), ("quantity",)),
    speaks_of_a_moment=True,
)

DEMAND = Demand(quantity="availableQty")


def check(file: StagedFile) -> int:
    """Refuse rows without a known product, facility and number; returns how many.

    In the same pass the others become differences: a second look at a million rows would cost as much as the first.
    """
    connection, parameters = file.connection, _parameters(file)
    ledger.open_for_posting(connection)
    connection.execute(statement(__file__, "create_covered_facility"))
    rows.understand(file, DEMAND)
    if newer_snapshots.find(file, is_snapshot=True):
        connection.execute(statement(__file__, "drop_older_reset"), parameters)
    with connection.transaction() as attempt:
        found = connection.execute(statement(__file__, "resolve_reset"), parameters).fetchone()
        assert found is not None
        usable, products_and_facilities = found
        if usable > products_and_facilities:
            raise Rollback(attempt)
    if usable > products_and_facilities:
        connection.execute(statement(__file__, "drop_repeated_reset"))
        connection.execute(statement(__file__, "resolve_reset"), parameters)
    return rows.reject(file, DEMAND)


def post(file: StagedFile) -> Posted:
    """Post what differs from the stock as of the file's moment."""
    connection, parameters = file.connection, _parameters(file)
    counted = connection.execute(statement(__file__, "count_reset")).fetchone()
    assert counted is not None
    refused, covered, about_kits = map(int, counted)
    connection.execute(statement(__file__, "cover_reset"), parameters)
    changed = connection.execute(statement(__file__, "move_reset"), parameters).rowcount
    rows.keep_comments(file)
    ended = reservations.reserve_and_issue(connection)
    ledger.post(connection, file.moment.as_of, file.log.data_manager_log_id, repeated=ended > 0)
    superseded = file.rows - refused - covered
    notes = (*rows.note_about_kits(about_kits), *_note_passed_over(file, superseded - about_kits))
    return Posted(changed, covered - changed, superseded, notes)


def _note_passed_over(file: StagedFile, count: int) -> tuple[str, ...]:
    """Tell who counted what did not count: of resets one that is overtaken is nobody's work."""
    if file.config.reset_by != "COUNT" or not count:
        return ()
    return (
        f"{count:,} counts were passed over: a newer snapshot, or a later row of the file, has spoken of the same"
        f" product and facility. The file speaks of {file.moment.as_of:%F %TZ}; if it was right after all, count again",
    )


def _parameters(file: StagedFile) -> dict[str, Any]:
    return file.parameters() | {
        "by_atp": file.config.reset_by == "ATP",
        "has_reset_by": file.has("reset_by_atp") or file.has("reset_by"),
    }
