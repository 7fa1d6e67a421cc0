"""What is found wrong with the files, on the real SFTP server."""

from datetime import UTC, datetime, timedelta

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import again, data_manager, health, pickup, remote
from tests.intake.drop import NOW, Drop, stores
from tests.world import World

HEADER = "Item,externalFacilityId,availableQty,idValue\n"
GOOD = HEADER + "a,43,6,521\n"
DELTA = "externalFacilityId,idValue,idType,availableDelta,comments\n43,521,NETSUITE_PRODUCT_ID,1,a\n"


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    """The reset feed; all feeds have their folders."""
    stores(world)
    for feed in data_manager.configs(connection):
        remote.make_folder(sftp_client, feed.import_path)
    return Drop(connection, sftp_client, "RESET_INVENTORY")


def on_server(drop: Drop) -> list[str]:
    return health.look_at_server(drop.connection, drop.sftp, "FTP_CONFIG")


def put(drop: Drop, path: str, content: str | bytes = GOOD, at: datetime | None = None) -> None:
    with drop.sftp.open(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    if at is not None:
        drop.sftp.utime(path, (at.timestamp(), at.timestamp()))


def age(drop: Drop, column: str, by: timedelta) -> None:
    """Make what is in the log older."""
    drop.connection.execute(f"UPDATE data_manager_log SET {column} = {column} - %s".encode(), [by])


def test_all_is_well(drop: Drop) -> None:
    drop(GOOD)
    put(drop, f"{drop.folder}/2026-11-21-waiting.csv")
    put(drop, f"{drop.folder}/upload.csv.part")
    put(drop, ".profile")
    assert health.servers(drop.connection) == ["FTP_CONFIG"]
    assert health.look_at_queue(drop.connection) == []
    assert on_server(drop) == []


def test_a_quiet_feed(drop: Drop) -> None:
    assert health.look_at_queue(drop.connection) == [], "no feed is expected to be heard of"
    drop.configure(quiet_after=timedelta(days=1))
    (found,) = health.look_at_queue(drop.connection)
    assert found == (
        "RESET_INVENTORY: no file has ever come, expected one at least every 1 day, 0:00:00 (quiet_after). Check the"
        " export and its upload to netsuite/inventoryitem/csv"
    )
    drop(GOOD)
    assert health.look_at_queue(drop.connection) == []
    age(drop, "created_at", timedelta(days=1, seconds=1))
    (found,) = health.look_at_queue(drop.connection)
    assert found.startswith("RESET_INVENTORY: no file has come since 20")


def test_a_retry_does_not_break_the_silence(drop: Drop) -> None:
    drop.configure(quiet_after=timedelta(days=1))
    outcome = drop("no,inventory\n1,2\n")
    age(drop, "created_at", timedelta(days=2))
    age(drop, "finished_at", timedelta(days=2))
    again.retry_file(drop.connection, drop.sftp, outcome.data_manager_log_id)
    (found,) = health.look_at_queue(drop.connection)
    assert "no file has come since" in found


@pytest.mark.parametrize(("status", "dag"), [("PENDING", "process_bulk_imported_files"), ("CLAIMED", "the import DAG")])
def test_a_file_that_waits_too_long(drop: Drop, status: str, dag: str) -> None:
    drop.write(GOOD, "slow.csv")
    (log,) = pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, NOW).taken
    drop.connection.execute(b"UPDATE data_manager_log SET status_id = %s, message = 'could not be read'", [status])
    age(drop, "created_at", timedelta(minutes=59))
    assert health.look_at_queue(drop.connection) == []
    age(drop, "created_at", timedelta(minutes=2))
    (found,) = health.look_at_queue(drop.connection)
    assert found.startswith(f"slow.csv (log {log.data_manager_log_id}, RESET_INVENTORY) has been {status} since 20")
    assert "(could not be read)" in found
    assert f"See the latest run of {dag}" in found


