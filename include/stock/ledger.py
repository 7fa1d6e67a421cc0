"""The stock ledger: the one way in which stock changes.

A feed, an order or a count fills the table `movement` inside its transaction; `post` writes the ledger rows, moves the
totals and marks the products, all at once. So stock is always the sum of its ledger, and nothing changes unmarked.
"""

from datetime import datetime

from include.db.connection import Connection
from include.db.sql import statement


def open_for_posting(connection: Connection) -> None:
    """Make the empty table `movement` and keep other writers of stock out until the transaction ends.

    Readers go on. What is read from stock after this call is what the posting will change.
    """
    connection.execute(statement(__file__, "create_movement"))
    connection.execute(b"LOCK TABLE inventory_item IN SHARE ROW EXCLUSIVE MODE")


def post(
    connection: Connection, effective_at: datetime, data_manager_log_id: int | None = None, *, repeated: bool = True
) -> int:
    """Post all rows of `movement`.

    Args:
        connection: Inside the transaction of `open_for_posting`.
        effective_at: When the movements took effect that say nothing else of themselves.
        data_manager_log_id: The file that they come from, if they come from one.
        repeated: Whether a product and facility may stand there more than once, and have to be added up.

    Returns:
        How many ledger rows were written.
    """
    source = {"effective_at": effective_at, "data_manager_log_id": data_manager_log_id}
    connection.execute(b"ANALYZE movement")
    newest = connection.execute(b"SELECT max(inventory_item_detail_id) FROM inventory_item_detail").fetchone()
    assert newest is not None
    posted = connection.execute(statement(__file__, "post_ledger"), source).rowcount
    if posted:
        connection.execute(statement(__file__, "note_untold"), {"newest_before": newest[0] or 0})
        # The planner takes it for cheaper to hash the whole stock than to look up what moves: it is not, by far.
        # A stock known to be empty it would read through anew for each row of the first load, which fills it meanwhile.
        connection.execute(b"SET LOCAL enable_hashjoin = off")
        connection.execute(b"SET LOCAL enable_seqscan = off")
        connection.execute(statement(__file__, "post_stock"), {"repeated": repeated})
        connection.execute(b"SET LOCAL enable_seqscan = on")
        connection.execute(b"SET LOCAL enable_hashjoin = on")
        connection.execute(statement(__file__, "mark_moved_products_dirty"))
    return posted


def out_of_balance(connection: Connection) -> list[tuple[str, str]]:
    """Audit: products and facilities whose stock is not the sum of its ledger rows. Always empty.

    Returns:
        Pairs of product id and facility id.
    """
    return [(row[0], row[1]) for row in connection.execute(statement(__file__, "out_of_balance"))]
