"""What every DAG must have, and what the DAGs are: a change of either shows here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.db.connection import Connection

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "dags").glob("*.py"))

IMPORTS = {
    "import_cycle_count": "REC_INV_COUNT",
    "import_inbound_shipment": "IMP_TO_SHPMNT",
    "import_inventory": "RESET_INVENTORY",
    "import_inventory_adjustment": "IMP_INV_ADJUST",
    "import_inventory_transfer": "IMP_INV_TRANS",
    "import_inventory_variance": "MDM_INV_VARIANCE",
    "import_item_receipt": "IMP_ITM_RECEIPT",
    "import_kit_components": "IMP_KIT_COMPONENT",
    "import_order_fulfillment": "IMP_ODR_ITM_FLFLMNT",
    "import_product_facility": "IMP_PROD_FACILITY",
    "import_product_tags": "IMP_PRODUCT_TAG",
    "import_qoh_inventory": "STORE_INV_RESET",
    "import_scheduled_restock": "IMP_SCHEDULED_RSTK",
    "import_shipment_receipt": "RECEIVE_SHIP_ITEMS",
    "import_shopify_inventory": "SHOPIFY_INV_RESET",
    "import_variance_answer": "IMP_VARIANCE_ANSWER",
}
"""The DAGs that wait for files, with the data manager configuration of each."""


MANY_AT_ONCE = {
    "schedule_restock": 200,
    "approve_uploads": 16,
    "import_shopify_orders": 8,
    "process_bulk_uploads": 8,
    "process_uploads_to_ecommerce": 8,
    "shopify_webhooks": 8,
    "upload_recent_inventory_changes": 8,
}
"""The DAGs of which more than one run may be active, and how many: each restock waits in a run of its own, and a shop
that is slow holds up its own part of a run and not the next run of the others."""


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAGs as a DAG processor sees them, in a process of its own."""
    home = tmp_path_factory.mktemp("airflow")
    environment = os.environ | {
        "AIRFLOW_HOME": str(home), "PYTHONPATH": str(ROOT), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db", "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("describe_dags.py")), str(ROOT / "dags")],
        env=environment, cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    described: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return described


def test_every_file_loads_and_holds_the_dag_of_its_name(bag: dict[str, Any]) -> None:
    assert bag["errors"] == {}
    assert sorted(bag["dags"]) == [file.stem for file in FILES]


