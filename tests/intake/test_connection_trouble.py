"""What goes wrong around a file, between Trueup and the server on which it lies: nothing hangs, nothing is lost."""

import gc
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import paramiko
import pytest

from include.db.connection import Connection
from include.intake import pickup, process, remote
from include.intake.data_manager import Config
from include.intake.errors import NotFiledAway
from include.jobs import connections
from include.jobs.connections import ConnectionLost, ConnectionMisconfigured
from include.jobs.defaults import RETRY_BY_KIND
from include.sandbox import sftp as sandbox_sftp
from include.sandbox.sftp import Fault, SftpServer
from tests.intake.drop import NOW, Drop, stores
from tests.jobs.forwarder import Forwarder, forwarder
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
        # By type(): isinstance() asks lazily imported objects for their class, and that would import them.
        files = [each for each in gc.get_objects() if issubclass(type(each), paramiko.SFTPFile)]
        left_open = [each for each in files if not each.closed]
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


def test_a_server_with_another_host_key_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch, sftp_server: SftpServer, extra: dict[str, str], tmp_path: Path
) -> None:
    """Somebody else answers where the server was, and would let everybody in."""
    keys = tmp_path / "keys"
    keys.mkdir()
    for half in (sftp_server.client_key, sftp_server.client_key.with_suffix(".pub")):
        (keys / half.name).write_bytes(half.read_bytes())
        (keys / half.name).chmod(0o600)
    with sandbox_sftp.running(tmp_path / "root", keys) as stranger:
        (stranger.root / "drop").mkdir()
        _enter(monkeypatch, stranger, extra | {"host_key": stranger.host_key})
        with connections.sftp("NETSUITE") as opened:
            assert opened.listdir(".") == ["drop"], "with its own key pinned it does let us in"
        _enter(monkeypatch, stranger, extra)
        with pytest.raises(ConnectionMisconfigured) as caught, connections.sftp("NETSUITE"):
            pass
    message = str(caught.value)
    assert message.startswith("Airflow connection 'NETSUITE': expected the host key that is pinned")
    assert "no login and no file was sent" in message
    assert "Ask the operator" in message
    assert "'host_key' in its extra" in message
    assert action(caught.value) == "fail"


def test_a_server_that_is_down_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, str], tmp_path: Path
) -> None:
    with sandbox_sftp.running(tmp_path / "root", tmp_path / "keys") as server:
        _enter(monkeypatch, server, extra)
    with pytest.raises(OSError, match=str(server.port)) as caught, connections.sftp("NETSUITE"):
        pass
    assert action(caught.value) == "retry"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, sftp_server: SftpServer, extra: dict[str, str]) -> Iterator[Forwarder]:
    """The way from Airflow's connection NETSUITE to the server."""
    with forwarder(sftp_server.host, sftp_server.port) as wire:
        _enter(monkeypatch, replace(sftp_server, port=wire.port), extra)
        yield wire


def test_a_host_key_of_another_kind_needs_action(
    monkeypatch: pytest.MonkeyPatch, sftp_server: SftpServer, extra: dict[str, str]
) -> None:
    other = paramiko.RSAKey.generate(2048)
    _enter(monkeypatch, sftp_server, extra | {"host_key": f"{other.get_name()} {other.get_base64()}"})
    with (
        pytest.raises(ConnectionMisconfigured, match="correct the connection") as caught,
        connections.sftp("NETSUITE"),
    ):
        pass
    assert action(caught.value) == "fail"


def test_a_key_that_the_server_does_not_know_needs_action(
    monkeypatch: pytest.MonkeyPatch, sftp_server: SftpServer, extra: dict[str, str], tmp_path: Path
) -> None:
    with sandbox_sftp.running(tmp_path / "root", tmp_path / "keys") as other:
        _enter(monkeypatch, sftp_server, extra | {"key_file": str(other.client_key)})
    with (
        pytest.raises(ConnectionMisconfigured, match="AuthenticationException") as caught,
        connections.sftp("NETSUITE"),
    ):
        pass
    assert action(caught.value) == "fail"


def test_a_server_that_hangs_up_before_it_says_what_it_is_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, sftp_server: SftpServer, extra: dict[str, str]
) -> None:
    with socket.create_server((sftp_server.host, 0)) as mute:
        _enter(monkeypatch, replace(sftp_server, port=mute.getsockname()[1]), extra)
        hanging_up = threading.Thread(target=_hang_up, args=(mute,), daemon=True)
        hanging_up.start()
        with pytest.raises(ConnectionLost, match="'NETSUITE'") as caught, connections.sftp("NETSUITE"):
            pass
        mute.shutdown(socket.SHUT_RDWR)  # closing alone would leave the other thread waiting
        hanging_up.join()
    assert action(caught.value) == "retry"


