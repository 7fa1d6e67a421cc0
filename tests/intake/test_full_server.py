"""The disk of the SFTP server is really full when Trueup writes there: nobody takes half a file for a whole one."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import pickup, process, remote, variance_feed
from include.intake.errors import NotFiledAway, NotWritten
from include.sandbox import sftp
from include.sandbox.sftp import SftpServer
from include.stock import ledger
from tests.conftest import open_sftp
from tests.intake.drop import NOW, Drop, post, stores
from tests.small_disk import SmallDisk, small_disk
from tests.world import World

HEADER = "Item,externalFacilityId,availableQty,idValue\n"
GOOD = HEADER + "a,43,6,521\n"
REFUSED = 2_000
OPERATOR = "let the server's operator look at"


@pytest.fixture(scope="module")
def disk(state: Path) -> Iterator[SmallDisk]:
    folder = state / "small-server"
    folder.mkdir()
    with small_disk(folder, 4, files=300) as mounted:
        yield mounted


@pytest.fixture(scope="module")
def small_server(disk: SmallDisk, state: Path) -> Iterator[SftpServer]:
    with sftp.running(disk.folder / "files", state / "small-server-keys") as running:
        yield running


@pytest.fixture
def client(small_server: SftpServer, disk: SmallDisk) -> Iterator[paramiko.SFTPClient]:
    """A client in a home folder of its own."""
    home = small_server.root / uuid.uuid4().hex
    home.mkdir()
    with open_sftp(small_server) as opened:
        opened.chdir(f"/{home.name}")
        yield opened
    disk.make_room()


@pytest.fixture
def drop(connection: Connection, client: paramiko.SFTPClient, world: World) -> Drop:
    stores(world)
    return Drop(connection, client, "RESET_INVENTORY")


def test_a_file_that_cannot_be_taken_stays_where_it_is(drop: Drop, disk: SmallDisk, world: World) -> None:
    """Taking the first one makes the folder for those that are taken."""
    drop.write(GOOD, "first.csv")
    disk.use_up_files()
    with pytest.raises(NotWritten, match=f"inventoryitem/csv/processing: No space .* {OPERATOR}"):
        pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, NOW)
    assert process.process_waiting(drop.connection, drop.sftp, drop.feed) == []
    assert [each.name for each in remote.list_files(drop.sftp, drop.folder)] == ["first.csv"]
    disk.make_room()
    assert [each.status_id for each in drop.process()] == ["FINISHED"]
    assert world.stock() == {("10001", "BROADWAY"): (6, 6)}


@pytest.mark.parametrize("lacks", ["files", "bytes"])
def test_a_file_is_put_away_with_its_reject_file_once_there_is_room(
    drop: Drop, disk: SmallDisk, world: World, lacks: str
) -> None:
    drop.write(GOOD + "a,77,6,521\n" * REFUSED, "full.csv")
    pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, NOW)
    if lacks == "files":
        disk.use_up_files()
    else:
        disk.fill(but=20_000)
    for _ in range(2):
        with pytest.raises(NotFiledAway, match=f"error.*{OPERATOR}"):
            process.process_waiting(drop.connection, drop.sftp, drop.feed)
        assert drop.names("processing") == ["1-full.csv"]
        assert not remote.exists(drop.sftp, f"{drop.folder}/archive")
        assert not remote.exists(drop.sftp, f"{drop.folder}/error") or drop.names("error") == []
    disk.make_room()
    assert process.process_waiting(drop.connection, drop.sftp, drop.feed) == []
    assert (drop.names("processing"), drop.names("archive")) == ([], ["1-full.csv"])
    assert len(drop.names("error")) == 1
    assert len(drop.error_file()[1].splitlines()) == REFUSED + 1
    assert world.stock() == {("10001", "BROADWAY"): (6, 6)}
    assert ledger.out_of_balance(drop.connection) == []


def test_the_erp_sees_a_variance_file_whole_or_not_at_all(drop: Drop, disk: SmallDisk) -> None:
    connection = drop.connection
    connection.execute(
        b"UPDATE variance_feed SET adjustment_account = '927', subsidiary = '1', export_from = '2026-01-01'"
    )
    for _ in range(200):
        post(connection, "10001", "BROADWAY", -1, -1)
    feed = variance_feed.feed(connection, "INV_VARIANCE")
    (path,) = variance_feed.freeze(connection, feed).files
    (frozen,) = variance_feed.waiting(connection, feed)
    assert len(frozen.content) > 8_192
    disk.fill(but=8_192)
    with pytest.raises(NotWritten, match=f"{path}.part: 8,192 of {len(frozen.content):,} bytes .* {OPERATOR}"):
        variance_feed.upload(connection, drop.sftp, feed)
    assert remote.list_files(drop.sftp, feed.export_path) == []
    assert variance_feed.waiting(connection, feed) == [frozen]
    disk.make_room()
    assert variance_feed.upload(connection, drop.sftp, feed) == [path]
    with drop.sftp.open(path) as file:
        assert file.read() == frozen.content
    assert variance_feed.upload(connection, drop.sftp, feed) == []


def test_half_of_what_trueup_writes_into_a_feeds_folder_is_not_taken(
    drop: Drop, disk: SmallDisk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules and a shop that is master write files that are imported like any other. Here the writer dies half-way."""
    path, content = f"{drop.folder}/ours.csv", (GOOD + "a,44,2,521\n" * 2_000).encode()
    disk.fill(but=12_288)
    with monkeypatch.context() as patch:
        patch.setattr(drop.sftp, "remove", lambda path: None)
        with pytest.raises(NotWritten, match="12,288 of"):
            remote.write(drop.sftp, path, iter([content]))
    assert [(each.name, each.size) for each in remote.list_files(drop.sftp, drop.folder)] == [("ours.csv.part", 12_288)]
    assert drop.process() == []
    disk.make_room()
    remote.write(drop.sftp, path, iter([content]))
    assert [each.status_id for each in drop.process()] == ["FINISHED"]
    assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "MAIN_WH"): (2, 2)}
