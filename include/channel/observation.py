"""Finds out what Shopify really shows, and rebases positions on it only where that proves something.

An unknown outcome is never sent again: a sale may have brought the level back to `changeFromQuantity`, and a resend
would be applied twice. Instead: wait until the request can no longer arrive; import orders; read the levels; let the
order search catch up; import orders again; read the levels again. Where nothing has moved between the two reads and the
second import brought nothing, no order was unseen at the first read: what it showed is the position. (An order that was
placed before the first read and cancelled since shows in no import, but it moves the level.) Other levels wait for the
next round.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from include.channel import orders
from include.db.connection import Connection
from include.db.sql import statement
from include.shopify import inventory
from include.shopify.client import Client
from include.shopify.inventory import Seen
from include.stock import online_atp

logger = logging.getLogger(__name__)

Level = tuple[str, str]
"""Inventory item id and location id."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which a request sent can no longer arrive, and seconds by which the order search may lag."""

    seconds_to_arrive: float
    order_search_lag: float


@dataclass(frozen=True, slots=True)
class Settlement:
    """Levels observed, and how many of them were settled. The others are still moving."""

    observed: int
    settled: int


def settle(
    connection: Connection,
    shop_id: str,
    client: Client,
    sleep: Callable[[float], None] = time.sleep,
) -> Settlement:
    """Settle all batches of a shop with an unknown outcome, and see levels that were never seen.

    Args:
        connection: Trueup's database, outside a transaction. The caller holds the shop's lock.
        shop_id: The shop.
        client: Its API.
        sleep: How to wait; replaced in tests.

    Raises:
        ShopifyError: Shopify could not be read; nothing was settled.
    """
    patience = _patience(connection, shop_id)
    _wait_until_ripe(connection, shop_id, patience, sleep)
    rows = connection.execute(
        statement(__file__, "select_unsettled"),
        {"shop_id": shop_id, "seconds_to_arrive": patience.seconds_to_arrive},
    )
    levels: list[Level] = [(row[0], row[1]) for row in rows]
    if not levels:
        return Settlement(0, 0)
    orders.import_orders(connection, shop_id, client)
    last_movement = _last_movement(connection)
    first = read_levels(client, levels)
    sleep(patience.order_search_lag)
    orders.import_orders(connection, shop_id, client)
    second = read_levels(client, levels)
    gone = [level for level in levels if level not in second]
    still = {level: seen.available for level, seen in second.items() if first.get(level) == seen}
    settled = _rebase(connection, shop_id, still, gone, last_movement)
    if gone:
        logger.error("not in Shopify, put into quarantine: %s", gone)
    if settled + len(gone) < len(levels):
        logger.warning("%s levels keep moving; the next round looks again", len(levels) - settled - len(gone))
    return Settlement(len(levels), settled)


def read_levels(client: Client, levels: list[Level]) -> dict[Level, Seen]:
    """Read what Shopify shows at given levels; items that are not in Shopify are left out."""
    by_location: dict[str, list[str]] = defaultdict(list)
    for item, location in levels:
        by_location[location].append(item)
    return {
        (item, location): seen
        for location, items in by_location.items()
        for item, seen in inventory.seen_at(client, location, items).items()
    }


def _rebase(
    connection: Connection, shop_id: str, available: dict[Level, int], gone: list[Level], last_movement: int
) -> int:
    with connection.transaction():
        online_atp.take_turn(connection)
        connection.execute(
            statement(__file__, "quarantine_missing"),
            {
                "shop_id": shop_id,
                "items": [item for item, _ in gone],
                "locations": [location for _, location in gone],
            },
        )
        settled = connection.execute(
            statement(__file__, "rebase_positions"),
            {
                "shop_id": shop_id,
                "items": [item for item, _ in available],
                "locations": [location for _, location in available],
                "available": list(available.values()),
                "last_movement": last_movement,
            },
        ).rowcount
        connection.execute(statement(__file__, "close_settled"), {"shop_id": shop_id})
    return settled


def _wait_until_ripe(connection: Connection, shop_id: str, patience: Patience, sleep: Callable[[float], None]) -> None:
    row = connection.execute(
        statement(__file__, "seconds_until_ripe"),
        {"shop_id": shop_id, "seconds_to_arrive": patience.seconds_to_arrive},
    ).fetchone()
    seconds: float | None = row[0] if row else None
    if seconds is not None and seconds > 0:
        logger.info("waiting %.0f s until no request with an unknown outcome can still arrive", seconds)
        sleep(seconds)


def _patience(connection: Connection, shop_id: str) -> Patience:
    row = connection.execute(
        b"SELECT seconds_to_arrive, order_search_lag FROM shopify_shop WHERE shop_id = %s", [shop_id]
    ).fetchone()
    if row is None:
        raise LookupError(f"shop {shop_id!r} is not set up: there is no such row in shopify_shop")
    return Patience(*row)


def _last_movement(connection: Connection) -> int:
    row = connection.execute(
        b"SELECT coalesce(max(shopify_order_movement_id), 0) FROM shopify_order_movement"
    ).fetchone()
    assert row is not None
    last: int = row[0]
    return last
