"""Thousands of damaged files through the whole way: drop folder, SFTP, database, ledger, last folder, reject file."""

import csv
import json
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import paramiko
import pytest

from include.db.connection import Connection
from include.intake.feeds import SERVICES
from include.intake.process import Outcome
from include.sandbox.sftp import SftpServer
from include.stock import ledger
from tests.intake.bad_files import bad_files
from tests.intake.drop import Drop, stores
from tests.world import World

AT_ONCE = 300
"""Files that lie in the drop folders when the pickup comes."""

SECONDS = 150.0
"""After which no further files are dropped."""

FEEDS = {
    "reset": ("RESET_INVENTORY", "STORE_INV_RESET", "REC_INV_COUNT"),
    "delta": ("IMP_INV_ADJUST", "IMP_ITM_RECEIPT", "MDM_INV_VARIANCE"),
    "transfer": ("IMP_INV_TRANS",),
    "shipment": ("IMP_TO_SHPMNT",),
    "facility": ("IMP_PROD_FACILITY",),
    "fulfilment": ("IMP_ITM_RECEIPT", "IMP_ODR_ITM_FLFLMNT"),
}
"""The feeds into whose folders each kind of file goes in turn."""


class Folders:
    """The drop folders of all feeds, and what is true of everything that ever lay in them."""

    def __init__(self, connection: Connection, sftp: paramiko.SFTPClient, server: SftpServer) -> None:
        self.connection = connection
        rows = connection.execute(b"SELECT config_id, import_service_name FROM data_manager_config").fetchall()
        services: dict[str, str] = dict(rows)
        self.of_kind = {
            # Files of a kind that nothing reads yet are files in the wrong folder.
            kind: [each for each in feeds if services[each] in SERVICES] or ["RESET_INVENTORY"]
            for kind, feeds in FEEDS.items()
        }
        ids = {each for feeds in self.of_kind.values() for each in feeds}
        self.drops = {each: Drop(connection, sftp, each) for each in sorted(ids)}
        home = server.root / (sftp.getcwd() or "/").lstrip("/")
        self.disk = {each: home / drop.folder for each, drop in self.drops.items()}
        self.home = home

    def drop(self, files: Iterator[tuple[str, bytes]]) -> dict[str, str]:
        """Let files appear in the folders; returns the feed of each. They are read over SFTP, as ever."""
        feed_of: dict[str, str] = {}
        for number, (name, content) in enumerate(files):
            feeds = self.of_kind[name.split("-")[1]]
            feed_of[name] = feeds[number % len(feeds)]
            (self.disk[feed_of[name]] / name).write_bytes(content)
        return feed_of

    def check(self, feed_of: dict[str, str], outcomes: list[Outcome]) -> None:
        """What must hold of the files that have just been processed."""
        assert {outcome.file_name: outcome.config_id for outcome in outcomes} == feed_of
        assert len(outcomes) == len(feed_of)
        for outcome in outcomes:
            _check_outcome(outcome)
        logs = [outcome.data_manager_log_id for outcome in outcomes]
        assert self._rows(_COUNTS_THAT_DIFFER, logs) == []
        assert self._rows(_REASONS_THAT_SAY_NOTHING, logs) == []
        assert self._rows(_POSTED_BY_A_REFUSED_FILE, logs) == []
        assert ledger.out_of_balance(self.connection) == []
        self._check_folders(logs)

    def _check_folders(self, logs: list[int]) -> None:
        rows = self._rows(_FILED_AWAY, logs)
        assert len(rows) == len(logs)
        for status, is_filed_away, path, error_path, refused in rows:
            folder = "archive" if status in ("FINISHED", "FINISHED_WITH_ERRORS") else "failed"
            assert is_filed_away
            assert Path(path).parent.name == folder
            assert (self.home / path).is_file()
            assert (error_path is None) == (refused == 0), "a reject file where rows were refused, and only there"
            if error_path is not None:
                assert _rejects_in(self.home / error_path) == refused
        for disk in self.disk.values():
            assert [each.name for each in disk.iterdir() if each.is_file()] == [], "left in the drop folder"
            assert list((disk / "processing").glob("*")) == []

    def _rows(self, query: bytes, logs: list[int]) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, [logs]).fetchall()


