"""Working off the queue of all feeds: one feed's trouble is not the next one's."""

from collections.abc import Iterator
from contextlib import contextmanager

import paramiko

from include.db.connection import Connection
from include.intake import pickup, process
from tests.intake.drop import NOW, Drop, stores
from tests.world import World

HEADER = "externalFacilityId,idValue,idType,availableDelta,comments\n"


def test_one_feeds_trouble_does_not_stop_the_next(
    connection: Connection, sftp_client: paramiko.SFTPClient, world: World
) -> None:
    stores(world)
    adjustments, transfers = (Drop(connection, sftp_client, feed) for feed in ("IMP_INV_ADJUST", "IMP_INV_TRANS"))
    adjustments.configure(property_resource="FTP_DOWN")
    for drop, row in ((adjustments, "43,521,,4,\n"), (transfers, "44,522,,1,\n")):
        drop.write(HEADER + row, "file.csv")
        pickup.take_whole_files(connection, sftp_client, drop.feed, NOW)

    @contextmanager
    def open_server(name: str) -> Iterator[paramiko.SFTPClient]:
        if name == "FTP_DOWN":
            raise ConnectionRefusedError("no such server")
        yield sftp_client

    outcomes, troubles = process.process_all(connection, open_server)
    assert [(outcome.config_id, outcome.status_id) for outcome in outcomes] == [("IMP_INV_TRANS", "FINISHED")]
    assert [str(trouble) for trouble in troubles] == ["no such server"]
    assert world.stock() == {("10002", "MAIN_WH"): (1, 1)}
    statuses = connection.execute(b"SELECT config_id, status_id FROM data_manager_log ORDER BY 1").fetchall()
    assert statuses == [("IMP_INV_ADJUST", "PENDING"), ("IMP_INV_TRANS", "FINISHED")]
