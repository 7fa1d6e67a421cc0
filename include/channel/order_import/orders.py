"""Imports Shopify's orders: by state, not by event, so that importing again changes nothing.

What an order has taken, Shopify shows already. So the same transaction that reserves the stock moves the position by
as much, and the target with it: nothing is pushed because of an order where its location is the only one concerned.

Orders are taken in pages, a transaction each, in the order of their changes: what the watermark has passed is
committed. An order of which the search hears late lies behind it; so each import compares the versions of all orders
changed in the last day with those imported, and looks up what differs (docs/adr/0015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from include.db.connection import Connection, exclusive
from include.db.sql import statement
from include.shopify import orders
from include.shopify.client import Client
from include.shopify.orders import ChangedOrder, Order
from include.stock import ledger
from include.stock.atp import online_atp
from include.stock.orders import reservations

COMPARED = timedelta(days=1)
"""How far before the newest change imported the comparison of versions begins. 250 orders cost 13 points."""

READ_AGAIN = timedelta(minutes=5)
"""How far before it orders are looked up even if their version is known: changes may bear the same second."""

SECONDS_FOR_THE_LOCK = 60.0
"""How long an import waits for another one of the same shop. A version of an order must not overwrite a newer one."""

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""How far a shop without orders has been read."""


@dataclass(frozen=True, slots=True)
class ImportedOrders:
    """What an import looked up, and how many order items it found changed."""

    orders: int
    movements: int


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a shop's orders were imported before: all of them, or in a first import that was broken off."""

    read_through: datetime | None
    first_read_through: datetime | None

    @property
    def is_first(self) -> bool:
        return self.read_through is None

    @property
    def since(self) -> datetime | None:
        if self.read_through is not None:
            return max(BEGINNING, self.read_through) - COMPARED
        return self.first_read_through - READ_AGAIN if self.first_read_through else None

    @property
    def again_from(self) -> datetime:
        """From when on orders are looked up whatever their version."""
        return (self.read_through or self.first_read_through or BEGINNING) - READ_AGAIN


def import_orders(connection: Connection, shop_id: str, client: Client) -> ImportedOrders:
    """Bring the imported state of a shop's orders up to what Shopify says.

    All orders that the search knows of when it is called are imported when it returns. After a failure, what was
    committed stays, and the next import goes on from there.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        client: Its API.

    Raises:
        LockedElsewhere: Another import of the shop's orders takes longer than is worth waiting for.
        ShopifyError: The orders could not be read.
    """
    with exclusive(connection, f"orders of {shop_id}", SECONDS_FOR_THE_LOCK):
        return _import_all(connection, shop_id, client)


def _import_all(connection: Connection, shop_id: str, client: Client) -> ImportedOrders:
    progress = _progress(connection, shop_id)
    looked_up = movements = 0
    newest = progress.first_read_through or BEGINNING
    for page in orders.changed_since(client, progress.since):
        wanted = _changed(connection, shop_id, page, progress.again_from)
        seen = list(orders.read(client, wanted))
        newest = max([newest, *(changed.updated_at for changed in page)])
        if seen:
            looked_up += len(seen)
            movements += _import(connection, shop_id, seen, newest, is_first=progress.is_first)
    _finish(connection, shop_id, newest)
    return ImportedOrders(looked_up, movements)


def _progress(connection: Connection, shop_id: str) -> _Progress:
    row = connection.execute(
        b"SELECT orders_read_through, first_orders_read_through FROM shopify_shop WHERE shop_id = %s", [shop_id]
    ).fetchone()
    if row is None:
        raise LookupError(f"shop {shop_id!r} is not set up: there is no such row in shopify_shop")
    return _Progress(*row)


def _changed(connection: Connection, shop_id: str, page: Sequence[ChangedOrder], again_from: datetime) -> list[str]:
    rows = connection.execute(
        statement(__file__, "select_changed_orders"),
        {
            "shop_id": shop_id,
            "order_ids": [changed.order_id for changed in page],
            "updated_at": [changed.updated_at for changed in page],
            "again_from": again_from,
        },
    )
    return [row[0] for row in rows]


