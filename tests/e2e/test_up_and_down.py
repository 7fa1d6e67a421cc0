"""The demo as a command: it resumes where it was, answers, and leaves nothing behind when it is asked to stop."""

from __future__ import annotations

import re

import httpx

from include.db.connection import Connection
from include.sandbox import reaper
from include.sandbox.world import World
from tests.e2e import steps
from tests.e2e.conftest import Resumed, Smoke
from tests.e2e.demo_process import Demo


def test_it_resumes_with_the_same_data(smoke: Smoke, resumed: Resumed, world: World, oms: Connection) -> None:
    first = re.search(r"NetSuite drops (\S+) on SFTP", smoke.printed)
    assert first is not None
    assert [log["status_id"] for log in steps.logs_of(oms, first[1])] == ["FINISHED"]
    oldest = world.airflow.get("/dags/import_inventory/dagRuns", order_by="start_date", limit=1)["dag_runs"][0]
    log = world.airflow.log("import_inventory", oldest["dag_run_id"], "take_whole_files")
    assert first[1] in log, "Airflow has forgotten the run that took the first file"


def test_the_story_goes_as_well_as_the_first_time(resumed: Resumed) -> None:
    assert "and 1000 levels checked, 0 of them wrong" in resumed.printed
    assert "agree on 1000 of 1000 levels" in resumed.printed
    assert resumed.complaints == []
    assert resumed.tried_again == []


def test_it_answers(world: World) -> None:
    with httpx.Client(trust_env=False, timeout=30) as http:
        assert http.get(world.airflow.url).status_code == httpx.codes.OK
        assert http.get(f"{world.emulator.url}/healthz").json() == {"status": "ok"}
    assert world.airflow.unhealthy() == []
    assert world.airflow.import_errors() == {}


def test_sigterm_ends_it_and_all_that_belongs_to_it(demo: Demo, world: World) -> None:
    children = demo.children()
    airflow = {f"airflow {name}" for name in ("api-server", "scheduler", "dag-processor", "triggerer")}
    assert children.keys() >= airflow | {"postgres", "sftp", "shopify"}
    assert demo.processes(), "expected to recognise the demo's processes by its state folder"
    status = demo.stop()
    assert status == 0, demo.printed()
    assert "Stopped (SIGTERM)." in demo.printed()
    assert {name: left for name, pid in children.items() if (left := reaper.session_members(pid))} == {}
    assert demo.processes() == {}
