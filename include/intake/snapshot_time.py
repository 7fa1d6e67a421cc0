"""Which moment a snapshot speaks of.

NetSuite generates a reset file and uploads it a quarter of an hour later, so its arrival says little. In order of
trust: a mark that we wrote ourselves into the name of a reject file; a date with a time in the name; the time at which
the file was written, less the feed's configured offset.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MARK = re.compile(r"\.asof-(\d{8}T\d{6}Z)\.")
_DATE_AND_TIME = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})[T_ -](\d{2})[-:.]?(\d{2})(?:[-:.]?(\d{2}))?(?!\d)")


@dataclass(frozen=True, slots=True)
class SnapshotTime:
    """A moment and how it was found, in words for the log."""

    as_of: datetime
    source: str


def of_file(name: str, modified_at: datetime, offset: timedelta, now: datetime) -> SnapshotTime:
    """Tell which moment a snapshot file speaks of.

    Args:
        name: The file's name. A date and time in it is read as UTC.
        modified_at: When it was last written, by the SFTP server's clock.
        offset: How long before that the snapshot was taken.
        now: The present: a snapshot cannot speak of the future.
    """
    if (marked := _mark(name)) is not None:
        found = SnapshotTime(marked, "mark in the file name")
    elif (written := _date_and_time(name)) is not None:
        found = SnapshotTime(written, "date and time in the file name")
    else:
        found = SnapshotTime(modified_at - offset, f"time of writing less {offset}")
    if found.as_of > now:
        return SnapshotTime(now, f"arrival, because the {found.source} lies in the future")
    return found


def mark(as_of: datetime) -> str:
    """The mark that carries a snapshot's moment in a file name, to be put between stem and ending."""
    return f".asof-{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _mark(name: str) -> datetime | None:
    found = _MARK.search(name)
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def _date_and_time(name: str) -> datetime | None:
    for match in _DATE_AND_TIME.finditer(name):
        try:
            return datetime(*(int(part or 0) for part in match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            continue
    return None
