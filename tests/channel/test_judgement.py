"""What a look decides about each level, by what two reads have shown and what is known of it: all cases at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.channel import hot_levels, observation, orders, outbox, planner
from include.channel.observation import Level, Settlement
from include.db.connection import Connection
from include.shopify import orders as wire
from include.shopify.inventory import Seen
from include.shopify.order_state import OrderItem, OrderLine
from include.shopify.orders import Order
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ELSEWHERE = "gid://shopify/Location/9"
OTHER = "other"


@dataclass(frozen=True)
class Case:
    """A level that shows 10 by our books, what the two reads show, and what is to become of it.

    Attributes:
        reads: What the first read shows as available and what the second one does; None where the item is not there.
        position: What our books say afterwards.
        looks_again: Whether it stays marked.
        batch: The batch that its row of -2 is in: `UNKNOWN` for long, `LATE` for a moment, `SENDING`, `CONFIRMED`
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


GONE = "Shopify has no such inventory item: correct the mapping"
CASES = {
    "agrees": Case((10, 10), 10),
    "agrees at last": Case((11, 10), 10),
    "stands at another number": Case((12, 12), 12),
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
    "applied": Case((8, 8), 8, batch="UNKNOWN", outcome="APPLIED"),
    "not applied": Case((10, 10), 10, batch="UNKNOWN", outcome="NOT_APPLIED"),
    "edited": Case((5, 5), 5, batch="UNKNOWN", outcome="OBSERVED"),
    "gone with its batch": Case((8, None), 10, batch="UNKNOWN", outcome="QUARANTINED", reason=GONE),
    "back to where it was": Case((9, 10), 10, looks_again=True, batch="UNKNOWN"),
    "may still arrive": Case((10, 10), 10, looks_again=True, batch="LATE"),
    "gone, and may still arrive": Case((10, None), 10, looks_again=True, batch="LATE"),
    "being sent": Case((10, 10), 10, looks_again=True, batch="SENDING"),
    "confirmed meanwhile": Case((8, 8), 8, looks_again=True, batch="CONFIRMED", outcome="APPLIED"),
}


def seen(available: int, committed: int = 0) -> Seen:
    return Seen(available, committed, NOON.isoformat(), is_active=True, tracked=True, sku="")


def send(books: Store, products: list[str], sent: str, status: str) -> int:
    """A batch of -2 of each product that has left; `sent` is when, from now."""
    books.connection.execute(b"UPDATE inventory_level SET target = position - 2 WHERE product_id = ANY(%s)", [products])
    (batch,) = planner.plan(books.connection, SHOP)
    books.connection.execute(
        b"UPDATE outbox_batch SET status_id = %s, sent_at = now() + %s::interval WHERE outbox_batch_id = %s",
        [status, sent, batch],
    )
    return batch


def another_shop(books: Store) -> None:
    books.connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES (%s, 'o.myshopify.com', 'o')",
        [OTHER],
    )


def order_item(books: Store, product: str, order: str, taken: int, fulfilled: int = 0, **place: str) -> None:
    books.connection.execute(
        b"INSERT INTO shopify_order_item (shop_id, order_id, inventory_item_id, location_id, taken, fulfilled)"
        b" VALUES (%s, %s, %s, %s, %s, %s)",
        [place.get("shop", SHOP), order, item(product), place.get("location", ONLINE), taken, fulfilled],
    )


def movement(
    books: Store, product: str, order: str = "1", units: tuple[int, int, int] = (1, 0, 0), **place: str
) -> None:
    """An import has found that an order took, fulfilled and gave back units."""
    books.connection.execute(
        b"INSERT INTO shopify_order_movement (shop_id, order_id, inventory_item_id, location_id, taken_diff,"
        b" fulfilled_diff, returned_diff) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [place.get("shop", SHOP), order, item(product), place.get("location", ONLINE), *units],
    )


