"""The DAGs that compare with Shopify, and those of what comes from there, run by Airflow itself."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from include.db.connection import Connection
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator
from include.shopify.client import Client
from tests.jobs import dag_runner
from tests.jobs.own_airflow import oms_connection
from tests.scenarios.store import STORE_LOCATION, Store, item
from tests.webhooks import DOMAIN, SECRET, headers, level
from tests.world import ONLINE, SHOP, World

pytestmark = pytest.mark.slow

A, B = "50001", "50002"
HOOK = "http://127.0.0.1:1/shopify/webhooks"


@pytest.fixture
def store(connection: Connection, world: World, emulator: Emulator, client: Client) -> Store:
    return Store(connection, world, emulator, client)


def connections(dsn: str, emulator: Emulator, sftp: SftpServer) -> dict[str, Any]:
    return {
        "trueup_oms": oms_connection(dsn),
        "shopify_demo": {
            "conn_type": "http", "host": emulator.url, "password": emulator.token,
            "extra": {"webhook_secrets": [SECRET]},
        },
        "FTP_CONFIG": {
            "conn_type": "sftp", "host": sftp.host, "port": sftp.port, "login": sftp.user,
            "extra": {"key_file": str(sftp.client_key), "host_key": sftp.host_key},
        },
    }  # fmt: skip


def message(shop: str = DOMAIN, secret: str = SECRET) -> list[Any]:
    body = level(77)
    return ["/shopify/webhooks", body.decode(), headers(body, secret, shop)]


def test_the_dags_do_what_they_say(
    store: Store, dsn: str, emulator: Emulator, sftp_server: SftpServer, tmp_path: Path
) -> None:
    """The release note's story and an edit through hard sync; a change through recent changes; a store from Shopify."""
    store.open({A: 5, B: 10})
    store.world.facility("PEARL")
    store.world.channel("PEARL", STORE_LOCATION, ["PEARL"], queue="PEARL")
    store.connection.execute(
        b"UPDATE inventory_channel SET inventory_master = 'SHOPIFY' WHERE location_id = %s", [STORE_LOCATION]
    )
    emulator.edit_level(item(A), STORE_LOCATION, 3)
    store.sell(A, 4)
    store.move(A, -1, "VAR_DAMAGED")
    emulator.edit_level(item(B), ONLINE, 50)
    emulator.fault("bulk_failed", after_lines=1)
    emulator.settings(bulk_start_seconds=0)
    folder = f"{uuid.uuid4().hex}/reports"
    hard, uploads, manage, from_shopify, bad = dag_runner.run(
        tmp_path,
        connections(dsn, emulator, sftp_server),
        [
            ["hard_sync", {"reportFolder": folder, "excludeFacilityIds": ["BROADWAY"]}],
            ["process_uploads_to_ecommerce", {}],
            ["manage_shopify_webhooks", {"action": "subscribe", "address": HOOK}],
            ["sync_inventory_from_shopify", {}],
            ["hard_sync", {"facilityGroupId": "ONLIEN"}],
        ],
    )
    assert {name: state for name, (state, _) in hard.items()} == dict.fromkeys(hard, "success")
    assert hard["choose_locations"][1] == [{"shop_id": SHOP, "location_ids": [ONLINE]}]
    assert hard["wait_for_levels"][1] != hard["request_levels"][1], "the first export has failed and was started again"
    report = hard["report_drift"][1][SHOP]
    assert {name: value for name, value in report.items() if name not in ("table", "rows")} == {
        "levels": 2, "agreed": 1, "rebased": 1, "waiting": 0, "gone": 0, "drift": {"CHANGED_IN_SHOPIFY": 1},
    }  # fmt: skip
    table = (sftp_server.root / report["table"]).read_text("utf-8-sig").splitlines()
    assert len(table) == 2
    assert table[1].split(",")[7:12] == ["10", "10", "50", "40", "CHANGED_IN_SHOPIFY"]
    assert uploads["deliver_batches"][0] == "success"
    assert (store.shown(A), store.shown(B)) == (0, 10)
    assert manage["manage_subscription"][1][SHOP]["subscribe"][0]["address"] == HOOK
    written = from_shopify["write_reset_file"][1][SHOP]
    assert (sftp_server.root / written["file"]).read_text() == f"facilityId,productId,availableQty\nPEARL,{A},3\n"
    assert bad["choose_locations"][0] == "failed", "a group that is not there stops the run"
    (sftp_server.root / written["file"]).unlink()


def test_webhooks_are_received_by_airflow_and_worked_off(
    store: Store, dsn: str, emulator: Emulator, sftp_server: SftpServer, tmp_path: Path
) -> None:
    store.open({A: 5})
    store.connection.execute(b"UPDATE shopify_shop SET myshopify_domain = %s", [DOMAIN])
    given = connections(dsn, emulator, sftp_server)
    requests = [message(), message(), message(secret="guessed"), message(shop="other.myshopify.com")]
    assert dag_runner.run(tmp_path, given, [], requests) == [200, 200, 401, 401]
    store.move(A, 1)
    worked, recent = dag_runner.run(
        tmp_path, given, [["shopify_webhooks", {}], ["upload_recent_inventory_changes", {}]]
    )
    assert worked["work_off_webhooks"] == ["success", {SHOP: {"echo": 0, "marked": 1, "ignored": 0}}]
    assert recent["observe_recent_changes"][1][SHOP]["observed"] == 1
    assert recent["plan_locations"] == ["success", {SHOP: 1}]
    assert recent["report_drift"][1][SHOP]["drift"] == {}
