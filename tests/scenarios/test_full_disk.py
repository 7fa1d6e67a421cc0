"""The disk of Trueup's database is full: really full, under a Postgres server of the test's own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
import psycopg
import pytest

from include.db.connection import Connection, connect
from include.db.migrate import migrate
from include.intake import data_manager, pickup, process
from include.sandbox import postgres
from include.sandbox.postgres import Cluster
from include.stock import ledger
from tests.intake.drop import NOW, Drop
from tests.small_disk import SmallDisk, small_disk
from tests.world import World

MEGABYTES = 192
STORES, ITEMS = 10, 3_000
TEMPLATE = "trueup_template"


@pytest.fixture(scope="module")
def disk(state: Path) -> Iterator[SmallDisk]:
    """A small disk with a cluster on it, and a migrated database in that."""
    folder = state / "small-disk"
    folder.mkdir()
    with small_disk(folder, MEGABYTES) as mounted:
        with serving(mounted) as server:
            server.create_database(TEMPLATE)
            migrate(server.dsn(TEMPLATE))
            with connect(server.dsn("postgres")) as admin:
                admin.execute(b"ALTER SYSTEM SET autovacuum = off")
                admin.execute(b"ALTER SYSTEM SET min_wal_size = '64MB'")
        yield mounted


@contextmanager
def serving(disk: SmallDisk) -> Iterator[Cluster]:
    """The cluster on the disk, running."""
    with postgres.running(disk.folder / "postgres", durable=False) as server:
        yield server


@pytest.fixture
def server(disk: SmallDisk) -> Iterator[Cluster]:
    with serving(disk) as running:
        yield running


@pytest.fixture
def dsn(server: Cluster, disk: SmallDisk) -> Iterator[str]:
    """A migrated database on the small disk, and WAL files in reserve: it is data that there is no room for."""
    name = f"test_{uuid.uuid4().hex}"
    server.create_database(name, template=TEMPLATE)
    with connect(server.dsn("postgres")) as admin:
        for _ in range(4):
            switch_wal(admin)
        admin.execute(b"CHECKPOINT")
    yield server.dsn(name)
    disk.make_room()
    server.drop_database(name)


def switch_wal(connection: Connection) -> None:
    """Go on in the next WAL file."""
    connection.execute(b"SELECT pg_logical_emit_message(TRUE, 'test', 'end of this file')")
    connection.execute(b"SELECT pg_switch_wal()")


@pytest.mark.parametrize(
    ("megabytes_free", "fails_in"),
    [(1, r'"base/\d+/t\d+_\d+" .*\n.*\n.*COPY staged'), (11, r'"base/\d+/\d+"')],
    ids=["staged", "posted"],
)
def test_a_file_waits_until_there_is_room_for_what_it_says(
    connection: Connection,
    sftp_client: paramiko.SFTPClient,
    world: World,
    disk: SmallDisk,
    megabytes_free: int,
    fails_in: str,
) -> None:
    """However often it is tried: none of it is the file's fault. Temporary tables are named `t3_17432`."""
    for store in range(STORES):
        world.facility(f"STORE_{store}", external_id=str(store))
    for insert in (
        b"INSERT INTO product (product_id, internal_name) SELECT n, n FROM generate_series(1, %s) AS n",
        b"INSERT INTO good_identification SELECT 'NETSUITE_PRODUCT_ID', n, n FROM generate_series(1, %s) AS n",
    ):
        connection.execute(insert, [ITEMS])
    drop = Drop(connection, sftp_client, "RESET_INVENTORY")
    expected = {(store, each): 1 + each % 7 for store in range(STORES) for each in range(1, ITEMS + 1)}
    rows = [f"x,{store},{quantity},{each}\n" for (store, each), quantity in expected.items()]
    drop.write("Item,externalFacilityId,availableQty,idValue\n" + "".join(rows), "reset.csv")
    pickup.take_whole_files(connection, sftp_client, drop.feed, NOW)
    disk.fill(but=megabytes_free << 20)
    with pytest.raises(psycopg.errors.DiskFull, match=fails_in):
        process.process_waiting(connection, sftp_client, drop.feed)
    for _ in range(data_manager.MOST_ATTEMPTS):
        with pytest.raises(psycopg.errors.DiskFull):
            process.process_waiting(connection, sftp_client, drop.feed)
    log = data_manager.read_log(connection, 1)
    assert (log.status_id, log.attempts, drop.names("processing")) == ("PENDING", 0, ["1-reset.csv"])
    assert "nothing of it was applied" in (log.message or "")
    assert "make room on the disk of the database" in (log.message or "")
    assert world.stock() == {}
    disk.make_room()
    (outcome,) = process.process_waiting(connection, sftp_client, drop.feed)
    assert (outcome.status_id, drop.names("archive")) == ("FINISHED", ["1-reset.csv"])
    assert world.stock() == {(str(each), f"STORE_{store}"): (n, n) for (store, each), n in expected.items()}
    assert connection.execute(b"SELECT count(*) FROM inventory_item_detail").fetchone() == (len(rows),)
    assert ledger.out_of_balance(connection) == []
