"""The task behind the form on which people record what they have found."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from include.db.connection import Connection
from include.jobs import connections
from include.jobs.variances import record_finding
from include.stock import movements
from include.stock.variances import VarianceRefused
from tests.world import World

FORM = {
    "product": "SKU-10001", "facility": "BROADWAY", "quantity": None, "count": 7.5, "reason": "CYCLE_COUNT",
    "comment": "aisle 4",
}  # fmt: skip


def test_a_run_records_once_who_found_what(
    monkeypatch: pytest.MonkeyPatch, world: World, connection: Connection
) -> None:
    world.facility("BROADWAY")
    world.product("10001")
    monkeypatch.setattr(connections, "oms", lambda: nullcontext(connection))
    task: Any = record_finding
    run = SimpleNamespace(dag_id="record_inventory_variance", run_id="manual__1", triggering_user_name="jane")
    expected = {
        "physical_inventory_id": 1, "product_id": "10001", "facility_id": "BROADWAY", "difference": 7.5,
        "quantity_on_hand": 7.5, "is_repeated": False,
    }  # fmt: skip
    assert task.function(params=FORM, dag_run=run) == expected
    assert task.function(params=FORM, dag_run=run) == expected | {"is_repeated": True}
    (row,) = movements.newest(connection, ["10001"])
    assert (row.party_id, row.description, row.reason_enum_id) == ("jane", "aisle 4", "CYCLE_COUNT")
    run.run_id = "manual__2"
    with pytest.raises(VarianceRefused, match="both are given"):
        task.function(params=FORM | {"quantity": 1}, dag_run=run)
