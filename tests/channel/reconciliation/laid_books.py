"""Books laid row by row: levels, batches and orders of two shops, as a look or an explanation finds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from include.channel.planning import planner
from include.shopify.inventory import Seen
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OTHER = "other"
COUNTER = "gid://shopify/Location/60000000001"
"""Sorted before the location that is looked at."""


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


def elsewhere(books: Store, *but: str) -> list[Any]:
    """What is kept of the other location and the other shop, but for some products."""
    rows = books.connection.execute(
        b"SELECT to_jsonb(level) - 'target' - 'delta', to_jsonb(batch_row) FROM inventory_level AS level"
        b" LEFT JOIN (outbox_batch_row AS batch_row INNER JOIN outbox_batch AS batch USING (outbox_batch_id))"
        b" ON batch.shop_id = level.shop_id AND batch_row.inventory_item_id = level.inventory_item_id"
        b" AND batch_row.location_id = level.location_id WHERE (level.shop_id, level.location_id) <> (%s, %s)"
        b" AND level.product_id <> ALL(%s) ORDER BY 1, 2",
        [SHOP, ONLINE, list(but)],
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
