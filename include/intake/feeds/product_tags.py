"""Tags and features of products: what the conditions of ATP rules look at.

HotWax has them from Shopify's products. Each row is the whole word on its product's tags, features, or both: those that
it does not name are taken away, so a rule that looked for them no longer matches (docs/atp-rules.md). The newest file's
word counts, whatever order files arrive in; of several rows of a file about one product the last. Products that a file
does not mention keep theirs.
"""

from typing import Any

from include.db.sql import statement
from include.intake import rows
from include.intake.feed import Layout, Posted, StagedFile
from include.intake.feeds import shipment_rows
from include.intake.rows import Demand

LAYOUT = Layout(
    title="product tag",
    example="product-sku,tags, or product-sku,tags,features",
    columns={**shipment_rows.PRODUCT_COLUMNS, "tags": "tags", "features": "features"},
    required=(shipment_rows.IDENTIFIERS, ("tags", "features")),
    speaks_of_a_moment=True,
)

DEMAND = Demand(quantity=None, facility_types=())


def check(file: StagedFile) -> int:
    """Refuse rows without a known product, or with a feature that is none; returns how many."""
    understood = shipment_rows.with_names(file)
    rows.resolve(understood, DEMAND, statement(__file__, "name_product"))
    file.connection.execute(
        statement(__file__, "complain_of_feature"), {"features_name": file.written("features", "features")}
    )
    return shipment_rows.refuse(understood, DEMAND)


def post(file: StagedFile) -> Posted:
    """Write what differs, and of which no newer file has spoken."""
    connection, parameters = file.connection, _parameters(file)
    # Two files at once, of two feeds, could each miss that the other is newer.
    connection.execute(b"SELECT pg_advisory_xact_lock(hashtextextended('writer of product_tag', 0))")
    connection.execute(statement(__file__, "create_trait_row"))
    connection.execute(statement(__file__, "fill_trait_row"), parameters)
    connection.execute(b"ANALYZE trait_row")
    usable = _lines(file)
    connection.execute(statement(__file__, "drop_older_trait"), parameters)
    connection.execute(statement(__file__, "cover_trait"), parameters)
    counting = _lines(file)
    connection.execute(statement(__file__, "drop_known_trait"))
    changed = _lines(file)
    for step in ("write_tags", "name_features", "write_features"):
        connection.execute(statement(__file__, step))
    return Posted(changed, counting - changed, usable - counting)


def _lines(file: StagedFile) -> int:
    row = file.connection.execute(b"SELECT count(DISTINCT line_number) FROM trait_row").fetchone()
    assert row is not None
    return int(row[0])


def _parameters(file: StagedFile) -> dict[str, Any]:
    return file.parameters() | {
        "file_modified_at": file.log.file_modified_at,
        "file_name": file.log.file_name,
        "has_tags": file.has("tags"),
        "has_features": file.has("features"),
    }
