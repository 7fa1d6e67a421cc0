"""The scenarios of the page Inventory Synchronization Errors that are about files."""

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import again, data_manager, health, remote
from include.sandbox.sftp import Fault, SftpServer
from include.stock import ledger
from tests.conftest import open_sftp
from tests.intake.drop import Drop, stores
from tests.world import World

RESET = "Item,externalFacilityId,availableQty,idValue\n" + "a,43,6,521\n" * 2_000 + "a,44,2,521\n"
TRANSFER = "externalFacilityId,idValue,idType,availableDelta,comments\n43,521,,-5,# 1\n44,521,,5,# 1\n"


@pytest.fixture
def resets(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    return Drop(connection, sftp_client, "RESET_INVENTORY")


def test_scenario_1_the_connection_fails_and_nothing_is_half_processed(
    resets: Drop, sftp_server: SftpServer, sftp_client: paramiko.SFTPClient, world: World, connection: Connection
) -> None:
    """A portion of the file processed, in HotWax: here it is none or all, and the next run does it."""
    home = sftp_client.getcwd()
    resets.write(RESET, "reset.csv")
    sftp_server.fail(Fault("*reset.csv", drop_after=10_000, times=1))
    with pytest.raises(remote.TROUBLE):
        resets.process()
    assert world.stock() == {}
    (log,) = [data_manager.read_log(connection, 1)]
    assert log.status_id == "PENDING"
    assert "the next run reads it again" in (log.message or "")
    with open_sftp(sftp_server) as second:
        second.chdir(home)
        resets.sftp = second
        (outcome,) = resets.process()
    assert outcome.status_id == "FINISHED"
    assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "MAIN_WH"): (2, 2)}
    assert ledger.out_of_balance(connection) == []


def test_scenario_1_a_failed_file_is_in_the_failed_folder_and_is_imported_again(
    resets: Drop, world: World, connection: Connection
) -> None:
    """ "If the file is failed, reimport the file": uploaded again once it is mended, or retried where it lies."""
    failed = resets("", "reset.csv")
    assert resets.names("failed") == [f"{failed.data_manager_log_id}-reset.csv"]
    retried = again.retry_file(connection, resets.sftp, failed.data_manager_log_id)
    assert retried.parent_log_id == failed.data_manager_log_id
    assert [outcome.status_id for outcome in resets.process()] == ["FAILED"]
    assert resets(RESET, "reset.csv").status_id == "FINISHED"
    assert len(world.stock()) == 2


def test_scenario_2_a_file_in_another_feeds_folder_is_named_and_not_applied(resets: Drop, world: World) -> None:
    outcome = resets(TRANSFER, "transfer.csv")
    assert (outcome.status_id, world.stock()) == ("FAILED", {})
    assert "IMP_INV_TRANS (netsuite/inventorytransfer/import)" in (outcome.message or "")


def test_scenario_2_a_file_where_no_feed_looks_is_found(resets: Drop, connection: Connection) -> None:
    for folder in (feed.import_path for feed in data_manager.configs(connection)):
        remote.make_folder(resets.sftp, folder)
    assert health.look_at_server(connection, resets.sftp, "FTP_CONFIG") == []
    with resets.sftp.open("netsuite/inventoryitem/reset.csv", "wb") as file:
        file.write(RESET.encode())
    (found,) = health.look_at_server(connection, resets.sftp, "FTP_CONFIG")
    assert "netsuite/inventoryitem/reset.csv" in found
    assert "RESET_INVENTORY (netsuite/inventoryitem/csv)" in found