def _import(connection: Connection, shop_id: str, seen: Sequence[Order], newest: datetime, *, is_first: bool) -> int:
    """Import the orders of one page, and note that all before the newest change of it are imported."""
    note = (
        b"UPDATE shopify_shop SET first_orders_read_through = greatest(first_orders_read_through, %s)"
        b" WHERE shop_id = %s"
        if is_first
        else b"UPDATE shopify_shop SET orders_read_through = greatest(orders_read_through, %s) WHERE shop_id = %s"
    )
    with connection.transaction():
        online_atp.take_turn(connection)
        ledger.open_for_posting(connection)
        movements = _apply(connection, shop_id, seen, is_first=is_first)
        _post(connection)
        connection.execute(note, [newest, shop_id])
    return movements


def _finish(connection: Connection, shop_id: str, newest: datetime) -> None:
    """Reserve what was imported before and could not be reserved then; note that the import has come to its end."""
    with connection.transaction():
        online_atp.take_turn(connection)
        ledger.open_for_posting(connection)
        _post(connection)
        connection.execute(
            b"UPDATE shopify_shop SET orders_read_through = greatest(orders_read_through, %s),"
            b" first_orders_read_through = NULL WHERE shop_id = %s",
            [newest, shop_id],
        )


def _post(connection: Connection) -> None:
    reservations.reserve_and_issue(connection)
    ledger.post(connection, datetime.now(UTC))
    online_atp.recompute_dirty(connection)


def _apply(connection: Connection, shop_id: str, seen: Sequence[Order], *, is_first: bool) -> int:
    """Find what has changed in the orders, and move their states and the positions by it."""
    shop = {"shop_id": shop_id}
    known: dict[str, datetime] = dict(
        connection.execute(
            b"SELECT order_id, updated_at FROM shopify_order WHERE shop_id = %s AND order_id = ANY(%s)",
            [shop_id, [order.order_id for order in seen]],
        ).fetchall()
    )
    _stage(
        connection,
        [order for order in seen if order.updated_at >= known.get(order.order_id, order.updated_at)],
        baseline={order.order_id for order in seen if is_first and order.order_id not in known},
    )
    connection.execute(statement(__file__, "keep_orders"), shop)
    connection.execute(statement(__file__, "keep_order_lines"), shop)
    connection.execute(statement(__file__, "baseline_orders"), shop)
    movements = connection.execute(statement(__file__, "difference_orders"), shop).rowcount
    if movements:
        connection.execute(b"ANALYZE order_movement")
        connection.execute(statement(__file__, "keep_order_items"), shop)
        connection.execute(statement(__file__, "move_completions"), shop)
        connection.execute(statement(__file__, "move_positions"), shop)
    return movements


def _stage(connection: Connection, seen: Sequence[Order], baseline: set[str]) -> None:
    """Put the orders into temporary tables. Of those in `baseline`, what has left or come back is left out of stock."""
    connection.execute(statement(__file__, "create_seen_orders"))
    with connection.cursor() as cursor, cursor.copy(b"COPY seen_order FROM STDIN") as copy:
        for order in seen:
            is_baseline = order.order_id in baseline
            copy.write_row((order.order_id, order.name, order.processed_at, order.updated_at, is_baseline))
    with connection.cursor() as cursor, cursor.copy(b"COPY seen_order_item FROM STDIN") as copy:
        for order in seen:
            for item in order.items:
                place = (order.order_id, item.inventory_item_id, item.location_id)
                copy.write_row((*place, item.taken, item.fulfilled, item.returned, item.returned_at))
    with connection.cursor() as cursor, cursor.copy(b"COPY seen_order_line FROM STDIN") as copy:
        for order in seen:
            for line in order.lines:
                named = (order.order_id, order.name, line.line_item_id, line.number)
                copy.write_row((*named, line.inventory_item_id, line.quantity))