def pushed_elsewhere(books: Store, product: str) -> None:
    """Batches of the same item end meanwhile: of another shop, and of another location."""
    for shop, location in ((OTHER, ONLINE), (SHOP, ELSEWHERE)):
        books.connection.execute(
            b"WITH batch AS (INSERT INTO outbox_batch (shop_id, status_id, shopify_reason, idempotency_key, variables,"
            b" finished_at) VALUES (%s, 'CONFIRMED', 'correction', gen_random_uuid(), '{}', clock_timestamp())"
            b" RETURNING outbox_batch_id) INSERT INTO outbox_batch_row (outbox_batch_id, row_index, inventory_item_id,"
            b" location_id, delta, change_from_quantity, outcome) SELECT outbox_batch_id, 0, %s, %s, 1, 1, 'APPLIED'"
            b" FROM batch",
            [shop, item(product), location],
        )


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
    books.equip(dict.fromkeys(CASES, 10))
    another_shop(books)
    planner.plan(connection, SHOP)  # takes the reasons
    earlier = send(books, ["confirmed meanwhile", "stands at another number"], "-2 hours", "SENDING")
    outbox.confirm(connection, earlier)
    connection.execute(b"UPDATE inventory_level SET position = 10, target = 10")
    batches = {}
    for kind, sent in (("UNKNOWN", "-1 minute"), ("LATE", "1 hour"), ("SENDING", "-1 minute"), ("CONFIRMED", "0")):
        status = {"LATE": "UNKNOWN", "CONFIRMED": "SENDING"}.get(kind, kind)
        batches[kind] = send(books, [name for name, case in CASES.items() if case.batch == kind], sent, status)
    connection.execute(b"UPDATE inventory_level SET target = 10, to_observe = inventory_item_id LIKE '%%a%%'")
    connection.execute(b"UPDATE inventory_level SET position = NULL WHERE product_id LIKE 'never seen%%'")
    connection.execute(b"UPDATE inventory_level SET quarantine_reason = 'odd' WHERE product_id = 'odd'")
    movement(books, "sold before")
    order_item(books, "less committed than imported", "1", 2)
    for order, taken, fulfilled in (("1", 4, 1), ("2", 2, 0), ("3", 9, 9)):
        order_item(books, "committed as imported", order, taken, fulfilled)
    order_item(books, "stands at another number", "1", 2, shop=OTHER)
    order_item(books, "stands at another number", "1", 2, location=ELSEWHERE)

    def meanwhile() -> None:
        movement(books, "sold meanwhile", "1")
        movement(books, "sold meanwhile", "2")
        movement(books, "stands at another number", shop=OTHER)
        movement(books, "stands at another number", location=ELSEWHERE)
        pushed_elsewhere(books, "stands at another number")
        outbox.confirm(connection, batches["CONFIRMED"])

    reads = [
        {
            (item(name), ONLINE): seen(shown, case.committed)
            for name, case in CASES.items()
            if (shown := case.reads[number]) is not None
        }
        for number in (0, 1)
    ]
    found = look(books, monkeypatch, reads, meanwhile)
    rows = connection.execute(
        b"SELECT level.product_id, level.position, level.to_observe, level.quarantine_reason, level.outbox_batch_id,"
        b" newest.outcome FROM inventory_level AS level LEFT JOIN LATERAL (SELECT outcome FROM outbox_batch_row"
        b" WHERE inventory_item_id = level.inventory_item_id AND outbox_batch_id = ANY(%s)) AS newest ON TRUE",
        [list(batches.values())],
    ).fetchall()
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        name: (
            case.position,
            case.looks_again,
            case.reason,
            batches[case.batch] if case.batch and not case.outcome else None,
            case.outcome,
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
        b" INNER JOIN inventory_level AS level USING (inventory_item_id) WHERE drift.committed_imported IS NOT NULL"
    ).fetchall()
    told = {row[0]: (row[1], row[2]) for row in rows}
    assert told.keys() == {
        name
        for name, case in CASES.items()
        if case.reads[1] is None
        or (name.startswith("never seen"))
        or case.reads[1] not in (10 if case.batch != "CONFIRMED" else 8, *((8, 10) if case.batch else ()))
    } - {"gone, and may still arrive"}
    assert told["sold meanwhile"] == told["more committed than imported"] == ("UNSEEN_ORDER", 0)
    assert told["less committed than imported"] == ("UNSEEN_ORDER", 2)
    assert told["moves"] == ("MOVING", 0)
    assert told["committed as imported"][1] == 5
    assert told["gone"] == ("WRONG_MAPPING", 0)


@dataclass(frozen=True)
class Pending:
    """A level of a batch of -2 from 10 with an unknown outcome, what it shows, and which answer explains that."""

    shows: int
    applied: bool | None
    order: Order | None = None
    imported: int = 0
    changes: tuple[Mapping[str, Any], ...] = ()


def sold(units: int, *, created: int, updated: int | None = None, fulfilled: int = 0) -> Order:
    """An order of three units of which so many are left; its id and item come with the level it is of."""
    at = NOON + timedelta(seconds=created)
    changed = NOON + timedelta(seconds=created if updated is None else updated)
    return Order("", "#1", at, changed, (OrderItem("", ONLINE, units, fulfilled),), (OrderLine("", "", units, 3),))


