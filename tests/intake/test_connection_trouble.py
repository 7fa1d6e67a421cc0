"""What goes wrong around a file, between Trueup and the server on which it lies: nothing hangs, nothing is lost."""

import gc

import paramiko
import pytest

from include.db.connection import Connection
from tests.intake.drop import Drop, stores
from tests.world import World

HEADER = "Item,externalFacilityId,availableQty,idValue\n"
GOOD = HEADER + "a,43,6,521\na,44,2,521\n"


@pytest.fixture
def drop(connection: Connection, sftp_client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    return Drop(connection, sftp_client, "RESET_INVENTORY")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("wrong.csv", "nothing,that,is,known\n"), ("no.json", "[{]"), ("twice.json", '[{"a": 1}] [')],
)
def test_a_file_refused_at_its_beginning_is_closed_at_once(
    drop: Drop, connection: Connection, name: str, beginning: str
) -> None:
    """Left to the garbage collector it would be closed in whichever thread that runs, amid another file's requests."""
    receipts = Drop(connection, drop.sftp, "IMP_ITM_RECEIPT")
    gc.collect()
    gc.disable()
    try:
        outcome = receipts(beginning + "x" * 1_000_000, name)
        left_open = [each for each in gc.get_objects() if isinstance(each, paramiko.SFTPFile) and not each.closed]
    finally:
        gc.enable()
    assert outcome.status_id == "FAILED"
    assert left_open == []
