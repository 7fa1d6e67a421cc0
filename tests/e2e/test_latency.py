"""How long it takes from a file on SFTP to the numbers in Shopify, and where the time goes. Printed, not judged."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from include.db.connection import Connection
from include.sandbox import story
from include.sandbox.world import World
from tests.e2e import steps
from tests.e2e.demo_process import wait_for

FILES = 5
CHANGES = 6
STAGES = (
    ("noticed", "import_inventory", "wait_for_file"),
    ("taken", "import_inventory", "take_whole_files"),
    ("posted", "process_bulk_imported_files", "process_waiting_files"),
    ("computed", "push_updated_inventory_deltas", "refresh_online_atp"),
    ("planned", "push_updated_inventory_deltas", "plan_uploads"),
    ("sent", "process_uploads_to_ecommerce", "deliver_batches"),
)
"""What is done when a task has ended, in order."""


def test_files_reach_shopify_soon(world: World, oms: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for index in range(FILES):
        units = steps.stock(oms)
        wanted = steps.some_changes(units, CHANGES, start=100 + CHANGES * index)
        promised = steps.promised(oms, units | wanted)
        dropped = datetime.now(UTC)
        steps.drop(world, f"latency-{index}", story.reset_file(wanted))
        began = time.monotonic()
        wait_for("Shopify to show the file's numbers", lambda shown=promised: story.numbers(world.emulator) == shown)  # type: ignore[misc]
        seconds = time.monotonic() - began
        wait_for("the demo to be at rest", lambda: steps.is_at_rest(oms))
        lines.append(_line(world, dropped, seconds))
    with capsys.disabled():
        head = "".join(f"{name:>10}" for name, _, _ in STAGES)
        print(f"\nseconds from a file's upload{head}{'shown':>10}", *lines, sep="\n")


def _line(world: World, dropped: datetime, seconds: float) -> str:
    ended, figures = dropped, []
    for _, dag_id, task_id in STAGES:
        ended = _end(world, ended, dag_id, task_id)
        figures.append((ended - dropped).total_seconds())
    return " " * 28 + "".join(f"{figure:>10.1f}" for figure in (*figures, seconds))


def _end(world: World, since: datetime, dag_id: str, task_id: str) -> datetime:
    """When the first run of a task ended that did so after a moment; that moment, if the work was under way already."""
    path = f"/dags/{dag_id}/dagRuns/~/taskInstances"
    found: list[dict[str, Any]] = world.airflow.get(path, end_date_gte=since.isoformat(), limit=100)["task_instances"]
    return min(
        (datetime.fromisoformat(one["end_date"]) for one in found if one["end_date"] and one["task_id"] == task_id),
        default=since,
    )
