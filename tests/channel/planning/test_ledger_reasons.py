"""What the ledger says of each level since the last plan, and what is kept of it while nothing is pushed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from include.channel.delivery import outbox
from include.channel.planning import planner
from include.db.sql import statement
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

OTHER = "other"

Posting = tuple[str, str, int, str, str | None]
"""Product, facility, units, reason, order."""

Said = dict[str, tuple[str, int]]
"""Of each product online: the reason, and how many units may not be pushed."""

POSTINGS: dict[str, list[tuple[str, int, str, str | None]]] = {
    "one reason": [("BROADWAY", -1, "VAR_DAMAGED", None)],
    "two that mean the same": [("BROADWAY", -1, "VAR_LOST", None), ("BROADWAY", -1, "VAR_STOLEN", None)],
    "two that differ": [("BROADWAY", -1, "CYCLE_COUNT", None), ("BROADWAY", -1, "VAR_DAMAGED", None)],
    "none that Shopify knows": [("BROADWAY", 1, "VAR_MANUAL", None)],
    "some that may not be pushed": [
        ("BROADWAY", -5, "VAR_INTEGR", None), ("BROADWAY", -1, "VAR_LOST", None), ("BROADWAY", 3, "VAR_INTEGR", None),
    ],
    "on hand alone": [("BROADWAY", 0, "VAR_DAMAGED", None)],
    "an order in its queue": [("_NA_", -1, "VAR_DAMAGED", "1")],
    "an order in a store": [("BROADWAY", -1, "VAR_DAMAGED", "1")],
    "no order in a queue": [("_NA_", -1, "VAR_DAMAGED", None)],
    "of another facility": [("ELSEWHERE", -1, "VAR_DAMAGED", None)],
}  # fmt: skip
SAID: Said = {
    "one reason": ("damaged", 0),
    "two that mean the same": ("shrinkage", 0),
    "two that differ": ("correction", 0),
    "none that Shopify knows": ("correction", 0),
    "some that may not be pushed": ("correction", -2),
    "an order in a store": ("damaged", 0),
    "no order in a queue": ("damaged", 0),
}
"""A posting of no units, an order in the queue of its own location and another facility say nothing of a level."""


def post(books: Store, rows: list[Posting]) -> int:
    """Rows of the ledger, which also move one unit on hand.

    Returns:
        The number of the last one.
    """
    with books.connection.cursor() as cursor:
        cursor.executemany(
            b"INSERT INTO inventory_item_detail (product_id, facility_id, available_to_promise_diff, reason_enum_id,"
            b" order_id, quantity_on_hand_diff, effective_at) VALUES (%s, %s, %s, %s, %s, 1, now())",
            rows,
        )
    return newest(books)


def newest(books: Store) -> int:
    row = books.connection.execute(b"SELECT max(inventory_item_detail_id) FROM inventory_item_detail").fetchone()
    assert row is not None
    number: int = row[0]
    return number


def said(books: Store, already: int, through: int) -> dict[tuple[str, str], tuple[str, int]]:
    """What is noted of the ledger's rows between two numbers, by product and location."""
    with books.connection.transaction(force_rollback=True):
        outbox.open_for_choosing(books.connection)
        books.connection.execute(
            statement(planner.__file__, "note_changes"), {"shop_id": SHOP, "already": already, "newest": through}
        )
        rows = books.connection.execute(b"SELECT * FROM changed_level").fetchall()
    return {(row[0].rpartition("/")[2], row[1]): (row[2], row[3]) for row in rows}


