"""What the tests stand on: a real Postgres with a fresh database per test, a real SFTP server, the Shopify emulator."""

import base64
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko
import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from include.db.connection import Connection, connect
from include.db.migrate import migrate
from include.sandbox import postgres, sftp, shopify
from include.sandbox.postgres import Cluster
from include.sandbox.sftp import SftpServer
from include.sandbox.shopify import Emulator
from include.shopify.access import Access
from include.shopify.client import Client
from tests.databases import Databases
from tests.world import World

# Airflow makes its folder in the home of whoever imports it, unless told otherwise before.
_airflow_home = tempfile.TemporaryDirectory(prefix="trueup-airflow-")
os.environ["AIRFLOW_HOME"] = _airflow_home.name


class OneDemo(LoadScopeScheduling):  # type: ignore[misc]  # xdist is without types here
    """Hands out tests one by one, but all end-to-end tests to one process, as they share a demo."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/e2e" if nodeid.startswith("tests/e2e/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneDemo:
    """The largest scope is handed out first: what takes longest begins at once."""
    return OneDemo(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: the one with the end-to-end tests waits for Airflow most of the time."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def state() -> Iterator[Path]:
    """A folder for the session's servers, reachable for the user that Postgres runs as."""
    with tempfile.TemporaryDirectory(prefix="trueup-tests-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def cluster(state: Path) -> Iterator[Cluster]:
    with postgres.running(state / "postgres", durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def databases(cluster: Cluster) -> Databases:
    """Migrated databases for the tests to take."""
    cluster.create_database("trueup_template")
    migrate(cluster.dsn("trueup_template"))
    databases = Databases(cluster, "trueup_template")
    first = databases.take()
    databases.remember(first)
    databases.give_back(first)
    return databases


@pytest.fixture
def dsn(cluster: Cluster, databases: Databases) -> Iterator[str]:
    """A migrated database of the test's own."""
    name = databases.take()
    yield cluster.dsn(name)
    databases.give_back(name)


@pytest.fixture
def connection(dsn: str) -> Iterator[Connection]:
    with connect(dsn) as opened:
        yield opened


@pytest.fixture(scope="session")
def sftp_server(state: Path) -> Iterator[SftpServer]:
    with sftp.running(state / "sftp", state / "sftp-keys") as running:
        yield running


@pytest.fixture
def sftp_client(sftp_server: SftpServer) -> Iterator[paramiko.SFTPClient]:
    """A client in a home folder of its own, so that tests do not see each other's files."""
    home = sftp_server.root / uuid.uuid4().hex
    home.mkdir()
    with open_sftp(sftp_server) as client:
        client.chdir(f"/{home.name}")
        yield client
    sftp_server.fail()


@pytest.fixture
def world(connection: Connection) -> World:
    """A small retailer in the test's database."""
    return World(connection)


@pytest.fixture(scope="session")
def shopify_process(state: Path) -> Iterator[Emulator]:
    with shopify.running(state / "shopify") as running:
        yield running


@pytest.fixture
def emulator(shopify_process: Emulator) -> Emulator:
    """The Shopify emulator with an empty shop, no faults, the right time and a plan that never throttles."""
    shopify_process.clear_faults()
    shopify_process.seed([], [], [])
    shopify_process.settings(
        replay="observed",
        order_search_lag=0,
        unindexed_orders=[],
        clock_offset=0,
        clock_rate=1,
        latency_seconds=0,
        bucket_size=200_000,
        restore_rate=100_000,
    )
    return shopify_process


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    """The production client, with a short temper."""
    with Client(Access(emulator.url, emulator.token), seconds_to_answer=1.0) as opened:
        yield opened


@contextmanager
def open_sftp(
    server: SftpServer, kind: type[paramiko.SFTPClient] = paramiko.SFTPClient
) -> Iterator[paramiko.SFTPClient]:
    """Open a connection as Airflow's hook does: by key, with the host key pinned; closing a lost one is no error."""
    transport = paramiko.Transport((server.host, server.port))
    key_type, key = server.host_key.split()[:2]
    transport.connect(
        hostkey=paramiko.PKey.from_type_string(key_type, base64.b64decode(key)),
        username=server.user,
        pkey=paramiko.Ed25519Key.from_private_key_file(str(server.client_key)),
    )
    client = kind.from_transport(transport)
    assert client is not None
    try:
        yield client
    finally:
        with suppress(EOFError, OSError, paramiko.SSHException):
            client.close()
        transport.close()
