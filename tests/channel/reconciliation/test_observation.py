"""Looking at Shopify proves something only where nothing unseen can hide in what it shows."""

import dataclasses
import time

import httpx
import pytest
from psycopg.errors import LockNotAvailable

from include.channel.delivery import preflight
from include.channel.order_import import orders
from include.channel.reconciliation import comparison, observation
from include.channel.reconciliation.observation import Level
from include.db.connection import LockedElsewhere, connect, exclusive
from include.shopify.client import Client
from include.shopify.errors import OutcomeUnknown
from include.shopify.inventory import Seen
from include.stock.atp import online_atp
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

P = "50001"
ADJUST = "inventoryAdjustQuantities"


def look_while_an_order_comes_and_goes(store: Store) -> observation.Settlement:
    """An order is placed before the read, unseen by the search, and cancelled before anybody can import it."""
    store.emulator.settings(order_search_lag=1000)
    order = store.sell(P, 3)

    def meanwhile(seconds: float) -> None:
        store.emulator.cancel_order(order)
        store.emulator.settings(order_search_lag=0)
        time.sleep(seconds)

    time.sleep(0.3)
    return observation.settle(store.connection, SHOP, store.client, meanwhile)


def test_an_order_that_comes_and_goes_around_the_look_spoils_it(store: Store) -> None:
    store.open({P: 10})
    store.move(P, -1)
    store.emulator.fault("drop_before", operation=ADJUST)
    store.push()
    assert look_while_an_order_comes_and_goes(store).settled == 0
    store.settle()
    store.push()
    assert store.shown(P) == 9


def test_it_spoils_the_first_look_as_well(store: Store) -> None:
    store.open({P: 10})
    store.connection.execute(b"UPDATE inventory_level SET position = NULL")
    assert look_while_an_order_comes_and_goes(store).settled == 0
    assert store.level(P) == (10, None)
    store.settle()
    store.push()
    assert (store.level(P), store.shown(P), store.applied(P)) == ((10, 10), 10, [])


def test_an_edit_in_shopify_is_seen_as_drift_and_put_right(store: Store) -> None:
    store.open({P: 10})
    store.move(P, -1)
    store.emulator.fault("drop_before", operation=ADJUST)
    store.push()
    store.emulator.edit_level(item(P), ONLINE, 50)
    assert store.settle().settled == 1
    row = store.connection.execute(
        b"SELECT position, observed, cause FROM inventory_drift WHERE cause <> 'FIRST_OBSERVATION'"
    ).fetchone()
    assert row == (10, 50, "CHANGED_IN_SHOPIFY")
    store.push()
    assert store.shown(P) == 9


def test_a_batch_whose_rows_were_settled_by_a_process_that_died_is_closed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.open({P: 10})
    store.move(P, -1)
    store.emulator.fault("drop_before", operation=ADJUST)
    store.push()
    with monkeypatch.context() as patch:
        patch.setattr(observation, "_close_settled", _die)
        with pytest.raises(KeyboardInterrupt):
            store.settle()
    assert store.batches()[-1] == "UNKNOWN"
    store.settle()
    assert store.batches()[-1] == "SETTLED"


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_item_that_is_gone_from_shopify_is_put_aside_with_its_reason(store: Store) -> None:
    store.open({P: 10, "50002": 5})
    store.move(P, -1)
    store.emulator.fault("drop_before", operation=ADJUST)
    store.push()
    store.emulator.seed(
        [{"id": ONLINE, "name": "Online"}],
        [{"id": item("50002")}],
        [{"inventoryItemId": item("50002"), "locationId": ONLINE, "available": 5}],
    )
    assert store.settle().settled == 0
    assert store.batches() == ["SETTLED"]
    row = store.connection.execute(
        b"SELECT quarantine_reason FROM inventory_level WHERE product_id = %s", [P]
    ).fetchone()
    assert row == ("Shopify has no such inventory item: correct the mapping",)
    assert store.settle().observed == 0, "it costs no further looks"


