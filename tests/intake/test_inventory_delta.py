"""Signed deltas over real SFTP: adjustments, variances, item receipts as CSV, transfers."""

from datetime import UTC, datetime
from decimal import Decimal

import paramiko
import pytest

from include.db.connection import Connection
from include.intake.data_manager import Counts
from include.stock import ledger
from tests.intake.drop import Drop, post, stores
from tests.world import World

HEADER = "externalFacilityId,idValue,idType,availableDelta,comments\n"
TRANSFER = "Inventory Adjusted from Inventory Transfer # 12345 in NetSuite "
AT_ONE = datetime(2026, 11, 20, 1, tzinfo=UTC)


@pytest.fixture
def transfers(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    return Drop(connection, sftp_client, "IMP_INV_TRANS")


@pytest.fixture
def variances(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    return Drop(connection, sftp_client, "MDM_INV_VARIANCE")


def test_a_transfer_moves_both_legs(transfers: Drop, world: World, connection: Connection) -> None:
    post(connection, "10001", "BROADWAY", 8, 8, AT_ONE)
    outcome = transfers(
        HEADER + f"43,521,NETSUITE_PRODUCT_ID,-5,{TRANSFER}\n44,521,NETSUITE_PRODUCT_ID,5,{TRANSFER}\n",
        "Fri Nov 20 2026 02:00:00 GMT-0800 (PST)-ExportInventoryTransfer.csv",
    )
    assert (outcome.status_id, outcome.message) == ("FINISHED", None)
    assert world.stock() == {("10001", "BROADWAY"): (3, 3), ("10001", "MAIN_WH"): (5, 5)}
    row = connection.execute(
        b"SELECT available_to_promise_diff, reason_enum_id, line_number, effective_at FROM inventory_item_detail"
        b" WHERE facility_id = 'MAIN_WH'"
    ).fetchone()
    assert row == (Decimal(5), "VAR_INTEGR", 3, datetime(2026, 11, 20, 10, tzinfo=UTC))


def test_a_transfer_whose_legs_do_not_balance_is_applied_and_reported(transfers: Drop, world: World) -> None:
    outcome = transfers(HEADER + f"43,521,,-5,{TRANSFER}\n44,521,,3,{TRANSFER}\n44,522,,1,\n")
    assert outcome.status_id == "FINISHED"
    assert outcome.message == (
        "transfer 12345, product 521: legs add up to -2; transfer without a number, product 522: legs add up to +1"
    )
    assert world.stock()["10001", "BROADWAY"] == (-5, -5)


def test_a_file_that_comes_twice_counts_once_and_equal_lines_count_twice(transfers: Drop, world: World) -> None:
    content = HEADER + "43,521,,-1,\n43,521,,-1,\n"
    transfers(content, "one.csv")
    again = transfers(content, "the same under another name.csv")
    assert again.message == "the same file as log 1: not applied again"
    assert again.counts == Counts(total=2, changed=0, unchanged=0, superseded=2, failed=0)
    assert world.stock() == {("10001", "BROADWAY"): (-2, -2)}


def test_a_file_in_another_feeds_folder_counts_once_as_well(
    transfers: Drop, world: World, connection: Connection
) -> None:
    content = HEADER + "43,521,,4,\n"
    transfers(content)
    Drop(connection, transfers.sftp, "IMP_ITM_RECEIPT")(content)
    assert world.stock() == {("10001", "BROADWAY"): (4, 4)}


def test_what_was_refused_is_tried_again_by_the_same_file(transfers: Drop, world: World) -> None:
    content = HEADER + "43,521,,4,\n45,521,,2,\n"
    assert transfers(content).status_id == "FINISHED_WITH_ERRORS"
    world.facility("PEARL", external_id="45")
    again = transfers(content)
    assert again.message == "the same file as log 1: only the 1 rows refused there are tried"
    assert world.stock() == {("10001", "BROADWAY"): (4, 4), ("10001", "PEARL"): (2, 2)}
    assert transfers(content).message == "the same file as log 2: not applied again"
    assert world.stock()["10001", "PEARL"] == (2, 2)


@pytest.mark.parametrize("first", ["file", "rejects"])
def test_a_refused_row_counts_once_whichever_way_it_comes_back(transfers: Drop, world: World, first: str) -> None:
    content = HEADER + "43,521,,4,\n45,521,,2,\n"
    transfers(content)
    rejects = transfers.error_file()
    world.facility("PEARL", external_id="45")
    ways = [(content, "again.csv"), (rejects[1], rejects[0])]
    for way, name in ways if first == "file" else reversed(ways):
        transfers(way, name)
    assert world.stock() == {("10001", "BROADWAY"): (4, 4), ("10001", "PEARL"): (2, 2)}


def test_a_delta_from_before_the_newest_snapshot_is_in_it(
    transfers: Drop, world: World, connection: Connection
) -> None:
    Drop(connection, transfers.sftp, "RESET_INVENTORY")(
        "Item,externalFacilityId,availableQty,idValue\na,43,10,521\n", "reset 2026-11-20 03:00.csv"
    )
    late = transfers(HEADER + "43,521,,-4,\n44,521,,4,\n", "transfer 2026-11-20 02:00.csv")
    assert late.counts == Counts(total=2, changed=1, unchanged=0, superseded=1, failed=0)
    assert world.stock() == {("10001", "BROADWAY"): (10, 10), ("10001", "MAIN_WH"): (4, 4)}


def test_a_variance_that_a_snapshot_holds_is_not_measured_by_the_stock_since(variances: Drop, world: World) -> None:
    Drop(variances.connection, variances.sftp, "RESET_INVENTORY")(
        "Item,externalFacilityId,availableQty,idValue\na,43,2,521\n", "reset 2026-11-20 03:00.csv"
    )
    late = variances(HEADER + "43,SKU-10001,,-5,\n44,SKU-10002,,-1,\n", "variance 2026-11-20 02:00.csv")
    assert late.counts == Counts(total=2, changed=0, unchanged=0, superseded=1, failed=1)
    assert list(variances.reasons()) == [3]
    assert world.stock() == {("10001", "BROADWAY"): (2, 2)}


def test_bad_rows_say_why(variances: Drop, world: World) -> None:
    outcome = variances(
        "facilityId,externalFacilityId,idType,idValue,availableDelta,locationSeqId,varianceReasonId,comments\n"
        "BROADWAY,,SKU,SKU-10001,+2,TLTLTLLL01,var_found,x\n"
        "BROADWAY,,SKU,SKU-10001,2,,NO_SUCH,\nBROADWAY,,SKU,SKU-10001,two,,,\nNOWHERE,,SKU,SKU-10001,2,,,\n"
        "BROADWAY,,WAREHOUSE,SKU-10001,2,,,\nBROADWAY,,SKU,,2,,,\n"
    )
    assert outcome.status_id == "FINISHED_WITH_ERRORS"
    assert world.stock() == {("10001", "BROADWAY"): (2, 2)}
    assert variances.reasons() == {
        3: "varianceReasonId 'NO_SUCH': no such reason; correct it or add it to variance_reason",
        4: "availableDelta 'two' is not a number; expected digits such as 12 or 12.5",
        5: "facilityId 'NOWHERE': no such facility; expected one that is set up in Trueup",
        6: "idValue 'SKU-10001': no product has this WAREHOUSE; correct it or set the product up",
        7: "idValue is empty; expected an identifier of the product",
    }


def test_rows_about_kits_are_left_out_and_counted(variances: Drop, world: World, connection: Connection) -> None:
    """What a kit promises is computed from its components: stock of its own would count for nothing."""
    connection.execute(b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK' WHERE product_id = '10002'")
    content = (
        "facilityId,idValue,availableDelta\nBROADWAY,SKU-10001,4\nBROADWAY,SKU-10002,-5\nBROADWAY,SKU-10002,0\n"
        "BROADWAY,SKU-10002,many\n"
    )
    outcome = variances(content)
    assert outcome.counts == Counts(total=4, changed=1, unchanged=0, superseded=2, failed=1)
    assert (outcome.message or "").startswith("2 rows are about kits and count as superseded: what a kit promises")
    assert world.stock() == {("10001", "BROADWAY"): (4, 4)}


def test_a_row_about_a_stocked_kit_counts(variances: Drop, world: World, connection: Connection) -> None:
    connection.execute(
        b"UPDATE product SET product_type_id = 'MARKETING_PKG_PICK', kit_is_stocked = TRUE WHERE product_id = '10002'"
    )
    outcome = variances("facilityId,idValue,availableDelta\nBROADWAY,SKU-10002,5\n")
    assert outcome.counts == Counts(total=1, changed=1, unchanged=0, superseded=0, failed=0)
    assert world.stock() == {("10002", "BROADWAY"): (5, 5)}


def test_a_variance_does_not_go_below_zero(variances: Drop, world: World, connection: Connection) -> None:
    post(connection, "10001", "BROADWAY", 3, 1)
    outcome = variances("facilityId,idValue,availableDelta\nBROADWAY,SKU-10001,-5\nBROADWAY,SKU-10001,1\n")
    assert variances.reasons() == {
        2: "the delta of -5 would leave -1 on hand; expected to take away no more than the 3 there are"
    }
    assert outcome.counts == Counts(total=2, changed=1, unchanged=0, superseded=0, failed=1)
    assert world.stock() == {("10001", "BROADWAY"): (4, 2)}


def test_a_zero_changes_nothing(variances: Drop, connection: Connection) -> None:
    outcome = variances("facilityId,idValue,availableDelta\nBROADWAY,SKU-10001,0\n")
    assert outcome.counts == Counts(total=1, changed=0, unchanged=1, superseded=0, failed=0)
    assert ledger.out_of_balance(connection) == []


def test_all_rows_or_none(variances: Drop, world: World) -> None:
    variances.configure(error_policy="ALL_OR_NOTHING")
    content = "facilityId,idValue,availableDelta\nBROADWAY,SKU-10001,4\nBROADWAY,SKU-77,1\n"
    outcome = variances(content)
    assert (outcome.status_id, outcome.counts, world.stock()) == ("FAILED", None, {})
    assert "1 of 2 rows were refused, and MDM_INV_VARIANCE takes all rows of a file or none" in (outcome.message or "")
    assert "SKU-77" in variances.error_file()[1]
    assert len(variances.names("failed")) == 1
    world.product("77")
    assert variances(content).status_id == "FINISHED"
    assert world.stock() == {("10001", "BROADWAY"): (4, 4), ("77", "BROADWAY"): (1, 1)}


def test_a_file_of_another_feed_is_named(transfers: Drop) -> None:
    outcome = transfers("Item,externalFacilityId,availableQty,idValue\na,43,6,521\n")
    assert outcome.status_id == "FAILED"
    assert "not an inventory transfer file: no column availableDelta" in (outcome.message or "")
    assert "RESET_INVENTORY (netsuite/inventoryitem/csv)" in (outcome.message or "")


@pytest.mark.parametrize("cut", [0, 3, 8, 11])
def test_a_file_whose_upload_broke_off_and_that_comes_whole_counts_once(
    transfers: Drop, world: World, connection: Connection, cut: int
) -> None:
    """Seed page Inventory Synchronization Errors, scenario 1: re-upload the file."""
    whole = HEADER + "43,521,,-5,x\n44,521,,5,x\n43,522,,-2,x\n44,522,,2,x\n"
    transfers(whole[: whole.index("43,522") + cut], "transfer.csv")
    outcome = transfers(whole, "transfer.csv")
    assert outcome.status_id == "FINISHED"
    assert "log 1 was the beginning of this file" in (outcome.message or "")
    assert world.stock() == {
        ("10001", "BROADWAY"): (-5, -5), ("10001", "MAIN_WH"): (5, 5),
        ("10002", "BROADWAY"): (-2, -2), ("10002", "MAIN_WH"): (2, 2),
    }  # fmt: skip
    assert transfers(whole, "transfer.csv").message == "the same file as log 2: not applied again"
