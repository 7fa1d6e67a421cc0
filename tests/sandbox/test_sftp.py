"""The sandbox's SFTP server, spoken to by the clients that production uses."""

from __future__ import annotations

import asyncio
import json
import stat
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import paramiko
import pytest
from airflow.models.connection import Connection
from airflow.providers.sftp.hooks.sftp import SFTPHook, SFTPHookAsync

from include.sandbox import sftp
from include.sandbox.sftp import Fault, SftpServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    folder = tmp_path_factory.mktemp("sftp")
    with sftp.running(folder / "root", folder / "keys") as running:
        yield running


@pytest.fixture(autouse=True)
def _healthy(server: SftpServer) -> Iterator[None]:
    yield
    server.fail()


@contextmanager
def _client(server: SftpServer, user: str = "netsuite", key: Path | None = None) -> Iterator[paramiko.SFTPClient]:
    kind, public = server.host_key.split()
    client = paramiko.SSHClient()
    host = f"[{server.host}]:{server.port}"
    client.get_host_keys().add(host, kind, paramiko.PKey.from_type_string(kind, b64decode(public)))
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        client.connect(
            server.host,
            server.port,
            user,
            key_filename=str(key or server.client_key),
            look_for_keys=False,
            allow_agent=False,
            timeout=10,
        )
        channel = client.open_sftp()
        channel.get_channel().settimeout(10)  # type: ignore[union-attr]
        yield channel
    finally:
        client.close()


def test_a_file_goes_up_is_renamed_and_comes_down(server: SftpServer) -> None:
    with _client(server) as client:
        with client.open("/up.part", "wb") as handle:
            handle.write(b"sku,qty\nA,1\n")
        client.rename("/up.part", "/up.csv")
        with client.open("/other.csv", "wb") as handle:
            handle.write(b"older")
        client.posix_rename("/up.csv", "/other.csv")
        assert client.listdir("/") == ["other.csv"]
        with client.open("/other.csv", "rb") as handle:
            assert handle.read() == b"sku,qty\nA,1\n"
        client.remove("/other.csv")


def test_plain_rename_does_not_overwrite(server: SftpServer) -> None:
    (server.root / "one").write_text("1")
    (server.root / "two").write_text("2")
    with _client(server) as client, pytest.raises(OSError, match=r".*"):
        client.rename("/one", "/two")
    assert (server.root / "two").read_text() == "2"


def test_only_its_user_with_its_key_gets_in(server: SftpServer, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(stranger))
    with pytest.raises(paramiko.AuthenticationException), _client(server, key=stranger):
        pass
    with pytest.raises(paramiko.AuthenticationException), _client(server, user="root"):
        pass


def test_clients_cannot_leave_the_root(server: SftpServer) -> None:
    secret = server.root.parent / "secret"
    secret.write_text("outside")
    (server.root / "link").symlink_to(secret)
    with _client(server) as client:
        for path in ("/../secret", "../secret", str(secret)):
            with pytest.raises(OSError, match=r".*"):
                client.open(path, "rb")
        assert "secret" not in client.listdir("/..")


def test_keys_are_private_and_stay_the_same(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with sftp.running(tmp_path / "root", tmp_path / "keys") as server:
            seen.append((server.host_key, server.client_key.read_bytes(), server.port))
    assert seen[0] == seen[1]
    for name in ("host_ed25519", "client_ed25519"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600


def _read_all(client: paramiko.SFTPClient, path: str, got: list[bytes]) -> None:
    with client.open(path, "rb") as handle:
        while chunk := handle.read(32_768):
            got.append(chunk)


def test_the_connection_drops_in_the_middle_of_a_file(server: SftpServer) -> None:
    size = 1 << 20
    (server.root / "big.csv").write_bytes(bytes(size))
    server.fail(Fault("big.*", drop_after=size // 2, times=1))
    got: list[bytes] = []
    with _client(server) as client, pytest.raises((EOFError, OSError, paramiko.SSHException)):
        _read_all(client, "/big.csv", got)
    assert 0 < sum(map(len, got)) <= size // 2
    with _client(server) as client, client.open("/big.csv", "rb") as handle:
        handle.prefetch(size)
        assert len(handle.read()) == size


def test_a_stalled_read_gets_no_answer_and_harms_no_other_client(server: SftpServer) -> None:
    (server.root / "slow.csv").write_bytes(bytes(100_000))
    (server.root / "fine.csv").write_bytes(b"ok")
    server.fail(Fault("slow.csv", stall_after=50_000))
    got: list[bytes] = []
    with _client(server) as client, _client(server) as other:
        client.get_channel().settimeout(0.5)  # type: ignore[union-attr]
        with pytest.raises(TimeoutError):
            _read_all(client, "/slow.csv", got)
        assert 0 < sum(map(len, got)) <= 50_000
        with other.open("/fine.csv", "rb") as handle:
            assert handle.read() == b"ok"


def test_latency_changes_nothing_but_the_time(server: SftpServer) -> None:
    (server.root / "late.csv").write_bytes(b"x" * 70_000)
    server.fail(Fault("late.csv", latency_s=0.01))
    with _client(server) as client, client.open("/late.csv", "rb") as handle:
        assert handle.read() == b"x" * 70_000


def _connection(server: SftpServer, host_key: str) -> str:
    extra = {"host_key": host_key, "key_file": str(server.client_key), "compress": "false"}
    connection = Connection(
        conn_id="drop",
        conn_type="sftp",
        host=server.host,
        port=server.port,
        login=server.user,
        extra=json.dumps(extra),
    )
    return connection.as_json()


def test_airflows_hooks_work_with_the_host_key_pinned(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    (server.root / "in").mkdir(exist_ok=True)
    (server.root / "in" / "a.csv").write_text("1")
    monkeypatch.setenv("AIRFLOW_CONN_DROP", _connection(server, server.host_key))
    with SFTPHook(ssh_conn_id="drop").get_managed_conn() as client:
        assert client.listdir("/in") == ["a.csv"]
    found = asyncio.run(SFTPHookAsync(sftp_conn_id="drop").read_directory("/in"))
    assert "a.csv" in [str(entry.filename) for entry in found or []]


def test_airflows_hook_refuses_another_host_key(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    other = server.client_key.with_suffix(".pub").read_text()
    monkeypatch.setenv("AIRFLOW_CONN_DROP", _connection(server, " ".join(other.split()[:2])))
    hook = SFTPHook(ssh_conn_id="drop")
    hook.conn_retry_attempts = 1
    with pytest.raises(paramiko.BadHostKeyException), hook.get_managed_conn():
        pass
