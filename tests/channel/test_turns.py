"""Whoever writes levels does so in turn: two could lock the same rows in different orders, or write what they have read
before the other one wrote."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from psycopg.errors import LockNotAvailable

from include.channel.delivery import outbox
from include.channel.order_import import orders
from include.channel.planning import breaker, planner
from include.channel.reconciliation import hot_levels, observation
from include.db.connection import connect
from include.shopify import orders as wire
from include.shopify.inventory import Seen
from include.stock.atp import online_atp
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP

P, Q, R = "50001", "50002", "50003"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_levels_are_written_in_turn(books: Store, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = books.connection
    books.equip({P: 10, Q: 10, R: 10})
    monkeypatch.setattr(planner, "MOST_ROWS", 1)
    connection.execute(b"UPDATE inventory_level SET target = 11 WHERE product_id <> %s", [R])
    batch, held = planner.plan(connection, SHOP)
    sender = outbox.take_over(connection, SHOP)
    outbox.mark_sending(connection, sender, batch)
    connection.execute(b"UPDATE inventory_level SET target = 12 WHERE product_id = %s", [R])

    level, at_rest = levels = [(item(product), ONLINE) for product in (P, R)]
    seen = dict.fromkeys(levels, Seen(10, 0, NOON.isoformat(), is_active=True, tracked=True, sku=""))
    monkeypatch.setattr(orders, "import_orders", lambda *_: None)
    monkeypatch.setattr(observation, "read_levels", lambda *_: seen)
    monkeypatch.setattr(wire, "updated_since", lambda *_: [])
    observed = observation.begin(connection, SHOP, "HARD_SYNC")
    writers: dict[str, Callable[[], object]] = {
        "a plan": lambda: planner.make(connection, SHOP),
        "a dry run": lambda: planner.preview(connection, SHOP),
        "an approval": lambda: breaker.approve(connection, 1, "ada"),
        "a rejection": lambda: breaker.reject(connection, 1, "ada"),
        "a yes": lambda: outbox.confirm(connection, batch),
        "a no": lambda: outbox.refuse(connection, batch, "no"),
        "a no to some rows": lambda: outbox.replace_refused(connection, SHOP, batch, "no", {}),
        "a no to nobody knows which row": lambda: outbox.bisect_refused(connection, SHOP, batch, "no"),
        "a stale answer": lambda: outbox.replace_stale(connection, SHOP, batch, {level: 10}),
        "what was overtaken": lambda: outbox.end_overtaken(connection, SHOP, "DIRECT"),
        "a look": lambda: observation.observe(connection, SHOP, books.client, [at_rest], observed, lambda _: None),
        "an explanation": lambda: hot_levels.explain(connection, SHOP, books.client, seen, NOON, 0),
        "a refresh of targets": lambda: online_atp.refresh(connection),
    }
    connection.execute(b"UPDATE inventory_level SET target = 9 WHERE product_id = %s", [Q])
    connection.execute(b"SET lock_timeout = '20ms'")
    with connect(dsn) as other, other.transaction():
        online_atp.take_turn(other)
        for name, write in writers.items():
            with pytest.raises(LockNotAvailable):
                write()
            assert connection.info.transaction_status.name == "IDLE", name
    assert outbox.planned(connection, SHOP) == [held], "none of them has got anywhere"
    assert outbox.confirm(connection, batch) == 1
