"""Two shops through the DAGs themselves: what is wrong with one neither stops nor delays the other, and is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.channel.planning import planner
from include.db.connection import Connection
from include.sandbox import shopify
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator
from include.shopify.client import Client
from tests.jobs import dag_runner
from tests.jobs.test_sync_dags import connections
from tests.jobs.test_upload_dags import OTHER, add_shop, statuses
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


def troubles(home: Path) -> dict[str, str]:
    """What `tell_troubles` has told in the latest runs, by shop."""
    log = (home / dag_runner.LOG).read_text()
    return {line.split(":")[0].removeprefix("- shop "): line for line in log.splitlines() if line.startswith("- shop ")}


def test_the_trouble_of_a_shop_stops_no_other(
    store: Store, dsn: str, emulator: Emulator, other: Emulator, sftp_server: SftpServer, tmp_path: Path
) -> None:
    """A revoked token, no points for ten minutes, an unpaid bill: the others go on, and the last task names each."""
    store.open({A: 5})
    add_shop(store.connection, other, A)
    store.connection.execute(b"UPDATE inventory_level SET to_observe = TRUE")
    emulator.settings(bulk_start_seconds=0)
    emulator.edit_level(item(A), ONLINE, 50)
    given = connections(dsn, emulator, sftp_server)
    given |= {"shopify_other": given["shopify_demo"] | {"host": other.url, "password": "revoked"}}
    recent, hard, uploads = dag_runner.run(
        tmp_path,
        given,
        [["upload_recent_inventory_changes", {}], ["hard_sync", {}], ["process_uploads_to_ecommerce", {}]],
    )
    assert recent["observe_recent_changes"][0] == {SHOP: "success", OTHER: "failed"}
    assert recent["plan_locations"] == [{SHOP: "success", OTHER: "upstream_failed"}, {SHOP: 1, OTHER: None}]
    assert [state(hard, task, SHOP) for task in ("request_levels", "compare_with_shopify")] == ["success"] * 2
    assert [state(hard, task, OTHER) for task in ("request_levels", "plan_locations")] == ["failed", "upstream_failed"]
    assert state(uploads, "deliver_batches", SHOP) == "success"
    assert store.shown(A) == 5, "what was edited is corrected, whatever the other shop says"
    for ran in (recent, hard):
        assert ran["tell_troubles"][0] == "failed"
    told = troubles(tmp_path)
    assert told.keys() == {OTHER}
    assert "HTTP 401 (the access token is wrong or expired: renew it" in told[OTHER]

    store.connection.execute(b"UPDATE inventory_level SET target = 6")
    assert [planner.make(store.connection, shop_id).rows for shop_id in (SHOP, OTHER)] == [1, 1]
    given["shopify_other"] |= {"password": other.token}
    emulator.fault("status", status=429, retry_after=600, operation="inventoryAdjustQuantities")
    emulator.fault("status", status=402, operation="orders")
    uploads, orders = dag_runner.run(
        tmp_path, given, [["process_uploads_to_ecommerce", {}], ["import_shopify_orders", {}]], retries=0
    )
    assert uploads["deliver_batches"][0] == {SHOP: "failed", OTHER: "success"}
    assert statuses(store.connection) == {SHOP: "PLANNED", OTHER: "CONFIRMED"}, "it waits without being waited for"
    assert [level["available"] for level in other.levels()] == [6]
    assert state(orders, "import_orders", SHOP) == "failed"
    assert state(orders, "import_orders", OTHER) in WELL
    assert uploads["tell_troubles"][0] == orders["tell_troubles"][0] == "failed"
    told = troubles(tmp_path)
    assert told.keys() == {SHOP}
    assert "HTTP 402 (the shop is frozen: its owner has a bill to pay" in told[SHOP]
