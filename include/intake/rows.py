"""What each staged row is about: which product, which facility, how much. And why a row cannot be taken.

The feeds share this step. It fills the temporary table `resolved_row`; what a feed demands besides, it writes into the
column `complaint` before it lets the rows be refused.
"""

from dataclasses import dataclass

from psycopg import ClientCursor

from include.db.sql import statement
from include.intake.feed import StagedFile

STORES_AND_WAREHOUSES = ("WAREHOUSE", "RETAIL_STORE")


@dataclass(frozen=True, slots=True)
class Demand:
    """What a feed's rows must say.

    Attributes:
        facility_types: The kinds of facility that a row may be about; none: it is about a product only.
        quantity: The usual name of the column with the quantity; None where there is none.
        facility_id_may_be_external: Whether a facilityId that is not known may be a NetSuite location.
    """

    quantity: str | None
    facility_types: tuple[str, ...] = STORES_AND_WAREHOUSES
    facility_id_may_be_external: bool = False


def understand(file: StagedFile, demand: Demand, naming: bytes | None = None) -> None:
    """Make the empty table `resolved_row`, and the view `understood_row` on which it is to be filled.

    A feed may keep only the rows in `resolved_row` that cannot be used, and take the others elsewhere.

    Args:
        file: The file.
        demand: What its rows must say.
        naming: The statement that makes the view `named_row`, where rows name product or facility in ways of their own.
    """
    file.connection.execute(statement(__file__, "create_resolved_row"))
    file.connection.execute(naming or statement(__file__, "create_named_row"))
    # A view takes no bound parameters: they are written into its text, quoted by libpq's rules.
    with ClientCursor(file.connection) as cursor:
        cursor.execute(statement(__file__, "create_understood_row"), _parameters(file, demand))


def resolve(file: StagedFile, demand: Demand, naming: bytes | None = None) -> None:
    """Make and fill `resolved_row`: one row for each staged row, with what it means and whether it can be used.

    The arguments are those of `understand`.
    """
    understand(file, demand, naming)
    file.connection.execute(statement(__file__, "resolve_rows"))


def reject(file: StagedFile, demand: Demand) -> int:
    """Keep each row that cannot be used, with the reason, in `data_manager_reject`; returns how many there are."""
    names = {
        "facility_name": file.written("external_facility_id", file.written("facility_id", "externalFacilityId")),
        "facility_id_name": file.written("facility_id", "facilityId"),
        "is_external": (
            demand.facility_id_may_be_external or file.has("external_facility_id") or not file.has("facility_id")
        ),
        "product_id_name": file.written("product_id", "productId"),
        "id_value_name": file.written("id_value", file.written("product_id", "idValue")),
        "quantity_name": file.written("quantity", demand.quantity or ""),
    }
    file.connection.execute(b"ANALYZE resolved_row")
    return file.connection.execute(statement(__file__, "reject_rows"), _parameters(file, demand) | names).rowcount


def keep_comments(file: StagedFile) -> None:
    """Let the ledger keep the comments of the rows that move something, if the feed is configured so."""
    if file.config.keeps_comments and file.has("comments"):
        file.connection.execute(statement(__file__, "keep_comments"))


def note_about_kits(count: int) -> tuple[str, ...]:
    """Say that so many rows were left out because they are about kits; nothing if there are none."""
    if not count:
        return ()
    return (
        f"{count:,} rows are about kits and count as superseded: what a kit promises is computed from its components."
        " Leave kits out of the export, or set product.kit_is_stocked for those that are assembled beforehand",
    )


def _parameters(file: StagedFile, demand: Demand) -> dict[str, object]:
    return file.parameters() | {
        "has_id_type": file.has("id_type"),
        "has_quantity": demand.quantity is not None,
        "facility_types": list(demand.facility_types),
        "facility_id_may_be_external": demand.facility_id_may_be_external,
    }
