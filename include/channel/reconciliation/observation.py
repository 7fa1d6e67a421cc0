"""Finds out what Shopify really shows, and rebases positions on it only where that proves something.

An unknown outcome is never sent again: a sale may have brought the level back to `changeFromQuantity`, and a resend
would be applied twice. Instead: wait until the request can no longer arrive; import orders; read the levels; let the
order search catch up; import orders again; read the levels again. Where nothing has moved between the two reads and the
second import brought nothing, no order was unseen at the first read: what it showed is the position. (An order that was
placed before the first read and cancelled since shows in no import, but it moves the level.) Where orders never pause,
an unknown outcome is settled by explanation, see `hot_levels`. Other levels wait for the next round.

Levels whose `committed` is not what the imported orders say wait as well: somewhere is an order that was not imported.
That they agree proves nothing by itself, as a sale at a till never shows there.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from include.channel.order_import import orders
from include.channel.reconciliation import hot_levels
from include.db.connection import Connection
from include.db.sql import statement
from include.shopify import inventory
from include.shopify.client import Client
from include.shopify.inventory import MOST_ROWS, Seen
from include.stock.atp import online_atp

logger = logging.getLogger(__name__)

Level = tuple[str, str]
"""Inventory item id and location id."""

LEVELS_AT_A_TIME = 20_000
"""Levels between two imports of orders: 160 calls in all, and some megabytes."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds after which a request sent can no longer arrive, and seconds by which the order search may lag."""

    seconds_to_arrive: float
    order_search_lag: float


@dataclass(frozen=True, slots=True)
class Settlement:
    """Levels observed, and what was found: settled, still moving or waiting for an order, not in Shopify.

    `explained` are those of the settled ones that were never seen at rest.
    """

    observed: int = 0
    settled: int = 0
    waiting: int = 0
    gone: int = 0
    explained: int = 0

    def __add__(self, other: "Settlement") -> "Settlement":
        """Both together."""
        return Settlement(
            self.observed + other.observed,
            self.settled + other.settled,
            self.waiting + other.waiting,
            self.gone + other.gone,
            self.explained + other.explained,
        )


def settle(
    connection: Connection,
    shop_id: str,
    client: Client,
    sleep: Callable[[float], None] = time.sleep,
) -> Settlement:
    """Settle all batches of a shop with an unknown outcome, and see levels that were never seen.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        client: Its API.
        sleep: How to wait; replaced in tests.

    Raises:
        ShopifyError: Shopify could not be read. What was settled by then stays, the rest is looked at again.
    """
    patience = patience_of(connection, shop_id)
    wait_until_ripe(connection, shop_id, sleep)
    _close_settled(connection, shop_id)  # by a process that died there, rows were settled and their batch was not
    rows = connection.execute(
        statement(__file__, "select_unsettled"),
        {"shop_id": shop_id, "seconds_to_arrive": patience.seconds_to_arrive},
    )
    levels: list[Level] = [(row[0], row[1]) for row in rows]
    if not levels:
        return Settlement()
    observation_id = begin(connection, shop_id, "SETTLE")
    total = Settlement()
    for first in range(0, len(levels), LEVELS_AT_A_TIME):
        part = levels[first : first + LEVELS_AT_A_TIME]
        total += observe(connection, shop_id, client, part, observation_id, sleep)
    return total


def begin(connection: Connection, shop_id: str, purpose: str, run_id: str | None = None) -> int:
    """Note that a shop is being looked at.

    Args:
        connection: Trueup's database.
        shop_id: The shop.
        purpose: `SETTLE`, `RECENT_CHANGES`, `HARD_SYNC` or `WEBHOOK`.
        run_id: The run that looks, if any.

    Returns:
        The id of the observation, under which its drift is reported.
    """
    row = connection.execute(
        b"INSERT INTO inventory_observation (shop_id, purpose, run_id) VALUES (%s, %s, %s)"
        b" RETURNING inventory_observation_id",
        [shop_id, purpose, run_id],
    ).fetchone()
    assert row is not None
    observation_id: int = row[0]
    return observation_id


