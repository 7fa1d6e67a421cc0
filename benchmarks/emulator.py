"""The Shopify emulator under load: adjustments of 250 rows, one after another over HTTP, each with key and compare.

The emulator is one process and uses one core; the client has the other. Rows per second of the emulator's own
processor time say what the core gives, whatever else the machine does; the seconds on the wall are printed beside them.
One pair of figures is taken while the state is kept in a file, which is how the demo runs it.

Goal: at least 20,000 rows per second of processor time, so that tests of a client measure the client.
"""

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.measure import processor_seconds
from include.sandbox import shopify
from include.sandbox.shopify import Emulator
from include.shopify.client import document

ITEMS = 20_000
ROWS_A_CALL = 250
LEAST_ROWS_A_SECOND = 20_000
LOCATION = "gid://shopify/Location/1"


@dataclass(frozen=True)
class Run:
    """One run: rows, seconds of the emulator's processor and on the wall, and the longest call in seconds."""

    rows: int
    processor: float
    wall: float
    longest: float


def measure(folder: Path, rows: int, runs: int) -> bool:
    """Measure and print; returns whether the goal was met.

    Args:
        folder: Where the emulator may keep its state.
        rows: A tenth of them makes a run, rounded up to whole rounds over the items.
        runs: Runs; the median counts.
    """
    with shopify.running(folder / "shop", restore_rate=1e9, bucket_size=1e9) as emulator:
        seed(emulator)
        calls = -(-rows // 10 // ITEMS) * ITEMS // ROWS_A_CALL
        measured = [run(emulator, number, calls) for number in range(1, runs + 1)]
    speed = statistics.median(one.rows / one.processor for one in measured)
    print(
        f"Shopify emulator: {measured[0].rows:,} rows a run, {ROWS_A_CALL} a call, its state kept in a file\n"
        f"  rows/s  {speed:10,.0f} of one core, goal >= {LEAST_ROWS_A_SECOND:,}\n"
        f"  rows/s  {statistics.median(one.rows / one.wall for one in measured):10,.0f} on the wall, client included\n"
        f"  longest {max(one.longest for one in measured) * 1000:10,.0f} ms a call",
        flush=True,
    )
    return speed >= LEAST_ROWS_A_SECOND


def seed(emulator: Emulator) -> None:
    """Fill the shop with items of 10 each."""
    ids = [item(number) for number in range(ITEMS)]
    emulator.seed(
        [{"id": LOCATION, "name": "Main"}],
        [{"id": gid, "sku": f"SKU-{gid[-5:]}"} for gid in ids],
        [{"inventoryItemId": gid, "locationId": LOCATION, "available": 10} for gid in ids],
    )


def item(number: int) -> str:
    """The id of an item."""
    return f"gid://shopify/InventoryItem/{100_000 + number % ITEMS}"


def run(emulator: Emulator, number: int, calls: int) -> Run:
    """Send the calls of one run; none may be refused."""
    url = f"{emulator.url}/admin/api/2026-10/graphql.json"
    headers = {"X-Shopify-Access-Token": emulator.token, "Content-Type": "application/json"}
    longest = 0.0
    with httpx.Client(headers=headers, trust_env=False, timeout=60) as client:
        content = list(bodies(number, calls))
        used, began = processor_seconds(emulator.pid), time.perf_counter()
        for body in content:
            sent = time.perf_counter()
            payload = client.post(url, content=body).json()["data"]["inventoryAdjustQuantities"]
            longest = max(longest, time.perf_counter() - sent)
            assert payload["inventoryAdjustmentGroup"], payload
        wall = time.perf_counter() - began
    return Run(calls * ROWS_A_CALL, processor_seconds(emulator.pid) - used, wall, longest)


def bodies(number: int, calls: int) -> Iterator[bytes]:
    """The requests of one run. Each round over the items adds one to each, so the compare of every row is known."""
    text = document("InventoryAdjust").text
    first = 10 + (number - 1) * (calls * ROWS_A_CALL // ITEMS)
    for call in range(calls):
        start = call * ROWS_A_CALL
        changes = [
            {
                "inventoryItemId": item(start + n),
                "locationId": LOCATION,
                "delta": 1,
                "changeFromQuantity": first + start // ITEMS,
            }
            for n in range(ROWS_A_CALL)
        ]
        wanted = {
            "name": "available",
            "reason": "correction",
            "referenceDocumentUri": f"gid://trueup/Run/{number}",
            "changes": changes,
        }
        yield json.dumps({"query": text, "variables": {"input": wanted, "key": f"{number}-{call}"}}).encode()
