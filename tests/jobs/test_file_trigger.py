"""The trigger that waits for files, against the real SFTP server, over a wire that can be cut."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from include.db.connection import Connection
from include.sandbox.sftp import SftpServer
from tests.jobs import forwarder
from tests.jobs.forwarder import Forwarder
from tests.jobs.own_airflow import oms_connection
from tests.jobs.trigger_process import Ended, TriggerProcess

CONNECTION_ID = "NETSUITE"


def wait_for(what: str, done: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)


@dataclass
class Waiting:
    """A feed's folder, and a trigger that may be set on it."""

    process: TriggerProcess
    server: SftpServer
    wire: Forwarder
    database: Connection
    dsn: str
    config_id: str = "IMP_ITM_RECEIPT"
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name = uuid.uuid4().hex
        self.folder: Path = self.server.root / name / "receipts"
        self.folder.mkdir(parents=True)
        self.extra = {"key_file": str(self.server.client_key), "host_key": self.server.host_key} | self.extra
        self.configure("import_path", f"{name}/receipts")

    def configure(self, name: str, value: str) -> None:
        self.database.execute(
            f"UPDATE data_manager_config SET {name} = %s WHERE config_id = %s".encode(), [value, self.config_id]
        )

    def start(self, seconds: float = 30.0, **kwargs: Any) -> None:
        connections = {
            "TRUEUP_OMS": oms_connection(self.dsn),
            CONNECTION_ID: {
                "conn_type": "sftp", "host": "127.0.0.1", "port": self.wire.port, "login": self.server.user,
                "extra": self.extra,
            },
        }  # fmt: skip
        environment = {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in connections.items()}
        given = {"config_id": self.config_id, "sftp_conn_id": CONNECTION_ID, "poll_seconds": 0.05} | kwargs
        self.process.start(given, seconds, environment)

    def wait(self, seconds: float = 30.0, **kwargs: Any) -> Ended:
        """Start the trigger and wait for its end."""
        self.start(seconds, **kwargs)
        return self.process.ended()

    def wait_until_it_looks(self) -> None:
        """Return when the trigger has looked a few more times."""
        wait_for("the trigger to connect", lambda: self.wire.connections > 0)
        seen = self.wire.bytes
        wait_for("the trigger to look several times", lambda: self.wire.bytes > seen + 5_000)

    def drop(self, name: str, content: str = "a,b\n") -> None:
        (self.folder / name).write_text(content)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriggerProcess]:
    running = TriggerProcess(tmp_path_factory.mktemp("trigger"))
    yield running
    running.stop()


@pytest.fixture
def waiting(process: TriggerProcess, sftp_server: SftpServer, connection: Connection, dsn: str) -> Iterator[Waiting]:
    with forwarder.forwarder(sftp_server.host, sftp_server.port) as wire:
        yield Waiting(process, sftp_server, wire, connection, dsn)


@pytest.mark.parametrize("name", ["receipt.csv", "Receipt 7.JSON", "Fri Nov 20 2026 01:00 GMT-0800 (PST).Csv"])
def test_a_file_of_any_of_the_patterns_in_any_case_ends_the_waiting(waiting: Waiting, name: str) -> None:
    waiting.drop(name)
    ended = waiting.wait()
    assert (ended.state, ended.event) == ("success", None)
    assert ended.log == [f"INFO IMP_ITM_RECEIPT: [{name!r}]"]


def test_nothing_that_may_not_be_taken_ends_it(waiting: Waiting) -> None:
    for name in ("notes.txt", ".hidden.csv", "upload.csv.part", "upload.csv.FILEPART", "a.csv.tmp", "evil\x1b.csv"):
        waiting.drop(name)
    (waiting.folder / "archive.csv").mkdir()
    ended = waiting.wait(seconds=1.5)
    assert ended.state == "skipped"
    assert ended.log == ["INFO IMP_ITM_RECEIPT: no file has come"]


def test_a_file_that_needs_a_marker_waits_for_it(waiting: Waiting) -> None:
    waiting.configure("arrival", "DONE_FILE")
    waiting.drop("a.csv")
    waiting.drop("b.csv.done")
    waiting.start()
    waiting.wait_until_it_looks()
    waiting.drop("a.csv.done")
    ended = waiting.process.ended()
    assert ended.log == ["INFO IMP_ITM_RECEIPT: ['a.csv']"]


