"""What a plan tells: why each row, what waits for somebody, what is held back, and where it all comes from."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.channel.planning import breaker, planner
from include.channel.planning.breaker import NotHeld, Thresholds, Vanishing
from include.stock import ledger
from include.stock.atp import online_atp
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

P, Q, R = "50001", "50002", "50003"
USUAL = Thresholds(least_rows=100, share=0.3, location_share=0.9, rows_factor=10)


def make(store: Store, *, with_held: bool = False) -> planner.Plan:
    online_atp.refresh(store.connection)
    return planner.make(store.connection, SHOP, with_held=with_held)


def reasons(store: Store) -> dict[str, str]:
    """The reason that Shopify was told for each item's last adjustment, from the very text that was sent."""
    rows = store.connection.execute(
        b"SELECT batch_row.inventory_item_id, batch.variables::jsonb -> 'input' ->> 'reason' FROM outbox_batch AS batch"
        b" INNER JOIN outbox_batch_row AS batch_row USING (outbox_batch_id)"
        b" WHERE batch.status_id = 'CONFIRMED' ORDER BY outbox_batch_id"
    )
    return {row[0].rpartition("/")[2]: row[1] for row in rows}


def only(store: Store, *pushed: str) -> None:
    """Let only these reasons be pushed, from now on."""
    store.connection.execute(b"UPDATE shopify_shop SET pushed_reasons = %s", [list(pushed)])
    make(store)


def test_shopify_is_told_the_reason_that_all_ledger_rows_agree_on(store: Store) -> None:
    store.open({P: 50, Q: 50, R: 50})
    make(store)
    store.move(P, -1, "VAR_DAMAGED")
    store.move(P, -2, "VAR_DAMAGED")
    store.move(Q, -3, "CYCLE_COUNT")
    store.move(R, -4, "CYCLE_COUNT")
    store.move(R, +1, "VAR_FOUND")
    made = make(store)
    assert (made.rows, len(made.batches)) == (3, 3), "the reason is one per call"
    store.deliver()
    assert reasons(store) == {P: "damaged", Q: "cycle_count_available", R: "correction"}


def test_a_reason_is_remembered_while_the_level_is_under_way(store: Store) -> None:
    store.open({P: 50})
    make(store)
    store.move(P, -1, "VAR_DAMAGED")
    make(store)
    store.move(P, -1, "CYCLE_COUNT")
    assert make(store).rows == 0
    store.deliver()
    assert reasons(store) == {P: "damaged"}
    make(store)
    store.deliver()
    assert reasons(store) == {P: "cycle_count_available"}


def test_a_reason_is_remembered_until_the_target_is_recomputed(store: Store) -> None:
    store.open({P: 50})
    make(store)
    store.move(P, -1, "VAR_DAMAGED")
    assert planner.make(store.connection, SHOP).rows == 0, "the target is of before"
    make(store)
    store.deliver()
    assert reasons(store) == {P: "damaged"}


def test_an_order_at_its_own_location_is_no_reason(store: Store) -> None:
    store.open({P: 50})
    make(store)
    store.sell(P, 2)
    store.import_orders()
    store.move(P, -1, "VAR_DAMAGED")
    make(store)
    store.deliver()
    assert reasons(store) == {P: "damaged"}
    assert store.shown(P) == 47


def test_a_replaced_batch_keeps_its_reason_and_leaves_what_has_come_since(store: Store) -> None:
    store.open({P: 50, Q: 50})
    only(store, "VAR_DAMAGED", "CYCLE_COUNT")
    for product in (P, Q):
        store.sell(product)
        store.move(product, -1, "VAR_DAMAGED")
    store.move(P, -5, "VAR_INTEGR")
    make(store)
    store.move(P, -2, "VAR_DAMAGED")
    store.move(Q, -2, "CYCLE_COUNT")
    assert make(store).rows == 0
    assert store.deliver().stale == 2
    assert reasons(store) == {P: "correction", Q: "damaged"}
    make(store)
    store.deliver()
    assert reasons(store)[Q] == "cycle_count_available"
    assert (store.shown(P), store.shown(Q)) == (46, 46), "all but the five"


