"""Reset files from the drop folder to the ledger, over real SFTP into a real database."""

from datetime import UTC, datetime
from decimal import Decimal

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import data_manager, pickup, process, remote
from include.intake.errors import FileStillGrowing
from include.intake.pickup import FolderUnusable, Settling
from include.sandbox.sftp import Fault, SftpServer
from include.stock import ledger
from tests.intake.drop import NOW, Drop, post, stores
from tests.world import World

HEADER = "Item,externalFacilityId,availableQty,idValue\n"
FOLDER = "netsuite/inventoryitem/csv"


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    """The reset feed's folder, two stores and two products."""
    stores(world)
    return Drop(connection, sftp_client, "RESET_INVENTORY")


def test_a_reset_sets_stock_and_keeps_its_history(drop: Drop, world: World, connection: Connection) -> None:
    outcome = drop(HEADER + "051-0221-G,43,6,521\n051-0221-G,44,2,521\n")
    assert outcome.status_id == "FINISHED"
    assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "MAIN_WH"): (2, 2)}
    row = connection.execute(
        b"SELECT quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, data_manager_log_id, line_number,"
        b" effective_at FROM inventory_item_detail WHERE facility_id = 'BROADWAY'"
    ).fetchone()
    moment = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
    assert row == (Decimal(6), Decimal(6), "VAR_EXT_RESET", outcome.data_manager_log_id, 2, moment)
    assert drop.names(".") == ["archive", "processing"]
    assert drop.names("archive") == [f"{outcome.data_manager_log_id}-2026-11-20-0100-file.csv"]


def test_a_second_reset_posts_only_what_differs(drop: Drop, world: World, connection: Connection) -> None:
    drop(HEADER + "a,43,6,521\na,44,2,521\na,43,9,522\n")
    outcome = drop(HEADER + "a,43,4,521\na,44,2,521\n", "2026-11-20-0200-InventoryItemExport.csv")
    assert outcome.counts == data_manager.Counts(total=2, changed=1, unchanged=1, superseded=0, failed=0)
    assert world.stock() == {
        ("10001", "BROADWAY"): (4, 4), ("10001", "MAIN_WH"): (2, 2), ("10002", "BROADWAY"): (9, 9),
    }  # fmt: skip
    assert ledger.out_of_balance(connection) == []


@pytest.mark.parametrize(("by_atp", "after"), [("true", (9, 4)), ("", (9, 4)), ("false", (4, -1))])
def test_the_documented_modes(
    drop: Drop, world: World, connection: Connection, by_atp: str, after: tuple[int, int]
) -> None:
    """HotWax's own example: QOH 10, ATP 5, the file says 4."""
    post(connection, "10001", "BROADWAY", 10, 5, datetime(2026, 11, 1, tzinfo=UTC))
    drop(f"facilityId,idType,idValue,availableQty,resetByAtp\nBROADWAY,NETSUITE_PRODUCT_ID,521,4,{by_atp}\n")
    assert world.stock()["10001", "BROADWAY"] == after


def test_what_happened_after_the_snapshot_stays(drop: Drop, world: World, connection: Connection) -> None:
    drop(HEADER + "a,43,10,521\n", "reset 2026-11-20 00:00.csv")
    post(connection, "10001", "BROADWAY", -3, -3, datetime(2026, 11, 20, 1, 10, tzinfo=UTC))
    drop(HEADER + "a,43,8,521\n", "reset 2026-11-20 01:00.csv")
    assert world.stock()["10001", "BROADWAY"] == (5, 5), "8 at one o'clock, 3 gone since"
    assert ledger.out_of_balance(connection) == []


def test_an_older_snapshot_is_skipped_and_counted(drop: Drop, world: World) -> None:
    drop(HEADER + "a,43,8,521\n", "reset 2026-11-20 02:00.csv")
    late = drop(HEADER + "a,43,10,521\na,44,3,521\n", "reset 2026-11-20 01:00.csv")
    assert late.counts == data_manager.Counts(total=2, changed=1, unchanged=0, superseded=1, failed=0)
    assert world.stock() == {("10001", "BROADWAY"): (8, 8), ("10001", "MAIN_WH"): (3, 3)}


def test_a_snapshot_that_changed_nothing_still_counts_as_newer(drop: Drop, world: World) -> None:
    drop(HEADER + "a,43,8,521\n", "reset 2026-11-20 00:00.csv")
    drop(HEADER + "a,43,8,521\n", "reset 2026-11-20 02:00.csv")
    drop(HEADER + "a,43,5,521\n", "reset 2026-11-20 01:00.csv")
    assert world.stock()["10001", "BROADWAY"] == (8, 8)


