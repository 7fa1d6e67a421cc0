"""What a look decides about each level, by what two reads have shown and what is known of it: all cases at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from include.channel.delivery import outbox
from include.channel.order_import import orders
from include.channel.reconciliation import hot_levels, observation
from include.channel.reconciliation.observation import Level, Settlement
from include.db.connection import Connection
from include.shopify.inventory import Seen
from tests.channel.reconciliation.laid_books import (
    COUNTER,
    OTHER,
    elsewhere,
    ended,
    equip,
    movement,
    order_item,
    seen,
    send,
)
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP


@dataclass(frozen=True)
class Case:
    """A level that shows 10 by our books, what the two reads show, and what is to become of it.

    Attributes:
        reads: What the first read shows as available and what the second one does; None where the item is not there.
        position: What our books say afterwards.
        looks_again: Whether it stays marked.
        batch: The batch that its row is in: `UNKNOWN` for long, `LATE` for a moment, `SENDING`, `CONFIRMED`
            during the look; or none.
        outcome: What is told of that row.
        committed: What Shopify has committed.
        reason: Why it is in quarantine.
    """

    reads: tuple[int | None, int | None]
    position: int | None
    looks_again: bool = False
    batch: str | None = None
    outcome: str | None = None
    committed: int = 0
    reason: str | None = None
    delta: int = -2

    @property
    def is_known_anew(self) -> bool:
        """Whether our books have learned the position, by the look or by an answer meanwhile."""
        agrees = self.batch is None and self.reads[1] == 10
        return self.batch == "CONFIRMED" or not (self.looks_again or agrees or self.reason == GONE)


GONE = "Shopify has no such inventory item: correct the mapping"
NUMBER = "stands at another number"
CASES = {
    "agrees": Case((10, 10), 10),
    "agrees at last": Case((11, 10), 10),
    NUMBER: Case((12, 12), 12),
    "moves": Case((11, 12), 10, looks_again=True),
    "sold meanwhile": Case((12, 12), 10, looks_again=True),
    "sold before": Case((12, 12), 12),
    "more committed than imported": Case((12, 12), 10, looks_again=True, committed=2),
    "less committed than imported": Case((12, 12), 10, looks_again=True),
    "committed as imported": Case((12, 12), 12, committed=5),
    "gone": Case((10, None), 10, reason=GONE),
    "never seen": Case((7, 7), 7),
    "never seen and moves": Case((6, 7), None, looks_again=True),
    "odd": Case((12, 12), 12, reason="odd"),
    "lower than may be sent": Case((-1_500_000_000, -1_500_000_000), -1_000_000_000),
    "applied": Case((8, 8), 8, batch="UNKNOWN", outcome="LOOKS_APPLIED"),
    "four applied": Case((6, 6), 6, batch="UNKNOWN", outcome="LOOKS_APPLIED", delta=-4),
    "not applied": Case((10, 10), 10, batch="UNKNOWN", outcome="LOOKS_NOT_APPLIED"),
    "edited": Case((5, 5), 5, batch="UNKNOWN", outcome="OBSERVED"),
    "gone with its batch": Case((8, None), 10, batch="UNKNOWN", outcome="QUARANTINED", reason=GONE),
    "back to where it was": Case((9, 10), 10, looks_again=True, batch="UNKNOWN"),
    "may still arrive": Case((10, 10), 10, looks_again=True, batch="LATE"),
    "gone, and may still arrive": Case((10, None), 10, looks_again=True, batch="LATE"),
    "being sent": Case((10, 10), 10, looks_again=True, batch="SENDING"),
    "confirmed meanwhile": Case((8, 8), 8, looks_again=True, batch="CONFIRMED", outcome="APPLIED"),
}


def look(
    books: Store, monkeypatch: pytest.MonkeyPatch, reads: list[dict[Level, Seen]], meanwhile: Callable[[], None]
) -> Settlement:
    """Look at all levels; `meanwhile` happens just before the second import."""
    imports, shown = iter([lambda: None, meanwhile]), iter(reads)

    def import_orders(*_: object) -> None:
        next(imports)()

    def read_levels(*_: object) -> dict[Level, Seen]:
        return next(shown)

    def explain(*_: object) -> int:
        return 0

    monkeypatch.setattr(orders, "import_orders", import_orders)
    monkeypatch.setattr(observation, "read_levels", read_levels)
    monkeypatch.setattr(hot_levels, "explain", explain)
    levels = [(item(name), ONLINE) for name in CASES]
    observed = observation.begin(books.connection, SHOP, "RECENT_CHANGES")
    return observation.observe(books.connection, SHOP, books.client, levels, observed, lambda _: None)


def test_what_a_look_decides(books: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = books.connection
    equip(books, CASES)
    outbox.confirm(
        connection, send(books, {"confirmed meanwhile": -1, NUMBER: -1, "applied": -1}, "-2 hours", "SENDING")
    )
    connection.execute(b"UPDATE inventory_level SET position = 10, target = 10 WHERE shop_id = %s", [SHOP])
    batches = {}
    for kind, sent in (
        ("UNKNOWN", "-11 minutes"),
        ("LATE", "-9 minutes"),
        ("SENDING", "-11 minutes"),
        ("CONFIRMED", "0"),
    ):
        status = {"LATE": "UNKNOWN", "CONFIRMED": "SENDING"}.get(kind, kind)
        deltas = {name: case.delta for name, case in CASES.items() if case.batch == kind}
        batches[kind] = send(books, deltas, sent, status)
    connection.execute(
        b"UPDATE inventory_level SET to_observe = inventory_item_id LIKE '%%a%%', position_as_of = NULL,"
        b" position = CASE WHEN product_id NOT LIKE 'never seen%%' THEN position END,"
        b" quarantine_reason = CASE WHEN product_id = 'odd' THEN 'odd' END WHERE shop_id = %s AND location_id = %s",
        [SHOP, ONLINE],
    )
    movement(books, "sold before")
    order_item(books, "less committed than imported", "1", (2, 0, 0))
    for order, taken, fulfilled in (("1", 4, 1), ("2", 2, 0), ("3", 9, 9)):
        order_item(books, "committed as imported", order, (taken, fulfilled, 0))
    order_item(books, NUMBER, "1", (2, 0, 0), shop=OTHER)
    order_item(books, NUMBER, "1", (2, 0, 0), location=COUNTER)

    def meanwhile() -> None:
        movement(books, "sold meanwhile", "1")
        movement(books, "sold meanwhile", "2")
        movement(books, NUMBER, shop=OTHER)
        movement(books, NUMBER, location=COUNTER)
        ended(books, OTHER, [NUMBER], ONLINE)
        ended(books, SHOP, [NUMBER], COUNTER)
        outbox.confirm(connection, batches["CONFIRMED"])

    reads = [
        {
            (item(name), ONLINE): seen(shown, case.committed)
            for name, case in CASES.items()
            if (shown := case.reads[number]) is not None
        }
        for number in (0, 1)
    ]
    before = elsewhere(books, NUMBER, "confirmed meanwhile")
    found = look(books, monkeypatch, reads, meanwhile)
    assert elsewhere(books, NUMBER, "confirmed meanwhile") == before
    rows = connection.execute(
        b"SELECT level.product_id, level.position, level.to_observe, level.quarantine_reason, level.outbox_batch_id,"
        b" newest.outcome, level.position_as_of IS NOT NULL FROM inventory_level AS level"
        b" LEFT JOIN LATERAL (SELECT outcome FROM outbox_batch_row"
        b" WHERE inventory_item_id = level.inventory_item_id AND location_id = level.location_id"
        b" AND outbox_batch_id = ANY(%s)) AS newest ON TRUE WHERE level.shop_id = %s AND level.location_id = %s",
        [list(batches.values()), SHOP, ONLINE],
    ).fetchall()
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        name: (
            case.position,
            case.looks_again,
            case.reason,
            batches[case.batch] if case.batch and not case.outcome else None,
            case.outcome,
            case.is_known_anew,
        )
        for name, case in CASES.items()
    }
    waiting = sum(case.looks_again for case in CASES.values())
    gone = sum(case.reason == GONE for case in CASES.values())
    assert found == Settlement(len(CASES), len(CASES) - waiting - gone, waiting, gone)
    counted = connection.execute(
        b"SELECT levels, agreed, rebased, waiting, gone FROM inventory_observation ORDER BY 1 DESC"
    ).fetchone()
    assert counted == (len(CASES), 2, len(CASES) - waiting - gone - 2, waiting, gone)
    _drifts_are_told(connection)


def _drifts_are_told(connection: Connection) -> None:
    rows = connection.execute(
        b"SELECT level.product_id, drift.cause, drift.committed_imported FROM inventory_drift AS drift"
        b" INNER JOIN inventory_level AS level USING (shop_id, inventory_item_id, location_id)"
        b" WHERE drift.committed_imported IS NOT NULL"
    ).fetchall()
    told = {row[0]: (row[1], row[2]) for row in rows}
    assert told.keys() == {
        name
        for name, case in CASES.items()
        if case.reads[1] is None
        or (name.startswith("never seen"))
        or case.reads[1] not in ((10, 10 + case.delta) if case.batch else (10,))
    } - {"gone, and may still arrive"}
    assert told["sold meanwhile"] == told["more committed than imported"] == ("UNSEEN_ORDER", 0)
    assert told["less committed than imported"] == ("UNSEEN_ORDER", 2)
    assert told["moves"] == ("MOVING", 0)
    assert told["committed as imported"][1] == 5
    assert told["gone"] == ("WRONG_MAPPING", 0)
