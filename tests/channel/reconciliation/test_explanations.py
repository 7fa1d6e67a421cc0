"""What explains a level whose batch has an unknown outcome, by the orders that touched it: all cases at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from include.channel.reconciliation import hot_levels, observation
from include.shopify import orders as wire
from include.shopify.order_state import OrderItem, OrderLine
from include.shopify.orders import Order
from tests.channel.reconciliation.laid_books import (
    COUNTER,
    NOON,
    OTHER,
    elsewhere,
    ended,
    equip,
    movement,
    order_item,
    seen,
    send,
)
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP


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
    before = elsewhere(books, "confirmed meanwhile")
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
    assert elsewhere(books, "confirmed meanwhile") == before
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
