"""What becomes of a batch and of each of its rows, step by step, without a shop."""

from __future__ import annotations

from typing import Any

import pytest

from include.channel.delivery import outbox
from include.channel.delivery.outbox import Fenced, Overtaken, Sender
from include.channel.planning import planner
from include.channel.reconciliation import observation
from include.db.sql import statement
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

ROWS = A, B, C, D = ("50001", "50002", "50003", "50004")
APART = "60001"
"""In a batch of its own, which nothing that becomes of the other one may touch."""

OTHER = "other"
EARLIER = "promotion"
"""The reason of a batch of the same levels that was confirmed long ago."""


@pytest.fixture
def planned(books: Store) -> tuple[Store, int, int]:
    """A batch of four rows, +3 each from 10, and one of another row; the same items at a second location, and in
    another shop, are left. An earlier batch has raised each level by 9."""
    connection = books.connection
    books.equip(dict.fromkeys((*ROWS, APART), 10))
    planner.plan(connection, SHOP, [])  # takes the reasons
    connection.execute(b"UPDATE inventory_level SET position = 1, shopify_reason = %s", [EARLIER])
    (earlier,) = planner.plan(connection, SHOP)
    send(books, earlier)
    outbox.confirm(connection, earlier)
    connection.execute(
        b"UPDATE inventory_level SET target = 13, position_as_of = NULL, quarantine_tries = 1, to_observe = FALSE,"
        b" shopify_reason = CASE WHEN product_id = %s THEN 'damaged' END",
        [APART],
    )
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES (%s, 'o.myshopify.com', 'o')",
        [OTHER],
    )
    connection.execute(
        b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position,"
        b" quarantine_tries, to_observe) SELECT each.shop_id, inventory_item_id, each.location_id, product_id, 5, 4, 1,"
        b" FALSE FROM inventory_level CROSS JOIN (VALUES (%s, %s), (%s, %s)) AS each (shop_id, location_id)",
        [SHOP, STORE_LOCATION, OTHER, ONLINE],
    )
    batch, apart = planner.plan(connection, SHOP, [ONLINE])
    return books, batch, apart


def send(books: Store, *batches: int) -> Sender:
    sender = outbox.take_over(books.connection, SHOP)
    for batch in batches:
        outbox.mark_sending(books.connection, sender, batch)
    return sender


def levels(books: Store, *columns: str) -> dict[str, tuple[Any, ...]]:
    """What is kept of each level online, and that nothing has happened at the other location and in the other shop."""
    there = books.connection.execute(
        b"SELECT DISTINCT target, position, position_as_of, outbox_batch_id, quarantine_reason, quarantine_tries,"
        b" moves_until, to_observe FROM inventory_level WHERE (shop_id, location_id) <> (%s, %s)",
        [SHOP, ONLINE],
    ).fetchall()
    assert there == [(5, 4, None, None, None, 1, None, False)]
    rows = books.connection.execute(
        f"SELECT product_id, {', '.join(columns)} FROM inventory_level"
        " WHERE (shop_id, location_id) = (%s, %s)".encode(),
        [SHOP, ONLINE],
    ).fetchall()
    return {row[0]: tuple(row[1:]) for row in rows}


def batches(books: Store) -> dict[int, tuple[Any, ...]]:
    """Status, plan, what it replaces, and its rows: product, delta, from, outcome."""
    rows = books.connection.execute(
        b"SELECT batch.outbox_batch_id, status_id, shopify_reason, replaces_batch_id, json_agg(json_build_array("
        b"split_part(inventory_item_id, '/', 5), delta, change_from_quantity, outcome) ORDER BY row_index)"
        b" FROM outbox_batch AS batch INNER JOIN outbox_batch_row USING (outbox_batch_id)"
        b" WHERE shopify_reason <> %s GROUP BY 1",
        [EARLIER],
    ).fetchall()
    return {row[0]: (*row[1:4], [tuple(each) for each in row[4]]) for row in rows}


