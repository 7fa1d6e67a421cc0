"""Where Shopify is master: what its levels show, as a reset file for the data manager.

A file speaks of one moment, and an order that Shopify has counted and Trueup imports later would be counted twice. So
orders are imported before that moment and once more after the read, and a level is left out that an order has touched
in between, or where Shopify has committed something else than the imported orders say. The next file has it.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.channel.from_shopify import inbox
from include.channel.order_import import orders
from include.channel.reconciliation import comparison, observation
from include.db.connection import Connection
from include.db.sql import statement
from include.errors import NeedsAction
from include.shopify.bulk_query import ExportedLevel
from include.shopify.client import Client

LONGEST_LEFT_OUT = timedelta(days=1)
"""How long a message waits for its level to come to rest; the daily file reads all of them anyway."""

SILENT = (
    "the item is gone from Shopify, not counted there, or not mapped to a product: nothing can be said of its level"
)
LEFT_OUT = (
    "for a day orders have touched the level whenever it was read, or Shopify has committed something else than the"
    " imported orders say; sync_inventory_from_shopify reads it again. If it stays: grant the app read_all_orders"
)


class NotOneToOne(NeedsAction):
    """Shopify is to be master of a location that is not one store or warehouse."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment that a file speaks of, and the last order movement that was imported before it."""

    at: datetime
    last_movement: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file: its name, its content as CSV, how many rows it has, and how many levels were left out for the next one.

    The content is read from the database as it is written, once.
    """

    file_name: str
    blocks: Iterator[bytes]
    rows: int
    left_out: int


def facilities(connection: Connection, shop_id: str) -> dict[str, str]:
    """The locations of a shop where Shopify is master, each with its facility.

    Raises:
        NotOneToOne: A location is not mapped to one store or warehouse, so nothing can be said of a facility.
    """
    found: dict[str, str] = {}
    for location_id, facility_id, facility_type_id, others in connection.execute(
        statement(__file__, "select_master_locations"), {"shop_id": shop_id}
    ):
        if facility_type_id not in ("WAREHOUSE", "RETAIL_STORE") or others:
            raise NotOneToOne(
                f"shop {shop_id}, location {location_id}: inventory_master is SHOPIFY, so it must show one store or"
                f" warehouse, and its orders reserve there; it is mapped to {facility_id} ({facility_type_id})"
                f" and {others} other facilities. Correct inventory_channel, or set inventory_master to OMS"
            )
        found[location_id] = facility_id
    return found


def before(connection: Connection, shop_id: str, client: Client) -> Moment:
    """Import the orders, and name the moment of which what is read next will speak.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        client: Its API.
    """
    orders.import_orders(connection, shop_id, client)
    last_movement, now = observation.last_order_movement(connection)
    # File names carry whole seconds: the next one, so that the orders just imported lie before it.
    return Moment(now.replace(microsecond=0) + timedelta(seconds=1), last_movement)


def snapshot(
    connection: Connection,
    shop_id: str,
    client: Client,
    moment: Moment,
    mapped: Mapping[str, str],
    exported: Iterable[ExportedLevel],
    sleep: Callable[[float], None] = time.sleep,
) -> Snapshot:
    """Turn levels that were read since a moment into the rows of a reset file.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        client: Its API.
        moment: What `before` has returned.
        mapped: What `facilities` has returned.
        exported: The levels, streamed into the database. Those of items that Shopify does not count say nothing.
        sleep: How to wait; replaced in tests.
    """
    connection.execute(statement(__file__, "create_master_row"))
    with connection.transaction():
        comparison.stage_export(connection, list(mapped), (level for level in exported if level.tracked))
        connection.execute(
            statement(__file__, "fill_master_row"),
            {"shop_id": shop_id, "locations": list(mapped), "facilities": list(mapped.values())},
        )
    sleep(observation.patience_of(connection, shop_id).order_search_lag)
    orders.import_orders(connection, shop_id, client)
    found = connection.execute(
        statement(__file__, "settle_master_rows"), {"shop_id": shop_id, "last_movement": moment.last_movement}
    ).fetchone()
    assert found is not None
    return Snapshot(f"{shop_id}-{moment.at:%Y%m%dT%H%M%S}Z.csv", _blocks(connection), *found)


def finish_prompted(
    connection: Connection, shop_id: str, prompted: Collection[tuple[str, str]], read_from: datetime
) -> dict[str, int]:
    """Note what became of the messages that prompted levels to be read anew, after `snapshot`, in the same session.

    Those in the file are done. Of which Shopify or the mapping says nothing, and those that were left out of every file
    for `LONGEST_LEFT_OUT`, are given up with the reason. The others wait for the next run.

    Args:
        connection: Trueup's database.
        shop_id: The shop.
        prompted: The levels, by item and location.
        read_from: The database's time before the read.

    Returns:
        Counts of messages that are done, and that were given up.
    """
    rows = connection.execute(b"SELECT inventory_item_id, location_id, is_settled FROM master_row").fetchall()
    settled = {(item, location): is_settled for item, location, is_settled in rows}
    in_file = [level for level in prompted if settled.get(level)]
    silent = [level for level in prompted if level not in settled]
    left_out = [level for level in prompted if settled.get(level) is False]
    done = inbox.done(connection, shop_id, in_file, read_from)
    given_up = inbox.done(connection, shop_id, silent, read_from, SILENT)
    given_up += inbox.done(connection, shop_id, left_out, read_from - LONGEST_LEFT_OUT, LEFT_OUT)
    return {"done": done, "given_up": given_up}


def _blocks(connection: Connection) -> Iterator[bytes]:
    with connection.cursor() as cursor, cursor.copy(statement(__file__, "copy_master_rows")) as copy:
        yield from map(bytes, copy)


def reread(client: Client, levels: Iterable[tuple[str, str]]) -> Iterator[ExportedLevel]:
    """Read single levels anew. Items that are gone say nothing."""
    for (item, location), seen in observation.read_levels(client, list(levels)).items():
        yield ExportedLevel(item, location, seen.available, seen.committed, seen.tracked)
