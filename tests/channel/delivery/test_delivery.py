"""The rules of delivery, one by one, over HTTP against the emulator."""

import time
from typing import Any

import pytest

from include.channel.delivery import delivery, outbox
from include.channel.delivery.outbox import Fenced
from include.channel.planning import planner
from include.channel.reconciliation import observation
from include.shopify.access import Access
from include.shopify.client import Client, Document
from include.shopify.errors import NotSent, RequestRefused
from include.stock import ledger
from include.stock.atp import online_atp
from tests.scenarios.store import Store, item
from tests.world import SHOP

P = "50001"
ADJUST = "inventoryAdjustQuantities"


def test_a_batch_carries_its_key_its_reference_and_what_it_changes_from(store: Store) -> None:
    store.open({P: 5})
    store.move(P, -2)
    (batch,) = store.plan()
    store.deliver()
    (change,) = [each for each in store.emulator.history() if each["kind"] == "adjust" and each["name"] == "available"]
    row = store.connection.execute(b"SELECT idempotency_key::text, variables FROM outbox_batch").fetchone()
    assert row is not None
    assert change["key"] == row[0]
    assert change["referenceDocumentUri"] == f"gid://trueup/Batch/{batch}"
    assert '"changeFromQuantity" : 5' in row[1]
    assert '"delta" : -2' in row[1]


def test_rows_are_sent_250_at_a_time(store: Store) -> None:
    products = {f"6{number:04d}": 5 for number in range(600)}
    store.open(products)
    store.connection.execute(b"UPDATE inventory_level SET target = target + 1")
    calls = store.emulator.stats()["calls"].get(ADJUST, 0)
    assert len(store.plan()) == 3
    sent = store.deliver()
    assert (sent.confirmed, sent.confirmed_rows) == (3, 600)
    assert store.emulator.stats()["calls"][ADJUST] == calls + 3
    assert {level["available"] for level in store.emulator.levels()} == {6}


def test_planning_twice_plans_nothing_twice(store: Store) -> None:
    store.open({P: 5})
    store.move(P, -2)
    assert len(store.plan()) == 1
    store.move(P, -1)
    assert store.plan() == [], "the level is under way"
    store.deliver()
    assert store.shown(P) == 3
    store.push()
    assert store.shown(P) == 2
    assert store.applied(P) == [-2, -1]


def test_a_stale_level_keeps_its_delta(store: Store) -> None:
    store.open({P: 5, "50002": 7})
    store.sell(P, 2)
    store.move(P, -1)
    store.move("50002", +3)
    sent = store.push()
    assert (sent.stale, sent.confirmed, sent.confirmed_rows) == (1, 2, 2)
    assert store.batches() == ["STALE", "CONFIRMED", "CONFIRMED"], "the row that moved travels on its own"
    assert store.shown(P) == 2
    assert store.shown("50002") == 10
    assert store.level(P) == (4, 4)


def test_a_level_that_keeps_moving_holds_up_nobody_and_is_left_for_the_next_run(store: Store) -> None:
    store.open({P: 50, "50002": 7})
    store.move(P, -1)
    store.move("50002", +3)
    store.emulator.fault("stale", operation=ADJUST)
    store.emulator.fault("stale", operation=ADJUST, after_calls=1, times=9)
    store.push()
    assert store.shown("50002") == 10, "once the moving row is on its own, the other one goes through"
    store.emulator.clear_faults()
    store.push()
    assert sum(store.applied(P)) == -1


UNKNOWN: list[tuple[dict[str, object], bool]] = [
    ({"kind": "drop_before"}, False),
    ({"kind": "drop_after"}, True),
    ({"kind": "status", "status": 502}, False),
    ({"kind": "status_after", "status": 504}, True),
    ({"kind": "internal_error", "applied": False}, False),
    ({"kind": "internal_error", "applied": True}, True),
    ({"kind": "malformed", "applied": True}, True),
    ({"kind": "concurrent"}, False),
    ({"kind": "delay", "seconds": 1.3}, True),
    ({"kind": "late", "seconds": 0.1}, True),
]
"""How an answer gets lost, and whether the batch was applied."""


