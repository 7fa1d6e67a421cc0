"""RESET_INVENTORY: NetSuite's snapshot of what is available, turned into differences.

HotWax's job `JOB_IMP_INV` (seed page Inventory). By ATP (the default) a row posts `file - ATP` to both totals, by QOH
`file - QOH` to both. The difference is taken against the stock *as of* the snapshot's moment: what happened since
stays. A difference of zero writes nothing; what the file does not mention stays untouched; a row older than the newest
snapshot of its product and facility is skipped and counted; of several rows for one product and facility the last one
counts.
"""

from include.db.connection import Connection
from include.db.sql import statement
from include.intake.data_manager import Config, Counts, Log
from include.intake.errors import FileRefused
from include.intake.snapshot_time import SnapshotTime
from include.intake.staging import OUR_OWN_COLUMNS, Header
from include.stock import ledger, reservations

TABLE = "staging_reset"

COLUMNS = {
    "item": "item",
    "facilityid": "facility_id",
    "externalfacilityid": "external_facility_id",
    "locationseqid": "location_seq_id",
    "idtype": "id_type",
    "idvalue": "id_value",
    "productid": "product_id",
    "availableqty": "available_qty",
    "resetbyatp": "reset_by_atp",
    "comments": "comments",
} | {name: name for name in OUR_OWN_COLUMNS}

REASON = "VAR_EXT_RESET"


def create_staging(connection: Connection) -> None:
    """Make the staging tables, which vanish with the transaction."""
    connection.execute(statement(__file__, "create_reset_staging"))


def check_header(header: Header, file_name: str) -> None:
    """Refuse a file that is no reset file.

    Raises:
        FileRefused: A column that a reset cannot do without is missing.
    """
    columns = set(header.columns)
    missing = [
        " or ".join(names)
        for names in (("externalFacilityId", "facilityId"), ("idValue", "productId"), ("availableQty",))
        if columns.isdisjoint(COLUMNS[name.lower()] for name in names)
    ]
    if missing:
        raise FileRefused(
            f"{file_name}: line 1: not an inventory reset file: no column {', no column '.join(missing)};"
            f" found {header.written}. Expected Item,externalFacilityId,availableQty,idValue or the long form with"
            " facilityId, idType and resetByAtp. If the file belongs to another feed, upload it to that feed's folder"
        )


def apply(connection: Connection, feed: Config, log: Log, header: Header, snapshot: SnapshotTime) -> Counts:
    """Check the staged rows, post what differs, keep what was refused.

    Args:
        connection: Inside the file's transaction, with the staging tables filled.
        feed: Says what an identifier means where the file does not.
        log: The file.
        header: Which columns it has.
        snapshot: The moment that it speaks of.

    Returns:
        How many rows were posted, unchanged, superseded and refused.
    """
    parameters = {
        "data_manager_log_id": log.data_manager_log_id,
        "default_id_type": feed.default_id_type,
        "has_id_type": "id_type" in header.columns,
        "as_of": snapshot.as_of,
    }
    connection.execute(statement(__file__, "resolve_reset"), parameters)
    connection.execute(b"ANALYZE reset_row")
    rejected = connection.execute(statement(__file__, "reject_reset"), parameters).rowcount
    repeated = 0
    if connection.execute(statement(__file__, "has_repeated_reset")).fetchone() == (True,):
        repeated = connection.execute(statement(__file__, "drop_repeated_reset")).rowcount
    ledger.open_for_posting(connection)
    older = connection.execute(statement(__file__, "drop_older_reset"), parameters).rowcount
    kept = connection.execute(statement(__file__, "cover_reset"), parameters).fetchone()
    changed = connection.execute(
        statement(__file__, "difference_reset"), parameters | {"reason_enum_id": REASON}
    ).rowcount
    ended = reservations.reserve_and_issue(connection)
    ledger.post(connection, snapshot.as_of, log.data_manager_log_id, repeated=ended > 0)
    assert kept is not None
    return Counts(
        total=int(kept[0]) + rejected + repeated + older,
        changed=changed,
        unchanged=int(kept[0]) - changed,
        superseded=repeated + older,
        failed=rejected,
    )