def test_a_failed_file_until_it_is_tried_again(drop: Drop) -> None:
    outcome = drop("no,inventory\n1,2\n", "bad.csv")
    log_id = outcome.data_manager_log_id
    (found,) = health.look_at_queue(drop.connection)
    assert found.startswith(f"bad.csv (log {log_id}, RESET_INVENTORY) FAILED: bad.csv: line 1: not an inventory reset")
    assert found.endswith(f"run manage_imported_file with dataManagerLogId {log_id} and action retry_file")
    again.retry_file(drop.connection, drop.sftp, log_id)
    assert health.look_at_queue(drop.connection) == []
    drop.process()
    (found,) = health.look_at_queue(drop.connection)
    assert f"(log {log_id + 1}, RESET_INVENTORY) FAILED" in found, "the new attempt failed as well"
    drop(GOOD, "bad.csv")
    assert health.look_at_queue(drop.connection) == [], "corrected, and uploaded under its name"


def test_a_failed_file_is_reported_for_a_day(drop: Drop) -> None:
    drop("no,inventory\n1,2\n")
    age(drop, "finished_at", timedelta(hours=24))
    assert health.look_at_queue(drop.connection) == []


def test_many_findings_of_a_kind_are_counted(drop: Drop) -> None:
    for number in range(health.MOST_NAMED + 3):
        drop.write("no,inventory\n1,2\n", f"bad-{number:02d}.csv")
    drop.process()
    found = health.look_at_queue(drop.connection)
    assert len(found) == health.MOST_NAMED + 1
    assert found[-1] == "and 3 more like these"


def test_a_cut_file_whose_other_part_does_not_come(drop: Drop) -> None:
    name = f"{drop.folder}/Export part 1 of 2.csv"
    put(drop, name, at=datetime.now(UTC) - timedelta(minutes=50))
    assert on_server(drop) == []
    put(drop, name, at=datetime.now(UTC) - timedelta(minutes=70))
    (found,) = on_server(drop)
    assert found.startswith("netsuite/inventoryitem/csv: Export: part 2 of 2 has not come")
    assert found.endswith("Upload what is missing (RESET_INVENTORY)")


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("reset.csv", GOOD, "./reset.csv on FTP_CONFIG lies where no feed looks. It looks like a file of"),
        ("netsuite/inventoryitem/reset.csv", GOOD, "RESET_INVENTORY (netsuite/inventoryitem/csv)"),
        (
            "netsuite/inventoryitem/bom.csv",
            b"\xef\xbb\xbf" + GOOD.encode(),
            "RESET_INVENTORY (netsuite/inventoryitem/csv)",
        ),
        ("netsuite/inventoryitem/wide.csv", GOOD.encode("utf-16"), "RESET_INVENTORY (netsuite/inventoryitem/csv)"),
        ("hotwax/x.csv", DELTA, "IMP_INV_TRANS (netsuite/inventorytransfer/import)"),
        ("netsuite/inventoryadjustment/x.csv", DELTA, "IMP_INV_ADJUST (netsuite/inventoryadjustment/import)"),
        ("hotwax/notes.txt", "call the warehouse\n", "Its content fits no feed: move it away"),
        ("hotwax/empty", "", "Its content fits no feed: move it away"),
        ("netsuite/inventoryitem/csv/reset.txt", GOOD, "its name does not match *.csv of RESET_INVENTORY. It looks"),
        ("netsuite/inventoryitem/csv/delta.txt", DELTA, "IMP_INV_ADJUST (netsuite/inventoryadjustment/import)"),
        ("netsuite/inventoryitem/csv/photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", "Its content fits no feed"),
    ],
)
def test_a_misplaced_file(drop: Drop, path: str, content: str | bytes, told: str) -> None:
    put(drop, path, content)
    (found,) = on_server(drop)
    assert path in found
    assert told in found


def test_a_marker_belongs_to_its_file(drop: Drop) -> None:
    put(drop, f"{drop.folder}/reset.csv.done", "")
    (found,) = on_server(drop)
    assert "reset.csv.done" in found
    drop.configure(arrival="DONE_FILE")
    assert on_server(drop) == []


def test_a_missing_folder(drop: Drop) -> None:
    drop.sftp.rmdir("netsuite/product/kit")
    (found,) = on_server(drop)
    assert found.startswith("SFTP folder 'netsuite/product/kit' on FTP_CONFIG is not there")


def test_another_server_has_its_own_folders(drop: Drop) -> None:
    drop.configure(property_resource="FTP_OTHER")
    assert health.servers(drop.connection) == ["FTP_CONFIG", "FTP_OTHER"]
    put(drop, f"{drop.folder}/notes.txt")
    assert on_server(drop) == []
    assert len(health.look_at_server(drop.connection, drop.sftp, "FTP_OTHER")) == 1