def test_the_last_of_several_rows_for_one_product_and_facility_counts(drop: Drop, world: World) -> None:
    outcome = drop(HEADER + "a,43,8,521\na,43,5,521\n")
    assert outcome.counts == data_manager.Counts(total=2, changed=1, unchanged=0, superseded=1, failed=0)
    assert world.stock()["10001", "BROADWAY"] == (5, 5)


def test_rows_about_kits_are_left_out_and_counted(drop: Drop, world: World, connection: Connection) -> None:
    """NetSuite's export holds kits as well, with a number of its own."""
    connection.execute(b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = '10002'")
    outcome = drop(HEADER + "a,43,8,521\nkit,43,5,522\nkit,44,3,522\nkit,43,6,522\nkit,43,many,522\n")
    assert outcome.counts == data_manager.Counts(total=5, changed=1, unchanged=0, superseded=3, failed=1)
    assert (outcome.message or "").startswith("3 rows are about kits and count as superseded: what a kit promises")
    assert world.stock() == {("10001", "BROADWAY"): (8, 8)}
    covered = connection.execute(b"SELECT facility_id, product_ids FROM inventory_snapshot").fetchall()
    assert covered == [("BROADWAY", ["10001"])]


def test_a_row_about_a_stocked_kit_counts(drop: Drop, world: World, connection: Connection) -> None:
    connection.execute(
        b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK', kit_is_stocked = TRUE WHERE product_id = '10002'"
    )
    outcome = drop(HEADER + "kit,43,5,522\n")
    assert (outcome.status_id, outcome.message) == ("FINISHED", None)
    assert world.stock() == {("10002", "BROADWAY"): (5, 5)}


def test_the_same_file_again_is_recognised(drop: Drop, world: World, connection: Connection) -> None:
    content = HEADER + "a,43,8,521\n"
    first = drop(content)
    post(connection, "10001", "BROADWAY", -1, -1, datetime.now(UTC))
    again = drop(content)
    log = first.data_manager_log_id
    assert again.message == f"the same file as log {log}: not applied again"
    assert world.stock()["10001", "BROADWAY"] == (7, 7)


def test_the_same_numbers_at_a_later_moment_are_news(drop: Drop, world: World, connection: Connection) -> None:
    """A file that always has the same name, and by chance the same content as yesterday's."""
    content = HEADER + "a,43,8,521\n"
    path = f"{FOLDER}/InventoryItemExport.csv"
    drop.write(content, "InventoryItemExport.csv")
    drop.sftp.utime(path, (1_795_000_000, 1_795_000_000))
    drop.process()
    post(connection, "10001", "BROADWAY", -2, -2, datetime.fromtimestamp(1_795_000_500, UTC))
    drop.write(content, "InventoryItemExport.csv")
    drop.sftp.utime(path, (1_795_001_000, 1_795_001_000))
    drop.process()
    assert world.stock()["10001", "BROADWAY"] == (8, 8)


def test_a_file_that_is_gone_from_processing_holds_up_nobody(drop: Drop, connection: Connection, world: World) -> None:
    drop.write(HEADER + "a,43,6,521\n", "a.csv")
    drop.write(HEADER + "a,44,2,521\n", "b.csv")
    (gone, _) = pickup.take_whole_files(connection, drop.sftp, drop.feed, NOW).taken
    drop.sftp.remove(gone.remote_file_path)
    outcomes = process.process_waiting(connection, drop.sftp, drop.feed)
    assert [outcome.status_id for outcome in outcomes] == ["FAILED", "FINISHED"]
    assert f"a.csv: gone from {gone.remote_file_path} before it was processed" in (outcomes[0].message or "")
    assert world.stock() == {("10001", "MAIN_WH"): (2, 2)}


def test_a_name_that_leaves_no_room_is_refused(drop: Drop, connection: Connection) -> None:
    drop.write(HEADER + "a,43,6,521\n", "\u00e9" * 100 + ".csv")
    assert len(pickup.take_whole_files(connection, drop.sftp, drop.feed, NOW).refused) == 1


@pytest.mark.parametrize("quantity", ["12\u2003", "NaN", "Infinity", "1e5", "0x10", "1_000", "1,000", "--5", "9" * 13])
def test_what_is_no_number_costs_its_own_row_only(drop: Drop, world: World, quantity: str) -> None:
    outcome = drop(HEADER + f'a,43,"{quantity}",521\na,44,2,521\n')
    assert (outcome.status_id, world.stock()) == ("FINISHED_WITH_ERRORS", {("10001", "MAIN_WH"): (2, 2)})


def test_a_mark_that_is_no_moment_is_overlooked(drop: Drop, world: World) -> None:
    drop(HEADER + "a,43,6,521\n", "x.asof-20261399T000000Z.csv")
    assert world.stock()["10001", "BROADWAY"] == (6, 6)


def test_bad_rows_are_rejected_by_name_and_good_ones_applied(drop: Drop, world: World) -> None:
    outcome = drop(
        HEADER
        + "good,43,6,521\n,,6,521\nx,77,6,521\nx,43,6,999\nx,43,six,521\nx,43,,521\nx,99,6,521\nx,43,6\nx,43,6,\n"
    )
    assert outcome.status_id == "FINISHED_WITH_ERRORS"
    assert outcome.counts == data_manager.Counts(total=9, changed=1, unchanged=0, superseded=0, failed=8)
    assert world.stock() == {("10001", "BROADWAY"): (6, 6)}
    name, content = drop.error_file()
    log = outcome.data_manager_log_id
    assert name == f"2026-11-20-0100-file.asof-20261120T010000Z.rejects-{log}.csv"
    assert content.splitlines() == [
        "error,line,Item,externalFacilityId,availableQty,idValue",
        "externalFacilityId is empty; expected the internal id of a NetSuite location,3,,,6,521",
        "externalFacilityId '77': no facility has this NetSuite location; correct it or set the facility up,"
        "4,x,77,6,521",
        "idValue '999': no product has this NETSUITE_PRODUCT_ID; correct it or set the product up,5,x,43,6,999",
        "availableQty 'six' is not a number; expected digits such as 12 or 12.5,6,x,43,six,521",
        "availableQty '' is not a number; expected digits such as 12 or 12.5,7,x,43,,521",
        "facility '_NA_' is a virtual facility; expected a warehouse or retail store,8,x,99,6,521",
        '"3 fields, expected 4 as in the header",9,x,43,6',
        "idValue is empty; expected an identifier of the product,10,x,43,6,",
    ]


def test_a_corrected_reject_file_speaks_of_the_original_moment(
    drop: Drop, world: World, connection: Connection
) -> None:
    drop(HEADER + "x,43,6,5210\n")
    post(connection, "10001", "BROADWAY", -1, -1, datetime(2026, 11, 20, 3, tzinfo=UTC))
    name, content = drop.error_file()
    corrected = drop(content.replace("5210\n", "521\n"), name)
    assert corrected.status_id == "FINISHED"
    assert world.stock()["10001", "BROADWAY"] == (6 - 1, 6 - 1), "6 as of one o'clock, one gone at three"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "the file is empty; expected a header line and rows"),
        ("\n\n", "the file is empty"),
        (HEADER, "no rows behind the header"),
        (
            "product-id,facility-id,minimum-stock\n1,2,3\n",
            "line 1: not an inventory reset file: no column availableQty",
        ),
        ("Item,externalFacilityId,idValue\n1,2,3\n", "no column availableQty"),
        (
            HEADER.strip() + "," + HEADER + "a,43,6,521,a,43,6,521\n",
            "column 'Item' stands there twice (again as field 5)",
        ),
        (b"It\xe9m,externalFacilityId,availableQty,idValue\n", "line 1: byte 3 is not UTF-8"),
        ("x" * 70_000 + "\n1\n", "line 1 is longer than 65,536 bytes"),
    ],
)
def test_a_file_that_is_no_reset_is_refused_as_a_whole(
    drop: Drop, world: World, content: str | bytes, complaint: str
) -> None:
    outcome = drop(content)
    assert outcome.status_id == "FAILED"
    assert complaint in (outcome.message or "")
    assert "2026-11-20-0100-file.csv: " in (outcome.message or "")
    assert world.stock() == {}
    assert drop.names("failed") == [f"{outcome.data_manager_log_id}-2026-11-20-0100-file.csv"]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffItem,externalFacilityId,availableQty,idValue\r\na,43,6,521\r\n",
        '"Item","externalFacilityId","availableQty","idValue"\n"a, b","43","6","521"',
        "ID VALUE,AVAILABLE_QTY,External Facility-Id\n521,6,43\n",
        "FacilityId,IdType,IdValue,AvailableQty,LocationSeqId\nBROADWAY,sku,SKU-10001,6,TLTLTLLL01",
        "facilityId,idType,idValue,availableQty\nBROADWAY,Netsuite Product Id,521,6.0\n",
        "facilityId,productId,availableQty\nBROADWAY,10001, +6\n",
        HEADER + "x\u00e9,43,006,521\n\n",
    ],
)
def test_headers_and_writings_that_are_understood(drop: Drop, world: World, content: str) -> None:
    drop(content)
    assert world.stock() == {("10001", "BROADWAY"): (6, 6)}


