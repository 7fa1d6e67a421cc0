"""Keeps the shop's state in a file: loaded at the start, written atomically while it changes and at a clean stop.

A process that is killed loses at most the last moment before its end; levels, orders, keys and history stay in step
with one another, because a file is always one whole snapshot. Settings, faults, tokens and the points bucket are not
part of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from include.sandbox.shopify.store import (
    Change,
    FulfillmentOrder,
    Group,
    Item,
    KeyUse,
    Level,
    Line,
    Location,
    Order,
    Store,
)

FORMAT = 1
SHORTEST_PAUSE = 1.0  # seconds between two writes
PAUSE_PER_WRITE = 20  # a large state takes longer to write; keep that below 5 % of the time


def load(path: Path, store: Store) -> None:
    """Fill the store from the file.

    Raises:
        ValueError: the file is not a state file of this emulator.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = data["format"]
        if found == FORMAT:
            store.become(_read(data))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path}: not a state file of the Shopify emulator ({type(error).__name__} {error}); "
            "give another --state, or remove it"
        ) from error
    if found != FORMAT:
        raise ValueError(f"{path}: state format {found}, expected {FORMAT}; remove the file and seed the shop again")
    store.dirty = False


def _read(data: dict[str, Any]) -> Store:
    store = Store()
    store.locations.update((row[0], Location(*row)) for row in data["locations"])
    store.items.update((row[0], Item(*row)) for row in data["items"])
    for row in data["levels"]:
        store.index(Level(*row))
    store.orders.update((versions[0]["id"], [_order(v) for v in versions]) for versions in data["orders"])
    store.groups.update((row[0], Group(*row)) for row in data["groups"])
    store.keys.update((key, KeyUse(*row)) for key, row in data["keys"].items())
    store.history.extend(Change(*row) for row in data["history"])
    store.counters.update(data["counters"])
    return store


def save(path: Path, store: Store) -> None:
    """Write the whole state to a file beside `path`, then rename it over `path`."""
    data = {
        "format": FORMAT,
        "locations": [_row(x) for x in store.locations.values()],
        "items": [_row(x) for x in store.items.values()],
        "levels": [_row(x) for x in store.levels.values()],
        "orders": [[asdict(version) for version in versions] for versions in store.orders.values()],
        "groups": [_row(x) for x in store.groups.values()],
        "keys": {key: _row(use) for key, use in store.keys.items()},
        "history": [_row(x) for x in store.history],
        "counters": store.counters,
    }
    store.dirty = False
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("w", encoding="utf-8") as out:
        out.write(json.dumps(data, separators=(",", ":")))
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)


async def keep_saving(path: Path, store: Store) -> None:
    """Save whenever something changed, at most once a second, until cancelled."""
    while True:
        pause = SHORTEST_PAUSE
        if store.dirty:
            started = time.monotonic()
            save(path, store)
            pause = max(pause, PAUSE_PER_WRITE * (time.monotonic() - started))
        await asyncio.sleep(pause)


def _row(record: Any) -> list[Any]:
    return [getattr(record, f.name) for f in fields(record)]


def _order(version: dict[str, Any]) -> Order:
    orders = tuple(
        FulfillmentOrder(**{**order, "lines": tuple(Line(**line) for line in order["lines"])})
        for order in version["fulfillment_orders"]
    )
    return Order(**{**version, "fulfillment_orders": orders})
