"""Plans what must move: target less position, for every level where that is not zero and nothing is under way."""

from collections.abc import Sequence

from include.channel import outbox
from include.db.connection import Connection
from include.db.sql import statement
from include.shopify.inventory import MOST_ROWS
from include.stock import online_atp


def plan(
    connection: Connection, shop_id: str, location_ids: Sequence[str] | None = None, *, with_held: bool = False
) -> list[int]:
    """Freeze batches for all levels of a shop that differ from their target. All sync jobs share it.

    Planning twice plans nothing the second time: a level under way is not planned again until it is settled.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        location_ids: The only locations to plan for; see `scope.locations`. None: all of them.
        with_held: Whether also products of a held category, which the delta push leaves alone.

    Returns:
        The ids of the new batches, at most 250 rows each, in the order in which they will be sent.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        outbox.open_for_choosing(connection)
        connection.execute(statement(__file__, "end_releases"), {"shop_id": shop_id})
        connection.execute(
            statement(__file__, "choose_rows"),
            {
                "shop_id": shop_id,
                "rows_per_batch": MOST_ROWS,
                "location_ids": None if location_ids is None else list(location_ids),
                "with_held": with_held,
            },
        )
        return outbox.freeze(connection, shop_id)