def observe(
    connection: Connection,
    shop_id: str,
    client: Client,
    levels: list[Level],
    observation_id: int,
    sleep: Callable[[float], None] = time.sleep,
) -> Settlement:
    """Look at some levels, take over what they show where nothing unseen can hide in it, and note each drift.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        client: Its API.
        levels: The levels, each once.
        observation_id: What `begin` has returned; several calls may share it.
        sleep: How to wait; replaced in tests.

    Raises:
        ShopifyError: Shopify could not be read; nothing was taken over.
    """
    patience = patience_of(connection, shop_id)
    orders.import_orders(connection, shop_id, client)
    last_movement, looked_from = last_order_movement(connection)
    first = read_levels(client, levels)
    sleep(patience.order_search_lag)
    orders.import_orders(connection, shop_id, client)
    second = read_levels(client, levels)
    with connection.transaction():
        online_atp.take_turn(connection)
        _stage(connection, levels, first, second)
        parameters = {
            "shop_id": shop_id,
            "observation_id": observation_id,
            "last_movement": last_movement,
            "looked_from": looked_from,
            "seconds_to_arrive": patience.seconds_to_arrive,
        }
        connection.execute(statement(__file__, "judge_levels"), parameters)
        connection.execute(statement(__file__, "note_drift"), parameters)
        connection.execute(statement(__file__, "rebase_positions"), parameters)
        found = connection.execute(statement(__file__, "count_judged"), parameters).fetchone()
    assert found is not None
    settled, waiting, gone = found
    explained = hot_levels.explain(connection, shop_id, client, first, looked_from, last_movement) if waiting else 0
    _close_settled(connection, shop_id)
    if gone:
        logger.error("shop %s: %s levels are of items that are not in Shopify: put into quarantine", shop_id, gone)
    if waiting > explained:
        logger.info(
            "shop %s: %s levels keep moving or have orders not seen; the next round looks again",
            shop_id,
            waiting - explained,
        )
    return Settlement(len(levels), settled + explained, waiting - explained, gone, explained)


def _close_settled(connection: Connection, shop_id: str) -> None:
    """Close the batches with an unknown outcome all of whose rows are settled."""
    connection.execute(statement(__file__, "close_settled"), {"shop_id": shop_id})


def read_levels(client: Client, levels: list[Level]) -> dict[Level, Seen]:
    """Read what Shopify shows at given levels; items that are not in Shopify are left out."""
    by_location: dict[str, list[str]] = defaultdict(list)
    for item, location in levels:
        by_location[location].append(item)
    pages = (
        (location, items[first : first + MOST_ROWS])
        for location, items in by_location.items()
        for first in range(0, len(items), MOST_ROWS)
    )
    return {(item, location): seen for item, location, seen in inventory.seen_at(client, pages)}


def _stage(connection: Connection, levels: list[Level], first: dict[Level, Seen], second: dict[Level, Seen]) -> None:
    """Put what was seen into the temporary table `seen_level`. Items that are not in Shopify show nothing."""
    connection.execute(statement(__file__, "create_seen_level"))
    with connection.cursor() as cursor, cursor.copy(b"COPY seen_level FROM STDIN") as copy:
        for item, location in levels:
            seen = second.get((item, location))
            if seen is None:
                copy.write_row((item, location, None, None, None, None, None, None, True))
                continue
            is_still = first.get((item, location)) == seen
            told = (seen.is_active, seen.tracked, seen.sku, seen.updated_at or None, is_still)
            copy.write_row((item, location, seen.available, seen.committed, *told))


def wait_until_ripe(connection: Connection, shop_id: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until no request with an unknown outcome can still arrive. Needs no lock, and is best done without it.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        sleep: How to wait; replaced in tests.
    """
    patience = patience_of(connection, shop_id)
    row = connection.execute(
        statement(__file__, "seconds_until_ripe"),
        {"shop_id": shop_id, "seconds_to_arrive": patience.seconds_to_arrive},
    ).fetchone()
    assert row is not None
    if seconds := row[0]:
        logger.info("waiting %.0f s until no request with an unknown outcome can still arrive", seconds)
        sleep(seconds)


def patience_of(connection: Connection, shop_id: str) -> Patience:
    """How long a shop's requests may be on their way, and how far its order search may lag."""
    row = connection.execute(
        b"SELECT seconds_to_arrive, order_search_lag FROM shopify_shop WHERE shop_id = %s", [shop_id]
    ).fetchone()
    if row is None:
        raise LookupError(f"shop {shop_id!r} is not set up: there is no such row in shopify_shop")
    return Patience(*row)


def last_order_movement(connection: Connection) -> tuple[int, datetime]:
    """The id of the last order movement that was imported, and the database's time."""
    row = connection.execute(
        b"SELECT coalesce(max(shopify_order_movement_id), 0), clock_timestamp() FROM shopify_order_movement"
    ).fetchone()
    assert row is not None
    return row[0], row[1]
