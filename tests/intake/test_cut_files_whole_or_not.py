"""Files that break off, in the upload or while they are read: taken whole as what they are, refused, or not taken."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import pickup, process, remote
from include.sandbox.sftp import Fault, SftpServer
from include.stock import ledger
from tests.conftest import open_sftp
from tests.intake.drop import NOW, Drop, stores
from tests.world import World


@dataclass(frozen=True)
class Sample:
    """A small file of a feed, and the stock that it leaves in an empty database."""

    config_id: str
    content: str
    stock: dict[tuple[str, str], tuple[int, int]]


RESET = Sample(
    "RESET_INVENTORY",
    "Item,externalFacilityId,availableQty,idValue\na,43,61,521\nb,44,25,522\n",
    {("10001", "BROADWAY"): (61, 61), ("10002", "MAIN_WH"): (25, 25)},
)
DELTA = Sample(
    "IMP_INV_ADJUST",
    "externalFacilityId,idValue,idType,availableDelta,comments\n43,521,,-12,\n44,522,,35,x\n",
    {("10001", "BROADWAY"): (-12, -12), ("10002", "MAIN_WH"): (35, 35)},
)
SAMPLES = pytest.mark.parametrize("sample", [RESET, DELTA], ids=lambda sample: sample.config_id)


class Lines:
    """A database, and a server whose connections break."""

    def __init__(self, connection: Connection, sftp: paramiko.SFTPClient, server: SftpServer) -> None:
        self.connection, self.sftp, self.server = connection, sftp, server

    @contextmanager
    def another(self) -> Iterator[paramiko.SFTPClient]:
        """A connection of its own, into the same home folder."""
        with open_sftp(self.server) as opened:
            opened.chdir(self.sftp.getcwd())
            yield opened

    def status(self) -> tuple[str, str | None, int]:
        """Status, message and attempts of the latest file."""
        row = self.connection.execute(
            b"SELECT status_id, message, attempts FROM data_manager_log ORDER BY data_manager_log_id DESC LIMIT 1"
        ).fetchone()
        assert row is not None
        return row[0], row[1], row[2]

    def traces(self) -> int:
        """Rows that processing a file would leave behind."""
        row = self.connection.execute(
            b"SELECT (SELECT count(*) FROM inventory_item_detail) + (SELECT count(*) FROM data_manager_reject)"
            b" + (SELECT count(*) FROM inventory_item)"
        ).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def lines(
    connection: Connection, sftp_client: paramiko.SFTPClient, sftp_server: SftpServer, world: World
) -> Iterator[Lines]:
    stores(world)
    yield Lines(connection, sftp_client, sftp_server)
    sftp_server.fail()


@SAMPLES
def test_an_upload_is_never_taken_while_it_grows(lines: Lines, sample: Sample) -> None:
    drop = Drop(lines.connection, lines.sftp, sample.config_id)
    content = sample.content.encode()
    written = 0

    def grow(_: float) -> None:
        nonlocal written
        if written < len(content):
            written += 1
            drop.write(content[:written], "growing.csv")

    drop.write(b"", "growing.csv")
    taken = pickup.take_whole_files(lines.connection, lines.sftp, drop.feed, NOW, sleep=grow).taken
    assert [(log.file_name, log.file_size) for log in taken] == [("growing.csv", len(content))]
    process.process_waiting(lines.connection, lines.sftp, drop.feed)
    assert World(lines.connection).stock() == sample.stock


@SAMPLES
def test_an_upload_that_broke_off_and_stays_is_refused_or_taken_as_it_is(lines: Lines, sample: Sample) -> None:
    """A file does not say how long it was to be: its rows count as far as they came, and no row counts in part."""
    drop = Drop(lines.connection, lines.sftp, sample.config_id)
    content = sample.content
    header, first, _ = content.splitlines(keepends=True)
    for end in range(len(content) + 1):
        drop.write(content[:end], f"{end:03d}.csv")
    outcomes = drop.process()
    assert [outcome.file_name for outcome in outcomes] == [f"{end:03d}.csv" for end in range(len(content) + 1)]
    for end, outcome in enumerate(outcomes):
        if outcome.counts is None:
            assert (outcome.message or "").startswith(f"{outcome.file_name}: ")
            assert end <= len(header), "a file with a row in it is not refused as a whole"
        else:
            counts = outcome.counts
            assert end > len(header)
            assert counts.total == len(content[:end].splitlines()) - 1, outcome
            assert counts.changed + counts.unchanged + counts.superseded + counts.failed == counts.total
            if end > len(header) + len(first):
                assert counts.failed <= 1, "only the last row can have been cut"
    assert ledger.out_of_balance(lines.connection) == []


@SAMPLES
def test_a_connection_lost_at_any_byte_leaves_the_file_for_the_next_run(lines: Lines, sample: Sample) -> None:
    drop = Drop(lines.connection, lines.sftp, sample.config_id)
    drop.write(sample.content, "lost.csv")
    pickup.take_whole_files(lines.connection, lines.sftp, drop.feed, NOW)
    for after in range(len(sample.content)):
        _lose(lines, drop, after)
    _read_at_last(lines, drop, sample.stock)


@pytest.mark.slow
def test_a_connection_lost_within_a_large_file_leaves_it_for_the_next_run(lines: Lines) -> None:
    drop = Drop(lines.connection, lines.sftp, RESET.config_id)
    header, row, last = RESET.content.splitlines(keepends=True)
    content = header + row * (5_000_000 // len(row)) + last
    drop.write(content, "lost.csv")
    pickup.take_whole_files(lines.connection, lines.sftp, drop.feed, NOW)
    chance = random.Random(20)
    for after in sorted(chance.randrange(len(content)) for _ in range(20)):
        _lose(lines, drop, after)
    _read_at_last(lines, drop, RESET.stock)


def _lose(lines: Lines, drop: Drop, after: int) -> None:
    lines.server.fail(Fault(name="*lost.csv", drop_after=after, times=1))
    with lines.another() as sftp, pytest.raises(remote.TROUBLE):
        process.process_waiting(lines.connection, sftp, drop.feed)
    status, message, attempts = lines.status()
    assert (status, attempts) == ("PENDING", 0), after
    assert "lost.csv: the SFTP connection failed while the file was read" in (message or ""), after
    assert lines.traces() == 0, after


def _read_at_last(lines: Lines, drop: Drop, stock: dict[tuple[str, str], tuple[int, int]]) -> None:
    lines.server.fail()
    with lines.another() as sftp:
        (outcome,) = process.process_waiting(lines.connection, sftp, drop.feed)
        assert process.process_waiting(lines.connection, sftp, drop.feed) == []
    assert (outcome.status_id, outcome.message) == ("FINISHED", None)
    assert World(lines.connection).stock() == stock
    assert ledger.out_of_balance(lines.connection) == []