def also_elsewhere(books: Store, batch: int) -> None:
    """Let a batch have a row of A at the other location too, which would raise that too far; it takes no A online."""
    books.connection.execute(
        b"INSERT INTO outbox_batch_row (outbox_batch_id, row_index, inventory_item_id, location_id, delta,"
        b" change_from_quantity) VALUES (%s, 4, %s, %s, 9, 4)",
        [batch, item(A), STORE_LOCATION],
    )


def four(outcome: str | None = None, *, start: int = 10) -> list[tuple[Any, ...]]:
    return [(product, 3, start, outcome) for product in ROWS]


def test_a_confirmed_batch_moves_the_positions_of_its_rows_alone(planned: tuple[Store, int, int]) -> None:
    books, batch, apart = planned
    assert outbox.confirm(books.connection, batch) == 0, "it was not sent"
    send(books, batch, apart)
    books.connection.execute(b"UPDATE inventory_level SET position = 8 WHERE product_id = %s AND target = 13", [B])
    assert outbox.confirm(books.connection, batch) == 4
    assert outbox.confirm(books.connection, batch) == 0, "once"
    moved = levels(
        books, "position", "position_as_of > now() - interval '1 minute'", "outbox_batch_id", "quarantine_tries"
    )
    assert moved == {
        A: (13, True, None, 0),
        B: (11, True, None, 0),
        C: (13, True, None, 0),
        D: (13, True, None, 0),
        APART: (10, None, apart, 1),
    }
    assert batches(books) == {
        batch: ("CONFIRMED", "correction", None, four("APPLIED")),
        apart: ("SENDING", "damaged", None, [(APART, 3, 10, None)]),
    }


def test_bad_rows_go_into_quarantine_overtaken_ones_are_freed_and_the_others_travel_on(
    planned: tuple[Store, int, int],
) -> None:
    books, batch, apart = planned
    with pytest.raises(Fenced, match=f"batch {batch}: no longer SENDING"):
        outbox.replace_refused(books.connection, SHOP, batch, "bad", {})
    send(books, batch, apart)
    also_elsewhere(books, batch)
    books.connection.execute(b"UPDATE outbox_batch SET transport = 'BULK' WHERE outbox_batch_id = %s", [batch])
    books.connection.execute(b"UPDATE inventory_level SET target = 12 WHERE product_id = %s AND target = 13", [C])
    (new,) = outbox.replace_refused(books.connection, SHOP, batch, "bad", {1: "odd", 7: "no such row"})
    assert levels(books, "position", "outbox_batch_id", "quarantine_reason") == {
        A: (10, new, None), B: (10, None, "odd"), C: (10, None, None), D: (10, new, None), APART: (10, apart, None),
    }  # fmt: skip
    outcomes = [
        (A, 3, 10, "NOT_APPLIED"),
        (B, 3, 10, "QUARANTINED"),
        (C, 3, 10, "NOT_APPLIED"),
        (D, 3, 10, "NOT_APPLIED"),
        (A, 9, 4, "NOT_APPLIED"),
    ]
    assert batches(books) == {
        batch: ("REFUSED", "correction", None, outcomes),
        apart: ("SENDING", "damaged", None, [(APART, 3, 10, None)]),
        new: ("PLANNED", "correction", batch, [(A, 3, 10, None), (D, 3, 10, None)]),
    }
    assert outbox.planned(books.connection, SHOP) == [new], "what was refused goes on by calls"
    kept = books.connection.execute(
        b"SELECT count(DISTINCT outbox_plan_id), count(DISTINCT idempotency_key), max(message) FROM outbox_batch"
        b" WHERE shopify_reason <> %s",
        [EARLIER],
    ).fetchone()
    assert kept == (1, 3, "bad"), "one plan, and each batch a key of its own"


def test_a_batch_is_cut_in_two_until_a_row_is_alone(planned: tuple[Store, int, int]) -> None:
    books, batch, _ = planned
    books.connection.execute(b"UPDATE inventory_level SET target = 10 WHERE product_id = %s AND target = 13", [D])
    (batch,) = outbox.replace_refused(books.connection, SHOP, batch, "to begin with three", {}, "PLANNED")
    send(books, batch)
    first, second = outbox.bisect_refused(books.connection, SHOP, batch, "odd")
    assert batches(books)[first][3] == [(A, 3, 10, None), (B, 3, 10, None)]
    assert batches(books)[second][3] == [(C, 3, 10, None)]
    send(books, first, second)
    assert outbox.bisect_refused(books.connection, SHOP, second, "odd") == []
    third, fourth = outbox.bisect_refused(books.connection, SHOP, first, "odd")
    assert levels(books, "outbox_batch_id", "quarantine_reason") | {APART: ()} == {
        A: (third, None), B: (fourth, None), C: (None, "odd"), D: (None, None), APART: (),
    }  # fmt: skip


