"""The outbox: batches frozen before they are sent, and what may become of each.

HELD -> PLANNED or REJECTED                as somebody decides on their plan
PLANNED -> SENDING -> CONFIRMED            Shopify said yes
               +----> STALE                surely not applied; its deltas travel on in new batches
               +----> REFUSED              surely not applied; its bad rows are in quarantine, the others travel on
               +----> PLANNED              never left this machine
               +----> UNKNOWN -> SETTLED   found out by observing, never sent again
"""

from collections.abc import Mapping
from dataclasses import dataclass

from include.db.connection import Connection
from include.db.sql import statement
from include.shopify.inventory import MOST_ROWS, AdjustOutcome, RowsRefused, SomeRowRefused
from include.stock.atp import online_atp

SECONDS_APART = 3600.0
"""How long a row that has moved under way travels only with rows that have done so too."""


OVERTAKEN = "rows would raise a level above its target, which has fallen since they were planned; they are planned anew"
"""Why a batch ends that was never sent."""


class Fenced(Exception):
    """Another sender has taken the shop; this one must not send."""


class Overtaken(Exception):
    """A row of the batch would raise its level above what it should show by now; the batch was not sent."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The right to send for a shop, until somebody with a higher epoch takes it over."""

    shop_id: str
    sender_epoch: int


def open_for_choosing(connection: Connection) -> None:
    """Make the empty table `chosen_row`, which `freeze` turns into batches within the same transaction."""
    connection.execute(statement(__file__, "create_chosen_row"))


def freeze(connection: Connection, shop_id: str, status_id: str = "PLANNED", transport: str = "DIRECT") -> list[int]:
    """Turn `chosen_row` into batches with fresh keys.

    Args:
        connection: Inside the transaction of `open_for_choosing`.
        shop_id: The shop.
        status_id: `PLANNED`, or `HELD` if they wait for approval.
        transport: `DIRECT` or `BULK`.

    Returns:
        Their ids.
    """
    parameters = {"shop_id": shop_id, "status_id": status_id, "transport": transport}
    return [row[0] for row in connection.execute(statement(__file__, "freeze_batches"), parameters)]


def take_over(connection: Connection, shop_id: str) -> Sender:
    """Become the one sender of a shop. The caller holds the shop's lock.

    Batches that an earlier sender left in `SENDING` become `UNKNOWN`.
    """
    row = connection.execute(statement(__file__, "take_over"), {"shop_id": shop_id}).fetchone()
    if row is None:
        raise LookupError(f"shop {shop_id!r} is not set up: there is no such row in shopify_shop")
    return Sender(shop_id, row[0])


def planned(connection: Connection, shop_id: str, transport: str = "DIRECT") -> list[int]:
    """The batches that wait to be sent by `DIRECT` calls or in a `BULK` file, oldest first."""
    return [
        row[0]
        for row in connection.execute(
            b"SELECT outbox_batch_id FROM outbox_batch"
            b" WHERE shop_id = %s AND status_id = 'PLANNED' AND transport = %s ORDER BY outbox_batch_id",
            [shop_id, transport],
        )
    ]


def levels(connection: Connection, outbox_batch_id: int) -> list[tuple[str, str]]:
    """The levels that a batch changes, by item and location, in the order in which they are sent."""
    rows = connection.execute(
        b"SELECT inventory_item_id, location_id FROM outbox_batch_row WHERE outbox_batch_id = %s ORDER BY row_index",
        [outbox_batch_id],
    )
    return [(row[0], row[1]) for row in rows]


def mark_sending(connection: Connection, sender: Sender, outbox_batch_id: int) -> str:
    """Note that a batch is about to leave, committed before it does.

    Returns:
        The frozen variables to send.

    Raises:
        Fenced: Another sender has taken the shop, or the batch.
        Overtaken: The target of a row has fallen since it was planned: end the batch by `replace_refused`.
    """
    parameters = {"outbox_batch_id": outbox_batch_id, "sender_epoch": sender.sender_epoch}
    row = connection.execute(statement(__file__, "mark_sending"), parameters).fetchone()
    if row is None:
        if connection.execute(statement(__file__, "select_sendable"), parameters).fetchone():
            raise Overtaken(OVERTAKEN)
        raise Fenced(f"batch {outbox_batch_id} of shop {sender.shop_id}: another sender has taken over; this one stops")
    variables: str = row[0]
    return variables


def confirm(connection: Connection, outbox_batch_id: int) -> int:
    """Shopify has applied the batch: move the positions by its deltas.

    Returns:
        How many levels it moved.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        return connection.execute(statement(__file__, "confirm_batch"), {"outbox_batch_id": outbox_batch_id}).rowcount


def refuse(connection: Connection, outbox_batch_id: int, message: str) -> None:
    """The batch was surely not applied: free its rows, which the next plan looks at again.

    This, and all below that end a batch, raise `Fenced` if another sender has taken it over.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        _end_unapplied(connection, outbox_batch_id, "REFUSED", message, {})


def about_known_rows(connection: Connection, outbox_batch_id: int, outcome: AdjustOutcome) -> AdjustOutcome:
    """An outcome that names only rows that the batch has. If it names none of them, nobody knows which row it means."""
    if not isinstance(outcome, RowsRefused):
        return outcome
    rows = range(len(levels(connection, outbox_batch_id)))
    known = {index: reason for index, reason in outcome.reasons.items() if index in rows}
    return RowsRefused(known) if known else SomeRowRefused("; ".join(outcome.reasons.values()))


