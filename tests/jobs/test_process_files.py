"""The task that works the data manager's queue off, and whom it wakes."""

from collections import defaultdict
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import paramiko
import pytest

from include.db import clock
from include.db.connection import Connection
from include.intake import pickup
from include.jobs import connections
from include.jobs.assets import IMPORTED, RESTOCKS_CHANGED, TAGS_CHANGED
from include.jobs.data_manager import process_waiting_files
from tests.intake.drop import NOW, Drop, stores
from tests.world import World


class Woken(list[object]):
    """What was added to an asset alias."""

    add = list.append


@pytest.mark.parametrize(
    ("config_id", "wakes"), [("IMP_SCHEDULED_RSTK", True), ("RSTK_OF_ANOTHER_SYSTEM", True), ("RESET_INVENTORY", False)]
)
def test_files_of_any_feed_that_schedules_restocks_wake_who_starts_them(
    monkeypatch: pytest.MonkeyPatch,
    connection: Connection,
    sftp_client: paramiko.SFTPClient,
    world: World,
    config_id: str,
    wakes: bool,
) -> None:
    stores(world)
    world.shop()
    connection.execute(
        b"INSERT INTO data_manager_config (config_id, import_service_name, description, import_path, default_id_type)"
        b" VALUES ('RSTK_OF_ANOTHER_SYSTEM', 'scheduled_restock', 'More restocks', 'more/restock', 'SKU')"
    )
    drop = Drop(connection, sftp_client, config_id)
    at = clock.now(connection) + timedelta(hours=30)
    content = f"productIdentification,quantity,Facility,Schedule Time\nSKU-10001,5,BROADWAY,{at:%Y-%m-%dT%H:%M}\n"
    drop.write(content if wakes else "externalFacilityId,availableQty,idValue\n43,10,521\n", "file.csv")
    pickup.take_whole_files(connection, sftp_client, drop.feed, NOW)
    monkeypatch.setattr(connections, "oms", lambda: nullcontext(connection))
    monkeypatch.setattr(connections, "sftp", lambda _: nullcontext(sftp_client))
    events: defaultdict[Any, Woken] = defaultdict(Woken)
    task: Any = process_waiting_files
    (outcome,) = task.function(outlet_events=events)
    assert outcome["status_id"] == "FINISHED", outcome["message"]
    assert events == ({IMPORTED: [RESTOCKS_CHANGED]} if wakes else {})


def test_tags_that_a_file_changes_wake_the_atp_rules(
    monkeypatch: pytest.MonkeyPatch, connection: Connection, sftp_client: paramiko.SFTPClient, world: World
) -> None:
    stores(world)
    drop = Drop(connection, sftp_client, "IMP_PRODUCT_TAG")
    monkeypatch.setattr(connections, "oms", lambda: nullcontext(connection))
    monkeypatch.setattr(connections, "sftp", lambda _: nullcontext(sftp_client))
    task: Any = process_waiting_files
    for name, woken in (("first.csv", {IMPORTED: [TAGS_CHANGED]}), ("the same again.csv", {})):
        drop.write("product-sku,tags\nSKU-10001,summer\n", name)
        pickup.take_whole_files(connection, sftp_client, drop.feed, NOW)
        events: defaultdict[Any, Woken] = defaultdict(Woken)
        (outcome,) = task.function(outlet_events=events)
        assert (outcome["status_id"], events) == ("FINISHED", woken), outcome["message"]
