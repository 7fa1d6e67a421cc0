"""What orders hold of the stock: reserved when Shopify has sold it, issued when it has left."""

from include.db.connection import Connection
from include.db.sql import statement
from include.stock.orders import events


def keep_components(connection: Connection) -> None:
    """Keep what ordered kits consist of, before anything of them is reserved or issued for the first time."""
    connection.execute(statement(__file__, "keep_components"))


def reserve_and_issue(connection: Connection) -> int:
    """Add to `movement` what orders have yet to reserve or to issue.

    To be called whenever orders, mappings or snapshots have changed, in the transaction that posts `movement`.

    Args:
        connection: Inside the transaction of `ledger.open_for_posting`; once per transaction.

    Returns:
        How many movements were added.
    """
    keep_components(connection)
    connection.execute(statement(__file__, "create_order_behind"))
    if not connection.execute(statement(__file__, "find_orders_behind")).rowcount:
        return 0
    connection.execute(b"ANALYZE order_behind")
    connection.execute(statement(__file__, "release_counted"))
    events.open_for_events(connection)
    connection.execute(statement(__file__, "reserve_and_issue"))
    return events.move(connection)