def test_a_request_that_waited_for_points_is_late_from_its_sending_on(store: Store) -> None:
    """The wait for points must not eat up the time in which the request may still arrive."""
    store.open({P: 5})
    store.connection.execute(b"UPDATE shopify_shop SET seconds_to_arrive = 1.2")
    store.move(P, -2)
    store.emulator.fault("status", status=429, retry_after=1.5, operation=ADJUST)

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        store.emulator.fault("late", seconds=0.8, operation=ADJUST)

    store.client.limiter.sleep = sleep
    assert store.push().unknown == 1
    assert store.settle().settled == 1
    store.push()
    assert (store.applied(P), store.shown(P), store.level(P)) == ([-2], 3, (3, 3))


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (408, b""),
        (204, b""),
        (200, b"[]"),
        (200, b"null"),
        (200, b'{"data":{"inventoryAdjustQuantities":{"userErrors":null}}}'),
        (200, b'{"errors":["x"]}'),
        (
            200,
            b'{"data":{"inventoryAdjustQuantities":{"inventoryAdjustmentGroup":null,"userErrors":[]}},'
            b'"errors":[{"message":"Access denied","extensions":{"code":"ACCESS_DENIED"}}]}',
        ),
    ],
)
def test_an_answer_that_may_come_after_execution_is_no_refusal(
    store: Store, monkeypatch: pytest.MonkeyPatch, status: int, answer: bytes
) -> None:
    store.open({P: 10})
    store.move(P, -2)
    applied = store.client._posted

    def posted(body: bytes, headers: dict[str, str]) -> httpx.Response:
        response = applied(body, headers)
        return httpx.Response(status, content=answer) if b"InventoryAdjust" in body else response

    with monkeypatch.context() as patched:
        patched.setattr(store.client, "_posted", posted)
        assert store.push().unknown == 1
    store.settle()
    store.push()
    assert (store.applied(P), store.shown(P)) == ([-2], 8)


@pytest.mark.parametrize(
    "extensions",
    [
        None,
        [],
        {"cost": None},
        {"cost": "13"},
        {"cost": {"throttleStatus": {}}},
        {"cost": {"throttleStatus": {"currentlyAvailable": None, "maximumAvailable": 2000, "restoreRate": 0}}},
    ],
    ids=str,
)
def test_an_answer_without_costs_is_an_answer(
    store: Store, monkeypatch: pytest.MonkeyPatch, extensions: object
) -> None:
    store.open({P: 10})
    store.move(P, -2)
    applied, answers = store.client._posted, []

    def posted(body: bytes, headers: dict[str, str]) -> httpx.Response:
        answers.append(applied(body, headers).json() | {"extensions": extensions})
        return httpx.Response(200, json=answers[-1])

    monkeypatch.setattr(store.client, "_posted", posted)
    assert store.push().confirmed == 1
    assert answers


def test_a_stale_batch_whose_levels_cannot_be_read_again_is_planned_anew(store: Store) -> None:
    store.open({P: 10})
    store.sell(P, 1)
    store.move(P, -2)
    store.emulator.fault("status", status=502, operation="nodes", after_calls=2)
    with pytest.raises(OutcomeUnknown):
        store.push()
    assert store.batches() == ["REFUSED"]
    store.push()
    assert (store.applied(P), store.shown(P)) == ([-2], 7)


def test_many_new_levels_are_seen_in_parts_and_what_was_seen_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Exception):
        """The connection, in the middle of it."""

    store.open({f"8{number:04d}": 5 for number in range(5)})
    store.connection.execute(b"UPDATE inventory_level SET position = NULL")
    monkeypatch.setattr(observation, "LEVELS_AT_A_TIME", 2)
    looks = iter(range(2))

    def sleep(_: float) -> None:
        if next(looks, None) is None:
            raise Broken

    with pytest.raises(Broken):
        observation.settle(store.connection, SHOP, store.client, sleep)
    seen = store.connection.execute(b"SELECT count(position), count(*) FROM inventory_level").fetchone()
    assert seen == (4, 5)
    assert store.settle().settled == 1


