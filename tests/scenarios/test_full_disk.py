"""The disk of Trueup's database is full: really full, under a Postgres server of the test's own."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import paramiko
import psycopg
import pytest
from psycopg import sql

from include.db.connection import Connection, connect
from include.db.migrate import migrate
from include.intake import data_manager, pickup, process
from include.jobs.advice import LOOK_AT_DATABASE, MAKE_ROOM_FOR_DATABASE, advice
from include.sandbox import postgres, readiness
from include.sandbox.postgres import Cluster
from include.sandbox.process import SandboxError
from include.sandbox.shopify import Emulator
from include.stock import ledger
from tests.channel.delivery.delivery_world import AT_FIRST, PRODUCTS, SECONDS_TO_ARRIVE, Shop, item
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
    with suppress(psycopg.OperationalError):  # a test has ended the server
        server.drop_database(name)


def switch_wal(connection: Connection) -> None:
    """Go on in the next WAL file."""
    connection.execute(b"SELECT pg_logical_emit_message(TRUE, 'test', 'end of this file')")
    connection.execute(b"SELECT pg_switch_wal()")


@contextmanager
def no_room_in(dsn: str, disk: SmallDisk, table: str, column: str) -> Iterator[None]:
    """The disk is full, and so are the pages of a table: to change any of its rows needs room. Then room is made."""
    change = sql.SQL("UPDATE {0} SET {1} = {1} WHERE ctid = (SELECT max(ctid) FROM {0})").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    with connect(dsn) as reader, connect(dsn) as writer, reader.transaction():
        reader.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute(b"SELECT txid_current()")  # what is changed from now on has to stay beside what it becomes
        disk.fill()
        with pytest.raises(psycopg.errors.DiskFull):
            change_for_ever(writer, change)
        yield
    disk.make_room()


def change_for_ever(connection: Connection, change: sql.Composed) -> None:
    while True:
        connection.execute(change)


def fill_wal(dsn: str) -> None:
    """Others write until there is no room for the WAL, which ends the server."""
    with suppress(psycopg.OperationalError), connect(dsn) as writer:
        while True:
            switch_wal(writer)


@pytest.mark.parametrize(
    ("megabytes_free", "fails_in"),
    [(1, r'"base/\d+/t\d+_\d+".*\n.*\n.*COPY staged'), (11, r'"base/\d+/\d+"')],
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
    with pytest.raises(psycopg.errors.DiskFull, match=fails_in) as caught:
        process.process_waiting(connection, sftp_client, drop.feed)
    assert advice(caught.value) == MAKE_ROOM_FOR_DATABASE
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


@pytest.fixture
def shop(dsn: str, emulator: Emulator) -> Iterator[Shop]:
    """Three products of which Shopify shows one too many."""
    with closing(Shop(dsn, emulator)) as opened:
        for product in PRODUCTS:
            opened.move(product, -1)
        yield opened


def statuses(shop: Shop) -> list[str]:
    return [row[0] for row in shop.connection.execute(b"SELECT status_id FROM outbox_batch ORDER BY outbox_batch_id")]


def at_rest(shop: Shop) -> None:
    """What is left to do is done; each product has gone down by one, once."""
    for _ in range(2):
        shop.let_pass(SECONDS_TO_ARRIVE)
        shop.settle()
        shop.plan()
        shop.deliver()
    assert shop.shown() == dict.fromkeys(PRODUCTS, AT_FIRST - 1)
    assert Counter(item for _, item in shop.applied().elements()) == dict.fromkeys(map(item, PRODUCTS), 1)
    assert {(level.target, level.position, level.status_id) for level in shop.levels().values()} == {
        (AT_FIRST - 1, AT_FIRST - 1, None)
    }
    assert ledger.out_of_balance(shop.connection) == []


def test_what_cannot_be_noted_is_not_sent(shop: Shop, disk: SmallDisk) -> None:
    disk.fill()
    with pytest.raises(psycopg.errors.DiskFull):
        shop.plan()
    assert statuses(shop) == []
    disk.make_room()
    shop.plan()
    with no_room_in(shop.dsn, disk, "outbox_batch", "shop_id"), pytest.raises(psycopg.errors.DiskFull):
        shop.deliver()
    assert (statuses(shop), shop.applied()) == (["PLANNED"], {})
    shop.deliver()
    assert statuses(shop) == ["CONFIRMED"]
    at_rest(shop)


def test_what_was_sent_and_cannot_be_confirmed_is_not_sent_again(shop: Shop, disk: SmallDisk) -> None:
    shop.plan()
    with no_room_in(shop.dsn, disk, "outbox_batch_row", "delta"):
        with pytest.raises(psycopg.errors.DiskFull):
            shop.deliver()
        assert statuses(shop) == ["SENDING"]
        with suppress(psycopg.errors.DiskFull):  # the next runs get as far as it gets
            shop.deliver()
            shop.let_pass(SECONDS_TO_ARRIVE)
            shop.settle()
    assert set(shop.applied().values()) == {1}
    at_rest(shop)
    assert statuses(shop) == ["SETTLED"]


def test_a_server_without_room_for_its_wal_is_named_and_comes_back(
    shop: Shop, server: Cluster, disk: SmallDisk
) -> None:
    """It ends while a batch is under way, and does not start before room is made."""
    shop.plan()
    shop.wire.overtake = lambda waits: fill_wal(shop.dsn)
    disk.fill()
    with pytest.raises(psycopg.OperationalError) as lost:
        shop.deliver(["overtaken after"])
    with pytest.raises(psycopg.OperationalError) as absent:
        connect(shop.dsn)
    for trouble in (lost.value, absent.value):
        assert advice(trouble) in (LOOK_AT_DATABASE, MAKE_ROOM_FOR_DATABASE)
    readiness.wait_until("the end of Postgres", lambda: not (server.data / "postmaster.pid").exists(), wait_s=30)
    server.stop()
    with pytest.raises(SandboxError, match="No space left on device"), serving(disk):
        pass
    disk.make_room()
    with serving(disk) as again:
        shop.connect_again(again.dsn(shop.dsn.rpartition("/")[2]))
        assert (statuses(shop), set(shop.applied().values())) == (["SENDING"], {1})
        at_rest(shop)
        assert statuses(shop) == ["SETTLED"]
