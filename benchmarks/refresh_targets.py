"""The refresh of targets: what it costs as the catalogue grows, and a full recompute beside one aggregate.

Two catalogues, one four times the other, of products at nine stores: a level for each store and one for all of them
online, a million and four million with `--rows 4000000`; a fifth of the smaller one's products are kits of three. The
same ten thousand changes are made in both and the targets refreshed; then all targets of the larger one are computed
anew, beside the one aggregate over the same stock, rules, memberships and mappings that any computation has to make: a
sum for each level, without writing. Processor seconds of the Postgres backend count: a refresh is one transaction of
one backend, and the aggregate may not hand work to others, whose seconds would not be counted.

Goals: the refresh costs at most 1.2 times as much in the larger catalogue; the full recompute at most twice the
aggregate.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import processor_seconds, run_script, say
from include.db.connection import Connection, connect
from include.db.migrate import migrate
from include.sandbox import postgres
from include.sandbox.postgres import Cluster
from include.stock.atp import online_atp

LEVELS_A_PRODUCT = 10
TIMES_LARGER = 4
CHANGES = 10_000
MOST_TIMES_THE_SMALL_ONE = 1.2
MOST_TIMES_THE_AGGREGATE = 2.0

MEMORY_OF_A_RECOMPUTE = (
    b"work_mem = '64MB'", b"hash_mem_multiplier = 4", b"jit = off", b"max_parallel_workers_per_gather = 0",
)  # fmt: skip
"""The aggregate has what the full recompute has, and one process."""

CHANGE = b"""
WITH changed AS (
    UPDATE inventory_item SET available_to_promise_total = available_to_promise_total + 1
    WHERE
        facility_id = 'STORE_3'
        AND product_id IN (
            SELECT product_id FROM product
            WHERE product_id < %(end)s AND NOT is_kit
            ORDER BY hashtext(product_id)
            LIMIT %(changes)s
        )
    RETURNING product_id
)

INSERT INTO dirty_product (product_id) SELECT product_id FROM changed
"""

AGGREGATE = b"""
SELECT
    count(*),
    sum(level.promised)
FROM (
    SELECT
        mapped.inventory_item_id,
        promise.location_id,
        promise.promised
    FROM (
        SELECT
            channel.shop_id,
            channel.location_id,
            item.product_id,
            sum(greatest(0, item.available_to_promise_total - coalesce(rule.minimum_stock, 0))) AS promised
        FROM inventory_item AS item
        INNER JOIN facility_group_member AS member ON item.facility_id = member.facility_id
        INNER JOIN inventory_channel AS channel ON member.facility_group_id = channel.facility_group_id
        LEFT JOIN product_facility AS rule
            ON item.product_id = rule.product_id AND item.facility_id = rule.facility_id
        GROUP BY channel.shop_id, channel.location_id, item.product_id
    ) AS promise
    INNER JOIN shopify_shop_product AS mapped
        ON promise.shop_id = mapped.shop_id AND promise.product_id = mapped.product_id
) AS level
"""
"""The sum is asked for, or the planner would not compute it. Kits, queues, thresholds and levels are left out."""


@dataclass(frozen=True)
class Cost:
    """Seconds on the wall, processor seconds of the backend, and what the work answered."""

    wall: float
    processor: float
    answer: int


def measure(folder: Path, rows: int, runs: int) -> bool:
    """Measure and print; returns whether both goals were met.

    Args:
        folder: Where the databases may lie.
        rows: Levels of the larger catalogue.
        runs: Refreshes of each catalogue, in turn; the median counts.
    """
    products = rows // TIMES_LARGER // LEVELS_A_PRODUCT
    kits, changes = products // 5, min(CHANGES, products // 10)
    with postgres.running(folder / "postgres", durable=True) as cluster:
        for name, size in (("small", products), ("large", products * TIMES_LARGER)):
            _set_up(cluster, name, {"products": size, "kits": kits, "made_of": products - kits})
        refreshes: dict[str, list[Cost]] = {"small": [], "large": []}
        for number in range(runs + 1):
            for name, costs in refreshes.items():
                with connect(cluster.dsn(name)) as connection:
                    connection.execute(CHANGE, {"end": str(100_001 + products), "changes": changes})
                    cost = _timed(connection, online_atp.refresh)
                say(f"  refresh of the {name} catalogue: {cost.processor:.2f} s, {cost.answer:,} levels changed")
                if number:  # the first one reads everything into memory
                    costs.append(cost)
        with connect(cluster.dsn("large")) as connection:
            for setting in MEMORY_OF_A_RECOMPUTE:
                connection.execute(b"SET " + setting)
            aggregate = _timed(connection, lambda each: _one(each, AGGREGATE))
            full = _timed(connection, online_atp.recompute_all)
    if full.answer:
        raise RuntimeError(f"the full recompute found {full.answer:,} levels that the refreshes had missed")
    small, large = (statistics.median(cost.processor for cost in refreshes[name]) for name in ("small", "large"))
    growth, ratio = large / small, full.processor / aggregate.processor
    print(
        f"refresh_targets: {changes:,} changes, {kits:,} kits, processor seconds\n"
        f"  refresh, {rows // TIMES_LARGER:>9,} levels  {small:7.2f} s\n"
        f"  refresh, {rows:>9,} levels  {large:7.2f} s\n"
        f"  ratio                      {growth:7.2f}    goal <= {MOST_TIMES_THE_SMALL_ONE}\n"
        f"  aggregate, {rows:,} levels   {aggregate.processor:7.2f} s\n"
        f"  full recompute             {full.processor:7.2f} s   {full.wall:.0f} s on the wall\n"
        f"  ratio                      {ratio:7.2f}    goal <= {MOST_TIMES_THE_AGGREGATE}",
        flush=True,
    )
    return growth <= MOST_TIMES_THE_SMALL_ONE and ratio <= MOST_TIMES_THE_AGGREGATE


def _set_up(cluster: Cluster, name: str, size: dict[str, object]) -> None:
    say(f"setting up {size['products']:,} products, {size['kits']:,} of them kits")
    cluster.create_database(name)
    migrate(cluster.dsn(name))
    with connect(cluster.dsn(name)) as connection:
        run_script(connection, "catalogue.sql", size)
        online_atp.recompute_all(connection)
        connection.execute(b"VACUUM ANALYZE")


def _timed(connection: Connection, work: Callable[[Connection], int]) -> Cost:
    pid = connection.info.backend_pid
    began, used = time.perf_counter(), processor_seconds(pid)
    answer = work(connection)
    return Cost(time.perf_counter() - began, processor_seconds(pid) - used, answer)


def _one(connection: Connection, query: bytes) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
