"""Whatever customers, tills and the ERP do before and while a job looks, it never offers what is not there."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from include.shopify.client import Document
from tests.scenarios import sync
from tests.scenarios.store import Store, item
from tests.world import ONLINE

EXAMPLES = 15
PRODUCTS = [str(60_000 + n) for n in range(EXAMPLES + 5)]

EVENTS = st.sampled_from(
    ["sell", "sell", "till", "fulfil", "cancel", "damage", "receive", "edit down", "import", "lag"]
)
JOBS = st.sampled_from(["hard_sync", "recent_changes", "push"])
AT_SHOPIFY = st.lists(st.sampled_from(["sell", "till", "fulfil", "cancel", "edit down"]), max_size=2)
ROUNDS = st.lists(st.tuples(st.lists(EVENTS, max_size=4), JOBS, AT_SHOPIFY, AT_SHOPIFY), min_size=1, max_size=3)
"""What happens before a job; the job; what happens between its imports; and between the last one and the last read."""


@dataclass
class Shelf:
    """One product, and what is truly left of it: what came in, less what went out, less what was sold."""

    store: Store
    product: str
    left: int
    orders: dict[str, int] = field(default_factory=dict)
    is_fulfilled: set[str] = field(default_factory=set)

    def happen(self, event: str) -> None:
        """Let something happen, if it can."""
        shown = self.store.shown(self.product)
        match event:
            case "sell" | "till" if shown > 0:
                line = {"inventoryItemId": item(self.product), "locationId": ONLINE, "quantity": min(2, shown)}
                source = "pos" if event == "till" else "web"
                order = self.store.emulator.place_order([line], source=source)
                self.orders[order] = min(2, shown)
                self.left -= min(2, shown)
                if source == "pos":
                    self.is_fulfilled.add(order)
            case "fulfil" | "cancel" if open_orders := sorted(self.orders.keys() - self.is_fulfilled):
                if event == "fulfil":
                    self.store.emulator.fulfil_order(open_orders[0])
                    self.is_fulfilled.add(open_orders[0])
                else:
                    self.store.emulator.cancel_order(open_orders[0])
                    self.left += self.orders.pop(open_orders[0])
            case "damage" | "receive":
                units = -1 if event == "damage" else 2
                self.store.move(self.product, units, "VAR_MANUAL")
                self.left += units
            case "edit down" if shown > 3:
                self.store.emulator.edit_level(item(self.product), ONLINE, shown - 3)
            case "import":
                self.store.import_orders()
            case "lag":
                self.store.emulator.settings(order_search_lag=1000)


def work(shelf: Shelf, job: str, meanwhile: list[str], at_last: list[str]) -> None:
    """Run a job; the order search catches up within the time that is allowed for it, and more happens."""
    client = shelf.store.client
    execute = client.execute
    coming: list[str] = []

    def sleep(_seconds: float) -> None:
        shelf.store.emulator.settings(order_search_lag=0)
        for event in meanwhile:
            shelf.happen(event)
        coming.extend(at_last)

    def watched(request: Document, variables: str) -> dict[str, Any]:
        while coming and request.name == "ItemsAtLocation":
            shelf.happen(coming.pop(0))
        return execute(request, variables)

    jobs: dict[str, Callable[[], object]] = {
        "hard_sync": lambda: sync.hard_sync(shelf.store, sleep=sleep),
        "recent_changes": lambda: sync.recent_changes(shelf.store, sleep=sleep),
        "push": shelf.store.push,
    }
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(client, "execute", watched)
        jobs[job]()


def test_no_job_offers_what_is_not_there(store: Store) -> None:
    store.open(dict.fromkeys(PRODUCTS, 10))
    products = itertools.cycle(PRODUCTS)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given],
    )
    @given(ROUNDS)
    @example([(["damage", "edit down"], "hard_sync", [], ["sell"])])
    @example([(["damage", "edit down"], "recent_changes", [], ["till"])])
    @example([(["sell", "import", "damage", "edit down"], "hard_sync", [], ["cancel", "sell"])])
    def any_order(rounds: list[tuple[list[str], str, list[str], list[str]]]) -> None:
        shelf = Shelf(store, next(products), 0)
        shelf.left = shelf.store.shown(shelf.product)
        for before, job, meanwhile, at_last in rounds:
            for event in before:
                shelf.happen(event)
            work(shelf, job, meanwhile, at_last)
            assert shelf.store.shown(shelf.product) <= max(0, shelf.left), f"{job} offers what is not there"
        store.emulator.settings(order_search_lag=0)
        for _ in range(2):
            sync.hard_sync(store)
        assert (store.shown(shelf.product), store.level(shelf.product)) == (
            max(0, shelf.left),
            (max(0, shelf.left), max(0, shelf.left)),
        ), "and in the end both agree"

    any_order()
