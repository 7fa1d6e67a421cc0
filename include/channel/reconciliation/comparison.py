"""What the two jobs do that compare with Shopify: find the levels to look at, look, take over what proves something.

Upload recent inventory changes looks at the levels whose target has changed. Hard sync looks at those as well, and at
all that an export of the whole shop shows to be other than believed. The export finds; the look proves. Both leave
pushing to the planner that the delta push uses.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from include.channel.reconciliation import observation
from include.channel.reconciliation.observation import Level, Settlement
from include.db.connection import Connection
from include.db.sql import statement
from include.shopify.bulk_query import ExportedLevel
from include.shopify.client import Client
from include.stock.atp import online_atp


@dataclass(frozen=True, slots=True)
class Compared:
    """Levels of an export that were compared, and how many of them are to be looked at."""

    levels: int
    differing: int


def compare_export(
    connection: Connection,
    shop_id: str,
    location_ids: Sequence[str],
    exported: Iterable[ExportedLevel],
    observation_id: int,
) -> Compared:
    """Compare an export of the whole shop with the positions, and mark what differs to be looked at.

    Args:
        connection: Trueup's database, outside a transaction. The caller has imported the orders since the export.
        shop_id: The shop.
        location_ids: The locations that the run is about.
        exported: What each level showed, in any order; it is streamed into the database.
        observation_id: What `observation.begin` has returned.
    """
    with connection.transaction():
        stage_export(connection, location_ids, exported)
        online_atp.take_turn(connection)
        row = connection.execute(
            statement(__file__, "mark_differing"),
            {"shop_id": shop_id, "location_ids": list(location_ids), "observation_id": observation_id},
        ).fetchone()
    assert row is not None
    return Compared(*row)


def stage_export(connection: Connection, location_ids: Sequence[str], exported: Iterable[ExportedLevel]) -> None:
    """Stream the levels of some locations into the temporary table `exported_level`, within a transaction."""
    wanted = set(location_ids)
    connection.execute(statement(__file__, "create_exported_level"))
    with connection.cursor() as cursor, cursor.copy(b"COPY exported_level FROM STDIN") as copy:
        for level in exported:
            if level.location_id in wanted:
                copy.write_row((level.inventory_item_id, level.location_id, level.available, level.committed))
    connection.execute(b"ANALYZE exported_level")


def observe_marked(
    connection: Connection,
    shop_id: str,
    client: Client,
    location_ids: Sequence[str],
    observation_id: int,
    sleep: Callable[[float], None] = time.sleep,
) -> Settlement:
    """Look once at each level of some locations that is marked, and take over what proves something.

    Args:
        connection: Trueup's database, outside a transaction.
        shop_id: The shop.
        client: Its API.
        location_ids: The locations that the run is about.
        observation_id: What `observation.begin` has returned.
        sleep: How to wait; replaced in tests.

    Raises:
        ShopifyError: Shopify could not be read. What was taken over by then stays, the rest stays marked.
    """
    total = Settlement()
    after: Level = ("", "")
    while levels := _next_marked(connection, shop_id, location_ids, after):
        total += observation.observe(connection, shop_id, client, levels, observation_id, sleep)
        after = levels[-1]
    return total


def _next_marked(connection: Connection, shop_id: str, location_ids: Sequence[str], after: Level) -> list[Level]:
    rows = connection.execute(
        statement(__file__, "select_marked"),
        {
            "shop_id": shop_id,
            "location_ids": list(location_ids),
            "after_item": after[0],
            "after_location": after[1],
            "most": observation.LEVELS_AT_A_TIME,
        },
    )
    return [(row[0], row[1]) for row in rows]
