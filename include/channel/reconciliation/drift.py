"""What observations have found, as a table that people can take away."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from include.db.connection import Connection
from include.db.sql import statement

if TYPE_CHECKING:
    from pandas import DataFrame

CAUSES = {
    "FIRST_OBSERVATION": "seen for the first time",
    "UNSEEN_ORDER": "an order that was not imported yet; looked at again by itself. If it stays: grant the app"
    " read_all_orders, without which orders older than 60 days are not shown to it",
    "MOVING": "it changed while it was looked at, or is being sent; looked at again by itself",
    "CHANGED_IN_SHOPIFY": "somebody or another app has changed it in Shopify; see its adjustment history there",
    "LOST_PUSH": "Shopify confirmed a push and does not show it; it is planned again. Tell Shopify's support",
    "WRONG_MAPPING": "the inventory item is not in Shopify, or has another SKU: correct shopify_shop_product",
    "UNTRACKED": "Shopify does not count this item: switch on inventory tracking there",
    "INACTIVE": "the item is not stocked at this location in Shopify: stock it there",
    "UNKNOWN": "Shopify says that the level has not changed since it was last known to be right",
}
"""What each cause means, and what to do about it."""

COLUMNS = (
    "observed_at",
    "shop_id",
    "sku",
    "product_id",
    "facility",
    "location_id",
    "inventory_item_id",
    "target",
    "believed",
    "observed",
    "difference",
    "cause",
    "outcome",
    "committed",
    "committed_imported",
    "shopify_updated_at",
    "outbox_batch_id",
    "meaning",
)


def table(connection: Connection, observation_ids: Sequence[int], *, with_first: bool = False) -> "DataFrame":
    """The drift that some observations have found, a row for each level, the largest difference first.

    Args:
        connection: Trueup's database.
        observation_ids: The observations.
        with_first: Whether levels that were seen for the first time are wanted too.

    Returns:
        A table with `COLUMNS`, whole numbers as such, empty where there are none.
    """
    import pandas as pd

    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            statement(__file__, "select_drift"), {"observation_ids": list(observation_ids), "with_first": with_first}
        ).fetchall()
    found = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "meaning"])
    found["meaning"] = found["cause"].map(CAUSES)
    whole = ["target", "believed", "observed", "difference", "committed", "committed_imported", "outbox_batch_id"]
    return found.astype(dict.fromkeys(whole, "Int64"))[list(COLUMNS)]


def summary(connection: Connection, observation_ids: Sequence[int]) -> dict[str, Any]:
    """Counts of some observations: levels compared, agreed, taken over, waiting and gone, and of drift by its cause."""
    with connection.cursor(row_factory=dict_row) as cursor:
        counts = cursor.execute(statement(__file__, "sum_observations"), {"ids": list(observation_ids)}).fetchone()
    assert counts is not None
    causes = connection.execute(
        b"SELECT cause, count(*) FROM inventory_drift WHERE inventory_observation_id = ANY(%s) GROUP BY cause"
        b" ORDER BY cause",
        [list(observation_ids)],
    )
    return {**counts, "drift": dict(causes.fetchall())}
