"""What goes wrong around a file, between Trueup and the server on which it lies: nothing hangs, nothing is lost."""

import gc
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import pickup, process, remote
from include.intake.errors import NotFiledAway
from include.jobs import connections
from include.jobs.connections import ConnectionMisconfigured
from include.jobs.defaults import RETRY_BY_KIND
from include.sandbox import sftp as sandbox_sftp
from include.sandbox.sftp import Fault, SftpServer
from tests.intake.drop import NOW, Drop, stores
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


@contextmanager
def little_room(server: SftpServer, size: int) -> Iterator[None]:
    """No file on the server can grow past a size: to a writer the same as a disk that is full."""
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)


def action(error: BaseException) -> str:
    """What a DAG's retry policy does about a failure."""
    return RETRY_BY_KIND.evaluate(error, 1, 3).action.value


def test_a_reject_file_for_which_there_is_no_room_is_written_later(
    drop: Drop, sftp_server: SftpServer, world: World
) -> None:
    drop.write(HEADER + "a,43,6,521\n" + "a,77,6,521\n" * 500, "full.csv")
    pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, NOW)
    with little_room(sftp_server, 20_000), pytest.raises(NotFiledAway, match="look at disk and permissions") as caught:
        process.process_waiting(drop.connection, drop.sftp, drop.feed)
    assert "20,000 of" in str(caught.value)
    assert action(caught.value) == "retry"
    assert [each for each in drop.names("error") if not each.endswith(".part")] == []
    assert process.process_waiting(drop.connection, drop.sftp, drop.feed) == []
    assert len(drop.error_file()[1].splitlines()) == 501
    assert len(drop.names("archive")) == 1
    assert world.stock() == {("10001", "BROADWAY"): (6, 6)}


def test_a_file_that_cannot_be_moved_is_moved_later(drop: Drop, world: World) -> None:
    drop.write("in the way", "archive")
    drop.write(GOOD, "good.csv")
    with pytest.raises(NotFiledAway, match=r"good.csv \(log 1\) is FINISHED, but could not be moved") as caught:
        drop.process()
    assert action(caught.value) == "retry"
    drop.sftp.remove(f"{drop.folder}/archive")
    assert drop.process() == []
    assert drop.names("archive") == ["1-good.csv"]
    assert world.stock() == {("10001", "BROADWAY"): (6, 6), ("10001", "MAIN_WH"): (2, 2)}


def test_a_server_that_falls_silent_is_given_up(drop: Drop, sftp_server: SftpServer, world: World) -> None:
    drop.write(GOOD, "silent.csv")
    pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, NOW)
    sftp_server.fail(Fault(name="*silent.csv", stall_after=10, times=1))
    remote.limit_waiting(drop.sftp, 0.5)
    with pytest.raises(TimeoutError) as caught:
        process.process_waiting(drop.connection, drop.sftp, drop.feed)
    assert action(caught.value) == "retry"
    assert world.stock() == {}
    row = drop.connection.execute(b"SELECT status_id, message FROM data_manager_log").fetchone()
    assert row is not None
    assert row[0] == "PENDING"
    assert "nothing of it was applied, the next run reads it again" in row[1]


@pytest.fixture
def extra(sftp_server: SftpServer) -> dict[str, str]:
    return {"key_file": str(sftp_server.client_key), "host_key": sftp_server.host_key}


def _enter(monkeypatch: pytest.MonkeyPatch, server: SftpServer, extra: dict[str, str]) -> None:
    connection = {
        "conn_type": "sftp", "host": server.host, "port": server.port, "login": server.user, "extra": extra
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_NETSUITE", json.dumps(connection))


def test_production_limits_how_long_a_server_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, sftp_server: SftpServer, extra: dict[str, str]
) -> None:
    _enter(monkeypatch, sftp_server, extra)
    with connections.sftp("NETSUITE") as opened:
        channel = opened.get_channel()
        assert channel is not None
        assert channel.gettimeout() == remote.SECONDS_TO_ANSWER


def test_another_host_key_needs_action(
    monkeypatch: pytest.MonkeyPatch, sftp_server: SftpServer, extra: dict[str, str], tmp_path: Path
) -> None:
    with sandbox_sftp.running(tmp_path / "root", tmp_path / "keys") as stranger:
        _enter(monkeypatch, sftp_server, extra | {"host_key": stranger.host_key})
        with (
            pytest.raises(ConnectionMisconfigured, match="correct the connection") as caught,
            connections.sftp("NETSUITE"),
        ):
            pass
    assert action(caught.value) == "fail"


def test_a_server_that_is_down_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, str], tmp_path: Path
) -> None:
    with sandbox_sftp.running(tmp_path / "root", tmp_path / "keys") as server:
        _enter(monkeypatch, server, extra)
    with pytest.raises(OSError, match=str(server.port)) as caught, connections.sftp("NETSUITE"):
        pass
    assert action(caught.value) == "retry"


def test_a_broken_session_falls_back_to_the_task_s_own_retries() -> None:
    assert action(paramiko.SSHException("Server connection dropped")) in ("retry", "default")
