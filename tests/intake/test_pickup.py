"""When a file is whole: renamed, vouched for, or with all parts of a set there."""

from datetime import UTC, datetime, timedelta

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import pickup, process
from include.intake.data_manager import ConfigInvalid
from include.intake.pickup import Pickup, Settling
from tests.intake.drop import NOW, Drop, stores
from tests.world import World

HEADER = "Item,externalFacilityId,availableQty,idValue\n"
FIRST = HEADER + "a,43,6,521\n"
SECOND = HEADER + "a,44,2,521\n"


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    return Drop(connection, sftp_client, "RESET_INVENTORY")


def visit(drop: Drop, patience: float = 0) -> Pickup:
    return pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, Settling(pause=0, patience=patience))


def taken(drop: Drop) -> list[str]:
    return [log.file_name for log in visit(drop).taken]


def test_names_in_any_case_and_of_several_patterns(drop: Drop) -> None:
    drop.configure(file_name_pattern="*.csv | reset_*.txt")
    for name in ("A.CSV", "Reset_1.TXT", "b.txt", "notes.xlsx"):
        drop.write(FIRST, name)
    found = visit(drop)
    assert [log.file_name for log in found.taken] == ["A.CSV", "Reset_1.TXT"]
    assert found.strangers == ["b.txt", "notes.xlsx"]


@pytest.mark.parametrize("name", [".hidden.csv", "upload.csv.part", "upload.csv.filepart", "upload.TMP"])
def test_what_an_upload_program_has_not_finished_is_nobodys_business(drop: Drop, name: str) -> None:
    drop.configure(file_name_pattern="*")
    drop.write(FIRST, name)
    found = visit(drop)
    assert (found.taken, found.strangers) == ([], [])


def test_a_renamed_file_is_taken_at_once(drop: Drop) -> None:
    drop.configure(arrival="RENAMED")
    drop.write(FIRST, "a.csv")

    def no_second_look(seconds: float) -> None:
        raise AssertionError(f"waited {seconds} s")

    found = pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, NOW, sleep=no_second_look)
    assert len(found.taken) == 1


def test_a_file_is_whole_once_its_done_marker_is_there(drop: Drop) -> None:
    drop.configure(arrival="DONE_FILE")
    drop.write(FIRST, "a.csv")
    assert taken(drop) == []
    drop.write("", "a.csv.done")
    assert taken(drop) == ["a.csv"]
    assert drop.names(".") == ["processing"], "the marker does not vouch for the next file of this name"


def test_parts_of_a_cut_file_wait_for_each_other(drop: Drop, world: World) -> None:
    early, late = datetime(2026, 11, 20, 1, tzinfo=UTC), datetime(2026, 11, 20, 1, 4, tzinfo=UTC)
    drop.write(SECOND, "InventoryItemExport-part2of2.csv", late)
    found = visit(drop)
    assert found.taken == []
    assert found.incomplete == [
        "InventoryItemExport: part 1 of 2 has not come; the others wait for it. Upload what is missing"
    ]
    drop.write(FIRST, "InventoryItemExport-part1of2.csv", early)
    found = visit(drop)
    assert [log.file_name for log in found.taken] == [
        "InventoryItemExport-part1of2.csv", "InventoryItemExport-part2of2.csv",
    ]  # fmt: skip
    assert {log.file_modified_at for log in found.taken} == {early}, "they speak of one moment"
    process.process_waiting(drop.connection, drop.sftp, drop.feed)
    assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "MAIN_WH"): (2, 2)}


def test_a_pickup_waits_for_the_other_part(drop: Drop) -> None:
    drop.write(FIRST, "Export part 1 of 2.csv")
    parts = iter(["Export part 2 of 2.csv"])

    def arrive(_: float) -> None:
        if (name := next(parts, None)) is not None:
            drop.write(SECOND, name)

    found = pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, Settling(pause=0), sleep=arrive)
    assert len(found.taken) == 2


def test_a_corrected_part_comes_alone(drop: Drop, world: World) -> None:
    drop.write(FIRST, "Export.part1of2.csv")
    drop.write("no,inventory\n1,2\n", "Export.part2of2.csv")
    assert [outcome.status_id for outcome in drop.process()] == ["FINISHED", "FAILED"]
    assert drop(SECOND, "Export.part2of2.csv").status_id == "FINISHED"
    assert len(world.stock()) == 2