def replace_refused(
    connection: Connection,
    shop_id: str,
    outbox_batch_id: int,
    message: str,
    reasons: Mapping[int, str],
    found_as: str = "SENDING",
) -> list[int]:
    """The batch was surely not applied: put its bad rows into quarantine, and let the others travel on as they are.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        outbox_batch_id: The batch, surely not applied.
        message: Why it ends.
        reasons: What is wrong with single rows, by index.
        found_as: `SENDING`, or `PLANNED` if it was not sent.

    Returns:
        The id of the new batch, if any row is left. What was not sent goes on by the way that was planned; what was
        refused goes on by direct calls.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        _end_unapplied(connection, outbox_batch_id, "REFUSED", message, reasons, found_as)
        transport = _transport(connection, outbox_batch_id) if found_as == "PLANNED" else "DIRECT"
        return _freeze_remaining(connection, shop_id, outbox_batch_id, transport=transport)


def end_overtaken(connection: Connection, shop_id: str, transport: str) -> int:
    """End the planned batches of which rows would raise a level above what it should show by now.

    The other rows of theirs travel on, those are planned anew.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        transport: Of the batches.

    Returns:
        How many batches were ended.
    """
    overtaken = connection.execute(
        statement(__file__, "select_overtaken"), {"shop_id": shop_id, "transport": transport}
    ).fetchall()
    for (batch,) in overtaken:
        replace_refused(connection, shop_id, batch, OVERTAKEN, {}, found_as="PLANNED")
    return len(overtaken)


def bisect_refused(connection: Connection, shop_id: str, outbox_batch_id: int, message: str) -> list[int]:
    """One of the batch's rows is bad, and nobody says which: cut it in two; a single row goes into quarantine.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        outbox_batch_id: The batch, surely not applied.
        message: What Shopify said of it.

    Returns:
        The ids of the two halves; nothing if it was a single row.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        rows = len(levels(connection, outbox_batch_id))
        _end_unapplied(connection, outbox_batch_id, "REFUSED", message, {0: message} if rows == 1 else {})
        return _freeze_remaining(connection, shop_id, outbox_batch_id, (rows + 1) // 2)


def replace_stale(
    connection: Connection, shop_id: str, outbox_batch_id: int, available: Mapping[tuple[str, str], int]
) -> list[int]:
    """The batch was refused as stale: keep its deltas, compare with what Shopify shows now, under a new key.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        outbox_batch_id: The batch, surely not applied.
        available: What Shopify shows now, by item and location. A row that is not in it is planned anew later.

    Returns:
        The ids of the new batches: one for rows that stand still, one for rows that have moved.
    """
    with connection.transaction():
        online_atp.take_turn(connection)
        _end_unapplied(
            connection, outbox_batch_id, "STALE", "a level no longer showed what it was expected to change from", {}
        )
        open_for_choosing(connection)
        connection.execute(
            statement(__file__, "choose_stale_rows"),
            {
                "outbox_batch_id": outbox_batch_id,
                "items": [item for item, _ in available],
                "locations": [location for _, location in available],
                "available": list(available.values()),
                "shop_id": shop_id,
                "seconds_apart": SECONDS_APART,
            },
        )
        connection.execute(b"ANALYZE chosen_row")
        return freeze(connection, shop_id)


def put_back(connection: Connection, outbox_batch_id: int, message: str) -> None:
    """The batch was surely not carried out, nor looked at: it may be sent later as it is."""
    connection.execute(
        b"UPDATE outbox_batch SET status_id = 'PLANNED', message = %s"
        b" WHERE outbox_batch_id = %s AND status_id = 'SENDING'",
        [message, outbox_batch_id],
    )


def set_unknown(connection: Connection, outbox_batch_id: int, message: str) -> None:
    """Nobody can say whether the batch was applied, now or later: it is never sent again, but observed."""
    connection.execute(
        b"UPDATE outbox_batch SET status_id = 'UNKNOWN', message = %s, sent_at = clock_timestamp()"
        b" WHERE outbox_batch_id = %s AND status_id = 'SENDING'",
        [message, outbox_batch_id],
    )


def _freeze_remaining(
    connection: Connection, shop_id: str, outbox_batch_id: int, cut_at: int = MOST_ROWS, transport: str = "DIRECT"
) -> list[int]:
    open_for_choosing(connection)
    connection.execute(
        statement(__file__, "choose_remaining_rows"), {"outbox_batch_id": outbox_batch_id, "cut_at": cut_at}
    )
    connection.execute(b"ANALYZE chosen_row")
    return freeze(connection, shop_id, transport=transport)


def _transport(connection: Connection, outbox_batch_id: int) -> str:
    row = connection.execute(
        b"SELECT transport FROM outbox_batch WHERE outbox_batch_id = %s", [outbox_batch_id]
    ).fetchone()
    assert row is not None
    transport: str = row[0]
    return transport


def _end_unapplied(
    connection: Connection,
    outbox_batch_id: int,
    status_id: str,
    message: str,
    reasons: Mapping[int, str],
    found_as: str = "SENDING",
) -> None:
    """End a batch, unless another sender has taken it over: what becomes of its rows must not be decided twice."""
    ended = connection.execute(
        statement(__file__, "end_unapplied"),
        {
            "outbox_batch_id": outbox_batch_id,
            "found_as": found_as,
            "status_id": status_id,
            "message": message,
            "row_indexes": list(reasons),
            "reasons": list(reasons.values()),
        },
    ).fetchone()
    if ended is None:
        raise Fenced(f"batch {outbox_batch_id}: no longer {found_as}: another sender has taken over; this one stops")