TRIMMED = sold(1, created=-20, updated=20, fulfilled=1)
PENDING = {
    "applied": Pending(8, applied=True),
    "not applied": Pending(10, applied=False),
    "edited": Pending(50, applied=None),
    "sold well before": Pending(8, applied=False, order=sold(2, created=-20)),
    "sold well after": Pending(8, applied=True, order=sold(2, created=20)),
    "sold at about the same time": Pending(8, applied=None, order=sold(2, created=0)),
    "sold and imported": Pending(7, applied=False, order=sold(3, created=-20), imported=3),
    "known from before": Pending(7, applied=True, order=TRIMMED, imported=1),
    "changed since": Pending(7, applied=None, order=TRIMMED, imported=1, changes=({},)),
    "given back since": Pending(7, applied=None, order=TRIMMED, imported=1, changes=({"units": (0, 0, 1)},)),
    "fulfilled since": Pending(7, applied=True, order=TRIMMED, imported=1, changes=({"units": (0, 1, 0)},)),
    "changed elsewhere since": Pending(7, applied=True, order=TRIMMED, imported=1,
        changes=({"shop": OTHER}, {"location": ELSEWHERE}, {"order": "of nobody"}),
    ),
}  # fmt: skip


def orders_of(pending: Mapping[str, Pending]) -> dict[str, Order]:
    """The orders by the level that each is of."""
    return {
        name: replace(
            each.order,
            order_id=name,
            items=tuple(replace(part, inventory_item_id=item(name)) for part in each.order.items),
            lines=tuple(replace(line, inventory_item_id=item(name)) for line in each.order.lines),
        )
        for name, each in pending.items()
        if each.order
    }


def test_what_an_explanation_decides(books: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = books.connection
    books.equip(dict.fromkeys((*PENDING, "late", "being sent", "at rest"), 10))
    another_shop(books)
    planner.plan(connection, SHOP)
    batch = send(books, list(PENDING), "-1 minute", "UNKNOWN")
    late = send(books, ["late"], "1 hour", "UNKNOWN")
    sending = send(books, ["being sent"], "-1 minute", "SENDING")
    for name, each in PENDING.items():
        if each.imported:
            order_item(books, name, name, each.imported)
            order_item(books, name, name, 7, shop=OTHER)
            order_item(books, name, name, 7, location=ELSEWHERE)
            movement(books, name, name)
            connection.execute(
                b"UPDATE inventory_level SET position = position - %s WHERE product_id = %s", [each.imported, name]
            )
    last_movement, looked_from = observation.last_order_movement(connection)
    for name, each in PENDING.items():
        for change in each.changes:
            movement(books, name, **({"order": name} | dict(change)))
    before: dict[str, int] = dict(connection.execute(b"SELECT product_id, position FROM inventory_level").fetchall())
    told = orders_of(PENDING)
    asked: list[datetime] = []

    def updated_since(_: object, since: datetime) -> list[Order]:
        asked.append(since)
        return list(told.values())

    monkeypatch.setattr(wire, "updated_since", updated_since)
    shown = {(item(name), ONLINE): seen(each.shows) for name, each in PENDING.items()} | {
        (item(name), ONLINE): seen(8) for name in ("late", "being sent", "at rest")
    }
    never_stocked = {(item("at rest"), ELSEWHERE): replace(seen(0), updated_at="")}
    settled = hot_levels.explain(connection, SHOP, books.client, shown | never_stocked, looked_from, last_movement)
    decided = {name: each.applied for name, each in PENDING.items() if each.applied is not None}
    assert settled == len(decided)
    rows = connection.execute(
        b"SELECT product_id, position, outbox_batch_id FROM inventory_level ORDER BY product_id"
    ).fetchall()
    open_in = dict.fromkeys(PENDING, batch) | {"late": late, "being sent": sending, "at rest": None}
    assert {row[0]: (row[1], row[2]) for row in rows} == {
        name: (before[name] - 2 * decided.get(name, False), None if name in decided else number)
        for name, number in open_in.items()
    }
    outcomes = connection.execute(b"SELECT inventory_item_id, outcome FROM outbox_batch_row").fetchall()
    words = {True: "APPLIED", False: "NOT_APPLIED", None: None}
    assert {row[0]: row[1] for row in outcomes} == {
        item(name): words[decided.get(name)] for name in open_in if name != "at rest"
    }
    assert asked == [NOON - timedelta(seconds=4)], "orders that were changed before are in all of these levels"
    unknown = {level: replace(each, updated_at="") for level, each in shown.items()}
    assert hot_levels.explain(connection, SHOP, books.client, unknown, looked_from, last_movement) == 0
    assert len(asked) == 1, "nothing to ask"
