"""The stories of the documents that Trueup exists to fulfil, with their numbers."""

from datetime import UTC, datetime

from include.db.connection import connect
from include.stock import ledger
from tests.scenarios.store import Store

AT_ONE = {"50001": 100, "50002": 50, "50003": 25, "50004": 100, "50005": 80}
"""Inventory count at 1:00 PM of products A to E (page Inventory Synchronization)."""

A, B, C, D, E = AT_ONE


def test_recent_inventory_changes(store: Store) -> None:
    """At 1:15 PM A shows 95 and C shows 30; only these two are sent, as -5 and +5."""
    store.open(AT_ONE)
    store.move(A, -5)
    store.move(C, +5)
    sent = store.push()
    assert (sent.confirmed, sent.confirmed_rows) == (1, 2)
    assert {product: store.shown(product) for product in AT_ONE} == {A: 95, B: 50, C: 30, D: 100, E: 80}
    assert {product: store.applied(product) for product in AT_ONE} == {A: [-5], B: [], C: [5], D: [], E: []}


def test_product_a(store: Store) -> None:
    """5 in both; four orders that nobody has imported; one unit damaged: Shopify ends at 0, not at 4."""
    store.open({A: 5})
    store.sell(A, 4)
    assert store.shown(A) == 1
    store.move(A, -1, "VAR_DAMAGED")
    store.push()
    assert store.level(A)[0] == 4, "online ATP in the OMS"
    assert store.applied(A) == [-1]
    assert store.shown(A) == 0, "out of stock in Shopify"

    assert store.import_orders() == 1
    assert store.level(A) == (0, 0)
    store.push()
    assert store.applied(A) == [-1], "the orders themselves push nothing"
    assert store.shown(A) == 0


def test_product_b(store: Store) -> None:
    """A store that had 10 units receives 2 by transfer: Shopify shows 12."""
    store.open({B: 10})
    store.move(B, 2, "VAR_SHIP_RECV")
    store.push()
    assert store.applied(B) == [2]
    assert store.shown(B) == 12


def test_a_sale_recorded_late_is_not_missed(store: Store, dsn: str) -> None:
    """A sale at 12:59:59 that arrives at 1:00:01, between two runs: no clock decides what is new."""
    store.open({A: 10})
    with connect(dsn) as pos, pos.transaction():
        ledger.open_for_posting(pos)
        pos.execute(b"INSERT INTO movement VALUES (%s, 'BROADWAY', -1, -1, 'POS_SALE', NULL, NULL)", [A])
        ledger.post(pos, datetime(2026, 11, 20, 12, 59, 59, tzinfo=UTC))
        assert store.push().confirmed == 0, "the one o'clock run does not see it yet"
    store.push()
    assert store.shown(A) == 9
