"""Which levels a plan takes, how much of each, and how it cuts them into batches."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from include.channel.planning import breaker, planner
from include.channel.planning.breaker import Vanishing
from include.stock.atp import online_atp
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

P, Q, R, S, U, V = PRODUCTS = ("50001", "50002", "50003", "50004", "50005", "50006")


def differ(books: Store, by: int = 1) -> None:
    """Let every target be so much more than the position, with no movement that would be a reason."""
    books.connection.execute(b"UPDATE inventory_level SET target = position + %s", [by])


def planned(books: Store) -> dict[tuple[str, str], int]:
    """The deltas of the batches that are planned, by product and location, from the very text that will be sent."""
    rows = books.connection.execute(b"SELECT variables::jsonb -> 'input' -> 'changes' FROM outbox_batch").fetchall()
    return {
        (change["inventoryItemId"].rpartition("/")[2], change["locationId"]): change["delta"]
        for (changes,) in rows
        for change in changes
    }


def test_a_level_is_left_alone_where_nothing_may_be_pushed(books: Store) -> None:
    books.equip(dict.fromkeys(PRODUCTS, 10))
    planner.plan(books.connection, SHOP)
    differ(books)
    books.connection.execute(b"UPDATE inventory_level SET quarantine_reason = 'odd' WHERE product_id = %s", [Q])
    books.connection.execute(b"DELETE FROM shopify_shop_product WHERE product_id = %s", [R])
    books.connection.execute(b"UPDATE inventory_level SET position = NULL WHERE product_id = %s", [S])
    books.connection.execute(b"UPDATE inventory_level SET target = position WHERE product_id = %s", [U])
    planner.plan(books.connection, SHOP)
    assert planned(books) == {(P, ONLINE): 1, (V, ONLINE): 1}


def open_counter(books: Store, products: Sequence[str] = (P,)) -> None:
    """A second location that shows the same books."""
    books.equip(dict.fromkeys(products, 10))
    books.world.facility("COUNTER")
    books.world.channel("COUNTER", STORE_LOCATION, ["BROADWAY"], queue="COUNTER")
    online_atp.refresh(books.connection)


def test_a_location_is_planned_while_it_is_mapped_and_ours(books: Store) -> None:
    open_counter(books)
    books.connection.execute(b"UPDATE inventory_level SET position = target - 1")
    for change, is_planned in (
        (b"from_date = now() - interval '1 day', thru_date = now() + interval '1 day'", True),
        (b"from_date = now()", True),
        (b"thru_date = now()", False),
        (b"from_date = now() + interval '1 second'", False),
        (b"inventory_master = 'SHOPIFY'", False),
    ):
        with books.connection.transaction(force_rollback=True):
            books.connection.execute(
                b"UPDATE inventory_channel SET " + change + b" WHERE location_id = %s", [STORE_LOCATION]
            )
            planner.plan(books.connection, SHOP)
            expected = {(P, ONLINE): 1} | ({(P, STORE_LOCATION): 1} if is_planned else {})
            assert planned(books) == expected, change


def test_only_the_locations_asked_for_are_planned(books: Store) -> None:
    open_counter(books)
    books.connection.execute(b"UPDATE inventory_level SET position = target - 1")
    for asked, expected in (
        (None, {ONLINE, STORE_LOCATION}), ([ONLINE], {ONLINE}), ([STORE_LOCATION], {STORE_LOCATION}), ([], set()),
    ):  # fmt: skip
        with books.connection.transaction(force_rollback=True):
            planner.plan(books.connection, SHOP, asked)
            assert {location for _, location in planned(books)} == expected, asked
            under_way = books.connection.execute(
                b"SELECT location_id FROM inventory_level WHERE outbox_batch_id IS NOT NULL"
            ).fetchall()
            assert {row[0] for row in under_way} == expected, asked


HELD_BACK = {
    (5, 0): 5, (5, 2): 3, (5, -2): 5, (5, 5): 0, (5, 9): 0,
    (-5, -2): -3, (-5, 2): -5, (-5, -5): 0, (-5, -9): 0, (1, 1): 0, (1, -1): 1, (-1, 1): -1,
}  # fmt: skip
"""What is pushed, by what differs and what of it is held back."""


def test_what_is_held_back_stays_and_the_rest_is_pushed(books: Store) -> None:
    cases = {f"6{number:04d}": case for number, case in enumerate(HELD_BACK)}
    books.equip(dict.fromkeys(cases, 10))
    planner.plan(books.connection, SHOP)
    with books.connection.cursor() as cursor:
        cursor.executemany(
            b"UPDATE inventory_level SET target = position + %s, held_back = %s WHERE product_id = %s",
            [(*case, product) for product, case in cases.items()],
        )

    made = planner.make(books.connection, SHOP, with_held=False)
    pushed = {product: HELD_BACK[case] for product, case in cases.items() if HELD_BACK[case]}
    assert planned(books) == {(product, ONLINE): delta for product, delta in pushed.items()}
    ups, downs = sum(max(0, each) for each in pushed.values()), sum(max(0, -each) for each in pushed.values())
    assert (made.rows, made.units_up, made.units_down) == (len(pushed), ups, downs)
    rest: dict[str, int] = dict(
        books.connection.execute(b"SELECT product_id, held_back FROM inventory_level").fetchall()
    )
    assert rest == {
        product: delta - pushed[product] if product in pushed else held_back
        for product, (delta, held_back) in cases.items()
    }


def test_a_hard_sync_pushes_what_was_held_back(books: Store) -> None:
    books.equip({P: 10})
    planner.plan(books.connection, SHOP)
    books.connection.execute(b"UPDATE inventory_level SET target = 15, held_back = 2")
    planner.plan(books.connection, SHOP, with_held=True)
    assert planned(books) == {(P, ONLINE): 5}
    assert books.connection.execute(b"SELECT held_back FROM inventory_level").fetchall() == [(0,)]


def test_rows_are_cut_by_reason_and_number_and_ordered_by_location_and_item(
    books: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "MOST_ROWS", 3)
    books.equip(dict.fromkeys(PRODUCTS, 10))
    planner.plan(books.connection, SHOP)
    differ(books)
    books.connection.execute(b"UPDATE inventory_level SET shopify_reason = 'damaged' WHERE product_id = %s", [Q])
    books.connection.execute(
        b"UPDATE inventory_level SET moves_until = now() + interval '1 minute' WHERE product_id = %s", [R]
    )
    books.connection.execute(
        b"UPDATE inventory_level SET moves_until = now() - interval '1 minute' WHERE product_id = %s", [S]
    )
    batches = planner.plan(books.connection, SHOP)
    rows = books.connection.execute(
        b"SELECT outbox_batch_id, variables::jsonb -> 'input' FROM outbox_batch ORDER BY outbox_batch_id"
    ).fetchall()
    assert [row[0] for row in rows] == batches == sorted(batches)
    told = [
        (sent["reason"], [change["inventoryItemId"] for change in sent["changes"]]) for _, sent in rows
    ]  # fmt: skip
    assert told == [
        ("correction", [item(P), item(S), item(U)]),
        ("correction", [item(V)]),
        ("damaged", [item(Q)]),
        ("correction", [item(R)]),
    ], "rows that have moved of late travel apart and last"
    indexes = books.connection.execute(
        b"SELECT array_agg(row_index ORDER BY row_index), count(DISTINCT idempotency_key) FROM outbox_batch_row"
        b" INNER JOIN outbox_batch USING (outbox_batch_id) GROUP BY outbox_batch_id ORDER BY outbox_batch_id"
    ).fetchall()
    assert indexes == [([0, 1, 2], 1), ([0], 1), ([0], 1), ([0], 1)]


REASONS = {
    (None, "VAR_DAMAGED"): "damaged",
    ("damaged", "VAR_DAMAGED"): "damaged",
    ("damaged", "CYCLE_COUNT"): "correction",
    ("damaged", None): "damaged",
    (None, None): "correction",
}
"""What Shopify is told, by the reason remembered of a level and that of its new ledger row."""


def test_a_reason_remembered_and_a_new_one_are_told_if_they_agree(books: Store) -> None:
    cases = dict(zip(PRODUCTS, REASONS, strict=False))
    books.equip(dict.fromkeys(cases, 10))
    planner.plan(books.connection, SHOP)
    for product, (_, moved) in cases.items():
        if moved:
            books.move(product, -1, moved)
    online_atp.refresh(books.connection)
    for product, (remembered, moved) in cases.items():
        books.connection.execute(
            b"UPDATE inventory_level SET shopify_reason = %s, target = target + %s WHERE product_id = %s",
            [remembered, int(moved is None), product],
        )
    books.world.facility("PEARL")
    books.world.channel("PEARL", STORE_LOCATION, ["PEARL"], queue="PEARL")
    books.connection.execute(
        b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position)"
        b" SELECT shop_id, inventory_item_id, %s, product_id, 1, 0 FROM inventory_level",
        [STORE_LOCATION],
    )
    planner.plan(books.connection, SHOP)
    told = books.connection.execute(
        b"SELECT level.product_id, batch.shopify_reason, batch.variables::jsonb #>> '{input,reason}',"
        b" level.shopify_reason FROM outbox_batch AS batch INNER JOIN inventory_level AS level USING (outbox_batch_id)"
        b" WHERE level.location_id = %s ORDER BY level.product_id",
        [ONLINE],
    ).fetchall()
    elsewhere = books.connection.execute(
        b"SELECT DISTINCT batch.shopify_reason FROM outbox_batch AS batch INNER JOIN inventory_level AS level"
        b" USING (outbox_batch_id) WHERE level.location_id = %s",
        [STORE_LOCATION],
    ).fetchall()
    assert elsewhere == [("correction",)], "what has moved online says nothing of another location"
    assert told == [(product, REASONS[case], REASONS[case], None) for product, case in cases.items()], "and used up"


def test_each_batch_has_a_key_of_its_own(books: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "MOST_ROWS", 1)
    books.equip({P: 10, Q: 10})
    planner.plan(books.connection, SHOP)
    differ(books)
    planner.plan(books.connection, SHOP)
    rows = books.connection.execute(b"SELECT idempotency_key::text, variables FROM outbox_batch").fetchall()
    assert len({row[0] for row in rows}) == 2
    assert all(json.loads(variables)["key"] == key for key, variables in rows)


def test_what_vanishes_is_counted_by_location_from_what_each_shows(
    books: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A level below nothing shows nothing that could vanish, and one that is raised makes up for no other."""
    open_counter(books, (P, Q, R))
    planner.plan(books.connection, SHOP)
    asked: list[list[Vanishing]] = []

    def judge(rows: int, usual: float | None, vanishing: list[Vanishing], thresholds: breaker.Thresholds) -> None:
        del rows, usual, thresholds
        asked.append(vanishing)

    monkeypatch.setattr(breaker, "judge", judge)
    books.connection.execute(b"UPDATE shopify_shop SET approval_least_rows = 1")
    for product, location, position, target in (
        (P, ONLINE, 10, 4), (Q, ONLINE, 20, 25), (R, ONLINE, 2, -3),
        (P, STORE_LOCATION, -1, -4), (Q, STORE_LOCATION, 5, 5),
    ):  # fmt: skip
        books.connection.execute(
            b"UPDATE inventory_level SET position = %s, target = %s WHERE product_id = %s AND location_id = %s",
            [position, target, product, location],
        )
    books.connection.execute(
        b"UPDATE inventory_level SET position = NULL WHERE product_id = %s AND location_id = %s", [R, STORE_LOCATION]
    )
    books.connection.execute(
        b"WITH other AS (INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id)"
        b" VALUES ('other', 'o.myshopify.com', 'o') RETURNING shop_id) INSERT INTO inventory_level"
        b" (shop_id, inventory_item_id, location_id, product_id, target, position)"
        b" SELECT shop_id, %s, %s, %s, 0, 100 FROM other",
        [item(P), ONLINE, P],
    )
    planner.make(books.connection, SHOP)
    assert asked == [[Vanishing(ONLINE, 32, 8), Vanishing(STORE_LOCATION, 5, 0)]]


