"""Pushing many levels on the Standard plan: does the sender use the points that the plan gives, and no more?

The share is that of the points spent in those that the plan gave from the first call to the last answer: a full bucket
and what flows in meanwhile. The checks before the writes are part of it. While the sender waits for points, the clock
of the shop is set forward. Otherwise it runs at `RATE` of the machine's, so that it is not two cores that are measured,
which emulate Shopify as well and have other work. Answers take `LATENCY` seconds of the shop besides what they take to
be made.

Goals: at least 95 % of the points used, less than 1 % of the answers THROTTLED.
"""

import time
from pathlib import Path

from benchmarks.measure import processor_seconds, say
from benchmarks.selling_shop import STANDARD_PLAN, SellingShop
from benchmarks.strategies import ADJUST, set_up
from include.channel.delivery import delivery
from include.channel.planning import planner
from include.db.connection import connect
from include.db.migrate import migrate
from include.sandbox import postgres, shopify
from include.shopify.inventory import MOST_ROWS
from tests.world import SHOP

LEAST_SHARE, MOST_THROTTLED = 0.95, 0.01
LATENCY, RATE = 0.1, 0.1


def measure(folder: Path, rows: int, runs: int) -> bool:
    """Measure and print; returns whether both goals were met.

    Args:
        folder: Where database and emulator may keep their state.
        rows: As many levels.
        runs: Not used: one run takes as long as the plan makes it.
    """
    levels = max(1, rows // MOST_ROWS) * MOST_ROWS
    with (
        postgres.running(folder / "postgres", durable=True) as cluster,
        shopify.running(folder / "shop") as emulator,
    ):
        shop = SellingShop(emulator, levels, ADJUST, 0, RATE)
        cluster.create_database("push")
        migrate(cluster.dsn("push"))
        with connect(cluster.dsn("push")) as connection, shop.client() as client:
            set_up(connection, shop)
            connection.execute(b"UPDATE shopify_shop SET transport = 'DIRECT'")  # not as a file, however many
            planner.plan(connection, SHOP)
            say(f"  {levels:,} levels are planned")
            emulator.settings(clock_rate=RATE, latency_seconds=LATENCY / RATE)
            emulator.settings(**STANDARD_PLAN)
            pids = (connection.info.backend_pid, emulator.pid)
            used = [processor_seconds(pid) for pid in pids]
            before, began, own = emulator.stats(), (shop.now(), time.monotonic()), time.process_time()
            delivered = delivery.deliver(connection, SHOP, client)
            own, after = time.process_time() - own, emulator.stats()
            seconds, real = shop.now() - began[0], time.monotonic() - began[1]
            backend, server = (processor_seconds(pid) - base for pid, base in zip(pids, used, strict=True))
    assert delivered.confirmed_rows == levels, delivered
    calls = sum(after["calls"].values()) - sum(before["calls"].values())
    throttled = (after["throttled"] - before["throttled"]) / calls
    given = STANDARD_PLAN["bucket_size"] + STANDARD_PLAN["restore_rate"] * seconds
    share = (after["points"] - before["points"]) / given
    print(
        f"push_levels: {levels:,} levels, {calls:,} calls, {seconds:,.0f} s of the shop in {real:,.0f} s\n"
        f"  waited       {client.limiter.waited / seconds:7.1%}   of the shop's time, for points\n"
        f"  points used  {share:7.1%}   goal >= {LEAST_SHARE:.0%}\n"
        f"  throttled    {throttled:7.2%}   goal < {MOST_THROTTLED:.0%}\n"
        f"  processor, ms a call: sender {own / calls * 1000:.1f}, its Postgres backend {backend / calls * 1000:.1f},"
        f" emulator {server / calls * 1000:.1f}",
        flush=True,
    )
    return bool(share >= LEAST_SHARE and throttled < MOST_THROTTLED)
