"""What orders do to stock: events, each at its own moment, that become movements.

Reservations and fulfilments collect their events, and `move` decides for both alike what the newest count of a product
and facility has in its number already: see docs/adr/0010.
"""

from include.db.connection import Connection
from include.db.sql import statement


def open_for_events(connection: Connection) -> None:
    """Make the empty table `order_event`, which vanishes with the transaction."""
    connection.execute(statement(__file__, "create_order_event"))


def move(connection: Connection) -> int:
    """Add to `movement` what the events of `order_event` do to stock.

    Args:
        connection: Inside the transaction of `ledger.open_for_posting` and `open_for_events`; once per transaction.

    Returns:
        How many movements were added.
    """
    connection.execute(b"ANALYZE order_event")
    return connection.execute(statement(__file__, "move_order_events")).rowcount
