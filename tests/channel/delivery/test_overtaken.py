"""A delta that waited is not sent if it would raise its level above what it should show by then."""

import time
from collections.abc import Callable
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.channel.delivery import bulk_delivery, outbox
from include.channel.planning import planner
from include.db.connection import Connection
from include.sandbox.shopify import Emulator
from include.shopify import bulk_mutation
from include.shopify.client import Client
from include.stock.atp import online_atp
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP, World

A, B = "50001", "50002"
MANY = [f"51{number:03d}" for number in range(25)]


def test_an_upward_delta_whose_target_has_fallen_is_planned_anew_and_the_others_go_on(store: Store) -> None:
    store.open({A: 5, B: 5})
    store.move(A, 5)
    store.move(B, 2)
    store.plan()
    store.move(A, -4)
    online_atp.refresh(store.connection)
    assert (store.level(A), store.level(B)) == ((6, 5), (7, 5))
    assert store.deliver().confirmed_rows == 1
    assert (store.shown(A), store.shown(B)) == (5, 7)
    assert store.batches() == ["REFUSED", "CONFIRMED"]
    message = store.connection.execute(b"SELECT message FROM outbox_batch ORDER BY outbox_batch_id").fetchone()
    assert message is not None
    assert "would raise a level above its target" in message[0]
    store.push()
    assert (store.shown(A), store.applied(A), store.applied(B)) == (6, [1], [2])


def test_a_downward_delta_goes_as_it_is_whatever_its_target_is_by_then(store: Store) -> None:
    """It cannot oversell; what it takes too much is pushed back by the next plan."""
    store.open({A: 5})
    store.move(A, -3)
    store.plan()
    store.move(A, 2)
    online_atp.refresh(store.connection)
    assert store.deliver().confirmed_rows == 1
    store.push()
    assert store.applied(A) == [-3, 2]


def test_an_order_imported_while_it_waits_does_not_overtake_it(store: Store) -> None:
    store.open({A: 5})
    store.move(A, 5)
    store.plan()
    store.sell(A, 2)
    store.import_orders()
    assert store.deliver().confirmed_rows == 1
    assert (store.level(A), store.shown(A)) == ((8, 8), 8)


def test_a_stale_batch_does_not_carry_on_what_was_overtaken(store: Store) -> None:
    """The level moves, so the batch is refused; before it can travel on, the target falls."""
    store.open({A: 5, B: 5})
    store.move(A, 5)
    store.plan()
    store.connection.execute(b"UPDATE inventory_level SET checked_at = now()")
    store.sell(A, 1)
    (batch,) = (row[0] for row in store.connection.execute(b"SELECT outbox_batch_id FROM outbox_batch"))
    store.connection.execute(b"UPDATE outbox_batch SET status_id = 'SENDING'")
    store.move(A, -6)
    online_atp.refresh(store.connection)
    assert outbox.replace_stale(store.connection, SHOP, batch, {(item(A), ONLINE): 4}) == []
    assert store.shown(A) == 4


def test_a_file_leaves_out_what_was_overtaken(store: Store) -> None:
    store.open({A: 5, B: 5})
    store.connection.execute(b"UPDATE shopify_shop SET transport = 'BULK'")
    store.move(A, 5)
    store.move(B, 2)
    store.plan()
    store.move(A, -5)
    online_atp.refresh(store.connection)
    assert bulk_delivery.start_files(store.connection, SHOP, store.client)["started"] == 1
    rows = store.connection.execute(
        b"SELECT batch.status_id, batch.transport, batch_row.delta FROM outbox_batch AS batch"
        b" INNER JOIN outbox_batch_row AS batch_row ON batch.outbox_batch_id = batch_row.outbox_batch_id"
        b" ORDER BY batch.outbox_batch_id, batch_row.row_index"
    ).fetchall()
    assert rows == [("REFUSED", "BULK", 5), ("REFUSED", "BULK", 2), ("SENDING", "BULK", 2)]


