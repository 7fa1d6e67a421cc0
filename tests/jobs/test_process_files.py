"""The task that works the data manager's queue off, and whom it wakes."""

from collections import defaultdict
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import paramiko
import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.db import clock
from include.db.connection import Connection, connect
from include.intake import data_manager, pickup
from include.jobs import alerts, connections
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


@pytest.mark.parametrize(
    ("content", "told", "raised"),
    [
        ("nothing,that,is,known\n", [], (AirflowFailException, "bad.csv: .*; .*terminating connection")),
        (
            "externalFacilityId,idValue,idType,availableDelta\n43,521,,5\n77,521,,-5\n",
            ["IMP_INV_TRANS: 1 of 2 rows of bad.csv were refused"],
            (psycopg.OperationalError, "terminating connection"),
        ),
    ],
    ids=["refused", "with bad rows"],
)
def test_what_is_wrong_with_a_file_is_told_though_the_database_is_lost_at_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
    connection: Connection,
    dsn: str,
    sftp_client: paramiko.SFTPClient,
    world: World,
    content: str,
    told: list[str],
    raised: tuple[type[Exception], str],
) -> None:
    stores(world)
    drops = [Drop(connection, sftp_client, each) for each in ("IMP_INV_TRANS", "RESET_INVENTORY")]
    drops[0].write(content, "bad.csv")
    drops[1].write("externalFacilityId,availableQty,idValue\n43,10,521\n", "next.csv")
    for drop in drops:
        pickup.take_whole_files(connection, sftp_client, drop.feed, NOW)
    assert [each.config_id for each in data_manager.with_open_files(connection)] == [each.config_id for each in drops]
    opened: list[str] = []

    def open_server(connection_id: str) -> nullcontext[paramiko.SFTPClient]:
        opened.append(connection_id)
        if len(opened) == 2:
            with connect(dsn) as killer:
                killer.execute(b"SELECT pg_terminate_backend(%s, 10000)", [connection.info.backend_pid])
        return nullcontext(sftp_client)

    subjects: list[str] = []
    monkeypatch.setattr(connections, "oms", lambda: nullcontext(connection))
    monkeypatch.setattr(connections, "sftp", open_server)
    monkeypatch.setattr(alerts, "send", lambda subject, message: subjects.append(subject))
    task: Any = process_waiting_files
    with pytest.raises(raised[0], match=raised[1]):
        task.function(outlet_events=defaultdict(Woken))
    assert subjects == told