def test_the_usual_number_of_rows_is_the_median_of_the_last_plans_that_were_let_go(
    books: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.equip({P: 10})
    planner.plan(books.connection, SHOP)
    asked: list[float | None] = []

    def judge(rows: int, usual: float | None, vanishing: list[Vanishing], thresholds: breaker.Thresholds) -> None:
        del rows, vanishing, thresholds
        asked.append(usual)

    monkeypatch.setattr(breaker, "judge", judge)
    books.connection.execute(b"UPDATE shopify_shop SET approval_least_rows = 1")

    books.connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES ('other', 'o.myshopify.com', 'o')"
    )

    def earlier(count: int, rows: int, status: str = "RELEASED", shop: str = SHOP) -> None:
        books.connection.execute(
            b"INSERT INTO outbox_plan (shop_id, status_id, plan_rows, units_up, units_down, transport,"
            b" transport_reason, held_because, decided_at, ledger_through)"
            b" SELECT %(shop)s, %(status)s, %(rows)s, 0, 0, 'DIRECT', '',"
            b" CASE WHEN %(status)s <> 'RELEASED' THEN 'because' END,"
            b" CASE WHEN %(status)s IN ('APPROVED', 'REJECTED') THEN now() END, 0 FROM generate_series(1, %(count)s)",
            {"shop": shop, "status": status, "rows": rows, "count": count},
        )

    def usual() -> float | None:
        differ(books)
        with books.connection.transaction(force_rollback=True):
            planner.make(books.connection, SHOP)
        return asked[-1]

    earlier(2, 10)
    earlier(2, 20, "APPROVED")
    earlier(9, 5000, "REJECTED")
    earlier(9, 7000, shop="other")
    assert usual() is None, "of fewer than five nothing is usual"
    earlier(1, 12)
    assert usual() == 12
    earlier(10, 14)
    earlier(10, 40)
    assert usual() == (14 + 40) / 2, "of the last twenty"


def test_a_plan_goes_by_the_settings_of_its_own_shop(books: Store) -> None:
    books.equip({P: 10})
    planner.plan(books.connection, SHOP)
    books.connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id, transport)"
        b" SELECT letter, letter || '.myshopify.com', letter, 'BULK' FROM unnest('{a,b,c,x,y,z}'::text[]) AS letter"
    )
    differ(books)
    assert planner.make(books.connection, SHOP).transport == "DIRECT"
    with pytest.raises(LookupError, match="shop 'none' is not set up: there is no such row in shopify_shop"):
        planner.make(books.connection, "none")
