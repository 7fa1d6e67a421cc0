"""Online ATP: what each Shopify location may show, kept as the target of its inventory levels.

    max(0, sum over the channel's brokering-enabled physical facilities of max(0, ATP - safety stock)
           - threshold - open quantity in its virtual order queue)

and 0 where brokering is off for the channel, or where ATP over the facilities adds up to less than nothing. Only the
products that something has marked dirty are computed.
"""

from include.db.connection import Connection
from include.db.sql import statement


def refresh(connection: Connection) -> int:
    """Recompute the targets of all dirty products.

    Args:
        connection: Trueup's database, outside a transaction.

    Returns:
        How many levels got another target, new levels included.
    """
    with connection.transaction():
        take_turn(connection)
        return recompute_dirty(connection)


def recompute_all(connection: Connection) -> int:
    """Recompute the targets of all products, dirty or not; must change nothing that a refresh would not have.

    Returns:
        How many levels got another target.
    """
    with connection.transaction():
        take_turn(connection)
        connection.execute(b"INSERT INTO dirty_product (product_id) SELECT product_id FROM shopify_shop_product")
        return recompute_dirty(connection)


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction writes levels, and be the one that does until this one ends.

    Two that compute targets could write an older answer over a newer one, and two of any kind could lock the same rows
    in different orders. Taken before any lock on stock or levels.
    """
    connection.execute(b"SELECT pg_advisory_xact_lock(hashtextextended('writer of inventory_level', 0))")


def recompute_dirty(connection: Connection) -> int:
    """Recompute the targets of all dirty products within a transaction that has taken its turn.

    Whoever moves a position because Shopify has moved by itself calls this in the same transaction: target and
    position must move together, or the difference between them would be pushed.

    Returns:
        How many levels got another target.
    """
    connection.execute(statement(__file__, "create_refresh_product"))
    connection.execute(statement(__file__, "create_refresh_component"))
    connection.execute(statement(__file__, "notice_dates"))
    # Two statements: the second one sees every change whose mark the first one has taken.
    connection.execute(statement(__file__, "drain_dirty_products"))
    connection.execute(b"ANALYZE refresh_product")
    connection.execute(statement(__file__, "fill_refresh_component"))
    connection.execute(b"ANALYZE refresh_component")
    return connection.execute(statement(__file__, "refresh_targets")).rowcount