@pytest.fixture
def ledger(books: Store) -> tuple[Store, int, int]:
    """A ledger with rows of each kind between two numbers, beside another shop that sells the same items."""
    connection = books.connection
    books.equip(dict.fromkeys(POSTINGS, 0) | {"before": 10, "behind": 0})
    books.world.facility("ELSEWHERE")
    connection.execute(b"INSERT INTO facility_group (facility_group_id, facility_group_name) VALUES ('OUT', 'Outlet')")
    connection.execute(
        b"INSERT INTO facility_group_member (facility_group_id, facility_id) VALUES ('OUT', 'ELSEWHERE')"
    )
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES (%s, 'o.myshopify.com', 'o')",
        [OTHER],
    )
    connection.execute(
        b"INSERT INTO shopify_shop_product SELECT %s, product_id, inventory_item_id || '0' FROM shopify_shop_product",
        [OTHER],
    )
    books.world.channel("OTHERS", STORE_LOCATION, ["BROADWAY"], queue="_NA_")
    connection.execute(b"UPDATE inventory_channel SET shop_id = %s WHERE location_id = %s", [OTHER, STORE_LOCATION])
    pushed = ["VAR_DAMAGED", "VAR_LOST", "VAR_STOLEN", "CYCLE_COUNT", "VAR_MANUAL"]
    connection.execute(b"UPDATE shopify_shop SET pushed_reasons = %s", [pushed])
    already = newest(books)
    through = post(books, [(product, *row) for product, rows in POSTINGS.items() for row in rows])
    post(books, [("behind", "BROADWAY", -1, "VAR_DAMAGED", None)])
    return books, already, through


def test_the_ledger_says_why_a_level_changes_and_how_much_may_not_be_pushed(ledger: tuple[Store, int, int]) -> None:
    books, already, through = ledger
    assert said(books, already, through) == {(product, ONLINE): what for product, what in SAID.items()}
    books.connection.execute(b"UPDATE shopify_shop SET pushed_reasons = NULL WHERE shop_id = %s", [SHOP])
    assert {held for _, held in said(books, already, through).values()} == {0}, "all may be pushed"
    last = POSTINGS["one reason"]
    assert said(books, already, already + len(last)).keys() == {("one reason", ONLINE)}, "up to the number asked for"


def test_the_ledger_speaks_of_facilities_while_they_belong_to_a_location(ledger: tuple[Store, int, int]) -> None:
    books, already, through = ledger
    in_store = {"one reason", "two that differ", "an order in a store"}
    in_queue = {"no order in a queue"}
    for change, expected in (
        (b"facility_group_member SET from_date = now() - interval '1 day', thru_date = now() + interval '1 day'",
         in_store | in_queue),
        (b"facility_group_member SET from_date = now()", in_store | in_queue),
        (b"facility_group_member SET from_date = now() + interval '1 second'", in_queue),
        (b"facility_group_member SET thru_date = now()", in_queue),
        (b"inventory_channel SET from_date = now() - interval '1 day', thru_date = now() + interval '1 day'",
         in_store | in_queue),
        (b"inventory_channel SET from_date = now()", in_store | in_queue),
        (b"inventory_channel SET from_date = now() + interval '1 second'", set()),
        (b"inventory_channel SET thru_date = now()", set()),
    ):  # fmt: skip
        with books.connection.transaction(force_rollback=True):
            books.connection.execute(b"UPDATE " + change)
            found = {product for product, _ in said(books, already, through)}
        assert found & (in_store | in_queue) == expected, change


def test_an_order_is_left_out_at_its_own_location_alone(ledger: tuple[Store, int, int]) -> None:
    """A queue that another location counts among its facilities takes from what that one shows."""
    books, already, through = ledger
    books.world.channel("COUNTER", "gid://shopify/Location/7", ["_NA_"], queue="BROADWAY")
    found = said(books, already, through)
    assert ("an order in its queue", "gid://shopify/Location/7") in found
    assert ("an order in its queue", ONLINE) not in found


HELD = {
    "even": (0, 5, 0, 0),
    "even again": (0, 5, 2, 0),
    "even, of one": (0, 1, 0, 0),
    "never held": (0, 0, 2, 0),
    "under way": (0, 5, 2, 7),
    "under way, unchanged": (0, 5, 0, 5),
    "not recomputed": (0, 5, 2, 7),
    "differs": (1, 5, 0, 5),
    "differs more": (1, 5, -2, 3),
    "differs from the first": (-1, 0, -1, -1),
    "differs by one that was found": (1, 0, 1, 1),
    "never seen": (None, 0, 2, 2),
}
"""By level: what differs, what was held back of it, what the ledger says that may not be pushed, and what is held back
then. Where nothing differs nothing is held back, unless it is under way or its target is not recomputed yet."""