_COUNTS_THAT_DIFFER = b"""
SELECT log.file_name, log.message
FROM data_manager_log AS log
WHERE
    log.data_manager_log_id = any(%s) AND log.file_sha256 IS NOT NULL
    AND (
        total_record_count <> changed_record_count + unchanged_record_count + superseded_record_count
        + failed_record_count + CASE WHEN status_id = 'FAILED' THEN total_record_count - failed_record_count ELSE 0 END
        OR failed_record_count <> (SELECT count(*) FROM data_manager_reject AS reject
            WHERE reject.data_manager_log_id = log.data_manager_log_id)
        OR (status_id = 'FINISHED') <> (failed_record_count = 0)
        OR least(changed_record_count, unchanged_record_count, superseded_record_count, failed_record_count) < 0
    )
"""
_REASONS_THAT_SAY_NOTHING = b"""
SELECT log.file_name, reject.line_number, reject.reason
FROM data_manager_reject AS reject
INNER JOIN data_manager_log AS log USING (data_manager_log_id)
WHERE log.data_manager_log_id = any(%s) AND (reject.line_number < 1 OR length(trim(reject.reason)) < 10)
"""
_POSTED_BY_A_REFUSED_FILE = b"""
SELECT log.file_name FROM data_manager_log AS log
WHERE
    log.data_manager_log_id = any(%s) AND log.status_id NOT IN ('FINISHED', 'FINISHED_WITH_ERRORS')
    AND (
        EXISTS (SELECT FROM inventory_item_detail AS detail WHERE detail.data_manager_log_id = log.data_manager_log_id)
        OR (log.file_sha256 IS NULL AND EXISTS (SELECT FROM data_manager_reject AS reject
            WHERE reject.data_manager_log_id = log.data_manager_log_id))
    )
"""
_FILED_AWAY = b"""
SELECT status_id, filed_away, remote_file_path, error_file_path, coalesce(failed_record_count, 0)
FROM data_manager_log WHERE data_manager_log_id = any(%s)
"""


@pytest.fixture
def folders(
    connection: Connection, sftp_client: paramiko.SFTPClient, sftp_server: SftpServer, world: World
) -> Iterator[Folders]:
    stores(world)
    connection.execute(b"SET statement_timeout = '60s'")
    # So that some files fail as a whole for a single row.
    connection.execute(
        b"UPDATE data_manager_config SET error_policy = 'ALL_OR_NOTHING' WHERE config_id = 'STORE_INV_RESET'"
    )
    before = csv.field_size_limit(16 << 20)
    yield Folders(connection, sftp_client, sftp_server)
    csv.field_size_limit(before)


def test_bad_files_cost_themselves_only(folders: Folders) -> None:
    done = _run(folders, 150, seed=1)
    assert done.total() == 150
    assert done.keys() == {"FAILED", "FINISHED", "FINISHED_WITH_ERRORS"}


@pytest.mark.slow
def test_more_bad_files_cost_themselves_only(folders: Folders) -> None:
    done = _run(folders, 500, seed=2)
    assert done.keys() == {"FAILED", "FINISHED", "FINISHED_WITH_ERRORS"}


def test_a_nul_in_the_header_is_named(connection: Connection, sftp_client: paramiko.SFTPClient) -> None:
    outcome = Drop(connection, sftp_client, "RESET_INVENTORY")("Item,externalFacilityId,availableQty,idValue,\0\na\n")
    assert "line 1: byte 46 is NUL" in (outcome.message or "")


def _run(folders: Folders, count: int, seed: int) -> Counter[str]:
    """Drop bad files, some hundreds at a time, and look at each; returns how many ended in which status."""
    until = time.monotonic() + SECONDS
    files = bad_files(count, seed)
    done: Counter[str] = Counter()
    while (feed_of := folders.drop(islice(files, AT_ONCE))) and time.monotonic() < until:
        outcomes = [outcome for drop in folders.drops.values() for outcome in drop.process()]
        folders.check(feed_of, outcomes)
        done.update(outcome.status_id for outcome in outcomes)
    return done


def _check_outcome(outcome: Outcome) -> None:
    assert outcome.status_id in ("FAILED", "FINISHED", "FINISHED_WITH_ERRORS"), outcome
    assert (outcome.counts is None) == (outcome.status_id == "FAILED"), outcome
    if outcome.status_id == "FAILED":
        assert (outcome.message or "").startswith(f"{outcome.file_name}: "), outcome
        assert "fault of Trueup" not in (outcome.message or ""), outcome


def _rejects_in(file: Path) -> int:
    """How many refused rows a reject file has, each with its reason and its line."""
    if file.suffix == ".json":
        elements = json.loads(file.read_text(encoding="utf-8"), parse_constant=_no_number)
        if isinstance(elements, list):
            assert all(each["error"] and each["line"] >= 1 for each in elements)
            return len(elements)
    with file.open(encoding="utf-8", newline="") as opened:
        header, *rows = csv.reader(opened, strict=True)
    assert header[:2] == ["error", "line"]
    assert all(row[0] and int(row[1]) >= 1 for row in rows)
    return len(rows)


def _no_number(name: str) -> NoReturn:
    raise AssertionError(f"{name} is not JSON")