def test_a_stale_batch_goes_on_from_what_is_shown_and_what_has_moved_goes_apart(
    planned: tuple[Store, int, int],
) -> None:
    books, batch, apart = planned
    send(books, batch, apart)
    also_elsewhere(books, batch)
    books.connection.execute(b"UPDATE inventory_level SET target = 12 WHERE product_id = %s AND target = 13", [D])
    shown = {(item(A), ONLINE): 10, (item(B), ONLINE): 7, (item(D), ONLINE): 10, (item(C), STORE_LOCATION): 6}
    shown[item(A), STORE_LOCATION] = 4
    still, moved = outbox.replace_stale(books.connection, SHOP, batch, shown)
    assert batches(books) == {
        batch: ("STALE", "correction", None, [*four("NOT_APPLIED"), (A, 9, 4, "NOT_APPLIED")]),
        apart: ("SENDING", "damaged", None, [(APART, 3, 10, None)]),
        still: ("PLANNED", "correction", batch, [(A, 3, 10, None)]),
        moved: ("PLANNED", "correction", batch, [(B, 3, 7, None)]),
    }
    moves = ("moves_until > now() + interval '59 minutes'", "moves_until < now() + interval '61 minutes'")
    assert levels(books, "outbox_batch_id", "to_observe", *moves) == {
        A: (still, False, None, None), B: (moved, True, True, True), C: (None, False, None, None),
        D: (None, False, None, None), APART: (apart, False, None, None),
    }  # fmt: skip


def test_a_sender_marks_what_it_sends_until_another_one_takes_over(planned: tuple[Store, int, int]) -> None:
    books, batch, apart = planned
    connection = books.connection
    older = outbox.take_over(connection, SHOP)
    assert '"delta" : 3' in outbox.mark_sending(connection, older, batch)
    assert sent(books, batch) == ("SENDING", older.sender_epoch, True)
    with pytest.raises(Fenced):
        outbox.mark_sending(connection, older, batch)
    connection.execute(b"UPDATE outbox_batch SET sent_at = now() - interval '1 hour'")
    connection.execute(b"UPDATE inventory_level SET target = 12 WHERE product_id = %s AND target = 13", [APART])
    with pytest.raises(Overtaken):
        outbox.mark_sending(connection, older, apart)
    newer = outbox.take_over(connection, SHOP)
    assert newer.sender_epoch == older.sender_epoch + 1
    assert sent(books, batch) == ("UNKNOWN", older.sender_epoch, True), "it may have left until now"
    connection.execute(b"UPDATE shopify_shop SET sender_epoch = %s WHERE shop_id = %s", [older.sender_epoch, OTHER])
    for target in (12, 13):
        connection.execute(
            b"UPDATE inventory_level SET target = %s WHERE product_id = %s AND target > 10", [target, APART]
        )
        with pytest.raises(Fenced, match=f"batch {apart} of shop {SHOP}: another sender has taken over"):
            outbox.mark_sending(connection, older, apart)
    assert sent(books, apart) == ("PLANNED", None, False)
    outbox.mark_sending(connection, newer, apart)
    with pytest.raises(Fenced):
        outbox.mark_sending(connection, newer, batch)
    epochs = connection.execute(b"SELECT sender_epoch FROM shopify_shop WHERE shop_id = %s", [OTHER]).fetchone()
    assert epochs == (older.sender_epoch,)
    with pytest.raises(LookupError, match="shop 'nobody' is not set up: there is no such row in shopify_shop"):
        outbox.take_over(connection, "nobody")