def test_yesterdays_parts_do_not_complete_todays_set(drop: Drop) -> None:
    now = datetime.now(UTC)
    for number, content in ((1, FIRST), (2, SECOND)):
        drop.write(content, f"Export part {number} of 2.csv", now - timedelta(days=1))
    assert len(drop.process()) == 2
    drop.write(FIRST, "Export part 1 of 2.csv", now)
    assert taken(drop) == []


def test_a_set_pattern_that_is_none_is_named(drop: Drop) -> None:
    drop.configure(set_pattern="part(?P<part>")
    drop.write(FIRST, "a.csv")
    with pytest.raises(ConfigInvalid, match=r"data_manager_config RESET_INVENTORY: set_pattern"):
        visit(drop)


@pytest.mark.parametrize(
    ("zone", "name", "as_of"),
    [
        ("UTC", "reset 2026-11-20 01:00.csv", "2026-11-20T01:00:00+00:00"),
        ("America/Los_Angeles", "reset 2026-11-20 01:00.csv", "2026-11-20T09:00:00+00:00"),
        ("America/Los_Angeles", "reset 20261120T010000Z.csv", "2026-11-20T01:00:00+00:00"),
        ("UTC", "Fri Nov 20 2026 01:00:00 GMT-0800 (PST)-InventoryItemExport.csv", "2026-11-20T09:00:00+00:00"),
    ],
)
def test_the_moment_in_a_name(drop: Drop, zone: str, name: str, as_of: str) -> None:
    drop.configure(time_zone=zone)
    drop(FIRST, name)
    row = drop.connection.execute(b"SELECT as_of, as_of_source FROM data_manager_log").fetchone()
    assert row == (datetime.fromisoformat(as_of), "date and time in the file name")


def test_the_moment_of_a_file_without_one_is_its_writing_less_the_offset(drop: Drop) -> None:
    drop.configure(snapshot_offset=timedelta(minutes=15))
    drop(FIRST, "a.csv", datetime(2026, 11, 20, 1, 15, tzinfo=UTC))
    row = drop.connection.execute(b"SELECT as_of, as_of_source FROM data_manager_log").fetchone()
    assert row == (datetime(2026, 11, 20, 1, tzinfo=UTC), "time of writing less 0:15:00")


def test_a_feed_may_go_by_arrival_as_hotwax_does(drop: Drop, world: World) -> None:
    drop.configure(event_time="ARRIVAL")
    drop(HEADER + "a,43,8,521\n", "reset 2026-11-20 02:00.csv")
    drop(HEADER + "a,43,5,521\n", "reset 2026-11-20 01:00.csv")
    assert world.stock()["10001", "BROADWAY"] == (5, 5), "the last one to arrive"


def test_a_time_zone_that_is_none_is_named(drop: Drop) -> None:
    drop.configure(time_zone="Pacific/Atlantis")
    drop.write(FIRST, "a.csv")
    for _ in range(4):
        with pytest.raises(ConfigInvalid, match=r"time_zone 'Pacific/Atlantis' is not known"):
            drop.process()
    drop.configure(time_zone="UTC")
    assert [outcome.status_id for outcome in drop.process()] == ["FINISHED"], "the file has waited"


def test_a_forecast_takes_nothing_and_names_everything(drop: Drop) -> None:
    for name in ("a.csv", "Export part 1 of 2.csv", "notes.txt", "evil\x1b.csv", "upload.csv.part"):
        drop.write(FIRST, name)
    told = pickup.forecast(drop.connection, drop.sftp, drop.feed)
    assert told == [
        f"a.csv: {len(FIRST)} bytes; would be taken once it is whole",
        "Export: part 2 of 2 has not come; the others wait for it. Upload what is missing",
        "notes.txt: not a file of RESET_INVENTORY; would be left alone",
        repr("evil\x1b.csv") + ": no file name; would be left alone until it is renamed",
    ]
    assert drop.connection.execute(b"SELECT count(*) FROM data_manager_log").fetchone() == (0,)
    assert len(drop.names(".")) == 5
