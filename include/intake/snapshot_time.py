"""Which moment a file speaks of.

NetSuite generates a file and uploads it a quarter of an hour later, so its arrival says little. In order of trust: a
mark that we wrote ourselves into the name of a reject file; a date with a time in the name, as digits or as JavaScript
writes it; the time at which the file was written, less the feed's configured offset.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_MARK = re.compile(r"\.asof-(\d{8}T\d{6}Z)\.")
_DATE_AND_TIME = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})[T_ -](\d{2})[-:.]?(\d{2})(?:[-:.]?(\d{2}))?(Z?)(?!\d)")
_JAVASCRIPT = re.compile(r"([A-Z][a-z]{2}) (\d{2}) (\d{4}) (\d{2})[:_.-]?(\d{2})[:_.-]?(\d{2}) GMT([+-]\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


CLOCKS_APART = timedelta(minutes=5)
"""How far the ERP's clock and ours may differ: so far ahead of ours, a moment is believed. To take it for ours would
change the order of what happened in these minutes."""


@dataclass(frozen=True, slots=True)
class SnapshotTime:
    """A moment and how it was found, in words for the log."""

    as_of: datetime
    source: str


def of_file(name: str, modified_at: datetime, offset: timedelta, zone: tzinfo, now: datetime) -> SnapshotTime:
    """Tell which moment a file speaks of.

    Args:
        name: The file's name.
        modified_at: When it was last written, by the SFTP server's clock.
        offset: How long before that the file was made.
        zone: Where a date and time in the name is meant that does not say so itself.
        now: The present: a file cannot speak of the future, clocks that differ a little apart.
    """
    if (marked := _mark(name)) is not None:
        found = SnapshotTime(marked, "mark in the file name")
    elif (written := _javascript(name) or _date_and_time(name, zone)) is not None:
        found = SnapshotTime(written, "date and time in the file name")
    else:
        found = SnapshotTime(modified_at - offset, f"time of writing less {offset}")
    if found.as_of > now + CLOCKS_APART:
        return SnapshotTime(now, f"arrival, because the {found.source} lies in the future")
    return found


def mark(as_of: datetime) -> str:
    """The mark that carries a file's moment in its name, to be put between stem and ending."""
    return f".asof-{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _mark(name: str) -> datetime | None:
    found = _MARK.search(name)
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def _date_and_time(name: str, zone: tzinfo) -> datetime | None:
    for match in _DATE_AND_TIME.finditer(name):
        *numbers, is_utc = match.groups()
        try:
            moment = datetime(*(int(part or 0) for part in numbers), tzinfo=UTC if is_utc else zone)  # type: ignore[misc,arg-type]
        except ValueError:
            continue
        return moment.astimezone(UTC)
    return None


def _javascript(name: str) -> datetime | None:
    """A date as JavaScript writes it: `Fri Nov 20 2026 01:00:00 GMT-0800 (PST)`."""
    found = _JAVASCRIPT.search(name)
    if found is None or found[1] not in _MONTHS:
        return None
    month, day, year, hour, minute, second, offset = found.groups()
    try:
        return datetime.strptime(
            f"{year}-{_MONTHS.index(month) + 1}-{day} {hour}:{minute}:{second} {offset}", "%Y-%m-%d %H:%M:%S %z"
        ).astimezone(UTC)
    except ValueError:
        return None
