"""Keeps the shop's state in a file: loaded at the start, written atomically while it changes and at a clean stop.

A process that is killed loses at most the last moment before its end; levels, orders, keys and history stay in step
with one another, because a file is always one whole snapshot. Settings, faults and the points bucket are not part of
it. While the shop is open the snapshot is written by a forked child, which sees memory as it was at that moment; the
shop goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from include.sandbox.shopify.bulk.records import BulkOperation, Upload
from include.sandbox.shopify.orders import records
from include.sandbox.shopify.records import Change, Group, Item, KeyUse, Level, Location, RefreshToken, Token, Transfer
from include.sandbox.shopify.store import Store
from include.sandbox.shopify.webhooks.records import Delivery, Subscription

FORMAT = 1
SHORTEST_PAUSE = 1.0  # seconds between two writes
PAUSE_PER_WRITE = 20  # a large state takes longer to write; keep that below 5 % of the time
ROWS_AT_ONCE = 5000

log = logging.getLogger("trueup.sandbox.shopify")


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
            store.clock.set(offset=data.get("clock_offset", 0.0))
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
    for name, kind in FLAT.items():
        getattr(store, name).update((row[0], kind(*row)) for row in data[name])
    for name, kind in LATER.items():
        getattr(store, name).update((row[0], kind(*row)) for row in data.get(name, []))
    for row in data["levels"]:
        store.index(Level(*row))
    store.orders.update((versions[0]["id"], [records.read(v) for v in versions]) for versions in data["orders"])
    store.keys.update((key, KeyUse(*row)) for key, row in data["keys"].items())
    store.history.extend(Change(*row) for row in data["history"])
    store.counters.update(data["counters"])
    return store


def save(path: Path, store: Store) -> None:
    """Write the whole state to a file beside `path`, then rename it over `path`."""
    store.dirty = False
    beside = _write(path, store)
    beside.replace(path)


async def keep_saving(path: Path, store: Store) -> None:
    """Save whenever something changed, at most once a second, until cancelled."""
    while True:
        pause = SHORTEST_PAUSE
        if store.dirty:
            started = time.monotonic()
            await _save_aside(path, store)
            pause = max(pause, PAUSE_PER_WRITE * (time.monotonic() - started))
        await asyncio.sleep(pause)


async def _save_aside(path: Path, store: Store) -> None:
    """Save in a forked child and wait for it; what goes wrong is logged, and tried again by the next round."""
    store.dirty = False
    reading, writing = os.pipe()
    parent = os.getpid()
    # The records have no cycles, so the collector need not go through them: not here, where that takes longer than
    # all else, and not in the child, where every touch copies a page.
    gc.freeze()
    child = os.fork()
    if child == 0:
        _be_the_child(path, store, writing, parent)
    os.close(writing)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(reading, done.set)
    try:
        await done.wait()
    finally:
        loop.remove_reader(reading)
        complaint = os.read(reading, 4096)
        os.close(reading)
        os.waitpid(child, 0)
    if complaint:
        store.dirty = True
        log.error("%s: the state could not be saved: %s", path, complaint.decode(errors="replace"))


def _be_the_child(path: Path, store: Store, writing: int, parent: int) -> NoReturn:
    """Write the snapshot and end. Nothing that belongs to the parent may be touched, least of all its connections."""
    status = 1
    try:
        gc.disable()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        # A connection that the parent closes stays open for the client as long as a copy of it is open here.
        os.closerange(3, writing)
        os.closerange(writing + 1, 65536)
        beside = _write(path, store)
        # Whoever began after the parent's death has read the older file already.
        if os.getppid() == parent:
            beside.replace(path)
        else:
            beside.unlink()
        status = 0
    except BaseException as error:
        os.write(writing, f"{type(error).__name__} {error}"[:2000].encode())
    finally:
        os._exit(status)


def _write(path: Path, store: Store) -> Path:
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with beside.open("w", encoding="utf-8") as out:
        head = {"format": FORMAT, "clock_offset": store.clock.offset, "counters": store.counters}
        head["keys"] = {key: _row(use) for key, use in store.keys.items()}
        out.write(_dump(head)[:-1])
        for name, rows in _sections(store):
            out.write(f',"{name}":[')
            comma = ""
            while some := list(islice(rows, ROWS_AT_ONCE)):
                out.write(comma + _dump(some)[1:-1])
                comma = ","
            out.write("]")
        out.write("}")
        out.flush()
        os.fsync(out.fileno())
    return beside


def _sections(store: Store) -> Iterator[tuple[str, Iterator[Any]]]:
    yield "orders", ([asdict(version) for version in versions] for versions in store.orders.values())
    yield "history", _rows(Change, store.history)
    yield "levels", _rows(Level, store.levels.values())
    for name, kind in (FLAT | LATER).items():
        yield name, _rows(kind, getattr(store, name).values())


FLAT: dict[str, type] = {"locations": Location, "items": Item, "groups": Group}
"""Dictionaries of records of plain values, by the record's first field."""

LATER: dict[str, type] = {
    "transfers": Transfer,
    "uploads": Upload,
    "bulk": BulkOperation,
    "tokens": Token,
    "refresh_tokens": RefreshToken,
    "subscriptions": Subscription,
    "deliveries": Delivery,
}
"""More of them, which older files do not have."""


def _rows(kind: Any, records: Iterable[Any]) -> Iterator[list[Any]]:
    names = [field.name for field in fields(kind)]
    return ([getattr(record, name) for name in names] for record in records)


def _row(record: Any) -> list[Any]:
    return [getattr(record, field.name) for field in fields(record)]


def _dump(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"))