def _hang_up(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            listener.accept()[0].close()


@pytest.mark.parametrize("use", [lambda sftp: sftp.listdir("."), lambda sftp: sftp.open("new", "wb").write(b"x")])
def test_a_lost_connection_says_so_in_the_words_of_operations(
    wire: Forwarder, use: Callable[[paramiko.SFTPClient], object]
) -> None:
    def cut_and_use() -> None:
        with connections.sftp("NETSUITE") as opened:
            wire.cut()
            _until_lost(opened)
            use(opened)

    with pytest.raises(ConnectionLost, match=r"'NETSUITE': the SFTP connection was lost .* the next try") as caught:
        cut_and_use()
    assert action(caught.value) == "retry"


def test_a_connection_that_is_lost_on_the_way_does_not_hide_what_was_wrong_before(wire: Forwarder) -> None:
    def look_and_cut() -> None:
        with connections.sftp("NETSUITE") as opened:
            try:
                opened.stat("nowhere.csv")
            finally:
                wire.cut()
                _until_lost(opened)

    with pytest.raises(FileNotFoundError):
        look_and_cut()


def test_a_connection_that_is_lost_when_all_is_done_is_no_failure(wire: Forwarder) -> None:
    with connections.sftp("NETSUITE") as opened:
        opened.listdir(".")
        wire.cut()
        _until_lost(opened)


def test_closing_a_lost_connection_may_raise_what_it_likes(wire: Forwarder, monkeypatch: pytest.MonkeyPatch) -> None:
    def close(_: object) -> None:
        raise EOFError

    monkeypatch.setattr(paramiko.SFTPClient, "close", close)
    with pytest.raises(FileNotFoundError), connections.sftp("NETSUITE") as opened:
        opened.stat("nowhere.csv")
    with connections.sftp("NETSUITE"):
        pass


def test_a_server_that_falls_silent_says_so_in_the_words_of_operations(
    wire: Forwarder, sftp_server: SftpServer, drop: Drop
) -> None:
    drop.write(GOOD, "silent.csv")
    sftp_server.fail(Fault(name="*silent.csv", stall_after=10, times=1))

    def read() -> None:
        with _at_home(drop)("NETSUITE") as opened:
            remote.limit_waiting(opened, 0.5)
            list(remote.read_blocks(opened, f"{drop.folder}/silent.csv", len(GOOD)))

    with pytest.raises(ConnectionLost, match="the SFTP connection was lost") as caught:
        read()
    assert action(caught.value) == "retry"


def test_files_done_before_the_connection_is_lost_are_told_of(
    drop: Drop, wire: Forwarder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would be alerted of their bad rows: the next run does not meet them again."""
    drop.write(HEADER + "a,43,6,521\na,77,6,521\n", "first.csv")
    drop.write(GOOD, "second.csv")
    pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, NOW)
    drop.connection.execute(b"UPDATE data_manager_log SET property_resource = 'NETSUITE'")
    apply = process._apply

    def cut_at_the_second(*arguments: Any) -> process.Outcome:
        if arguments[-1].file_name == "second.csv":
            wire.cut()
            _until_lost(arguments[1])
        return apply(*arguments)

    monkeypatch.setattr(process, "_apply", cut_at_the_second)
    outcomes, troubles = process.process_all(drop.connection, _at_home(drop))
    assert [(each.file_name, each.status_id) for each in outcomes] == [("first.csv", "FINISHED_WITH_ERRORS")]
    assert [type(each) for each in troubles] == [ConnectionLost]
    row = drop.connection.execute(
        b"SELECT status_id, message FROM data_manager_log WHERE file_name = 'second.csv'"
    ).fetchone()
    assert row is not None
    assert row[0] == "PENDING"
    assert "nothing of it was applied, the next run reads it again" in row[1]


def test_a_connection_lost_before_a_file_is_put_away_is_no_fault_of_the_server_s_disk(
    drop: Drop, wire: Forwarder, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.write(GOOD, "good.csv")
    pickup.take_whole_files(drop.connection, drop.sftp, drop.feed, NOW)
    drop.connection.execute(b"UPDATE data_manager_log SET property_resource = 'NETSUITE'")
    file_away = process.file_away

    def cut(connection: Connection, sftp: paramiko.SFTPClient, config: Config) -> None:
        wire.cut()
        _until_lost(sftp)
        file_away(connection, sftp, config)

    monkeypatch.setattr(process, "file_away", cut)
    outcomes, troubles = process.process_all(drop.connection, _at_home(drop))
    assert [each.status_id for each in outcomes] == ["FINISHED"]
    assert [type(each) for each in troubles] == [ConnectionLost]


def _at_home(drop: Drop) -> Callable[[str], AbstractContextManager[paramiko.SFTPClient]]:
    """Open Airflow's connection in the folder where the drop's client is at home."""

    @contextmanager
    def opened(connection_id: str) -> Iterator[paramiko.SFTPClient]:
        with connections.sftp(connection_id) as sftp:
            sftp.chdir(drop.sftp.getcwd())
            yield sftp

    return opened


def _until_lost(sftp: paramiko.SFTPClient) -> None:
    """Wait until Paramiko has noticed that the wire is cut."""
    channel = sftp.get_channel()
    assert channel is not None
    deadline = time.monotonic() + 20
    while channel.get_transport().is_active():
        assert time.monotonic() < deadline, "the connection lives on though its wire was cut"
        time.sleep(0.01)