def sent(books: Store, batch: int) -> tuple[Any, ...]:
    """A batch's status, who has sent it, and whether that was just now."""
    row = books.connection.execute(
        b"SELECT status_id, sender_epoch, coalesce(sent_at > now() - interval '1 minute', FALSE) FROM outbox_batch"
        b" WHERE outbox_batch_id = %s",
        [batch],
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_what_travels_in_a_file_is_left_to_its_operation(planned: tuple[Store, int, int]) -> None:
    books, batch, apart = planned
    send(books, batch, apart)
    books.connection.execute(
        b"WITH file AS (INSERT INTO outbox_file (shop_id) VALUES (%s) RETURNING outbox_file_id)"
        b" UPDATE outbox_batch SET outbox_file_id = file.outbox_file_id, line_number = 0 FROM file"
        b" WHERE outbox_batch_id = %s",
        [SHOP, apart],
    )
    outbox.take_over(books.connection, SHOP)
    assert {number: each[0] for number, each in batches(books).items()} == {batch: "UNKNOWN", apart: "SENDING"}


def test_an_unknown_batch_is_closed_once_all_of_its_rows_are_settled(planned: tuple[Store, int, int]) -> None:
    books, batch, apart = planned
    send(books, batch, apart)
    outbox.set_unknown(books.connection, batch, "silence")

    def close(shop: str = SHOP) -> str:
        books.connection.execute(statement(observation.__file__, "close_settled"), {"shop_id": shop})
        status: str = batches(books)[batch][0]
        return status

    books.connection.execute(
        b"UPDATE outbox_batch_row SET outcome = 'APPLIED' WHERE outbox_batch_id = %s AND row_index < 3", [batch]
    )
    assert close() == "UNKNOWN"
    books.connection.execute(b"UPDATE outbox_batch_row SET outcome = 'OBSERVED' WHERE outbox_batch_id = %s", [batch])
    assert close(OTHER) == "UNKNOWN"
    assert close() == "SETTLED"
    books.connection.execute(b"UPDATE outbox_batch_row SET outcome = 'OBSERVED' WHERE outcome IS NULL")
    close()
    assert batches(books)[apart][0] == "SENDING", "its answer may still come"
    finished = books.connection.execute(
        b"SELECT count(finished_at) FROM outbox_batch WHERE shopify_reason <> %s", [EARLIER]
    ).fetchone()
    assert finished == (1,)


def test_planned_batches_that_would_raise_a_level_too_far_are_ended_and_their_other_rows_go_on(
    planned: tuple[Store, int, int],
) -> None:
    books, batch, apart = planned
    connection = books.connection
    assert outbox.end_overtaken(connection, SHOP, "DIRECT") == 0
    connection.execute(
        b"UPDATE inventory_level SET target = 12 WHERE product_id = ANY(%s) AND target = 13", [[B, APART]]
    )
    assert outbox.end_overtaken(connection, OTHER, "DIRECT") == outbox.end_overtaken(connection, SHOP, "BULK") == 0
    connection.execute(b"UPDATE outbox_batch SET transport = 'BULK' WHERE outbox_batch_id = %s", [batch])
    assert outbox.end_overtaken(connection, SHOP, "BULK") == 1
    assert outbox.end_overtaken(connection, SHOP, "BULK") == 0
    (new,) = outbox.planned(connection, SHOP, "BULK")
    assert outbox.planned(connection, SHOP) == [apart], "by another way"
    assert batches(books)[batch][0] == "REFUSED"
    assert batches(books)[new] == (
        "PLANNED", "correction", batch, [(A, 3, 10, None), (C, 3, 10, None), (D, 3, 10, None)],
    )  # fmt: skip
    connection.execute(b"UPDATE outbox_batch SET status_id = 'SENDING' WHERE outbox_batch_id = %s", [apart])
    assert outbox.end_overtaken(connection, SHOP, "DIRECT") == 0, "it has left"
    connection.execute(b"UPDATE outbox_batch SET status_id = 'PLANNED' WHERE outbox_batch_id = %s", [apart])
    assert outbox.end_overtaken(connection, SHOP, "DIRECT") == 1
    assert outbox.planned(connection, SHOP) == [], "none of its rows goes on"