def test_a_growing_file_is_left_until_it_is_whole(drop: Drop, connection: Connection, world: World) -> None:
    name = "growing.csv"
    drop.write(HEADER, name)
    writes = iter([HEADER + "a,43,6,521\n", HEADER + "a,43,6,521\na,44,2,521\n"])

    def grow(_: float) -> None:
        if (content := next(writes, None)) is not None:
            drop.write(content, name)

    taken = pickup.take_whole_files(connection, drop.sftp, drop.feed, NOW, sleep=grow)
    assert [log.file_size for log in taken.taken] == [len(HEADER + "a,43,6,521\na,44,2,521\n")]
    process.process_waiting(connection, drop.sftp, drop.feed)
    assert len(world.stock()) == 2


def test_a_file_that_never_stops_growing_is_left(drop: Drop, connection: Connection) -> None:
    content = HEADER
    drop.write(content, "growing.csv")

    def grow(_: float) -> None:
        nonlocal content
        content += "a,43,6,521\n"
        drop.write(content, "growing.csv")

    visit = pickup.take_whole_files(connection, drop.sftp, drop.feed, Settling(pause=0, patience=0), sleep=grow)
    assert (visit.taken, visit.still_growing) == ([], ["growing.csv"])
    assert "growing.csv" in drop.names(".")


