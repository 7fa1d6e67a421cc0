"""A sender that was held up with an answer in its hands finds that another one has taken the shop over meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from include.channel.delivery import outbox
from include.db.connection import connect
from include.shopify.client import (
    MOST_CONNECTS,
    SECONDS_TO_ANSWER,
    SECONDS_TO_CONNECT,
    SECONDS_TO_LEAVE,
    Client,
    Document,
)
from include.shopify.errors import NotSent
from tests.scenarios.store import Store
from tests.world import SHOP

P, Q = "50001", "50002"
ADJUST = "inventoryAdjustQuantities"


def hold_up(store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch, *, is_settled: bool) -> None:
    """Hold the first sender up once its batch is answered, until another one has delivered, or settled all as well."""
    execute_once = Client.execute_once
    held: list[bool] = []

    def with_another_sender(self: Client, request: Document, variables: str) -> dict[str, Any]:
        answer = execute_once(self, request, variables)
        if request.name == "InventoryAdjust" and not held:
            held.append(True)
            with connect(dsn) as other:
                another = Store(other, store.world, store.emulator, store.client)
                another.deliver()
                if is_settled:
                    another.settle()
                    another.push()
        return answer

    monkeypatch.setattr(Client, "execute_once", with_another_sender)
    with pytest.raises(outbox.Fenced):
        store.deliver()
    assert held


def test_deltas_that_another_sender_has_settled_do_not_travel_on(
    store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.open({P: 10})
    store.sell(P, 1)
    store.move(P, +4)
    store.plan()
    hold_up(store, dsn, monkeypatch, is_settled=True)
    store.push()
    assert store.applied(P) == [4], "the batch was refused as stale, settled, and planned anew by the other one"
    assert store.shown(P) == 13


def test_a_row_that_another_sender_has_settled_is_not_put_into_quarantine_by_the_first(
    store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.open({P: 10})
    store.move(P, +4)
    store.emulator.fault("user_error", code="NON_MUTABLE_INVENTORY_ITEM", operation=ADJUST)
    store.plan()
    hold_up(store, dsn, monkeypatch, is_settled=True)
    row = store.connection.execute(b"SELECT quarantine_reason, outbox_batch_id FROM inventory_level").fetchone()
    assert row == (None, None)
    assert store.applied(P) == [4]


def test_an_answer_that_comes_after_the_settlement_moves_no_position(
    store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.open({P: 10, Q: 10})
    store.sell(Q, 1)
    store.import_orders()
    store.move(P, +4)
    store.plan()
    store.connection.execute(b"UPDATE inventory_level SET shopify_reason = 'damaged' WHERE product_id = %s", [Q])
    store.move(Q, -1)
    store.plan()
    hold_up(store, dsn, monkeypatch, is_settled=True)
    assert store.level(P) == (14, 14)
    assert (store.applied(P), store.applied(Q)) == ([4], [-1])


def test_a_batch_that_another_sender_has_sent_meanwhile_is_not_ended_by_the_checks_of_the_first(store: Store) -> None:
    store.open({P: 10})
    store.move(P, +4)
    (batch,) = store.plan()
    other = outbox.take_over(store.connection, SHOP)
    outbox.mark_sending(store.connection, other, batch)
    with pytest.raises(outbox.Fenced, match=f"batch {batch}: no longer PLANNED"):
        outbox.replace_refused(store.connection, SHOP, batch, "not stocked", {0: "not stocked"}, "PLANNED")
    assert store.batches() == ["SENDING"]


def test_a_request_that_was_held_up_before_it_left_does_not_leave_once_it_was_settled(
    store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The level has come back to where the request changes it from, so nothing else would stop it."""
    store.open({P: 10})
    store.move(P, +4)
    store.plan()
    post, now, held = Client._post, [0.0], list[bool]()
    monkeypatch.setattr(store.client, "clock", lambda: now[0])

    def wake_up_late(self: Client, request: Document, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        if request.name == "InventoryAdjust" and not held:
            held.append(True)
            with connect(dsn) as other, Client(store.client.access) as client:
                another = Store(other, store.world, store.emulator, client)
                another.deliver()
                another.settle()
                another.push()
            store.sell(P, 4)
            now[0] += SECONDS_TO_LEAVE + 1
        return post(self, request, body, headers)

    monkeypatch.setattr(Client, "_post", wake_up_late)
    with pytest.raises(NotSent, match="held up"):
        store.deliver()
    assert store.applied(P) == [4]
    assert store.batches() == ["SETTLED", "CONFIRMED"]
    store.import_orders()
    store.push()
    assert (store.level(P), store.shown(P)) == ((10, 10), 10)


def test_there_is_time_for_all_attempts_to_connect(store: Store) -> None:
    assert MOST_CONNECTS * SECONDS_TO_CONNECT < SECONDS_TO_LEAVE
    store.world.shop()
    row = store.connection.execute(b"SELECT seconds_to_arrive FROM shopify_shop").fetchone()
    assert row is not None
    assert row[0] > SECONDS_TO_LEAVE + SECONDS_TO_ANSWER, "or a request might leave after its outcome was found out"
