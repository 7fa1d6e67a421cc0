"""Fulfilled order items: where a unit has left from, by the word of the ERP.

HotWax's "order item completed" (feeds IMP_ITM_RECEIPT and IMP_ODR_ITM_FLFLMNT). Quantity on hand falls where the unit
left; the reservation, which stands in the order queue of the Shopify location, ends. A fulfilment that was sent twice
counts once. Snapshots, fulfilments and Shopify's own fulfilled state may come in any order, and end in the same stock:
see docs/adr/0010.
"""

from dataclasses import dataclass

from include.db.connection import Connection
from include.db.sql import statement
from include.stock.orders import events, reservations


@dataclass(frozen=True, slots=True)
class Completed:
    """What became of the rows of a file: counted now, counted before, or not to be counted."""

    counted: int
    repeated: int
    refused: int


def create_fulfilled_items(connection: Connection) -> None:
    """Make the empty table `fulfilled_item`, which vanishes with the transaction.

    The caller fills `line_number` (one per row, as for a reject), `order_id`, `order_item_seq_id`, `facility_id`
    (resolved), `shipped_at`, `quantity` and `tracking_number`, and `complaint` for rows of which it knows already that
    they cannot be taken.
    """
    connection.execute(statement(__file__, "create_fulfilled_item"))


def complete(connection: Connection, data_manager_log_id: int) -> Completed:
    """Count the rows of `fulfilled_item` and add to `movement` what they do to stock.

    Afterwards a row with a `complaint` was not counted, and one that `is_repeated` had been counted before.

    Args:
        connection: Inside the transaction of `ledger.open_for_posting`, with `fulfilled_item` filled.
        data_manager_log_id: The file that the rows come from.

    Returns:
        How many rows were counted, repeated and refused.
    """
    connection.execute(b"ANALYZE fulfilled_item")
    connection.execute(statement(__file__, "find_fulfilled_orders"))
    connection.execute(statement(__file__, "find_fulfilled_lines"))
    connection.execute(b"ANALYZE fulfilled_item")
    reservations.keep_components(connection)
    events.open_for_events(connection)
    turns = connection.execute(b"SELECT coalesce(max(turn), 0) FROM fulfilled_item").fetchone()
    assert turns is not None
    counted = 0
    for turn in range(1, turns[0] + 1):
        parameters = {"turn": turn, "data_manager_log_id": data_manager_log_id}
        connection.execute(statement(__file__, "judge_fulfilments"), parameters)
        counted += connection.execute(statement(__file__, "count_fulfilments"), parameters).rowcount
        connection.execute(statement(__file__, "complete_items"), parameters)
    events.move(connection)
    row = connection.execute(
        b"SELECT count(*) FILTER (WHERE is_repeated), count(*) FILTER (WHERE complaint IS NOT NULL) FROM fulfilled_item"
    ).fetchone()
    assert row is not None
    return Completed(counted, repeated=row[0], refused=row[1])