@contextmanager
def laid(books: Store, levels: dict[str, int | None], others: str) -> Iterator[None]:
    """Levels that differ by so much, for the length of the block, one under way and one not recomputed; the same items
    are at another location and in another shop, where `others` is kept of them, and `changed_level` is open."""
    connection = books.connection
    with connection.transaction(force_rollback=True):
        connection.execute(b"DELETE FROM dirty_product")
        connection.execute(
            b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES (%s, 'o.myshopify.com', 'o')",
            [OTHER],
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position,"
                b" outbox_batch_id) VALUES (%s, %s, %s, %s, 10, 10 - %s, %s)",
                [
                    (shop, item(product), location, product, delta, 1 if product.startswith("under way") else None)
                    for product, delta in levels.items()
                    for shop, location in ((SHOP, ONLINE), (SHOP, STORE_LOCATION), (OTHER, ONLINE))
                ],
            )
        connection.execute(
            b"UPDATE inventory_level SET " + others.encode() + b" WHERE (shop_id, location_id) <> (%s, %s)",
            [SHOP, ONLINE],
        )
        connection.execute(b"INSERT INTO dirty_product VALUES ('not recomputed')")
        outbox.open_for_choosing(connection)
        yield


def kept(books: Store, column: str, *, here: bool) -> dict[str, object]:
    rows = books.connection.execute(
        f"SELECT product_id, {column} FROM inventory_level WHERE ((shop_id, location_id) = (%s, %s)) = %s".encode(),
        [SHOP, ONLINE, here],
    )
    return dict(rows.fetchall())


def test_what_may_not_be_pushed_is_held_back_while_anything_differs(books: Store) -> None:
    books.equip({})
    with laid(books, {name: case[0] for name, case in HELD.items()}, "held_back = 9, target = position + 20"):
        with books.connection.cursor() as cursor:
            cursor.executemany(
                b"UPDATE inventory_level SET held_back = %s WHERE product_id = %s"
                b" AND (shop_id, location_id) = (%s, %s)",
                [(case[1], name, SHOP, ONLINE) for name, case in HELD.items()],
            )
            cursor.executemany(
                b"INSERT INTO changed_level VALUES (%s, %s, 'correction', %s)",
                [(item(name), ONLINE, case[2]) for name, case in HELD.items() if case[2]],
            )
        books.connection.execute(statement(planner.__file__, "hold_back"), {"shop_id": SHOP})
        assert kept(books, "held_back", here=True) == {name: case[3] for name, case in HELD.items()}
        assert set(kept(books, "held_back", here=False).values()) == {9}


REASONS = {
    "under way": (0, None, "damaged", "damaged"),
    "under way, as before": (0, "damaged", "damaged", "damaged"),
    "under way, and others": (0, "restock", "damaged", "correction"),
    "never seen": (None, None, "damaged", "damaged"),
    "differs": (1, None, "damaged", "damaged"),
    "chosen": (1, None, "damaged", None),
    "chosen elsewhere": (1, None, "damaged", "damaged"),
    "not recomputed": (0, None, "damaged", "damaged"),
    "even": (0, None, "damaged", None),
    "even for long": (0, "restock", "damaged", "restock"),
    "unchanged": (1, "restock", None, "restock"),
}
"""By level: what differs, the reason remembered of it, the one that the ledger says, and the one remembered then."""


def test_a_reason_is_remembered_of_what_is_not_planned_now(books: Store) -> None:
    books.equip({})
    with laid(books, {name: case[0] for name, case in REASONS.items()}, "shopify_reason = 'promotion'"):
        with books.connection.cursor() as cursor:
            cursor.executemany(
                b"UPDATE inventory_level SET shopify_reason = %s WHERE product_id = %s"
                b" AND (shop_id, location_id) = (%s, %s)",
                [(case[1], name, SHOP, ONLINE) for name, case in REASONS.items()],
            )
            cursor.executemany(
                b"INSERT INTO changed_level VALUES (%s, %s, %s, 0)",
                [(item(name), ONLINE, case[2]) for name, case in REASONS.items() if case[2]],
            )
            cursor.executemany(
                b"INSERT INTO chosen_row VALUES (1, %s, %s, 1, 9)",
                [(item("chosen"), ONLINE), (item("chosen elsewhere"), STORE_LOCATION)],
            )
        books.connection.execute(statement(planner.__file__, "keep_reasons"), {"shop_id": SHOP})
        assert kept(books, "shopify_reason", here=True) == {name: case[3] for name, case in REASONS.items()}
        assert set(kept(books, "shopify_reason", here=False).values()) == {"promotion"}