def test_a_file_that_grows_after_it_was_taken_is_read_again(drop: Drop, connection: Connection, world: World) -> None:
    drop.write(HEADER + "a,43,6,521\n", "late.csv")
    (log,) = pickup.take_whole_files(connection, drop.sftp, drop.feed, NOW).taken
    with drop.sftp.open(log.remote_file_path, "ab") as file:
        file.write(b"a,44,2,521\n")
    with pytest.raises(FileStillGrowing, match=r"late\.csv: 56 bytes when it was taken, 67 now"):
        process.process_waiting(connection, drop.sftp, drop.feed)
    assert world.stock() == {}
    process.process_waiting(connection, drop.sftp, drop.feed)
    assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "MAIN_WH"): (2, 2)}


@pytest.mark.parametrize("after", [0, 1, 44, 60, 66])
def test_a_connection_lost_mid_file_leaves_nothing_half_taken(
    drop: Drop, connection: Connection, world: World, sftp_server: SftpServer, after: int
) -> None:
    from tests.conftest import open_sftp

    drop.write(HEADER + "a,43,6,521\na,44,2,521\n", "lost.csv")
    pickup.take_whole_files(connection, drop.sftp, drop.feed, NOW)
    sftp_server.fail(Fault(name="*lost.csv", drop_after=after, times=1))
    with pytest.raises((paramiko.SSHException, OSError, EOFError)):
        process.process_waiting(connection, drop.sftp, drop.feed)
    assert world.stock() == {}
    message = connection.execute(b"SELECT status_id, message FROM data_manager_log").fetchone()
    assert message is not None
    assert message[0] == "PENDING"
    assert "lost.csv: the SFTP connection failed while the file was read" in message[1]
    home = drop.sftp.getcwd()
    with open_sftp(sftp_server) as again:
        again.chdir(home)
        (outcome,) = process.process_waiting(connection, again, drop.feed)
    assert outcome.status_id == "FINISHED"
    assert len(world.stock()) == 2


def test_names_that_are_no_names_are_left_alone(drop: Drop, connection: Connection) -> None:
    drop.write(HEADER + "a,43,6,521\n", "evil\x1b[31m.csv")
    visit = pickup.take_whole_files(connection, drop.sftp, drop.feed, NOW)
    assert visit.taken == []
    assert visit.refused == [repr("evil\x1b[31m.csv")]


def test_a_missing_folder_is_named(connection: Connection, sftp_client: paramiko.SFTPClient) -> None:
    feed = data_manager.config(connection, "RESET_INVENTORY")
    with pytest.raises(FolderUnusable, match=r"SFTP folder 'netsuite/inventoryitem/csv' of RESET_INVENTORY"):
        pickup.take_whole_files(connection, sftp_client, feed, NOW)


