"""How a look at levels goes: at which of them, in what parts, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from include.channel.order_import import orders
from include.channel.reconciliation import hot_levels, observation
from include.channel.reconciliation.observation import Level, Settlement
from include.db.sql import statement
from include.shopify import inventory
from include.shopify.inventory import MOST_ROWS, Seen
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.world import ONLINE, SHOP

OTHER = "other"
SECONDS_TO_ARRIVE = 600
PRODUCTS = {
    "never seen": (5, None, None, None),
    "never seen, and Shopify's": (None, None, None, None),
    "never seen, and odd": (5, None, None, "odd"),
    "never seen, and may still arrive": (5, None, "LATE", None),
    "never seen, and may not arrive any more": (5, None, "UNKNOWN", None),
    "seen": (5, 4, None, None),
    "seen, and may still arrive": (5, 4, "LATE", None),
    "seen, and may not arrive any more": (5, 4, "UNKNOWN", None),
    "seen, and being sent": (5, 4, "SENDING", None),
    "Shopify's, and may not arrive any more": (None, 4, "UNKNOWN", None),
}
"""Levels by target, position, batch and reason for quarantine. `LATE` has left nine minutes ago, the others eleven."""

UNSETTLED = {
    "never seen", "never seen, and may not arrive any more", "seen, and may not arrive any more",
    "Shopify's, and may not arrive any more",
}  # fmt: skip


def show(available: int) -> Seen:
    return Seen(available, 0, "", is_active=True, tracked=True, sku="")


@pytest.fixture
def shops(books: Store) -> Store:
    """Levels of each kind in two shops."""
    connection = books.connection
    books.equip({})
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES (%s, 'o.myshopify.com', 'o')",
        [OTHER],
    )
    connection.execute(b"UPDATE shopify_shop SET seconds_to_arrive = %s, order_search_lag = 7", [SECONDS_TO_ARRIVE])
    with connection.cursor() as cursor:
        cursor.executemany(
            b"INSERT INTO outbox_batch (shop_id, status_id, idempotency_key, variables, message, sent_at)"
            b" VALUES (%s, %s, gen_random_uuid(), '{}', %s, now() - %s::interval)",
            [
                (shop, "UNKNOWN" if kind == "LATE" else kind, kind, sent)
                for shop in (SHOP, OTHER)
                for kind, sent in (("UNKNOWN", "11 minutes"), ("LATE", "9 minutes"), ("SENDING", "11 minutes"))
            ],
        )
        cursor.executemany(
            b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position,"
            b" outbox_batch_id, quarantine_reason) VALUES (%(shop)s::text, %(item)s, %(location)s, 'P', %(target)s,"
            b" %(position)s, (SELECT outbox_batch_id FROM outbox_batch WHERE shop_id = %(shop)s::text"
            b" AND message = %(batch)s), %(reason)s)",
            [
                {"shop": shop, "item": f"{shop}/{name}", "location": ONLINE, "target": target, "position": position,
                 "batch": batch, "reason": reason}
                for shop in (SHOP, OTHER)
                for name, (target, position, batch, reason) in PRODUCTS.items()
            ],
        )  # fmt: skip
    connection.execute(
        b"INSERT INTO outbox_batch_row (outbox_batch_id, row_index, inventory_item_id, location_id, delta,"
        b" change_from_quantity) SELECT outbox_batch_id, row_number() OVER (), inventory_item_id, location_id, 1, 4"
        b" FROM inventory_level WHERE outbox_batch_id IS NOT NULL"
    )
    return books


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Looks at levels that do nothing but note their items."""
    noted: list[list[str]] = []

    def observe(_connection: object, _shop: object, _client: object, levels: list[Level], *_: object) -> Settlement:
        noted.append([name.removeprefix(f"{SHOP}/") for name, _ in levels])
        return Settlement(observed=len(levels), settled=1)

    monkeypatch.setattr(observation, "observe", observe)
    return noted


def settle(books: Store) -> tuple[Settlement, list[float]]:
    """What a settlement has found, and for how long it has waited."""
    waits: list[float] = []
    return observation.settle(books.connection, SHOP, books.client, waits.append), waits


def test_a_settlement_looks_once_at_what_was_never_seen_and_at_what_cannot_arrive_any_more(
    shops: Store, looks: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation, "LEVELS_AT_A_TIME", 3)
    found, (waited,) = settle(shops)
    assert [len(part) for part in looks] == [3, 1]
    names = [name for part in looks for name in part]
    assert sorted(names) == sorted(UNSETTLED)
    assert found == Settlement(observed=4, settled=2)
    assert 0 < waited <= 60, "until the one that left nine minutes ago may not arrive any more either"


def test_a_settlement_of_nothing_looks_at_nothing_and_leaves_no_trace(shops: Store, looks: list[list[str]]) -> None:
    shops.connection.execute(
        b"UPDATE inventory_level SET position = 5, outbox_batch_id = NULL WHERE shop_id = %s", [SHOP]
    )
    shops.connection.execute(b"UPDATE outbox_batch SET sent_at = now() - interval '1 day'")
    (before,) = shops.connection.execute(b"SELECT count(*) FROM inventory_observation").fetchall()[0]
    assert settle(shops) == (Settlement(), [])
    assert looks == []
    assert shops.connection.execute(b"SELECT count(*) FROM inventory_observation").fetchone() == (before,)


def test_a_shop_that_is_not_set_up_is_named(books: Store) -> None:
    with pytest.raises(LookupError, match="shop 'demo' is not set up: there is no such row in shopify_shop"):
        observation.patience_of(books.connection, SHOP)


