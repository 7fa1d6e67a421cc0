"""Every route of the project's own in Airflow's web server, without a login and in each role."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.sandbox.postgres import Cluster
from tests.databases import Databases
from tests.jobs.own_airflow import ROOT, environment, oms_connection

pytestmark = pytest.mark.slow

OPEN_TO = {"/shopify/webhooks": "POST"}
"""Each route of the plugins, and the methods that it has. What opens the receiver is a signature, and no login.

A new route belongs here, and a test that says who may use it belongs beside it.
"""

NOT_THERE = [
    "/shopify/",
    "/shopify/docs",
    "/shopify/redoc",
    "/shopify/openapi.json",
    "/shopify/webhooks/x",
    "/shopify/..%2fapi%2fv2%2fdags",
    "/shopify//webhooks",
]


@pytest.fixture(scope="module")
def told(state: Path, cluster: Cluster, databases: Databases) -> dict[str, Any]:
    """What the api-server's application has answered; Trueup's database is empty, so no shop has a secret."""
    home = state / "routes"
    home.mkdir()
    name = databases.take()
    connection = oms_connection(cluster.dsn(name))
    own = environment(home) | {
        "AIRFLOW__API_AUTH__JWT_SECRET": "x" * 64,
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW_CONN_TRUEUP_OMS": json.dumps(connection),
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("routes_process.py")), json.dumps(NOT_THERE)],
        cwd=home, env=own, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    databases.give_back(name)
    assert done.returncode == 0, done.stderr[-6000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_plugins_have_these_routes_and_no_others(told: dict[str, Any]) -> None:
    assert dict(told["routes"]) == OPEN_TO
    assert len(told["routes"]) == len(OPEN_TO)
    assert told["beside"] == {"ui": [], "flask": [], "errors": []}


def test_no_role_opens_what_a_signature_opens(told: dict[str, Any]) -> None:
    answers = told["answers"]
    logged_in = {role for role, _, path, status, _ in answers if path == "/api/v2/dags" and status == 200}
    assert logged_in == {"viewer", "user", "op", "admin"}, "the tokens are good"
    for role, method, path, status, text in answers:
        if path not in OPEN_TO:
            continue
        expected = 401 if method in OPEN_TO[path].split(",") else 405
        assert status == expected, f"{method} {path} as {role}: {status} {text[:300]}"


def test_nothing_else_answers_below_the_plugins(told: dict[str, Any]) -> None:
    asked = [each for each in told["answers"] if each[2] in NOT_THERE]
    assert len(asked) == len(NOT_THERE) * 7 * 5
    for role, method, path, status, text in asked:
        assert status in (404, 405), f"{method} {path} as {role}: {status} {text[:300]}"
        assert "Traceback" not in text