def test_a_batch_row_leads_back_to_its_ledger_rows(store: Store) -> None:
    store.open({P: 50, Q: 50})
    make(store)
    store.move(P, -1, "VAR_DAMAGED")
    store.move(P, -2, "CYCLE_COUNT")
    store.move(Q, +5, "VAR_FOUND")
    first = make(store)
    store.deliver()
    store.move(P, -7, "VAR_LOST")
    second = make(store)

    def sources(plan: planner.Plan) -> list[tuple[str, int, str, int]]:
        rows = store.connection.execute(
            b"SELECT inventory_item_id, delta, reason_enum_id, available_to_promise_diff::integer"
            b" FROM outbox_row_source WHERE outbox_batch_id = ANY(%s) ORDER BY inventory_item_detail_id",
            [list(plan.batches)],
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows if row[2] != "VAR_MANUAL"]

    assert sources(first) == [
        (item(P), -3, "VAR_DAMAGED", -1), (item(P), -3, "CYCLE_COUNT", -2), (item(Q), 5, "VAR_FOUND", 5),
    ]  # fmt: skip
    assert sources(second) == [(item(P), -7, "VAR_LOST", -7)]


def test_a_reason_that_may_not_be_pushed_waits_for_a_hard_sync(store: Store) -> None:
    store.open({P: 50})
    only(store, "VAR_DAMAGED")
    store.move(P, -1, "VAR_DAMAGED")
    store.move(P, -5, "VAR_INTEGR")
    make(store)
    store.deliver()
    assert store.shown(P) == 49, "one is damaged; the five wait"
    assert make(store).rows == 0
    store.move(P, -2, "VAR_DAMAGED")
    make(store)
    store.deliver()
    assert store.shown(P) == 47
    assert make(store, with_held=True).rows == 1
    store.deliver()
    assert (store.shown(P), store.level(P)) == (42, (42, 42))
    store.move(P, -1, "VAR_DAMAGED")
    make(store)
    store.deliver()
    assert store.shown(P) == 41, "nothing is held back any more"


def test_nothing_is_held_back_any_more_once_nothing_differs(store: Store) -> None:
    """Whatever has made up for it: what may not be pushed either, what may be, later or at once."""
    store.open({P: 50, Q: 50, R: 50})
    only(store, "VAR_DAMAGED")
    for product in (P, Q):
        store.move(product, -5, "VAR_INTEGR")
    make(store)
    store.move(P, +5, "VAR_INTEGR")
    store.move(Q, +5, "VAR_DAMAGED")
    store.move(R, -5, "VAR_INTEGR")
    store.move(R, +5, "VAR_DAMAGED")
    assert make(store).rows == 0
    for product in (P, Q, R):
        store.move(product, -3, "VAR_DAMAGED")
    make(store)
    store.deliver()
    assert [store.shown(product) for product in (P, Q, R)] == [47, 47, 47]


def test_orders_of_a_level_with_held_units_push_nothing(store: Store) -> None:
    store.open({P: 50})
    only(store, "VAR_DAMAGED")
    store.move(P, -5, "VAR_INTEGR")
    make(store)
    store.sell(P, 2)
    store.import_orders()
    assert make(store).rows == 0
    assert store.shown(P) == 48


MANY = {f"6{number:04d}": 10 for number in range(120)}


def empty(store: Store) -> planner.Plan:
    """An empty snapshot: everything is said to be gone."""
    store.open(MANY)
    make(store)
    store.connection.execute(b"UPDATE inventory_level SET target = 0")
    return planner.make(store.connection, SHOP)


def test_an_empty_snapshot_waits_for_approval_and_reaches_the_store_only_then(store: Store) -> None:
    made = empty(store)
    assert made.held_because is not None
    assert "1,200 of the shop's 1,200 units would vanish, more than 30%" in made.held_because
    assert f"at {ONLINE} would vanish, more than 90%: an empty snapshot?" in made.held_because
    assert store.deliver().confirmed == 0
    assert planner.make(store.connection, SHOP).rows == 0, "not planned again while it waits"
    (waiting,) = breaker.held(store.connection)
    assert (waiting.outbox_plan_id, waiting.rows, waiting.units_down) == (made.outbox_plan_id, 120, 1200)
    assert breaker.approve(store.connection, waiting.outbox_plan_id, "ada") == 1
    store.deliver()
    assert {level["available"] for level in store.emulator.levels()} == {0}
    with pytest.raises(NotHeld, match=f"plan {made.outbox_plan_id} does not wait"):
        breaker.reject(store.connection, waiting.outbox_plan_id, "bob")
    row = store.connection.execute(b"SELECT status_id, decided_by FROM outbox_plan WHERE held_because IS NOT NULL")
    assert row.fetchone() == ("APPROVED", "ada")