def test_what_two_looks_have_found_adds_up() -> None:
    assert Settlement(1, 2, 3, 4, 5) + Settlement(10, 20, 30, 40, 50) == Settlement(11, 22, 33, 44, 55)


def test_levels_are_read_location_by_location_and_250_at_a_time(monkeypatch: pytest.MonkeyPatch, books: Store) -> None:
    asked: list[tuple[str, int]] = []

    def seen_at(_: object, pages: Iterable[tuple[str, list[str]]]) -> Iterator[tuple[str, str, Seen]]:
        for location, items in pages:
            asked.append((location, len(items)))
            yield from ((each, location, show(5)) for each in items if each != "gone")

    monkeypatch.setattr(inventory, "seen_at", seen_at)
    levels = [(str(number), ONLINE) for number in range(2 * MOST_ROWS)] + [
        ("1", STORE_LOCATION),
        ("gone", STORE_LOCATION),
    ]
    assert observation.read_levels(books.client, levels) == {level: show(5) for level in levels[:-1]}
    assert asked == [(ONLINE, MOST_ROWS), (ONLINE, MOST_ROWS), (STORE_LOCATION, 2)]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a look does outside, in turn, under `done`; and what is shown, by `reads`, and what can be `explained`."""
    told: dict[str, Any] = {"done": [], "reads": [], "explained": 0}

    def import_orders(*_: object) -> None:
        told["done"].append("import")

    def read_levels(*_: object) -> dict[Level, Seen]:
        told["done"].append("read")
        shown: dict[Level, Seen] = told["reads"].pop(0)
        return shown

    def explain(*_: object) -> int:
        told["done"].append("explain")
        explained: int = told["explained"]
        return explained

    monkeypatch.setattr(orders, "import_orders", import_orders)
    monkeypatch.setattr(observation, "read_levels", read_levels)
    monkeypatch.setattr(hot_levels, "explain", explain)
    return told


def look(books: Store, wire: dict[str, Any], *reads: dict[str, int]) -> Settlement:
    """Look at five levels of which our books say 10."""
    wire["reads"] = [{(item(product), ONLINE): show(shown) for product, shown in read.items()} for read in reads]
    wire["done"].clear()

    def sleep(seconds: float) -> None:
        wire["done"].append(f"wait for {seconds:g}")

    return observation.observe(
        books.connection,
        SHOP,
        books.client,
        [(item(product), ONLINE) for product in "ABCDE"],
        observation.begin(books.connection, SHOP, "HARD_SYNC"),
        sleep,
    )


def test_what_waits_may_be_explained_and_nothing_else_is_asked_about(books: Store, wire: dict[str, Any]) -> None:
    books.equip(dict.fromkeys("ABCDE", 10))
    books.connection.execute(b"UPDATE shopify_shop SET order_search_lag = 7")
    still = dict.fromkeys("ABCDE", 11)
    assert look(books, wire, still, still) == Settlement(observed=5, settled=5)
    steps = ["import", "read", "wait for 7", "import", "read"]
    assert wire["done"] == steps
    wire["explained"] = 2
    found = look(books, wire, dict.fromkeys("ABCDE", 12), {"A": 12, "B": 13, "C": 13, "D": 13})
    assert found == Settlement(observed=5, settled=1 + 2, waiting=3 - 2, gone=1, explained=2)
    assert wire["done"] == [*steps, "explain"]


MOVEMENTS = [
    ("sold twice", 2, 0), ("sold twice", 1, 0), ("given back", 0, 1), ("sold and given back", 2, 1),
    ("sold, and not given back after all", 1, -1), ("sold and cancelled", 2, 0), ("sold and cancelled", -2, 0),
    ("never seen", 1, 0),
]  # fmt: skip
MOVED = {
    "sold twice": 7, "sold, and not given back after all": 8,
    "given back": 11, "sold and given back": 9, "sold and cancelled": 10, "never seen": None,
    "at rest": 10,
}  # fmt: skip
"""What our books say afterwards of levels that showed 10."""


def test_the_position_follows_what_orders_take_and_give_back(books: Store) -> None:
    books.equip(dict.fromkeys(MOVED, 10))
    connection = books.connection
    connection.execute(b"UPDATE inventory_level SET position = NULL WHERE product_id = 'never seen'")
    connection.execute(
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id) VALUES (%s, 'o.myshopify.com', 'o')",
        [OTHER],
    )
    connection.execute(
        b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position)"
        b" SELECT each.shop_id, inventory_item_id, each.location_id, product_id, 5, 4 FROM inventory_level"
        b" CROSS JOIN (VALUES (%s, %s), (%s, %s)) AS each (shop_id, location_id)",
        [SHOP, STORE_LOCATION, OTHER, ONLINE],
    )
    with connection.transaction():
        connection.execute(statement(orders.__file__, "create_seen_orders"))
        with connection.cursor() as cursor:
            cursor.executemany(
                b"INSERT INTO order_movement VALUES ('1', %s, %s, %s, 0, %s)",
                [(item(product), ONLINE, taken, returned) for product, taken, returned in MOVEMENTS],
            )
        connection.execute(statement(orders.__file__, "move_positions"), {"shop_id": SHOP})
    rows = connection.execute(
        b"SELECT product_id, position FROM inventory_level WHERE (shop_id, location_id) = (%s, %s)", [SHOP, ONLINE]
    )
    assert dict(rows.fetchall()) == MOVED
    beside = connection.execute(
        b"SELECT DISTINCT position FROM inventory_level WHERE (shop_id, location_id) <> (%s, %s)", [SHOP, ONLINE]
    )
    assert beside.fetchall() == [(4,)]