def test_parsing_imports_nothing_heavy(bag: dict[str, Any]) -> None:
    assert bag["heavy"] == [], "import it inside the function that runs in the worker"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_file_reads_like_a_table_of_contents(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 120


@pytest.mark.parametrize("dag_id", [file.stem for file in FILES])
def test_every_dag_explains_itself(bag: dict[str, Any], dag_id: str) -> None:
    dag = bag["dags"][dag_id]
    for part in ("### ", "| HotWax job |", "| Input |", "| Output |", "#### When it fails"):
        assert part in dag["doc_md"], f"the docstring of dags/{dag_id}.py has no {part!r}"
    for name, schema in dag["params"].items():
        assert {"type", "title", "description_md"} <= schema.keys(), (
            f"param {name} needs type, title and description_md, which the form shows as Markdown"
        )


@pytest.mark.parametrize("dag_id", [file.stem for file in FILES])
def test_every_dag_is_safe_to_leave_alone(bag: dict[str, Any], dag_id: str) -> None:
    dag = bag["dags"][dag_id]
    assert dag["tags"]
    assert dag["has_timeout"]
    assert dag["max_active_runs"] == MANY_AT_ONCE.get(dag_id, 1)
    assert dag["catchup"] is False
    for name, task in dag["tasks"].items():
        assert task["owner"] == "inventory", name
        assert task["retries"] >= 2, name
        assert task["has_policy"], name
        assert task["has_timeout"], name


@pytest.mark.parametrize("dag_id", [file.stem for file in FILES])
def test_every_dag_alerts(bag: dict[str, Any], dag_id: str) -> None:
    dag = bag["dags"][dag_id]
    for name, task in dag["tasks"].items():
        alerted = [] if name == "tell_troubles" else ["include.jobs.alerts.task_failed"]
        assert task["when_failed"] == alerted, f"{name}; those that tell_troubles tells of have alerted themselves"
    (deadline,) = dag["deadlines"]
    assert deadline["reference"] == "AverageRuntimeDeadline"
    assert deadline["calls"] == "include.jobs.alerts.deadline_missed"
    assert deadline["with"] == {"minutes": deadline["minutes"]}
    assert deadline["share_of_timeout"] < 1, "the timeout ends the run, and no task of it fails"
    if "wait_for_file" in dag["tasks"]:
        assert deadline["minutes"] > 30, "a run may wait a quarter of an hour, and as long behind the run before it"


@pytest.mark.parametrize(("dag_id", "config_id"), IMPORTS.items(), ids=list(IMPORTS))
def test_every_import_names_its_feed(bag: dict[str, Any], dag_id: str, config_id: str) -> None:
    dag = bag["dags"][dag_id]
    assert dag["params"]["configId"]["default"] == config_id
    assert f"| MDM configuration | `{config_id}` |" in dag["doc_md"]
    assert f"--dag-id {dag_id} " in dag["doc_md"], "how to backfill it"
    assert dag["can_be_backfilled"]
    for name in ("configId", "propertyResource"):
        schema = dag["params"][name]
        assert schema["type"] == "string", "no null: the form demands a value"
        assert schema["refused"] == ["", " ", None], "a run without it is impossible"
    assert dag["params"]["dryRun"]["default"] is False


def test_every_feed_has_its_dag(bag: dict[str, Any], connection: Connection) -> None:
    configured = {
        row[0]: row[1] for row in connection.execute(b"SELECT config_id, import_path FROM data_manager_config")
    }
    assert sorted(IMPORTS.values()) == sorted(configured)
    for dag_id, config_id in IMPORTS.items():
        assert f"`{configured[config_id]}/*." in bag["dags"][dag_id]["doc_md"], dag_id


def test_what_the_dags_are(bag: dict[str, Any]) -> None:
    """When each runs and what it does, in one place."""
    pictured = {
        dag_id: [*dag["schedule"], {name: task["downstream"] for name, task in dag["tasks"].items()}]
        for dag_id, dag in bag["dags"].items()
    }
    waiting = {"wait_for_file": ["take_whole_files"], "take_whole_files": []}
    assert pictured == {dag_id: ["*/15 * * * *", [f"{dag_id}_took_files"], waiting] for dag_id in IMPORTS} | {
        "bulk_recent_kit_product_inventory_setup": [
            "0 */6 * * *",
            ["stock_changed"],
            {"keep_kit_product_types": ["set_up_kit_inventory"], "set_up_kit_inventory": []},
        ],
        "hard_sync": [
            "30 3 * * *",
            [],
            {
                "choose_locations": [
                    "compare_with_shopify",
                    "plan_locations",
                    "report_drift",
                    "request_levels",
                    "wait_for_levels",
                ],
                "request_levels": ["wait_for_levels"],
                "wait_for_levels": ["compare_with_shopify"],
                "compare_with_shopify": ["plan_locations", "report_drift"],
                "plan_locations": ["tell_troubles"],
                "report_drift": ["tell_troubles"],
                "tell_troubles": [],
            },
        ],
        "apply_atp_rules": ["30 0 * * *", ["tags_changed"], {"find_changes": ["write_files"], "write_files": []}],
        "create_scheduled_restock": [None, [], {"create_restock": []}],
        "export_inventory_variances": [
            "0 0 * * *",
            [],
            {"freeze_variances": ["upload_variances"], "upload_variances": []},
        ],
        "manage_scheduled_restock": [None, [], {"manage_restock": []}],
        "receive_shipment": [None, [], {"receive_by_form": []}],
        "schedule_restock": [
            None,
            [],
            {
                "check_shop_access": ["wait_for_its_moment"],
                "wait_for_its_moment": ["receive_restock"],
                "receive_restock": ["deliver_batches", "refresh_online_atp"],
                "refresh_online_atp": ["plan_uploads"],
                "plan_uploads": ["deliver_batches"],
                "deliver_batches": [],
            },
        ],
        "start_scheduled_restocks": [
            "*/5 * * * *",
            ["restocks_changed"],
            {"find_restocks": ["start_runs"], "start_runs": [], "look_for_overdue": []},
        ],
        "approve_uploads": [
            "*/15 * * * *",
            ["uploads_planned"],
            {"find_held_plans": ["ask", "decide"], "ask": ["decide"], "decide": []},
        ],
        "import_shopify_orders": [
            "*/15 * * * *",
            [],
            {"find_shops": ["import_orders"], "import_orders": ["tell_troubles"], "tell_troubles": []},
        ],
        "inventory_health": ["7 * * * *", [], {"look_at_files": []}],
        "manage_shopify_webhooks": [
            None,
            [],
            {"find_shops": ["manage_subscription"], "manage_subscription": ["tell_troubles"], "tell_troubles": []},
        ],
        "shopify_webhooks": [
            "*/5 * * * *",
            ["webhooks_waiting"],
            {"find_shops": ["work_off_webhooks"], "work_off_webhooks": ["tell_troubles"], "tell_troubles": []},
        ],
        "sync_inventory_from_shopify": [
            "0 4 * * *",
            [],
            {
                "find_shops": ["request_master_levels", "wait_for_levels", "write_reset_file"],
                "request_master_levels": ["wait_for_levels", "write_reset_file"],
                "wait_for_levels": ["write_reset_file"],
                "write_reset_file": ["tell_troubles"],
                "tell_troubles": [],
            },
        ],
        "manage_imported_file": [None, [], {"manage_file": []}],
        "process_bulk_uploads": [
            "*/15 * * * *",
            ["uploads_planned"],
            {
                "find_shops": ["collect_results", "start_files", "wait_for_operations"],
                "start_files": ["wait_for_operations"],
                "wait_for_operations": ["collect_results"],
                "collect_results": ["tell_troubles"],
                "tell_troubles": [],
            },
        ],
        "process_bulk_imported_files": ["*/5 * * * *", ["files_waiting"], {"process_waiting_files": []}],
        "process_uploads_to_ecommerce": [
            "*/5 * * * *",
            ["uploads_planned"],
            {
                "find_shops": ["deliver_batches", "observe_levels"],
                "deliver_batches": ["observe_levels"],
                "observe_levels": ["tell_troubles"],
                "tell_troubles": [],
            },
        ],
        "record_inventory_variance": [None, [], {"record_finding": []}],
        "push_updated_inventory_deltas": [
            "*/5 * * * *",
            ["positions_observed", "stock_changed", "targets_changed"],
            {"refresh_online_atp": ["plan_uploads"], "plan_uploads": []},
        ],
        "upload_recent_inventory_changes": [
            "*/15 * * * *",
            [],
            {
                "choose_locations": ["observe_recent_changes", "plan_locations", "report_drift"],
                "observe_recent_changes": ["plan_locations", "report_drift"],
                "plan_locations": ["tell_troubles"],
                "report_drift": ["tell_troubles"],
                "tell_troubles": [],
            },
        ],
    }


def test_a_restock_is_named_in_the_form(bag: dict[str, Any]) -> None:
    for dag_id in ("schedule_restock", "manage_scheduled_restock"):
        schema = bag["dags"][dag_id]["params"]["shipmentId"]
        assert schema["type"] == "string"
        assert schema["refused"] == ["", " ", None], "a run without it is impossible"
        assert "default" not in schema
