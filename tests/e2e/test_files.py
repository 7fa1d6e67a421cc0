"""Files from SFTP to Shopify, with Airflow in charge: the whole story, bad rows and their correction, a wrong file."""

from __future__ import annotations

import csv
import io

from include.db.connection import Connection
from include.sandbox import retailer, story
from include.sandbox.world import World
from tests.e2e import steps
from tests.e2e.conftest import Smoke
from tests.e2e.demo_process import wait_for


def test_the_story_goes_as_it_should(smoke: Smoke) -> None:
    assert smoke.status == 0, smoke.printed
    assert "and 1000 levels checked, 0 of them wrong" in smoke.printed
    assert "agree on 1000 of 1000 levels" in smoke.printed
    assert smoke.left == {}


def test_nobody_complains_while_the_story_goes_as_it_should(smoke: Smoke) -> None:
    assert smoke.complaints == []


def test_bad_rows_wait_in_the_error_folder_and_count_once_corrected(world: World, oms: Connection) -> None:
    before = steps.stock(oms)
    wanted = steps.some_changes(before, 5)
    header, *rows = story.reset_file(wanted).splitlines()
    good, bad = rows[:2], rows[2:]
    fields = [line.split(",") for line in bad]
    fields[0][3], fields[1][1], fields[2][2] = "no-such-item", "no-such-place", "a dozen"
    spoiled = [",".join(line) for line in fields]
    name = steps.drop(world, "bad-rows", "\n".join([header, *good, *spoiled, ""]))

    log = steps.filed(oms, name)
    assert (log["status_id"], log["changed_record_count"], log["failed_record_count"]) == ("FINISHED_WITH_ERRORS", 2, 3)
    reject_file = world.sftp_root / log["error_file_path"]
    assert reject_file.parent.name == "error"
    rejected = list(csv.DictReader(io.StringIO(reject_file.read_text(encoding="utf-8"))))
    assert [(row["line"], row["idValue"]) for row in rejected] == [
        (str(4 + index), line.split(",")[3]) for index, line in enumerate(spoiled)
    ]
    for row, wrong in zip(rejected, ("no-such-item", "no-such-place", "a dozen"), strict=True):
        assert repr(wrong) in row["error"]
        assert "expected" in row["error"] or "correct it" in row["error"]

    for row, right in zip(rejected, bad, strict=True):
        _, row["externalFacilityId"], row["availableQty"], row["idValue"] = right.split(",")
    corrected = io.StringIO()
    writer = csv.DictWriter(corrected, list(rejected[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rejected)
    story.upload(world.sftp, reject_file.name, corrected.getvalue())

    log = steps.filed(oms, reject_file.name)
    assert (log["status_id"], log["changed_record_count"], log["failed_record_count"]) == ("FINISHED", 3, 0)
    promised = steps.promised(oms, before | wanted)
    wait_for("Shopify to show the corrected numbers", lambda: story.numbers(world.emulator) == promised)


def test_a_file_of_another_kind_fails_the_run_and_says_why(world: World, oms: Connection) -> None:
    dag_id, task_id = steps.PROCESSING
    before = steps.stock(oms)
    failed_before = steps.failed(world, dag_id)
    product, place = retailer.products()[0], retailer.FACILITIES[0]
    name = steps.drop(world, "not-a-reset", f"sku,location,units\n{product.sku},{place.netsuite_id},5\n")

    log = steps.filed(oms, name)
    assert log["status_id"] == "FAILED"
    assert log["remote_file_path"] == f"netsuite/inventoryitem/csv/failed/{log['data_manager_log_id']}-{name}"
    assert (world.sftp_root / log["remote_file_path"]).is_file()
    assert name in log["message"]
    for told in ("line 1", "['sku', 'location', 'units']", "Expected Item,externalFacilityId,availableQty,idValue"):
        assert told in log["message"]
    assert steps.stock(oms) == before

    # Not of the newest run: the next one may have begun by now.
    wait_for("the run to fail", lambda: bool(steps.failed(world, dag_id) - failed_before))
    (run_id,) = steps.failed(world, dag_id) - failed_before
    (task,) = world.airflow.task_instances(dag_id, run_id)
    assert (task["task_id"], task["try_number"]) == (task_id, 1), "a wrong file is not tried again"
    assert log["message"] in world.airflow.log(dag_id, run_id, task_id)