def test_whoever_marks_levels_waits_for_the_turn_of_those_that_write_them(store: Store, dsn: str) -> None:
    """Two that lock many levels in different orders would wait for each other, and one of them would be ended."""
    store.open({P: 5})
    store.move(P, -1)
    batches = store.plan()
    places = preflight.check(store.connection, SHOP, store.client)
    observed = observation.begin(store.connection, SHOP, "HARD_SYNC")
    with connect(dsn) as other, other.transaction():
        online_atp.take_turn(other)
        store.connection.execute(b"SET lock_timeout = '100ms'")
        with pytest.raises(LockNotAvailable):
            comparison.compare_export(store.connection, SHOP, [ONLINE], [], observed)
        with pytest.raises(LockNotAvailable):
            list(preflight.check_batches(store.connection, SHOP, store.client, places, batches))
    comparison.compare_export(store.connection, SHOP, [ONLINE], [], observed)
    list(preflight.check_batches(store.connection, SHOP, store.client, places, batches))
    store.connection.execute(b"RESET lock_timeout")


def test_a_batch_that_is_sent_while_its_level_is_looked_at_spoils_the_look(
    store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender needs no leave of whoever looks: it confirms a batch between the second read and the judgement."""
    store.open({P: 10})
    reads: list[dict[Level, Seen]] = []

    def read(client: Client, levels: list[Level]) -> dict[Level, Seen]:
        seen = read_levels(client, levels)
        reads.append(seen)
        if len(reads) == 2:
            with connect(dsn) as another:
                sender = dataclasses.replace(store, connection=another)
                sender.move(P, -1)
                assert sender.push().confirmed == 1
        return seen

    read_levels = observation.read_levels
    monkeypatch.setattr(observation, "read_levels", read)
    observed = observation.begin(store.connection, SHOP, "RECENT_CHANGES")
    found = observation.observe(store.connection, SHOP, store.client, [(item(P), ONLINE)], observed)
    assert len(reads) >= 2
    assert (found.settled, found.waiting) == (0, 1)
    monkeypatch.undo()
    store.push()
    assert (store.level(P), store.shown(P), store.applied(P)) == ((9, 9), 9, [-1])


@pytest.mark.parametrize("dies", [True, False])
def test_a_look_that_was_held_up_does_not_undo_a_newer_one(
    store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch, *, dies: bool
) -> None:
    """The newer one settles a batch; its process may die before it closes it."""
    store.open({P: 10})
    store.move(P, -1)
    store.emulator.fault("drop_before", operation=ADJUST)
    store.push()
    reads = list[int]()

    def read(client: Client, levels: list[Level]) -> dict[Level, Seen]:
        seen = read_levels(client, levels)
        reads.append(len(seen))
        if len(reads) == 2:
            with connect(dsn) as another, monkeypatch.context() as patch:
                newer = dataclasses.replace(store, connection=another)
                store.emulator.edit_level(item(P), ONLINE, 30)
                if dies:
                    patch.setattr(observation, "_close_settled", _nothing)
                assert newer.settle().settled == 1
                assert newer.level(P) == (9, 30)
        return seen

    read_levels = observation.read_levels
    monkeypatch.setattr(observation, "read_levels", read)
    observed = observation.begin(store.connection, SHOP, "RECENT_CHANGES")
    found = observation.observe(store.connection, SHOP, store.client, [(item(P), ONLINE)], observed)
    assert len(reads) == 4
    assert (found.settled, found.waiting) == (0, 1)
    assert store.level(P) == (9, 30)


def _nothing(*_: object) -> None:
    """In place of what was not done any more."""


def test_two_imports_of_a_shops_orders_do_not_overtake_each_other(
    store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.open({P: 10})
    monkeypatch.setattr(orders, "SECONDS_FOR_THE_LOCK", 0.0)
    with connect(dsn) as another, exclusive(another, f"orders of {SHOP}"), pytest.raises(LockedElsewhere):
        store.import_orders()
