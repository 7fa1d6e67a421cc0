"""The two jobs that compare with Shopify, from end to end but for Airflow; and HotWax's arithmetic, to compare with."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from include.channel.order_import import orders
from include.channel.planning import planner
from include.channel.planning import scope as scopes
from include.channel.planning.scope import Scope
from include.channel.reconciliation import comparison, drift, observation
from include.shopify import bulk_query, inventory
from include.stock.atp import online_atp
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

Sleep = Callable[[float], None]


def hard_sync(store: Store, scope: Scope | None = None, sleep: Sleep = time.sleep) -> int:
    """Compare the whole shop, look, plan and deliver; returns the observation."""
    store.emulator.settings(bulk_start_seconds=0, bulk_lines_per_second=100_000)
    locations = choose(store, scope)
    observed = observation.begin(store.connection, SHOP, "HARD_SYNC")
    operation = bulk_query.start(store.client, "AllLevels")
    until = time.monotonic() + 20
    while not (found := bulk_query.progress(store.client, operation)).is_done:
        assert time.monotonic() < until
        time.sleep(0.01)
    orders.import_orders(store.connection, SHOP, store.client)
    exported = bulk_query.levels(store.client, found.url)
    comparison.compare_export(store.connection, SHOP, locations, exported, observed)
    finish(store, locations, observed, sleep)
    return observed


def recent_changes(store: Store, scope: Scope | None = None, sleep: Sleep = time.sleep) -> int:
    """Look at what has changed, plan and deliver; returns the observation."""
    locations = choose(store, scope)
    observed = observation.begin(store.connection, SHOP, "RECENT_CHANGES")
    finish(store, locations, observed, sleep)
    return observed


def choose(store: Store, scope: Scope | None) -> Sequence[str]:
    locations = scopes.locations(store.connection, SHOP, scope or Scope())
    online_atp.refresh(store.connection)
    return locations


def finish(store: Store, locations: Sequence[str], observed: int, sleep: Sleep) -> None:
    comparison.observe_marked(store.connection, SHOP, store.client, locations, observed, sleep)
    planner.plan(store.connection, SHOP, locations)
    store.deliver()


def hotwax_hard_sync(store: Store, product: str) -> None:
    """What Shopify shows, read moments ago, is made what HotWax has: the difference is pushed, unseen orders or not."""
    atp = online_atp_of(store, product)
    difference = atp - store.shown(product)
    if difference:
        change = {
            "inventoryItemId": item(product), "locationId": ONLINE, "delta": difference, "changeFromQuantity": None,
        }  # fmt: skip
        variables = {
            "input": {"name": "available", "reason": "correction", "changes": [change]},
            "key": str(uuid.uuid4()),
        }
        assert isinstance(inventory.adjust(store.client, json.dumps(variables)), inventory.Adjusted)


def online_atp_of(store: Store, product: str) -> int:
    online_atp.refresh(store.connection)
    return store.level(product)[0]


def found(store: Store, observed: int) -> dict[str, Any]:
    """What an observation has found."""
    return drift.summary(store.connection, [observed])


def causes(store: Store, observed: int) -> dict[str, tuple[str, str]]:
    """Cause and outcome of each drift of an observation, by product."""
    table = drift.table(store.connection, [observed])
    return {str(row["product_id"]): (str(row["cause"]), str(row["outcome"])) for row in table.to_dict("records")}