def while_it_is_uploaded(monkeypatch: pytest.MonkeyPatch, happens: Callable[[int], None]) -> list[int]:
    """Have something happen during each upload; returns the numbers of those that were made."""
    upload, uploads = bulk_mutation.upload, list[int]()

    def slowly(client: Client, name: str, content: IO[bytes]) -> str:
        path = upload(client, name, content)
        happens(len(uploads))
        uploads.append(len(uploads))
        return path

    monkeypatch.setattr(bulk_mutation, "upload", slowly)
    return uploads


def send_files(store: Store) -> None:
    """What the bulk job does until no file is left."""
    store.emulator.settings(bulk_start_seconds=0, bulk_lines_per_second=100_000)
    until = time.monotonic() + 30
    while bulk_delivery.is_needed(store.connection, SHOP):
        assert time.monotonic() < until
        bulk_delivery.start_files(store.connection, SHOP, store.client)
        bulk_delivery.collect(store.connection, SHOP, store.client)


def test_what_is_overtaken_while_a_file_is_uploaded_leaves_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.open({A: 5, B: 5})
    store.connection.execute(b"UPDATE shopify_shop SET transport = 'BULK'")
    monkeypatch.setattr(planner, "MOST_ROWS", 1)
    store.move(A, 5)
    store.move(B, 2)
    store.plan()

    def happens(upload: int) -> None:
        if upload == 0:
            store.move(A, -5)
            online_atp.refresh(store.connection)

    uploads = while_it_is_uploaded(monkeypatch, happens)
    send_files(store)
    assert (store.applied(A), store.applied(B)) == ([], [2])
    assert len(uploads) == 2
    assert store.batches() == ["REFUSED", "CONFIRMED"]


def test_a_file_that_is_overtaken_again_and_again_goes_on_by_calls(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.open(dict.fromkeys([*MANY, B], 5))
    store.connection.execute(b"UPDATE shopify_shop SET transport = 'BULK'")
    monkeypatch.setattr(planner, "MOST_ROWS", 1)
    for product in (*MANY, B):
        store.move(product, 5)
    store.plan()

    def happens(upload: int) -> None:
        store.move(MANY[upload], -5)
        online_atp.refresh(store.connection)

    uploads = while_it_is_uploaded(monkeypatch, happens)
    assert bulk_delivery.start_files(store.connection, SHOP, store.client)["running"] == 0
    assert len(uploads) == bulk_delivery.MOST_UPLOADS
    assert not bulk_delivery.is_needed(store.connection, SHOP)
    store.move(B, -5)
    online_atp.refresh(store.connection)
    assert store.deliver().confirmed_rows == len(MANY) - len(uploads)
    assert store.applied(B) == [], "each call is tested as it leaves"
    fallen = [*MANY[: len(uploads)], B]
    assert {store.shown(product) for product in fallen} == {5}
    row = store.connection.execute(b"SELECT status_id, message FROM outbox_file").fetchone()
    assert row is not None
    assert row[0] == "DONE"
    assert "direct calls" in row[1]


@pytest.fixture
def stock(connection: Connection, world: World, emulator: Emulator, client: Client) -> tuple[Store, list[str]]:
    """A store, and products that no example has touched."""
    store = Store(connection, world, emulator, client)
    store.open(dict.fromkeys(MANY, 5))
    return store, list(MANY)


def test_delivering_never_raises_a_level_above_its_target(stock: tuple[Store, list[str]]) -> None:
    store, untouched = stock

    @settings(max_examples=20, deadline=None, database=None)
    @given(st.lists(st.integers(-4, 6).filter(bool), min_size=1, max_size=3), st.lists(st.integers(-4, 6), max_size=3))
    def check(before: list[int], meanwhile: list[int]) -> None:
        if not untouched:
            return
        product = untouched.pop()
        for units in before:
            store.move(product, units)
        store.plan()
        for units in meanwhile:
            store.move(product, units)
        online_atp.refresh(store.connection)
        target, shown = store.level(product)[0], store.shown(product)
        store.deliver()
        assert store.shown(product) <= max(shown, target)
        store.push()
        assert store.shown(product) == target
        assert planner.make(store.connection, SHOP).rows == 0

    check()
