"""Two shops through the DAGs themselves: what is wrong with one neither stops nor delays the other, and is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.channel import planner
from include.db.connection import Connection
from include.sandbox import shopify
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator
from include.shopify.client import Client
from tests.jobs import dag_runner
from tests.jobs.test_sync_dags import connections
from tests.jobs.test_upload_dags import OTHER, add_shop
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP, World

pytestmark = pytest.mark.slow

A = "50001"
WELL = ("success", "skipped")


@pytest.fixture
def store(connection: Connection, world: World, emulator: Emulator, client: Client) -> Store:
    return Store(connection, world, emulator, client)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Emulator]:
    """Another shop, on a server of its own."""
    with shopify.running(tmp_path / OTHER) as running:
        yield running


def state(ran: dict[str, Any], task: str, shop: str) -> str:
    """How a task has ended for a shop."""
    states = ran[task][0]
    return str(states if isinstance(states, str) else states[shop])


def test_a_shop_without_a_valid_token_stops_no_other(
    store: Store, dsn: str, emulator: Emulator, other: Emulator, sftp_server: SftpServer, tmp_path: Path
) -> None:
    """Hard sync, delivery, orders and recent changes go on; the last task names what is wrong with every shop."""
    store.open({A: 5})
    add_shop(store.connection, other, A)
    store.connection.execute(b"UPDATE inventory_level SET to_observe = TRUE")
    emulator.settings(bulk_start_seconds=0)
    emulator.edit_level(item(A), ONLINE, 50)
    given = connections(dsn, emulator, sftp_server)
    given |= {"shopify_other": given["shopify_demo"] | {"host": other.url, "password": "revoked"}}
    recent, hard, orders = dag_runner.run(
        tmp_path,
        given,
        [["upload_recent_inventory_changes", {}], ["hard_sync", {}], ["import_shopify_orders", {}]],
    )
    assert state(recent, "observe_recent_changes", SHOP) == "success"
    assert state(recent, "observe_recent_changes", OTHER) == "failed"
    assert recent["plan_locations"] == [{SHOP: "success", OTHER: "upstream_failed"}, {SHOP: 1, OTHER: None}]
    assert [state(hard, task, SHOP) for task in ("request_levels", "compare_with_shopify")] == ["success"] * 2
    assert [state(hard, task, OTHER) for task in ("request_levels", "plan_locations")] == ["failed", "upstream_failed"]
    assert state(orders, "import_orders", SHOP) in WELL
    for ran in (recent, hard, orders):
        assert ran["tell_troubles"][0] == "failed"

    store.connection.execute(b"UPDATE inventory_level SET target = 6 WHERE shop_id = %s", [OTHER])
    assert planner.make(store.connection, OTHER).rows == 1
    emulator.fault("status", status=402, operation="orders")
    uploads, both = dag_runner.run(
        tmp_path, given, [["process_uploads_to_ecommerce", {}], ["import_shopify_orders", {}]]
    )
    assert uploads["deliver_batches"][0] == {SHOP: "success", OTHER: "failed"}
    assert store.shown(A) == 5, "what was edited is corrected, whatever the other shop says"
    assert both["import_orders"][0] == both["tell_troubles"][0] == "failed"
    log = (tmp_path / dag_runner.LOG).read_text()
    told = {line.split(":")[0]: line for line in log.splitlines() if line.startswith("- shop ")}
    assert told.keys() == {f"- shop {SHOP}", f"- shop {OTHER}"}
    assert "HTTP 402 (the shop is frozen: its owner has a bill to pay" in told[f"- shop {SHOP}"]
    assert "HTTP 401 (the access token is wrong or expired: renew it" in told[f"- shop {OTHER}"]
