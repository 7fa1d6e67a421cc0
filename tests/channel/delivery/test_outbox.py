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


@pytest.fixture
def planned(books: Store) -> tuple[Store, int, int]:
    """A batch of four rows, +3 each from 10, and one of another row; the same items at a second location are left."""
    books.equip(dict.fromkeys((*ROWS, APART), 10))
    books.connection.execute(
        b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position,"
        b" outbox_batch_id, quarantine_tries) SELECT shop_id, inventory_item_id, %s, product_id, 5, 4, NULL, 1"
        b" FROM inventory_level",
        [STORE_LOCATION],
    )
    planner.plan(books.connection, SHOP, [])  # takes the reasons
    books.connection.execute(
        b"UPDATE inventory_level SET target = 13, quarantine_tries = 1,"
        b" shopify_reason = CASE WHEN product_id = %s THEN 'damaged' END WHERE location_id = %s",
        [APART, ONLINE],
    )
    batch, apart = planner.plan(books.connection, SHOP, [ONLINE])
    return books, batch, apart


def send(books: Store, *batches: int) -> Sender:
    sender = outbox.take_over(books.connection, SHOP)
    for batch in batches:
        outbox.mark_sending(books.connection, sender, batch)
    return sender


def levels(books: Store, *columns: str) -> dict[str, tuple[Any, ...]]:
    """What is kept of each level online, and that nothing has happened at the other location."""
    there = books.connection.execute(
        b"SELECT DISTINCT target, position, outbox_batch_id, quarantine_reason, quarantine_tries, moves_until"
        b" FROM inventory_level WHERE location_id = %s",
        [STORE_LOCATION],
    ).fetchall()
    assert there == [(5, 4, None, None, 1, None)]
    rows = books.connection.execute(
        f"SELECT product_id, {', '.join(columns)} FROM inventory_level WHERE location_id = %s".encode(), [ONLINE]
    ).fetchall()
    return {row[0]: tuple(row[1:]) for row in rows}


def batches(books: Store) -> dict[int, tuple[Any, ...]]:
    """Status, plan, what it replaces, and its rows: product, delta, from, outcome."""
    rows = books.connection.execute(
        b"SELECT batch.outbox_batch_id, status_id, shopify_reason, replaces_batch_id, json_agg(json_build_array("
        b"split_part(inventory_item_id, '/', 5), delta, change_from_quantity, outcome) ORDER BY row_index)"
        b" FROM outbox_batch AS batch INNER JOIN outbox_batch_row USING (outbox_batch_id) GROUP BY 1"
    ).fetchall()
    return {row[0]: (*row[1:4], [tuple(each) for each in row[4]]) for row in rows}


def four(outcome: str | None = None, *, start: int = 10) -> list[tuple[Any, ...]]:
    return [(product, 3, start, outcome) for product in ROWS]


def test_a_confirmed_batch_moves_the_positions_of_its_rows_alone(planned: tuple[Store, int, int]) -> None:
    books, batch, apart = planned
    assert outbox.confirm(books.connection, batch) == 0, "it was not sent"
    send(books, batch, apart)
    books.connection.execute(b"UPDATE inventory_level SET position = 8 WHERE product_id = %s AND target = 13", [B])
    assert outbox.confirm(books.connection, batch) == 4
    assert outbox.confirm(books.connection, batch) == 0, "once"
    moved = levels(books, "position", "outbox_batch_id", "quarantine_tries")
    assert moved == {A: (13, None, 0), B: (11, None, 0), C: (13, None, 0), D: (13, None, 0), APART: (10, apart, 1)}
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
    ]
    assert batches(books) == {
        batch: ("REFUSED", "correction", None, outcomes),
        apart: ("SENDING", "damaged", None, [(APART, 3, 10, None)]),
        new: ("PLANNED", "correction", batch, [(A, 3, 10, None), (D, 3, 10, None)]),
    }
    kept = books.connection.execute(
        b"SELECT count(DISTINCT outbox_plan_id), count(DISTINCT idempotency_key), max(message) FROM outbox_batch"
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
    books.connection.execute(b"UPDATE inventory_level SET target = 12 WHERE product_id = %s AND target = 13", [D])
    shown = {(item(A), ONLINE): 10, (item(B), ONLINE): 7, (item(D), ONLINE): 10, (item(C), STORE_LOCATION): 6}
    still, moved = outbox.replace_stale(books.connection, SHOP, batch, shown)
    assert batches(books) == {
        batch: ("STALE", "correction", None, four("NOT_APPLIED")),
        apart: ("SENDING", "damaged", None, [(APART, 3, 10, None)]),
        still: ("PLANNED", "correction", batch, [(A, 3, 10, None)]),
        moved: ("PLANNED", "correction", batch, [(B, 3, 7, None)]),
    }
    assert levels(books, "outbox_batch_id", "moves_until > now()", "moves_until < now() + interval '61 minutes'") == {
        A: (still, None, None), B: (moved, True, True), C: (None, None, None), D: (None, None, None),
        APART: (apart, None, None),
    }  # fmt: skip


def test_a_sender_marks_what_it_sends_until_another_one_takes_over(planned: tuple[Store, int, int]) -> None:
    books, batch, apart = planned
    connection = books.connection
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES (%s, 'o.myshopify.com', 'o')",
        [OTHER],
    )
    older = outbox.take_over(connection, SHOP)
    assert '"delta" : 3' in outbox.mark_sending(connection, older, batch)
    with pytest.raises(Fenced):
        outbox.mark_sending(connection, older, batch)
    connection.execute(b"UPDATE outbox_batch SET sent_at = now() - interval '1 hour'")
    connection.execute(b"UPDATE inventory_level SET target = 12 WHERE product_id = %s AND target = 13", [APART])
    with pytest.raises(Overtaken):
        outbox.mark_sending(connection, older, apart)
    newer = outbox.take_over(connection, SHOP)
    assert newer.sender_epoch == older.sender_epoch + 1
    with pytest.raises(Fenced):
        outbox.mark_sending(connection, older, apart)
    rows = connection.execute(
        b"SELECT outbox_batch_id, status_id, sender_epoch, sent_at > now() - interval '1 minute' FROM outbox_batch"
    ).fetchall()
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        batch: ("UNKNOWN", older.sender_epoch, True), apart: ("PLANNED", None, False),
    }, "it may have left until now"  # fmt: skip
    epochs = connection.execute(b"SELECT sender_epoch FROM shopify_shop WHERE shop_id = %s", [OTHER]).fetchone()
    assert epochs is not None
    assert epochs[0] < older.sender_epoch


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

    books.connection.execute(b"UPDATE outbox_batch_row SET outcome = 'APPLIED' WHERE row_index < 3")
    assert close() == "UNKNOWN"
    books.connection.execute(b"UPDATE outbox_batch_row SET outcome = 'OBSERVED' WHERE outcome IS NULL")
    assert close(OTHER) == "UNKNOWN"
    assert close() == "SETTLED"
    assert batches(books)[apart][0] == "SENDING", "its answer may still come"
    finished = books.connection.execute(b"SELECT count(finished_at) FROM outbox_batch").fetchone()
    assert finished == (1,)
