"""Pushing many levels on the Standard plan: does the sender use the points that the plan gives, and no more?

The share is that of the points spent in those that the plan gave from the first call to the last answer: a full bucket
and what flows in meanwhile. The checks before the first write are part of it. Answers take `LATENCY` seconds besides
what they take to be made. The shop's clock and the sender's run `RATE` times as fast as the machine's: points flow in
as fast as on a larger plan, and the sender knows no more of it than what the answers tell.

Goals: at least 95 % of the points used, less than 1 % of the answers THROTTLED.
"""

import time
from pathlib import Path

from benchmarks.measure import processor_seconds, say
from benchmarks.selling_shop import STANDARD_PLAN, SellingShop
from benchmarks.strategies import ADJUST, set_up
from include.channel import delivery, planner
from include.db.connection import connect
from include.db.migrate import migrate
from include.sandbox import postgres, shopify
from include.shopify.client import Access, Client
from include.shopify.inventory import MOST_ROWS
from include.shopify.limiter import Limiter
from tests.world import SHOP

LEAST_SHARE, MOST_THROTTLED = 0.95, 0.01
LATENCY, RATE = 0.1, 2.0


def measure(folder: Path, rows: int, runs: int) -> bool:
    """Measure and print; returns whether both goals were met.

    Args:
        folder: Where database and emulator may keep their state.
        rows: As many levels.
        runs: Not used: one run takes as long as the plan makes it.
    """
    levels = max(1, rows // MOST_ROWS) * MOST_ROWS
    limiter = Limiter(lambda: time.monotonic() * RATE, lambda seconds: time.sleep(seconds / RATE))
    with (
        postgres.running(folder / "postgres", durable=True) as cluster,
        shopify.running(folder / "shop") as emulator,
        Client(Access(emulator.url, emulator.token), limiter) as client,
    ):
        cluster.create_database("push")
        migrate(cluster.dsn("push"))
        with connect(cluster.dsn("push")) as connection:
            set_up(connection, SellingShop(emulator, levels, ADJUST, 0))
            planner.plan(connection, SHOP)
            say(f"  {levels:,} levels are planned")
            emulator.settings(clock_rate=RATE, latency_seconds=LATENCY)
            emulator.settings(**STANDARD_PLAN)
            pids = (connection.info.backend_pid, emulator.pid)
            used = [processor_seconds(pid) for pid in pids]
            before, began, own = emulator.stats(), time.monotonic(), time.process_time()
            delivered = delivery.deliver(connection, SHOP, client)
            own, seconds, after = time.process_time() - own, time.monotonic() - began, emulator.stats()
            backend, server = (processor_seconds(pid) - base for pid, base in zip(pids, used, strict=True))
    assert delivered.confirmed_rows == levels, delivered
    calls = sum(after["calls"].values()) - sum(before["calls"].values())
    throttled = (after["throttled"] - before["throttled"]) / calls
    given = STANDARD_PLAN["bucket_size"] + STANDARD_PLAN["restore_rate"] * seconds * RATE
    share = (after["points"] - before["points"]) / given
    print(
        f"push_levels: {levels:,} levels, {calls:,} calls, {seconds:,.0f} s, the shop's clock {RATE:g} times as fast\n"
        f"  waited       {client.limiter.waited / RATE / seconds:7.1%}   of the time, for points\n"
        f"  points used  {share:7.1%}   goal >= {LEAST_SHARE:.0%}\n"
        f"  throttled    {throttled:7.2%}   goal < {MOST_THROTTLED:.0%}\n"
        f"  processor, ms a call: sender {own / calls * 1000:.1f}, its Postgres backend {backend / calls * 1000:.1f},"
        f" emulator {server / calls * 1000:.1f}",
        flush=True,
    )
    return bool(share >= LEAST_SHARE and throttled < MOST_THROTTLED)
