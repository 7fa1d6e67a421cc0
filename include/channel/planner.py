"""Plans what must move: target less position, for every level where that is not zero and nothing is under way."""

from include.channel import outbox
from include.db.connection import Connection
from include.db.sql import statement
from include.shopify.inventory import MOST_ROWS
from include.stock import online_atp


def plan(connection: Connection, shop_id: str) -> list[int]:
    """Freeze batches for all levels of a shop that differ from their target.

    Planning twice plans nothing the second time: a level under way is not planned again until it is settled.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.

    Returns:
        The ids of the new batches, at most 250 rows each, in the order in which they will be sent.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        outbox.open_for_choosing(connection)
        connection.execute(statement(__file__, "choose_rows"), {"shop_id": shop_id, "rows_per_batch": MOST_ROWS})
        return outbox.freeze(connection, shop_id)
