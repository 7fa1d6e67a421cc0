"""Imports Shopify's orders: by state, not by event, so that importing again changes nothing.

What an order has taken, Shopify shows already. So the same transaction that reserves the stock moves the position by
as much, and the target with it: nothing is pushed because of an order where its location is the only one concerned.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from include.db.connection import Connection
from include.db.sql import statement
from include.shopify import orders
from include.shopify.client import Client
from include.shopify.orders import Order
from include.stock import ledger, online_atp, reservations

READ_AGAIN = timedelta(minutes=5)
"""How far before the newest order seen the next import begins. The order search lags, and its clock is not ours."""


BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""How far a shop without orders has been read."""


@dataclass(frozen=True, slots=True)
class ImportedOrders:
    """What an import read, and how many order items it found changed."""

    orders: int
    movements: int


def import_orders(connection: Connection, shop_id: str, client: Client) -> ImportedOrders:
    """Bring the imported state of a shop's orders up to what Shopify says.

    Args:
        connection: Trueup's database, outside a transaction. The caller holds the shop's lock.
        shop_id: The shop.
        client: Its API.

    Raises:
        ShopifyError: The orders could not be read; nothing was changed.
    """
    row = connection.execute(b"SELECT orders_read_through FROM shopify_shop WHERE shop_id = %s", [shop_id]).fetchone()
    if row is None:
        raise LookupError(f"shop {shop_id!r} is not set up: there is no such row in shopify_shop")
    since: datetime | None = row[0]
    seen = list(orders.updated_since(client, since - READ_AGAIN if since else None))
    with connection.transaction():
        online_atp.take_turn(connection)
        ledger.open_for_posting(connection)
        movements = _apply(connection, shop_id, seen, is_first=since is None) if seen else 0
        reservations.reserve_and_issue(connection)
        ledger.post(connection, datetime.now(UTC))
        online_atp.recompute_dirty(connection)
        connection.execute(
            b"UPDATE shopify_shop SET orders_read_through = greatest(orders_read_through, %s) WHERE shop_id = %s",
            [max((order.updated_at for order in seen), default=BEGINNING), shop_id],
        )
    return ImportedOrders(len({order.order_id for order in seen}), movements)


def _apply(connection: Connection, shop_id: str, seen: list[Order], *, is_first: bool) -> int:
    """Find what has changed in the orders, and move their states and the positions by it."""
    latest = {order.order_id: order for order in sorted(seen, key=lambda order: order.updated_at)}
    connection.execute(statement(__file__, "create_seen_orders"))
    with connection.cursor() as cursor, cursor.copy(b"COPY seen_order FROM STDIN") as copy:
        for order_id in latest:
            copy.write_row((order_id,))
    with connection.cursor() as cursor, cursor.copy(b"COPY seen_order_item FROM STDIN") as copy:
        for order in latest.values():
            for item in order.items:
                copy.write_row((order.order_id, item.inventory_item_id, item.location_id, item.taken, item.fulfilled))
    with connection.cursor() as cursor, cursor.copy(b"COPY seen_order_line FROM STDIN") as copy:
        for order in latest.values():
            for line in order.lines:
                named = (order.order_id, order.name, line.line_item_id, line.number)
                copy.write_row((*named, line.inventory_item_id, line.quantity))
    shop = {"shop_id": shop_id}
    connection.execute(statement(__file__, "keep_order_lines"), shop)
    if is_first:
        connection.execute(statement(__file__, "baseline_orders"), shop)
    movements = connection.execute(statement(__file__, "difference_orders"), shop).rowcount
    if movements:
        connection.execute(statement(__file__, "keep_order_items"), shop)
        connection.execute(statement(__file__, "move_completions"), shop)
        connection.execute(statement(__file__, "move_positions"), shop)
    return movements
