"""What a look decides about each level, by what two reads have shown and what is known of it: all cases at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.channel.delivery import outbox
from include.channel.order_import import orders
from include.channel.planning import planner
from include.channel.reconciliation import hot_levels, observation
from include.channel.reconciliation.observation import Level, Settlement
from include.db.connection import Connection
from include.shopify import orders as wire
from include.shopify.inventory import Seen
from include.shopify.order_state import OrderItem, OrderLine
from include.shopify.orders import Order
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OTHER = "other"
COUNTER = "gid://shopify/Location/60000000001"
"""Sorted before the location that is looked at."""


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


def seen(available: int, committed: int = 0) -> Seen:
    return Seen(available, committed, NOON.isoformat(), is_active=True, tracked=True, sku="")


def equip(books: Store, products: Collection[str]) -> None:
    """Levels that show 10 by our books, at two locations; and in another shop those of the same items, under way."""
    connection = books.connection
    books.equip(dict.fromkeys(products, 10))
    connection.execute(b"UPDATE shopify_shop SET seconds_to_arrive = 600")
    books.world.facility("COUNTER")
    books.world.channel("COUNTER", COUNTER, ["BROADWAY"], queue="COUNTER")
    connection.execute(
        b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position)"
        b" SELECT shop_id, inventory_item_id, %s, product_id, target, position FROM inventory_level",
        [COUNTER],
    )
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES (%s, 'o.myshopify.com', 'o')",
        [OTHER],
    )
    batch = ended(books, OTHER, products, ONLINE, "UNKNOWN")
    connection.execute(
        b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position,"
        b" outbox_batch_id) SELECT %s, inventory_item_id, location_id, product_id, 5, 4, %s FROM inventory_level"
        b" WHERE location_id = %s",
        [OTHER, batch, ONLINE],
    )
    planner.plan(connection, SHOP)  # takes the reasons


def ended(books: Store, shop: str, products: Collection[str], location: str, status: str = "CONFIRMED") -> int:
    """A batch of +1 of each product that has ended now, or has left a minute ago."""
    row = books.connection.execute(
        b"WITH batch AS (INSERT INTO outbox_batch (shop_id, status_id, shopify_reason, idempotency_key, variables,"
        b" sent_at, finished_at) VALUES (%(shop)s, %(status)s, 'correction', gen_random_uuid(), '{}',"
        b" now() - interval '1 minute', CASE WHEN %(status)s = 'CONFIRMED' THEN clock_timestamp() END)"
        b" RETURNING outbox_batch_id), batch_row AS (INSERT INTO outbox_batch_row (outbox_batch_id, row_index,"
        b" inventory_item_id, location_id, delta, change_from_quantity, outcome) SELECT outbox_batch_id, number, item,"
        b" %(location)s, 1, 1, CASE WHEN %(status)s = 'CONFIRMED' THEN 'APPLIED' END"
        b" FROM batch, unnest(%(items)s::text[]) WITH ORDINALITY AS each (item, number))"
        b" SELECT outbox_batch_id FROM batch",
        {"shop": shop, "status": status, "location": location, "items": [item(product) for product in products]},
    ).fetchone()
    assert row is not None
    batch: int = row[0]
    return batch


def elsewhere(books: Store) -> list[Any]:
    """What is kept of the other location and the other shop, but for what is confirmed there meanwhile."""
    rows = books.connection.execute(
        b"SELECT to_jsonb(level) - 'target' - 'delta', to_jsonb(batch_row) FROM inventory_level AS level"
        b" LEFT JOIN (outbox_batch_row AS batch_row INNER JOIN outbox_batch AS batch USING (outbox_batch_id))"
        b" ON batch.shop_id = level.shop_id AND batch_row.inventory_item_id = level.inventory_item_id"
        b" AND batch_row.location_id = level.location_id WHERE (level.shop_id, level.location_id) <> (%s, %s)"
        b" AND level.product_id NOT IN (%s, 'confirmed meanwhile') ORDER BY 1, 2",
        [SHOP, ONLINE, NUMBER],
    )
    return rows.fetchall()


def send(books: Store, deltas: Mapping[str, int], sent: str, status: str) -> int:
    """A batch that has left, of each product by its delta, and by +1 at the second location; `sent` is from now."""
    with books.connection.cursor() as cursor:
        cursor.executemany(
            b"UPDATE inventory_level SET target = position + CASE WHEN location_id = %s THEN %s ELSE 1 END"
            b" WHERE product_id = %s AND shop_id = %s",
            [(ONLINE, delta, product, SHOP) for product, delta in deltas.items()],
        )
    (batch,) = planner.plan(books.connection, SHOP)
    books.connection.execute(
        b"UPDATE outbox_batch SET status_id = %s, sent_at = now() + %s::interval WHERE outbox_batch_id = %s",
        [status, sent, batch],
    )
    return batch


def order_item(books: Store, product: str, order: str, units: tuple[int, int, int], **place: str) -> None:
    """What an imported order has taken, what of it has left, and what came back."""
    books.connection.execute(
        b"INSERT INTO shopify_order_item (shop_id, order_id, inventory_item_id, location_id, taken, fulfilled,"
        b" returned) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [place.get("shop", SHOP), order, item(product), place.get("location", ONLINE), *units],
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
    before = elsewhere(books)
    found = look(books, monkeypatch, reads, meanwhile)
    assert elsewhere(books) == before
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


@dataclass(frozen=True)
class Pending:
    """A level of a batch from 10 with an unknown outcome, what it shows, and which answer explains that."""

    shows: int
    applied: bool | None
    order: Order | None = None
    imported: int = 0
    changes: tuple[Mapping[str, Any], ...] = ()
    delta: int = -2


def sold(units: int, *, created: int, updated: int | None = None, fulfilled: int = 0) -> Order:
    """An order of three units of which so many are left; its id and item come with the level it is of."""
    at = NOON + timedelta(seconds=created)
    changed = NOON + timedelta(seconds=created if updated is None else updated)
    return Order("", "#1", at, changed, (OrderItem("", ONLINE, units, fulfilled),), (OrderLine("", "", units, 3),))


TRIMMED = sold(1, created=-20, updated=20, fulfilled=1)
PENDING = {
    "applied": Pending(8, applied=True),
    "four applied": Pending(6, applied=True, delta=-4),
    "one applied": Pending(9, applied=True, delta=-1),
    "one not applied": Pending(10, applied=False, delta=-1),
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
        changes=({"shop": OTHER}, {"location": COUNTER}, {"order": "of nobody"}, {"product": "applied"}),
    ),
}  # fmt: skip


BESIDE = ("settled before", "not asked about")
"""Levels of the same batch that are no matter of the explanation."""


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
    equip(books, (*PENDING, *BESIDE, "late", "being sent", "at rest"))
    connection.execute(b"UPDATE shopify_shop SET seconds_to_arrive = 10 WHERE shop_id = %s", [OTHER])
    earlier = ended(books, SHOP, ["applied", "not applied"], ONLINE)
    deltas = {name: each.delta for name, each in PENDING.items()} | dict.fromkeys(BESIDE, -2)
    batch = send(books, deltas, "-11 minutes", "UNKNOWN")
    ended(books, OTHER, ["applied", "not applied"], ONLINE)
    connection.execute(
        b"INSERT INTO outbox_batch_row (outbox_batch_id, row_index, inventory_item_id, location_id, delta,"
        b" change_from_quantity) SELECT outbox_batch_id, row_index + 500, inventory_item_id, %s, 1, 10"
        b" FROM outbox_batch_row WHERE outbox_batch_id = %s AND location_id = %s",
        [STORE_LOCATION, batch, ONLINE],
    )
    late = send(books, {"late": -2}, "-9 minutes", "UNKNOWN")
    connection.execute(
        b"UPDATE inventory_level SET outbox_batch_id = NULL WHERE product_id = 'settled before' AND shop_id = %s"
        b" AND location_id = %s",
        [SHOP, ONLINE],
    )
    sending = send(books, {"being sent": -2, "settled before": -2}, "-11 minutes", "SENDING")
    for name, each in PENDING.items():
        if each.imported:
            order_item(books, name, name, (each.imported + 1, 0, 1))
            order_item(books, name, name, (7, 0, 0), shop=OTHER)
            for place in (COUNTER, STORE_LOCATION):
                order_item(books, name, name, (7, 0, 0), location=place)
            movement(books, name, name)
            connection.execute(
                b"UPDATE inventory_level SET position = position - %s WHERE product_id = %s AND location_id = %s"
                b" AND shop_id = %s",
                [each.imported, name, ONLINE, SHOP],
            )
    last_movement, looked_from = observation.last_order_movement(connection)
    for name, each in PENDING.items():
        for change in each.changes:
            movement(books, **({"product": name, "order": name} | dict(change)))
    before = elsewhere(books)
    told = orders_of(PENDING)
    asked: list[datetime] = []

    def updated_since(_: object, since: datetime) -> list[Order]:
        asked.append(since)
        return list(told.values())

    monkeypatch.setattr(wire, "updated_since", updated_since)
    shown = {(item(name), ONLINE): seen(each.shows) for name, each in PENDING.items()} | {
        (item(name), ONLINE): seen(8) for name in ("late", "at rest", "settled before")
    }
    shown[item("being sent"), ONLINE] = seen(5)  # as the other shop's batch would explain
    edited = (item("edited"), ONLINE)
    shown[edited] = replace(shown[edited], updated_at=(NOON + timedelta(hours=1)).isoformat())
    newer = looked_from + timedelta(hours=1)
    for name, as_of in (("applied", looked_from - timedelta(hours=1)), ("not applied", newer)):
        connection.execute(
            b"UPDATE inventory_level SET position_as_of = %s WHERE product_id = %s AND shop_id = %s"
            b" AND location_id = %s",
            [as_of, name, SHOP, ONLINE],
        )
    never_stocked = {(item("at rest"), COUNTER): replace(seen(0), updated_at="")}
    settled = hot_levels.explain(connection, SHOP, books.client, shown | never_stocked, looked_from, last_movement)
    assert elsewhere(books) == before
    decided = {name: each.applied for name, each in PENDING.items() if each.applied is not None}
    assert settled == len(decided)
    rows = connection.execute(
        b"SELECT product_id, position, outbox_batch_id FROM inventory_level WHERE shop_id = %s AND location_id = %s",
        [SHOP, ONLINE],
    ).fetchall()
    open_in = {
        "late": late,
        "being sent": sending,
        "at rest": None,
        "settled before": sending,
        "not asked about": batch,
    }
    assert {row[0]: (row[1], row[2]) for row in rows} == {name: (10, number) for name, number in open_in.items()} | {
        name: (10 - each.imported + each.delta * bool(each.applied), None if name in decided else batch)
        for name, each in PENDING.items()
    }
    known = connection.execute(
        b"SELECT product_id, position_as_of FROM inventory_level WHERE shop_id = %s AND location_id = %s"
        b" AND position_as_of IS NOT NULL",
        [SHOP, ONLINE],
    ).fetchall()
    assert dict(known) == dict.fromkeys(decided, looked_from) | {"not applied": newer}, "as of the newest look"
    outcomes = connection.execute(
        b"SELECT outbox_batch_id, inventory_item_id, outcome FROM outbox_batch_row WHERE outbox_batch_id = ANY(%s)"
        b" AND location_id = %s",
        [[earlier, batch, late, sending], ONLINE],
    ).fetchall()
    words = {True: "LOOKS_APPLIED", False: "LOOKS_NOT_APPLIED", None: None}
    assert {(row[0], row[1]): row[2] for row in outcomes} == {
        (batch, item(name)): words[each.applied] for name, each in PENDING.items()
    } | {(batch, item(name)): None for name in BESIDE} | {
        (late, item("late")): None,
        (sending, item("being sent")): None,
        (sending, item("settled before")): None,
        (earlier, item("applied")): "APPLIED",
        (earlier, item("not applied")): "APPLIED",
    }
    assert asked == [NOON - timedelta(seconds=4)], "orders that were changed before are in all of these levels"
    unknown = {level: replace(each, updated_at="") for level, each in shown.items()}
    assert hot_levels.explain(connection, SHOP, books.client, unknown, looked_from, last_movement) == 0
    assert len(asked) == 1, "nothing to ask"