def test_a_pickup_that_died_between_note_and_move_is_completed(
    drop: Drop, connection: Connection, world: World
) -> None:
    drop.write(HEADER + "a,43,6,521\n", "one.csv")
    (file,) = remote.list_files(drop.sftp, FOLDER)
    data_manager.claim(connection, drop.feed, file, f"{FOLDER}/one.csv")
    assert [outcome.status_id for outcome in drop.process()] == ["FINISHED"]
    assert world.stock() == {("10001", "BROADWAY"): (6, 6)}


def test_a_pickup_that_died_after_the_move_is_completed(drop: Drop, connection: Connection, world: World) -> None:
    drop.write(HEADER + "a,43,6,521\n", "one.csv")
    (file,) = remote.list_files(drop.sftp, FOLDER)
    log = data_manager.claim(connection, drop.feed, file, f"{FOLDER}/one.csv")
    remote.move(drop.sftp, f"{FOLDER}/one.csv", log.remote_file_path)
    assert [outcome.status_id for outcome in drop.process()] == ["FINISHED"]
    assert world.stock() == {("10001", "BROADWAY"): (6, 6)}


def test_a_file_that_was_being_processed_when_the_worker_died_is_processed_again(
    drop: Drop, connection: Connection, world: World
) -> None:
    drop.write(HEADER + "a,43,6,521\n", "one.csv")
    pickup.take_whole_files(connection, drop.sftp, drop.feed, NOW)
    data_manager.start_next(connection, drop.feed)
    (outcome,) = process.process_waiting(connection, drop.sftp, drop.feed)
    assert outcome.status_id == "FINISHED"
    assert world.stock() == {("10001", "BROADWAY"): (6, 6)}


def test_a_file_that_keeps_taking_its_worker_down_is_put_aside(drop: Drop, connection: Connection) -> None:
    drop.write(HEADER + "a,43,6,521\n", "one.csv")
    pickup.take_whole_files(connection, drop.sftp, drop.feed, NOW)
    for _ in range(data_manager.MOST_ATTEMPTS):
        assert data_manager.start_next(connection, drop.feed) is not None
    (outcome,) = process.process_waiting(connection, drop.sftp, drop.feed)
    assert outcome.status_id == "CRASHED"
    assert "The worker died, or lost its database, 3 times while it processed this file" in (outcome.message or "")
    assert len(drop.names("failed")) == 1


def test_filing_away_that_was_interrupted_is_completed(drop: Drop, connection: Connection) -> None:
    outcome = drop(HEADER + "x,77,6,521\ny,43,6,521\n")
    log = outcome.data_manager_log_id
    connection.execute(b"UPDATE data_manager_log SET filed_away = FALSE, error_file_path = NULL")
    process.process_waiting(connection, drop.sftp, drop.feed)
    row = connection.execute(b"SELECT filed_away, remote_file_path, error_file_path FROM data_manager_log").fetchone()
    stem = "2026-11-20-0100-file"
    assert row == (
        True, f"{FOLDER}/archive/{log}-{stem}.csv", f"{FOLDER}/error/{stem}.asof-20261120T010000Z.rejects-{log}.csv"
    )  # fmt: skip


def test_files_are_processed_first_in_first_out(drop: Drop, world: World) -> None:
    drop.write(HEADER + "a,43,1,521\n", "a 2026-11-20 01:00.csv")
    drop.write(HEADER + "a,43,2,521\n", "b 2026-11-20 02:00.csv")
    assert [outcome.file_name[0] for outcome in drop.process()] == ["a", "b"]
    assert world.stock()["10001", "BROADWAY"] == (2, 2)


def test_the_ledger_is_append_only(drop: Drop, connection: Connection) -> None:
    drop(HEADER + "a,43,6,521\n")
    with pytest.raises(Exception, match="inventory_item_detail is append-only: DELETE refused"):
        connection.execute(b"DELETE FROM inventory_item_detail")


def test_a_file_with_the_line_ends_of_an_old_mac_is_refused(drop: Drop, world: World) -> None:
    outcome = drop((HEADER + "a,43,6,521\n").replace("\n", "\r"))
    assert (outcome.status_id, world.stock()) == ("FAILED", {})
    assert "2026-11-20-0100-file.csv" in (outcome.message or "")


def test_a_header_that_was_disarmed_for_spreadsheets_means_what_it_meant(drop: Drop, world: World) -> None:
    drop(HEADER.replace("Item", "=Item") + "=1+1,45,6,521\n")
    name, content = drop.error_file()
    assert "'=Item" in content
    assert "'=1+1" in content
    world.facility("PEARL", external_id="45")
    assert drop(content, name).status_id == "FINISHED"
    assert world.stock() == {("10001", "PEARL"): (6, 6)}