def test_a_rejected_plan_is_not_asked_about_again_and_later_changes_are_pushed(store: Store) -> None:
    made = empty(store)
    assert made.outbox_plan_id is not None
    breaker.reject(store.connection, made.outbox_plan_id, "ada")
    assert store.batches() == ["REJECTED"]
    assert planner.make(store.connection, SHOP).rows == 0
    assert store.deliver().confirmed == 0
    store.connection.execute(b"UPDATE inventory_level SET target = 10")
    assert planner.make(store.connection, SHOP).rows == 0, "the right snapshot has come: there is nothing to do"
    store.connection.execute(b"UPDATE inventory_level SET target = 9 WHERE product_id = '60000'")
    assert planner.make(store.connection, SHOP).rows == 1
    store.deliver()
    assert store.shown("60000") == 9


def test_rows_that_are_ten_times_the_usual_wait(store: Store) -> None:
    store.open(MANY)
    make(store)
    for _ in range(5):
        store.move("60000", -1)
        assert make(store).held_because is None
        store.deliver()
    store.connection.execute(b"UPDATE inventory_level SET target = target + 1")
    made = planner.make(store.connection, SHOP)
    assert made.held_because == "120 rows, more than 10 times the usual 1"


def test_a_dry_run_shows_the_plan_and_keeps_nothing(store: Store) -> None:
    store.open({P: 50, Q: 50})
    make(store)
    store.move(P, -1, "VAR_DAMAGED")
    store.move(Q, +5, "VAR_FOUND")
    online_atp.refresh(store.connection)
    for _ in range(2):
        table, because = planner.preview(store.connection, SHOP)
        assert because is None
        assert list(table.columns) == list(planner.COLUMNS)
        shown = table[["sku", "location", "target", "position", "delta", "reason"]].to_dict("records")
        assert shown == [
            {"sku": f"SKU-{Q}", "location": ONLINE, "target": 55, "position": 50, "delta": 5, "reason": "correction"},
            {"sku": f"SKU-{P}", "location": ONLINE, "target": 49, "position": 50, "delta": -1, "reason": "damaged"},
        ]
    assert store.batches() == []
    make(store)
    store.deliver()
    assert reasons(store) == {P: "damaged", Q: "correction"}, "the dry run has not used the reasons up"
    assert ledger.out_of_balance(store.connection) == []


@pytest.mark.parametrize(
    ("transport", "least", "chosen", "why"),
    [
        ("AUTO", 2, "BULK", "2 rows, and from 2 on a file is used"),
        ("AUTO", 3, "DIRECT", "2 rows: calls of 250 are faster below 3"),
        ("BULK", 9, "BULK", "the shop's transport is set to BULK"),
    ],
)
def test_a_plan_says_by_which_way_it_goes_and_why(
    store: Store, transport: str, least: int, chosen: str, why: str
) -> None:
    store.open({P: 50, Q: 50})
    store.connection.execute(b"UPDATE shopify_shop SET transport = %s, bulk_least_rows = %s", [transport, least])
    store.move(P, -1)
    store.move(Q, -1)
    made = make(store)
    assert made.transport == chosen
    assert made.transport_reason.startswith(why)
    rows = store.connection.execute(b"SELECT transport, transport_reason FROM outbox_plan").fetchall()
    assert rows == [(chosen, made.transport_reason)]


@given(
    st.integers(0, 99),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), max_size=4),
)
def test_a_small_plan_never_waits(rows: int, locations: list[tuple[int, int]]) -> None:
    vanishing = [Vanishing(f"L{n}", max(each), min(each)) for n, each in enumerate(locations)]
    assert breaker.judge(rows, 1.0, vanishing, USUAL) is None


def test_one_emptied_location_is_noticed_though_the_shop_hardly_feels_it() -> None:
    found = breaker.judge(200, None, [Vanishing("A", 100_000, 0), Vanishing("B", 500, 500)], USUAL)
    assert found == "500 of the 500 units at B would vanish, more than 90%: an empty snapshot?"
    assert breaker.judge(200, None, [Vanishing("A", 100_000, 0), Vanishing("B", 500, 400)], USUAL) is None


def test_the_frozen_text_carries_reason_and_reference(store: Store) -> None:
    store.open({P: 50})
    make(store)
    store.move(P, -1, "VAR_DAMAGED")
    (batch,) = make(store).batches
    row = store.connection.execute(b"SELECT variables FROM outbox_batch").fetchone()
    assert row is not None
    sent = json.loads(row[0])["input"]
    assert (sent["reason"], sent["referenceDocumentUri"]) == ("damaged", f"gid://trueup/Batch/{batch}")
