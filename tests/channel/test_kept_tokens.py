"""One access token serves all calls of a run, in all of its threads, and those of the runs after it."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from airflow.sdk import BaseHook

from include.channel import kept_tokens
from include.channel.delivery import delivery
from include.channel.planning import planner
from include.channel.reconciliation import observation
from include.db.connection import Connection, connect
from include.jobs import connections
from include.sandbox.shopify import Emulator
from include.shopify import shop as shop_state
from include.shopify.access import Access
from include.shopify.tokens import Granted
from tests.scenarios.store import Store
from tests.world import SHOP

PRODUCTS = [f"6{number:04d}" for number in range(20)]


@pytest.fixture
def asked(store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A store whose Airflow connection has the app's id and secret; how many tokens were granted before the test."""
    settings = store.emulator.settings()
    found = SimpleNamespace(
        host=store.emulator.url, login=settings["client_id"], password=settings["client_secret"], extra_dejson={}
    )
    monkeypatch.setattr(BaseHook, "get_connection", lambda _: found)
    monkeypatch.setattr(connections, "oms", lambda: connect(dsn))
    store.open(dict.fromkeys(PRODUCTS, 5))
    yield [store.emulator.stats()["granted"]]
    store.emulator.settings(client_secret=settings["client_secret"], clock_rate=1)


def granted(emulator: Emulator, asked: list[int]) -> int:
    """How many tokens the shop has granted since this was last asked."""
    now = int(emulator.stats()["granted"])
    asked.append(now)
    return now - asked[-2]


def run(store: Store) -> None:
    """What three tasks do, each with a client of its own: deliver by several threads, look, ask."""
    for product in PRODUCTS:
        store.move(product, -1)
    store.plan()
    with connections.shopify("shopify_demo") as client:
        assert delivery.deliver(store.connection, SHOP, client).confirmed_rows == len(PRODUCTS)
    with connections.shopify("shopify_demo") as client:
        observation.settle(store.connection, SHOP, client)
    with connections.shopify("shopify_demo") as client:
        shop_state.scopes(client)


def access_of(emulator: Emulator) -> Access:
    settings = emulator.settings()
    return Access(emulator.url, "", client_id=settings["client_id"], client_secret=settings["client_secret"])


def test_one_token_serves_all_threads_tasks_and_runs_until_shortly_before_its_end(
    store: Store, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "MOST_ROWS", 2)
    run(store)
    run(store)
    assert granted(store.emulator, asked) == 1
    age = b"UPDATE shopify_access_token SET expires_at = expires_at - make_interval(secs => %s)"
    store.connection.execute(age, [86_399 - 600])
    run(store)
    assert granted(store.emulator, asked) == 0, "ten minutes before its end"
    store.connection.execute(age, [400])
    run(store)
    assert granted(store.emulator, asked) == 1, "less than five"


def test_a_kept_token_that_the_shop_refuses_is_replaced_for_all(store: Store, asked: list[int]) -> None:
    run(store)
    store.emulator.settings(clock_rate=0)
    store.emulator.advance(90_000)
    run(store)
    run(store)
    assert granted(store.emulator, asked) == 2


def test_what_is_kept_is_of_use_only_to_who_has_the_secret(
    store: Store, asked: list[int], connection: Connection
) -> None:
    access = access_of(store.emulator)
    kept_tokens.keep(connection, access, Granted("shpat_canary", 1000))
    found = kept_tokens.load(connection, access)
    assert found is not None
    assert found.token == "shpat_canary"
    assert 990 < found.seconds <= 1000
    rows = connection.execute(b"SELECT shopify_access_token::text FROM shopify_access_token").fetchall()
    assert "canary" not in str(rows)
    assert access.client_secret not in str(rows)
    assert kept_tokens.load(connection, replace(access, client_secret="rotated")) is None
    assert kept_tokens.load(connection, replace(access, url="http://127.0.0.1:1")) is None
    store.emulator.settings(client_secret="rotated")
    assert granted(store.emulator, asked) == 0


def test_a_shop_that_refuses_each_token_soon_is_noticed(
    store: Store, asked: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    store.emulator.settings(clock_rate=0)
    with caplog.at_level(logging.WARNING, "include.shopify.tokens"), connections.shopify("shopify_demo") as client:
        for calls in range(4):
            assert not caplog.records or calls > 2
            shop_state.scopes(client)
            store.emulator.advance(90_000)
    assert granted(store.emulator, asked) == 4
    assert "3 times in one run" in caplog.text
    assert access_of(store.emulator).client_secret not in caplog.text


def test_a_token_that_cannot_be_kept_stops_nobody(
    store: Store, asked: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    store.connection.execute(b"ALTER TABLE shopify_access_token ADD CHECK (client_id = '')")
    with connections.shopify("shopify_demo") as client:
        shop_state.scopes(client)
    assert "could not be kept" in caplog.text
    assert granted(store.emulator, asked) == 1
