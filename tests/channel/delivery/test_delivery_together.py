"""Several batches on their way at a time: each has its own outcome, and any moment may be the sender's last."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.channel.delivery import delivery, outbox
from include.channel.planning import planner
from include.db.connection import Connection, connect
from include.sandbox import shopify
from include.shopify import inventory
from include.shopify.access import Access
from include.shopify.client import Client, Document
from include.shopify.errors import RequestRefused
from include.shopify.inventory import AdjustOutcome
from include.shopify.limiter import Limiter
from include.stock import ledger
from tests.jobs.test_upload_dags import OTHER, add_shop
from tests.scenarios.store import Store, item

ADJUST = "inventoryAdjustQuantities"
PRODUCTS = [f"6{number:04d}" for number in range(100)]
BATCHES, ROWS = 20, 5


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def shop(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A hundred levels that show 5 and are to show 6, in twenty batches; answers take a while."""
    monkeypatch.setattr(planner, "MOST_ROWS", ROWS)
    store.open(dict.fromkeys(PRODUCTS, 5))
    with store.connection.transaction():
        ledger.open_for_posting(store.connection)
        store.connection.execute(
            b"INSERT INTO movement SELECT product_id, 'BROADWAY', 1, 1, 'VAR_MANUAL', NULL, NULL FROM product"
        )
        ledger.post(store.connection, datetime.now(UTC))
    assert len(store.plan()) == BATCHES
    store.emulator.settings(latency_seconds=0.02)
    with Client(Access(store.emulator.url, store.emulator.token), seconds_to_answer=10) as patient:
        yield replace(store, client=patient)


def keys(connection: Connection, *statuses: str) -> set[str]:
    """The keys of the batches that have come to one of these ends."""
    rows = connection.execute(
        b"SELECT idempotency_key::text FROM outbox_batch WHERE status_id = ANY(%s)", [list(statuses)]
    )
    return {row[0] for row in rows}


def applied_keys(shop: Store) -> set[str]:
    return {each["key"] for each in shop.emulator.history() if each["kind"] == "adjust"}


def bring_to_rest(shop: Store) -> None:
    """What the next runs do; then every level has got its unit, once."""
    shop.settle()
    for _ in range(3):
        shop.import_orders()
        shop.push()
    applied = Counter(each["inventoryItemId"] for each in shop.emulator.history() if each["kind"] == "adjust")
    assert applied == {item(product): 1 for product in PRODUCTS}


def test_answers_are_waited_for_together(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    adjust, together = inventory.adjust, threading.Barrier(2)
    alone = {1, BATCHES}  # the first answer makes room for others; the last batch has no company

    def slow(client: Client, variables: str, request: Document | None = None) -> AdjustOutcome:
        if counted.pop() not in alone:
            together.wait(30)
        return adjust(client, variables, request)

    counted = list(range(BATCHES, 0, -1))
    monkeypatch.setattr(inventory, "adjust", slow)
    sent = shop.deliver()
    assert (sent.confirmed, sent.confirmed_rows) == (BATCHES, BATCHES * ROWS)
    bring_to_rest(shop)


def test_each_batch_has_the_outcome_that_is_its_own(shop: Store) -> None:
    kinds: list[tuple[str, dict[str, object]]] = [
        ("drop_after", {"after_calls": 2}),
        ("stale", {"after_calls": 1}),
        ("drop_before", {"after_calls": 4}),
        ("throttled", {"after_calls": 1}),
        ("user_error", {"after_calls": 3, "code": "SERVICE_UNAVAILABLE"}),
        ("internal_error", {"after_calls": 6, "applied": True}),
        ("user_error", {"after_calls": 9, "code": "NON_MUTABLE_INVENTORY_ITEM"}),
    ]
    for kind, given in kinds:
        shop.emulator.fault(kind, operation=ADJUST, **given)
    shop.client.limiter.sleep = lambda _seconds: None
    sent = shop.deliver()
    assert (sent.unknown, sent.stale, sent.refused) == (4, 1, 1)
    confirmed, open_ = keys(shop.connection, "CONFIRMED"), keys(shop.connection, "UNKNOWN")
    assert keys(shop.connection, "SENDING", "PLANNED") == set()
    assert confirmed <= applied_keys(shop) <= confirmed | open_
    assert not keys(shop.connection, "STALE", "REFUSED") & applied_keys(shop)
    bring_to_rest(shop)


def test_a_sender_that_dies_leaves_what_was_under_way_unknown(shop: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    confirm = outbox.confirm
    under_way: set[str] = set()

    def die(connection: Connection, batch: int) -> int:
        sending = keys(connection, "SENDING")
        if len(sending) < 4:
            return confirm(connection, batch)
        under_way.update(sending)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "confirm", die)
        with pytest.raises(Killed):
            shop.deliver()
    shop.deliver()
    assert keys(shop.connection, "UNKNOWN") == under_way
    bring_to_rest(shop)


def test_throttling_is_waited_out_with_nothing_under_way(shop: Store) -> None:
    shop.emulator.fault("throttled", operation=ADJUST, after_calls=7, times=5)
    meanwhile: list[set[str]] = []
    shop.client.limiter.sleep = lambda _seconds: meanwhile.append(keys(shop.connection, "SENDING"))
    assert shop.deliver().confirmed == BATCHES
    assert meanwhile
    assert not any(meanwhile)
    bring_to_rest(shop)


def test_trouble_stops_the_run_once_all_answers_are_written_down(shop: Store) -> None:
    shop.emulator.fault("status", status=402, operation=ADJUST, after_calls=9, times=2)
    with pytest.raises(RequestRefused, match="HTTP 402"):
        shop.deliver()
    assert keys(shop.connection, "SENDING", "UNKNOWN") == set()
    assert keys(shop.connection, "CONFIRMED") == applied_keys(shop)
    assert keys(shop.connection, "PLANNED")
    shop.emulator.clear_faults()
    bring_to_rest(shop)


def test_a_shop_without_points_delays_no_other(shop: Store, dsn: str, tmp_path: Path) -> None:
    """Each shop has points of its own: while one waits for some, all batches of the other are sent."""
    waits, has_points = threading.Event(), threading.Event()

    def sleep(_seconds: float) -> None:
        waits.set()
        assert has_points.wait(60)

    with shopify.running(tmp_path / OTHER, points=0, restore_rate=2) as other, connect(dsn) as connection:
        add_shop(connection, other, PRODUCTS[0])
        connection.execute(b"UPDATE inventory_level SET target = 6 WHERE shop_id = %s", [OTHER])
        assert planner.make(connection, OTHER).rows == 1
        client = Client(Access(other.url, other.token), Limiter(sleep=sleep))
        with client, ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(delivery.deliver, connection, OTHER, client)
            assert waits.wait(60)
            assert shop.deliver().confirmed == BATCHES
            assert not waiting.done()
            other.settings(points=2000)
            has_points.set()
            assert waiting.result(60).confirmed_rows == 1
