"""The DAGs of restocks, shipments and variances in Airflow's task runner, with Postgres, SFTP and the emulator."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import paramiko
import pytest

from include.db import clock
from include.sandbox.sftp import SftpServer
from include.stock.inbound import restocks
from tests.intake.drop import Drop
from tests.jobs.airflow_process import AirflowProcess, Ran
from tests.jobs.own_airflow import ROOT, oms_connection
from tests.scenarios.conftest import store
from tests.scenarios.store import Store

__all__ = ["store"]

DAGS = ("create_scheduled_restock", "manage_scheduled_restock", "receive_shipment", "export_inventory_variances")
P = "50001"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowProcess]:
    dags = tmp_path_factory.mktemp("dags")
    for name in DAGS:
        shutil.copy(ROOT / "dags" / f"{name}.py", dags)
    running = AirflowProcess(tmp_path_factory.mktemp("airflow"), dags)
    yield running
    running.stop()


@dataclass
class Airflow:
    """Airflow's task runner with connections to the test's own parts."""

    process: AirflowProcess
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, dag_id: str, **conf: object) -> Ran:
        return self.process.run(conf, self.environment, dag_id)


@pytest.fixture
def airflow_of(process: AirflowProcess, store: Store, dsn: str, sftp_server: SftpServer) -> Airflow:
    connections = {
        "TRUEUP_OMS": oms_connection(dsn),
        "FTP_CONFIG": {
            "conn_type": "sftp", "host": "127.0.0.1", "port": sftp_server.port, "login": sftp_server.user,
            "extra": {"key_file": str(sftp_server.client_key), "host_key": sftp_server.host_key},
        },
        "SHOPIFY_DEMO": {"conn_type": "http", "host": store.emulator.url, "password": store.emulator.token},
    }  # fmt: skip
    return Airflow(process, {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in connections.items()})


def test_a_restock_by_form_is_scheduled_changed_and_cancelled(airflow_of: Airflow, store: Store) -> None:
    store.open({P: 0})
    now = clock.now(store.connection)
    at = (now + timedelta(hours=1)).isoformat()
    form: dict[str, object] = {"product": f"SKU-{P}", "quantity": 5, "facility": "Broadway", "scheduledAt": at}
    scopes = store.emulator.settings()["scopes"]
    store.emulator.settings(scopes=["read_inventory"])
    refused = airflow_of.run("create_scheduled_restock", **form)
    store.emulator.settings(scopes=scopes)
    assert refused.tasks == {"create_restock": ("failed", 1)}
    assert store.connection.execute(b"SELECT count(*) FROM scheduled_restock").fetchone() == (0,)

    assert airflow_of.run("create_scheduled_restock", **form).tasks == {"create_restock": ("success", 1)}
    row = store.connection.execute(b"SELECT shipment_id, restock_name FROM scheduled_restock").fetchone()
    assert row is not None
    shipment_id, name = row
    assert name.startswith("Created 20")

    def manage(action: str, **more: object) -> str:
        ran = airflow_of.run("manage_scheduled_restock", shipmentId=shipment_id, restockAction=action, **more)
        return ran.tasks["manage_restock"][0]

    assert manage("reschedule") == "failed", "to when?"
    later = now + timedelta(hours=3)
    assert manage("reschedule", scheduledAt=later.isoformat()) == "success"
    assert manage("rename", restockName="Launch") == "success"
    assert manage("edit_item", product=P, quantity=9) == "success"
    found = restocks.read(store.connection, shipment_id)
    assert (found.restock_name, found.scheduled_at) == ("Launch", later)
    assert store.connection.execute(b"SELECT quantity::integer FROM shipment_item").fetchall() == [(9,)]
    assert manage("cancel") == "success"
    assert restocks.read(store.connection, shipment_id).status_id == "CANCELLED"
    assert manage("rename", restockName="Too late") == "failed"


def test_a_shipment_is_received_by_form_and_its_rejections_are_told(
    airflow_of: Airflow, store: Store, sftp_client: paramiko.SFTPClient, sftp_server: SftpServer
) -> None:
    store.open({P: 0})
    header = "external-shipment-id,product-sku,quantity,destination-facility-id\n"
    Drop(store.connection, sftp_client, "IMP_TO_SHPMNT")(f"{header}TO7,SKU-{P},10,43\n")
    folder = f"{sftp_client.getcwd()}/variances"
    store.connection.execute(
        b"UPDATE variance_feed SET adjustment_account = '927', subsidiary = '1', export_path = %s", [folder]
    )
    part = {"shipment": "TO7", "product": P, "accepted": 6, "rejected": 1, "rejectionReason": "torn"}
    assert airflow_of.run("receive_shipment", **part).tasks == {"receive_by_form": ("success", 1)}
    assert store.world.stock() == {(P, "BROADWAY"): (6, 6)}
    assert airflow_of.run("receive_shipment", shipment="TO7", accepted=3).tasks["receive_by_form"][0] == "failed"
    assert airflow_of.run("receive_shipment", shipment="TO7").tasks["receive_by_form"][0] == "success"
    assert store.world.stock() == {(P, "BROADWAY"): (9, 9)}

    local = sftp_server.root / Path(folder).relative_to("/")
    dry = airflow_of.run("export_inventory_variances", dryRun=True)
    assert {name: state for name, (state, _) in dry.tasks.items()} == {
        "freeze_variances": "skipped", "upload_variances": "skipped",
    }  # fmt: skip
    assert not local.exists()
    told = airflow_of.run("export_inventory_variances")
    assert told.tasks == {"freeze_variances": ("success", 1), "upload_variances": ("success", 1)}
    (file,) = local.iterdir()
    (row,) = file.read_text().splitlines()[1:]
    assert row.split(",")[1:5] == ["927", P, "-1", "43"]
    again = airflow_of.run("export_inventory_variances")
    assert again.tasks["upload_variances"][0] == "skipped"
