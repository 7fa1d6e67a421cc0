"""A sender by file may die at any statement and at any call; the next one goes on, and nothing is applied twice."""

import time
from collections import Counter
from contextlib import closing, suppress

import pytest

from include.channel.delivery import bulk_delivery
from include.channel.planning import planner
from include.channel.reconciliation import observation
from include.channel.reconciliation.observation import Settlement
from include.db.connection import Connection
from include.shopify.access import Access
from include.shopify.client import Client
from tests.scenarios.store import Store, item
from tests.simulation.mishaps import Died, Life, SimulatedClient, SimulatedConnection
from tests.world import SHOP

PRODUCTS = ("50001", "50002", "50003")
MOST_BOUNDARIES = 200


def by_file(connection: Connection, client: Client) -> None:
    """What the tasks do: start, wait, collect."""
    until = time.monotonic() + 30
    bulk_delivery.start_files(connection, SHOP, client)
    while bulk_delivery.running(connection, SHOP):
        assert time.monotonic() < until
        bulk_delivery.collect(connection, SHOP, client)


def bring_to_rest(store: Store) -> None:
    """What the next runs do, until every file is done and every level has what it should."""
    until = time.monotonic() + 30
    while bulk_delivery.is_needed(store.connection, SHOP):
        assert time.monotonic() < until
        by_file(store.connection, store.client)
    while observation.settle(store.connection, SHOP, store.client) != Settlement():
        assert time.monotonic() < until
    store.plan()
    by_file(store.connection, store.client)


@pytest.mark.parametrize("where", ["statement", "call"])
def test_any_step_may_be_the_last(store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    store.open(dict.fromkeys(PRODUCTS, 5))
    store.connection.execute(
        b"UPDATE shopify_shop SET transport = 'BULK', seconds_to_arrive = 0.05, order_search_lag = 0"
    )
    monkeypatch.setattr(planner, "MOST_ROWS", 1)
    before = store.emulator.settings()
    store.emulator.settings(bulk_start_seconds=0, bulk_lines_per_second=100_000)
    number, has_died = 0, True
    while has_died:
        number += 1
        assert number < MOST_BOUNDARIES
        for product in PRODUCTS:
            store.move(product, 1)
        assert len(store.plan()) == len(PRODUCTS)
        life = Life(Counter(), ("death", where, number))
        client = SimulatedClient(Access(store.emulator.url, store.emulator.token), most_under_way=1)
        with closing(SimulatedConnection.open(dsn)) as connection, client, suppress(Died):
            connection.life = client.life = life
            life.connection = connection
            by_file(connection, client)
        has_died = life.is_dead
        bring_to_rest(store)
        applied = Counter(each["inventoryItemId"] for each in store.emulator.history() if each["kind"] == "adjust")
        assert applied == {item(product): number for product in PRODUCTS}, f"died at {where} {number}"
    assert number > 10
    store.emulator.settings(bulk_start_seconds=before["bulk_start_seconds"])