@pytest.mark.parametrize(
    ("replay", "fault", "applied"),
    [
        (replay, fault, applied)
        for replay in ("documented", "observed", "none")
        for fault, applied in UNKNOWN
        if fault["kind"] != "delay" or replay == "observed"  # takes seconds
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
def test_an_unknown_outcome_is_settled_by_looking_and_never_sent_again(
    store: Store, replay: str, fault: dict[str, object], applied: bool
) -> None:
    store.open({P: 5})
    store.emulator.settings(replay=replay)
    store.connection.execute(
        b"UPDATE shopify_shop SET seconds_to_arrive = %s", [1.6 if fault["kind"] == "delay" else 0.3]
    )
    store.move(P, -2)
    store.emulator.fault(operation=ADJUST, **fault)  # type: ignore[arg-type]
    sent = store.push()
    assert (sent.unknown, sent.confirmed) == (1, 0)
    assert store.plan() == [], "a level with an unknown outcome is not planned again"
    calls = store.emulator.stats()["calls"][ADJUST]
    settlement = store.settle()
    assert (settlement.observed, settlement.settled) == (1, 1)
    assert store.emulator.stats()["calls"][ADJUST] == calls, "looking sends nothing"
    assert store.batches() == ["SETTLED"]
    assert store.level(P) == (3, 3 if applied else 5)
    store.push()
    assert store.shown(P) == 3
    assert store.applied(P) == [-2], "whatever happened, once"


def test_a_sale_that_hides_the_outcome_waits_for_the_next_round(store: Store) -> None:
    """The trap of resending: a sale brings the level to where it would be had the batch been applied, or not."""
    store.open({P: 5})
    store.move(P, -2)
    store.emulator.fault("drop_before", operation=ADJUST)
    store.push()
    store.emulator.settings(order_search_lag=1000)
    store.sell(P, 2)
    assert store.shown(P) == 3, "as if the batch had been applied"

    def search_catches_up(seconds: float) -> None:
        time.sleep(seconds)
        store.emulator.settings(order_search_lag=0)

    time.sleep(0.3)
    first = observation.settle(store.connection, SHOP, store.client, search_catches_up)
    assert (first.observed, first.settled) == (1, 0), "an order touched the level while it was looked at"
    assert store.settle().settled == 1
    store.push()
    assert store.level(P) == (1, 1), "5, 2 damaged, 2 sold"
    assert store.shown(P) == 1
    assert store.applied(P) == [-2]


def test_a_sender_that_died_after_sending_leaves_an_unknown_outcome(store: Store) -> None:
    store.open({P: 5})
    store.move(P, -2)
    (batch,) = store.plan()
    sender = outbox.take_over(store.connection, SHOP)
    outbox.mark_sending(store.connection, sender, batch)
    assert store.deliver().confirmed == 0
    assert store.batches() == ["UNKNOWN"]
    store.settle()
    store.push()
    assert store.applied(P) == [-2]
    assert store.shown(P) == 3


def test_an_older_sender_may_not_send(store: Store) -> None:
    store.open({P: 5})
    store.move(P, -2)
    (batch,) = store.plan()
    older = outbox.take_over(store.connection, SHOP)
    outbox.take_over(store.connection, SHOP)
    with pytest.raises(Fenced, match=f"batch {batch} of shop demo: another sender has taken over"):
        outbox.mark_sending(store.connection, older, batch)


def test_no_connection_leaves_the_batch_planned(store: Store) -> None:
    store.open({P: 5})
    store.move(P, -2)
    store.plan()
    nobody = Client(Access("http://127.0.0.1:9", "token"))
    with pytest.raises(NotSent, match="nothing was sent"):
        delivery.deliver(store.connection, SHOP, nobody)
    assert store.batches() == ["PLANNED"]
    store.deliver()
    assert store.shown(P) == 3


def test_a_wrong_token_stops_and_says_what_to_do(store: Store) -> None:
    store.open({P: 5})
    store.move(P, -2)
    store.plan()
    stranger = Client(Access(store.emulator.url, "wrong"))
    with pytest.raises(RequestRefused, match=r"HTTP 401 \(the access token is wrong or expired: renew it"):
        delivery.deliver(store.connection, SHOP, stranger)
    assert store.batches() == ["PLANNED"]


def test_a_bad_row_goes_into_quarantine_and_the_others_go_on(store: Store) -> None:
    store.open({P: 5, "50002": 7})
    store.world.product("99999")
    store.world.in_shop("99999", item("99999"))
    store.move("99999", 9)
    store.plan()
    store.connection.execute(b"UPDATE inventory_level SET position = 5, checked_at = now() WHERE product_id = '99999'")
    store.move("50002", +3)
    sent = store.push()
    assert (sent.refused, sent.quarantined_rows) == (1, 1)
    assert store.shown("50002") == 10, "at once, not with the next plan"
    row = store.connection.execute(
        b"SELECT quarantine_reason FROM inventory_level WHERE inventory_item_id = %s", [item("99999")]
    ).fetchone()
    assert row == ("INVALID_INVENTORY_ITEM: The specified inventory item could not be found.",)


def test_a_row_that_goes_through_has_no_quarantine_behind_it(store: Store) -> None:
    store.open({P: 5})
    store.connection.execute(b"UPDATE inventory_level SET quarantine_tries = 3")
    store.move(P, -1)
    store.push()
    assert store.connection.execute(b"SELECT quarantine_tries FROM inventory_level").fetchone() == (0,)


def test_a_poison_row_in_each_batch_costs_one_round(store: Store) -> None:
    store.open({f"6{number:04d}": 5 for number in range(747)})
    for number in (60100, 60300, 60600):
        store.world.product(f"{number}X")
        store.world.in_shop(f"{number}X", item(f"{number}X"))
        store.move(f"{number}X", 9)
    online_atp.refresh(store.connection)
    store.connection.execute(
        b"UPDATE inventory_level SET target = target + 1, position = coalesce(position, 5), checked_at = now()"
    )
    sent = store.push()
    assert (sent.refused, sent.quarantined_rows, sent.confirmed, sent.confirmed_rows) == (3, 3, 3, 747)
    assert {level["available"] for level in store.emulator.levels()} == {6}


@pytest.mark.parametrize("field", [None, ["input", "changes", "40", "inventoryItemId"]], ids=["no row", "row 40 of 40"])
def test_a_bad_row_that_nobody_names_is_found_by_halving(
    store: Store, monkeypatch: pytest.MonkeyPatch, field: list[str] | None
) -> None:
    products = [f"6{number:04d}" for number in range(40)]
    store.open(dict.fromkeys(products, 5))
    store.connection.execute(b"UPDATE inventory_level SET target = target + 1")
    answer = Client.execute_once
    bad = item(products[17])

    def unnamed(self: Client, request: Document, variables: str) -> dict[str, Any]:
        if request.name == "InventoryAdjust" and f'"{bad}"' in variables:
            assert self.calls < 99, "it goes on and on"
            self.calls += 1
            error = {"field": field, "message": "Not a single product.", "code": "NON_MUTABLE_INVENTORY_ITEM"}
            return {"inventoryAdjustQuantities": {"inventoryAdjustmentGroup": None, "userErrors": [error]}}
        return answer(self, request, variables)

    monkeypatch.setattr(Client, "execute_once", unnamed)
    sent = store.push()
    assert (sent.quarantined_rows, sent.confirmed_rows) == (1, 39)
    assert sent.refused <= 7, "the whole, and one half at each step"
    rows = store.connection.execute(
        b"SELECT inventory_item_id, quarantine_reason FROM inventory_level WHERE quarantine_reason IS NOT NULL"
    ).fetchall()
    assert rows == [(bad, "NON_MUTABLE_INVENTORY_ITEM: Not a single product.")]


def test_a_refusal_that_meets_every_row_stops_before_all_are_in_quarantine(store: Store) -> None:
    store.open({f"6{number:04d}": 5 for number in range(100)})
    store.connection.execute(b"UPDATE inventory_level SET target = target + 1")
    store.emulator.fault("user_error", code="NON_MUTABLE_INVENTORY_ITEM", operation=ADJUST, times=999)
    with pytest.raises(RequestRefused, match=r"20 rows were put into quarantine .* it is not the rows"):
        store.push()
    row = store.connection.execute(b"SELECT count(*) FROM inventory_level WHERE quarantine_reason IS NULL").fetchone()
    assert row == (80,)


def test_what_concerns_the_whole_batch_puts_no_row_into_quarantine(store: Store) -> None:
    store.open({P: 5})
    store.move(P, -2)
    store.emulator.fault("user_error", code="INVALID_REASON", operation=ADJUST)
    with pytest.raises(RequestRefused, match="INVALID_REASON"):
        store.push()
    store.push()
    assert store.applied(P) == [-2]


def test_rows_that_have_moved_under_way_travel_apart_in_the_next_plan(store: Store) -> None:
    store.open({P: 50, "50002": 7})
    store.sell(P)
    store.move(P, -1)
    store.push()
    store.import_orders()
    store.move(P, -1)
    store.move("50002", +1)
    assert len(store.plan()) == 2
    store.deliver()
    assert (store.shown(P), store.shown("50002")) == (47, 8)


def test_throttling_is_waited_out(store: Store) -> None:
    store.open({P: 5})
    store.move(P, -2)
    store.emulator.fault("throttled", operation=ADJUST, times=2)
    waits: list[float] = []
    store.client.limiter.sleep = waits.append
    assert store.push().confirmed == 1
    assert len(waits) == 2
    assert all(wait >= 1.0 for wait in waits)
    assert store.applied(P) == [-2]


def test_too_many_requests_are_waited_out_as_asked(store: Store) -> None:
    store.open({P: 5})
    store.move(P, -2)
    store.emulator.fault("status", status=429, retry_after=3.5, operation=ADJUST)
    waits: list[float] = []
    store.client.limiter.sleep = waits.append
    assert store.push().confirmed == 1
    assert waits == [3.5]


def test_silence_after_silence_stops_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "MOST_ROWS", 1)
    store.open({f"6{number:04d}": 5 for number in range(5)})
    store.connection.execute(b"UPDATE inventory_level SET target = target + 1")
    store.emulator.fault("drop_before", operation=ADJUST, times=99)
    sent = store.push()
    assert sent.unknown == 3
    assert store.batches() == ["UNKNOWN"] * 3 + ["PLANNED"] * 2


def test_an_order_imported_while_a_batch_is_under_way_commutes(store: Store) -> None:
    store.open({P: 10})
    store.move(P, -2)
    store.plan()
    store.sell(P, 3)
    store.import_orders()
    assert store.level(P) == (5, 7)
    store.deliver()
    assert store.level(P) == (5, 5)
    assert store.shown(P) == 5
    assert ledger.out_of_balance(store.connection) == []
