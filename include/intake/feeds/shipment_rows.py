"""What the files about shipments share: how they name a product, and how their rows are refused."""

from dataclasses import replace

from include.db.sql import statement
from include.intake import rows
from include.intake.feed import StagedFile
from include.intake.rows import Demand
from include.intake.staging import Header

PRODUCT_COLUMNS = {
    "product-id": "named_product_id",
    "id-type": "named_id_type",
    "id-value": "named_id_value",
    "product-sku": "named_sku",
}
"""Each keeps a staging column of its own, so that a reject file shows it as it came."""

IDENTIFIERS = ("named_sku", "named_id_value", "named_product_id")


def with_names(file: StagedFile) -> StagedFile:
    """Complete the header of a file that names products in several ways: messages call a column what the file calls it.

    An id-type speaks of the id-value, or of the product-id where there is none; a product-id without an id-type is our
    own. The product-sku counts where neither is given.
    """
    written = [name for name, column in file.header.fields if column in IDENTIFIERS]
    fields = ((" or ".join(written), "id_value"), ("id-type", "id_type"))
    return replace(file, header=Header((*file.header.fields, *fields)))


def refuse(file: StagedFile, demand: Demand) -> int:
    """Refuse rows, those with a complaint for that reason before all others; returns how many."""
    complained = file.connection.execute(statement(__file__, "refuse_complaints"), file.parameters()).rowcount
    return complained + rows.reject(file, demand)
