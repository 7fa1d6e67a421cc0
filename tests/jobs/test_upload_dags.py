"""The DAGs that ask about a plan and send it by file, run by Airflow itself, with somebody who answers."""

import csv
import os
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.channel.planning import breaker, planner
from include.db.connection import Connection
from include.sandbox import shopify
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator
from include.shopify.client import Client
from tests.jobs import dag_runner
from tests.jobs.test_sync_dags import connections
from tests.scenarios.store import Store, item
from tests.world import ONLINE, SHOP, World

pytestmark = pytest.mark.slow

PRODUCTS = {f"7{number:04d}": 10 for number in range(300)}
ROWS = len(PRODUCTS)


OTHER = "other"


@pytest.fixture
def store(connection: Connection, world: World, emulator: Emulator, client: Client) -> Store:
    return Store(connection, world, emulator, client)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Emulator]:
    """Another shop, on a server of its own."""
    with shopify.running(tmp_path / OTHER, bucket_size=200_000, restore_rate=100_000) as running:
        yield running


def test_a_plan_is_shown_rejected_made_again_by_a_hard_sync_approved_and_sent_by_file(
    store: Store, dsn: str, emulator: Emulator, sftp_server: SftpServer, tmp_path: Path
) -> None:
    store.open(PRODUCTS)
    store.connection.execute(b"UPDATE shopify_shop SET transport = 'BULK'")
    store.connection.execute(b"UPDATE inventory_level SET target = 0")
    before = emulator.settings()
    emulator.settings(bulk_start_seconds=0)
    emulator.fault("status", status=503, operation="bulkOperation", after_calls=2)
    folder = f"{uuid.uuid4().hex}/plans"
    dry, push, rejected, hard, approved, uploads = dag_runner.run(
        tmp_path,
        connections(dsn, emulator, sftp_server),
        [
            ["push_updated_inventory_deltas", {"dryRun": True, "reportFolder": folder}],
            ["push_updated_inventory_deltas", {}],
            ["approve_uploads", {}, ["Reject"]],
            ["hard_sync", {}],
            ["approve_uploads", {}, ["Approve"]],
            ["process_bulk_uploads", {}],
        ],
    )
    emulator.settings(bulk_start_seconds=before["bulk_start_seconds"])
    state, shown = dry["plan_uploads"]
    assert state == "success"
    assert shown[SHOP]["rows"] == ROWS
    assert "3,000 of the shop's 3,000 units would vanish" in shown[SHOP]["held_because"]
    table = sftp_server.root / shown[SHOP]["table"]
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    assert {(row["target"], row["position"], row["delta"]) for row in rows} == {("0", "10", "-10")}
    assert len(rows) == ROWS
    table.unlink()

    assert push["plan_uploads"][1][SHOP]["rows"] == ROWS, "the dry run has kept nothing"
    (question,) = rejected["questions"]
    plan = rejected["find_held_plans"][1][0]["plan_id"]
    assert question["subject"] == f"Push plan {plan} to shop {SHOP}?"
    assert "\n- 3,000 of the shop's 3,000 units would vanish, more than 30%\n" in question["body"]
    assert f"{ROWS} rows: 0 units up, 3,000 down" in question["body"]
    assert rejected["decide"] == ["success", {str(plan): "reject"}]
    assert hard["plan_locations"] == ["success", {SHOP: ROWS}]
    assert approved["decide"] == ["success", {str(plan + 1): "approve"}]
    decided = store.connection.execute(b"SELECT status_id, decided_by FROM outbox_plan ORDER BY outbox_plan_id")
    assert decided.fetchall() == [("REJECTED", dag_runner.SOMEBODY), ("APPROVED", dag_runner.SOMEBODY)]

    assert len(uploads["start_files"][1][SHOP]) == 1
    assert uploads["wait_for_operations"][0] == "success"
    assert uploads["collect_results"] == ["success", {SHOP: {"confirmed": 2}}]
    assert {level["available"] for level in emulator.levels()} == {0}