def test_one_connection_serves_all_looks(waiting: Waiting) -> None:
    waiting.start()
    for _ in range(3):
        waiting.wait_until_it_looks()
    assert waiting.wire.connections == 1
    waiting.drop("a.csv")
    assert waiting.process.ended().state == "success"
    assert waiting.wire.connections == 1


def test_a_dropped_connection_is_opened_again(waiting: Waiting) -> None:
    again = "INFO NETSUITE answers again"
    before = waiting.process.log.read_text().count(again)
    waiting.start()
    for number in (1, 2):
        waiting.wait_until_it_looks()
        waiting.wire.cut()
        # A connection that is cut before it has answered is the same outage.
        wanted = before + number
        wait_for("it to answer again", lambda wanted=wanted: waiting.process.log.read_text().count(again) == wanted)  # type: ignore[misc]
    assert waiting.wire.connections == 3
    waiting.drop("a.csv")
    ended = waiting.process.ended()
    assert ended.state == "success"
    troubles = [line for line in ended.log if line.endswith("trying again")]
    assert len(troubles) == 2
    assert all(line.startswith("WARNING NETSUITE or the database: ") for line in troubles)
    assert ended.log.count(again) == 2


def test_a_server_that_stays_away_is_named_at_the_end(waiting: Waiting) -> None:
    waiting.start(seconds=4)
    waiting.wait_until_it_looks()
    waiting.wire.close()
    ended = waiting.process.ended()
    assert ended.state is None
    assert ended.event is not None
    message = ended.event["needs_action"]
    assert message.startswith("Airflow connection 'NETSUITE': the SFTP server has been out of reach since 20")
    assert "ConnectionRefusedError" in message
    assert "Check the server" in message


def test_a_missing_folder_is_named_at_once(waiting: Waiting) -> None:
    waiting.folder.rmdir()
    ended = waiting.wait()
    assert ended.event is not None
    assert ended.event["needs_action"] == (
        f"SFTP folder '{waiting.folder.parent.name}/receipts' of IMP_ITM_RECEIPT is not there (looked from '/');"
        " make it, or correct import_path in data_manager_config"
    )


def test_a_folder_that_vanishes_is_named(waiting: Waiting) -> None:
    waiting.start()
    waiting.wait_until_it_looks()
    waiting.folder.rmdir()
    ended = waiting.process.ended()
    assert ended.event is not None
    assert "is not there (looked from '/')" in ended.event["needs_action"]


OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0gE8e6s6J1p0vJ0pF6JZyJxw6Ycb0C5b1X4m7m3o8v"


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"host_key": OTHER_KEY}, "HostKeyNotVerifiable"),
        ({"host_key": OTHER_KEY}, "else answers in its place: no login and no file was sent"),
        ({"host_key": None}, "the SFTP server's key is not pinned"),
        ({"no_host_key_check": "true"}, "the SFTP server's key is not pinned"),
        ({"key_file": "/nowhere/key"}, "No such file or directory: '/nowhere/key'"),
        ({"key_file": __file__}, "KeyImportError"),
    ],
)
def test_a_wrong_key_is_named_at_once(waiting: Waiting, extra: dict[str, Any], told: str) -> None:
    waiting.extra |= extra
    ended = waiting.wait()
    assert ended.event is not None
    message = ended.event["needs_action"]
    assert message.startswith("Airflow connection 'NETSUITE': ")
    assert told in message
    assert "xpected" in message


def test_a_client_key_that_the_server_does_not_know_is_named_at_once(waiting: Waiting, tmp_path: Path) -> None:
    import asyncssh

    key = tmp_path / "key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key))
    waiting.extra["key_file"] = str(key)
    ended = waiting.wait()
    assert ended.event is not None
    assert "PermissionDenied" in ended.event["needs_action"]


def test_an_unknown_feed_is_named_at_once(waiting: Waiting) -> None:
    ended = waiting.wait(config_id="NO_SUCH_FEED")
    assert ended.event is not None
    assert ended.event["needs_action"].startswith("configId 'NO_SUCH_FEED': no such data manager configuration")


def test_a_backfill_or_dry_run_does_not_wait(waiting: Waiting) -> None:
    ended = waiting.wait(waits="no")
    assert ended.state == "success"
    assert waiting.wire.connections == 0
