"""The DAG of the ATP rules in Airflow's task runner, against real Postgres and SFTP."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.db.connection import Connection
from include.sandbox.sftp import SftpServer
from tests.jobs.airflow_process import AirflowProcess, Ran
from tests.jobs.own_airflow import ROOT, oms_connection
from tests.world import World

RULES = """
rule_groups:
- {id: SAFETY, type: safety_stock, rules: [{id: base, set: 2}]}
- {id: PICKUP, type: pickup_facility, rules: [{id: none, set: false}]}
"""


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowProcess]:
    dags = tmp_path_factory.mktemp("dags")  # each test run parses the whole folder anew
    shutil.copy(ROOT / "dags" / "apply_atp_rules.py", dags)
    running = AirflowProcess(tmp_path_factory.mktemp("airflow"), dags)
    yield running
    running.stop()


def test_the_dag_from_the_rules_file_to_sftp(
    process: AirflowProcess, connection: Connection, dsn: str, world: World, sftp_server: SftpServer, tmp_path: Path
) -> None:
    world.facility("BROADWAY")
    world.product("A")
    folder = sftp_server.root / uuid.uuid4().hex
    connection.execute(
        b"UPDATE data_manager_config SET import_path = %s WHERE config_id = 'IMP_PROD_FACILITY'", [f"/{folder.name}"]
    )
    connections = {
        "TRUEUP_OMS": oms_connection(dsn),
        "NETSUITE": {
            "conn_type": "sftp", "host": "127.0.0.1", "port": sftp_server.port, "login": sftp_server.user,
            "extra": {"key_file": str(sftp_server.client_key), "host_key": sftp_server.host_key},
        },
    }  # fmt: skip
    environment = {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in connections.items()}
    rules = tmp_path / "rules.yaml"
    environment["AIRFLOW_VAR_ATP_RULES_FILE"] = str(rules)

    def run(**conf: object) -> Ran:
        return process.run({"propertyResource": "NETSUITE"} | conf, environment, "apply_atp_rules")

    rules.write_text(RULES)
    dry = run(dryRun=True)
    assert dry.tasks == {"find_changes": ("success", 1), "write_files": ("skipped", 1)}
    assert "A at BROADWAY: minimum_stock 0 -> 2 (rule SAFETY/base)" in "".join(dry.log)
    assert "A at BROADWAY: allow_pickup Y -> N (rule PICKUP/none)" in "".join(dry.log)
    assert not folder.exists()
    assert run(ruleGroup="SAFETY").tasks == {"find_changes": ("success", 1), "write_files": ("success", 1)}
    (file,) = folder.iterdir()
    assert file.read_text() == "product-id,facility-id,facility-safety-stock\nA,BROADWAY,2\n"
    assert run().tasks == {"find_changes": ("success", 1), "write_files": ("success", 1)}
    assert len(list(folder.iterdir())) == 2
    assert run().tasks == {"find_changes": ("success", 1), "write_files": ("skipped", 1)}
    rules.write_text("rule_groups: [{id: SAFETY}]")
    failed = run()
    assert failed.tasks["find_changes"] == ("failed", 1), "nothing changes until somebody corrects the file"
    assert failed.tasks["write_files"][0] == "upstream_failed"