def test_each_plan_that_waits_is_decided_on_its_own(
    store: Store, dsn: str, emulator: Emulator, sftp_server: SftpServer, tmp_path: Path
) -> None:
    """The newer one first; a plan that another run asks about is left to it."""
    store.open(dict.fromkeys(("50001", "50002", "50003"), 10))
    store.connection.execute(b"UPDATE shopify_shop SET approval_least_rows = 0")
    plans = []
    for product in ("50001", "50002", "50003"):
        store.connection.execute(b"UPDATE inventory_level SET target = 0 WHERE product_id = %s", [product])
        plans.append(planner.make(store.connection, SHOP).outbox_plan_id)
    assert [plan.outbox_plan_id for plan in breaker.claim(store.connection, "another", lambda _: True)] == plans
    store.connection.execute(b"UPDATE outbox_plan SET asked_by_run = NULL WHERE outbox_plan_id <> %s", plans[2:])
    assert [plan.outbox_plan_id for plan in breaker.claim(store.connection, "this", lambda _: True)] == plans[:2]
    (ran,) = dag_runner.run(
        tmp_path, connections(dsn, emulator, sftp_server), [["approve_uploads", {}, ["Reject", "Approve", "Approve"]]]
    )
    assert [question["subject"] for question in ran["questions"]] == [
        f"Push plan {each} to shop {SHOP}?" for each in plans
    ]
    assert ran["decide"] == [
        "success", {str(each): what for each, what in zip(plans, ("approve", "approve", "reject"), strict=True)}
    ]  # fmt: skip
    found = store.connection.execute(b"SELECT status_id, decided_by FROM outbox_plan ORDER BY outbox_plan_id")
    assert found.fetchall() == [(each, dag_runner.SOMEBODY) for each in ("APPROVED", "APPROVED", "REJECTED")]


def test_a_silent_shop_holds_up_no_other(
    store: Store, dsn: str, emulator: Emulator, other: Emulator, sftp_server: SftpServer, tmp_path: Path
) -> None:
    """The other shop's server accepts connections and says nothing, until this shop has what it should."""
    store.open({"50001": 5})
    add_shop(store.connection, other, "50001")
    store.connection.execute(b"UPDATE inventory_level SET target = 6")
    assert [planner.make(store.connection, shop_id).rows for shop_id in (SHOP, OTHER)] == [1, 1]
    given = connections(dsn, emulator, sftp_server)
    given |= {"shopify_other": given["shopify_demo"] | {"host": other.url, "password": other.token}}
    os.kill(other.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        try:
            running = threads.submit(dag_runner.run, tmp_path, given, [["process_uploads_to_ecommerce", {}]])
            until = time.monotonic() + dag_runner.LONGEST
            while statuses(store.connection)[SHOP] != "CONFIRMED":
                assert not running.done(), running.result()
                assert time.monotonic() < until
                time.sleep(0.1)
            assert statuses(store.connection)[OTHER] != "CONFIRMED"
        finally:
            os.kill(other.pid, signal.SIGCONT)
    (uploads,) = running.result()
    assert uploads["deliver_batches"][0] == "success"
    assert statuses(store.connection) == {SHOP: "CONFIRMED", OTHER: "CONFIRMED"}
    assert [level["available"] for each in (emulator, other) for level in each.levels() if level["available"]] == [6, 6]


def add_shop(connection: Connection, other: Emulator, product: str) -> None:
    """Set another shop up, which sells the product from the same facilities and shows 5 of it."""
    other.seed(
        [{"id": ONLINE, "name": "Online"}],
        [{"id": item(product), "sku": f"SKU-{product}"}],
        [{"inventoryItemId": item(product), "locationId": ONLINE, "available": 5}],
    )
    shop = {"shop": OTHER, "product": product, "item": item(product), "location": ONLINE}
    for statement in (
        b"INSERT INTO shopify_shop (shop_id, myshopify_domain, connection_id)"
        b" VALUES (%(shop)s, 'other.myshopify.com', 'shopify_other')",
        b"INSERT INTO inventory_channel (inventory_channel_id, shop_id, location_id, facility_group_id,"
        b" queue_facility_id) SELECT 'OTHER', %(shop)s, location_id, facility_group_id, queue_facility_id"
        b" FROM inventory_channel",
        b"INSERT INTO shopify_shop_product VALUES (%(shop)s, %(product)s, %(item)s)",
        b"DELETE FROM dirty_product",
        b"INSERT INTO inventory_level (shop_id, inventory_item_id, location_id, product_id, target, position)"
        b" VALUES (%(shop)s, %(item)s, %(location)s, %(product)s, 5, 5)",
    ):
        connection.execute(statement, shop)


def statuses(connection: Connection) -> dict[str, str]:
    """What has become of each shop's last batch."""
    rows = connection.execute(b"SELECT shop_id, status_id FROM outbox_batch ORDER BY outbox_batch_id")
    return {row[0]: row[1] for row in rows}
