"""Online ATP: what each Shopify location may show, kept as the target of its inventory levels.

    max(0, sum over the channel's brokering-enabled physical facilities of max(0, ATP - safety stock)
           - threshold - open quantity in the virtual order queues of its store)

and 0 where brokering is off for the channel, where ATP over the facilities adds up to less than nothing, or where a
store holds physical inventory for open pre-orders. The rule is that of HotWax's `get#ProductOnlineAtp`; where it gives
no row, this gives 0. A kit follows it with what its components make (see `kits`, and docs/adr/0017).

A level has no target while it is not Trueup's to decide: its item or its location is not mapped, Shopify is master
there, or computes the number itself. Once it is again, its position is unknown and it is looked at first: a difference
to what it showed long ago would be added to whatever the merchant has made of it meanwhile.

Only the products that something has marked dirty are computed, and the kits above them. What begins or ends by the
clock is noticed by comparing each dated row with what was applied of it (`is_current`). A full recompute runs the same
statement once, over all products: `python -m include.stock recompute`.
"""

from include.db.connection import Connection
from include.db.sql import statement

PRODUCTS_PER_SLICE = 2000
"""Products that are computed at a time: few enough for memory and for indexes, whatever the size of the catalogue."""


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
        # One pass over everything: what does not fit into this memory is spilled to disk. Adding up sorted rows was
        # measured to cost less than hashing them; compiling costs more than it saves. What is joined by hash is far
        # more than the planner guesses, and is taken apart again and again where it gets too little memory.
        connection.execute(b"SET LOCAL work_mem = '64MB'")
        connection.execute(b"SET LOCAL hash_mem_multiplier = 4")
        connection.execute(b"SET LOCAL enable_hashagg = off")
        connection.execute(b"SET LOCAL jit = off")
        return _recompute(connection, "take_all_products")


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
    return _recompute(connection, "drain_dirty_products", products_per_slice=PRODUCTS_PER_SLICE)


def _recompute(connection: Connection, take: str, **parameters: int) -> int:
    # What is read at random is in memory or on a disk without heads; a slice is a small part of whatever is large.
    connection.execute(b"SET LOCAL random_page_cost = 1.1")
    connection.execute(statement(__file__, "create_refresh_product"))
    connection.execute(statement(__file__, "create_refresh_component"))
    connection.execute(statement(__file__, "notice_dates"))
    # Two statements: the second one sees every change whose mark the first one has taken.
    connection.execute(statement(__file__, take), parameters)
    connection.execute(b"ANALYZE refresh_product")
    connection.execute(statement(__file__, "fill_refresh_component"))
    connection.execute(b"ANALYZE refresh_component")
    connection.execute(statement(__file__, "forget_levels"))
    slices = connection.execute(b"SELECT coalesce(max(slice) + 1, 0) FROM refresh_product").fetchone()
    assert slices is not None
    # Planned for each slice anew: levels of which there are none at the first one may be a million at the last.
    return sum(
        connection.execute(statement(__file__, "refresh_targets"), {"slice": number}, prepare=False).rowcount
        for number in range(slices[0])
    )
