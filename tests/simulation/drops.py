"""The files that the ERP drops: under which names, of which moments, whole or still being written."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from include.db.connection import Connection
from include.intake import data_manager, variance_feed
from tests.simulation.clock import Clock

FEEDS = (
    *("RESET_INVENTORY", "IMP_INV_ADJUST", "IMP_PROD_FACILITY"),
    *("IMP_KIT_COMPONENT", "IMP_SCHEDULED_RSTK", "IMP_ODR_ITM_FLFLMNT"),
    *("IMP_TO_SHPMNT", "RECEIVE_SHIP_ITEMS"),
)
"""The feeds that are used."""

DELTAS = "IMP_INV_ADJUST"

VARIANCES = "INV_VARIANCE"
"""What tells the ERP of what was found."""


@dataclass
class Drops:
    """The file server, as the ERP sees it.

    Attributes:
        home: The server's folder on the disk.
        clock: What the ERP takes for the time.
        folders: The drop folder of each feed.
        exports: The folder with Trueup's files for the ERP.
        filled: The feeds in whose folders files lie that nobody has fetched.
        uploads: What is still to come of files that are being uploaded.
        count: How many files there were.
    """

    home: Path
    clock: Clock
    folders: dict[str, str]
    exports: str
    filled: set[str] = field(default_factory=set)
    uploads: list[tuple[Path, str]] = field(default_factory=list)
    count: int = 0
    _names: list[str] = field(default_factory=list)
    _moments: set[datetime] = field(default_factory=set)

    def __post_init__(self) -> None:
        for feed in self.folders:
            self._folder(feed).mkdir(parents=True)

    def moment(self, ago: int) -> datetime:
        """A moment an odd number of seconds ago, of which no other file speaks and at which nothing is sold."""
        moment = self.clock.now.replace(microsecond=0) - timedelta(seconds=ago)
        while moment in self._moments:
            moment -= timedelta(seconds=2)
        self._moments.add(moment)
        return moment

    def table(self, feed: str, header: str, lines: Sequence[str], moment: datetime, bad: str | None = None) -> str:
        """Drop a file of a header and lines, some of them with a bad one at the end; returns what is in it."""
        content = "".join(f"{line}\n" for line in (header, *lines, *([bad] if bad and self.count % 3 == 0 else [])))
        self.write(feed, content, moment)
        return content

    def write(self, feed: str, content: str, moment: datetime, *, ending: str = "csv", name: str | None = None) -> Path:
        """Drop a file that is named after a moment, or has a name."""
        self.count += 1
        path = self._folder(feed) / (name or f"{moment:%Y-%m-%dT%H%M%SZ}-{self.count}.{ending}")
        path.write_text(content)
        self._touch(path)
        self.filled.add(feed)
        if feed == DELTAS and not name:
            self._names.append(path.name)
        return path

    def free_name(self) -> str | None:
        """The first name of a file of deltas that has been fetched."""
        return next((name for name in self._names if not (self._folder(DELTAS) / name).exists()), None)

    def go_on(self) -> None:
        """Some seconds later: what was being uploaded is there."""
        uploads, self.uploads = self.uploads, []
        for path, content in uploads:
            path.write_text(content)
            self._touch(path)

    def told(self) -> list[dict[str, str]]:
        """The rows of all files that Trueup has written for the ERP; of one that is not whole there are none."""
        files = sorted((self.home / self.exports).glob("*.csv"))
        return [row for file in files for row in csv.DictReader(file.read_text().splitlines())]

    def _touch(self, path: Path) -> None:
        os.utime(path, (self.clock.now.timestamp(), self.clock.now.timestamp()))

    def _folder(self, feed: str) -> Path:
        return self.home / self.folders[feed]


def open_for(connection: Connection, home: Path, clock: Clock) -> Drops:
    """The file server with the folders that Trueup's database names."""
    folders = {feed: data_manager.config(connection, feed).import_path for feed in FEEDS}
    return Drops(home, clock, folders, variance_feed.feed(connection, VARIANCES).export_path)


def moment_of(name: str) -> datetime:
    """The moment in a file's name."""
    return datetime.strptime(name[:18], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=UTC)
