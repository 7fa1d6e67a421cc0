"""A sender that was held up with an answer in its hands finds that another one has taken the shop over meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from include.channel import outbox
from include.db.connection import connect
from include.shopify.client import Client, Document
from tests.scenarios.store import Store, item

P, Q = "50001", "50002"


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
